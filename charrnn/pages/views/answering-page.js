/** The page of a model that answers. */

import { ANSWERERS } from "../engine/answerers.js";
import { AskView } from "./ask.js";
import { heldModel, openPage } from "./shell.js";
import { TrainingView } from "./training.js";

function openAnswering() {
  const { description, weights, vocabulary } = heldModel();
  const { network, labels } = description;
  const answerer = new ANSWERERS[network.engine](weights, network, vocabulary, labels);
  openPage(description, { Ask: new AskView(answerer, description), Training: new TrainingView({ description }) });
}

openAnswering();
