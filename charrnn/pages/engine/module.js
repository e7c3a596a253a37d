/** What `charrnn export --to js` writes: a trained model for other programs. Its types are in module.d.ts. */

import { NETWORKS } from "./networks.js";
import { logSum, ranked } from "./draw.js";
import { Vocabulary } from "./text.js";
import { fromBase64, Weights } from "./weights.js";
import { Writer } from "./writer.js";

class Model {
  constructor({ vocabulary, network, layout, labels }, bytes, kernel) {
    this.vocabulary = new Vocabulary(vocabulary);
    const weights = new Weights(layout, bytes, kernel);
    this.simd = Boolean(weights.product);
    this.network = new NETWORKS[network.engine](weights, network);
    this.labels = labels;
    this.writer = new Writer(this.network, this.vocabulary);
  }

  read(text) {
    const { writer, vocabulary } = this;
    const ids = writer.begun ? vocabulary.ids(text) : vocabulary.beginning(text);
    if (ids.length) writer.open();
    return ids.map((id) => ({ symbol: vocabulary.symbols[id], nats: writer.take(id) }));
  }

  *stream(options) {
    for (const id of this.writer.grow(options)) yield this.vocabulary.symbols[id];
  }

  draw(options) {
    return this.vocabulary.text([...this.writer.grow(options)]);
  }

  predict(top = 10) {
    const { writer, network, vocabulary } = this;
    if (!writer.begun) writer.take(vocabulary.first);
    const total = logSum(network.logits);
    return ranked(network.logits, top).map((id) => ({
      symbol: vocabulary.symbols[id] ?? "",
      probability: Math.exp(network.logits[id] - total),
    }));
  }

  restart(label) {
    if (label !== undefined) this.network.choose(this.labels.indexOf(label));
    this.writer.restart();
  }

  get state() {
    return this.writer.state;
  }

  set state(state) {
    this.writer.state = state;
  }
}

/** The model that this file holds. */
export function load({ simd = true } = {}) {
  return new Model(DESCRIPTION, fromBase64(WEIGHTS), simd ? fromBase64(KERNEL) : undefined);
}
