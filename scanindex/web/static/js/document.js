/* The document viewer: text beside the page, places of a search marked on it, fields shown where they stand.

   Whoever comes from a search is shown its hits: the search screen puts the query, as typed, into
   sessionStorage under "scanindex.query" before it goes to /documents/...; empty or missing: no marks.
   It is asked for by POST, so that no query stands in an address. */

import { get, post } from "./api.js";
import { announce, byId, make } from "./dom.js";
import { Viewer } from "./viewer.js";
import "./glass.js";

export const QUERY_KEY = "scanindex.query";

const place = byId("document");
const id = place.dataset.document;
const viewer = Viewer.of(byId("pages"));
const text = place.querySelector("[data-page-text]");
const head = place.querySelector("[data-text-head]");
const find = place.querySelector("[data-find-here]");
const field = byId("find-here");
const state = place.querySelector("[data-find-state]");
const wordsOf = new Map();
let marked = new Map();
let asked = 0;

// --- text ---------------------------------------------------------------------------
function words(number) {
  if (!wordsOf.has(number)) {
    const answer = get(`/api/v1/documents/${id}/pages/${number}/words`, { quiet: true });
    answer.catch(() => wordsOf.delete(number));
    wordsOf.set(number, answer);
  }
  return wordsOf.get(number);
}

async function showText(number) {
  try {
    const page = await words(number);
    if (viewer.page?.number === number) draw(page);
  } catch {
    if (viewer.page?.number === number) text.replaceChildren(make("p", { class: "muted" }, "The text of this page did not come; turn to it again."));
  }
}

function draw(page) {
  if (head.firstChild) head.firstChild.textContent = `Page ${page.number}. Words `;
  if (!page.words.length) {
    const why = page.is_read ? "No words were read on this page." : "Nobody kept a reading of this page.";
    text.replaceChildren(make("p", { class: "muted" }, why));
    return;
  }
  const hits = marked.get(page.number) ?? new Set();
  const lines = new Map();
  for (const word of page.words) {
    if (!lines.has(word.line)) lines.set(word.line, make("p"));
    const line = lines.get(word.line);
    line.append(hits.has(word.number) ? make("mark", {}, one(word)) : one(word), " ");
  }
  text.replaceChildren(...[...lines.entries()].sort(([a], [b]) => a - b).map(([, line]) => line));
}

function one(word) {
  const shown = printable(word.text);
  return word.is_doubtful ? make("span", { class: "doubt", title: `read with doubt (${Math.round(word.confidence * 100)} %)` }, shown) : shown;
}

/** OCR text may hold characters that turn the direction of a line or show nothing. */
function printable(read) {
  return read.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, "\uFFFD");
}

// --- marks ------------------------------------------------------------------------------
async function mark(query, { goThere = true } = {}) {
  const turn = ++asked;
  clear();
  if (!query) return;
  state.textContent = "…";
  try {
    const found = await post(`/api/v1/documents/${id}/marks`, { query }, { quiet: true });
    if (turn !== asked) return;
    put(found, goThere);
  } catch (error) {
    if (turn === asked) state.textContent = error.message;
  }
}

function put(found, goThere) {
  for (const page of found.pages) {
    marked.set(page.number, new Set(page.places.flatMap((spot) => spot.words)));
    viewer.setHits(page.number, page.places.map((spot) => spot.box));
  }
  state.textContent = found.total ? (found.is_look_alike ? "only similar" : "") : "not in it";
  announce(found.total ? `${found.total} ${found.total === 1 ? "hit" : "hits"} on ${found.pages.length} pages` : "Not found in this document");
  if (found.total && goThere) viewer.nextHit();
  showText(viewer.page.number);
}

function clear() {
  for (const number of marked.keys()) viewer.setHits(number, []);
  if (marked.size && viewer.page) {
    marked = new Map();
    showText(viewer.page.number);
  }
  marked = new Map();
  state.textContent = "";
}

function kept() {
  try {
    return sessionStorage.getItem(QUERY_KEY) || "";
  } catch {
    return "";
  }
}

function keep(query) {
  try {
    if (query) sessionStorage.setItem(QUERY_KEY, query);
    else sessionStorage.removeItem(QUERY_KEY);
  } catch { /* storage is off: marks work for this page all the same */ }
}

let lastAsked = "";
find.addEventListener("submit", (event) => {
  event.preventDefault();
  const query = field.value.trim();
  if (query && query === lastAsked && marked.size) {
    viewer.nextHit();
    return;
  }
  lastAsked = query;
  keep(query);
  mark(query);
});
field.addEventListener("search", () => { if (!field.value) { lastAsked = ""; keep(""); mark(""); } });
field.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault(); // else the browser empties the field, and the marks with it
  viewer.stage.focus();
});

// --- page and fields ------------------------------------------------------------------------
byId("pages").addEventListener("viewer:page", ({ detail }) => {
  const address = new URL(location.href);
  address.searchParams.set("page", detail.number);
  for (const name of ["done", "incident"]) address.searchParams.delete(name);
  history.replaceState(null, "", address);
  showText(detail.number);
});

place.addEventListener("click", (event) => {
  const button = event.target.closest("[data-region-box]");
  if (!button) return;
  const box = button.dataset.regionBox.split(" ").map(Number);
  viewer.toRegion({ page: Number(button.dataset.regionPage), box, label: button.dataset.regionLabel });
});

/* A menu gives way to the dialog that it opened, and has the focus again afterwards. */
for (const menu of document.querySelectorAll("details[data-menu]")) {
  for (const opener of menu.querySelectorAll("[data-dialog]")) {
    opener.addEventListener("click", () => {
      menu.open = false;
      byId(opener.dataset.dialog)?.addEventListener("close", () => setTimeout(() => menu.querySelector("summary").focus()), { once: true });
    });
  }
}

const query = kept();
if (query) {
  field.value = query;
  lastAsked = query;
  mark(query, { goThere: !place.hasAttribute("data-named-page") });
}

// --- on its way -----------------------------------------------------------------------------
/* A corrected document is filed within moments; then it can be taken and corrected again. */
async function untilFiled(tries = 30) {
  if (!tries || document.querySelector("dialog[open]")) return;
  try {
    const now = await get(`/api/v1/documents/${id}`, { quiet: true, background: true });
    if (now.state !== place.dataset.state) {
      location.reload();
      return;
    }
  } catch { /* asked again */ }
  setTimeout(() => untilFiled(tries - 1), 2000);
}

if (place.dataset.state === "proposed") setTimeout(untilFiled, 1500);
