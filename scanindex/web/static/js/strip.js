/* The split strip: cursor and selection, acts by key, button and drag, the page at large.

   Every act goes at once, one after the other, with the versions of the strip it is made on, and the answer is
   the strip as it is then. Turning takes seconds and goes beside the others: its page waits, the rest does not.
   A refusal (409) says why and draws the strip anew. #screen tells tests: data-seq (answers drawn), data-busy. */

import { announce, byId } from "./dom.js";
import { csrf, get, post } from "./api.js";
import { bind } from "./keys.js";
import { close, open } from "./dialog.js";
import { toast, toastError } from "./toast.js";
import { StripView, documentOf, nameOf } from "./strip-view.js";

const HOLD_MS = 60_000;
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

class Screen {
  constructor(element) {
    this.element = element;
    this.strip = JSON.parse(element.dataset.strip);
    this.path = `/api/v1/scans/${this.strip.scan_id}/strip`;
    this.from = element.dataset.item ? `?${new URLSearchParams({ item: element.dataset.item })}` : "";
    this.view = new StripView(byId("strip"), this.strip.scan_id);
    this.cursor = documentOf(this.strip, element.dataset.item)?.pages[0] ?? this.strip.pages[0]?.page ?? 0;
    this.anchor = this.cursor;
    this.chosen = new Set(this.cursor ? [this.cursor] : []);
    this.turning = new Set();
    this.queue = Promise.resolve();
    this.waiting = 0;
    this.seq = 0;
    this.dragged = [];
    this.heldAt = 0;
    this.isOwn = false;
    this.listen();
    this.show(this.strip);
    if (element.dataset.item && this.cursor) this.go(this.cursor);
    if (!this.strip.holder || this.strip.holder.is_own) this.hold();
  }

  // --- what is shown ------------------------------------------------------------------
  get order() { return this.strip.pages.map((one) => one.page); }
  page(no) { return this.strip.pages.find((one) => one.page === no); }
  held(no) { return documentOf(this.strip, this.page(no)?.document_id); }
  /** Chosen pages in the order of the paper. */
  get pages() { return this.order.filter((no) => this.chosen.has(no)); }

  show(strip) {
    this.strip = strip;
    this.view.draw(strip, this.turning);
    const [pages, documents] = [strip.pages.length, strip.documents.length];
    byId("count").textContent = `${plural(pages, "page")}, ${plural(documents, "document")}`;
    this.tellHolder();
    this.mark();
    this.element.dataset.seq = String(++this.seq);
  }

  tellHolder() {
    const { holder } = this.strip;
    const isOthers = holder && !holder.is_own;
    byId("holder").textContent = isOthers ? `${holder.login} has this scan until ${new Date(holder.until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}; changes are refused.` : "";
    byId("holder").classList.toggle("strip-taken", Boolean(isOthers));
  }

  mark() {
    for (const no of this.order) {
      const tile = this.view.tile(no);
      const [is, stop] = [String(this.chosen.has(no)), no === this.cursor ? "0" : "-1"];
      if (tile.getAttribute("aria-selected") !== is) tile.setAttribute("aria-selected", is);
      if (tile.getAttribute("tabindex") !== stop) tile.setAttribute("tabindex", stop);
    }
    const pages = this.pages;
    byId("chosen").textContent = pages.length === 1 ? `page ${pages[0]}` : plural(pages.length, "page");
    this.enable(pages);
  }

  enable(pages) {
    const all = pages.map((no) => this.page(no));
    const isFree = pages.length > 0 && all.every((one) => one.is_changeable && !this.turning.has(one.page));
    const held = all.filter((one) => one.document_id);
    const [at, before] = [this.held(this.cursor), this.before()];
    const rules = {
      split: isFree && this.page(this.cursor)?.page_no > 1,
      join: isFree && Boolean(at && before?.is_changeable),
      new: isFree, move: isFree, look: pages.length > 0,
      turn: isFree && held.length === pages.length, blank: isFree && held.length === pages.length,
      separator: isFree && held.length === pages.length, back: isFree && held.length === 0, undo: Boolean(this.strip.undo),
    };
    for (const [name, is] of Object.entries(rules)) byId(`do-${name}`).setAttribute("aria-disabled", String(!is));
    byId("do-undo").title = this.strip.undo ? `Undo ${this.strip.undo}` : "Nothing of yours to undo here";
  }

  /** The document before the cursor's. */
  before() {
    const held = this.held(this.cursor);
    return held ? this.strip.documents[held.number - 2] || null : null;
  }

  // --- cursor and selection -------------------------------------------------------------
  go(no, { extends: isRange = false, adds = false } = {}) {
    if (!this.page(no)) return;
    this.cursor = no;
    if (isRange) {
      const [from, to] = [this.order.indexOf(this.anchor), this.order.indexOf(no)].sort((a, b) => a - b);
      this.chosen = new Set(this.order.slice(from, to + 1));
    } else if (adds) {
      if (!this.chosen.delete(no)) this.chosen.add(no);
      this.anchor = no;
    } else {
      this.chosen = new Set([no]);
      this.anchor = no;
    }
    this.mark();
    const tile = this.view.tile(no);
    tile.focus({ preventScroll: true });
    tile.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (isRange) announce(`${plural(this.chosen.size, "page")} chosen`);
  }

  step(by, isRange) {
    const at = Math.min(Math.max(this.order.indexOf(this.cursor) + by, 0), this.order.length - 1);
    this.go(this.order[at], { extends: isRange });
  }

  /** The nearest tile in the row above (-1) or below (1), as it lies on the screen. */
  row(direction, isRange) {
    const here = this.view.tile(this.cursor).getBoundingClientRect();
    const middle = here.left + here.width / 2;
    let best = null;
    for (const no of this.order) {
      const there = this.view.tile(no).getBoundingClientRect();
      const down = (there.top - here.top) * direction;
      if (down < here.height / 2) continue;
      const far = down * 4 + Math.abs(there.left + there.width / 2 - middle);
      if (!best || far < best.far) best = { no, far };
    }
    if (best) this.go(best.no, { extends: isRange });
  }

  // --- acts -------------------------------------------------------------------------------
  /** what() makes {path, json} from the strip as it is when its turn comes; null: not any more. */
  act(what, then = () => {}) {
    this.busy(1);
    this.queue = this.queue.then(async () => {
      try {
        const asked = what();
        if (asked) {
          const strip = await post(`${this.path}/${asked.path}${this.from}`, asked.json, { quiet: true });
          this.answered(strip);
          then(strip);
        }
      } catch (error) { await this.refused(error); }
      this.busy(-1);
    });
    return this.queue;
  }

  busy(by) {
    this.waiting += by;
    this.element.toggleAttribute("data-busy", this.waiting > 0);
  }

  answered(strip) {
    this.heldAt = Date.now();
    this.isOwn = true;
    this.show(strip);
    if (strip.said) announce(strip.said);
  }

  async refused(error) {
    if (!error?.code) throw error;
    toastError(error);
    if (error.status === 409 || error.status === 422) await this.reload();
  }

  async reload() {
    try { this.show(await get(`${this.path}${this.from}`, { quiet: true })); } catch (error) { toastError(error); }
  }

  versions(pages, ...more) {
    const ids = [...pages.map((no) => this.page(no)?.document_id), ...more].filter(Boolean);
    return Object.fromEntries(ids.map((id) => [id, documentOf(this.strip, id)?.version ?? 0]));
  }

  split() {
    const no = this.cursor;
    this.act(() => {
      const held = this.held(no);
      return held && { path: "split", json: { page: no, document_id: held.document_id, version: held.version } };
    }, () => this.go(no));
  }

  join() {
    const no = this.cursor;
    this.act(() => {
      const [held, before] = [this.held(no), this.before()];
      return held && before && { path: "join", json: { document_id: held.document_id, version: held.version, previous_id: before.document_id, previous_version: before.version } };
    });
  }

  move(pages, to) {
    if (to && !pages.some((no) => this.page(no)?.document_id !== to)) return;
    this.act(() => ({ path: "move", json: { pages, to_document_id: to, versions: this.versions(pages, to) } }));
  }

  aside(kind) {
    const pages = this.pages;
    this.act(() => ({ path: "set-aside", json: { pages, kind, versions: this.versions(pages) } }));
  }

  back() {
    // By where each stood last: those whose document is gone become one of their own again, never part of another's.
    const groups = new Map();
    for (const no of this.pages) {
      const id = this.page(no).came_from ?? this.around(no);
      groups.set(id, [...(groups.get(id) || []), no]);
    }
    const isLocked = (id) => documentOf(this.strip, id)?.is_changeable === false;
    if ([...groups.keys()].some(isLocked)) { toast("The document it stood in is locked.", { kind: "warn", hint: "Make a new one of the pages (n), or move them to another (m)." }); return; }
    for (const [id, pages] of groups) this.move(pages, documentOf(this.strip, id) ? id : null);
  }

  /** The document that stands on both sides of a page set aside; null where they differ. */
  around(no) {
    const at = this.order.indexOf(no);
    const before = this.strip.pages.slice(0, at).findLast((one) => one.document_id)?.document_id;
    const after = this.strip.pages.slice(at).find((one) => one.document_id)?.document_id;
    return before && before === after ? before : null;
  }

  undo() { this.act(() => ({ path: "undo", json: {} })); }

  /** Goes beside the other acts; two of one document wait for each other, since each changes its version. */
  turn() {
    for (const no of this.pages) this.turning.add(no);
    const pages = this.pages;
    this.show(this.strip);
    announce(`${plural(pages.length, "page")} being read again`);
    this.turned = (this.turned || Promise.resolve()).then(async () => {
      for (const no of pages) await this.turnOne(no);
    });
  }

  async turnOne(no) {
    try {
      const held = this.held(no);
      if (held) await post(`${this.path}/rotate${this.from}`, { page: no, document_id: held.document_id, version: held.version, degrees: 90 }, { quiet: true });
      announce(`page ${no} is turned and read`);
    } catch (error) {
      if (!error?.code) throw error;
      toastError(error);
    }
    // Other acts may have been answered meanwhile: the strip is asked for anew, behind them.
    this.busy(1);
    this.queue = this.queue.then(async () => { this.turning.delete(no); await this.reload(); this.busy(-1); });
    await this.queue;
  }

  // --- dialogs ----------------------------------------------------------------------------
  askTo() {
    const input = byId("to-number");
    input.value = "";
    const free = this.strip.documents.filter((one) => one.is_changeable).map((one) => one.number);
    byId("to-hint").textContent = free.length ? `One of ${free.length > 12 ? `${free[0]} to ${free.at(-1)}` : free.join(", ")}; 0 for a new document.` : "0 for a new document.";
    open(byId("to"));
    input.focus();
  }

  /** A number that no further digit can follow needs no Enter. */
  typedTo(isEntered) {
    const text = byId("to-number").value.trim();
    if (!/^\d+$/.test(text)) return;
    const number = Number(text);
    const isWhole = number === 0 || number * 10 > this.strip.documents.length;
    if (!isEntered && !isWhole) return;
    const held = this.strip.documents[number - 1];
    if (number !== 0 && !held?.is_changeable) { byId("to-hint").textContent = held ? `Document ${number} is locked.` : `There is no document ${number}.`; byId("to-number").select(); return; }
    close(byId("to"));
    this.move(this.pages, number ? held.document_id : null);
  }

  look(no = this.cursor) {
    this.go(no);
    const page = this.page(no);
    const title = nameOf(this.strip, page);
    byId("look-title").textContent = title.charAt(0).toUpperCase() + title.slice(1);
    const picture = byId("look-picture");
    picture.alt = title;
    picture.src = `/scans/${this.strip.scan_id}/pictures/${no}/screen?turn=${page.turn ?? 0}`;
    open(byId("look"));
  }

  lookOn(by) {
    const no = this.order[this.order.indexOf(this.cursor) + by];
    if (no === undefined) return;
    this.look(no);
    byId(by < 0 ? "look-previous" : "look-next").focus();
  }

  // --- hands ------------------------------------------------------------------------------
  async hold() {
    try {
      await post(`/api/v1/review/scans/${this.strip.scan_id}/claim`, {}, { quiet: true });
      this.isOwn = true;
      this.heldAt = Date.now();
    } catch (error) { if (error?.code === "claimed") await this.reload(); }
  }

  leave() {
    if (!this.isOwn) return;
    this.isOwn = false;
    fetch(`/api/v1/review/scans/${this.strip.scan_id}/release`, { method: "POST", headers: { "X-CSRF-Token": csrf(), "Content-Type": "application/json" }, body: "{}", keepalive: true }).catch(() => {});
  }

  // --- events -----------------------------------------------------------------------------
  listen() {
    const run = {
      split: () => this.split(), join: () => this.join(), new: () => this.move(this.pages, null), move: () => this.askTo(), turn: () => this.turn(),
      blank: () => this.aside("blank"), separator: () => this.aside("separator"), back: () => this.back(), look: () => this.look(), undo: () => this.undo(),
    };
    for (const [name, does] of Object.entries(run)) {
      byId(`do-${name}`).addEventListener("click", (event) => { if (event.currentTarget.getAttribute("aria-disabled") !== "true") does(); });
    }
    const group = "Cursor";
    const by = (label, does) => ({ label, run: does, group, repeat: true });
    bind({
      ArrowRight: by("Next page", () => this.step(1)), ArrowLeft: by("Previous page", () => this.step(-1)),
      ArrowDown: by("Row below", () => this.row(1)), ArrowUp: by("Row above", () => this.row(-1)),
      "Shift+ArrowRight": by("Choose on to the next page", () => this.step(1, true)), "Shift+ArrowLeft": by("Choose back to the page before", () => this.step(-1, true)),
      "Shift+ArrowDown": by("Choose on to the row below", () => this.row(1, true)), "Shift+ArrowUp": by("Choose back to the row above", () => this.row(-1, true)),
      Home: by("First page", () => this.go(this.order[0])), End: by("Last page", () => this.go(this.order.at(-1))),
      Enter: { label: "Look at the page large", group, run: () => this.look() },
      Space: { label: "Choose or leave out the page", group, run: () => this.go(this.cursor, { adds: true }) },
    });
    const box = byId("strip");
    // Enter and Space on a page are its own; keys.js leaves them to the element with the focus.
    box.addEventListener("keydown", (event) => {
      if (!event.target.closest("[role=option]") || event.ctrlKey || event.altKey) return;
      if (event.key === "Enter") { event.preventDefault(); this.look(); }
      if (event.key === " ") { event.preventDefault(); this.go(this.cursor, { adds: true }); }
    });
    box.addEventListener("click", (event) => {
      const no = Number(event.target.closest("[data-page]")?.dataset.page);
      if (no) this.go(no, { extends: event.shiftKey, adds: event.ctrlKey || event.metaKey });
    });
    box.addEventListener("dblclick", (event) => { if (event.target.closest("[data-page]")) this.look(); });
    this.listenDrag(box);
    byId("to-form").addEventListener("submit", (event) => { event.preventDefault(); this.typedTo(true); });
    byId("to-number").addEventListener("input", () => this.typedTo(false));
    byId("look-previous").addEventListener("click", () => this.lookOn(-1));
    byId("look-next").addEventListener("click", () => this.lookOn(1));
    byId("look").addEventListener("close", () => setTimeout(() => this.view.tile(this.cursor)?.focus({ preventScroll: true })));
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("scanindex:seen", () => { if (this.isOwn && Date.now() - this.heldAt > HOLD_MS) { this.heldAt = Date.now(); this.hold(); } });
    byId("strip").addEventListener("focusin", () => { if (this.isOwn && Date.now() - this.heldAt > HOLD_MS) { this.heldAt = Date.now(); this.hold(); } });
  }

  listenDrag(box) {
    const target = (event) => {
      const band = event.target.closest?.("[data-band]");
      return band && this.dragged.length && !band.matches(".is-locked") ? band : null;
    };
    const clear = () => { for (const one of box.querySelectorAll(".is-target")) one.classList.remove("is-target"); };
    box.addEventListener("dragstart", (event) => {
      const no = Number(event.target.closest?.("[data-page]")?.dataset.page);
      if (!no) return;
      if (!this.chosen.has(no)) this.go(no);
      if (!this.pages.every((one) => this.page(one).is_changeable && !this.turning.has(one))) { event.preventDefault(); return; }
      this.dragged = this.pages;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", plural(this.dragged.length, "page"));
      for (const one of this.dragged) this.view.tile(one).classList.add("is-dragged");
      box.classList.add("is-dragging");
    });
    box.addEventListener("dragover", (event) => {
      const band = target(event);
      if (!band) return;
      event.preventDefault();
      if (!band.classList.contains("is-target")) { clear(); band.classList.add("is-target"); }
    });
    box.addEventListener("dragleave", (event) => { if (!event.relatedTarget?.closest?.("[data-band]")) clear(); });
    box.addEventListener("drop", (event) => {
      const band = target(event);
      if (!band) return;
      event.preventDefault();
      this.move(this.dragged, band.dataset.band === "new" ? null : band.dataset.band);
    });
    box.addEventListener("dragend", () => {
      for (const one of this.dragged) this.view.tile(one)?.classList.remove("is-dragged");
      this.dragged = [];
      box.classList.remove("is-dragging");
      clear();
    });
  }
}

const screen = byId("screen");
if (screen) {
  new Screen(screen);
  screen.dataset.ready = "yes";
}
