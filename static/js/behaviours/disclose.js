// A link that opens a fragment in place: first press loads it, the next ones fold and unfold.
import { say } from "../status.js";

export default function disclose(link) {
  const box = document.getElementById(link.dataset.into);
  if (!box) return;
  link.setAttribute("aria-expanded", "false");
  link.setAttribute("aria-controls", box.id);
  const show = (isOpen) => {
    box.hidden = !isOpen;
    link.setAttribute("aria-expanded", String(isOpen));
    link.closest(".para")?.classList.toggle("open", isOpen);
  };
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (box.childElementCount) {
      show(box.hidden);
      return;
    }
    box.setAttribute("aria-busy", "true");
    say(document.body.dataset.busy);
    try {
      const answer = await fetch(link.dataset.from ?? link.href, { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(String(answer.status));
      box.innerHTML = await answer.text();
      if (window.htmx) window.htmx.process(box);
      box.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: box } }));
      show(true);
      say(document.body.dataset.done);
      box.querySelector("h2, h3")?.scrollIntoView({ block: "nearest" });
    } catch {
      location.assign(link.href);
    }
    box.removeAttribute("aria-busy");
  });
}
