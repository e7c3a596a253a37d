/** Small helpers: elements, and numbers and symbols as people read them. */

/** An element; `properties` that begin with "on" are listeners, those with "aria" or "role" are attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** A labelled input; the label holds what is read beside it. */
export function field(label, input, hint) {
  return make("label", { class: "field" }, make("span", {}, label), input, hint);
}

export const numberInput = (value, properties = {}) => make("input", { type: "number", value, ...properties });

export const SOON = 100; // milliseconds until something is looked for again

/** A choice of the number of one of these names. */
export const choice = (names, properties = {}) =>
  make("select", properties, ...names.map((name, value) => make("option", { value }, name)));

/** A number in a row of a list. */
export const figure = (text) => make("span", { class: "number" }, text);

/** An item of a list that can be pressed. */
export const pressable = (row, onclick, ...parts) =>
  make("li", {}, make("button", { class: row, type: "button", onclick }, ...parts));

export const percent = (p) => (p >= 0.0995 ? `${Math.round(100 * p)} %` : `${(100 * p).toFixed(p < 0.001 ? 2 : 1)} %`);

export const bits = (nats) => nats / Math.LN2;

export const grouped = (number) => number.toLocaleString("en");

const NAMES = { "\n": "newline", "\t": "tab", " ": "space", "\r": "return" };

/** A symbol's name in a list. */
export function nameOf(vocabulary, id) {
  if (id === vocabulary.end) return "end";
  const symbol = vocabulary.symbols[id];
  const code = symbol.codePointAt(0);
  if (symbol in NAMES) return NAMES[symbol];
  if (/[\p{C}\p{Z}]/u.test(symbol) || (vocabulary.unit === "byte" && code > 0x7f))
    return `0x${code.toString(16).toUpperCase().padStart(2, "0")}`;
  return /\p{M}/u.test(symbol) ? `◌${symbol}` : symbol;
}

/** A control character as its picture, and one that nobody sees or that turns text round as a box; others as they are. */
export function shownAs(symbol) {
  if (/^[\u200b\u2028-\u202e\u2066-\u2069\ufeff]$/.test(symbol)) return "⬚";
  const code = symbol.charCodeAt(0);
  return symbol.length === 1 && code < 0x20 && !"\n\t".includes(symbol) ? String.fromCharCode(0x2400 + code) : symbol;
}

const [BRIEF, LONG] = [16, 100]; // milliseconds of work for a frame: of the first one, and at most

/**
 * Call `work.step()` until it returns false, and `work.show(isDone)` before each frame of the display. At first frames
 * come often, so that something is seen at once; later they come less often, as showing takes time, too.
 */
export function inFrames(work) {
  let milliseconds = BRIEF;
  const frame = () => {
    const stop = performance.now() + milliseconds;
    let goesOn = true;
    while (goesOn && performance.now() < stop) goesOn = work.step();
    work.show(!goesOn);
    milliseconds = Math.min(1.3 * milliseconds, LONG);
    if (goesOn) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
