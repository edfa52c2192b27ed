/* Charts opened by breaking the glass: how long is left; when the time is over, the page closes itself.

   [data-until="ISO"] with [data-glass-left] inside. */

const MINUTE_MS = 60_000;

function tick(box) {
  const left = Date.parse(box.dataset.until) - Date.now();
  if (left <= 0) {
    location.reload();
    return;
  }
  const minutes = Math.ceil(left / MINUTE_MS);
  for (const one of box.querySelectorAll("[data-glass-left]")) one.textContent = minutes === 1 ? "1 minute left" : `${minutes} minutes left`;
  setTimeout(() => tick(box), Math.min(left, 10_000) + 50);
}

for (const box of document.querySelectorAll("[data-until]")) tick(box);
