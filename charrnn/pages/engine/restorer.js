/** The model that restores: layers in both directions -> softmax over the answers at each character. */

import { largest, logSum, ranked } from "./draw.js";
import { Layer, Projection } from "./layers.js";
import { Rows } from "./rows.js";
import { canBe, isSpace, TASKS } from "./tasks.js";

const LONGEST = 256; // characters of a row that are answered
const CONTEXT = 64; // characters of the same line that a row is read with, before and after those

const ASCII_FORMS = new Map([..."‘’‚"].map((quote) => [quote, "'"]));
for (const quote of "“”„«»") ASCII_FORMS.set(quote, '"');
for (const dash of "‐‑‒–—―−") ASCII_FORMS.set(dash, "-");

export class Restorer {
  constructor(weights, config, vocabulary) {
    Object.assign(this, { vocabulary, classes: config.classes, task: TASKS[config.task](config.classes) });
    this.rows = new Rows(weights, config);
    const names = ["head.weight", "head.weight_back"].slice(0, config.directions);
    if (config.feedback) this.addFeedback(weights, config, names);
    this.head = new Projection(weights, names, "head.bias");
    this.known = new Set(vocabulary.symbols);
    this.ids = new Map(
      vocabulary.symbols.toReversed().map((symbol) => [this.task.parted(symbol)[0], this.idOf(symbol)]),
    );
    for (const symbol of vocabulary.symbols) this.ids.set(symbol, this.idOf(symbol));
    this.possible = new Map();
  }

  addFeedback(weights, config, names) {
    this.top = new Layer(weights, config, { number: config.layers });
    this.answers = weights.get("feedback.weight");
    const readers = ["weight_ih", "weight_ih_back"].slice(0, config.directions);
    this.top.below = readers.map((name) => weights.get(`rnn.${name}_l${config.layers}`));
    names.push("head.weight_feedback");
  }

  idOf(symbol) {
    return this.vocabulary.numbers.get(symbol);
  }

  /** The numbers of the answers that a character can have. */
  possibleAt(character) {
    let found = this.possible.get(character);
    if (!found) {
      const numbers = this.ids.has(character) ? [...this.classes.keys()] : [];
      found = numbers.filter((number) => canBe(this.task, character, this.classes[number], this.known));
      this.possible.set(character, found);
    }
    return found;
  }

  /** The lines of a text as characters that are left, answers that they have, and places that are to be answered. */
  stripped(text) {
    const cells = [];
    const starts = [0];
    for (const line of text.split("\n")) {
      for (const piece of this.task.pieces(line)) {
        const [character, answer] = this.task.parted(piece);
        cells.push({ piece, character, own: answer, possible: this.possibleAt(character) });
      }
      const isOpen = this.task.addsNoise;
      cells.push({ piece: "\n", character: "\n", own: "", possible: isOpen ? this.possibleAt("\n") : [0] });
      starts.push(cells.length);
    }
    cells.forEach((cell, at) => {
      const isApart = !this.task.standsBetween || !isSpace(cells[at + 1]?.character ?? "");
      cell.isOpen = cell.possible.length > 1 && isApart && !(this.task.keeps && cell.own);
    });
    return { cells, starts };
  }

  /** The rows of lines that are read together: `first` to `last` are answered, `start` to `end` are read. */
  *rowsOf({ cells, starts }) {
    for (let i = 0; i + 1 < starts.length; i++) {
      const [begin, following] = [starts[i], starts[i + 1]];
      const end = following - (!this.task.addsNoise || begin === following - 1 ? 1 : 0);
      for (let first = begin, last; first < end; first = last) {
        last = end - first <= LONGEST ? end : this.cutOf(cells, first);
        const before =
          first === begin ? Math.max(0, first - (this.task.context ?? 0)) : Math.max(begin, first - CONTEXT);
        yield { start: before, first, last, end: Math.min(end, last + CONTEXT) };
      }
    }
  }

  cutOf(cells, first) {
    for (let at = first + LONGEST - 1; at >= first + LONGEST / 2; at--) if (cells[at].character === " ") return at + 1;
    return first + LONGEST;
  }

  /** Answer a text: its cells, each with `answer` and, where there was a choice, the log probabilities of answers. */
  restore(text) {
    const stripped = this.stripped(text);
    const { cells } = stripped;
    for (const row of this.rowsOf(stripped)) this.answerRow(cells, row);
    for (const cell of cells) {
      if (cell.found) continue;
      const isForced = cell.possible.length === 1 && !(this.task.keeps && cell.own);
      cell.answer = isForced ? this.classes[cell.possible[0]] : cell.own;
    }
    for (const cell of cells)
      cell.text = cell.answer === cell.own ? cell.piece : this.task.joined(cell.character, cell.answer);
    const last = cells.at(-1); // of the end of the last line only what is missing before it is part of the text
    Object.assign(last, { piece: "", text: last.text.slice(0, -1) });
    return cells;
  }

  answerRow(cells, { start, first, last, end }) {
    const row = cells.slice(start, end);
    const outputs = this.rows.read(row.map(({ character }) => this.ids.get(character) ?? this.unknownId(character)));
    const logits = new Float32Array(this.classes.length);
    let before = this.classes.length;
    this.top?.reset();
    row.forEach((cell, step) => {
      const inputs = outputs.map((own) => own[step]);
      if (this.top) inputs.push(this.stepTop(inputs, before));
      this.head.write(logits, inputs);
      const { possible } = cell;
      const own = possible.map((number) => logits[number]);
      const best = own.length ? possible[largest(own)] : 0;
      const given = Math.max(0, this.classes.indexOf(cell.own));
      before = cell.isOpen ? best : given;
      const at = start + step;
      if (!cell.isOpen || at < first || at >= last) return;
      const total = logSum(own);
      cell.answer = this.classes[best];
      cell.found = ranked(own).map((i) => ({ number: possible[i], probability: Math.exp(own[i] - total) }));
    });
  }

  /** One step of the layer that reads the answer before; its output. */
  stepTop(inputs, before) {
    const { top } = this;
    top.a.set(top.bias);
    const answer = this.answers.row(before);
    for (let k = 0; k < answer.length; k++) top.a[k] += answer[k];
    top.below.forEach((matrix, i) => matrix.addTo(top.a, inputs[i]));
    top.step();
    return top.h;
  }

  /** The number that stands for a character that the model does not know: the closest one's, see charrnn/text/symbols.py. */
  unknownId(character) {
    const plain = (ASCII_FORMS.get(character) ?? character).normalize("NFKD").replace(/\p{M}/gu, "");
    const other = plain === plain.toLowerCase() ? plain.toUpperCase() : plain.toLowerCase();
    return [character.normalize("NFC"), plain, other, " "].map((form) => this.idOf(form)).find((id) => id >= 0) ?? 0;
  }

  /** The restored line, and the probability of all that was chosen in it. */
  answer(line) {
    const cells = this.restore(line);
    const probability = cells.reduce((product, { found }) => product * (found ? found[0].probability : 1), 1);
    return [{ text: cells.map(({ text }) => text).join(""), probability }];
  }
}
