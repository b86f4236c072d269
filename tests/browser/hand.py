"""Somebody who has a keyboard and nothing else: goes by Tab, sees where they are, presses keys."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.looks import WIDER, WIDTH

FARTHEST = 260  # no page of the journey has more tab stops
SECONDS = 20_000

# Where the focus is: what it is called, whether it shows and can be seen.
WHERE = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const words = [e.getAttribute('aria-label'), e.innerText, e.labels && [...e.labels].map(l => l.innerText).join(' '),
    e.value].filter(Boolean).join(' ').replace(/\\s+/g, ' ').trim();
  const rings = [e, e.nextElementSibling, e.parentElement, e.labels && e.labels[0]].filter(Boolean)
    .flatMap(t => [getComputedStyle(t), getComputedStyle(t, '::before'), getComputedStyle(t, '::after')]);
  const ring = s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  let around = false;  // a card whose title has the focus shows the ring itself
  for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) around ||= ring(getComputedStyle(p));
  const shows = e.matches(':focus-visible') && (around || rings.some(s => ring(s) || s.boxShadow !== 'none'));
  const box = (e.labels && e.labels[0] && e.getBoundingClientRect().width < 2 ? e.labels[0] : e).getBoundingClientRect();
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight
    && box.right > 0 && box.left < innerWidth;
  return {words, name: e.getAttribute('name') || '', tag: e.tagName.toLowerCase(), type: e.type || '',
    value: e.value || '', shows, inside, html: e.outerHTML.slice(0, 120)};
}"""
IS_IN = "selector => !!document.activeElement.closest(selector)"


class Hand:
    """Drives a window by its keyboard alone; each step is looked at before the next."""

    def __init__(self, window: Any) -> None:
        self.window = window
        self.page: Page = window.page

    def open(self, address: str) -> None:
        """Type an address, or follow a link in a mail."""
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status == 200, f"{address}: {answer.status}"
        self.look()

    def to(self, words: str = "", *, name: str = "", value: str = "", within: str = "body") -> None:
        """Tab until what is called so has the focus; every stop on the way has to show itself."""
        passed = []
        for _step in range(FARTHEST):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(WHERE)
            if at is None:
                passed.append("the end of the page")
                continue
            assert at["shows"], f"{self.page.url}: no focus to be seen on {at['html']}"
            assert at["inside"], f"{self.page.url}: the focus is out of sight on {at['html']}"
            passed.append(at["words"][:40] or at["name"])
            if (
                words in at["words"]
                and name in {"", at["name"]}
                and value in {"", at["value"]}
                and self.page.evaluate(IS_IN, within)
            ):
                return
        raise AssertionError(f"{self.page.url}: no way by Tab to {words or name!r}: {passed[:80]}")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def follow(self, words: str, *, within: str = "body") -> None:
        """Tab to a link or button and press Enter."""
        self.to(words, within=within)
        self.press("Enter")

    def write(self, name: str, text: str, *, within: str = "main") -> None:
        """Tab to a field and type."""
        self.to(name=name, within=within)
        self.page.keyboard.type(text)

    def choose(self, name: str, value: str, *, within: str = "main") -> None:
        """Tab to a group of radio buttons and go by the arrows until the one is checked."""
        self.to(name=name, within=within)
        for _step in range(12):
            at = self.page.evaluate(WHERE)
            if at["value"] == value:
                self.press("Space")
                break
            self.press("ArrowDown")
        chosen = self.page.locator(f"{within} [name={name}][value={value}]")
        expect(chosen.first).to_be_checked(timeout=SECONDS)

    def tick(self, name: str, *, within: str = "main") -> None:
        self.to(name=name, within=within)
        self.press("Space")

    def sees(self, words: str, *, within: str = "body") -> None:
        """Wait until these words stand there, and look at the page."""
        place = self.page.locator(within).get_by_text(words).filter(visible=True)
        expect(place.first).to_be_visible(timeout=SECONDS)
        self.look()

    def look(self) -> None:
        """Nothing complains and nothing is wider than the window."""
        wide, room = self.page.evaluate(WIDTH)
        faults = [f"{wide - room}px too wide: {self.page.evaluate(WIDER)}"] if wide > room else []
        faults += self.window.heard()
        assert not faults, f"{self.page.url}: {faults}"
