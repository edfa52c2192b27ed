/* The review workbench: one item at a time, by keys. Start reading at Bench.show and Bench.settle.

   Nothing is filed that was not on the screen: an accept counts only once the picture of the page is there and
   the item stood for a moment (Bench.opened), whether it comes by key or by pointer. Keys that still belong to the
   item before are dropped, and each that is dropped asks for a pause before the next one counts; behind something
   typed that is a longer one, and every character is dropped. Where something is to be typed from the paper,
   nobody is settled without it, and a wrong answer takes the choice back.

   For measuring, #bench carries data-ready ("yes" once keys are taken), data-item-id, data-seq (items shown),
   data-next-ms (answer of the service, or its place in memory, to picture on the screen), data-turn-ms (key to
   picture), data-last-strokes, data-last-kind. */

import { get, post } from "./api.js";
import { announce, button, byId, make } from "./dom.js";
import { bind, nameOf } from "./keys.js";
import { toast, toastError } from "./toast.js";
import { startTypeaheads } from "./typeahead.js";
import { Viewer } from "./viewer.js";
import { newPatient, pickRun, why } from "./review-dialogs.js";
import { pickType, typeDate } from "./review-pick.js";
import { Queue } from "./review-queue.js";
import { element } from "./review-screen.js";
import { Settling } from "./review-settle.js";
import { Words } from "./review-words.js";

const isDeciding = (what) => !["undo", "skip", "strip"].includes(what);
const NOT_RECORD = ["Not a medical record", "Same as another document", "Test page or separator", "Nothing on it"];
const RESCAN = ["Cut off", "Too light", "Blurred", "Folded or covered"];
const UNREADABLE = ["Faded", "Water or stain", "Handwriting nobody can read"];
const PARK = ["Other pages are needed", "Patient is being looked up", "Waits for the paper"];

class Bench extends Settling {
  constructor() {
    super();
    const { dataset } = element;
    this.types = new Map(JSON.parse(dataset.types));
    this.words = new Words();
    this.queue = new Queue(JSON.parse(dataset.filters), (item) => this.picturesOf(item));
    this.viewer = Viewer.of(byId("paper"));
    this.panel = byId("panel");
    Object.assign(this, { item: null, chosen: null, run: [], notices: [], datum: "", done: 0, seq: 0, busy: false, unsent: "", held: 0, touched: 0, strokes: 0, recent: [], visibleAt: Infinity, quietFrom: 0, wasTyped: false, reason: "", settled: new Set() });
    this.listen();
    this.drawFoot();
    const first = JSON.parse(dataset.item);
    delete dataset.item;
    this.show(first).then(() => this.keep());
  }

  // --- other acts ----------------------------------------------------------------------
  /** With a note; one that could not be sent stands in the question when it is asked again, also in another session. */
  async lay(path, question, more = () => ({})) {
    const { item } = this;
    const before = item.unsent_note;
    const answer = await why({ ...question, value: this.unsent, typed: (words) => this.words.typed(item, words) });
    if (!answer) { this.words.back(item, before); return; }
    const acted = performance.now();
    this.unsent = answer.note;
    await this.words.settled();
    const done = await this.call(`items/${item.item_id}/${path}`, { version: item.version, ...answer, ...more() });
    if (!done) { this.words.keep(item, answer.note); return; }
    this.unsent = "";
    await this.goOn(done, acted);
  }

  async forgetWords() {
    await this.words.keep(this.item, "");
    this.unsent = "";
    this.notices = this.told(this.item);
    this.draw();
  }

  rejecting(state, question) { return this.lay("reject", question, () => ({ state, ...this.effort() })); }

  async answer() {
    const answer = await why({ title: "Answer the question", ok: "Answer" });
    if (!answer) return;
    const done = await this.call(`items/${this.item.item_id}/answer`, answer);
    if (done) { toast("Answered; it is in the queue again.", { kind: "good" }); await this.again(done.item_id); }
  }

  /** Pages changed: shown anew, and what was fetched ahead is forgotten. */
  async changed(path, body, words, says = "") {
    const { item } = this;
    const done = await this.call(`items/${item.item_id}/${path}`, { version: item.version, ...body }, { says });
    if (!done) return;
    toast(words, { kind: "good", action: this.undoing() });
    await this.again(done.item_id);
  }

  async again(itemId) {
    this.queue.forget();
    try {
      const item = await get(`/api/v1/review/items/${itemId}`, { quiet: true });
      if (item.state === "in_review") await this.show(item);
      else await this.advance();
    } catch (error) {
      if (error.code === "not_found") await this.advance();
      else await this.refused(error);
    }
  }

  split(number = this.viewer.page?.number || 1) {
    if (number < 2) { this.note("info", "Go to the page that begins another document (PgDn), then s."); return; }
    this.changed("split", { before_page_no: number }, `Split: page ${number} begins another document.`);
  }

  join() {
    const { previous } = this.item;
    if (!previous?.is_joinable) { this.note("info", "There is nothing before it that still waits."); return; }
    this.changed("join", { previous_id: previous.item_id, previous_version: previous.version }, "Joined with the one before.");
  }

  rotate() { this.changed("rotate", { page_no: this.viewer.page?.number || 1, degrees: 90 }, "Turned and read again.", "The page is being turned and read again; this takes some seconds."); }
  blank() { this.changed("blank", { page_no: this.viewer.page?.number || 1 }, "Set aside as blank."); }

  async undo() {
    const done = await this.call("undo", {});
    if (!done) return;
    if (this.isWaiting) this.done = Math.max(0, this.done - done.item_ids.length);
    for (const id of done.item_ids) this.settled.delete(id);
    this.lastToast?.close();
    toast(`${done.words.charAt(0).toUpperCase()}${done.words.slice(1)}.`, { seconds: 5 });
    this.over = false;
    await this.again(done.item_ids[0]);
  }

  async skip() {
    const acted = performance.now();
    this.queue.skip(this.item.item_id);
    await this.advance(acted);
  }

  async newcomer() {
    if (!element.dataset.mayAdd) { this.note("info", "Adding patients is not among your rights."); return; }
    let before = null;
    let isKnown = false;
    let known = [];
    for (;;) {
      const given = await newPatient(this.item, { isKnown, before, known });
      if (!given) return;
      if (given.patient_id) { await this.found(given.patient_id); return; }
      const acted = performance.now();
      const done = await this.call(`items/${this.item.item_id}/new-patient`, { ...given, version: this.item.version, ...this.drafts, ...this.effort() });
      if (done) { await this.goOn(done, acted); return; }
      if (element.dataset.lastKind !== "not_allowed_now") return;
      [before, isKnown, known] = [given, true, await this.holding(given)];
    }
  }

  /** Whom the roster holds under that number, or by that name and birth date. */
  async holding({ mrn, last_name, first_name, birth_date }) {
    const found = new Map();
    for (const text of [mrn.trim(), `${last_name} ${first_name} ${birth_date}`.trim()].filter((one) => one.length > 1)) {
      const answer = await post("/api/v1/patients/find", { text }, { quiet: true }).catch(() => null);
      for (const one of answer?.suggestions.slice(0, 3) || []) found.set(one.id, one);
    }
    return [...found.values()];
  }

  async marking() {
    const { items } = await get(`/api/v1/review/items/${this.item.item_id}/following`).catch(() => ({ items: null }));
    if (!items) return;
    if (!items.length) { this.note("info", "Nothing of this scan waits behind it."); return; }
    const run = await pickRun(this.item, items);
    if (!run) return;
    this.run = run;
    const { chosen } = this;
    this.draw();
    if (chosen && run.length) await this.found(chosen.person.patient_id);
  }

  async type() {
    const code = await pickType(byId("meant"), this.types, this.recent, this.drafts.document_type ?? this.item.document_type);
    if (code) {
      this.drafts.document_type = code;
      this.recent = [code, ...this.recent.filter((one) => one !== code)].slice(0, 5);
      announce(`Type: ${this.types.get(code)}`);
    }
    this.back(code);
  }

  async date() {
    const date = await typeDate(byId("meant"), element.dataset.dateOrder, this.drafts.service_date ?? this.item.service_date);
    if (date) { this.drafts.service_date = date; announce(`Date: ${date}`); }
    this.back(date);
  }

  /** What was typed so far stays; the next key is a command again. */
  back(value) {
    if (!value) return;
    this.draw();
    if (this.chosen?.confirmation) byId("datum")?.focus();
    else this.panel.focus({ preventScroll: true });
  }

  search() {
    const place = byId("search");
    if (!place.firstChild) {
      const input = make("input", { class: "input", id: "person", type: "search", "data-typeahead": "/api/v1/patients/suggest", "data-typeahead-enter": "pick", autocomplete: "off", spellcheck: "false" });
      place.append(make("div", { class: "field" }, make("label", { for: "person" }, "Somebody else in the roster"), make("div", { class: "combo combo-up" }, input), make("p", { class: "hint" }, "Name, record number or birth date, in any order")));
      startTypeaheads(place);
      input.addEventListener("typeahead:pick", (event) => { event.preventDefault(); this.found(event.detail.item.id); });
      input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    }
    byId("person").focus();
    place.scrollIntoView({ block: "nearest" });
  }

  // --- hands -----------------------------------------------------------------------------
  doing(what) {
    const own = {
      type: () => this.type(), date: () => this.date(), accept: () => this.accept(), search: () => this.search(), new: () => this.newcomer(),
      park: () => this.lay("park", { title: "Park it with a note", ok: "Park", choices: PARK }),
      ask: () => this.lay("ask", { title: "Ask a supervisor", ok: "Ask", choices: ["Which patient?", "Is this a record?", "Where does it begin and end?"] }),
      reject: () => this.rejecting("entered_in_error", { title: "Entered in error: not to be filed", text: "The scan is kept; undo brings the item back.", ok: "Reject", choices: NOT_RECORD, isBad: true }),
      rescan: () => this.rejecting("rescan_wanted", { title: "Rescan wanted", ok: "Rescan", choices: RESCAN }),
      paper: () => this.rejecting("paper_kept", { title: "Unreadable: keep the paper", text: "No picture of it will be readable; the paper itself stays the record.", ok: "Keep paper", choices: UNREADABLE }),
      split: () => this.split(), join: () => this.join(), rotate: () => this.rotate(), blank: () => this.blank(), undo: () => this.undo(),
      run: () => this.marking(), skip: () => this.skip(), strip: () => { location.assign(`/scans/${this.item.scan_id}/strip?item=${this.item.item_id}`); },
    };
    const isAllowedAfter = ["undo", "accept"].includes(what);
    if (this.busy || (this.over && !isAllowedAfter)) return;
    if (element.dataset.ready === "no" && isDeciding(what)) { this.pause(); return; }
    own[what]();
  }

  drawFoot() {
    const key = (what, sign, label, group, css = "") => button("", { class: `button ${css}`, "data-key": sign, "data-key-label": label, "data-key-group": group, "aria-keyshortcuts": sign, on: { click: () => this.doing(what) } });
    const plain = (what, sign, label, group, css = "") => { const one = key(what, sign, label, group, css); one.append(make("span", {}, label), make("kbd", {}, sign)); return one; };
    this.acceptButton = plain("accept", "a", "File it", "Settle", "review-accept");
    this.acceptButton.querySelector("kbd").textContent = "Enter";
    const quiet = (...more) => plain(...more, "button-small");
    byId("foot").replaceChildren(
      make("div", { class: "review-acts" }, this.acceptButton, plain("search", "p", "Other patient", "Settle"), plain("new", "n", "Not in roster", "Settle")),
      make("div", { class: "review-acts review-more" }, quiet("park", "h", "Park", "Settle"), quiet("ask", "q", "Ask", "Settle"), quiet("rescan", "w", "Rescan", "Settle"), quiet("paper", "k", "Keep paper", "Settle"), quiet("reject", "x", "Reject", "Settle"), quiet("run", "m", "Run", "Settle"),
        quiet("split", "s", "Split", "Pages"), quiet("join", "j", "Join", "Pages"), quiet("rotate", "r", "Turn", "Pages"), quiet("blank", "b", "Blank", "Pages"), quiet("strip", "g", "Strip", "Pages"), quiet("undo", "u", "Undo", "Go"), quiet("skip", ".", "Skip", "Go")));
  }

  listen() {
    const go = (label, group, what) => ({ label, group, run: () => this.doing(what) });
    const view = (label, what, repeat = false) => ({ label, group: "Page image", repeat, run: () => { if (!this.over) this.viewer.act(what); } });
    bind({
      Enter: go("File it: what is chosen", "Settle", "accept"), "/": go("Other patient", "Settle", "search"),
      Escape: { label: "Choose nobody", group: "Settle", run: () => this.unchoose() },
      z: { label: "Whole page, and back", group: "Page image", run: () => { if (!this.over) this.zoom(); } },
      PageDown: view("Next page", "next"), PageUp: view("Previous page", "previous"), "+": view("Larger", "larger", true), "=": { run: () => this.viewer.act("larger"), repeat: true }, "-": view("Smaller", "smaller", true),
      ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [String(number), { label: `Patient ${number}`, group: "Settle", run: () => { if (!this.over && !this.busy) this.choose(this.item.candidates[number - 1]); } }])),
    });
    // Before all others: what was still meant for the item before is dropped.
    window.addEventListener("keydown", (event) => this.heard(event), { capture: true });
    element.addEventListener("review:choose", (event) => this.choose(event.detail.candidate));
    element.addEventListener("review:spot", (event) => this.look(event.detail.spot));
    element.addEventListener("review:split", (event) => { if (!this.busy && !this.over && element.dataset.ready !== "no") this.split(event.detail.before); });
    element.addEventListener("review:do", (event) => this.doing(event.detail.what));
    this.panel.addEventListener("input", (event) => { if (event.target.id === "datum") this.typed(event.target); if (event.target.id === "reason") this.reason = event.target.value; });
    for (const kind of ["pointerdown", "keydown", "wheel"]) window.addEventListener(kind, () => { this.touched = Date.now(); }, { capture: true, passive: true });
    setInterval(() => this.watch(), 5000);
    // A session that ended has wiped the page: nothing may hold up that.
    window.addEventListener("beforeunload", (event) => { if (element.isConnected && this.isDirty) event.preventDefault(); });
    window.addEventListener("pagehide", () => this.queue.leave());
  }

  heard(event) {
    const name = nameOf(event);
    if (!name || event.ctrlKey || event.metaKey) return;
    if (this.dropped(event)) return;
    if (!event.repeat) this.strokes += 1;
    if (name === "Enter" && event.target.id === "reason") { event.preventDefault(); event.stopPropagation(); this.accept(); }
    else if (name === "Enter" && event.target.id === "datum") { event.preventDefault(); event.stopPropagation(); this.datum = event.target.value; this.accept(); }
    else if (name === "Enter" && event.target.matches?.(".review-field, .review-candidate input")) { event.preventDefault(); event.stopPropagation(); this.accept(); }
    else if (name === "Escape" && ["datum", "reason"].includes(event.target.id)) { event.preventDefault(); event.stopPropagation(); this.unchoose(); }
  }

  typed(field) {
    this.datum = field.value;
    const asked = this.chosen?.confirmation;
    const length = field.value.replace(/[^\p{L}\p{N}]/gu, "").length;
    if (asked && length >= asked.keys && !this.busy && element.dataset.ready !== "no") this.accept();
  }
}

if (element) new Bench();
else toastError(new Error("This page is incomplete; load it again."));
