/* Viewer of page images. Markup: parts/viewer.html, macro viewer(id, pages, widths, current, region, ...).

   const viewer = Viewer.of(document.getElementById("id"))
   viewer.load({pages: [{number, src, thumb, width, height, hits?}], current?, region?})   another document, no reload
   viewer.show(number), next(), previous(), fit("width" | "page"), zoom(factor, {x, y}?), turn(90)
   viewer.toRegion({page, box: [x, y, w, h], label})   goes there, zooms, marks it; toRegion(null) takes it away
   viewer.setHits(number, boxes)   boxes in fractions of the upright page; nextHit(), previousHit()
   viewer.setNotes(number, [{box, label}])   dashed marks
   viewer.prefetch(pages)   pictures of what comes next, in the width that would be shown now
   Events on the section (bubble): "viewer:page" {number}, "viewer:hit" {index, count}, "viewer:error" {number}.

   "{width}" in src becomes the smallest of data-widths that is sharp at the zoom shown ("1200", or by name with
   the longer side: "screen:1400"). Keys while the stage or
   any of the viewer has the focus, and on the whole screen where nothing else takes them: PageUp PageDown + - w p z . n
   Shift+n, arrows, Home, End. Wheel scrolls, Ctrl+wheel and two fingers zoom to the point, dragging moves. */

import { announce, button, icon, make, svg } from "./dom.js";
import { isReady, picture, prefetch } from "./pictures.js";
import { act, listen } from "./viewer-hands.js";
import { drawStrip, markCurrent } from "./viewer-strip.js";

/* 1 = the page's short side on 850 CSS pixels: about a letter sheet's own size on a screen. */
const NATURAL_PX = 850;
const LEAST = 0.1;
const MOST = 8;
const MOST_REGION = 3;
const MARGIN_PX = 12;
const REGION_SHARE = { width: 0.72, height: 0.3 };
const viewers = new WeakMap();

export class Viewer {
  static of(section) {
    if (!viewers.has(section)) viewers.set(section, new Viewer(section));
    return viewers.get(section);
  }

  constructor(section) {
    this.section = section;
    this.stage = section.querySelector(".viewer-stage");
    this.strip = section.querySelector(".viewer-strip");
    this.widths = (section.dataset.widths || "1200").split(" ").map(sized).sort((a, b) => a.px - b.px);
    this.mode = section.dataset.fit || "width";
    Object.assign(this, { pages: [], at: -1, scale: 1, turned: 0, region: null, hit: -1, shown: "", turnNo: 0 });
    this.marks = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.turner = make("div", { class: "viewer-turn" }, this.marks);
    this.sheet = make("div", { class: "viewer-sheet" }, this.turner);
    this.stage.append(this.sheet);
    section.classList.add("is-live");
    listen(this);
    this.load({ pages: this.fromMarkup(), current: Number(section.dataset.current) || undefined, region: parsed(section.dataset.region) });
  }

  fromMarkup() {
    return [...this.section.querySelectorAll(".viewer-plain [data-page]")].map(({ dataset }) => ({
      number: Number(dataset.page), src: dataset.src, thumb: dataset.thumb, width: Number(dataset.width) || 850,
      height: Number(dataset.height) || 1100, hits: parsed(dataset.hits) || [],
    }));
  }

  // --- what is shown -------------------------------------------------------
  load({ pages, current, region = null }) {
    this.pages = pages.map((page) => ({ hits: [], notes: [], ...page }));
    this.at = -1;
    this.turned = 0;
    this.hit = -1;
    this.region = region;
    this.drawStrip();
    const start = region?.page ?? current ?? this.pages.find((page) => page.hits.length)?.number ?? this.pages[0]?.number;
    this.part("region", (one) => { one.hidden = !region; });
    if (start === undefined) this.say("No pages", "This document has no page to show.");
    else if (region) this.toRegion(region);
    else this.show(start);
  }

  get page() { return this.pages[this.at]; }

  show(number) {
    const at = this.pages.findIndex((page) => page.number === number);
    if (at < 0 || at === this.at) return at >= 0;
    this.at = at;
    this.hit = -1;
    this.clear();
    if (this.mode !== "width" && this.mode !== "page") this.mode = "width";
    this.size();
    this.stage.scrollTo(0, 0);
    this.drawMarks();
    this.drawWhere();
    this.fetch();
    this.section.dispatchEvent(new CustomEvent("viewer:page", { bubbles: true, detail: { number } }));
    return true;
  }

  next() { return this.step(1); }
  previous() { return this.step(-1); }
  step(by) {
    const page = this.pages[this.at + by];
    return page ? this.show(page.number) : false;
  }

  clear() {
    this.turner.querySelector("img")?.remove();
    this.shown = "";
    this.message?.remove();
  }

  async fetch() {
    const page = this.page;
    if (!page) return;
    const src = this.source(page);
    const turnNo = ++this.turnNo;
    if (src === this.shown) return;
    if (!isReady(src)) this.wait(page, turnNo);
    try {
      const image = await picture(src);
      if (turnNo !== this.turnNo) return;
      this.put(image, page, src);
      this.fetchAround();
    } catch {
      if (turnNo === this.turnNo && !this.shown) this.fail(page);
    } finally {
      if (turnNo === this.turnNo) this.quiet();
    }
  }

  put(image, page, src) {
    this.message?.remove();
    this.turner.querySelector("img")?.remove();
    image.alt = `Page ${page.number}`;
    this.turner.prepend(image);
    this.shown = src;
  }

  /** The small picture at once, a word only if it takes long. */
  wait(page, turnNo) {
    this.stage.setAttribute("aria-busy", "true");
    if (!this.shown && page.thumb) {
      picture(page.thumb).then((image) => {
        if (turnNo === this.turnNo && !this.shown) this.turner.prepend(Object.assign(image.cloneNode(), { alt: "" }));
      }, () => {});
    }
    clearTimeout(this.slow);
    this.slow = setTimeout(() => { this.waiting ??= make("p", { class: "viewer-wait", role: "status" }, "Loading the page …"); this.section.append(this.waiting); }, 400);
  }

  quiet() {
    clearTimeout(this.slow);
    this.waiting?.remove();
    this.stage.removeAttribute("aria-busy");
  }

  fail(page) {
    this.say("This page cannot be shown now", `Page ${page.number}: its picture did not come.`, button("Try again", { on: { click: () => { this.message.remove(); this.fetch(); } } }));
    this.section.dispatchEvent(new CustomEvent("viewer:error", { bubbles: true, detail: { number: page.number } }));
  }

  say(title, text, ...more) {
    this.message?.remove();
    this.message = make("div", { class: "viewer-message state", role: "alert" }, icon("page"), make("h2", {}, title), make("p", {}, text), ...more);
    this.section.append(this.message);
  }

  fetchAround() {
    const near = [this.pages[this.at + 1], this.pages[this.at - 1]].filter(Boolean);
    prefetch(near.map((page) => this.source(page)));
  }

  prefetch(pages) { prefetch(pages.flatMap((page) => [page.thumb, this.source(page)])); }

  /** Address of the picture that is sharp at this zoom. */
  source(page, scale = page === this.page ? this.scale : this.fitted(page, this.mode)) {
    const dots = scale * Math.min(window.devicePixelRatio || 1, 2);
    const need = (one) => (one.isLongSide ? Math.max(page.width, page.height) : page.width) * dots;
    const found = this.widths.find((one) => one.px >= need(one) * 0.95) ?? this.widths.at(-1);
    return page.src.replace("{width}", found.name);
  }

  /** The same of a page that is not shown yet, seen as `load` and `toBox` will show it; box may be null. */
  sourceAt(page, box) { return this.source(page, box ? this.scaleTo(page, box) : this.fitted(page, "width")); }

  // --- size and place --------------------------------------------------------
  get natural() { return natural(this.page); }
  get sideways() { return this.turned % 180 !== 0; }

  fitted(page, mode) {
    const [width, height] = this.sideways ? [page.height, page.width] : [page.width, page.height];
    const room = { width: Math.max(this.stage.clientWidth - 2 * MARGIN_PX, 50), height: Math.max(this.stage.clientHeight - 2 * MARGIN_PX, 50) };
    return mode === "page" ? Math.min(room.width / width, room.height / height) : room.width / width;
  }

  size() {
    const page = this.page;
    if (!page) return;
    if (this.mode) this.scale = this.fitted(page, this.mode);
    const [width, height] = [page.width * this.scale, page.height * this.scale];
    Object.assign(this.turner.style, { width: `${width}px`, height: `${height}px`, transform: `translate(-50%, -50%) rotate(${this.turned}deg)` });
    Object.assign(this.sheet.style, { width: `${this.sideways ? height : width}px`, height: `${this.sideways ? width : height}px` });
    this.drawZoom();
  }

  fit(mode) {
    this.mode = mode;
    this.size();
    this.fetch();
    announce(mode === "page" ? "Whole page" : "Fit to the width");
  }

  /** point: in client pixels; it stays under the pointer. Default: the middle of the stage. */
  zoom(factor, point) {
    const frame = this.stage.getBoundingClientRect();
    const at = point || { x: frame.left + frame.width / 2, y: frame.top + frame.height / 2 };
    const sheet = this.sheet.getBoundingClientRect();
    const part = { x: (at.x - sheet.left) / sheet.width, y: (at.y - sheet.top) / sheet.height };
    this.mode = "";
    this.scale = Math.min(MOST * this.natural, Math.max(LEAST * this.natural, this.scale * factor));
    this.size();
    const now = this.sheet.getBoundingClientRect();
    this.stage.scrollBy({ left: now.left + part.x * now.width - at.x, top: now.top + part.y * now.height - at.y, behavior: "instant" });
    clearTimeout(this.sharpen);
    this.sharpen = setTimeout(() => this.fetch(), 150);
  }

  turn(by = 90) {
    this.turned = (this.turned + by + 360) % 360;
    this.mode ||= "width";
    this.size();
    this.fetch();
    announce(`Turned by ${this.turned} degrees`);
  }

  toRegion(region) {
    this.region = region;
    this.part("region", (one) => { one.hidden = !region; });
    if (!region) { this.drawMarks(); return; }
    this.mode ||= "width";
    this.show(region.page);
    this.toBox(region.box);
    this.drawMarks();
    if (region.label) announce(region.label);
  }

  /** Zoom so that the box is large but its surroundings are still seen, and bring it to the middle. */
  toBox(box) {
    if (!this.page) return;
    this.mode = "";
    this.scale = this.scaleTo(this.page, box);
    this.size();
    this.center(box);
    this.fetch();
  }

  scaleTo(page, box) {
    const [, , width, height] = turnedBox(box, this.turned);
    const [pageWidth, pageHeight] = this.sideways ? [page.height, page.width] : [page.width, page.height];
    const wanted = Math.min((this.stage.clientWidth * REGION_SHARE.width) / (width * pageWidth), (this.stage.clientHeight * REGION_SHARE.height) / (height * pageHeight));
    return Math.min(MOST_REGION * natural(page), Math.max(this.fitted(page, "page"), wanted));
  }

  center(box) {
    const [left, top, width, height] = turnedBox(box, this.turned);
    const sheet = this.sheet;
    this.stage.scrollTo({
      left: sheet.offsetLeft + (left + width / 2) * sheet.offsetWidth - this.stage.clientWidth / 2,
      top: sheet.offsetTop + (top + height / 2) * sheet.offsetHeight - this.stage.clientHeight / 2, behavior: "instant",
    });
  }

  // --- marks -----------------------------------------------------------------
  setHits(number, boxes) { this.change(number, "hits", boxes); this.drawStrip(); }
  setNotes(number, notes) { this.change(number, "notes", notes); }
  change(number, kind, value) {
    const page = this.pages.find((one) => one.number === number);
    if (page) page[kind] = value;
    this.drawMarks();
    this.drawWhere();
  }

  drawMarks() {
    const page = this.page;
    if (!page) return;
    const shapes = page.hits.map((box, n) => rect(box, `mark-hit${n === this.hit ? " is-current" : ""}`));
    shapes.push(...page.notes.map((note) => rect(note.box, "mark-note", note.label)));
    if (this.region?.page === page.number) shapes.push(rect(grown(this.region.box), "mark-region", this.region.label));
    this.marks.replaceChildren(...shapes);
  }

  get hitCount() { return this.pages.reduce((sum, page) => sum + page.hits.length, 0); }
  nextHit() { return this.stepHit(1); }
  previousHit() { return this.stepHit(-1); }

  stepHit(by) {
    const all = this.pages.flatMap((page) => page.hits.map((_, n) => ({ page, n })));
    if (!all.length) return false;
    const now = all.findIndex(({ page, n }) => page === this.page && n === this.hit);
    const start = all.findIndex(({ page }) => this.pages.indexOf(page) >= this.at);
    const index = now >= 0 ? (now + by + all.length) % all.length : Math.max(by > 0 ? start : start - 1, 0);
    const { page, n } = all[index];
    this.show(page.number);
    this.hit = n;
    this.drawMarks();
    this.center(page.hits[n]);
    this.text("hits", `Hit ${index + 1} of ${all.length}`);
    this.section.dispatchEvent(new CustomEvent("viewer:hit", { bubbles: true, detail: { index, count: all.length } }));
    return true;
  }

  // --- bar and strip ------------------------------------------------------------
  text(name, value) { for (const one of this.section.querySelectorAll(`[data-view-text="${name}"]`)) one.textContent = value; }
  part(name, run) { this.section.querySelectorAll(`[data-view="${name}"]`).forEach(run); }

  drawWhere() {
    const page = this.page;
    this.text("where", `Page ${page.number}${this.pages.length > 1 ? ` of ${this.pages.at(-1).number}` : ""}`);
    this.stage.setAttribute("aria-label", `Page ${page.number}; arrows move, plus and minus zoom`);
    this.part("previous", (one) => { one.disabled = this.at === 0; });
    this.part("next", (one) => { one.disabled = this.at === this.pages.length - 1; });
    const count = this.hitCount;
    for (const one of this.section.querySelectorAll("[data-view-hits]")) one.hidden = !count;
    if (this.hit < 0) this.text("hits", count === 1 ? "1 hit" : `${count} hits`);
    this.drawCurrent();
  }

  drawZoom() {
    this.text("zoom", `${Math.round((this.scale / this.natural) * 100)} %`);
    for (const mode of ["width", "page"]) this.part(mode, (one) => one.setAttribute("aria-pressed", String(this.mode === mode)));
  }

  drawStrip() {
    if (this.strip && !this.section.hasAttribute("data-no-strip")) drawStrip(this);
  }

  drawCurrent() { if (this.strip && this.page) markCurrent(this.strip, this.page.number); }

  act(what) { return act(this, what); }
}

const natural = (page) => NATURAL_PX / Math.min(page.width, page.height);

function rect([x, y, width, height], css, label = "") {
  return svg("rect", { x, y, width, height, class: css }, label ? svg("title", {}, label) : null);
}

/** A little larger than what it marks, so that the line does not cross letters. */
function grown([x, y, width, height]) {
  return [x - 0.006, y - 0.004, width + 0.012, height + 0.008];
}

/** A box of the upright page as it lies after a clockwise turn. */
export function turnedBox([x, y, width, height], degrees) {
  return { 0: [x, y, width, height], 90: [1 - y - height, x, height, width], 180: [1 - x - width, 1 - y - height, width, height], 270: [y, 1 - x - width, height, width] }[degrees];
}

/** "1200": a picture that wide; "screen:1400": one called so, with 1400 pixels on its longer side. */
function sized(text) {
  const [name, px] = text.split(":");
  return { name, px: Number(px ?? name), isLongSide: px !== undefined };
}

function parsed(text) {
  return text ? JSON.parse(text) : null;
}

export function startViewers() {
  for (const section of document.querySelectorAll("[data-viewer]")) Viewer.of(section);
}
