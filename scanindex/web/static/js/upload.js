/* Once a file has arrived the list of what became of them is asked for at once. Sending is drop.js, the list live.js. */

import { byId } from "./dom.js";
import { Live } from "./live.js";

document.addEventListener("drop:done", () => Live.of(byId("mine")).now());
