/* Lists by keyboard, tabs, and forms that are sent once.

   <table data-rows> (or any [data-rows] with [data-row] items): j/k or Down/Up walk from row to row, Enter follows
   the row's first link, Space ticks its checkbox. Only one row is in the tab order. "rows:move" {row} bubbles.
   <div class="tabs" data-tabs> with <a href="#panel-id">: panels are shown one at a time (without script: all);
   where the tabs are links to other addresses, leave data-tabs away and set aria-current="page".
   <form data-once>: its buttons are switched off while it is sent.
   <form data-auto>: is sent when a control in it changes (filters); its [type=submit] is hidden by class without-script. */

export function startLists() {
  for (const place of document.querySelectorAll("[data-rows]")) startRows(place);
  for (const tabs of document.querySelectorAll("[data-tabs]")) startTabs(tabs);
  document.addEventListener("submit", (event) => {
    if (event.target.hasAttribute("data-once")) setTimeout(() => event.target.querySelectorAll("button").forEach((one) => { one.disabled = true; }));
  });
  document.addEventListener("change", (event) => event.target.closest("form[data-auto]")?.requestSubmit());
}

function rowsOf(place) {
  return [...place.querySelectorAll(place.matches("table") ? "tbody tr" : "[data-row]")].filter((row) => !row.hidden);
}

function startRows(place) {
  const link = (row) => row.querySelector("a[href]:not([aria-hidden]), button");
  const enter = () => rowsOf(place).forEach((row, n) => { const one = link(row); if (one) one.tabIndex = n ? -1 : 0; });
  enter();
  new MutationObserver(enter).observe(place, { childList: true, subtree: true });
  const move = (by) => {
    const rows = rowsOf(place);
    const now = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[now < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(now + by, 0), rows.length - 1)];
    const target = row && link(row);
    if (!target) return;
    for (const one of rows) if (link(one)) link(one).tabIndex = one === row ? 0 : -1;
    target.focus();
    row.scrollIntoView({ block: "nearest" });
    row.dispatchEvent(new CustomEvent("rows:move", { bubbles: true, detail: { row } }));
  };
  place.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || ["SELECT", "TEXTAREA"].includes(event.target.tagName) || event.target.matches("input:not([type=checkbox])")) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); move(by); }
    if (event.key === " ") {
      const box = event.target.closest("tr, [data-row]")?.querySelector("input[type=checkbox]");
      if (box && event.target !== box) { event.preventDefault(); box.click(); }
    }
  });
  import("./keys.js").then(({ bind }) => bind({
    j: { label: "Next row", group: "List", run: () => move(1), repeat: true },
    k: { label: "Previous row", group: "List", run: () => move(-1), repeat: true },
  }));
}

function startTabs(tabs) {
  const links = [...tabs.querySelectorAll("a[href^='#']")];
  const panel = (one) => document.getElementById(one.hash.slice(1));
  tabs.setAttribute("role", "tablist");
  const show = (now) => links.forEach((one) => {
    one.setAttribute("aria-selected", String(one === now));
    one.tabIndex = one === now ? 0 : -1;
    panel(one).hidden = one !== now;
  });
  for (const one of links) {
    one.id ||= `tab-${one.hash.slice(1)}`;
    one.setAttribute("role", "tab");
    one.setAttribute("aria-controls", one.hash.slice(1));
    panel(one).setAttribute("role", "tabpanel");
    panel(one).setAttribute("aria-labelledby", one.id);
    panel(one).tabIndex = 0;
  }
  tabs.addEventListener("click", (event) => {
    const one = event.target.closest("[role=tab]");
    if (one) { event.preventDefault(); show(one); }
  });
  tabs.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const to = links[(links.indexOf(document.activeElement) + by + links.length) % links.length];
    show(to);
    to.focus();
  });
  show(links.find((one) => one.hash === location.hash) || links[0]);
}
