/** The view that reads: how surprising each character of a text is, and the words that surprise most. */

import { bits, choice, field, grouped, inFrames, make, pressable, SOON } from "./dom.js";
import { TextPanel } from "./panel.js";
import { observed, Rivals } from "./rivals.js";

const LEVELS = [2, 4, 7, 10]; // bits from which a character is underlined more heavily
const FULL = 10; // bits of the full colour
const WORDS = 12; // words that are listed

/** How heavily a surprise is underlined, 0 to 4. */
const levelOf = (surprise) => LEVELS.filter((least) => surprise >= least).length;

/** The cells of a text that `writer` reads: documents apart, each with its end. */
export function* reading(writer, text) {
  const { vocabulary } = writer;
  writer.restart();
  for (const document of vocabulary.documents(text)) {
    writer.open();
    for (const label of vocabulary.cut(document)) {
      const id = vocabulary.numbers.get(label);
      const cell = id === undefined || !writer.begun ? { id, label } : observed(writer, id);
      if (id !== undefined) writer.take(id);
      yield cell;
    }
    if (vocabulary.separators) {
      yield observed(writer, vocabulary.end);
      writer.take(vocabulary.end);
    }
  }
}

/** Words of a text and the surprise of each, in nats: what stands between white space, with a space before it. */
function wordsOf(panel) {
  const words = [];
  let word;
  panel.cells.forEach(({ nats }, i) => {
    const label = panel.spans[i].textContent;
    if (!label.trim() || label.startsWith("∎")) word = undefined;
    else {
      if (!word) words.push((word = { text: "", nats: 0, first: i }));
      word.text += label;
      word.nats += nats || 0;
    }
  });
  return words;
}

export class ReadView {
  /** @param write gives the text to read where the page holds none; undefined until there is one */
  constructor(model, write) {
    const { vocabulary, description } = model;
    this.model = model;
    this.write = write;
    this.rivals = new Rivals(vocabulary, "Point at a character to see what the model expected there.");
    this.panel = new TextPanel(vocabulary, "The text, coloured by surprise", {
      look: (at) => this.rivals.show(this.panel.cells, at),
    });
    this.panel.element.classList.add("heat");
    this.input = make("textarea", { rows: 5, spellcheck: false, value: description.text });
    this.label = choice(description.labels);
    this.figures = make("dl", { class: "figures", role: "status" });
    this.words = make("div", { class: "words" });
    const submit = (event) => {
      event.preventDefault();
      this.read();
    };
    this.element = make(
      "section",
      { class: "view" },
      make(
        "form",
        { onsubmit: submit },
        description.labels.length ? field("As a text for", this.label) : undefined,
        field("Text to read", this.input),
        make("button", { class: "main", type: "submit" }, "Read"),
      ),
      this.figures,
      make("div", { class: "columns" }, make("div", {}, this.panel.element, legend()), this.rivals.element),
      this.words,
    );
  }

  /** Read when the view is first shown. */
  open() {
    const text = this.input.value || this.write();
    if (text === undefined) {
      setTimeout(() => this.open(), SOON);
      return;
    }
    this.input.value = text;
    if (!this.panel.cells.length) this.read();
  }

  read() {
    const { writer, network, description } = this.model;
    if (description.labels.length) network.choose(+this.label.value);
    const cells = reading(writer, this.input.value);
    const task = (this.task = {});
    let fresh = [];
    this.panel.replace([]);
    inFrames({
      step: () => {
        const { value, done } = this.task === task ? cells.next() : { done: true };
        if (!done) fresh.push(value);
        return !done;
      },
      show: (isDone) => {
        if (this.task !== task) return;
        this.panel.add(fresh);
        fresh = [];
        if (isDone) this.tell();
      },
    });
  }

  tell() {
    this.panel.paint((style, { nats, top }) => {
      const surprise = top ? bits(nats) : 0;
      style.setProperty("--v", Math.min(1, surprise / FULL).toFixed(3));
      style.setProperty("--level", levelOf(surprise));
    });
    const scored = this.panel.cells.filter(({ top }) => top);
    const unknown = this.panel.cells.filter(({ id }) => id === undefined).length;
    const mean = bits(scored.reduce((sum, { nats }) => sum + nats, 0)) / scored.length;
    const unit = this.model.vocabulary.unit === "byte" ? "byte" : "character";
    this.figures.replaceChildren(
      ...(scored.length ? total(mean.toFixed(3), `bits per ${unit}`) : []),
      ...(scored.length ? total((2 ** mean).toFixed(1), "equally likely choices") : []),
      ...total(grouped(scored.length), `${unit}s predicted`),
      ...(unknown ? total(grouped(unknown), "unknown, left out") : []),
    );
    this.tellWords();
  }

  tellWords() {
    const words = wordsOf(this.panel)
      .sort((one, other) => other.nats - one.nats)
      .slice(0, WORDS);
    const go = (first) => {
      this.panel.element.focus();
      this.panel.go(first, { pin: true, scroll: true });
    };
    const chips = words.map(({ text, nats, first }) => {
      const shown = text.length > 24 ? `${text.slice(0, 24)}…` : text;
      return pressable("", () => go(first), shown, make("small", {}, `${bits(nats).toFixed(1)} bits`));
    });
    this.words.replaceChildren(
      ...(chips.length ? [make("h2", {}, "The most surprising words"), make("ol", {}, ...chips)] : []),
    );
  }
}

const total = (value, name) => [make("div", {}, make("dt", {}, name), make("dd", {}, value))];

function legend() {
  const steps = [0, ...LEVELS].map((least) => {
    const step = make("span", {}, `${least}`);
    step.style.setProperty("--v", Math.min(1, least / FULL));
    step.style.setProperty("--level", levelOf(least));
    return step;
  });
  return make("p", { class: "legend heat" }, "bits of surprise ", ...steps, "or more");
}
