// A form is sent once: the second press on the same button does nothing.
export default function busy(form) {
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (isSent) {
      event.preventDefault();
      return;
    }
    isSent = true;
    event.submitter?.setAttribute("aria-busy", "true");
  });
  // back from the next page, or answered in place: it may be sent again
  const free = () => {
    isSent = false;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  };
  addEventListener("pageshow", free);
  form.addEventListener("htmx:afterRequest", free);
}
