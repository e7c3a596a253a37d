/** The view of units: a text coloured by one unit; which units a stretch has in common, and where else they meet. */

import { choice, field, figure, inFrames, make, numberInput, percent, pressable, SOON } from "./dom.js";
import { TextPanel } from "./panel.js";
import { reading } from "./read.js";

const MOST = 4000; // characters that are shown
const ON = 0.3; // a unit is on where its value is above this part of its largest absolute value in the text
const MOSTLY = 0.5; // a unit is on where it is on at more of the characters, and off where at fewer
const PATTERN = 5; // units of a pattern
const TOGETHER = 0.75; // part of a pattern that is on at a place like it
const LISTED = 12; // units, and places, that are listed
const AROUND = 9; // characters shown before and after a place

export class UnitsView {
  /** @param texts functions by name that give the texts that can be looked at; undefined until there is one */
  constructor(model, texts) {
    this.model = model;
    this.texts = texts;
    this.panel = new TextPanel(model.vocabulary, "The text, coloured by a unit", {
      look: (at) => this.tellValue(at),
      select: (first, last) => this.compare(first, last),
    });
    this.panel.element.classList.add("unit");
    this.value = make("p", { class: "status", role: "status" });
    this.side = make("aside", { class: "rivals" });
    this.element = make(
      "section",
      { class: "view" },
      this.form(),
      make("div", { class: "columns" }, make("div", {}, this.panel.element, unitLegend(), this.value), this.side),
    );
    this.askForStretch();
  }

  form() {
    const { layers } = this.model.network;
    const again = { onchange: () => this.load() };
    this.text = choice(Object.keys(this.texts), again);
    const names = layers.map((layer, i) => layer.name ?? `layer ${i + 1}`);
    this.layer = choice(names, again);
    this.signal = make("select", { onchange: () => this.compareAgain() });
    this.unit = numberInput(0, { min: 0, oninput: () => this.paint() });
    const step = (by, sign, title) =>
      make(
        "button",
        { type: "button", title, "aria-label": title, onclick: () => this.show(this.unit.valueAsNumber + by) },
        sign,
      );
    const unit = make(
      "span",
      { class: "stepper" },
      step(-1, "−", "The unit before"),
      this.unit,
      step(1, "+", "The next unit"),
    );
    return make(
      "form",
      { class: "settings", onsubmit: (event) => event.preventDefault() },
      field("Text", this.text),
      layers.length > 1 ? field("Layer", this.layer) : undefined,
      field("Colour by", this.signal),
      make("div", { class: "field", role: "group", "aria-label": "Unit" }, make("span", {}, "Unit"), unit),
    );
  }

  open() {
    this.load();
  }

  /** Read the text and keep the values of all signals of the layer. */
  load() {
    const { writer, network } = this.model;
    const layer = network.layers[+this.layer.value || 0];
    this.layerShown = layer;
    const chosen = this.signal.value;
    this.signal.replaceChildren(...layer.signals.map((name) => make("option", { value: name }, LABELS[name] ?? name)));
    if (layer.signals.includes(chosen)) this.signal.value = chosen;
    this.unit.max = layer.units - 1;
    const text = Object.values(this.texts)[+this.text.value]();
    if (text === undefined) {
      setTimeout(() => this.load(), SOON);
      return;
    }
    const cells = reading(writer, text.slice(0, MOST));
    const task = (this.task = {});
    this.values = Object.fromEntries(layer.signals.map((name) => [name, []]));
    const read = [];
    let waiting = cells.next();
    inFrames({
      step: () => {
        if (waiting.done || this.task !== task) return false;
        const cell = waiting.value;
        waiting = cells.next(); // reads the symbol of this cell
        read.push(cell);
        for (const name of layer.signals) this.values[name].push(layer.signal(name).slice());
        return true;
      },
      show: (isDone) => {
        if (!isDone || this.task !== task) return;
        this.panel.replace(read);
        this.askForStretch();
        this.show(this.unit.valueAsNumber || 0);
      },
    });
  }

  show(unit) {
    this.unit.value = Math.max(0, Math.min(unit, this.layerShown.units - 1));
    this.paint();
  }

  rows() {
    return this.values[this.signal.value];
  }

  paint() {
    const unit = this.unit.valueAsNumber;
    const rows = this.rows();
    if (!rows || !(unit >= 0 && unit < this.layerShown.units)) return;
    const scale = rows.reduce((most, row) => Math.max(most, Math.abs(row[unit])), 1e-9);
    this.panel.paint((style, cell, at, span) => {
      const value = rows[at][unit] / scale;
      style.setProperty("--v", Math.abs(value).toFixed(3));
      span.classList.toggle("negative", value < 0);
    });
    this.tellValue(this.panel.current);
  }

  tellValue(at) {
    const row = this.rows()?.[at];
    const unit = this.unit.value;
    this.value.textContent = row ? `unit ${unit} is ${row[unit].toFixed(3)} after this character` : "";
  }

  askForStretch() {
    this.stretch = undefined;
    this.side.replaceChildren(
      make(
        "p",
        { class: "quiet" },
        "Select a stretch of the text: the units that are on there and off elsewhere appear here.",
      ),
    );
  }

  /** Show another signal, also of the stretch that is selected. */
  compareAgain() {
    this.paint();
    if (this.stretch) this.compare(...this.stretch);
  }

  /** List the units that are on from `first` to `last` and off elsewhere. */
  compare(first, last) {
    const rows = this.rows();
    if (!rows?.length) return;
    this.stretch = [first, last];
    const { units } = this.layerShown;
    const [inside, outside] = [new Float64Array(units), new Float64Array(units)];
    const limits = this.limits(rows, units);
    const count = last - first + 1;
    rows.forEach((row, at) => {
      const to = at >= first && at <= last ? inside : outside;
      for (let k = 0; k < units; k++) to[k] += row[k] > limits[k];
    });
    const found = Array.from(inside, (on, unit) => ({
      unit,
      here: on / count,
      elsewhere: outside[unit] / Math.max(1, rows.length - count),
    }))
      .filter(({ here, elsewhere }) => here > MOSTLY && elsewhere < MOSTLY)
      .sort((one, other) => other.here - other.elsewhere - (one.here - one.elsewhere))
      .slice(0, LISTED);
    const head = make("h2", {}, "On here, off elsewhere");
    if (!found.length) {
      const none = "No unit is on at most of these characters and off at most others.";
      this.side.replaceChildren(head, make("p", { class: "quiet" }, none));
      return;
    }
    const items = found.map(({ unit, here, elsewhere }) => {
      const name = make("span", { class: "symbol" }, `unit ${unit}`);
      return pressable("row three", () => this.show(unit), name, figure(percent(here)), figure(percent(elsewhere)));
    });
    this.side.replaceChildren(
      head,
      make("p", { class: "row three quiet" }, make("span"), figure("here"), figure("elsewhere")),
      make("ol", {}, ...items),
      make("h2", {}, "The next places like it"),
      this.places(rows, limits, found.slice(0, PATTERN), first, last),
    );
  }

  /** For each unit the value above which it is on. */
  limits(rows, units) {
    const most = new Float64Array(units);
    for (const row of rows) for (let k = 0; k < units; k++) most[k] = Math.max(most[k], Math.abs(row[k]));
    return most.map((value) => ON * value);
  }

  /** Where, after `last` and then before `first`, most units of a pattern are on together. */
  places(rows, limits, pattern, first, last) {
    const score = (row) => pattern.filter(({ unit }) => row[unit] > limits[unit]).length;
    const stretches = [];
    let open;
    for (let step = 1; step < rows.length - (last - first); step++) {
      const at = (last + step) % rows.length;
      const on = score(rows[at]);
      const isLike = on >= TOGETHER * pattern.length;
      if (!isLike || at === 0) open = undefined;
      if (!isLike) continue;
      if (!open) stretches.push((open = { at, on, end: at }));
      open.on = Math.max(open.on, on);
      open.end = at;
    }
    const items = stretches.slice(0, LISTED).map(({ at, end, on }) => {
      const go = () => this.panel.go(at, { pin: true, scroll: true });
      return pressable("row context", go, make("span", {}, ...this.around(at, end)), figure(`${on}/${pattern.length}`));
    });
    return items.length
      ? make("ol", {}, ...items)
      : make("p", { class: "quiet" }, "There is no other place like it in this text.");
  }

  around(at, end) {
    const shown = (first, last) =>
      this.panel.spans
        .slice(Math.max(0, first), last)
        .map((span) => span.textContent)
        .join("")
        .replace(/\s+/g, " ");
    return [shown(at - AROUND, at), make("mark", {}, shown(at, end + 1)), shown(end + 1, end + 1 + AROUND)];
  }
}

const LABELS = { h: "output h", c: "memory c" };

const unitLegend = () =>
  make(
    "p",
    { class: "legend unit" },
    make("span", { class: "sample negative" }, "below 0"),
    make("span", { class: "sample" }, "above 0"),
    "a fuller bar is further from 0",
  );
