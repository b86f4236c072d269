// The switch between light and dark colours; the choice stays in this browser.
import { say } from "../status.js";

const root = document.documentElement;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export default function theme(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // storage refused: it holds for this page
    }
    say(isDark() ? button.dataset.dark : button.dataset.light);
  });
}
