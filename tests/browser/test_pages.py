"""Every page, drawn by a real browser: wide and light, narrow and dark with longer words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site
from tests.browser.looks import axe_faults, drawing_faults, keyboard_faults

# the database does not matter here: once is enough
pytestmark = pytest.mark.browser

LOOKS = {
    "wide and light": (1280, "light", "en"),
    "narrow, dark and French": (320, "dark", "fr"),
}
READERS = ("anonymous", "author", "moderator", "organiser", "admin")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("reader", READERS)
def test_pages_can_be_used_by_everybody(
    site: Site, window: Callable[..., Any], reader: str, look: str
) -> None:
    width, scheme, locale = LOOKS[look]
    view = window(reader, width=width, scheme=scheme)
    wrong = []
    for address in site.pages[reader]:
        address = re.sub("^/en/", f"/{locale}/", address)
        answer = view.page.goto(address)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        found = axe_faults(view.page) + drawing_faults(view.page) + keyboard_faults(view.page)
        found += view.heard()
        if found:
            wrong.append(f"{address}\n    " + "\n    ".join(found))
    assert not wrong, f"{len(wrong)} pages, {reader}, {look}:\n" + "\n".join(wrong)
