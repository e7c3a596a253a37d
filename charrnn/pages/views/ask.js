/** The view of a model that answers: type, and see the answer and what it rests on. */

import { field, figure, make, percent } from "./dom.js";

const WAIT = 150; // milliseconds after the last key until the answer is computed
const SHOWN = 8; // answers

/** A row with a bar for a probability. */
function barRow(text, p, isHere) {
  const bar = make("span", { class: "bar" });
  bar.style.setProperty("--v", p.toFixed(4));
  const name = make("span", { class: "symbol" }, text);
  return make(
    "li",
    { class: isHere ? "here" : "" },
    make("span", { class: "row wide" }, name, bar, figure(percent(p))),
  );
}

const barList = (answers) =>
  make("ol", { class: "answers" }, ...answers.map(({ text, probability }, i) => barRow(text, probability, i === 0)));

/** A label: what each part of the text says for it or against it. */
function showLabel({ answerer, line }) {
  const answers = answerer.answer(line, SHOWN);
  if (!answers.length) return [];
  const [{ text: label }] = answers;
  const parts = answerer.parts(line, label);
  const most = Math.max(...parts.map(({ weight }) => Math.abs(weight)), 1e-9);
  const spans = parts.map(({ text, weight }) => {
    const title = `without it, ${label} is ${Math.exp(Math.abs(weight)).toFixed(1)} times ${weight < 0 ? "more" : "less"} probable`;
    const span = make("span", { title, class: weight < 0 ? "negative" : "" }, text);
    span.style.setProperty("--v", (Math.abs(weight) / most).toFixed(3));
    return span;
  });
  return [
    barList(answers),
    make("h2", {}, `What speaks for ${label}`),
    make("div", { class: "text short unit" }, ...spans),
    make(
      "p",
      { class: "legend unit" },
      make("span", { class: "sample" }, "for it"),
      make("span", { class: "sample negative" }, "against it"),
      "by how much less probable it is without that part",
    ),
  ];
}

/** A restored text: what was changed, and what else a place could be. */
function showRestored({ answerer, line }) {
  if (!line) return [];
  const cells = answerer.restore(line);
  const side = make("aside", { class: "rivals", "aria-live": "polite" });
  const hint = "Point at a character, or move to it with the tab key, to see what else it could be.";
  const look = (cell) => {
    const rows = cell?.found?.slice(0, SHOWN).map(({ number, probability }, i) => {
      const text = answerer.task.joined(cell.character, answerer.classes[number]);
      return barRow(text ? text.replace("\n", "↵") : "nothing", probability, i === 0);
    });
    side.replaceChildren(rows ? make("ol", { class: "answers" }, ...rows) : make("p", { class: "quiet" }, hint));
  };
  look();
  const spans = cells.map((cell) => {
    const isChanged = cell.text !== cell.piece;
    const listeners = cell.found ? { onpointerover: () => look(cell), onclick: () => look(cell) } : {};
    if (isChanged) Object.assign(listeners, { tabIndex: 0, onfocus: () => look(cell), title: `was “${cell.piece}”` });
    return make("span", { class: isChanged ? "changed" : "", ...listeners }, cell.text || (isChanged ? "‸" : ""));
  });
  const count = cells.filter(({ text, piece }) => text !== piece).length;
  return [
    make("div", { class: "columns" }, make("div", { class: "text" }, ...spans), side),
    make("p", { class: "status", role: "status" }, `${count} of ${cells.length - 1} characters changed`),
  ];
}

/** Another text: the answers, and where the model looked for each symbol. */
function showPair({ answerer, line }) {
  const answers = answerer.answer(line, SHOWN);
  if (!answers.length) return [];
  const { names } = answerer.question(line);
  const [{ symbols, looked }] = answers;
  const shown = [barList(answers)];
  if (!looked[0]) return shown;
  const rows = looked.map((alpha, step) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, symbols[step] ?? "∎"),
      ...names.map((name, at) => {
        const cell = make("td", { title: `${percent(alpha[at])} on ${name}` }, make("span", {}, "\u00a0"));
        cell.firstChild.style.setProperty("--v", alpha[at].toFixed(3));
        return cell;
      }),
    ),
  );
  const head = make(
    "tr",
    {},
    make("td"),
    ...names.map((name) => make("th", { scope: "col" }, name === " " ? "␣" : name)),
  );
  return [
    ...shown,
    make("h2", {}, "Where it looked for each symbol"),
    make(
      "div",
      { class: "scroll" },
      make("table", { class: "attention unit" }, make("thead", {}, head), make("tbody", {}, ...rows)),
    ),
  ];
}

const SHOWS = {
  classifier: { show: showLabel, what: "Text to label", rows: 2 },
  restorer: { show: showRestored, what: "Text to restore", rows: 5 },
  transducer: { show: showPair, what: "Text to turn into another", rows: 1 },
};

export class AskView {
  constructor(answerer, { text, network }) {
    const { show, what, rows } = SHOWS[network.engine];
    Object.assign(this, { answerer, show });
    const later = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.answer(), WAIT);
    };
    const value = text.replace(/\n$/, "");
    this.input = make("textarea", { rows, spellcheck: false, placeholder: "Type here", value, oninput: later });
    this.result = make("div", { class: "result" });
    const { features = [] } = network;
    const hint = features.length ? make("small", {}, `features that it knows: ${features.join(", ")}`) : undefined;
    this.features = features.length ? make("input", { type: "text", spellcheck: false, oninput: later }) : undefined;
    this.element = make(
      "section",
      { class: "view" },
      field(what, this.input),
      this.features ? field("Features, with ; between them", this.features, hint) : undefined,
      this.result,
    );
  }

  open() {
    this.answer();
  }

  answer() {
    const line = this.features?.value ? `${this.input.value}\t${this.features.value}` : this.input.value;
    this.result.replaceChildren(...this.show({ answerer: this.answerer, line }));
  }
}
