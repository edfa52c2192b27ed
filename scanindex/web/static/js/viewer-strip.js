/* The small pictures beside a viewer: one button per page, the page shown is marked and in sight. */

import { make } from "./dom.js";

export function drawStrip(viewer) {
  const { strip, pages } = viewer;
  strip.hidden = pages.length < 2;
  const thumbs = pages.map((page) => make("li", {}, make("button", {
    type: "button", class: "thumb", tabindex: "-1", "data-number": page.number, on: { click: () => viewer.show(page.number) },
  }, make("img", { src: page.thumb, alt: "", loading: "lazy", width: page.width, height: page.height }),
  make("span", { class: "sr" }, "Page "), `${page.number} `, page.hits.length ? make("span", { class: "hits" }, String(page.hits.length), make("span", { class: "sr" }, " hits")) : null)));
  strip.replaceChildren(make("ol", { class: "thumbs" }, ...thumbs));
  if (viewer.page) markCurrent(strip, viewer.page.number);
}

export function markCurrent(strip, number) {
  for (const thumb of strip.querySelectorAll(".thumb")) {
    const isNow = Number(thumb.dataset.number) === number;
    thumb.toggleAttribute("aria-current", isNow);
    if (isNow) thumb.setAttribute("aria-current", "page");
    thumb.tabIndex = isNow ? 0 : -1;
    if (isNow) intoView(strip, thumb);
  }
}

/** Scrolls the strip only, never the page around it. */
function intoView(strip, thumb) {
  const [outer, inner] = [strip.getBoundingClientRect(), thumb.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) strip.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
  if (inner.left < outer.left || inner.right > outer.right) strip.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}
