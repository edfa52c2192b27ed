/* Short messages at the corner, spoken by screen readers.

   toast("Filed.", {kind: "good", hint: "", seconds: 8, action: {label: "Undo", run: f, key: "u"}}) -> {close()}
   kind: info (default), good, warn, bad. "bad" is spoken at once and stays until it is closed; the others
   go after `seconds`, but not while the pointer or the focus is on them. At most four are shown. */

import { button, byId, make } from "./dom.js";

const MOST = 4;

export function toast(text, { kind = "info", hint = "", seconds = kind === "bad" ? 0 : 8, action = null } = {}) {
  const box = make("div", { class: `toast toast-${kind}`, role: kind === "bad" ? "alert" : null });
  let timer = 0;
  const close = () => { clearTimeout(timer); box.remove(); };
  const wait = () => { clearTimeout(timer); if (seconds) timer = setTimeout(close, seconds * 1000); };
  box.append(make("div", {}, make("p", {}, text), hint ? make("p", { class: "hint" }, hint) : null));
  if (action) {
    box.append(button(action.label, {
      class: "button button-small", "data-key": action.key, "data-key-label": action.key ? action.label : null,
      on: { click: () => { close(); action.run(); } },
    }));
  }
  box.append(button("", { class: "button button-small button-plain button-icon", "aria-label": "Close message", on: { click: close } }, "close"));
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", wait);
  box.addEventListener("focusin", () => clearTimeout(timer));
  box.addEventListener("focusout", wait);
  const region = byId("toasts");
  region?.append(box);
  while (region && region.children.length > MOST) region.firstElementChild.remove();
  wait();
  return { close };
}

/** An ApiError (api.js) as a toast; those that are shown otherwise (offline, logged out, aborted) are left out. */
export function toastError(error) {
  if (error?.name === "AbortError" || ["offline", "login_needed"].includes(error?.code)) return;
  toast(error?.message || "That did not work.", { kind: "bad", hint: error?.hint || "" });
}
