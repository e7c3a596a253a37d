/** The model that labels: layers in both directions -> last, mean and maximum of each unit -> softmax over labels. */

import { logSum, ranked } from "./draw.js";
import { Projection } from "./layers.js";
import { endsOf, joined, Rows } from "./rows.js";

const EACH = 60; // most parts of a text that are left out one by one

export class Classifier {
  constructor(weights, config, vocabulary, labels) {
    Object.assign(this, { vocabulary, labels, rows: new Rows(weights, config) });
    this.head = new Projection(weights, ["head.weight"], "head.bias");
  }

  /** Log probabilities of the labels of a row of numbers. */
  logProbabilities(ids) {
    const outputs = this.rows.read(ids);
    const ends = endsOf(outputs);
    const pooled = outputs.flatMap((own, direction) => {
      const [mean, most] = [new Float32Array(own[0].length), own[0].slice()];
      for (const h of own) {
        for (let k = 0; k < h.length; k++) {
          mean[k] += h[k] / own.length;
          if (h[k] > most[k]) most[k] = h[k];
        }
      }
      return [ends[direction], mean, most];
    });
    const logits = new Float32Array(this.labels.length);
    this.head.write(logits, [joined(pooled)]);
    const total = logSum(logits);
    return Array.from(logits, (logit) => logit - total);
  }

  /** The most probable labels of a line. */
  answer(line, top = 1) {
    const ids = this.vocabulary.ids(line);
    if (!ids.length) return [];
    const found = this.logProbabilities(ids);
    return ranked(found, top).map((at) => ({ text: this.labels[at], probability: Math.exp(found[at]) }));
  }

  /**
   * What each part of a line does for a label: its log probability falls by `weight` without that part. Parts are
   * characters, or the words of a long line.
   */
  parts(line, label) {
    const cut = this.vocabulary.cut(line);
    const parts = cut.length <= EACH ? cut : line.match(/\s*\S+\s*/g).slice(0, EACH);
    const number = this.labels.indexOf(label);
    const whole = this.logProbabilities(this.vocabulary.ids(line))[number];
    return parts.map((text, at) => {
      const rest = this.vocabulary.ids(parts.filter((_, other) => other !== at).join(""));
      const without = rest.length ? this.logProbabilities(rest)[number] : -Math.log(this.labels.length);
      return { text, weight: whole - without };
    });
  }
}
