/** The parts that networks are put together from; tensors have the names of charrnn/layers. */

import { CELLS } from "./cells.js";

/** One recurrent layer in one direction, with its state. */
export class Layer {
  /**
   * @param weights the model's tensors
   * @param config `cell`: the cell's name
   * @param at `number` of the layer, and the parts of its tensors' names: `prefix`, `suffix`
   */
  constructor(weights, config, { number = 0, prefix = "rnn", suffix = "" } = {}) {
    const named = (tensor) => `${prefix}.${tensor}_l${number}${suffix}`;
    const recurrent = weights.get(named("weight_hh"));
    this.cell = CELLS[config.cell];
    this.units = recurrent.columns;
    this.bias = weights.get(named("bias"));
    this.a = new Float32Array(recurrent.rows);
    this.work = new Float32Array(this.units);
    this.vectors = Object.fromEntries(this.cell.vectors.map((name) => [name, weights.get(named(name))]));
    let row = 0;
    this.products = this.cell.products.map((gates) => {
      row += gates * this.units;
      return recurrent.part(row - gates * this.units, gates * this.units);
    });
    this.initial = this.cell.state.map((name) => {
      const learned = `initial.${name}_l${number}`;
      return weights.has(learned) ? weights.get(learned) : new Float32Array(this.units);
    });
    for (const name of this.cell.state) this[name] = new Float32Array(this.units);
    this.reset();
  }

  /** Set the state to the one before the first step. */
  reset() {
    this.state = this.initial;
  }

  get state() {
    return this.cell.state.map((name) => this[name].slice());
  }

  set state(values) {
    this.cell.state.forEach((name, i) => this[name].set(values[i]));
  }

  /** Do one step; `a` holds W_ih x + b. */
  step() {
    this.cell.step(this);
  }

  /** The names of what can be looked at after a step. */
  get signals() {
    return [...this.cell.state, ...this.cell.gates];
  }

  /** The values (H) of a signal after a step. */
  signal(name) {
    if (this.cell.state.includes(name)) return this[name];
    const gate = this.cell.gates.indexOf(name);
    return this.a.subarray(gate * this.units, (gate + 1) * this.units);
  }
}

/** What a symbol adds to a layer's gates: W e[v] + b, computed when the symbol is first read. */
export class InputTable {
  /**
   * @param weights the model's tensors
   * @param name of W: (G, E), or (G, V) for one-hot input
   * @param bias b (G), or undefined for none
   * @param embedding name of e (V, E)
   */
  constructor(weights, name, bias, embedding = "embedding.weight") {
    this.matrix = weights.get(name);
    this.bias = bias;
    this.embedding = weights.has(embedding) ? weights.get(embedding) : undefined;
    this.rows = new Map();
  }

  row(id) {
    let row = this.rows.get(id);
    if (!row) {
      const { matrix, embedding } = this;
      row = this.bias ? this.bias.slice() : new Float32Array(matrix.rows);
      if (embedding) matrix.addTo(row, embedding.row(id));
      else for (let r = 0; r < matrix.rows; r++) row[r] += matrix.at(r, id);
      this.rows.set(id, row);
    }
    return row;
  }
}

/** y = W_1 x_1 + ... + W_n x_n + b */
export class Projection {
  constructor(weights, names, bias) {
    this.matrices = names.map((name) => weights.get(name));
    this.bias = weights.get(bias);
  }

  write(y, inputs) {
    y.set(this.bias);
    this.matrices.forEach((matrix, i) => matrix.addTo(y, inputs[i]));
  }
}
