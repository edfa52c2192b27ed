/* What changes by itself: a JSON address asked every few seconds while the page is seen, and its values put in place.

   <section data-live="/api/v1/..." data-live-seconds="2">  and inside it, with paths such as "counts.filed":
     data-live-text="path"              the value as text (numbers grouped)
     data-live-value="path" (-max=)     of <progress> and <meter>
     data-live-show="path"              seen only while the value is there and not 0, "" or empty;  data-live-hide: the reverse
     data-live-href="path"              an address of ours ("/...")
     data-live-state="path"             badge: its class (via data-live-kinds='{"failed": "bad"}') and words
     <tbody data-live-list="path" data-live-key="id"><template>…one row, paths relative to the item…</template></tbody>
   Rows (their data-key; written by the server too where it renders them) are kept, moved and taken away by key, so that focus and selection stay. "live:update" {data} bubbles each time.
   Trouble: pauses of 2, 4, 8 … 60 s; offline: waits for the connection. Never keeps the session alive.
   Live.of(section).now() asks at once, .stop() ends it. */

import { api } from "./api.js";
import { ownAddress, valueAt } from "./dom.js";

const MOST_SECONDS = 60;
const running = new WeakMap();
const isThere = (value) => (Array.isArray(value) ? value.length > 0 : Boolean(value) && value !== "0");
const worded = (value) => (value === null || value === undefined ? "" : typeof value === "number" ? value.toLocaleString("en") : String(value));

export class Live {
  static of(section) {
    if (!running.has(section)) running.set(section, new Live(section));
    return running.get(section);
  }

  constructor(section) {
    this.section = section;
    this.seconds = Number(section.dataset.liveSeconds || 2);
    Object.assign(this, { failures: 0, timer: 0, isStopped: false, isAsking: false });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.now(); });
    window.addEventListener("scanindex:online", () => this.now());
    this.plan();
  }

  plan() {
    clearTimeout(this.timer);
    if (this.isStopped || document.hidden) return;
    const wait = Math.min(this.seconds * 2 ** this.failures, MOST_SECONDS) * (this.failures ? 0.8 + 0.4 * Math.random() : 1);
    this.timer = setTimeout(() => this.now(), wait * 1000);
  }

  async now() {
    if (this.isAsking || this.isStopped || !this.section.isConnected) return;
    this.isAsking = true;
    try {
      const data = await api(this.section.dataset.live, { background: true, quiet: true });
      this.failures = 0;
      patch(this.section, data);
      this.section.removeAttribute("data-is-old");
      this.section.dispatchEvent(new CustomEvent("live:update", { bubbles: true, detail: { data } }));
    } catch (error) {
      this.failures += 1;
      this.section.setAttribute("data-is-old", "");
      if (["forbidden", "not_found"].includes(error.code)) this.isStopped = true;
    } finally {
      this.isAsking = false;
      this.plan();
    }
  }

  stop() { this.isStopped = true; clearTimeout(this.timer); }
}

/** Put the values of `data` into `root`; lists first, their rows on their own. */
export function patch(root, data) {
  for (const element of own(root)) {
    const set = element.dataset;
    if (set.liveText !== undefined) put(element, worded(valueAt(data, set.liveText)));
    if (set.liveValue !== undefined) value(element, valueAt(data, set.liveValue), set.liveMax && valueAt(data, set.liveMax));
    if (set.liveShow !== undefined) element.hidden = !isThere(valueAt(data, set.liveShow));
    if (set.liveHide !== undefined) element.hidden = isThere(valueAt(data, set.liveHide));
    if (set.liveHref !== undefined) link(element, ownAddress(valueAt(data, set.liveHref)));
    if (set.liveState !== undefined) state(element, String(valueAt(data, set.liveState) ?? ""));
    if (set.liveList !== undefined) list(element, valueAt(data, set.liveList) || []);
  }
}

function own(root) {
  const names = ["text", "value", "show", "hide", "href", "state", "list"].map((name) => `[data-live-${name}]`).join(", ");
  const isInside = (element) => { const near = element.parentElement?.closest("[data-live-list]"); return near && near !== root && root.contains(near); };
  return [...(root.matches?.(names) && !root.dataset.liveList ? [root] : []), ...root.querySelectorAll(names)].filter((element) => !isInside(element));
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function value(element, now, most) {
  if (most !== undefined && most !== "") element.max = Number(most) || 1;
  if (now === null || now === undefined) element.removeAttribute("value");
  else element.value = Number(now);
}

function link(element, address) {
  if (address) element.setAttribute("href", address);
  else element.removeAttribute("href");
}

function state(element, name) {
  const kinds = JSON.parse(element.dataset.liveKinds || "{}");
  element.className = `badge badge-${kinds[name] || "quiet"}`;
  const words = name.replaceAll("_", " ");
  put(element, words.charAt(0).toUpperCase() + words.slice(1));
}

function list(place, items) {
  const template = place.querySelector("template");
  if (!template) return;
  const key = place.dataset.liveKey || "id";
  const rows = new Map([...place.children].filter((row) => row !== template).map((row) => [row.dataset.key, row]));
  let before = template;
  for (const item of items) {
    const name = String(item[key]);
    const row = rows.get(name) || template.content.firstElementChild.cloneNode(true);
    rows.delete(name);
    row.dataset.key = name;
    patch(row, item);
    if (before.nextElementSibling !== row) before.after(row);
    before = row;
  }
  for (const row of rows.values()) row.remove();
}

export function startLive() {
  for (const section of document.querySelectorAll("[data-live]")) Live.of(section).now();
}
