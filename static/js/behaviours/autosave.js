// Keeps a form's draft on the server while it is written, at most twice a minute.
import { say } from "../status.js";

const EVERY = 30_000;

export default function autosave(form) {
  let timer;
  let waiting = null;
  let last = Date.now();
  let isChanged = false;

  async function keep() {
    const sent = new FormData(form);
    sent.delete("upload");
    sent.set("step", "keep");
    try {
      const answer = await fetch(form.getAttribute("action") ?? location.href, {
        method: "POST",
        body: sent,
        headers: { "HX-Request": "true", Accept: "application/json" },
      });
      if (!answer.ok || answer.redirected) return;
      const kept = await answer.json();
      form.setAttribute("action", kept.action);
      form.elements.revision.value = kept.revision;
      form.elements.idempotency_key.value = kept.key;
      history.replaceState(null, "", kept.action);
      say(kept.said);
    } catch {
      // no connection: the text is still here, and the next try comes with the next change
      isChanged = true;
    }
  }

  async function save() {
    timer = undefined;
    if (!isChanged || waiting) return;
    isChanged = false;
    last = Date.now();
    waiting = keep();
    await waiting;
    waiting = null;
  }

  form.addEventListener("input", () => {
    isChanged = true;
    timer ??= setTimeout(save, Math.max(3_000, last + EVERY - Date.now()));
  });
  // before all others: a form that is just being kept is sent right after
  form.addEventListener(
    "submit",
    async (event) => {
      clearTimeout(timer);
      if (!waiting) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      await waiting;
      form.requestSubmit(submitter);
    },
    true,
  );
}
