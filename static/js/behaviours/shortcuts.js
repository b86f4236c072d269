// Keys for a queue: an element with data-key is pressed by its key, unless somebody is writing.
export default function shortcuts(region) {
  document.addEventListener("keydown", (event) => {
    const isWriting = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
    if (isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = [...region.querySelectorAll("[data-key]")].find(
      (element) => element.dataset.key === event.key.toLowerCase() && element.getClientRects().length,
    );
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.click();
  });
}
