/** The page of a model that writes. */

import { NETWORKS } from "../engine/networks.js";
import { Writer } from "../engine/writer.js";
import { ReadView } from "./read.js";
import { heldModel, openPage } from "./shell.js";
import { TrainingView } from "./training.js";
import { UnitsView } from "./units.js";
import { WriteView } from "./write.js";

function openWriting() {
  const { description, weights, vocabulary } = heldModel();
  // Each view has a network of its own, as one may read while another one still writes; the weights are shared.
  const model = () => {
    const network = new NETWORKS[description.network.engine](weights, description.network);
    return { description, vocabulary, network, writer: new Writer(network, vocabulary) };
  };
  const write = new WriteView(model());
  const written = () => (write.versions.length ? write.text() : undefined);
  const read = new ReadView(model(), written);
  const units = new UnitsView(model(), {
    "the one to read": () => read.input.value || written(),
    "the one written": written,
  });
  openPage(description, { Write: write, Read: read, Units: units, Training: new TrainingView(model()) });
  write.begin();
}

openWriting();
