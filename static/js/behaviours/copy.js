// Copies the text a button names, and says so.
import { say } from "../status.js";

export default function copy(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    say(button.dataset.said);
  });
}
