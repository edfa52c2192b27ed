/* A note that is being typed, kept by the service until it is sent: a session may end and a claim run out meanwhile.

   const words = new Words();  words.typed(item, text) after every change;  await words.settled() before it is sent;
   words.keep(item, text) at once, "" to throw it away;  words.back(item, text): not to be sent after all.
   Nothing of it stays in the browser. A failure is silent: the note is still on the screen. */

import { post } from "./api.js";

const PAUSE_MS = 600;

export class Words {
  constructor() { Object.assign(this, { timer: 0, due: null, sending: Promise.resolve() }); }

  typed(item, text) {
    clearTimeout(this.timer);
    this.due = [item, text];
    this.timer = setTimeout(() => this.keep(item, text), PAUSE_MS);
  }

  keep(item, text) {
    clearTimeout(this.timer);
    this.due = null;
    item.unsent_note = text.trim();
    this.sending = this.sending.then(() => post(`/api/v1/review/items/${item.item_id}/note`, { note: text }, { quiet: true })).catch(() => {});
    return this.sending;
  }

  /** What is on its way has arrived, what is not yet will not be: it must not come behind what is sent now. */
  async settled() {
    clearTimeout(this.timer);
    this.due = null;
    await this.sending;
  }

  /** It is not to be sent after all: what was kept before stands again. */
  back(item, text) {
    if (this.due || item.unsent_note !== text) this.keep(item, text);
  }
}
