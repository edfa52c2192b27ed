/* Asking the service: JSON in, JSON out, with the CSRF header; all failures look alike.

   await get("/api/v1/..."), await post("/api/v1/...", {json}), await api(path, {
     method, json, form (FormData), signal,
     quiet: true       no toast for an error (the caller shows it),
     background: true  not a hand on the session: polling must not keep it alive (header X-Background: 1),
     patient: true     without a connection wait and ask again when it is back, instead of failing
   }) -> parsed JSON (null where the answer is empty)

   Errors are ApiError {code, message, hint, status, data}: what the service said in {code, message, hint}.
   A toast tells them unless quiet. No connection: code "offline" and a banner (#offline) with "Try again";
   window gets "scanindex:offline" and "scanindex:online". 401: the page is wiped and the login page shown. */

import { button, byId, icon, make } from "./dom.js";
import { leave, tell } from "./session.js";
import { toastError } from "./toast.js";

export class ApiError extends Error {
  constructor({ code = "error", message = "That did not work.", hint = "" } = {}, status = 0, data = null) {
    super(message);
    Object.assign(this, { name: "ApiError", code, hint, status, data });
  }
}

export const csrf = () => document.querySelector('meta[name="csrf"]')?.content || "";

export async function api(path, { method = "GET", json, form, signal, quiet = false, background = false, patient = false } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf();
  if (background) headers["X-Background"] = "1";
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const request = { method, headers, signal, body: json === undefined ? form : JSON.stringify(json), credentials: "same-origin", cache: "no-store" };
  for (;;) {
    try {
      return await asked(path, request, background);
    } catch (error) {
      if (error.code === "offline" && patient) { await back(); continue; }
      if (!quiet) toastError(error);
      throw error;
    }
  }
}

export const get = (path, options = {}) => api(path, options);
export const post = (path, json = {}, options = {}) => api(path, { ...options, method: "POST", json });

async function asked(path, request, background) {
  let answer;
  try {
    answer = await fetch(path, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    setOffline(true);
    throw new ApiError({ code: "offline", message: "The service cannot be reached.", hint: "Nothing was changed." });
  }
  setOffline(false);
  return read(answer, background);
}

async function read(answer, background) {
  const text = await answer.text();
  let data = null;
  try { data = text ? JSON.parse(text) : null; } catch { data = null; }
  if (answer.ok) {
    if (!background) { tell({ type: "seen" }); window.dispatchEvent(new CustomEvent("scanindex:seen")); }
    return data;
  }
  const said = data && typeof data.code === "string" ? data : { code: `http_${answer.status}`, message: `That did not work (${answer.status}).` };
  if (answer.status === 401 && said.code !== "login_failed") leave("ended");
  throw new ApiError(said, answer.status, data);
}

// --- without connection ----------------------------------------------------
let isOffline = false;
let waiting = [];
let probe = 0;
let pause = 2;

export function setOffline(now) {
  if (now === isOffline) return;
  isOffline = now;
  const banner = byId("offline");
  if (banner) banner.hidden = !now;
  clearTimeout(probe);
  if (now) {
    pause = 2;
    banner?.replaceChildren(icon("offline"), make("span", {}, "No connection to the service. What you see may be old; nothing you do is lost silently."),
      button("Try again", { class: "button button-small push", on: { click: reach } }));
    probe = setTimeout(reach, pause * 1000);
  } else {
    waiting.splice(0).forEach((resolve) => resolve());
  }
  window.dispatchEvent(new CustomEvent(now ? "scanindex:offline" : "scanindex:online"));
}

/** Any answer at all means that the service is there. */
async function reach() {
  clearTimeout(probe);
  try {
    await fetch(document.body.dataset.icons || "/", { method: "HEAD", cache: "no-store" });
    setOffline(false);
  } catch {
    pause = Math.min(pause * 2, 30);
    probe = setTimeout(reach, pause * 1000);
  }
}

const back = () => (isOffline ? new Promise((resolve) => { waiting.push(resolve); }) : Promise.resolve());
window.addEventListener("offline", () => setOffline(true));
window.addEventListener("online", reach);
