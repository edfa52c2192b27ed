/* The end of a session in this window: nothing of a patient stays on the screen.

   leave("idle" | "ended"): wipes the page, tells the other tabs, goes to the login page.
   onSession(run): run({type: "seen" | "ended"}) for what other tabs say.  tell(message): to them. */

const channel = "BroadcastChannel" in window ? new BroadcastChannel("scanindex-session") : null;
let isLeaving = false;

export function tell(message) {
  channel?.postMessage(message);
}

export function onSession(run) {
  channel?.addEventListener("message", (event) => run(event.data));
}

export function leave(reason = "ended", { isTold = false } = {}) {
  if (isLeaving) return;
  isLeaving = true;
  if (!isTold) tell({ type: "ended" });
  const login = document.body.dataset.login || "/login";
  sessionStorage.clear();
  document.body.replaceChildren();
  document.title = "scanindex";
  location.replace(`${login}?${reason}`);
}

// A page that comes back from the browser's memory may be older than the session.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
