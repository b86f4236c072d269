// Says how many characters are left, aloud only when few are.
import { say } from "../status.js";

export default function count(out) {
  const field = document.getElementById(out.dataset.for);
  const most = Number(out.dataset.most);
  if (!field || !most) return;
  const number = new Intl.NumberFormat(document.documentElement.lang);
  let timer;
  const show = () => {
    const left = most - [...field.value.replace(/\r?\n/g, "\n")].length;
    const text = (left < 0 ? out.dataset.over : out.dataset.left).replace("#", number.format(Math.abs(left)));
    out.textContent = text;
    out.classList.toggle("over", left < 0);
    clearTimeout(timer);
    if (left < most * 0.1) timer = setTimeout(() => say(text), 1000);
  };
  field.addEventListener("input", show);
  show();
}
