/* Dialogs on the browser's own <dialog>: focus is kept inside and goes back where it came from; Escape closes.

   <button data-dialog="id">     opens <dialog id="id">;  <button data-close> inside closes it
   <form data-confirm="id">      asks with that dialog before it is sent (its form's primary button sends)
   open(dialog), close(dialog, value)
   await ask({title, text, ok: "Do it", cancel: "Cancel", isBad: false, reason: "Why"}) -> null if cancelled, else
   {reason}.  The dialog gets "dialog:open" and, as always, "close". */

import { button, byId, make } from "./dom.js";

export function open(dialog) {
  if (dialog.open) return;
  const before = document.activeElement;
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("dialog:open"));
  dialog.addEventListener("close", () => { if (before?.isConnected) before.focus(); }, { once: true });
}

export function close(dialog, value = "") {
  if (dialog.open) dialog.close(value);
}

export function ask({ title, text = "", ok = "Do it", cancel = "Cancel", isBad = false, reason = "" }) {
  const why = reason ? make("textarea", { class: "input", id: "ask-reason", required: true }) : null;
  const form = make("form", { method: "dialog" },
    make("header", {}, make("h2", { id: "ask-title" }, title)),
    make("div", { class: "dialog-body" }, text ? make("p", {}, text) : null,
      why ? make("div", { class: "field" }, make("label", { for: "ask-reason" }, reason), why) : null),
    make("footer", {}, button(cancel, { "data-close": true }),
      make("button", { class: `button button-primary${isBad ? " button-bad" : ""}`, value: "ok" }, ok)));
  const dialog = make("dialog", { class: "dialog", "aria-labelledby": "ask-title" }, form);
  document.body.append(dialog);
  open(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "ok" ? { reason: why?.value.trim() || "" } : null);
    }, { once: true });
  });
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-dialog], [data-close]");
    if (!target) return;
    if (target.hasAttribute("data-close")) close(target.closest("dialog"));
    else if (byId(target.dataset.dialog)) { event.preventDefault(); open(byId(target.dataset.dialog)); }
  });
  document.addEventListener("submit", confirmFirst);
  // An open menu closes with Escape and when something else is clicked.
  document.addEventListener("click", (event) => closeMenus(event.target.closest?.("[data-menu]")));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.activeElement?.closest("[data-menu][open]");
    if (menu) { closeMenus(null); menu.querySelector("summary").focus(); }
  });
}

function closeMenus(but) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (menu !== but) menu.open = false;
}

function confirmFirst(event) {
  const form = event.target;
  const dialog = form.dataset?.confirm && byId(form.dataset.confirm);
  if (!dialog || form.dataset.confirmed) return;
  event.preventDefault();
  const submitter = event.submitter;
  dialog.querySelector("form")?.addEventListener("submit", (inner) => {
    inner.preventDefault();
    form.dataset.confirmed = "yes";
    close(dialog);
    form.requestSubmit(submitter);
  }, { once: true });
  open(dialog);
}
