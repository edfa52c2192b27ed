/* Uploads: several files by drag and drop, chosen, or from the camera, each with its progress and its own retry.
   Markup: parts/forms.html, macro drop_zone(id, action, href, csrf, most_bytes, ...).

   <form data-drop="/api/v1/uploads" data-most-bytes="…">: every file goes by itself as POST multipart (field "file" and the
   form's other fields), two at a time. Answer 2xx {message?, href?}; error {code, message, hint}. On the form:
   "drop:done" {file, data}, "drop:failed" {file, error}. Leaving the page while something is on its way asks first. */

import { csrf, setOffline } from "./api.js";
import { announce, button, make, ownAddress } from "./dom.js";
import { leave } from "./session.js";

const AT_ONCE = 2;
const sized = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

class Drop {
  constructor(form) {
    this.form = form;
    this.zone = form.querySelector("[data-drop-zone]");
    this.list = form.querySelector("[data-drop-list]");
    this.sum = form.querySelector("[data-drop-sum]");
    Object.assign(this, { queue: [], running: 0, counts: { done: 0, failed: 0 } });
    form.addEventListener("change", (event) => {
      if (event.target.type !== "file") return;
      this.take([...event.target.files]);
      event.target.value = "";
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    this.listen();
    window.addEventListener("beforeunload", (event) => { if (this.running || this.queue.length) event.preventDefault(); });
  }

  listen() {
    // A file that misses the zone must not replace the page.
    for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
    let depth = 0;
    this.zone.addEventListener("dragenter", () => { depth += 1; this.zone.classList.add("is-over"); });
    this.zone.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) this.zone.classList.remove("is-over"); });
    this.zone.addEventListener("drop", async (event) => {
      depth = 0;
      this.zone.classList.remove("is-over");
      this.take(await filesOf(event.dataTransfer));
    });
  }

  take(files) {
    for (const file of files) this.add(file);
    if (files.length && this.running + this.queue.length) announce(files.length === 1 ? "1 file chosen" : `${files.length} files chosen`);
  }

  add(file) {
    const bar = make("progress", { max: 1, value: 0, "aria-label": `Progress of ${file.name}` });
    const state = make("span", { class: "state" }, `${sized(file.size)}, waiting`);
    const actions = make("span", { class: "actions" });
    const row = make("li", { class: "upload" }, make("span", { class: "cut strong" }, file.name), state, bar, actions);
    const job = { file, bar, state, actions, row };
    this.list.prepend(row);
    const most = Number(this.form.dataset.mostBytes || 0);
    if (most && file.size > most) this.failed(job, { code: "oversize", message: `Larger than ${sized(most)}.`, hint: "Put it into the shared folder instead." }, false);
    else if (!file.size) this.failed(job, { code: "empty", message: "The file has no bytes.", hint: "" }, false);
    else { this.queue.push(job); this.next(); }
  }

  next() {
    while (this.running < AT_ONCE && this.queue.length) this.send(this.queue.shift());
    this.tell();
  }

  send(job) {
    this.running += 1;
    job.actions.replaceChildren();
    job.state.className = "state";
    job.bar.classList.remove("is-bad");
    const request = new XMLHttpRequest();
    request.open("POST", this.form.dataset.drop);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      job.bar.value = event.loaded / event.total;
      job.state.textContent = event.loaded < event.total ? `${sized(event.loaded)} of ${sized(event.total)}` : "Being checked";
    });
    request.addEventListener("loadend", () => { this.running -= 1; this.ended(job, request); this.next(); });
    request.send(this.body(job.file));
  }

  body(file) {
    const body = new FormData();
    for (const [name, value] of new FormData(this.form)) if (!(value instanceof File) && name !== "csrf") body.append(name, value);
    body.append("file", file, file.name);
    return body;
  }

  ended(job, request) {
    const data = parsed(request.responseText);
    if (request.status === 401) { leave("ended"); return; }
    if (request.status >= 200 && request.status < 300) { this.done(job, data); return; }
    if (request.status === 0) setOffline(true);
    const error = data?.code ? data : { code: "offline", message: request.status ? `That did not work (${request.status}).` : "No connection.", hint: "" };
    this.failed(job, error, request.status !== 413);
  }

  done(job, data) {
    this.counts.done += 1;
    job.bar.value = 1;
    job.state.className = "state is-good";
    job.state.textContent = data?.message || `${sized(job.file.size)}, received`;
    if (ownAddress(data?.href)) job.actions.append(make("a", { href: data.href }, "See it"));
    this.form.dispatchEvent(new CustomEvent("drop:done", { bubbles: true, detail: { file: job.file, data } }));
  }

  failed(job, error, canRetry) {
    this.counts.failed += 1;
    job.bar.classList.add("is-bad");
    job.state.className = "state is-bad";
    job.state.textContent = [error.message, error.hint].filter(Boolean).join(" ");
    if (canRetry) {
      job.actions.replaceChildren(button("Try again", { class: "button button-small", "aria-label": `Try ${job.file.name} again`,
        on: { click: () => { this.counts.failed -= 1; this.queue.push(job); this.next(); } } }));
    }
    this.form.dispatchEvent(new CustomEvent("drop:failed", { bubbles: true, detail: { file: job.file, error } }));
    this.tell();
  }

  tell() {
    const { done, failed } = this.counts;
    const open = this.running + this.queue.length;
    const parts = [open && `${open} on the way`, done && `${done} received`, failed && `${failed} not taken`].filter(Boolean);
    // What was really taken is said once all is over; the failed say so themselves meanwhile.
    if (!open && parts.length && this.said !== parts.join()) { this.said = parts.join(); announce(parts.join(", ")); }
    if (this.sum && this.sum.textContent !== parts.join(", ")) this.sum.textContent = parts.join(", ");
  }
}

/** Files of a drop, those in folders too. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(within))).flat();
}

async function within(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(within))).flat();
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}

export function startDrops() {
  for (const form of document.querySelectorAll("form[data-drop]")) new Drop(form);
}
