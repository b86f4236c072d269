// Keeps a long text in this browser until it is sent. Never used on passwords.
const DAY = 24 * 60 * 60 * 1000;

export default function draft(box) {
  const field = box.querySelector("textarea");
  const place = field.form?.getAttribute("action") ?? location.pathname;
  const key = `draft:${place}:${field.name}`;
  const sent = `sent:${place}`;
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    const isFresh = kept && Date.now() - kept.at < 7 * DAY;
    // this form was left by sending it: what was kept has arrived
    if (sessionStorage.getItem(sent) && !document.getElementById("errors")) {
      localStorage.removeItem(key);
    } else if (isFresh && field.value === field.defaultValue && !field.defaultValue.trim()) {
      field.value = kept.text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    sessionStorage.removeItem(sent);
    let timer;
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (field.value.trim()) localStorage.setItem(key, JSON.stringify({ at: Date.now(), text: field.value }));
        else localStorage.removeItem(key);
      }, 400);
    });
    field.form?.addEventListener("submit", (event) => {
      if (event.submitter?.name === "preview") return;
      clearTimeout(timer);
      sessionStorage.setItem(sent, "1");
    });
    field.form?.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.successful) localStorage.removeItem(key);
    });
  } catch {
    // storage refused or full: the form works as it is
  }
}
