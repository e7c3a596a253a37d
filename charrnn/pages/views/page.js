/** The page: loads the model that it holds, and shows its views. */

import { NETWORKS } from "../engine/networks.js";
import { Vocabulary } from "../engine/text.js";
import { fromBase64, Weights } from "../engine/weights.js";
import { Writer } from "../engine/writer.js";
import { make } from "./dom.js";
import { ReadView } from "./read.js";
import { TrainingView } from "./training.js";
import { UnitsView } from "./units.js";
import { WriteView } from "./write.js";

const held = (id) => document.getElementById(id).textContent;

/** The model that the page holds. */
function loaded() {
  const description = JSON.parse(held("description"));
  const { network, layout } = description;
  const vocabulary = new Vocabulary(description.vocabulary);
  const weights = new Weights(layout, fromBase64(held("weights")), fromBase64(held("kernel")));
  const engine = new NETWORKS[network.engine](weights, network);
  return { description, vocabulary, network: engine, writer: new Writer(engine, vocabulary) };
}

/** The views by their names. */
function viewsOf(model) {
  const write = new WriteView(model);
  const read = new ReadView(model, () => write.text());
  const units = new UnitsView(model, {
    "the one to read": () => read.input.value || write.text(),
    "the one written": () => write.text(),
  });
  return { Write: write, Read: read, Units: units, Training: new TrainingView(model) };
}

/** Tabs, of which one view at a time is shown; the address keeps its name. */
function tabs(views) {
  const names = Object.keys(views);
  const buttons = names.map((name, i) =>
    make(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `view-${name}`,
        onclick: () => show(name),
        onkeydown: ({ key }) => {
          const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: names.length - 1 }[key];
          const next = names[(to + names.length) % names.length];
          if (next) show(next, true);
        },
      },
      name,
    ),
  );
  const show = (name, focus = false) => {
    names.forEach((each, i) => {
      buttons[i].setAttribute("aria-selected", `${each === name}`);
      buttons[i].tabIndex = each === name ? 0 : -1;
      views[each].element.hidden = each !== name;
    });
    if (focus) buttons[names.indexOf(name)].focus();
    history.replaceState(null, "", `#${name}`);
    views[name].open?.();
  };
  for (const name of names) {
    const attributes = { role: "tabpanel", id: `view-${name}`, "aria-labelledby": `tab-${name}` };
    for (const [key, value] of Object.entries(attributes)) views[name].element.setAttribute(key, value);
  }
  return { bar: make("nav", { role: "tablist", "aria-label": "Views" }, ...buttons), show };
}

function open() {
  const model = loaded();
  const { story } = model.description;
  const views = viewsOf(model);
  const { bar, show } = tabs(views);
  const head = make("header", {}, make("h1", {}, story.name), make("p", { class: "quiet" }, story.title));
  document.getElementById("page").append(head, bar, ...Object.values(views).map(({ element }) => element));
  const asked = decodeURIComponent(location.hash.slice(1));
  show(asked in views ? asked : Object.keys(views)[0]);
  views.Write?.begin();
}

open();
