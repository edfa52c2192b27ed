/* The page of the proof shows what was found as soon as it is done. */

import { byId } from "./dom.js";

byId("proof")?.addEventListener("live:update", (event) => {
  if (!event.detail.data.is_running) location.replace(location.pathname);
});
