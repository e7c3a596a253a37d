/**
 * A text whose characters can be looked at one by one, with mouse, finger or keyboard.
 *
 * Its cells are objects: `id` is a symbol's number, or undefined for a character that the model does not know, whose
 * `label` is shown; `given` marks what a person has written. The cell under the pointer is the current one. A click, or
 * a key, pins it: then the pointer can leave.
 */

import { make, shownAs } from "./dom.js";

export class TextPanel {
  /**
   * @param vocabulary the model's
   * @param label what the text is
   * @param look called with the number of the current cell, or -1
   * @param enter called when Enter is pressed
   * @param select called with the first and last number of the selected cells
   */
  constructor(vocabulary, label, { look = () => {}, enter = () => {}, select } = {}) {
    Object.assign(this, { vocabulary, look, select, cells: [], spans: [], current: -1, pinned: false, anchor: -1 });
    this.element = make("div", {
      class: "text",
      role: "textbox",
      tabIndex: 0,
      "aria-readonly": "true",
      "aria-multiline": "true",
      "aria-label": label,
      onpointerover: (event) => this.pinned || this.go(this.numberOf(event.target)),
      onpointerleave: () => this.pinned || this.go(-1),
      onclick: (event) => this.click(this.numberOf(event.target)),
      onkeydown: (event) => this.key(event, enter),
    });
    if (select) document.addEventListener("selectionchange", () => this.takeSelection());
  }

  /** Show these cells and no others. */
  replace(cells) {
    this.element.replaceChildren();
    this.cells = [];
    this.spans = [];
    this.line = undefined;
    this.decoder = this.vocabulary.unit === "byte" ? new TextDecoder() : undefined;
    this.pinned = false;
    this.add(cells);
    this.go(-1);
  }

  /** Add cells at the end. Each line is a block of its own, so that the browser lays out only the last one again. */
  add(cells) {
    for (const cell of cells) {
      const span = document.createElement("span");
      span.textContent = this.labelOf(cell);
      const endsLine = span.textContent.endsWith("\n");
      const classes = [cell.given && "given", cell.id === undefined && "unknown", cell.branch && "branch"];
      if (endsLine) classes.push(cell.id === this.vocabulary.end ? "end" : "line");
      if (classes.some(Boolean)) span.className = classes.filter(Boolean).join(" ");
      span.number = this.spans.length;
      if (!this.line) this.element.append((this.line = document.createElement("div")));
      this.line.append(span);
      if (endsLine) this.line = undefined;
      this.spans.push(span);
      this.cells.push(cell);
    }
  }

  labelOf({ id, label }) {
    if (id === undefined) return shownAs(label);
    if (id === this.vocabulary.end) return "∎\n";
    const symbol = this.vocabulary.symbols[id];
    if (!this.decoder) return shownAs(symbol);
    return shownAs(this.decoder.decode(Uint8Array.of(symbol.charCodeAt(0)), { stream: true }));
  }

  /** Call `paint(style, cell, number, span)` for each cell. */
  paint(paint) {
    this.cells.forEach((cell, i) => paint(this.spans[i].style, cell, i, this.spans[i]));
  }

  /** The number of the cell that a node of the page is, or is in; -1 for none. */
  numberOf(node) {
    return this.element.contains(node) ? (node.number ?? node.parentNode.number ?? -1) : -1;
  }

  click(number) {
    const isSame = this.pinned && number === this.current;
    this.pinned = number >= 0 && !isSame;
    this.go(number);
  }

  /** Make a cell the current one. */
  go(number, { pin = false, scroll = false } = {}) {
    this.spans[this.current]?.classList.remove("current");
    this.current = number;
    this.pinned ||= pin;
    const span = this.spans[number];
    span?.classList.add("current");
    if (scroll) span?.scrollIntoView({ block: "nearest" });
    this.look(number);
  }

  key(event, enter) {
    const at = this.current;
    const moves = {
      ArrowRight: at + 1,
      ArrowLeft: at < 0 ? 0 : at - 1,
      ArrowDown: this.beside(1),
      ArrowUp: this.beside(-1),
      Home: 0,
      End: this.cells.length - 1,
    };
    if (event.key === "Escape") {
      this.pinned = false;
      this.go(-1);
    } else if (event.key === "Enter") {
      event.preventDefault(); // else what is focused now would be pressed
      enter();
    } else if (event.key in moves && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.anchor = event.shiftKey && this.anchor >= 0 ? this.anchor : Math.max(at, 0);
      this.go(Math.max(0, Math.min(moves[event.key], this.cells.length - 1)), { pin: true, scroll: true });
      if (event.shiftKey) this.mark(Math.min(this.anchor, this.current), Math.max(this.anchor, this.current));
      else this.anchor = -1;
    }
  }

  /** The cell nearest above (-1) or below (1) the current one. */
  beside(direction) {
    const { spans } = this;
    const from = spans[this.current]?.getBoundingClientRect();
    if (!from) return 0;
    let [best, least] = [this.current, Infinity];
    for (let i = this.current + direction, line; spans[i]; i += direction) {
      const box = spans[i].getBoundingClientRect();
      if (Math.abs(box.top - from.top) < from.height / 2) continue;
      line ??= box.top;
      if (Math.abs(box.top - line) > from.height / 2) break;
      const distance = Math.abs(box.left - from.left);
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  /** Select cells. */
  mark(first, last) {
    const { [first]: from, [last]: to } = this.spans;
    getSelection().setBaseAndExtent(from, 0, to, to.childNodes.length);
  }

  takeSelection() {
    const selection = getSelection();
    if (selection.isCollapsed || !this.element.contains(selection.anchorNode)) return;
    const ends = [selection.anchorNode, selection.focusNode].map((node) => this.numberOf(node));
    if (Math.min(...ends) >= 0) this.select(Math.min(...ends), Math.max(...ends));
  }
}
