/* The split strip as elements: bands of documents, a list box of pages in each, in the order of the paper.

   const view = new StripView(box, scanId);  view.draw(strip, {turning})  keeps the pictures that are there already
   view.tile(page), view.tiles() in order;  bandOf(strip, page);  nameOf(strip, page): "page 4, document 2, Lab report"
   runs(strip): [{id, pages}], id null for what is set aside between documents. */

import { icon, make } from "./dom.js";

const ASIDE = { blank: "blank", separator: "separator", failed: "unreadable", content: "set aside" };
const STATES = { filed: "Filed", proposed: "Being filed", exported: "Filed", in_review: "In review", rescan_wanted: "Rescan wanted", paper_kept: "Paper kept", entered_in_error: "Entered in error" };

/** Neighbouring pages of one document; what is set aside amid a document stands in its band. */
export function runs(strip) {
  const found = [];
  strip.pages.forEach((page, at) => {
    const last = found.at(-1);
    const next = strip.pages.slice(at + 1).find((one) => one.document_id)?.document_id;
    const id = page.document_id ?? (last && last.id && last.id === next ? last.id : null);
    if (last && last.id === id) last.pages.push(page);
    else found.push({ id, pages: [page] });
  });
  return found;
}

export const documentOf = (strip, id) => strip.documents.find((one) => one.document_id === id) || null;

export function nameOf(strip, page) {
  const held = documentOf(strip, page.document_id);
  if (!held) return `page ${page.page}, set aside: ${ASIDE[page.kind]}`;
  const locked = held.is_changeable ? "" : ", locked";
  return `page ${page.page}, document ${held.number}, ${held.type_title}${locked}`;
}

export class StripView {
  constructor(box, scanId) {
    this.box = box;
    this.scanId = scanId;
    this.made = new Map();
  }

  tile(page) { return this.made.get(page)?.tile; }

  draw(strip, turning) {
    const seen = new Set();
    const bands = runs(strip).map((run) => {
      const held = documentOf(strip, run.id);
      const band = held ? this.band(held, seen.has(run.id)) : this.asideBand();
      seen.add(run.id);
      band.querySelector("[role=listbox]").append(...run.pages.map((page) => this.page(strip, page, turning)));
      return band;
    });
    bands.push(make("div", { class: "strip-document strip-fresh", "data-band": "new", "aria-hidden": "true" }, icon("plus"), make("span", {}, "Drop pages here for a new document")));
    const focused = document.activeElement?.dataset?.page;
    this.box.replaceChildren(...bands);
    if (focused) this.tile(Number(focused))?.focus({ preventScroll: true });
  }

  band(held, isMore) {
    const person = [held.person, held.mrn && `MRN ${held.mrn}`, held.service_date].filter(Boolean).join(" · ");
    const words = `Document ${held.number}${isMore ? " (more of it)" : ""}`;
    return make("div", { role: "group", class: `strip-document${held.is_changeable ? "" : " is-locked"}`, "data-band": held.document_id, "data-number": held.number, "aria-label": words },
      make("header", {},
        make("span", { class: "strip-number" }, String(held.number)),
        make("span", { class: "strip-title strong" }, `${held.type_title}${isMore ? " (more of it)" : ""}`),
        make("span", { class: "small strip-state" }, held.is_changeable ? null : icon("lock"), STATES[held.state] || held.state, make("span", { class: "muted" }, ` v${held.version}`)),
        make("span", { class: "small muted strip-person" }, person ? `${person}${held.is_decided ? "" : " (as read)"}` : "nobody named")),
      held.is_changeable ? null : this.lock(held),
      make("div", { class: "strip-pages", role: "listbox", "aria-multiselectable": "true", "aria-orientation": "horizontal", "aria-label": `Pages of document ${held.number}, ${held.type_title}` }));
  }

  lock(held) {
    const text = held.state === "proposed" ? "Locked while it is filed. Then " : "Locked. To change it, ";
    return make("p", { class: "small strip-lock" }, text, make("a", { href: `/documents/${held.document_id}` }, "open it"), " and send it back to review.");
  }

  asideBand() {
    return make("div", { role: "group", class: "strip-document strip-aside", "aria-label": "Set aside" },
      make("header", {}, make("span", { class: "strip-title" }, make("span", { class: "strong" }, "Set aside"), make("span", { class: "small muted" }, "in no document"))),
      make("div", { class: "strip-pages", role: "listbox", "aria-multiselectable": "true", "aria-orientation": "horizontal", "aria-label": "Pages set aside" }));
  }

  /** The tile of a page; its element and picture stay while the strip changes. */
  page(strip, page, turning) {
    const known = this.made.get(page.page) || this.make(page);
    const { tile, picture, note } = known;
    const isTurning = turning.has(page.page);
    const source = `/scans/${this.scanId}/pictures/${page.page}/thumb?turn=${page.turn ?? 0}`;
    if (picture.getAttribute("src") !== source) picture.setAttribute("src", source);
    tile.classList.toggle("is-aside", !page.document_id);
    tile.classList.toggle("is-busy", isTurning);
    tile.draggable = page.is_changeable && !isTurning;
    tile.setAttribute("aria-label", `${nameOf(strip, page)}${isTurning ? ", reading again" : ""}${page.faults.length ? `, ${page.faults.join(", ")}` : ""}`);
    note.textContent = isTurning ? "reading again…" : page.document_id ? (page.kind === "failed" ? "unreadable" : "") : ASIDE[page.kind];
    tile.title = page.faults.join(", ");
    return tile;
  }

  make(page) {
    const picture = make("img", { alt: "", loading: "lazy", fetchpriority: "low", decoding: "async", width: 170, height: 220, draggable: "false" });
    const note = make("span", { class: "strip-note" });
    const tile = make("div", { class: "thumb", role: "option", tabindex: "-1", "aria-selected": "false", "data-page": page.page, id: `page-${page.page}` },
      picture, make("span", { class: "strip-no" }, String(page.page)), note);
    this.made.set(page.page, { tile, picture, note });
    return this.made.get(page.page);
  }
}
