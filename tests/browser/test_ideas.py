"""An idea on a telephone, by the keyboard alone: found, written, checked, sent, supported; and kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from engage.core.db import db
from engage.programmes.ideas.models import Idea, IdeaState
from tests.browser.conftest import Site, Window
from tests.browser.hand import SECONDS, Hand
from tests.factories.accounts import make_organisation, make_user
from tests.factories.ideas import make_call, make_idea
from tests.instances import cookie_of, server

# the database does not matter here: once is enough
pytestmark = pytest.mark.browser

PHONE = {"width": 320, "height": 640, "scheme": "light"}
PEOPLE = {"rose": "Rose of Le Portel", "nils": "Neighbour Nils", "anna": "Anna", "writer": "Wim"}
CALL = "Ideas for a quieter quay"
TWIN = "Sockets for the fishing boats"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server with one open call, an idea in it, and the people of the story."""
    with server(tmp_path_factory.mktemp("quay"), "ideas", ENGAGE_PAGE_CACHE_SECONDS="0") as site:
        app = site.application()
        with app.app_context():
            people = {who: make_user(display_name=name) for who, name in PEOPLE.items()}
            call = make_call(hosts=(make_organisation(name="Port"),), title=CALL, categories=())
            twin = make_idea(call, title=TWIN, author=people["nils"])
            cookies = {who: dict(cookie_of(app, user)) for who, user in people.items()}
            told = SimpleNamespace(
                app=app,
                site=Site(site.url, {"anonymous": {}, **cookies}, {}),
                call_id=call.id,
                twin=f"/en/ideas/{twin.address}",
            )
        site.start()
        yield told
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def phone(chromium: Browser, port: SimpleNamespace) -> Iterator[Callable[..., Hand]]:
    """`phone("rose")` opens a telephone of theirs; `scripts=False` is one without JavaScript."""
    opened: list[Window] = []

    def open_phone(reader: str = "anonymous", **options: Any) -> Hand:
        opened.append(Window(chromium, port.site, reader, **{**PHONE, **options}))
        return Hand(opened[-1])

    yield open_phone
    for one in opened:
        one.close()


def stored(port: SimpleNamespace, title: str) -> Idea:
    """The one idea of this title."""
    with port.app.app_context():
        found: Idea = db.session.query(Idea).filter_by(title=title).one()
        db.session.expunge(found)
        db.session.close()
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_idea_by_keyboard(
    port: SimpleNamespace, phone: Callable[..., Hand], scripts: bool
) -> None:
    title = f"Sockets for all fishing boats, {'soon' if scripts else 'at last'}"
    hand = phone("rose", scripts=scripts)
    finds_the_call(hand)
    writes(hand, title, scripts=scripts)
    checks_and_sends(hand, title)
    idea = stored(port, title)
    assert idea.state is IdeaState.PUBLISHED
    another_supports_it(phone("anna", scripts=scripts), port, idea, scripts=scripts)


def finds_the_call(hand: Hand) -> None:
    hand.open("/en/ideas")
    hand.follow("Calls for ideas", within="main")
    hand.page.wait_for_url("**/calls")
    hand.follow(CALL, within="main")
    hand.page.wait_for_url("**/calls/*")
    hand.sees("Every idea gets an answer within")
    hand.follow("Write my idea", within="main")
    hand.page.wait_for_url("**/ideas/new**")


def writes(hand: Hand, title: str, *, scripts: bool) -> None:
    """Types the title; ideas like it show below it while nothing is sent, where scripts run."""
    hand.write("title", title)
    if scripts:
        hand.sees(TWIN, within="#similar")
    hand.write("body", "So that **engines** rest at night.")
    hand.follow("Check my idea", within="main")
    hand.page.wait_for_url("**/check")


def checks_and_sends(hand: Hand, title: str) -> None:
    hand.sees("Your idea is not sent yet.")
    hand.sees(title, within="main")
    hand.sees(TWIN, within="main")
    expect(hand.page.locator("main .prose strong")).to_have_text("engines", timeout=SECONDS)
    hand.follow("Send my idea", within="main")
    hand.sees("Your idea is published.")


def another_supports_it(hand: Hand, port: SimpleNamespace, idea: Idea, *, scripts: bool) -> None:
    """Presses, reads that it counts, takes it back and gives it again."""
    hand.open(f"/en/ideas?call={port.call_id}&sort=newest")
    hand.follow(idea.title, within="main")
    hand.page.wait_for_url(f"**/ideas/{idea.address}*")
    for count, is_pressed in ((1, "true"), (0, "false"), (1, "true")):
        hand.to(name="value", within="main .supportform")
        hand.press("Enter")
        button = hand.page.locator("main .supportform button.support").first
        expect(button).to_have_attribute("aria-pressed", is_pressed, timeout=SECONDS)
        hand.look()
        assert stored(port, idea.title).supports_count == count
        expect(hand.page.locator("#people")).to_contain_text(str(count), timeout=SECONDS)
        if scripts:  # the page stays, and so does the focus
            focused = hand.page.evaluate("document.activeElement.matches('button.support')")
            assert focused, "the focus is lost after the press"
            hand.press("Shift+Tab")


def test_a_draft_is_kept_on_the_server_while_it_is_written(
    port: SimpleNamespace, phone: Callable[..., Hand]
) -> None:
    """Nobody presses anything: after a while the words are in the list of drafts, once."""
    page = phone("writer").page
    page.clock.install()
    page.goto(f"/en/ideas/new?call={port.call_id}")
    page.wait_for_load_state("networkidle")
    page.fill("main [name=title]", "Benches for the night shift")
    with page.expect_response(_keeps) as kept:
        page.clock.fast_forward(31_000)
    assert kept.value.ok
    expect(page).to_have_url(re.compile(r"/ideas/\d+/draft$"))
    idea = stored(port, "Benches for the night shift")
    assert (idea.state, idea.body) == (IdeaState.DRAFT, "")

    # more words go into the same draft, not sooner than half a minute later
    page.fill("main [name=body]", "With a roof.")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.clock.fast_forward(15_000)
    page.wait_for_timeout(300)
    assert "POST" not in asked
    with page.expect_response(_keeps) as kept:
        page.clock.fast_forward(20_000)
    assert kept.value.ok
    assert stored(port, "Benches for the night shift").body == "With a roof."

    # the tab is closed; another one goes on where it stopped, and what was kept can be sent
    page.goto("/en/ideas/mine")
    page.get_by_role("link", name="Benches for the night shift").first.click()
    expect(page.locator("main [name=body]")).to_have_value("With a roof.")
    page.get_by_role("button", name="Check my idea").click()
    page.wait_for_url("**/check")
    page.get_by_role("button", name="Send my idea").click()
    expect(page.get_by_text("Your idea is published.")).to_be_visible(timeout=SECONDS)
    assert stored(port, "Benches for the night shift").state is IdeaState.PUBLISHED


def test_without_a_connection_nothing_is_lost_and_the_next_change_is_kept(
    port: SimpleNamespace, phone: Callable[..., Hand]
) -> None:
    page = phone("writer").page
    page.clock.install()
    page.goto(f"/en/ideas/new?call={port.call_id}")
    page.wait_for_load_state("networkidle")
    page.route("**/ideas/new**", lambda route: route.abort("connectionreset"))
    page.fill("main [name=title]", "A lamp that works")
    with page.expect_event("requestfailed"):
        page.clock.fast_forward(31_000)
    expect(page.locator("main [name=title]")).to_have_value("A lamp that works")
    page.unroute("**/ideas/new**")
    page.fill("main [name=title]", "A lamp that works at night")
    with page.expect_response(_keeps) as kept:
        page.clock.fast_forward(31_000)
    assert kept.value.ok
    assert stored(port, "A lamp that works at night").state is IdeaState.DRAFT


def _keeps(response: Any) -> bool:
    return response.request.method == "POST" and "/ideas/" in response.url
