// Asks once more before something that cannot be undone; without scripts the page itself asks.
export default function confirmFirst(element) {
  element.addEventListener(element.matches("form") ? "submit" : "click", (event) => {
    if (!window.confirm(element.dataset.confirm)) event.preventDefault();
  });
}
