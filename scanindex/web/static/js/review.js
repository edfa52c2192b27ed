/* The review workbench: one item at a time, by keys. Start reading at Bench.show and Bench.settle.

   Nothing is filed that was not on the screen: an accept counts only once the picture of the page is there and
   the item stood for a moment (keys that still belong to the item before are dropped). Where something is to be
   typed from the paper, nobody is settled without it, and a wrong answer takes the choice back.

   For measuring, #bench carries data-ready ("yes" once keys are taken), data-item-id, data-seq (items shown),
   data-next-ms (answer of the service, or its place in memory, to picture on the screen), data-turn-ms (key to
   picture), data-last-strokes, data-last-kind. */

import { get, post } from "./api.js";
import { announce, button, byId, icon, make } from "./dom.js";
import { bind, nameOf } from "./keys.js";
import { toast, toastError } from "./toast.js";
import { startTypeaheads } from "./typeahead.js";
import { Viewer } from "./viewer.js";
import { newPatient, pickRun, why } from "./review-dialogs.js";
import { drawPanel } from "./review-panel.js";
import { pickType, typeDate } from "./review-pick.js";
import { picturePath, Queue } from "./review-queue.js";

const SETTLING_MS = 300;
const ACTS = new Set(["Enter", "a", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "x", "w", "k", "b", "r", "s", "j"]);
const WORDS = {
  accepted: "Settled", first_key: "Settled", keys_differ: "Settled", rescan_wanted: "Rescan wanted", entered_in_error: "Entered in error",
  paper_kept: "Paper kept", parked: "Parked", asked: "Question put",
};
const NOT_RECORD = ["Not a medical record", "Same as another document", "Test page or separator", "Nothing on it"];
const RESCAN = ["Cut off", "Too light", "Blurred", "Folded or covered"];
const UNREADABLE = ["Faded", "Water or stain", "Handwriting nobody can read"];
const PARK = ["Other pages are needed", "Patient is being looked up", "Waits for the paper"];

const element = byId("bench");
const raf = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
const task = () => new Promise((resolve) => { setTimeout(resolve, 0); });
const draftsOf = new Map();

class Bench {
  constructor() {
    const { dataset } = element;
    this.types = new Map(JSON.parse(dataset.types));
    this.queue = new Queue(JSON.parse(dataset.filters));
    this.viewer = Viewer.of(byId("paper"));
    this.panel = byId("panel");
    Object.assign(this, { item: null, chosen: null, run: [], notices: [], datum: "", done: 0, seq: 0, busy: false, unsent: "", held: 0, touched: 0, strokes: 0, recent: [] });
    this.listen();
    this.drawFoot();
    const first = JSON.parse(dataset.item);
    delete dataset.item;
    this.show(first).then(() => this.keep());
  }

  // --- showing ----------------------------------------------------------------
  /** pending: what is still under way with the item before; keys are taken once it is known. */
  async show(item, { notices = [], from = performance.now(), acted = from, pending = null } = {}) {
    element.dataset.ready = "no";
    const same = this.item?.item_id === item.item_id;
    if (!same) this.unsent = "";
    Object.assign(this, { item, run: [], datum: "", strokes: 0, shownAt: performance.now(), over: false });
    if (!draftsOf.has(item.item_id)) draftsOf.set(item.item_id, {});
    this.notices = [...this.told(item), ...notices];
    this.chosen = item.candidates.find((one) => one.person.patient_id === item.preselected) || null;
    this.region = this.chosen?.confirmation?.spot || item.region || this.anySpot(item);
    this.draw();
    this.load();
    history.replaceState(null, "", `/review/items/${item.item_id}${element.dataset.query ? `?${element.dataset.query}` : ""}`);
    await this.painted();
    this.seq += 1;
    performance.measure("review:next", { start: from, end: performance.now() });
    Object.assign(element.dataset, { itemId: item.item_id, seq: this.seq, nextMs: (performance.now() - from).toFixed(1), turnMs: (performance.now() - acted).toFixed(1) });
    if (!same || this.seq === 1) this.panel.scrollTop = 0;
    if (pending && (await pending).error) return;
    if (this.chosen?.confirmation) byId("datum")?.focus();
    this.say();
    this.queue.refill(item);
    this.queue.counted.then(() => this.place());
    await new Promise((resolve) => { setTimeout(resolve, Math.max(0, SETTLING_MS - (performance.now() - this.shownAt))); });
    if (this.item === item) element.dataset.ready = "yes";
  }

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
    return found;
  }

  draw() {
    if (this.over) return;
    const keep = this.panel.scrollTop;
    drawPanel(this.panel, { item: this.item, chosen: this.chosen, run: this.run, drafts: this.drafts, notices: this.notices, datum: this.datum, types: this.types, position: this.position() });
    this.panel.scrollTop = keep;
    byId("where").textContent = this.item.type_title;
    this.acceptButton?.classList.toggle("button-primary", Boolean(this.chosen));
  }

  get drafts() { return draftsOf.get(this.item.item_id) || {}; }

  position() {
    const waiting = this.queue.counts?.waiting;
    return waiting ? `Item ${this.done + 1} of ${waiting + this.done} · ` : `Item ${this.done + 1} · `;
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

  // --- choosing ----------------------------------------------------------------
  choose(candidate) {
    if (!candidate) return;
    this.chosen = candidate;
    this.datum = "";
    this.notices = this.told(this.item);
    this.draw();
    const spot = candidate.confirmation?.spot;
    if (spot) this.look(spot);
    const field = byId("datum");
    if (field) { field.focus(); field.closest(".candidate").scrollIntoView({ block: "nearest" }); }
    else this.panel.querySelector(".candidate.is-chosen input")?.focus({ preventScroll: true });
    announce(candidate.confirmation ? `Type, from the page, ${candidate.confirmation.words}` : "Chosen. Enter files it.");
  }

  unchoose() {
    if (!this.chosen) return false;
    this.chosen = null;
    this.run = [];
    this.datum = "";
    this.draw();
    this.panel.focus({ preventScroll: true });
    return true;
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

  async found(patientId) {
    const asked = { patient_id: patientId, is_run: this.run.length > 0 };
    const answer = await this.call(`items/${this.item.item_id}/confirmation`, asked);
    if (!answer) return;
    const known = this.item.candidates.find((one) => one.person.patient_id === answer.person.patient_id);
    this.choose(known ? Object.assign(known, { confirmation: answer.confirmation }) : { number: 0, person: answer.person, compared: answer.compared, confirmation: answer.confirmation, looks_like: [] });
  }

  // --- settling ------------------------------------------------------------------
  accept() {
    if (this.over) { this.leave(); return; }
    if (!this.chosen) { this.note("warn", "Choose first whose it is.", this.item.candidates.length ? "1 to 5 chooses; p looks for somebody else; n: not in the roster." : "p looks for somebody; n: not in the roster."); return; }
    const asked = this.chosen.confirmation;
    if (asked && !this.datum.trim()) { byId("datum")?.focus(); return; }
    this.settle();
  }

  async settle() {
    if (!this.viewer.shown || this.viewer.message?.isConnected) { this.note("bad", "The page is not on the screen.", "Nothing is filed unseen. Wait for it, or put the item aside (h)."); return; }
    const { item, chosen } = this;
    const acted = performance.now();
    const body = { patient_id: chosen.person.patient_id, ...(chosen.confirmation ? { datum: this.datum } : {}), ...this.effort() };
    if (this.run.length) { await this.settleRun(body, acted); return; }
    if (!chosen.confirmation && this.queue.items.length) { await this.settleAhead(body, acted); return; }
    const done = await this.call(`items/${item.item_id}/accept`, { ...body, version: item.version, ...this.drafts });
    if (done) await this.goOn(done, acted);
  }

  /** Nothing is asked, so hardly anything can be wrong: the next one shows while this one is written. Was it
      refused, it is back on the screen with the reason. */
  async settleAhead(body, acted) {
    const { item, strokes } = this;
    this.busy = true;
    const pending = post(`/api/v1/review/items/${item.item_id}/accept`, { ...body, version: item.version, ...this.drafts }, { quiet: true }).then((done) => ({ done }), (error) => ({ error }));
    this.lastToast?.close();
    if (this.isWaiting) this.done += 1;
    const showing = this.show(this.queue.items.shift(), { from: acted, acted, pending });
    const { done, error } = await pending;
    this.busy = false;
    if (error) {
      if (this.isWaiting) this.done -= 1;
      this.queue.forget();
      await this.show(item);
      await this.refused(error);
      return;
    }
    draftsOf.delete(item.item_id);
    Object.assign(element.dataset, { lastStrokes: String(strokes), lastKind: done.kind });
    this.lastToast = toast(`${WORDS[done.kind] || "Done"}.`, { kind: "good", seconds: 5, action: this.undoing() });
    await showing;
  }

  async settleRun(body, acted) {
    const items = [{ item_id: this.item.item_id, version: this.item.version }, ...this.run];
    const done = await this.call("run", { ...body, items });
    if (!done) return;
    this.queue.forget();
    this.done += done.done.length;
    const left = done.refused.length;
    toast(`${done.done.length} items settled to one patient${left ? `; ${left} left as they were` : ""}.`, { kind: left ? "warn" : "good", hint: left ? [...new Set(done.refused.map((one) => one.why))].join("; ") : "", seconds: 12, action: this.undoing() });
    await this.advance(acted);
  }

  /** Done with it: on to what is ready. */
  async goOn(done, acted) {
    Object.assign(element.dataset, { lastStrokes: String(this.strokes), lastKind: done.kind });
    draftsOf.delete(this.item.item_id);
    if (this.isWaiting) this.done += 1;
    this.lastToast?.close();
    this.lastToast = toast(`${WORDS[done.kind] || "Done"}.`, { kind: "good", seconds: 5, action: this.undoing() });
    await this.advance(acted);
  }

  get isWaiting() { return (this.queue.filters.state || "waiting") === "waiting"; }

  undoing() { return { label: "Undo", run: () => this.undo(), key: "u" }; }

  async advance(acted = performance.now()) {
    const after = this.item.item_id;
    const from = performance.now();
    try {
      const item = await this.queue.next(after);
      if (item) await this.show(item, { from, acted });
      else this.finish();
    } catch (error) {
      this.refused(error);
    }
  }

  finish() {
    this.over = true;
    element.dataset.ready = "over";
    this.panel.replaceChildren(make("div", { class: "state" }, icon("check"), make("h2", {}, "Nothing more waits here"), make("p", {}, "What comes in appears in the queue by itself."),
      make("div", { class: "actions" }, make("a", { class: "button button-primary", href: `/review${element.dataset.query ? `?${element.dataset.query}` : ""}`, autofocus: true }, "To the queue"))));
    this.viewer.load({ pages: [] });
    this.panel.querySelector("a").focus();
    announce("Nothing more waits here");
  }

  leave() { location.assign(`/review${element.dataset.query ? `?${element.dataset.query}` : ""}`); }

  effort() {
    return { seconds: Math.min(86400, Math.round((performance.now() - this.shownAt) / 100) / 10), keystrokes: this.strokes };
  }

  // --- asking the service -------------------------------------------------------------
  /** The answer, or null once what went wrong is on the screen. Only one act is under way at a time. */
  async call(path, body, { method = post, says = "" } = {}) {
    if (this.busy) return null;
    this.busy = true;
    element.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => { if (says) this.note("info", says); }, says ? 0 : 60000);
    try {
      return await method(`/api/v1/review/${path}`, body, { quiet: true });
    } catch (error) {
      clearTimeout(slow);
      await this.refused(error);
      return null;
    } finally {
      clearTimeout(slow);
      this.busy = false;
      element.removeAttribute("aria-busy");
    }
  }

  async refused(error) {
    const shown = { datum_differs: () => this.differs(), conflict: () => this.stale(error), claimed: () => this.lost(error), not_found: () => this.gone(), offline: () => this.note("warn", "Not sent: the service cannot be reached.", "Nothing was changed. What you typed is kept: do it again once the connection is back.") };
    element.dataset.lastKind = error.code || "error";
    if (shown[error.code]) await shown[error.code]();
    else this.note("bad", error.message, error.hint || "");
    if (error.code === "offline") byId("datum")?.focus();
  }

  differs() {
    this.chosen = null;
    this.run = [];
    this.datum = "";
    this.note("bad", "That is not what the roster says of this patient. Nothing was filed.", "Look at the paper again: it may be somebody else. Nobody is chosen now.");
    this.panel.focus({ preventScroll: true });
    announce("It does not fit. Nothing was filed. Nobody is chosen.");
  }

  async stale(error) {
    const { item } = this;
    this.queue.forget();
    try {
      const [{ changes }, now] = await Promise.all([get(`/api/v1/review/items/${item.item_id}/changes?from_version=${item.version}`, { quiet: true }), get(`/api/v1/review/items/${item.item_id}`, { quiet: true })]);
      const lines = changes.map((one) => `${one.words}, by ${one.by.replace("user:", "")}, ${new Date(one.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`);
      const isOpen = now.state === "in_review";
      const notice = { kind: "warn", title: "It changed since you looked. Nothing of yours was filed.", text: isOpen ? "This is how it is now; the type and date you chose are kept." : "It needs nothing more from you.", lines: lines.length ? lines : [error.message], actions: isOpen ? [] : [button("Next", { class: "button button-small", on: { click: () => this.advance() } })] };
      await this.show(now, { notices: [notice] });
    } catch (problem) {
      if (problem.code === "not_found") this.gone();
      else this.note("bad", problem.message || error.message, problem.hint || "");
    }
  }

  lost(error) {
    const who = /claimed by (?:user:)?(\S+)/.exec(error.message)?.[1] || "Somebody else";
    this.note("warn", `${who} has this scan now. Nothing of yours was filed.`, "It is shown to you as it was.", { actions: [button("Try to take it again", { class: "button button-small", on: { click: () => this.keep(true) } }), button("Next", { class: "button button-small", on: { click: () => this.advance() } })] });
  }

  gone() {
    this.queue.forget();
    this.note("warn", "This item is not here any more.", "Its pages stand in another document now, or somebody settled it.", { actions: [button("Next", { class: "button button-small button-primary", on: { click: () => this.advance() } })] });
  }

  /** Ours a while longer; says so where it is not. */
  async keep(isTold = false) {
    if (this.over) return;
    try {
      const claim = await this.queue.hold(this.item.scan_id);
      this.held = Date.parse(claim.until);
      this.slack = this.held - Date.now();
      this.renewed = Date.now();
      this.isLeft = false;
      if (isTold) this.note("good", "It is yours again.");
    } catch (error) {
      if (error.code === "claimed") this.lost(error);
      else if (error.code === "not_found") this.gone();
    }
  }

  watch() {
    if (!this.held || this.over) return;
    const minutes = Number(element.dataset.claimMinutes);
    if (this.touched > this.renewed && Date.now() - this.renewed > (minutes * 60000) / 4) { this.keep(); return; }
    if (!this.isLeft && Date.now() - this.renewed > minutes * 60000) {
      this.isLeft = true;
      this.queue.forget();
      this.note("warn", `Nobody touched this for ${minutes} minutes.`, "The scan went back to the queue; somebody else may take it.", { actions: [button("Take it up again", { class: "button button-small button-primary", on: { click: () => this.keep(true) } })] });
    }
  }

  // --- other acts ----------------------------------------------------------------------
  /** With a note; one that could not be sent stands in the question when it is asked again. */
  async lay(path, question, more = () => ({})) {
    const answer = await why({ ...question, value: this.unsent });
    if (!answer) return;
    const acted = performance.now();
    this.unsent = answer.note;
    const done = await this.call(`items/${this.item.item_id}/${path}`, { version: this.item.version, ...answer, ...more() });
    if (!done) return;
    this.unsent = "";
    await this.goOn(done, acted);
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

  split() {
    const number = this.viewer.page?.number || 1;
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
    for (;;) {
      const given = await newPatient(this.item, { isKnown, before });
      if (!given) return;
      const acted = performance.now();
      const done = await this.call(`items/${this.item.item_id}/new-patient`, { ...given, version: this.item.version, ...this.drafts, ...this.effort() });
      if (done) { await this.goOn(done, acted); return; }
      if (element.dataset.lastKind !== "not_allowed_now") return;
      [before, isKnown] = [given, true];
    }
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
      const input = make("input", { class: "input", id: "person", type: "search", "data-typeahead": "/api/v1/patients/suggest", autocomplete: "off", spellcheck: "false" });
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
      run: () => this.marking(), skip: () => this.skip(), strip: () => { location.assign(`/scans/${this.item.scan_id}/strip`); },
    };
    const isAllowedAfter = ["undo", "accept"].includes(what);
    if (this.busy || (this.over && !isAllowedAfter)) return;
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
    element.addEventListener("review:do", (event) => this.doing(event.detail.what));
    this.panel.addEventListener("input", (event) => { if (event.target.id === "datum") this.typed(event.target); });
    for (const kind of ["pointerdown", "keydown", "wheel"]) window.addEventListener(kind, () => { this.touched = Date.now(); }, { capture: true, passive: true });
    setInterval(() => this.watch(), 5000);
    window.addEventListener("pagehide", () => this.queue.leave());
  }

  heard(event) {
    const name = nameOf(event);
    if (!name || event.ctrlKey || event.metaKey) return;
    if (element.dataset.ready === "no" && ACTS.has(name) && !document.querySelector("dialog[open]")) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (!event.repeat) this.strokes += 1;
    if (name === "Enter" && event.target.id === "datum") { event.preventDefault(); event.stopPropagation(); this.datum = event.target.value; this.accept(); }
    else if (name === "Enter" && event.target.matches?.(".review-field, .review-candidate input")) { event.preventDefault(); event.stopPropagation(); this.accept(); }
    else if (name === "Escape" && event.target.id === "datum") { event.preventDefault(); event.stopPropagation(); this.unchoose(); }
  }

  typed(field) {
    this.datum = field.value;
    const asked = this.chosen?.confirmation;
    const length = field.value.replace(/[^\p{L}\p{N}]/gu, "").length;
    if (asked && length >= asked.keys && !this.busy) this.settle();
  }
}

/** Large enough to read, with the words that stand before and around it. */
function around([x, y, width, height]) {
  const [w, h] = [Math.max(width * 1.15, 0.62), Math.max(height, 0.1)];
  const left = Math.min(Math.max(0, x - Math.max(0.2 * (w - width), Math.min(0.22, w - width))), 1 - Math.min(w, 1));
  return [left, Math.max(0, y - (h - height) / 2), Math.min(w, 1), h];
}

if (element) new Bench();
else toastError(new Error("This page is incomplete; load it again."));
