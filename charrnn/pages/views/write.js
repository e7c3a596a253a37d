/** The view that writes: the text appears as it is drawn, and can be turned another way at each of its characters. */

import { subSeed } from "../engine/draw.js";
import { anySeed } from "../engine/writer.js";
import { choice, field, grouped, inFrames, make, numberInput } from "./dom.js";
import { TextPanel } from "./panel.js";
import { observed, Rivals } from "./rivals.js";

const FIRST = 400; // characters that are written when the page is opened

const TEXTS = 8; // that a model of many short texts writes at a time

const ENDS = { stop: "it met the stop text", stopped: "you stopped it" };

export class WriteView {
  constructor(model) {
    const { vocabulary } = model;
    this.model = model;
    this.versions = [];
    this.rivals = new Rivals(vocabulary, "Point at a character, or move to one with the arrow keys.", (at, id) =>
      this.branch(at, id),
    );
    this.panel = new TextPanel(vocabulary, "The text that the model writes", {
      look: (at) => this.rivals.show(this.panel.cells, at),
      enter: () => this.rivals.focus(),
    });
    this.status = make("p", { class: "status", role: "status" });
    this.element = make(
      "section",
      { class: "view" },
      this.form(),
      make("div", { class: "columns" }, make("div", {}, this.panel.element, this.foot()), this.rivals.element),
    );
  }

  form() {
    const { labels, story } = this.model.description;
    this.beginning = make("textarea", {
      rows: 2,
      spellcheck: false,
      placeholder: "Leave it empty to let the model begin",
    });
    this.inputs = {
      temperature: make("input", { type: "range", min: 0, max: 2, step: 0.05, value: 0.8 }),
      length: numberInput(FIRST, { min: 1, max: 100000, step: 100 }),
      texts: numberInput(TEXTS, { min: 1, max: 1000 }),
      topK: numberInput(0, { min: 0 }),
      topP: numberInput(1, { min: 0.01, max: 1, step: 0.05 }),
      minP: numberInput(0, { min: 0, max: 1, step: 0.01 }),
      stop: make("input", { type: "text", spellcheck: false }),
      seed: numberInput(1, { step: 1 }),
    };
    const { temperature, length, texts, topK, topP, minP, stop, seed } = this.inputs;
    const shown = make("output", {}, temperature.value);
    temperature.addEventListener("input", () => (shown.value = temperature.value));
    this.another = make("input", { type: "checkbox", checked: true });
    this.go = make("button", { class: "main", type: "submit" }, "Write");
    this.label = choice(labels);
    const submit = (event) => {
      event.preventDefault();
      if (this.running) this.running.stopped = true;
      else this.begin();
    };
    return make(
      "form",
      { onsubmit: submit, noValidate: true, "aria-label": `Write with ${story.name}` },
      labels.length ? field("Write for", this.label) : undefined,
      field("Begin with", this.beginning),
      make(
        "div",
        { class: "settings" },
        field("Temperature", temperature, shown),
        this.model.vocabulary.separators ? field("Texts", texts) : undefined,
        field(this.model.vocabulary.separators ? "Longest text" : "Length", length),
        this.go,
      ),
      make(
        "details",
        {},
        make("summary", {}, "More settings"),
        make(
          "div",
          { class: "settings" },
          field("Keep at most", topK, make("small", {}, "top-k; 0 for all")),
          field("Keep this share", topP, make("small", {}, "top-p; 1 for all")),
          field("Keep at least", minP, make("small", {}, "min-p, times the largest; 0 for all")),
          field("Stop before", stop, make("small", {}, "a text")),
          field("Seed", seed, make("small", {}, "the same seed writes the same text")),
          make("label", { class: "check" }, this.another, "another seed each time"),
        ),
      ),
    );
  }

  foot() {
    const button = (text, title, onclick) => make("button", { type: "button", title, onclick }, text);
    this.back = button("← Back", "The version before", () => this.turnTo(this.version - 1));
    this.forth = button("Forward →", "The next version", () => this.turnTo(this.version + 1));
    this.more = button("Write on", "Continue at the end", () => this.goOn());
    this.copy = button("Copy", "Copy the text", () => navigator.clipboard?.writeText(this.text()));
    this.which = make("span", { class: "quiet" });
    const parts = [this.more, this.copy, this.back, this.which, this.forth];
    return make("div", { class: "foot" }, this.status, make("div", { class: "buttons" }, ...parts));
  }

  /** The text that is shown, with a line for each document. */
  text() {
    const { vocabulary } = this.model;
    const texts = [[]];
    for (const { id } of this.panel.cells) {
      if (id === vocabulary.end) texts.push([]);
      else texts.at(-1).push(id);
    }
    return texts.map((ids) => vocabulary.text(ids)).join("\n");
  }

  options() {
    const { temperature, length, topK, topP, minP, stop, seed } = this.inputs;
    if (this.another.checked && this.versions.length) seed.value = anySeed();
    return {
      temperature: temperature.valueAsNumber,
      length: length.valueAsNumber || FIRST,
      topK: topK.valueAsNumber || 0,
      topP: topP.valueAsNumber || 1,
      minP: minP.valueAsNumber || 0,
      stop: stop.value ? [stop.value] : [],
      seed: Math.trunc(seed.valueAsNumber) || 0,
    };
  }

  /** Read these numbers after nothing; cells with what the model thought of each. */
  replay(ids, given) {
    const { writer } = this.model;
    if (this.model.description.labels.length) this.model.network.choose(+this.label.value);
    writer.restart();
    if (ids.length) writer.open();
    return ids.map((id) => {
      const cell = writer.begun ? observed(writer, id) : { id };
      writer.take(id);
      return { ...cell, given };
    });
  }

  begin() {
    const cells = this.replay(this.model.vocabulary.beginning(this.beginning.value), true);
    this.grow(cells, this.model.vocabulary.separators ? this.inputs.texts.valueAsNumber || 1 : 1);
  }

  /** The cells of `count` texts; all but the first begin as the form says. Ends that the model draws are cells, too. */
  *drawing(options, count) {
    const { writer, vocabulary } = this.model;
    let seen;
    const look = (id) => (seen = observed(writer, id));
    for (let number = 0; ; number++) {
      const reason = yield* writer.grow({ ...options, seed: subSeed(options.seed, number) }, look);
      if (reason === "end") yield seen;
      if (reason !== "end" || number + 1 >= count) return reason;
      yield* this.replay(vocabulary.beginning(this.beginning.value), true);
    }
  }

  /** Write on from the place `at` with another symbol there. */
  branch(at, id) {
    if (this.running) return;
    const before = this.panel.cells.slice(0, at);
    this.replay(before.map((cell) => cell.id));
    const { writer, vocabulary } = this.model;
    writer.open();
    const cell = { ...observed(writer, id), branch: true };
    writer.take(id);
    if (id === vocabulary.end) this.keep([...before, cell]);
    else this.grow([...before, cell]);
    this.panel.element.focus({ preventScroll: true });
    this.panel.go(at, { pin: true });
  }

  goOn() {
    if (this.running) return;
    const { cells } = this.panel;
    this.replay(cells.map((cell) => cell.id));
    this.grow(cells.slice());
  }

  /** Draw the rest of the text after these cells, which the model has read, and so many texts in all. */
  grow(cells, count = 1) {
    const options = this.options();
    const drawing = this.drawing(options, count);
    const began = performance.now();
    const running = (this.running = { stopped: false });
    let [drawn, fresh, reason] = [0, [], ""];
    this.panel.replace(cells);
    this.go.textContent = "Stop";
    inFrames({
      step: () => {
        const { value, done } = drawing.next();
        if (done) reason = value;
        else fresh.push(value);
        drawn += !done;
        return !done && !running.stopped;
      },
      show: (isDone) => {
        this.panel.add(fresh);
        fresh = [];
        if (!isDone) return;
        this.running = undefined;
        this.go.textContent = "Write";
        const speed = Math.round((1000 * drawn) / (performance.now() - began));
        const why = ENDS[running.stopped ? "stopped" : reason];
        this.keep(this.panel.cells, [
          `${grouped(drawn)} characters, ${grouped(speed)} a second`,
          `seed ${options.seed}`,
          ...(why ? [why] : []),
        ]);
      },
    });
  }

  /** Keep a version of the text as the newest one. */
  keep(cells, notes = []) {
    this.versions.push({ cells: cells.slice(), notes });
    this.version = this.versions.length - 1;
    if (cells !== this.panel.cells) this.panel.replace(cells);
    this.tell();
  }

  turnTo(version) {
    if (this.running || !this.versions[version]) return;
    this.version = version;
    this.panel.replace(this.versions[version].cells);
    this.tell();
  }

  tell() {
    const count = this.versions.length;
    this.status.textContent = this.versions[this.version].notes.join(" · ");
    this.which.textContent = count > 1 ? `${this.version + 1} of ${count}` : "";
    this.back.disabled = this.version === 0;
    this.forth.disabled = this.version === count - 1;
  }
}
