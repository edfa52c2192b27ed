/* What hands do with a viewer: buttons, keys, wheel, dragging, two fingers.

   listen(viewer) once; act(viewer, "next" | "larger" | ...): what a button or key of that name does. */

import { bind, isTyping } from "./keys.js";

const STEP = 1.25;
const PAN_PX = 80;

export function listen(viewer) {
  viewer.section.addEventListener("click", (event) => {
    const what = event.target.closest("[data-view]")?.dataset.view;
    if (what) act(viewer, what);
  });
  viewer.stage.addEventListener("keydown", (event) => pan(viewer, event));
  viewer.strip?.addEventListener("keydown", (event) => walk(viewer, event));
  viewer.stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    viewer.zoom(Math.exp(-event.deltaY / 300), { x: event.clientX, y: event.clientY });
  }, { passive: false });
  listenDrag(viewer);
  listenPinch(viewer);
  new ResizeObserver(() => { if (viewer.mode && viewer.page) { viewer.size(); viewer.fetch(); } }).observe(viewer.stage);
  if (document.querySelectorAll("[data-viewer]").length === 1) bind(keys(viewer));
}

function keys(viewer) {
  const group = "Page image";
  const key = (label, what) => ({ label, group, run: () => act(viewer, what), repeat: ["larger", "smaller"].includes(what) });
  return {
    PageDown: key("Next page", "next"), PageUp: key("Previous page", "previous"), "+": key("Larger", "larger"), "=": { run: () => act(viewer, "larger"), repeat: true },
    "-": key("Smaller", "smaller"), w: key("Fit the width", "width"), p: key("Whole page", "page"), z: key("To the field", "region"),
    ".": key("Turn the view", "turn"), n: key("Next hit", "hit-next"), "Shift+n": key("Previous hit", "hit-previous"),
  };
}

export function act(viewer, what) {
  const acts = {
    next: () => viewer.next(), previous: () => viewer.previous(), larger: () => viewer.zoom(STEP), smaller: () => viewer.zoom(1 / STEP),
    width: () => viewer.fit("width"), page: () => viewer.fit("page"), turn: () => viewer.turn(90), "hit-next": () => viewer.nextHit(),
    "hit-previous": () => viewer.previousHit(), region: () => (viewer.region ? viewer.toRegion(viewer.region) : false),
  };
  return acts[what]?.();
}

function pan(viewer, event) {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  const moves = { ArrowLeft: [-PAN_PX, 0], ArrowRight: [PAN_PX, 0], ArrowUp: [0, -PAN_PX], ArrowDown: [0, PAN_PX] };
  const ends = { Home: viewer.pages[0], End: viewer.pages.at(-1) };
  if (moves[event.key]) viewer.stage.scrollBy({ left: moves[event.key][0], top: moves[event.key][1], behavior: "instant" });
  else if (ends[event.key]) viewer.show(ends[event.key].number);
  else return;
  event.preventDefault();
}

function walk(viewer, event) {
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  viewer.step(by);
  viewer.strip.querySelector('[aria-current="page"]')?.focus();
}

function listenDrag(viewer) {
  let last = null;
  viewer.stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0 || event.target === viewer.stage) return;
    last = event;
    viewer.stage.setPointerCapture(event.pointerId);
    viewer.stage.classList.add("is-held");
  });
  viewer.stage.addEventListener("pointermove", (event) => {
    if (!last) return;
    viewer.stage.scrollBy({ left: last.clientX - event.clientX, top: last.clientY - event.clientY, behavior: "instant" });
    last = event;
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    viewer.stage.addEventListener(kind, () => { last = null; viewer.stage.classList.remove("is-held"); });
  }
  viewer.stage.addEventListener("dblclick", (event) => viewer.zoom(viewer.mode ? 2 : 1 / 2, { x: event.clientX, y: event.clientY }));
}

function listenPinch(viewer) {
  let last = 0;
  const apart = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  viewer.stage.addEventListener("touchstart", (event) => { last = event.touches.length === 2 ? apart(event.touches) : 0; }, { passive: true });
  viewer.stage.addEventListener("touchmove", (event) => {
    if (event.touches.length !== 2 || !last) return;
    event.preventDefault();
    const now = apart(event.touches);
    const [a, b] = event.touches;
    viewer.zoom(now / last, { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2 });
    last = now;
  }, { passive: false });
  viewer.stage.addEventListener("touchend", () => { last = 0; });
}
