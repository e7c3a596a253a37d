/** Reading and drawing a text with a model that predicts each symbol from those before it. */

import { draw, logSum, Random } from "./draw.js";

const SEEDS = 2 ** 32;

/** A seed that nobody chose. */
export const anySeed = () => Math.floor(Math.random() * SEEDS);

export class Writer {
  /** @param network has `step(id)`, `logits`, `reset()` and `state`; @param vocabulary a Vocabulary */
  constructor(network, vocabulary) {
    Object.assign(this, { network, vocabulary });
    this.restart();
  }

  /** Forget all that was read. */
  restart() {
    this.network.reset();
    this.begun = false;
  }

  get state() {
    return { begun: this.begun, state: this.network.state, logits: this.network.logits.slice() };
  }

  set state({ begun, state, logits }) {
    this.begun = begun;
    this.network.state = state;
    this.network.logits.set(logits);
  }

  /** Make the first symbol predictable: a document comes after the end of another one, any other text after nothing. */
  open() {
    if (!this.begun && this.vocabulary.separators) this.take(this.vocabulary.end);
  }

  /** Read one symbol; its surprise in nats, NaN for one that nothing was read before. */
  take(id) {
    const nats = this.begun ? logSum(this.network.logits) - this.network.logits[id] : NaN;
    this.network.step(id);
    this.begun = true;
    return nats;
  }

  /**
   * Draw symbols that continue what was read.
   *
   * @param options `length`, `stop` (texts before which the text ends), `seed`, and the rules of `draw`
   * @param look what is yielded for each symbol: `look(id)` is called before it is read
   * @returns why the text ends: "length", "stop", or "end" of a document
   */
  *grow({ length = 500, stop = [], seed = anySeed(), ...rules } = {}, look = (id) => id) {
    const { network, vocabulary } = this;
    const random = new Random(seed);
    const stops = stop.map((text) => vocabulary.cut(text)).filter((symbols) => symbols.length);
    let held = []; // symbols that may begin a stop text
    if (!this.begun) this.take(vocabulary.first);
    for (let n = 0; n < length; n++) {
      const id = draw(network.logits, rules, random);
      held.push([vocabulary.symbols[id], look(id)]);
      network.step(id);
      const stopped = Math.max(...stops.map((symbols) => overlap(held, symbols, symbols.length)), 0);
      const isEnd = id === vocabulary.end;
      if (isEnd || stopped) {
        for (const [, seen] of held.slice(0, isEnd ? -1 : held.length - stopped)) yield seen;
        return isEnd ? "end" : "stop";
      }
      const kept = Math.max(...stops.map((symbols) => overlap(held, symbols)), 0);
      while (held.length > kept) yield held.shift()[1];
    }
    for (const [, seen] of held) yield seen;
    return "length";
  }
}

/** Length of the longest end of `held`, of at least `least` symbols, that begins the stop text `symbols`; 0 for none. */
function overlap(held, symbols, least = 1) {
  for (let count = Math.min(held.length, symbols.length); count >= least; count--) {
    const first = held.length - count;
    if (symbols.slice(0, count).every((symbol, i) => symbol === held[first + i][0])) return count;
  }
  return 0;
}
