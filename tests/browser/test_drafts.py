"""A long text stays in the browser until it has arrived, and no longer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

WORDS = "More light along the quay, please.\n\nAnd a bench."
FIELD = "main textarea[name=body]"
DRAFTS = "() => Object.keys(localStorage).filter(key => key.startsWith('draft:'))"


@pytest.fixture
def thread(site: Site) -> str:
    """The address of a thread one may write in."""
    known = [address for pages in site.pages.values() for address in pages]
    new = next(a for a in known if re.search(r"/comments/threads/\d+/new$", a))
    return new.removesuffix("/new")


def _open(page: Page, address: str) -> None:
    page.goto(address)
    # behaviours are modules that load after the page
    page.wait_for_load_state("networkidle")


def _send(page: Page) -> None:
    page.locator("form.writing button.btn").last.click()


def _lost(route: Route) -> None:
    route.abort("connectionreset")


def _busy(route: Route) -> None:
    route.fulfill(status=503, content_type="text/html", body="<h1>Busy</h1>")


def _hurried(route: Route) -> None:
    route.fulfill(status=429, content_type="text/html", body="<h1>Wait</h1>")


def _asked_who(route: Route) -> None:
    route.fulfill(status=303, headers={"Location": "/en/login"})


FAULTS = [_lost, _busy, _hurried, _asked_who]


def _only_posts(fault: Callable[[Route], None]) -> Callable[[Route], None]:
    return lambda route: fault(route) if route.request.method == "POST" else route.continue_()


@pytest.mark.parametrize("fault", FAULTS)
def test_what_did_not_arrive_is_there_again(
    thread: str, window: Callable[..., Any], fault: Callable[[Route], None]
) -> None:
    page = window("author").page
    _open(page, f"{thread}/new")
    page.fill(FIELD, WORDS)
    page.route("**/new", _only_posts(fault))
    _send(page)
    page.wait_for_timeout(500)
    page.unroute("**/new")
    if fault is _busy:
        page.go_back()
        page.wait_for_load_state("networkidle")
    else:
        _open(page, f"{thread}/new")
    expect(page.locator(FIELD)).to_have_value(WORDS)

    _send(page)
    page.wait_for_url(re.compile(r"/comments/\d+"))
    expect(page.get_by_text("We have received your comment")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate(DRAFTS) == []
    _open(page, f"{thread}/new")
    expect(page.locator(FIELD)).to_have_value("")


def test_in_place(thread: str, window: Callable[..., Any]) -> None:
    """The form opened in the page of the thread: the same, without leaving it."""
    page = window("author").page

    def write() -> None:
        _open(page, thread)
        page.get_by_role("link", name="Write a comment").first.click()
        expect(page.locator(FIELD)).to_be_visible()
        page.wait_for_load_state("networkidle")

    write()
    page.fill(FIELD, WORDS)
    page.route("**/new", _only_posts(_lost))
    _send(page)
    page.wait_for_timeout(500)
    page.unroute("**/new")
    write()
    expect(page.locator(FIELD)).to_have_value(WORDS)
    _send(page)
    expect(page.get_by_text("We have received your comment")).to_be_visible()
    assert page.evaluate(DRAFTS) == []


def test_a_refused_form_keeps_its_text(thread: str, window: Callable[..., Any]) -> None:
    """Sent and answered 422, left for another page: still there."""
    page = window("author").page
    _open(page, f"{thread}/new")
    long = "x" * 4001
    page.fill(FIELD, long)
    _send(page)
    expect(page.locator("#errors")).to_be_visible()
    _open(page, f"{thread}/new")
    expect(page.locator(FIELD)).to_have_value(long)


def test_a_change_begun_is_taken_up_again(thread: str, window: Callable[..., Any]) -> None:
    """The form to change a comment begins with its words; what was changed comes back."""
    page = window("author").page
    _open(page, f"{thread}/new")
    page.fill(FIELD, "First words of mine.")
    _send(page)
    page.wait_for_url(re.compile(r"/comments/\d+"))
    at = page.url.split("#")[0] + "/edit"
    _open(page, at)
    page.fill(FIELD, "Second words.")
    page.route("**/edit", _only_posts(_busy))
    page.locator("main form:has(textarea) button.btn").last.click()
    page.wait_for_timeout(500)
    page.unroute("**/edit")
    _open(page, at)
    expect(page.locator(FIELD)).to_have_value("Second words.")
