/** Recurrent layers over a row that is known to its end: in one direction, or in both. */

import { InputTable, Layer } from "./layers.js";

export class Rows {
  /**
   * @param weights the model's tensors
   * @param config `cell`, `layers`, `directions`
   * @param prefix the first part of the tensors' names
   */
  constructor(weights, config, prefix = "rnn") {
    const suffixes = ["", "_reverse"].slice(0, config.directions);
    this.layers = Array.from({ length: config.layers }, (_, number) =>
      suffixes.map((suffix) => {
        const layer = new Layer(weights, config, { number, prefix, suffix });
        const input = `${prefix}.weight_ih_l${number}${suffix}`;
        if (number === 0) layer.table = new InputTable(weights, input, layer.bias);
        else {
          const names = [input, `${prefix}.weight_ih_back_l${number}${suffix}`].slice(0, config.directions);
          layer.below = names.map((name) => weights.get(name));
        }
        return layer;
      }),
    );
  }

  /** The last layer's outputs: for each direction one for each symbol, in the order of the text. */
  read(ids) {
    let outputs = [];
    for (const parts of this.layers) {
      const below = outputs;
      outputs = parts.map((layer, direction) => {
        const own = new Array(ids.length);
        layer.reset();
        for (let step = 0; step < ids.length; step++) {
          const at = direction ? ids.length - 1 - step : step;
          layer.a.set(layer.table ? layer.table.row(ids[at]) : layer.bias);
          layer.below?.forEach((matrix, from) => matrix.addTo(layer.a, below[from][at]));
          layer.step();
          own[at] = layer.h.slice();
        }
        return own;
      });
    }
    return outputs;
  }
}

/** The outputs at the end of a row: of the direction that reads it forwards the last one, of the other the first. */
export const endsOf = (outputs) => outputs.map((own, direction) => own[direction ? 0 : own.length - 1]);

/** Vectors one after the other. */
export function joined(vectors) {
  const whole = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const vector of vectors) {
    whole.set(vector, place);
    place += vector.length;
  }
  return whole;
}
