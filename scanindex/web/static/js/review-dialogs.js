/* Small questions of the review screen: why, a type, a date, a new patient, a run. Each resolves to null if left.

   await why({title, ok, choices: [text], isBad, isNeeded, value, typed}) -> {note}: a digit takes a choice at
   once; typed(words) hears every change
   await newPatient(item, {known}) -> {last_name, ..., birth_date}: nothing is taken over that was not looked at;
   {patient_id}: one of `known` after all
   await pickRun(item, followers) -> [{item_id, version}] */

import { button, make } from "./dom.js";
import { open } from "./dialog.js";

function shell(id, title, body, footer, css = "") {
  const form = make("form", { method: "dialog", novalidate: true }, make("header", {}, make("h2", { id: `${id}-title` }, title), button("", { class: "button button-plain button-icon", "data-close": true, "aria-label": "Close" }, "close")),
    make("div", { class: "dialog-body" }, ...body), make("footer", {}, ...footer));
  return { form, dialog: make("dialog", { class: `dialog ${css}`, id, "aria-labelledby": `${id}-title` }, form) };
}

function asked(dialog, answer) {
  document.body.append(dialog);
  open(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer()); }, { once: true });
  });
}

const field = (id, label, input, hint = "") => make("div", { class: "field" }, make("label", { for: id }, label), input, hint ? make("p", { class: "hint" }, hint) : null);

export function why({ title, text = "", ok = "Do it", choices = [], isBad = false, isNeeded = true, value = "", typed = () => {} }) {
  let answer = null;
  const note = make("input", { class: "input", id: "why-note", value, maxlength: 2000, autocomplete: "off", "data-key": "o", "data-key-label": "Other words" });
  const done = (words) => { answer = { note: words }; dialog.close(); };
  const quick = choices.map((words, at) => button(words, { class: "button review-choice-button", "data-key": String(at + 1), "data-key-label": words, autofocus: at === 0 && !value, on: { click: () => done(words) } }));
  quick.forEach((one, at) => one.append(make("kbd", {}, String(at + 1))));
  const problem = make("p", { class: "field-error", hidden: true }, "A word or two are needed.");
  const { form, dialog } = shell("why", title, [text ? make("p", {}, text) : null, quick.length ? make("div", { class: "review-quick" }, ...quick) : null,
    field("why-note", quick.length ? "Or in other words (o)" : "In words", note), problem].filter(Boolean),
  [button("Cancel", { "data-close": true }), make("button", { class: `button button-primary${isBad ? " button-bad" : ""}` }, ok)]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isNeeded && !note.value.trim()) { problem.hidden = false; note.focus(); return; }
    done(note.value.trim());
  });
  note.addEventListener("input", () => typed(note.value));
  if (!quick.length || value) note.setAttribute("autofocus", "");
  return asked(dialog, () => answer);
}

/** Names and number as read, to be looked at; the birth date is typed from the paper. */
export function newPatient(item, { isKnown = false, before = null, known = [] } = {}) {
  const read = (kind) => item.fields.find((one) => one.kind === kind && one.is_used)?.value || "";
  const [last, given = ""] = read("name").split(", ");
  const [first = "", ...middle] = given.split(" ");
  const values = before || { last_name: last || "", first_name: first, middle_name: middle.join(" "), sex: "", mrn: read("mrn"), birth_date: "" };
  const input = (name, more = {}) => make("input", { class: "input", id: `new-${name}`, name, value: values[name] ?? "", autocomplete: "off", maxlength: 120, ...more });
  const born = input("birth_date", { class: "input input-code", placeholder: "YYYY-MM-DD", autofocus: true, required: true, maxlength: 10, inputmode: "numeric" });
  const sex = make("select", { class: "input", id: "new-sex", name: "sex" }, ...[["", "not on the paper"], ["F", "F"], ["M", "M"], ["X", "X"]].map(([value, text]) => make("option", { value }, text)));
  sex.value = values.sex;
  const looked = make("input", { type: "checkbox", required: true });
  const surely = make("input", { type: "checkbox" });
  const problem = make("p", { class: "field-error", hidden: true });
  let answer = null;
  let warned = "";
  const { form, dialog } = shell("new-patient", "Not in the roster: a new patient", [
    make("p", { class: "small muted" }, "Name and number are what was read. Compare each with the paper; the birth date you type from it."),
    make("div", { class: "fields" }, field("new-last_name", "Last name", input("last_name", { required: true })), field("new-first_name", "First name", input("first_name")), field("new-middle_name", "Middle name", input("middle_name"))),
    make("div", { class: "fields" }, field("new-birth_date", "Birth date, from the paper", born), field("new-sex", "Sex", sex), field("new-mrn", "Record number", input("mrn", { maxlength: 60 }))),
    make("label", { class: "check" }, looked, make("span", {}, "I compared the name and the number with the paper")),
    known.length ? make("div", { class: "notice notice-warn", role: "alert" }, make("div", {}, make("p", { class: "strong" }, "The roster holds already:"),
      ...known.map((one) => make("p", { class: "row" }, button(`It is ${one.title}`, { class: "button button-small", on: { click: () => { answer = { patient_id: one.id }; dialog.close(); } } }), make("span", { class: "small" }, [one.detail, one.note].filter(Boolean).join(" · ")))))) : null,
    isKnown ? make("label", { class: "check" }, surely, make("span", {}, "It is somebody else than the person the roster holds")) : null,
    problem].filter(Boolean),
  [button("Cancel", { "data-close": true }), make("button", { class: "button button-primary" }, "Register and file")], "dialog-wide");
  const refuse = (text, at) => { problem.textContent = text; problem.hidden = false; at.focus(); };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    if (!given.last_name.trim()) return refuse("The last name is needed.", form.elements.last_name);
    const date = isoDate(given.birth_date, "");
    if (!date || date.length !== 10) return refuse("Type the whole birth date, the year with four digits: year-month-day, as in 1938-08-19.", born);
    const machine = read("birth_date");
    if (machine && machine !== date && warned !== date) { warned = date; return refuse("The machine read another birth date. Look at the paper again; once more if you are sure.", born); }
    if (!looked.checked) return refuse("Compare name and number with the paper, then tick the box.", looked);
    answer = { ...given, birth_date: date, is_surely_new: surely.checked };
    dialog.close();
    return undefined;
  });
  return asked(dialog, () => answer);
}

export function pickRun(item, followers) {
  let answer = null;
  const boxes = followers.map((one) => {
    const box = make("input", { type: "checkbox", value: one.item_id });
    const pages = one.pages.length === 1 ? `page ${one.pages[0]}` : `pages ${one.pages[0]}–${one.pages.at(-1)}`;
    return { box, one, row: make("label", { class: "review-follower" }, box,
      make("img", { src: `/review/items/${one.item_id}/pages/1/thumb?v=${one.version}`, alt: "", loading: "lazy" }),
      make("span", {}, make("span", { class: "strong" }, one.type_title), make("span", { class: "small muted" }, ` ${one.service_date || "undated"} · ${pages}`), make("br"), make("span", {}, one.name || "no name read"), make("span", { class: "small muted" }, one.mrn ? ` MRN ${one.mrn}` : ""))) };
  });
  const all = button("All that follow", { "data-key": "a", "data-key-label": "All", on: { click: () => boxes.forEach(({ box }) => { box.checked = true; }) } });
  const { form, dialog } = shell("run", "File a run of items to one patient", [
    make("p", {}, "Choose what belongs to the same patient as this item. You confirm the patient once; what names somebody else is left out."),
    make("div", { class: "row" }, all), make("div", { class: "review-followers" }, ...boxes.map(({ row }) => row))],
  [button("Cancel", { "data-close": true }), make("button", { class: "button button-primary" }, "Go on")], "dialog-wide");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer = boxes.filter(({ box }) => box.checked).map(({ one }) => ({ item_id: one.item_id, version: one.version }));
    dialog.close();
  });
  boxes[0]?.box.setAttribute("autofocus", "");
  return asked(dialog, () => answer);
}

/** ISO text of what was typed: 1998, 1998-04, 1998-04-03, 04/03/1998, 04031998; "" where it is no date. */
export function isoDate(text, order) {
  const typed = text.trim();
  let parts = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(typed)?.slice(1);
  const eight = /^(\d{2})(\d{2})(\d{4})$/.exec(typed);
  const signed = /^(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})$/.exec(typed);
  const month = /^(\d{1,2})[/. -](\d{4})$/.exec(typed);
  if (!parts && /^(19|20)\d{2}(0[1-9]|1[0-2])\d{2}$/.test(typed)) parts = [typed.slice(0, 4), typed.slice(4, 6), typed.slice(6)];
  const found = signed || eight;
  if (!parts && found && ["day_first", "month_first"].includes(order)) parts = order === "day_first" ? [found[3], found[2], found[1]] : [found[3], found[1], found[2]];
  if (!parts && month) parts = [month[2], month[1]];
  if (!parts) return "";
  const [year, m, d] = parts;
  const iso = [year, m?.padStart(2, "0"), d?.padStart(2, "0")].filter(Boolean).join("-");
  const day = new Date(`${iso.length === 4 ? `${iso}-01-01` : iso.length === 7 ? `${iso}-01` : iso}T00:00:00Z`);
  const isReal = !Number.isNaN(day.valueOf()) && day.toISOString().startsWith(iso);
  return isReal && Number(year) >= 1850 && day <= new Date(Date.now() + 864e5) ? iso : "";
}
