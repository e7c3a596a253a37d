/** The networks by the names that charrnn/models gives them. */

import { Language } from "./language.js";
import { TimeDelay } from "./tdnn.js";

export const NETWORKS = { language: Language, tdnn: TimeDelay };
