/** What the model thought of one place of a text: the character there, and its rivals. */

import { logSum, ranked } from "../engine/draw.js";
import { bits, figure, make, nameOf, percent } from "./dom.js";

const SHOWN = 10; // rivals
const BEFORE = 16; // characters of the text before

/** The most probable symbols and their probabilities, and the surprise at `id`, from logits. */
export function observed({ network }, id) {
  const { logits } = network;
  const total = logSum(logits);
  return {
    id,
    nats: total - logits[id],
    top: ranked(logits, SHOWN).map((rival) => [rival, Math.exp(logits[rival] - total)]),
  };
}

export class Rivals {
  /** @param choose called with the number of a place and of the symbol that is wanted there; undefined if nobody can */
  constructor(vocabulary, hint, choose) {
    Object.assign(this, { vocabulary, hint, choose });
    this.element = make("aside", { class: "rivals", "aria-live": "polite" });
    this.show([], -1);
  }

  show(cells, at) {
    const cell = cells[at];
    if (!cell) {
      this.element.replaceChildren(make("p", { class: "quiet" }, this.hint));
      return;
    }
    const before = cells
      .slice(Math.max(0, at - BEFORE), at)
      .map(({ id, label }) => this.vocabulary.symbols[id] ?? label ?? "")
      .join("");
    const head = make("p", { class: "place" }, before ? "After " : "At the beginning");
    if (before) head.append(make("q", {}, before.replaceAll("\n", "↵")));
    this.element.replaceChildren(head, this.verdict(cell));
    if (cell.top) {
      const rows = cell.top.map(([id, p]) => this.row(id, p, id === cell.id, at));
      this.element.append(make("ol", {}, ...rows));
    }
  }

  verdict({ id, nats, top }) {
    if (id === undefined) return make("p", { class: "quiet" }, "The model does not know this character.");
    const name = make("b", {}, nameOf(this.vocabulary, id));
    if (!top) return make("p", {}, name, " is where the text begins.");
    return make("p", {}, name, ` has ${percent(Math.exp(-nats))}, a surprise of ${bits(nats).toFixed(2)} bits`);
  }

  row(id, p, isHere, at) {
    const bar = make("span", { class: "bar" });
    bar.style.setProperty("--v", p.toFixed(4));
    const parts = [make("span", { class: "symbol" }, nameOf(this.vocabulary, id)), bar, figure(percent(p))];
    if (!this.choose) return make("li", { class: isHere ? "here" : "" }, make("span", { class: "row" }, ...parts));
    const title = isHere ? "This is what stands there" : "Write on with this one";
    const button = make(
      "button",
      { class: "row", type: "button", title, onclick: () => this.choose(at, id) },
      ...parts,
    );
    return make("li", { class: isHere ? "here" : "" }, button);
  }

  /** Give the keyboard to the first rival that can be chosen. */
  focus() {
    (this.element.querySelector("li:not(.here) button") ?? this.element.querySelector("button"))?.focus();
  }
}
