/* The review screen as it is seen: an item shown, its paper and panel drawn, what is said of it.

   Reads and draws; what people do to it is in review-settle.js (settling) and review.js (all else).
   Nobody's data is kept by the browser: what was typed and not sent lives in this page alone, and leaving it asks. */

import { announce, button, byId, make } from "./dom.js";
import { nameOf } from "./keys.js";
import { drawPanel } from "./review-panel.js";
import { picturePath } from "./review-queue.js";

const SETTLING_MS = 500;
const PAUSE_MS = 300;
const PAUSE_TYPED_MS = 600;
/* Keys that decide nothing, and Undo of what was just seen to be wrong: always heard. */
const HARMLESS = new Set(["PageUp", "PageDown", "Escape", "Tab", "Shift+Tab", "+", "-", "=", "z", "?", "u", "."]);
/* The same behind something typed, where a letter is one letter too many. */
const HARMLESS_TYPED = new Set(["PageUp", "PageDown", "Escape"]);
const NEEDS_NOTHING = { filed: "It is filed.", proposed: "It is being filed.", rescan_wanted: "It waits to be scanned again.", entered_in_error: "It was rejected.", paper_kept: "Its paper is kept instead.", superseded: "Its pages stand in another document." };

export const element = byId("bench");
const raf = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
const task = () => new Promise((resolve) => { setTimeout(resolve, 0); });
/** What was put right of an item and not sent yet, by its id. */
export const draftsOf = new Map();

export class Screen {
  // --- showing ----------------------------------------------------------------
  /** pending: what is still under way with the item before; keys are taken once it is known. */
  async show(item, { notices = [], from = performance.now(), acted = from, pending = null } = {}) {
    element.dataset.ready = "no";
    const same = this.item?.item_id === item.item_id;
    this.unsent = (same && this.unsent) || item.unsent_note;
    this.known(item);
    Object.assign(this, { item, run: [], datum: "", reason: "", strokes: 0, shownAt: performance.now(), visibleAt: Infinity, over: false });
    if (!draftsOf.has(item.item_id)) draftsOf.set(item.item_id, {});
    this.notices = [...this.told(item), ...notices];
    this.chosen = item.candidates.find((one) => one.person.patient_id === item.preselected) || null;
    this.region = this.chosen?.confirmation?.spot || item.region || this.anySpot(item);
    this.draw();
    this.load();
    history.replaceState(null, "", `/review/items/${item.item_id}${element.dataset.query ? `?${element.dataset.query}` : ""}`);
    await this.painted();
    this.visibleAt = performance.now();
    this.seq += 1;
    performance.measure("review:next", { start: from, end: performance.now() });
    Object.assign(element.dataset, { itemId: item.item_id, seq: this.seq, nextMs: (performance.now() - from).toFixed(1), turnMs: (performance.now() - acted).toFixed(1) });
    if (!same || this.seq === 1) this.panel.scrollTop = 0;
    if (pending && (await pending).error) return;
    if (this.chosen?.confirmation) byId("datum")?.focus();
    this.say();
    this.queue.refill(item);
    this.queue.count(this.done).then(() => this.place());
    await this.opened(item);
  }

  /** Keys are taken once the item stood for a moment and the keyboard was silent. */
  async opened(item, as = "yes") {
    for (;;) {
      const left = Math.max(this.visibleAt + SETTLING_MS, this.quietFrom) - performance.now();
      if (left <= 0) break;
      await new Promise((resolve) => { setTimeout(resolve, Math.min(left, SETTLING_MS)); });
    }
    if (this.item !== item) return;
    this.wasTyped = false;
    element.dataset.ready = as;
  }

  /** The key was meant for what is gone; the next one counts after a pause. */
  dropped(event) {
    if (element.dataset.ready !== "no" || document.querySelector("dialog[open]")) return false;
    const name = nameOf(event);
    if ((this.wasTyped ? HARMLESS_TYPED : HARMLESS).has(name) || name.startsWith("Alt+")) return false;
    this.pause();
    event.preventDefault();
    event.stopImmediatePropagation();
    return true;
  }

  pause() { this.quietFrom = performance.now() + (this.wasTyped ? PAUSE_TYPED_MS : PAUSE_MS); }

  async painted() {
    const until = performance.now() + 10000;
    await task();
    while (!this.viewer.shown && !this.viewer.message?.isConnected && performance.now() < until) await raf();
    await raf();
    await task();
  }

  load() {
    const { item } = this;
    const pages = item.pages.map((page) => ({
      number: page.page_no, width: page.width, height: page.height, src: picturePath(item, page.page_no, "{width}"), thumb: picturePath(item, page.page_no, "thumb"),
    }));
    const region = this.region && { page: this.region.page_no, box: this.region.box, label: "" };
    this.viewer.load({ pages, region, current: pages[0]?.number });
    if (region) this.viewer.toBox(around(region.box));
    else if (this.viewer.mode !== "width") this.viewer.fit("width");
  }

  /** Fetched ahead, a neighbour may stand as it was before it was settled here. */
  known(item) {
    for (const one of [item.previous, item.next]) {
      if (one && this.settled.has(one.item_id)) Object.assign(one, { state: "settled", is_joinable: false });
    }
  }

  /** Addresses of pictures that an item will ask for, first what is seen first. */
  picturesOf(item) {
    const spot = item.candidates.find((one) => one.person.patient_id === item.preselected)?.confirmation?.spot || item.region || this.anySpot(item);
    const page = item.pages.find((one) => one.page_no === (spot?.page_no ?? 1)) || item.pages[0];
    if (!page) return [];
    const path = (width) => picturePath(item, page.page_no, width);
    return [...new Set([this.viewer.sourceAt({ ...page, src: path("{width}") }, spot && around(spot.box)), path("thumb"), path("screen"), path("full")])];
  }

  anySpot(item) {
    return item.fields.find((one) => one.spot && ["name", "mrn", "birth_date"].includes(one.kind))?.spot || null;
  }

  told(item) {
    const name = (actor) => actor.replace("user:", "");
    const found = [];
    const { parked } = item;
    if (parked?.kind === "answered") found.push({ kind: "info", title: `${name(parked.answered_by)} answers: ${parked.answer}`, text: `${name(parked.by)} asked: ${parked.note}` });
    else if (parked?.kind === "question") found.push({ kind: "info", title: `${name(parked.by)} asks: ${parked.note}`, actions: element.dataset.maySupervise ? [button("Answer", { class: "button button-small", on: { click: () => this.answer() } })] : [] });
    else if (parked?.kind === "parked") found.push({ kind: "info", title: `Parked by ${name(parked.by)}: ${parked.note}` });
    else if (parked?.kind === "keys_differ") found.push({ kind: "warn", title: "Two people settled it differently; you decide.", lines: item.settlements.map((one) => `${name(one.by)}: ${one.person ? `${one.person.name}, born ${one.person.birth_date || "?"}, MRN ${one.person.mrn || "none"}` : "somebody you may not see"}; ${one.type_title}, ${one.service_date || "undated"}`) });
    if (item.unsent_note && item.state === "in_review") found.push({ kind: "info", title: "You typed a note here that was not sent.", text: item.unsent_note, actions: [button("Park with it", { class: "button button-small", id: "unsent-park", on: { click: () => this.doing("park") } }), button("Throw it away", { class: "button button-small", on: { click: () => this.forgetWords() } })] });
    if (item.state !== "in_review") found.push({ kind: "warn", title: `It needs nothing more here. ${NEEDS_NOTHING[item.state] || ""}`, text: "To change that, open the document.", actions: [make("a", { class: "button button-small", href: `/documents/${item.item_id}` }, "Open the document"), button("Next", { class: "button button-small", on: { click: () => this.advance() } })] });
    return found;
  }

  draw() {
    if (this.over) return;
    const keep = this.panel.scrollTop;
    drawPanel(this.panel, { item: this.item, chosen: this.chosen, run: this.run, drafts: this.drafts, notices: this.notices, datum: this.datum, reason: this.reason, types: this.types, position: this.position() });
    this.panel.scrollTop = keep;
    byId("where").textContent = this.item.type_title;
    this.acceptButton?.classList.toggle("button-primary", Boolean(this.chosen));
  }

  get drafts() { return draftsOf.get(this.item.item_id) || {}; }

  /** Something was typed that only this page knows. */
  get isDirty() { return [...draftsOf.values()].some((one) => Object.keys(one).length) || (!this.over && Boolean(this.datum.trim() || this.reason.trim())); }

  position() {
    const { total } = this.queue;
    return `Item ${this.done + 1}${total > this.done ? ` of ${total}` : ""} · `;
  }

  place() {
    const line = byId("position");
    if (line) line.textContent = this.position();
  }

  say() {
    const type = this.item.type_title;
    const who = this.chosen ? "one patient proposed" : "no patient preselected";
    announce(`${this.position().replace(" · ", "")}, ${type}, ${who}`);
  }

  note(kind, title, text = "", more = {}) {
    this.notices = [...this.told(this.item), { kind, title, text, ...more }];
    this.draw();
    this.panel.scrollTop = 0;
  }

  look(spot) {
    this.region = spot;
    this.viewer.toRegion({ page: spot.page_no, box: spot.box, label: "" });
    this.viewer.toBox(around(spot.box));
  }

  zoom() {
    if (this.viewer.mode === "page" && this.region) this.look(this.region);
    else this.viewer.fit("page");
  }
}

/** Large enough to read, with the words that stand before and around it. */
function around([x, y, width, height]) {
  const [w, h] = [Math.max(width * 1.15, 0.62), Math.max(height, 0.1)];
  const left = Math.min(Math.max(0, x - Math.max(0.2 * (w - width), Math.min(0.22, w - width))), 1 - Math.min(w, 1));
  return [left, Math.max(0, y - (h - height) / 2), Math.min(w, 1), h];
}
