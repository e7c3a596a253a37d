/** What all pages have: the model's parts, a head, and tabs. */

import { Vocabulary } from "../engine/text.js";
import { fromBase64, Weights } from "../engine/weights.js";
import { make } from "./dom.js";

const held = (id) => document.getElementById(id).textContent;

/** The parts of the model that the page holds. */
export function heldModel() {
  const description = JSON.parse(held("description"));
  const weights = new Weights(description.layout, fromBase64(held("weights")), fromBase64(held("kernel")));
  return { description, weights, vocabulary: new Vocabulary(description.vocabulary) };
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

/** Show the views, which have an `element` and may have `open`, called when they are shown. */
export function openPage({ story }, views) {
  const { bar, show } = tabs(views);
  const head = make("header", {}, make("h1", {}, story.name), make("p", { class: "quiet" }, story.title));
  document.getElementById("page").append(head, bar, ...Object.values(views).map(({ element }) => element));
  const asked = decodeURIComponent(location.hash.slice(1));
  show(asked in views ? asked : Object.keys(views)[0]);
}
