/* The panel beside the paper: what was read, whose it may be, what is asked. Draws values as text only.

   drawPanel(place, view): view = {item, chosen, run, drafts, notices, datum, position}; what hands do is told by
   events that bubble from the panel: "review:spot" {spot}, "review:choose" {candidate}, "review:do" {what}.
   What must be typed from the paper is covered everywhere in the panel while it is asked (`hides`). */

import { icon, make, marked } from "./dom.js";

const MOST_KEYS = 5;
const LEVELS = { exact: ["agrees", "agrees"], near: ["near", "almost"], conflict: ["differs", "differs"] };
const LINE = ["name", "birth_date", "mrn", "sex"];

const tell = (element, name, detail) => element.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));

export function drawPanel(place, view) {
  const covered = new Set(view.chosen?.confirmation?.hides || []);
  place.replaceChildren(
    head(view), ...view.notices.map(notice), ...named(view.item), why(view.item), meant(view), fieldsOf(view.item, covered),
    people(view, covered), ...also(view.item),
  );
}

// --- head ---------------------------------------------------------------------
function head({ item, position, run }) {
  const pages = item.pages.length === 1 ? "1 page" : `${item.pages.length} pages`;
  return make("header", { class: "review-head" },
    make("p", { class: "small muted" }, make("span", { id: "position" }, position), `${pages} of ${item.scan_page_count} scanned · ${["", "."].includes(item.source) ? "inbox" : item.source}`),
    run.length ? make("span", { class: "badge badge-info" }, `Run of ${run.length + 1} items`) : null,
    ...item.sensitivity.map((name) => make("span", { class: "badge badge-warn" }, name.replaceAll("_", " "))),
    item.state === "in_review" ? null : make("span", { class: "badge badge-quiet" }, item.state.replaceAll("_", " ")));
}

function notice({ kind, title, text = "", lines = [], actions = [] }) {
  const signs = { bad: "error", warn: "warning", good: "check" };
  return make("div", { class: `notice notice-${kind}`, role: kind === "bad" ? "alert" : "status" }, icon(signs[kind] || "info"),
    make("div", {}, make("p", { class: "strong" }, title), text ? make("p", {}, text) : null,
      lines.length ? make("ul", { class: "reasons small" }, ...lines.map((line) => make("li", {}, line))) : null,
      actions.length ? make("p", { class: "row" }, ...actions) : null));
}

/** Two people on the pages of one document: said before anything else is. */
function named({ named: told, state }) {
  if (!told) return [];
  const at = told.split_before;
  const split = at && state === "in_review" ? [make("button", { type: "button", class: "button button-small", id: "split-here", on: { click: (event) => tell(event.currentTarget, "review:split", { before: at }) } }, `Split before page ${at}`)] : [];
  return [make("section", { "aria-label": "Who is named", id: "named" }, notice({ kind: "warn", title: told.words, text: told.hint, actions: split }))];
}

function why(item) {
  const words = item.why_words.charAt(0).toUpperCase() + item.why_words.slice(1);
  const more = [...item.reasons, ...(item.is_break_sure ? [] : item.page_break_reasons)].filter((reason) => reason !== item.why_words);
  if (!more.length) return make("section", { class: "review-why" }, make("h2", { class: "sr" }, "Why it waits"), make("p", {}, `${words}.`));
  return make("section", { class: "review-why" }, make("h2", { class: "sr" }, "Why it waits"),
    make("details", { open: item.why !== "suggested" && more.length < 5 }, make("summary", {}, make("span", {}, `${words}.`), make("span", { class: "small muted" }, ` ${more.length} ${more.length === 1 ? "reason" : "reasons"}`)),
      make("ul", { class: "reasons small" }, ...more.map((reason) => make("li", {}, reason.replaceAll("user:", ""))))));
}

function meant({ item, drafts, types }) {
  const type = drafts.document_type ?? item.document_type;
  const date = drafts.service_date ?? item.service_date;
  const chip = (key, what, label, value, isChanged, isMissing) => make("button", {
    type: "button", class: `review-chip${isChanged ? " is-changed" : ""}${isMissing ? " is-missing" : ""}`, id: `chip-${what}`, "data-key": key, "data-key-label": label, "data-key-group": "Correct",
    on: { click: (event) => tell(event.currentTarget, "review:do", { what }) },
  }, make("span", { class: "small muted" }, label), make("span", { class: "strong cut" }, value), make("kbd", {}, key));
  return make("section", { class: "review-meant", "aria-label": "Type and date", id: "meant" },
    chip("t", "type", "Type", type ? types.get(type) || type : "unknown", drafts.document_type !== undefined, !type),
    chip("d", "date", "Date", date || "undated", drafts.service_date !== undefined, !date));
}

// --- what was read -----------------------------------------------------------
const cover = (text = "covered: read it on the paper") => make("span", { class: "review-cover" }, make("span", { "aria-hidden": "true" }, "••••••"), make("span", { class: "sr" }, text));

function fieldsOf(item, covered) {
  const used = item.fields.filter((one) => one.is_used && !["service_date", "document_type", "page_of", "provider", "facility"].includes(one.kind));
  const contested = item.fields.filter((one) => one.is_contested).sort((a, b) => rank(a.kind) - rank(b.kind) || a.page_no - b.page_no);
  const kinds = new Set([...used, ...contested].map((one) => one.kind));
  const rest = item.fields.filter((one) => !used.includes(one) && !contested.includes(one));
  const first = used.filter((one, at) => used.findIndex((other) => other.kind === one.kind) === at);
  const order = [...first].sort((a, b) => rank(a.kind) - rank(b.kind));
  const missing = LINE.slice(0, 3).filter((kind) => !kinds.has(kind));
  return make("section", { class: "review-read", "aria-label": "As read on the pages" },
    make("h2", { class: "legend" }, "On the paper"),
    make("div", { class: "review-fields" }, ...order.map((one) => fieldRow(one, covered)),
      ...contested.map((one) => fieldRow(one, covered)),
      ...missing.map((kind) => make("p", { class: "review-field is-missing" }, make("span", { class: "small muted" }, { name: "Name", birth_date: "Born", mrn: "Record number" }[kind]), make("span", { class: "muted" }, "not read")))),
    rest.length ? make("details", { class: "review-rest" }, make("summary", { class: "small muted" }, `${rest.length} more read on the pages`), make("div", { class: "review-fields" }, ...rest.map((one) => fieldRow(one, covered)))) : null);
}

const rank = (kind) => { const at = LINE.indexOf(kind); return at < 0 ? LINE.length : at; };

/** A button: the focus moves the mark on the paper to it. */
function fieldRow(field, covered) {
  const isCovered = covered.has(field.kind);
  const value = isCovered ? cover() : make("span", { class: "value" }, marked(shown(field.text), field.marks, "span", { class: "diff" }));
  const other = !isCovered && field.other !== null ? make("span", { class: "other small" }, "or ", field.other ? marked(shown(field.other), field.other_marks, "span", { class: "diff" }) : "nothing there") : null;
  const whose = ["patient", "unknown"].includes(field.role) ? null : make("span", { class: "small muted" }, field.role);
  const where = field.is_contested ? make("span", { class: "small near" }, `on page ${field.page_no}`) : null;
  const line = [make("span", { class: "small muted" }, field.label), make("span", {}, value, other, whose, where)];
  if (!field.spot) return make("p", { class: "review-field" }, ...line);
  return make("button", { type: "button", class: "review-field", on: { focus: (event) => tell(event.currentTarget, "review:spot", { spot: field.spot }), click: (event) => tell(event.currentTarget, "review:spot", { spot: field.spot }) } }, ...line);
}

/** Control and direction characters of a misread page are shown as what they are: rubbish. */
const shown = (text) => text.replace(/[\p{Cc}\p{Cf}]/gu, "\ufffd");

// --- whose it may be --------------------------------------------------------
function people(view, covered) {
  const { item, chosen } = view;
  const cards = item.candidates.map((one) => card(one, view, covered));
  if (chosen && !item.candidates.includes(chosen)) cards.unshift(card(chosen, view, covered));
  const title = item.candidates.length ? "Whose is it?" : "Nobody in the roster fits. Whose is it?";
  return make("section", { class: "review-people" },
    make("div", { class: "row spread" }, make("h2", { class: "legend", id: "whose" }, title),
      item.preselected || !item.candidates.length ? null : make("span", { class: "small muted" }, "nobody preselected")),
    make("div", { class: "candidates", role: "radiogroup", "aria-labelledby": "whose" }, ...cards),
    make("div", { id: "search" }));
}

function card(one, view, covered) {
  const isChosen = view.chosen === one;
  const radio = make("input", { type: "radio", name: "whose", value: one.person.patient_id, tabindex: isChosen || !view.chosen ? null : "-1", on: { change: (event) => tell(event.currentTarget, "review:choose", { candidate: one }) } });
  radio.checked = isChosen;
  const id = `whose-${one.number || "found"}`;
  radio.id = id;
  if (one.number && one.number <= MOST_KEYS) Object.assign(radio.dataset, { reviewNumber: one.number });
  const box = make("div", { class: `candidate review-candidate${isChosen ? " is-chosen" : ""}` }, make("span", { class: "number" }, radio, one.number && one.number <= MOST_KEYS ? make("kbd", {}, String(one.number)) : null),
    make("div", { class: "review-person" }, make("label", { for: id }, ...personLine(one, covered)), ...differences(one, covered)));
  if (isChosen && one.confirmation) box.append(datum(one, view));
  return box;
}

function personLine(one, covered) {
  const rows = new Map(one.compared.map((row) => [row.kind, row]));
  const part = (kind, label, plain) => {
    const row = rows.get(kind);
    // What is covered still says whether it agrees: a difference is never hidden.
    if (covered.has(kind) && kind !== "name") return make("span", { class: "part" }, label ? make("span", { class: "small muted" }, `${label} `) : null, cover(), sign(row));
    const value = row?.expected || plain;
    if (!value) return label ? make("span", { class: "part muted small" }, `${label} ?`) : null;
    const isWrong = row?.level === "conflict" || row?.level === "near";
    const ranges = isWrong ? row.expected_marks : row?.among_marks || [];
    return make("span", { class: "part" }, label ? make("span", { class: "small muted" }, `${label} `) : null,
      covered.has(kind) ? cover() : make("span", { class: kind === "name" ? "name" : "id" }, marked(value, ranges, "span", { class: isWrong ? "diff diff-page" : "diff" })), sign(row));
  };
  const { person } = one;
  return [make("span", { class: "line" }, part("name", "", person.name), person.is_provisional ? make("span", { class: "badge badge-warn" }, "Provisional") : null, looksLike(one)),
    make("span", { class: "line" }, part("birth_date", "born", person.birth_date), part("mrn", "MRN", person.mrn), part("sex", "sex", person.sex))];
}

function sign(row) {
  const [css, text] = LEVELS[row?.level] || [];
  if (!css) return null;
  return make("span", { class: `${css} review-sign`, title: `${row.label} ${text} with the paper` }, { agrees: "✓", near: "≈", differs: "✗" }[css], make("span", { class: "sr" }, ` ${text}`));
}

/** Whatever else was compared and does not agree. */
function differences(one, covered) {
  const odd = one.compared.filter((row) => !LINE.includes(row.kind) && ["conflict", "near"].includes(row.level) && row.expected);
  const notes = [...new Set(one.compared.filter((row) => LINE.includes(row.kind) && row.note).sort((a, b) => (a.level !== "conflict") - (b.level !== "conflict")).map((row) => row.note))];
  const lines = odd.map((row) => make("p", { class: "small" }, make("span", { class: "muted" }, `${row.label} `), covered.has(row.kind) ? cover() : marked(row.expected, row.expected_marks, "span", { class: "diff" }), sign(row)));
  return [...lines, ...notes.slice(0, 3).map((note) => make("p", { class: "small muted" }, note))];
}

function looksLike(one) {
  if (!one.looks_like?.length) return null;
  return make("span", { class: "small near", title: "They could be taken for one another; what differs is marked." }, `looks like ${one.looks_like.join(", ")}`);
}

/** The one thing that is typed from the paper. What is expected stands nowhere. */
function datum(one, view) {
  const asked = one.confirmation;
  const id = "datum";
  return make("div", { class: "review-datum" },
    make("label", { for: id }, "Type, from the page, ", make("strong", {}, asked.words)),
    make("div", { class: "row" },
      make("input", { class: "input input-code", id, type: "text", "data-typed": true, inputmode: /name/.test(asked.kind) ? "text" : "numeric", size: asked.keys + 1, maxlength: 20, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", "aria-describedby": "datum-said", value: view.datum || "" }),
      make("span", { class: "small muted", id: "datum-said" }, asked.is_seen ? "It stands where the paper is marked." : "It was not read. Look for it on the pages; if it stands nowhere, ask (q) or park (h).")),
    asked.needs_reason ? make("div", { class: "field" }, make("label", { for: "reason" }, "That alone does not settle it. What else on the paper says that it is this patient?"),
      make("input", { class: "input", id: "reason", type: "text", maxlength: 300, autocomplete: "off", "data-typed": true, "aria-describedby": "reason-said", value: view.reason || "" }),
      make("p", { class: "hint", id: "reason-said" }, "Somebody alike is in the roster, or the paper names another birth year. Kept with the decision. Does the paper not say? Then ask a supervisor (q).")) : null);
}

// --- what else ------------------------------------------------------------------
function also(item) {
  const lines = [
    ...item.wishes.map((wish) => line("warning", wish)),
    ...item.look_alikes.map((alike) => line("pages", `Probably the same paper as a document that is ${alike.state.replaceAll("_", " ")}: ${alike.reason}`, `/documents/${alike.document_id}`)),
    ...neighbours(item),
  ];
  return lines.length ? [make("section", { class: "review-also", "aria-label": "Also" }, make("ul", {}, ...lines))] : [];
}

function line(sign, text, href = "") {
  return make("li", { class: "small" }, icon(sign), href ? make("a", { href, target: "_blank", rel: "noopener" }, text) : make("span", {}, text));
}

function neighbours(item) {
  const told = (one, where) => line("page", `${where}: ${one.type_title}, ${one.service_date || "undated"}, page ${one.pages.join(", ")} of the scan, ${one.state.replaceAll("_", " ")}`);
  return [item.previous ? told(item.previous, "Before it") : null, item.next ? told(item.next, "After it") : null].filter(Boolean);
}
