/** The view of the training: curves, samples on the way, and how the model was made. */

import { grouped, make } from "./dom.js";

const [WIDTH, HEIGHT] = [640, 260];
const EDGE = { left: 48, right: 12, top: 12, bottom: 34 };
const TICKS = 5;

const shape = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** Round numbers from `least` to `most`. */
function ticks(least, most) {
  const raw = (most - least || 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw);
  const found = [];
  for (let tick = Math.ceil(least / step) * step; tick <= most + step / 1e6; tick += step)
    found.push(+tick.toPrecision(6));
  return found;
}

/** The points at which a curve is known. */
const known = (points, name) => points.filter((point) => Number.isFinite(point[name]));

/** The curves of a metric: `points` have a `step`, and may have `train` and `val`. */
function chart(points, title) {
  const values = points.flatMap(({ train, val }) => [train, val]).filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.05 || 0.1;
  const last = points.at(-1).step;
  const x = (step) => EDGE.left + (step / last) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value) => EDGE.top + ((high + room - value) / (high - low + 2 * room)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const text = (content, attributes) => shape("text", attributes, content);
  const grid = ticks(low, high).flatMap((tick) => [
    shape("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(tick), y2: y(tick) }),
    text(`${tick}`, { x: EDGE.left - 8, y: y(tick) + 4, "text-anchor": "end" }),
  ]);
  const steps = ticks(0, last).map((tick) =>
    text(grouped(tick), { x: x(tick), y: HEIGHT - 14, "text-anchor": tick === last ? "end" : "middle" }),
  );
  const curve = (name) => {
    const places = known(points, name).map((point) => `${x(point.step)},${y(point[name])}`);
    return shape("polyline", { class: name, points: places.join(" ") });
  };
  const dots = known(points, "val").map(({ step, val }) =>
    shape(
      "circle",
      { class: "val", cx: x(step), cy: y(val), r: 3 },
      shape("title", {}, `step ${grouped(step)}: ${val.toFixed(4)}`),
    ),
  );
  return shape(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title} by step` },
    ...grid,
    ...steps,
    curve("train"),
    curve("val"),
    ...dots,
  );
}

const table = (rows) =>
  make(
    "table",
    {},
    make(
      "tbody",
      {},
      ...rows.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, `${value}`))),
    ),
  );

export class TrainingView {
  constructor({ description: { story } }) {
    const { curves, samples, facts, plan, settings } = story;
    const parts = [];
    if (curves.points.length > 1) {
      const keys = Object.entries({ val: "validation", train: "training" })
        .filter(([name]) => known(curves.points, name).length)
        .map(([name, title]) => make("span", { class: `key ${name}` }, title));
      const caption = make("figcaption", {}, ...keys, `${curves.title}, by step`);
      parts.push(make("figure", {}, chart(curves.points, curves.title), caption));
    }
    if (samples.length) {
      parts.push(make("h2", {}, samples.length > 1 ? "What it wrote on the way" : "What it writes"));
      const items = samples.map(({ when, text }) =>
        make("li", {}, make("h3", {}, when), make("pre", {}, text.replace(/\n{3,}/g, "\n\n").trim())),
      );
      parts.push(make("ol", { class: "samples" }, ...items));
    }
    parts.push(make("h2", {}, "The model"), table(facts));
    if (plan.length) parts.push(make("h2", {}, "The plan"), ...plan.map((line) => make("p", {}, line)));
    if (settings.length) parts.push(make("details", {}, make("summary", {}, "All settings"), table(settings)));
    this.element = make("section", { class: "view training" }, ...parts);
  }
}
