// Shows the preview below the text, without leaving the page.
export default function preview(button) {
  const form = button.form;
  const into = document.getElementById(button.dataset.into);
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const sent = new URLSearchParams({ profile: button.dataset.profile });
    sent.set("text", form.elements[button.value].value);
    sent.set("csrf_token", form.elements.csrf_token.value);
    into.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(button.dataset.url, {
        method: "POST",
        body: sent,
        headers: { "HX-Request": "true" },
      });
      into.innerHTML = await answer.text();
    } catch {
      into.textContent = document.body.dataset.offline;
    }
    into.removeAttribute("aria-busy");
  });
}
