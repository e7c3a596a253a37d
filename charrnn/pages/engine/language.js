/** The recurrent language model: characters -> tables -> recurrent layers -> projection -> logits. */

import { InputTable, Layer, Projection } from "./layers.js";

export class Language {
  /**
   * @param weights the model's tensors
   * @param config `cell`, `layers`, `skips`, `tied`, `end` (id of the end of documents, or -1), `symbols` (their number)
   */
  constructor(weights, config) {
    const { layers: count, skips, tied } = config;
    const numbers = Array.from({ length: count }, (_, number) => number);
    this.weights = weights;
    this.end = config.end;
    this.layers = numbers.map((number) => new Layer(weights, config, { number }));
    this.logits = new Float32Array(config.symbols);
    this.below = numbers.map((number) => (number ? weights.get(`rnn.weight_ih_l${number}`) : undefined));
    this.inputs = numbers.map((number) => (number === 0 || skips ? this.table(number) : undefined));
    const names = numbers.slice(0, -1).map((number) => `skip.weight_out_l${number}`);
    this.read = numbers.slice(skips ? 0 : -1);
    this.head = new Projection(
      weights,
      [...(skips ? names : []), tied ? "embedding.weight" : "head.weight"],
      "head.bias",
    );
  }

  table(number) {
    const name = number ? `skip.weight_in_l${number}` : "rnn.weight_ih_l0";
    return new InputTable(this.weights, name, this.layers[number].bias);
  }

  /** Go back to the state before the first character. */
  reset() {
    for (const layer of this.layers) layer.reset();
  }

  /** Write for this label, the number of a row of label.weight. */
  choose(label) {
    const { bias } = this.layers[0];
    const sum = this.weights
      .get("label.weight")
      .row(label)
      .map((value, i) => value + bias[i]);
    this.inputs[0] = new InputTable(this.weights, "rnn.weight_ih_l0", sum);
    this.reset();
  }

  /** Read a symbol: advance the state, and write the logits of the next one. */
  step(id) {
    if (id === this.end) this.reset();
    const { layers, below, inputs } = this;
    layers.forEach((layer, number) => {
      layer.a.set(inputs[number] ? inputs[number].row(id) : layer.bias);
      if (number) below[number].addTo(layer.a, layers[number - 1].h);
      layer.step();
    });
    this.head.write(
      this.logits,
      this.read.map((number) => layers[number].h),
    );
  }

  get state() {
    return this.layers.map((layer) => layer.state);
  }

  set state(values) {
    this.layers.forEach((layer, number) => (layer.state = values[number]));
  }
}
