/* The dashboard's own hands: trying a file again without leaving the page. The rest is live.js. */

import { post } from "./api.js";
import { announce, byId } from "./dom.js";
import { Live } from "./live.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-retry]");
  if (!form) return;
  event.preventDefault();
  const row = form.closest("tr");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await post(`/api/v1/scans/${encodeURIComponent(row.dataset.key)}/retry`);
    announce("It is tried again");
    // The row goes with the next look: the focus goes to the next one, or to the heading.
    const next = row.nextElementSibling?.querySelector("button") || row.previousElementSibling?.querySelector?.("button");
    await Live.of(byId("today")).now();
    if (!row.isConnected) (next?.isConnected ? next : byId("main")).focus();
  } catch {
    // api.js said it
  } finally {
    button.disabled = false;
  }
});
