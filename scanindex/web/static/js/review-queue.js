/* What comes next, kept ready: items in memory, their first pictures decoded, their scans in our hands.

   const queue = new Queue(filters, picturesOf);  picturesOf(item) -> addresses, first what is seen first
   await queue.next(afterId) -> item or null;  queue.refill(item);  queue.forget();  await queue.count(done); queue.total
   queue.hold(scanId) keeps a scan ours while somebody works; queue.leave() gives everything back. */

import { csrf, get, post } from "./api.js";
import { prefetch } from "./pictures.js";

/* Whoever skips twice a second is slower than this many answers of the service. */
const AHEAD = 3;
const COUNT_MS = 15000;

export const picturePath = (item, pageNo, width) => `/review/items/${item.item_id}/pages/${pageNo}/${width}?v=${item.version}`;

export class Queue {
  constructor(filters, picturesOf) {
    Object.assign(this, { filters, picturesOf, items: [], filling: null, round: 0, total: 0, isMoreForOthers: false, countedAt: -Infinity, skipped: [], shown: null, handed: new Set() });
  }

  /** From memory where it is there; null where nothing more waits. */
  async next(after) {
    if (!this.items.length && this.filling) await this.filling;
    if (!this.items.length) await this.fill(after, AHEAD);
    return this.take() || null;
  }

  take() {
    const item = this.items.shift();
    if (item) this.handed.add(item.item_id);
    return item;
  }

  /** In the background, behind what is shown; once more where people were quicker than the answer. */
  refill(item) {
    this.shown = item;
    if (this.filling) return;
    const filling = this.fill(item.item_id, AHEAD - 1).catch(() => {}).finally(() => {
      if (this.filling !== filling) return;
      this.filling = null;
      if (this.shown !== item && this.items.length < AHEAD - 1) this.refill(this.shown);
    });
    this.filling = filling;
  }

  async fill(after, prefetched) {
    const { round } = this;
    this.handed.clear();
    const answer = await post("/api/v1/review/next", { filters: this.filters, after, prefetch: prefetched, skipped: this.skipped }, { quiet: true });
    if (round !== this.round) return;
    this.items = answer.items.filter((one) => one.item_id !== after && !this.handed.has(one.item_id));
    const wished = this.items.map((one) => this.picturesOf(one));
    // What each shows first, then the rest of the next one; of the others only if somebody gets there.
    prefetch([...wished.map(([first]) => first), ...(wished[0] || [])]);
  }

  /** How many there were to begin with, `done` of which are done; asked now and then only. */
  async count(done) {
    if (performance.now() - this.countedAt < COUNT_MS) return;
    this.countedAt = performance.now();
    try {
      const counts = await get("/api/v1/review/counts", { quiet: true, background: true });
      this.total = counts.waiting + done;
      this.isMoreForOthers = counts.is_more_for_others;
    } catch { /* the number of what waits is a comfort only */ }
  }

  /** What was fetched may be old: pages moved, or something was taken back. */
  forget() {
    this.round += 1;
    this.items = [];
    this.filling = null;
    this.countedAt = -Infinity;
  }

  /** Passed over: it comes last. */
  skip(itemId) { this.skipped = [...this.skipped.filter((one) => one !== itemId), itemId].slice(-200); }

  hold(scanId) { return post(`/api/v1/review/scans/${scanId}/claim`, {}, { quiet: true }); }

  /** Also while the page goes away. */
  leave() {
    fetch("/api/v1/review/release", { method: "POST", headers: { "X-CSRF-Token": csrf(), "Content-Type": "application/json" }, body: "{}", keepalive: true }).catch(() => {});
  }
}
