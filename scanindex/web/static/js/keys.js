/* Keys of a screen: one map, shown by "?", never in the way of typing.

   Elements:  <button data-key="a" data-key-label="Accept" data-key-group="Decide">   pressed by the key;
              inputs, selects, textareas and labels of them get the focus; links are followed.
              Only controls: button, a, input, select, textarea, label, summary.
   Code:      bind({ "a": {label, run(event), group, repeat: false}, ... }) -> unbind()
   Names:     "a" "7" "." "Enter" "Escape" "PageDown" "ArrowUp" "Space", with "Shift+" (letters and named keys),
              "Alt+", "Ctrl+"; "g q" is one key after the other.
   While typing in a field only Escape, Enter and Alt+... of the map are heard; in an open dialog only what stands in it.
   Of two elements with one key the later in the page wins: a message that offers "Undo" does.
   Held keys count once unless repeat. What a key did is said to screen readers. Single keys can be switched off
   in the help (WCAG 2.1.4), kept in the cookie "keys". help() opens it, as does any [data-keys-help]. */

import { announce, button, make } from "./dom.js";
import { open } from "./dialog.js";
import { keep, kept } from "./theme.js";

const SECOND_MS = 1500;
/* Rows of live lists have a data-key of another meaning (live.js). */
const PRESSED = ":is(button, a, input, select, textarea, label, summary)[data-key]";
const bound = new Set();
let first = "";
let firstTimer = 0;

export function bind(map) {
  bound.add(map);
  return () => bound.delete(map);
}

/** "Shift+a", "Alt+n", "?" of an event; "" for a modifier alone. */
export function nameOf(event) {
  if (["Shift", "Alt", "Control", "Meta", "AltGraph", "Dead"].includes(event.key)) return "";
  let key = event.key === " " ? "Space" : event.key;
  if (event.altKey && /^(Key|Digit)/.test(event.code)) key = event.code.replace(/^(Key|Digit)/, "");
  const isLetter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
  if (isLetter) key = key.toLowerCase();
  const withShift = event.shiftKey && (isLetter || key.length > 1);
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${withShift ? "Shift+" : ""}${key}`;
}

export function isTyping(element) {
  if (!element) return false;
  if (element.isContentEditable || ["TEXTAREA", "SELECT"].includes(element.tagName)) return true;
  return element.tagName === "INPUT" && !["checkbox", "radio", "button", "submit", "range", "file"].includes(element.type);
}

const isOff = () => kept("keys") === "off";
/* What stands in a closed menu has its key all the same: the menu is the place to look it up. */
const isFolded = (element) => element.closest("details[data-menu]:not([open])")?.getClientRects().length > 0;
const isShown = (element) => (element.getClientRects().length > 0 || isFolded(element)) && !element.closest("[inert]");

function elements() {
  const dialogs = [...document.querySelectorAll("dialog[open]")];
  const within = dialogs.at(-1) || document;
  return [...within.querySelectorAll(PRESSED)].filter(isShown);
}

function found(name) {
  const element = elements().findLast((one) => one.dataset.key === name);
  if (element) return { label: element.dataset.keyLabel || element.textContent.trim(), run: () => press(element), element };
  if (document.querySelector("dialog[open]")) return null;
  return [...bound].reverse().map((map) => map[name]).find(Boolean) || null;
}

function press(element) {
  if (element.matches(":disabled, [aria-disabled=true]")) return false;
  const field = element.tagName === "LABEL" ? element.control : element;
  if (element.tagName !== "LABEL" && field.matches("input:not([type=checkbox], [type=radio]), select, textarea")) {
    field.focus();
    field.select?.();
  } else {
    element.click();
  }
  return true;
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const name = nameOf(event);
  if (!name) return;
  const isField = isTyping(event.target);
  const isHeardInField = ["Escape", "Enter"].includes(name) || name.includes("Alt+") || name.includes("Ctrl+");
  if (isField && !isHeardInField) return;
  if (isOff() && name.replace("Shift+", "").length === 1 && name !== "?") return;
  if (name === "?" && !document.querySelector("dialog[open]")) { event.preventDefault(); help(); return; }
  // Enter and Space belong to the button or link that has the focus.
  if (["Enter", "Space"].includes(name) && event.target.closest?.("a, button, summary, label, [role=option]")) return;
  const binding = found(first ? `${first} ${name}` : name) || (first ? found(name) : null);
  const begins = !first && !binding && isBeginning(name);
  clearTimeout(firstTimer);
  first = begins ? name : "";
  if (begins) firstTimer = setTimeout(() => { first = ""; }, SECOND_MS);
  if (!binding || (event.repeat && !binding.repeat)) return;
  event.preventDefault();
  if (binding.run(event) !== false && binding.label && !binding.repeat) announce(binding.label);
}

function isBeginning(name) {
  const names = [...elements().map((one) => one.dataset.key), ...[...bound].flatMap((map) => Object.keys(map))];
  return names.some((one) => one.startsWith(`${name} `));
}

// --- the help -----------------------------------------------------------------
function rows() {
  const all = elements().map((one) => ({ key: one.dataset.key, label: one.dataset.keyLabel || one.textContent.trim(), group: one.dataset.keyGroup || "This screen" }));
  for (const map of bound) for (const [key, one] of Object.entries(map)) if (one.label) all.push({ key, label: one.label, group: one.group || "This screen" });
  all.push({ key: "?", label: "This list", group: "Everywhere" }, { key: "Escape", label: "Close, leave a field", group: "Everywhere" });
  return Map.groupBy ? Map.groupBy(all, (row) => row.group) : grouped(all);
}

function grouped(all) {
  const groups = new Map();
  for (const row of all) groups.set(row.group, [...(groups.get(row.group) || []), row]);
  return groups;
}

function keyLine({ key, label }) {
  const signs = key.split(" ").flatMap((part) => [" ", make("kbd", {}, part)]);
  return make("tr", {}, make("td", {}, ...signs), make("td", {}, label));
}

export function help() {
  const groups = [...rows()].map(([name, lines]) => make("section", {}, make("h3", {}, name), make("table", {}, make("tbody", {}, ...lines.map(keyLine)))));
  const toggle = make("input", { type: "checkbox", on: { change: (event) => keep("keys", event.target.checked ? "" : "off") } });
  toggle.checked = !isOff();
  const dialog = make("dialog", { class: "dialog dialog-wide", "aria-labelledby": "keys-title" }, make("div", {},
    make("header", {}, make("h2", { id: "keys-title" }, "Keys of this screen"), button("", { class: "button button-plain button-icon", "data-close": true, "aria-label": "Close" }, "close")),
    make("div", { class: "dialog-body" }, make("div", { class: "keys" }, ...groups), make("label", { class: "check" }, toggle, make("span", {}, "Single keys do something (off: only Alt, Enter and Escape)")))));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove(), { once: true });
  open(dialog);
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-keys-help]")) help(); });
  document.addEventListener("keydown", (event) => {
    // Escape leaves a field, so that the next key is a command again.
    if (event.key === "Escape" && !event.defaultPrevented && isTyping(event.target) && !event.target.closest("dialog")) event.target.blur();
  });
  for (const one of document.querySelectorAll(PRESSED)) one.setAttribute("aria-keyshortcuts", one.dataset.key.replace("Ctrl", "Control"));
}
