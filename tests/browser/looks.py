"""What is asked of every page once a real browser has drawn it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# (rule, why it does not speak here)
AXE_OFF: dict[str, str] = {}

WIDTH = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"

WIDER = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
               && getComputedStyle(e).position !== 'fixed' && e.offsetParent)
  .slice(0, 3).map(e => e.tagName.toLowerCase() + '.' + e.className)"""

SMALL_PRINT = """() => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), parent = walker.currentNode.parentElement;
    if (!text || !parent.checkVisibility() || parent.closest('script,style')) continue;
    if (parent.closest('.visually-hidden')) continue;
    const size = parseFloat(getComputedStyle(parent).fontSize);
    if (size < 12) found.add(size + 'px ' + text.slice(0, 30));
  }
  return [...found].slice(0, 3);
}"""

# After a first Tab the browser is in keyboard mode: focus set by script shows its ring too.
TAB_STOPS = """() => {
  const faults = [];
  const stops = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    .filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility());
  const name = e => e.tagName.toLowerCase() + ' ' + JSON.stringify(
    (e.innerText || e.getAttribute('aria-label') || e.name || e.id || '').trim().slice(0, 40));
  const look = e => {
    const seen = [];
    for (const target of [e, e.parentElement, e.labels && e.labels[0], e.nextElementSibling]) {
      if (!target) continue;
      for (const pseudo of [null, '::before', '::after']) {
        const s = getComputedStyle(target, pseudo);
        seen.push(s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor,
                  s.backgroundColor);
      }
    }
    return seen.join('|');
  };
  for (const e of stops.slice(0, 120)) {
    if (document.activeElement && document.activeElement.blur) document.activeElement.blur();
    const before = look(e);
    e.focus();
    if (document.activeElement !== e) { faults.push(name(e) + ' cannot be focused'); continue; }
    if (look(e) === before) faults.push(name(e) + ' shows no focus');
    e.scrollIntoView({block: 'nearest'});
    const r = e.getBoundingClientRect();
    if (r.width < 1 || r.height < 1) {
      const l = e.labels && e.labels[0] && e.labels[0].getBoundingClientRect();
      if (!l || l.width < 1) faults.push(name(e) + ' has no size while focused');
      continue;
    }
    const x = Math.min(Math.max(r.left + r.width / 2, 0), innerWidth - 1);
    const y = Math.min(Math.max(r.top + r.height / 2, 0), innerHeight - 1);
    const top = document.elementFromPoint(x, y);
    const lines = e.getClientRects().length > 1;  // a link over two lines has a hole in its middle
    if (top && !lines && !e.contains(top) && !top.contains(e) && !(e.labels && [...e.labels].some(l => l.contains(top))))
      faults.push(name(e) + ' is covered by ' + name(top));
  }
  return faults;
}"""

TARGETS = """() => [...document.querySelectorAll('button, input[type=submit], select, .button')]
  .filter(e => e.checkVisibility() && !e.closest('.visually-hidden'))
  .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.height < 24 || r.width < 24); })
  .slice(0, 4).map(e => e.outerHTML.slice(0, 90))"""


@cache
def axe() -> str:
    """axe-core's own source, as the package ships it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def axe_faults(page: Page) -> list[str]:
    """Violations of WCAG 2.2 AA, one line each."""
    page.evaluate(axe() + "\n;undefined")
    options: dict[str, Any] = {
        "runOnly": {"type": "tag", "values": AXE_TAGS},
        "rules": {rule: {"enabled": False} for rule in AXE_OFF},
        "resultTypes": ["violations"],
    }
    result = page.evaluate(f"() => axe.run(document, {json.dumps(options)})")
    return [
        f"axe {v['id']}: {v['help']} at "
        + ", ".join(" ".join(map(str, n["target"])) for n in v["nodes"][:3])
        + (f" ({_why(v['nodes'][0])})" if v["id"] == "color-contrast" else "")
        for v in result["violations"]
    ]


def _why(node: dict[str, Any]) -> str:
    data = (node["any"] or [{}])[0].get("data") or {}
    return f"{data.get('fgColor')} on {data.get('bgColor')} is {data.get('contrastRatio')}"


def drawing_faults(page: Page) -> list[str]:
    """No sideways scrolling, no tiny print, no target too small to hit."""
    found = []
    wide, room = page.evaluate(WIDTH)
    if wide > room:
        found.append(f"{wide - room}px wider than the window: {page.evaluate(WIDER)}")
    if small := page.evaluate(SMALL_PRINT):
        found.append(f"print too small: {small}")
    if targets := page.evaluate(TARGETS):
        found.append(f"targets too small: {targets}")
    return found


def keyboard_faults(page: Page) -> list[str]:
    """Every tab stop can be reached, shows that it has the focus, and is not covered."""
    page.keyboard.press("Tab")
    return list(page.evaluate(TAB_STOPS))
