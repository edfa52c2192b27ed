/* Automatic logoff. <body data-idle-seconds="900" data-renew="/api/v1/session/renew" data-logout="/logout">

   The server ends a session that no hand touched; this only sees it coming. Hands on keys, pointer or wheel count
   in every tab alike (BroadcastChannel); while there are any, the session is renewed at most once a minute. One
   minute before the end a dialog counts down: "Stay" renews. At the end the page is wiped, the session ended and
   the login page shown, also when the computer slept meanwhile. */

import { csrf, post } from "./api.js";
import { button, make } from "./dom.js";
import { open } from "./dialog.js";
import { leave, onSession, tell } from "./session.js";

const WARN_SECONDS = 60;
const RENEW_SECONDS = 60;

export function startIdle() {
  const seconds = Number(document.body.dataset.idleSeconds || 0);
  if (seconds > 0) new Idle(seconds);
}

class Idle {
  constructor(seconds) {
    this.seconds = seconds;
    this.warn = Math.min(WARN_SECONDS, seconds / 3);
    this.dialog = null;
    this.renewing = false;
    this.seen();
    this.touched = this.renewed;
    for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
      window.addEventListener(kind, () => this.touch(), { passive: true, capture: true });
    }
    window.addEventListener("scanindex:seen", () => this.seen());
    onSession((message) => {
      if (message?.type === "ended") leave("ended", { isTold: true });
      if (message?.type === "seen") this.seen();
    });
    tell({ type: "seen" });
    document.addEventListener("submit", (event) => {
      if (event.target.getAttribute("action") === document.body.dataset.logout) tell({ type: "ended" });
    });
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** The server heard of us just now. */
  seen() {
    this.renewed = Date.now();
    this.dialog?.close();
  }

  get left() { return this.seconds - (Date.now() - this.renewed) / 1000; }

  touch() {
    this.touched = Date.now();
    if (!this.dialog && this.touched - this.renewed > Math.min(RENEW_SECONDS, this.seconds / 4) * 1000) this.renew();
  }

  async renew() {
    if (this.renewing || this.left <= 0) return;
    this.renewing = true;
    try {
      await post(document.body.dataset.renew, {}, { quiet: true });
    } catch {
      // Without a connection the clock goes on; a session that ended meanwhile has left already (api.js).
    } finally {
      this.renewing = false;
    }
  }

  look() {
    const left = Math.ceil(this.left);
    if (left <= 0) this.end();
    else if (left <= this.warn) this.ask(left);
  }

  ask(left) {
    if (!this.dialog) this.show();
    this.clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    // Spoken now and then, not every second.
    if (left % 15 === 0 || left === 5) this.spoken.textContent = `${left} seconds left`;
  }

  show() {
    this.clock = make("p", { class: "clock", "aria-hidden": "true" });
    this.spoken = make("p", { class: "sr", role: "status" });
    const stay = button("Stay logged in", { class: "button button-primary", autofocus: true, on: { click: () => this.renew() } });
    const go = button("Log out now", { on: { click: () => this.end("ended") } });
    this.dialog = make("dialog", { class: "dialog", role: "alertdialog", "aria-labelledby": "idle-title", "aria-describedby": "idle-text" }, make("div", {},
      make("header", {}, make("h2", { id: "idle-title" }, "Are you still there?")),
      make("div", { class: "dialog-body" }, make("p", { id: "idle-text" }, "Nobody has touched this for a while. You will be logged out; what was not saved is lost."), this.clock, this.spoken),
      make("footer", {}, go, stay)));
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.renew(); });
    this.dialog.addEventListener("close", () => { this.dialog?.remove(); this.dialog = null; });
    document.body.append(this.dialog);
    open(this.dialog);
  }

  end(reason = "idle") {
    const form = new URLSearchParams({ csrf: csrf() });
    fetch(document.body.dataset.logout, { method: "POST", body: form, headers: { "X-CSRF-Token": csrf() }, keepalive: true, redirect: "manual" }).catch(() => {}).finally(() => leave(reason));
    document.body.hidden = true;
    setTimeout(() => leave(reason), 800);
  }
}
