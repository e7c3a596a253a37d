/** The time-delay network: the last characters -> tables, one for each lag -> tanh -> projection -> logits. */

import { InputTable, Projection } from "./layers.js";

export class TimeDelay {
  /**
   * @param weights the model's tensors
   * @param config `lags`, `end` (id of the end of documents, or -1), `symbols` (their number)
   */
  constructor(weights, { lags, end, symbols }) {
    this.end = end;
    this.bias = weights.get("hidden.bias");
    this.table = new InputTable(weights, "hidden.weight");
    this.head = new Projection(weights, ["head.weight"], "head.bias");
    this.h = new Float32Array(this.bias.length);
    this.logits = new Float32Array(symbols);
    this.lags = lags;
    this.layers = [{ units: this.h.length, signals: ["h"], signal: () => this.h }];
    this.reset();
  }

  /** Forget all characters. */
  reset() {
    this.last = [];
  }

  /** Read a symbol: write the logits of the next one. */
  step(id) {
    if (id === this.end) this.reset();
    this.last = [...this.last, id].slice(-this.lags);
    const { h, last, lags } = this;
    h.set(this.bias);
    last.forEach((each, place) => {
      const first = (lags - last.length + place) * h.length;
      const row = this.table.row(each);
      for (let k = 0; k < h.length; k++) h[k] += row[first + k];
    });
    for (let k = 0; k < h.length; k++) h[k] = Math.tanh(h[k]);
    this.head.write(this.logits, [h]);
  }

  get state() {
    return this.last;
  }

  set state(values) {
    this.last = values;
  }
}
