/* What comes next, kept ready: items in memory, their first pictures decoded, their scans in our hands.

   const queue = new Queue(filters);  await queue.next(afterId) -> item or null;  queue.refill(item);  queue.forget()
   queue.hold(scanId) keeps a scan ours while somebody works; queue.leave() gives everything back. */

import { csrf, get, post } from "./api.js";
import { prefetch } from "./pictures.js";

const AHEAD = 2;
export const PICTURES = ["thumb", "screen", "full"];

export const picturePath = (item, pageNo, width) => `/review/items/${item.item_id}/pages/${pageNo}/${width}?v=${item.version}`;

export class Queue {
  constructor(filters) {
    this.filters = filters;
    this.items = [];
    this.filling = null;
    this.round = 0;
    this.counts = null;
    this.skipped = [];
    this.counted = Promise.resolve();
  }

  /** From memory where it is there; null where nothing more waits. */
  async next(after) {
    if (!this.items.length && this.filling) await this.filling;
    if (!this.items.length) await this.fill(after, AHEAD);
    return this.items.shift() || null;
  }

  /** In the background, behind what is shown. */
  refill(item) {
    this.filling ??= this.fill(item.item_id, AHEAD - 1).catch(() => {}).finally(() => { this.filling = null; });
    this.counted = this.count();
    return this.filling;
  }

  async fill(after, prefetched) {
    const round = this.round;
    const answer = await post("/api/v1/review/next", { filters: this.filters, after, prefetch: prefetched, skipped: this.skipped }, { quiet: true });
    if (round !== this.round) return;
    this.items = answer.items.filter((one) => one.item_id !== after);
    prefetch(this.items.flatMap((one, n) => (n ? ["screen"] : PICTURES).map((width) => picturePath(one, one.region?.page_no || one.pages[0]?.page_no || 1, width))));
  }

  async count() {
    try { this.counts = await get("/api/v1/review/counts", { quiet: true, background: true }); } catch { /* the number of what waits is a comfort only */ }
  }

  /** What was fetched may be old: pages moved, or something was taken back. */
  forget() {
    this.round += 1;
    this.items = [];
    this.filling = null;
  }

  /** Passed over: it comes last. */
  skip(itemId) { this.skipped = [...this.skipped.filter((one) => one !== itemId), itemId].slice(-200); }

  hold(scanId) { return post(`/api/v1/review/scans/${scanId}/claim`, {}, { quiet: true }); }

  /** Also while the page goes away. */
  leave() {
    fetch("/api/v1/review/release", { method: "POST", headers: { "X-CSRF-Token": csrf(), "Content-Type": "application/json" }, body: "{}", keepalive: true }).catch(() => {});
  }
}
