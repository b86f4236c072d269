// Keeps a long text in this browser until it has arrived. Never used on passwords.
const DAY = 24 * 60 * 60 * 1000;

function kept(key) {
  return JSON.parse(localStorage.getItem(key) ?? "null");
}

// The page that follows a form names it once it is saved. Nothing else is proof: a form that was
// sent may be lost on the way, refused, or answered by a page that asks who is there.
export function forgetArrived() {
  try {
    const arrived = document.querySelector("meta[name=engage-arrived]")?.content;
    for (const key of arrived ? Object.keys(localStorage) : []) {
      if (key.startsWith("draft:") && kept(key)?.sent === arrived) localStorage.removeItem(key);
    }
  } catch {
    // storage refused: nothing was kept
  }
}

export default function draft(box) {
  const field = box.querySelector("textarea");
  const { form } = field;
  const key = `draft:${form?.getAttribute("action") ?? location.pathname}:${field.name}`;
  try {
    forgetArrived();
    const before = kept(key);
    const isFresh = before && Date.now() - before.at < 7 * DAY;
    // a form that came back with what was typed still began with the words it first held
    const from = isFresh && before.text === field.defaultValue ? before.from : field.defaultValue;
    const isSameStart = !field.defaultValue.trim() || before?.from === field.defaultValue;
    if (isFresh && isSameStart && field.value === field.defaultValue && before.text !== field.value) {
      field.value = before.text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const keep = (sent) => {
      if (field.value.trim()) localStorage.setItem(key, JSON.stringify({ at: Date.now(), text: field.value, from, sent }));
      else localStorage.removeItem(key);
    };
    let timer;
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(keep, 400);
    });
    form?.addEventListener("submit", (event) => {
      if (event.submitter?.name === "preview") return;
      clearTimeout(timer);
      keep(form.elements.idempotency_key?.value);
    });
    form?.addEventListener("htmx:beforeOnLoad", (event) => {
      if (event.detail.xhr.getResponseHeader("Engage-Arrived")) localStorage.removeItem(key);
    });
  } catch {
    // storage refused or full: the form works as it is
  }
}
