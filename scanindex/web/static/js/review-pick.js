/* Type and date put right in place: a list that is here already, and a field that reads dates.

   pickType(place, types: Map, recent: [code], now) -> code or null;  typeDate(place, order, now) -> ISO text or null */

import { announce, make } from "./dom.js";
import { isoDate } from "./review-dialogs.js";

const MOST = 9;
const HOW = { day_first: "DDMMYYYY or ", month_first: "MMDDYYYY or " };

export function pickType(place, types, recent, now) {
  return new Promise((resolve) => {
    const list = make("ul", { class: "combo-list", role: "listbox", id: "type-list", "aria-label": "Types" });
    const input = make("input", { class: "input", id: "type-input", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list", "aria-controls": "type-list", "aria-label": "Type of the document", autocomplete: "off", spellcheck: "false", placeholder: types.get(now) || "type of the document" });
    const box = make("div", { class: "combo review-edit" }, input, list);
    let found = [];
    let at = 0;
    const draw = () => {
      list.replaceChildren(...found.map((code, n) => make("li", { class: "combo-option", role: "option", id: `type-${n}`, "data-at": n, "aria-selected": String(n === at) }, make("span", {}, types.get(code)), recent.includes(code) ? make("span", { class: "note" }, "recent") : null)));
      if (found.length) input.setAttribute("aria-activedescendant", `type-${at}`);
      else list.replaceChildren(make("li", { class: "combo-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "No type of that name."));
    };
    const look = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = ([code, title]) => words.every((word) => ` ${title.toLowerCase()} ${code}`.includes(word));
      const begins = (code) => types.get(code).toLowerCase().startsWith(words[0] || "");
      const all = [...types].filter(fits).map(([code]) => code);
      const known = recent.filter((code) => all.includes(code));
      const rest = all.filter((code) => !known.includes(code)).sort((a, b) => begins(b) - begins(a));
      found = [...known, ...rest].slice(0, MOST);
      at = 0;
      draw();
    };
    let isGone = false;
    const leave = (code) => { if (isGone) return; isGone = true; box.remove(); resolve(code); };
    input.addEventListener("input", look);
    input.addEventListener("blur", () => leave(null));
    input.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) { event.preventDefault(); at = (at + by + found.length) % Math.max(found.length, 1); draw(); }
      if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); if (found[at]) leave(found[at]); }
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); leave(null); }
    });
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const code = found[Number(event.target.closest("[role=option]")?.dataset.at)];
      if (code) leave(code);
    });
    place.append(box);
    look();
    input.focus();
  });
}

export function typeDate(place, order, now) {
  return new Promise((resolve) => {
    const said = make("span", { class: "small muted", id: "date-said" }, `${HOW[order] || ""}YYYY-MM-DD; year or month alone will do`);
    const input = make("input", { class: "input", id: "date-input", "aria-label": "Date of the document", "aria-describedby": "date-said", autocomplete: "off", maxlength: 10, inputmode: "numeric", placeholder: now || "undated" });
    const box = make("div", { class: "review-edit review-date" }, input, said);
    let isGone = false;
    const leave = (value) => { if (isGone) return; isGone = true; box.remove(); resolve(value); };
    input.addEventListener("input", () => {
      const date = isoDate(input.value, order);
      if (date) said.textContent = `= ${date}`;
      input.removeAttribute("aria-invalid");
    });
    input.addEventListener("blur", () => leave(null));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); leave(null); }
      if (event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      const date = isoDate(input.value, order);
      if (date) { leave(date); return; }
      input.setAttribute("aria-invalid", "true");
      said.textContent = /^\d{1,2}[/. -]\d{1,2}[/. -]\d{2}$/.test(input.value.trim()) ? "Write the year with four digits, as in 1998." : "That is no day, month or year that can be.";
      announce(said.textContent);
    });
    place.append(box);
    input.focus();
  });
}
