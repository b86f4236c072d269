// Finds [data-behaviour] and loads what it names. Every page works without this file.
import { say } from "./status.js";

const started = new WeakMap();

function start(root) {
  const found = [...root.querySelectorAll("[data-behaviour]")];
  if (root.matches?.("[data-behaviour]")) found.unshift(root);
  for (const element of found) {
    const names = started.get(element) ?? new Set();
    started.set(element, names);
    for (const name of element.dataset.behaviour.split(" ")) {
      if (names.has(name)) continue;
      names.add(name);
      import(`./behaviours/${name}.js`).then(
        (module) => module.default(element),
        () => names.delete(name),
      );
    }
  }
  if (!window.htmx && root.querySelector("[hx-get],[hx-post]")) loadHtmx();
}

let htmxIsAsked = false;

function loadHtmx() {
  const address = document.querySelector("meta[name=engage-htmx]")?.content;
  if (!address || htmxIsAsked) return;
  htmxIsAsked = true;
  const script = document.createElement("script");
  script.src = address;
  // htmx starts at DOMContentLoaded or on a complete page: in between it would never start
  const add = () => document.head.append(script);
  if (document.readyState === "complete") add();
  else window.addEventListener("load", add, { once: true });
}

// What had the focus is replaced: its successor gets it; a new form begins at its first field.
let place = -1;

function controls(element) {
  return [...element.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea")];
}

function keepFocus(element) {
  if (element.matches("form")) element.querySelector("textarea, input:not([type=hidden])")?.focus();
  else if (place >= 0 && document.activeElement === document.body) controls(element)[place]?.focus();
  place = -1;
}

const words = document.body.dataset;
document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target?.setAttribute("aria-busy", "true");
  say(words.busy);
});
document.addEventListener("htmx:afterRequest", (event) => event.detail.target?.removeAttribute("aria-busy"));
document.addEventListener("htmx:afterSettle", (event) => {
  say(words.done);
  keepFocus(event.detail.elt);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  place = controls(event.detail.target).indexOf(document.activeElement);
});
document.addEventListener("htmx:sendError", () => say(words.offline));
document.addEventListener("htmx:load", (event) => start(event.detail.elt));

start(document);
