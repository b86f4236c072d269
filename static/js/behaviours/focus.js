// What must be read first takes the focus: the summary of errors.
export default function focus(element) {
  element.focus();
  element.addEventListener("click", (event) => {
    const target = event.target.closest("a[href^='#']")?.hash.slice(1);
    const field = target && document.getElementById(target);
    if (!field) return;
    event.preventDefault();
    const control = field.matches("fieldset") ? field.querySelector("input, select, textarea") : field;
    control.focus();
    field.scrollIntoView({ block: "center" });
  });
}
