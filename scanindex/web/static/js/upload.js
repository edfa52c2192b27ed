/* Once a file has arrived it moves from the list of what is being sent to the list of what became of it.
   Sending is drop.js, the list live.js. What was refused stays where it is, to be read and tried again. */

import { byId } from "./dom.js";
import { Live } from "./live.js";

document.addEventListener("drop:done", async (event) => {
  await Live.of(byId("mine")).now();
  if (!byId("mine").querySelector(`[data-key="${CSS.escape(event.detail.data.upload_id)}"]`)) return;
  for (const state of event.target.querySelectorAll(".upload .state.is-good")) {
    const row = state.closest(".upload");
    if (!row.contains(document.activeElement)) row.remove();
  }
});
