/* The search screen: sends the page's own forms without leaving it and takes the results out of the answer.

   Kept for this tab and session (sessionStorage, never in the address): "scanindex.search" what was asked last and
   which result had the focus, so that coming back shows the results as they were, asked anew; "scanindex.query"
   the words that the viewer marks on a page. */

import { get, setOffline } from "./api.js";
import { open } from "./dialog.js";
import { announce, byId } from "./dom.js";
import { bind, isTyping } from "./keys.js";
import { leave } from "./session.js";
import { toast, toastError } from "./toast.js";
import { Typeahead } from "./typeahead.js";

const KEPT = "scanindex.search";
const QUERY = "scanindex.query";
const AGAIN_MS = 5000;
const form = byId("search-form");
const field = byId("q");
const results = byId("results");
const token = form.elements.csrf.value;
let asking = null;
let again = 0;
let early = [];

// --- what is kept for this session -------------------------------------------------------
/** What was asked last in this session; what another session left is forgotten. */
function remembered() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    if (kept?.session === token) return kept;
  } catch { /* not ours */ }
  sessionStorage.removeItem(KEPT);
  sessionStorage.removeItem(QUERY);
  return null;
}

function remember(more = {}) {
  sessionStorage.setItem(KEPT, JSON.stringify({
    session: token, query: form.dataset.query, offset: form.dataset.offset,
    order: form.elements.order.value, spellings: form.elements.spellings.value, ...more,
  }));
}

// --- keys that come before the answer ---------------------------------------------------
/* While an answer is on its way, what stands there is the list of the question before: keys meant for the new
   list wait for it, in their order. */
const LIST_KEYS = ["j", "k", "ArrowDown", "ArrowUp", "Enter"];

window.addEventListener("keydown", (event) => {
  if (!asking || isTyping(event.target) || !LIST_KEYS.includes(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.repeat) early.push(event.key);
}, { capture: true });

function replay(isShown) {
  const keys = isShown && !asking ? early : [];
  early = [];
  for (const key of keys) {
    if (key === "Enter") document.activeElement?.click();
    else document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}

// --- asking -------------------------------------------------------------------------------
/** Send a form's fields, show the answer. Resolves to whether there is one. */
async function ask(action, fields, { isQuiet = false } = {}) {
  clearTimeout(again);
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  early = [];
  results.setAttribute("aria-busy", "true");
  let isShown = false;
  try {
    const answer = await fetch(action, { method: "POST", body: fields, headers: { Accept: "text/html", "X-CSRF-Token": token }, credentials: "same-origin", cache: "no-store", signal: mine.signal });
    setOffline(false);
    if (answer.redirected) { leave("ended"); return false; }
    const said = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!said.getElementById("results")) { toast(said.querySelector("main h1")?.textContent || "That did not work.", { kind: "bad", hint: said.querySelector("main p")?.textContent || "" }); return false; }
    show(said, isQuiet);
    isShown = !field.hasAttribute("aria-invalid");
    return true;
  } catch (error) {
    if (error.name === "AbortError") return false;
    if (error instanceof TypeError) { setOffline(true); toast("The search could not be sent: no connection.", { kind: "warn" }); } else toastError(error);
    return false;
  } finally {
    if (asking === mine) {
      results.removeAttribute("aria-busy");
      asking = null;
      // Behind whoever asked: it puts the focus where the first key belongs.
      setTimeout(() => replay(isShown));
    }
  }
}

/** The answer is a page of ours, escaped by the service; scripts in it would not run (policy), and there are none. */
function show(said, isQuiet) {
  const theirs = said.getElementById("search-form");
  const typed = said.getElementById("q");
  form.dataset.query = theirs.dataset.query;
  form.dataset.offset = theirs.dataset.offset;
  if (document.activeElement !== field) field.value = typed.value;
  for (const name of ["order", "spellings"]) form.elements[name].value = theirs.elements[name].value;
  field.toggleAttribute("aria-invalid", false);
  results.replaceChildren(...said.getElementById("results").childNodes);
  results.dataset.broken = said.getElementById("results").dataset.broken;
  for (const one of ["query", "order", "spellings"]) byId("save-search").querySelector(`[name=${one}]`).value = one === "query" ? form.dataset.query : form.elements[one].value;
  sessionStorage.setItem(QUERY, form.dataset.query);
  remember();
  news();
  if (typed.dataset.at) fault(Number(typed.dataset.at));
  else if (!isQuiet) announce(byId("documents-title")?.textContent || "");
  if (results.dataset.broken) again = setTimeout(() => ask("/search", fieldsOf(), { isQuiet: true }), AGAIN_MS);
}

/** The place where the query makes no sense, selected. */
function fault(at) {
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", "fault");
  field.focus();
  field.setSelectionRange(at - 1, at);
}

function fieldsOf(submitter = null) {
  const fields = new FormData(form, submitter);
  if (!submitter?.name) fields.set("query", field.value);
  return fields;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  box?.close();
  const submitter = event.submitter?.name ? event.submitter : null;
  // A click on a count or a page of the list is about what is shown, not about what is being typed.
  if (submitter) field.value = form.dataset.query || field.value;
  const isPage = submitter?.name === "offset";
  const fields = fieldsOf(submitter);
  // The next key is about the results, not another letter of the question.
  if (document.activeElement === field) byId("list")?.focus({ preventScroll: true });
  if (!(await ask("/search", fields))) return;
  if (isPage) scrollTo(0, 0);
  if (!field.hasAttribute("aria-invalid") && (isPage || !submitter)) firstRow()?.focus({ preventScroll: true });
});

for (const select of [form.elements.order, form.elements.spellings]) {
  select.addEventListener("change", () => { if (form.dataset.query) { field.value = form.dataset.query; ask("/search", fieldsOf()); } });
}

const rows = () => [...results.querySelectorAll("[data-row]")];
const linkOf = (row) => row?.querySelector("a[href]:not([aria-hidden])");
const firstRow = () => linkOf(rows()[0]);

// --- from a result and back ------------------------------------------------------------------
results.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  sessionStorage.setItem(QUERY, form.dataset.query);
  remember({ row: rows().findIndex((row) => row.contains(link)), scroll: scrollY });
});

async function comeBack() {
  const kept = remembered();
  if (form.dataset.query || !kept?.query) return;
  field.value = kept.query;
  form.elements.order.value = kept.order;
  form.elements.spellings.value = kept.spellings;
  const fields = fieldsOf();
  fields.set("offset", kept.offset || "0");
  if (!(await ask("/search", fields, { isQuiet: true }))) return;
  const row = rows()[kept.row ?? -1];
  if (row) { scrollTo(0, kept.scroll || 0); linkOf(row)?.focus({ preventScroll: true }); row.scrollIntoView({ block: "nearest" }); } else field.select();
}

// --- kept searches ----------------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  if (!event.target.matches?.("[data-run-saved]")) return;
  event.preventDefault();
  ask(event.target.getAttribute("action"), new FormData(event.target)).then((isShown) => { if (isShown) firstRow()?.focus({ preventScroll: true }); });
});

results.addEventListener("click", (event) => {
  const change = event.target.closest?.("[data-change-search]");
  if (!change) return;
  const dialog = byId("change-search");
  dialog.querySelector("[name=name]").value = change.dataset.changeSearch;
  dialog.querySelector("[name=new_name]").value = change.dataset.changeSearch;
  open(dialog);
});

async function news() {
  const places = [...results.querySelectorAll("[data-news]")];
  if (!places.length) return;
  try {
    const found = await get("/api/v1/searches/news", { quiet: true, background: true });
    for (const place of places) {
      const one = found.find((kept) => kept.name === place.dataset.news);
      place.textContent = one?.new ? `${one.new}${one.is_complete ? "" : "+"} new` : "";
      place.classList.toggle("is-new", Boolean(one?.new));
    }
  } catch { /* without counts they can be run all the same */ }
}

// --- people while one types -------------------------------------------------------------------
/** Offers people for plain words and numbers; who is nobody is a search for words, and nothing to tell. */
class People extends Typeahead {
  ask() { return /["*~:()]/.test(this.field.value) ? this.close() : super.ask(); }
  show(items) { if (items.length) super.show(items); else this.close(); }
  note() { this.close(); }
}
field.dataset.typeahead = field.dataset.searchTypeahead;
const box = new People(field);
field.addEventListener("typeahead:pick", (event) => {
  event.preventDefault();
  form.dataset.query = event.detail.item.title;
  location.assign(`/charts/${encodeURIComponent(event.detail.item.id)}`);
});

byId("query-help").addEventListener("click", (event) => {
  const example = event.target.closest?.("[data-example]");
  if (!example) return;
  byId("query-help").close();
  field.value = example.dataset.example;
  field.focus();
});

bind({
  f: { label: "Narrow down", group: "Search", run: () => (results.querySelector("#facets button:not(:disabled)") || results.querySelector("#kept button"))?.focus() },
  Escape: { label: "Back to the search box", group: "Search", run: () => { field.focus(); field.select(); } },
});

if (form.dataset.query) remember(); else comeBack();
if (results.dataset.broken && form.dataset.query) again = setTimeout(() => ask("/search", fieldsOf(), { isQuiet: true }), AGAIN_MS);
news();
