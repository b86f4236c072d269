"""Every attack input, rendered, in a real browser: nothing runs, nothing is even asked for."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterator
from typing import Any

import pytest

from engage.core import security
from engage.core.errors import Invalid
from engage.core.richtext import clean, render
from tests.core import attack

# the database does not matter here: once is enough
pytestmark = pytest.mark.browser

ADDRESS = "http://engage.test/"
BATCH = 700

# Put in by the debugger, so no policy of the page stops it: whatever runs, calls one of these.
WATCH = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "open", "print", "fetch"])
  window[name] = (...given) => { window.ran.push(name + "(" + given.join() + ")"); };
document.addEventListener("securitypolicyviolation",
  e => window.ran.push("policy: " + e.violatedDirective + " " + e.blockedURI));
"""

# What a careless script of ours could do with stored HTML: read it and write it back.
REWRITE = """
() => { for (const part of document.querySelectorAll("div.said")) part.innerHTML = part.innerHTML; }
"""
POINT_AT_ALL = """
() => {
  for (const part of document.querySelectorAll("div.said, div.said *"))
    for (const kind of ["mouseover", "mouseenter", "focus", "pointerdown", "toggle", "animationend"])
      part.dispatchEvent(new Event(kind, { bubbles: true }));
}
"""


def outputs() -> Iterator[tuple[str, str]]:
    """Input and output, for each way and profile, each output once."""
    seen: set[str] = set()
    for text in attack.inputs():
        for profile in ("comment", "plan"):
            made = [clean(text, profile=profile)]
            with contextlib.suppress(Invalid):
                made.append(render(text, profile=profile))
            for output in made:
                if output not in seen:
                    seen.add(output)
                    yield text, output


@pytest.fixture(scope="module")
def batches() -> list[list[tuple[str, str]]]:
    everything = list(outputs())
    return [everything[i : i + BATCH] for i in range(0, len(everything), BATCH)]


def page_of(batch: list[tuple[str, str]]) -> str:
    parts = "\n".join(f'<div class="said" dir="auto">{output}</div>' for _text, output in batch)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><body>{parts}'


@pytest.mark.parametrize("policy", [security.POLICY.format(script="'self'"), None])
def test_nothing_runs(
    chromium: Any, batches: list[list[tuple[str, str]]], policy: str | None
) -> None:
    context = chromium.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    noted: list[str] = []
    page.on("dialog", lambda dialog: (noted.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: noted.append(f"console {message.text}"))
    page.on("pageerror", lambda error: noted.append(f"error {error}"))
    body = ""

    def answer(route: Any) -> None:
        if route.request.url != ADDRESS:
            noted.append(f"request {route.request.url}")
            route.abort()
            return
        headers = {"Content-Type": "text/html; charset=utf-8"}
        if policy:
            headers["Content-Security-Policy"] = policy
        route.fulfill(status=200, headers=headers, body=body)

    page.route("**/*", answer)
    for batch in batches:
        body = page_of(batch)
        page.goto(ADDRESS, wait_until="load")
        assert page.locator("div.said").count() == len(batch), "an output left its box"
        page.evaluate(REWRITE)
        page.evaluate(POINT_AT_ALL)
        ran = page.evaluate("() => window.ran")
        assert page.url == ADDRESS
        assert (ran, noted) == ([], []), [text for text, _output in batch][:5]
    context.close()


def test_the_watch_would_see_it(chromium: Any) -> None:
    """Without the cleaning the same page does run: the test can fail."""
    context = chromium.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    bad = "<img src=x onerror=alert(1)>"
    page.route("**/*", lambda route: route.fulfill(status=200, body=bad, content_type="text/html"))
    page.goto(ADDRESS, wait_until="load")
    page.wait_for_function("() => window.ran.length > 0")
    assert page.evaluate("() => window.ran")[0].startswith("alert")
    assert html.escape(bad) in render(bad)
    context.close()
