/* Making elements without markup in strings: text stays text, whatever was read from paper.

   make("p", {class: "hint", "aria-label": "x", hidden: true, on: {click: f}}, "text", child, ...) -> element
   icon("search") -> <svg>;  svg("rect", {x: 0}) -> SVG element;  byId(id);  announce(text): spoken, not shown. */

const SVG = "http://www.w3.org/2000/svg";

export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [kind, run] of Object.entries(value)) element.addEventListener(kind, run);
    } else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `${document.body.dataset.icons}#${name}` }));
}

export function button(text, attributes = {}, iconName = "") {
  return make("button", { type: "button", class: "button", ...attributes }, iconName ? icon(iconName) : null, text);
}

export const byId = (id) => document.getElementById(id);

let speaking = 0;

/** Say something to screen readers; the same text twice is said twice. */
export function announce(text) {
  const place = byId("announcer");
  if (!place) return;
  place.textContent = "";
  clearTimeout(speaking);
  speaking = setTimeout(() => { place.textContent = text; }, 60);
}

/** Text with marked spans. ranges: [[start, end], ...], end exclusive, sorted, not overlapping. */
export function marked(text, ranges = [], name = "mark", attributes = {}) {
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const [start, end] of ranges) {
    if (start < at || end <= start || end > text.length) continue;
    parts.append(text.slice(at, start), make(name, attributes, text.slice(start, end)));
    at = end;
  }
  parts.append(text.slice(at));
  return parts;
}

/** The two texts with the characters in which they differ marked (class "diff"): [fragment, fragment]. */
export function differences(one, other) {
  const [a, b] = [[...one], [...other]];
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const [left, right] = [[], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { left.push([a[i++], false]); right.push([b[j++], false]); }
    else if (j >= b.length || (i < a.length && length[i + 1][j] >= length[i][j + 1])) left.push([a[i++], true]);
    else right.push([b[j++], true]);
  }
  return [left, right].map(runs);
}

function runs(characters) {
  const parts = document.createDocumentFragment();
  for (let at = 0; at < characters.length;) {
    const differs = characters[at][1];
    let text = "";
    while (at < characters.length && characters[at][1] === differs) text += characters[at++][0];
    parts.append(differs ? make("span", { class: "diff" }, text) : text);
  }
  return parts;
}

/** The value at "a.b.0.c" in an object; undefined where there is none. */
export function valueAt(data, path) {
  return path.split(".").reduce((value, key) => (value !== null && typeof value === "object" && Object.hasOwn(value, key) ? value[key] : undefined), data);
}

/** An address of ours only: "/..." but not "//..."; else "". */
export function ownAddress(text) {
  return typeof text === "string" && /^\/(?![/\\])/.test(text) ? text : "";
}
