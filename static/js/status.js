// The page's one live region: speaks, and is never made anew.
const region = document.getElementById("status");

export function say(text) {
  if (region && text) region.textContent = text;
}
