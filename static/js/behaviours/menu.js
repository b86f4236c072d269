// A <details> menu: closes on Escape, on a press outside, and when the focus leaves.
export default function menu(details) {
  const close = () => {
    details.open = false;
  };
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target)) close();
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    close();
    details.querySelector("summary").focus();
  });
  details.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !details.contains(event.relatedTarget)) close();
  });
}
