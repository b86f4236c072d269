// A button of the formatting bar: wraps what is selected.
export default function mark(button) {
  const field = button.closest(".md").querySelector("textarea");
  const [before, after = ""] = button.dataset.wrap.split("|");
  button.hidden = false;
  button.addEventListener("click", () => {
    const { selectionStart: from, selectionEnd: to, value } = field;
    const atLineStart = from === 0 || value[from - 1] === "\n";
    const lead = before.startsWith("\n") && atLineStart ? before.slice(1) : before;
    const picked = value.slice(from, to);
    field.setRangeText(lead + picked + after, from, to, "end");
    const inside = from + lead.length + picked.length;
    if (!picked) field.setSelectionRange(inside, inside);
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
