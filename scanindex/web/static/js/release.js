/* The list of released paper: its button opens the browser's print. */

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
