"""Single keys on the page of a case, and how to do without them (WCAG 2.1.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

HIDE = "input[name=outcome][value=hide]"


def _set_keys(page: Any, *, wanted: bool) -> None:
    page.goto("/en/me/profile#uses_shortcuts")
    page.locator("input[name=uses_shortcuts]").set_checked(wanted)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_load_state()


def test_keys_act_until_they_are_switched_off(site: Site, window: Callable[..., Any]) -> None:
    case = next(a for a in site.pages["moderator"] if re.search(r"/office/moderation/\d+$", a))
    page = window("moderator").page
    page.goto(case)
    # the behaviour is a module that loads after the page
    page.wait_for_load_state("networkidle")
    page.keyboard.press("h")
    assert page.locator(HIDE).is_checked()

    _set_keys(page, wanted=False)
    try:
        page.goto(case)
        page.wait_for_load_state("networkidle")
        before = page.url
        for key in "hpjz":
            page.keyboard.press(key)
        assert not page.locator("input[name=outcome]:checked").count()
        assert page.url == before
        assert page.get_by_text("Single keys are off.").is_visible()
    finally:
        _set_keys(page, wanted=True)
    page.goto(case)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("h")
    assert page.locator(HIDE).is_checked()
