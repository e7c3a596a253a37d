/**
 * The model that turns a text into another one: an encoder, a decoder with attention, and a beam search.
 *
 * The equations are those of charrnn/layers/attention.py and charrnn/layers/memory.py.
 */

import { logSum, ranked } from "./draw.js";
import { InputTable, Layer, Projection } from "./layers.js";
import { endsOf, joined, Rows } from "./rows.js";

const END = 0; // the class that ends an answer, and is read before its first symbol
const BEAM = 4; // beginnings of answers that are kept
const LONGER = 2; // how many times the longest answer of the training an answer can be

function squash(values) {
  for (let k = 0; k < values.length; k++) values[k] = Math.tanh(values[k]);
}

export class Transducer {
  /**
   * @param config `targets`, `features`, `symbols` ("characters" or "space"), `longest`, `attention`, and what Rows takes
   */
  constructor(weights, config, vocabulary) {
    Object.assign(this, { config, vocabulary, encoder: new Rows(weights, config, "encoder") });
    const numbers = Array.from({ length: config.layers }, (_, number) => number);
    this.layers = numbers.map((number) => new Layer(weights, config, { number, prefix: "decoder" }));
    this.below = numbers.map((number) => (number ? weights.get(`decoder.weight_ih_l${number}`) : undefined));
    this.table = new InputTable(weights, "decoder.weight_ih_l0", this.layers[0].bias, "target_embedding.weight");
    this.bridge = new Projection(weights, ["bridge.weight"], "bridge.bias");
    this.head = new Projection(weights, ["head.weight"], "head.bias");
    this.feed = config.attention === "feeding" ? weights.get("decoder.weight_feed") : undefined;
    if (config.attention !== "none") {
      this.query = weights.get("attention.weight");
      this.join = new Projection(weights, ["join.weight_context", "join.weight_hidden"], "join.bias");
    }
  }

  /** What is read for a line, "given" or "given TAB features": numbers, and the name of each. */
  question(line) {
    const [given, features = ""] = line.split("\t");
    const known = this.config.features;
    const asked = features.split(";").filter((feature) => known.includes(feature));
    const cut = this.vocabulary.cut(given).filter((symbol) => this.vocabulary.numbers.has(symbol));
    return {
      names: [...asked, ...cut, "∎"],
      ids: [
        ...asked.map((feature) => this.vocabulary.size + known.indexOf(feature)),
        ...cut.map((symbol) => this.vocabulary.numbers.get(symbol)),
        this.vocabulary.end,
      ],
    };
  }

  /** The encoder's outputs for each symbol, and the decoder's first state. */
  encode(ids) {
    const outputs = this.encoder.read(ids);
    const memory = ids.map((_, at) => joined(outputs.map((own) => own[at])));
    const flat = new Float32Array(this.bridge.bias.length);
    this.bridge.write(flat, [joined(endsOf(outputs))]);
    squash(flat);
    const { units } = this.layers[0];
    let place = 0;
    const states = this.layers.map((layer) =>
      layer.cell.state.map(() => flat.slice(units * place, units * (place += 1))),
    );
    return { memory, start: { states, seen: new Float32Array(units) } };
  }

  /** Read a symbol from a state: log probabilities of the next one, the state after it, and what was looked at. */
  step(id, { states, seen }, memory) {
    this.layers.forEach((layer, number) => {
      layer.state = states[number];
      layer.a.set(number ? layer.bias : this.table.row(id));
      if (number) this.below[number].addTo(layer.a, this.layers[number - 1].h);
      else this.feed?.addTo(layer.a, seen);
      layer.step();
    });
    let output = this.layers.at(-1).h;
    let alpha;
    if (this.query) [output, alpha] = this.attend(output, memory);
    const logits = new Float32Array(this.config.targets.length + 1);
    this.head.write(logits, [output]);
    const total = logSum(logits);
    return {
      logProbabilities: Array.from(logits, (logit) => logit - total),
      next: { states: this.layers.map((layer) => layer.state), seen: output.slice() },
      alpha,
    };
  }

  /** The output of attention, and how much it looked at each place of the memory. */
  attend(h, memory) {
    const query = new Float32Array(this.query.rows);
    this.query.addTo(query, h);
    const scores = memory.map((place) => place.reduce((sum, value, k) => sum + value * query[k], 0));
    const total = logSum(scores);
    const alpha = scores.map((score) => Math.exp(score - total));
    const context = new Float32Array(query.length);
    memory.forEach((place, at) => place.forEach((value, k) => (context[k] += alpha[at] * value)));
    const output = new Float32Array(h.length);
    this.join.write(output, [context, h]);
    squash(output);
    return [output, alpha];
  }

  /**
   * The most probable answers to a line, by beam search: each has its `text`, its `probability`, its `symbols` and, for
   * each of these and the end, how much attention looked at each symbol of the question (`looked`).
   */
  answer(line, top = 1) {
    const { ids } = this.question(line);
    if (ids.length < 2) return [];
    const { memory, start } = this.encode(ids);
    const width = Math.max(BEAM, top);
    let open = [{ score: 0, symbols: [], last: END, state: start, looked: [] }];
    let finished = [];
    const worst = () => (finished.length === top ? finished.at(-1).score : -Infinity);
    for (let length = 0; length <= LONGER * Math.max(1, this.config.longest) && open.length; length++) {
      const longer = [];
      for (const each of open) {
        const { logProbabilities, next, alpha } = this.step(each.last, each.state, memory);
        const looked = [...each.looked, alpha];
        logProbabilities.forEach((nats, id) => {
          const score = each.score + nats;
          if (id !== END) longer.push({ score, symbols: [...each.symbols, id], last: id, state: next, looked });
          else if (length && score > worst()) {
            finished = [...finished, { ...each, score, looked }].sort((one, other) => other.score - one.score);
            finished = finished.slice(0, top);
          }
        });
      }
      open = ranked(
        longer.map(({ score }) => score),
        width,
      ).map((at) => longer[at]);
      if (!(open[0]?.score > worst())) break;
    }
    return finished.map(({ score, symbols, looked }) => ({
      text: symbols.map((id) => this.config.targets[id - 1]).join(this.config.symbols === "space" ? " " : ""),
      probability: Math.exp(score),
      symbols: symbols.map((id) => this.config.targets[id - 1]),
      looked,
    }));
  }
}
