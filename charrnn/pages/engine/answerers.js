/** The networks that answer, by the names that charrnn/models gives them. */

import { Classifier } from "./classifier.js";
import { Restorer } from "./restorer.js";
import { Transducer } from "./transducer.js";

export const ANSWERERS = { classifier: Classifier, restorer: Restorer, transducer: Transducer };
