/* Of the entrance, people and one's own page.

   <button data-copy="id">          copies the value of that field; <input data-select> selects itself when touched
   <form data-wait="20">            its button can be pressed again in so many seconds
   <form data-ask="Title" data-ask-text data-ask-ok>   is sent after a question
   <button data-print>              prints the page */

import { announce, byId } from "./dom.js";
import { ask } from "./dialog.js";
import { toast } from "./toast.js";

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) await copied(byId(copy.dataset.copy));
  if (event.target.closest("[data-print]")) window.print();
});
document.addEventListener("focusin", (event) => { if (event.target.matches?.("[data-select]")) event.target.select(); });

async function copied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    toast("Copied", { kind: "good" });
  } catch {
    field.focus();
    field.select();
    toast("Select it and copy it by hand", { kind: "warn" });
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.ask || form.dataset.asked) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const answer = await ask({ title: form.dataset.ask, text: form.dataset.askText || "", ok: form.dataset.askOk || "Do it", isBad: true });
  if (!answer) return;
  form.dataset.asked = "yes";
  form.requestSubmit();
}, { capture: true });

for (const form of document.querySelectorAll("form[data-wait]")) count(form, Number(form.dataset.wait));

function count(form, seconds) {
  const button = form.querySelector("button:not([type=button])");
  const words = button.textContent;
  const until = Date.now() + seconds * 1000;
  button.disabled = true;
  const timer = setInterval(show, 500);
  function show() {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.textContent = left > 0 ? `${words} (in ${left} s)` : words;
    if (left > 0) return;
    clearInterval(timer);
    button.disabled = false;
    announce("You can try again now");
  }
  show();
}
