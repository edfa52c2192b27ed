/* Choosing whose an item is and settling it; and what went wrong with that, put on the screen.

   Nothing is filed that was not on the screen. Where something is to be typed from the paper, nobody is settled
   without it, and a wrong answer takes the choice back. */

import { get, post } from "./api.js";
import { announce, button, byId, icon, make } from "./dom.js";
import { Screen, draftsOf, element } from "./review-screen.js";
import { toast } from "./toast.js";

const WORDS = {
  accepted: "Settled", first_key: "Settled", keys_differ: "Settled", rescan_wanted: "Rescan wanted", entered_in_error: "Entered in error",
  paper_kept: "Paper kept", parked: "Parked", asked: "Question put",
};

const SETTLED = new Set(["accepted", "rescan_wanted", "entered_in_error", "paper_kept"]);

export class Settling extends Screen {
  // --- choosing ----------------------------------------------------------------
  choose(candidate) {
    if (!candidate) return;
    this.chosen = candidate;
    this.datum = "";
    this.reason = "";
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
    if (asked?.needs_reason && !this.reason.trim()) { byId("reason")?.focus(); return; }
    this.settle();
  }

  async settle() {
    if (!this.viewer.shown || this.viewer.message?.isConnected) { this.note("bad", "The page is not on the screen.", "Nothing is filed unseen. Wait for it, or put the item aside (h)."); return; }
    const { item, chosen } = this;
    const acted = performance.now();
    const body = { patient_id: chosen.person.patient_id, ...(chosen.confirmation ? { datum: this.datum } : {}), ...(chosen.confirmation?.needs_reason ? { note: this.reason.trim() } : {}), ...this.effort() };
    if (!chosen.confirmation && !this.run.length && this.queue.items.length) { await this.settleAhead(body, acted); return; }
    if (chosen.confirmation) { this.wasTyped = true; this.pause(); }
    element.dataset.ready = "no";
    if (this.run.length) await this.settleRun(body, acted);
    else {
      const done = await this.call(`items/${item.item_id}/accept`, { ...body, version: item.version, ...this.drafts });
      if (done) await this.goOn(done, acted);
    }
    if (this.item === item && !this.over) await this.opened(item);
  }

  /** Nothing is asked, so hardly anything can be wrong: the next one shows while this one is written. Was it
      refused, it is back on the screen with the reason. */
  async settleAhead(body, acted) {
    const { item, strokes } = this;
    this.busy = true;
    const pending = post(`/api/v1/review/items/${item.item_id}/accept`, { ...body, version: item.version, ...this.drafts }, { quiet: true }).then((done) => ({ done }), (error) => ({ error }));
    this.lastToast?.close();
    if (this.isWaiting) this.done += 1;
    this.settled.add(item.item_id);
    const showing = this.show(this.queue.take(), { from: acted, acted, pending });
    const { done, error } = await pending;
    this.busy = false;
    if (error) {
      if (this.isWaiting) this.done -= 1;
      this.settled.delete(item.item_id);
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
    if (SETTLED.has(done.kind)) this.settled.add(this.item.item_id);
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
    element.dataset.ready = "no";
    this.opened(this.item, "over");
    this.panel.replaceChildren(make("div", { class: "state" }, icon("check"), make("h2", {}, "Nothing more waits here"), make("p", {}, this.queue.isMoreForOthers ? "Some items wait for somebody with more rights." : "What comes in appears in the queue by itself."),
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
      if (!isOpen) draftsOf.delete(item.item_id);
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
    draftsOf.delete(this.item.item_id);
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
}
