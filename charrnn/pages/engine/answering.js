/** What `charrnn export --to js` writes of a model that answers. Its types are in module.d.ts. */

import { ANSWERERS } from "./answerers.js";
import { Vocabulary } from "./text.js";
import { fromBase64, Weights } from "./weights.js";

/** The model that this file holds. */
export function load({ simd = true } = {}) {
  const { vocabulary, network, layout, labels } = DESCRIPTION;
  const weights = new Weights(layout, fromBase64(WEIGHTS), simd ? fromBase64(KERNEL) : undefined);
  const answerer = new ANSWERERS[network.engine](weights, network, new Vocabulary(vocabulary), labels);
  return {
    predict: (line, top = 1) => answerer.answer(line, top).map(({ text, probability }) => ({ text, probability })),
  };
}
