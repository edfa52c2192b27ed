/* The print page: the button waits until every page is there, so that none is printed empty. */

import { byId } from "./dom.js";

const start = document.querySelector("[data-print]");
const state = document.querySelector("[data-print-state]");
const images = [...document.querySelectorAll(".print-sheet img")];

function ready(image) {
  return image.decode().then(() => true, () => false);
}

async function wait() {
  state.textContent = "Loading the pages …";
  start.disabled = true;
  const there = await Promise.all(images.map(ready));
  const missing = there.filter((one) => !one).length;
  state.textContent = missing ? `${missing} of ${images.length} pages cannot be shown now; reload to try again.` : "";
  start.disabled = missing > 0;
}

start?.addEventListener("click", () => window.print());
if (byId("main")) wait();
