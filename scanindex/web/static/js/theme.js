/* Light, dark or as the system says: <html data-theme>, kept in the cookie "theme" (the server writes it
   into the next page, so that nothing flashes).

   <button data-theme-switch> goes round: as the system -> light -> dark. chosen(), choose("dark" | "light" | ""). */

import { announce } from "./dom.js";

const NAMES = { "": "as the system", light: "light", dark: "dark" };
const YEAR_SECONDS = 31536000;

export function kept(name) {
  return document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) || "";
}

/** Keep a choice of this browser that says nothing about anybody. */
export function keep(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; SameSite=Strict; Max-Age=${value ? YEAR_SECONDS : 0}${secure}`;
}

export const chosen = () => (Object.hasOwn(NAMES, kept("theme")) ? kept("theme") : "");

export function choose(theme) {
  keep("theme", theme);
  show(theme);
}

function show(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  for (const control of document.querySelectorAll("[data-theme-switch]")) {
    control.setAttribute("aria-label", `Colours: ${NAMES[theme]}`);
    control.title = `Colours: ${NAMES[theme]}`;
  }
}

export function startTheme() {
  show(chosen());
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    const order = Object.keys(NAMES);
    choose(order[(order.indexOf(chosen()) + 1) % order.length]);
    announce(`Colours: ${NAMES[chosen()]}`);
  });
}
