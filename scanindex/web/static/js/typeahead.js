/* Combobox that asks while one types (ARIA 1.2: list, nothing chosen beforehand). Markup: parts/forms.html, typeahead().

   <input data-typeahead="/api/v1/..." data-typeahead-into="id of a hidden input" data-typeahead-least="2">
   Asks by POST {"text": typed} (never in the address) 120 ms after the last key; an older question is given up.
   Answer: {"suggestions": [{id, title, ranges: [[start, end]], detail, detail_ranges, note, href}]}; href must begin with "/".
   Picking puts the title into the field and id into the hidden input, then "typeahead:pick" {item} bubbles from the field;
   unless that is prevented, an item with href is gone to. Typing on empties the hidden input ("typeahead:clear").
   data-typeahead-enter="pick": Enter takes the only suggestion, also one still on its way; of several it says that one must
   be chosen. Up/Down Home/End walk, Enter picks (nothing walked to: the form is sent), Escape closes, Tab leaves without picking. */

import { api } from "./api.js";
import { announce, make, marked, ownAddress } from "./dom.js";

const WAIT_MS = 120;
let count = 0;

export class Typeahead {
  constructor(field) {
    this.field = field;
    this.into = document.getElementById(field.dataset.typeaheadInto || "");
    this.least = Number(field.dataset.typeaheadLeast || 2);
    Object.assign(this, { items: [], at: -1, timer: 0, asking: null });
    this.list = make("ul", { class: "combo-list", role: "listbox", id: `combo-${++count}`, "aria-label": field.labels?.[0]?.textContent || "Suggestions", hidden: true });
    field.after(this.list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id, autocomplete: "off" })) field.setAttribute(name, value);
    field.addEventListener("input", () => this.typed());
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.pick(this.items[Number(event.target.closest("[role=option]")?.dataset.at)]));
  }

  typed() {
    clearTimeout(this.timer);
    this.asking?.abort();
    Object.assign(this, { isWanted: false, isAsked: this.field.value.trim().length >= this.least, items: [] });
    if (this.into?.value) { this.into.value = ""; this.field.dispatchEvent(new CustomEvent("typeahead:clear", { bubbles: true })); }
    if (this.field.value.trim().length < this.least) { this.close(); return; }
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    const asking = new AbortController();
    this.asking = asking;
    this.field.setAttribute("aria-busy", "true");
    try {
      const answer = await api(this.field.dataset.typeahead, { method: "POST", json: { text: this.field.value.trim() }, signal: asking.signal, quiet: true });
      if (this.asking !== asking) return;
      this.isAsked = false;
      this.show(answer?.suggestions || []);
      if (this.isWanted) this.only();
    } catch (error) {
      if (error.name !== "AbortError") this.note(error.message);
    } finally {
      if (this.asking === asking) this.field.removeAttribute("aria-busy");
    }
  }

  show(items) {
    this.items = items;
    this.at = -1;
    this.field.removeAttribute("aria-activedescendant");
    if (!items.length) { this.note("Nobody and nothing fits."); return; }
    this.list.replaceChildren(...items.map((item, at) => make("li", { class: "combo-option", role: "option", id: `${this.list.id}-${at}`, "data-at": at, "aria-selected": "false" },
      make("span", { class: "cut" }, marked(item.title, item.ranges)), item.detail ? make("span", { class: "detail" }, marked(item.detail, item.detail_ranges)) : null, item.note ? make("span", { class: "note" }, item.note) : null)));
    this.open();
    announce(items.length === 1 ? "1 suggestion" : `${items.length} suggestions`);
  }

  note(text) {
    this.items = [];
    this.at = -1;
    this.list.replaceChildren(make("li", { class: "combo-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, text));
    this.open();
    announce(text);
  }

  open() {
    if (document.activeElement !== this.field) return;
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.at = -1;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.isComposing) return;
    const isOpen = !this.list.hidden && this.items.length > 0;
    if (event.key === "Escape" && !this.list.hidden) { event.preventDefault(); event.stopPropagation(); this.close(); return; }
    if (event.key === "ArrowDown" && !isOpen && this.field.value.trim().length >= this.least) { event.preventDefault(); this.ask(); return; }
    if (event.key === "Enter" && this.at < 0 && this.field.dataset.typeaheadEnter === "pick") {
      event.preventDefault();
      event.stopPropagation();
      if (this.field.value.trim().length >= this.least) this.only();
      return;
    }
    if (!isOpen) return;
    if (event.key === "Enter") {
      if (this.at >= 0) { event.preventDefault(); event.stopPropagation(); this.pick(this.items[this.at]); }
      return;
    }
    const last = this.items.length - 1;
    const to = { ArrowDown: this.at >= last ? 0 : this.at + 1, ArrowUp: this.at <= 0 ? last : this.at - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.walk(to);
  }

  /** Enter with nothing walked to. */
  only() {
    this.isWanted = false;
    if (this.isAsked) { this.isWanted = true; return; }
    if (this.items.length === 1) this.pick(this.items[0]);
    else if (this.items.length) this.say("Several fit: go to one with the arrow keys, or type more.");
  }

  /** Below the suggestions, which stay. */
  say(text) {
    this.list.querySelector(".combo-note")?.remove();
    const note = make("li", { class: "combo-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, text);
    this.list.append(note);
    note.scrollIntoView({ block: "nearest" });
    announce(text);
  }

  walk(to) {
    this.list.children[this.at]?.setAttribute("aria-selected", "false");
    this.at = to;
    const option = this.list.children[to];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", option.id);
  }

  pick(item) {
    if (!item) return;
    this.field.value = item.title;
    if (this.into) this.into.value = item.id;
    this.close();
    const goes = this.field.dispatchEvent(new CustomEvent("typeahead:pick", { bubbles: true, cancelable: true, detail: { item } }));
    if (goes && ownAddress(item.href)) location.assign(item.href);
  }
}

export function startTypeaheads(within = document) {
  for (const field of within.querySelectorAll("[data-typeahead]:not([role=combobox])")) new Typeahead(field);
}
