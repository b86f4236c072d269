"""The first story on a telephone, by the keyboard alone, in a real browser on a real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from engage.core.db import db
from tests.browser.conftest import Site, Window
from tests.browser.hand import SECONDS, Hand
from tests.commons.accounts import mails
from tests.factories.accounts import make_member, make_organisation, make_staff, make_user
from tests.factories.consultations import make_consultation, make_text
from tests.instances import Server, cookie_of, server

# the database does not matter here: once is enough
pytestmark = pytest.mark.browser

PHONE = {"width": 320, "height": 640, "scheme": "light"}
PASSWORD = "seven gulls over the pier"
PEOPLE = ("resident", "officer", "moderator", "neighbour")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server with one consultation, its plan, a neighbour's comment and the people of the story."""
    with server(tmp_path_factory.mktemp("port"), "journey", ENGAGE_PAGE_CACHE_SECONDS="0") as site:
        app = site.application()
        with app.app_context():
            told = _inhabit(site, app)
        site.start()
        yield told
        with app.app_context():
            db.engine.dispose()


def _inhabit(site: Server, app: Any) -> SimpleNamespace:
    from sqlalchemy import select

    from engage.commons.comments import service as comments
    from engage.commons.documents.models import Paragraph

    authority = make_organisation(name="Two Harbours Port Authority", slug="port")
    people = {
        "resident": make_user(display_name="Rose of Le Portel"),
        "officer": make_user(display_name="Officer Opal"),
        "moderator": make_staff("moderator", display_name="Mo"),
        "neighbour": make_user(display_name="Neighbour Nils"),
    }
    make_member(people["officer"], authority, "editor")
    consultation = make_consultation("open", hosts=(authority,), title="Smart port strategy")
    text = make_text(consultation)
    thread = db.session.scalars(
        select(Paragraph.thread_id).where(
            Paragraph.version_id == text.current_version_id, Paragraph.number == "2.3"
        )
    ).one()
    said = comments.post_comment(thread, actor=people["neighbour"], body="More light, please.")
    cookies = {who: dict(cookie_of(app, user)) for who, user in people.items()}
    return SimpleNamespace(
        app=app,
        site=Site(site.url, {"anonymous": {}, **cookies}, {}),
        address=f"/en/consultations/{consultation.address}",
        plan=f"/en/consultations/{consultation.address}/documents/{text.id}",
        thread=f"/en/comments/threads/{thread}",
        said=f"#c{said.id}",
    )


@pytest.fixture
def phone(chromium: Browser, port: SimpleNamespace) -> Iterator[Callable[..., Hand]]:
    """`phone("resident")` opens a telephone of theirs; `scripts=False` is one without JavaScript."""
    opened: list[Window] = []

    def open_phone(reader: str = "anonymous", **options: Any) -> Hand:
        opened.append(Window(chromium, port.site, reader, **{**PHONE, **options}))
        return Hand(opened[-1])

    yield open_phone
    for one in opened:
        one.close()


def mailed(port: SimpleNamespace, to: str, part: str) -> str:
    """The path of a link in the last mail to somebody."""
    with port.app.app_context():
        found = re.findall(r"https?://[^/\s]+(/\S+)", mails.last(to).body_text)
    return next(path for path in found if part in path)


def test_the_first_story_by_keyboard(port: SimpleNamespace, phone: Callable[..., Hand]) -> None:
    rose = phone()
    comes_in(rose, port)
    reads_the_plan(rose, port)
    comment = comments(rose)
    mends(rose, comment)
    reacts_and_replies(rose, port)
    insult = guest_comments(phone(), port)
    officer_answers(phone("officer"), port, comment)
    is_told(rose)
    moderator_hides(phone("moderator"), insult)
    stub_is_shown(phone(), port, insult)


def comes_in(hand: Hand, port: SimpleNamespace) -> None:
    """Registers from the home page and presses the link in the mail."""
    hand.open("/en/")
    hand.follow("Create an account", within="main")
    hand.sees("Make an account")
    hand.write("display_name", "Rose by the sea")
    hand.write("email", "rose@example.org")
    hand.choose("kind", "resident")
    hand.write("password", PASSWORD)
    hand.follow("Make my account", within="main")
    hand.sees("Look into your inbox")
    hand.open(mailed(port, "rose@example.org", "/confirm/"))
    hand.follow("Confirm my address", within="main")
    hand.sees("Your address is confirmed")


def reads_the_plan(hand: Hand, port: SimpleNamespace) -> None:
    hand.open("/en/")
    hand.follow("Smart port strategy", within="main")
    hand.page.wait_for_url(f"**{port.address}*")
    hand.follow("Draft plan", within="main")
    hand.page.wait_for_url(f"**{port.plan}*")
    hand.sees("Paragraph 2.3 says what is planned along the quay.")
    hand.follow("on 2.3", within="#p2-3")
    hand.sees("More light, please.")


def comments(hand: Hand) -> str:
    """Writes in Markdown, looks at the preview, sends. The number of the comment."""
    hand.follow("Write a comment")
    expect(hand.page.locator("textarea[name=body]").first).to_be_visible(timeout=SECONDS)
    if not hand.page.evaluate("() => document.activeElement.name === 'body'"):
        hand.to(name="body")
    hand.page.keyboard.type("Name the **berths**.")
    hand.follow("Preview", within="form.writing")
    expect(hand.page.locator(".mdpreview strong")).to_have_text("berths", timeout=SECONDS)
    hand.look()
    hand.choose("stance", "against", within="form.writing")
    hand.follow("Send my comment", within="form.writing")
    hand.sees("We have received your comment")
    article = hand.page.locator("article.comment").filter(has_text="Name the berths.").first
    return str(article.get_attribute("id"))


def mends(hand: Hand, comment: str) -> None:
    hand.follow("Change", within=f"#{comment}")
    hand.page.wait_for_url("**/edit")
    hand.look()
    hand.to(name="body", within="main")
    hand.press("Control+End")
    hand.page.keyboard.type(" And by when?")
    hand.follow("Save", within="main")
    hand.sees("And by when?", within=f"#{comment} .body")


def reacts_and_replies(hand: Hand, port: SimpleNamespace) -> None:
    hand.open(port.thread)
    hand.follow("Agree", within=port.said)
    agree = hand.page.locator(f"{port.said} button.react[aria-pressed=true]")
    expect(agree).to_have_count(1, timeout=SECONDS)
    hand.look()
    hand.follow("Reply", within=port.said)
    expect(hand.page.locator("textarea[name=body]")).to_be_visible(timeout=SECONDS)
    if not hand.page.evaluate("() => document.activeElement.name === 'body'"):
        hand.to(name="body")
    hand.page.keyboard.type("I agree: along the whole quay.")
    hand.follow("Send my reply")
    hand.sees("I agree: along the whole quay.", within="article.comment .body")


def guest_comments(hand: Hand, port: SimpleNamespace) -> str:
    """Somebody without an account writes, and confirms by mail. The number of the comment."""
    hand.open(f"{port.thread}/new")
    hand.write("body", "You are all idiots.")
    hand.write("display_name", "Passer-by")
    hand.write("email", "guest@example.org")
    hand.choose("kind", "resident")
    hand.follow("Send my comment", within="main")
    hand.sees("open the link in our mail")
    hand.open(mailed(port, "guest@example.org", "/guests/"))
    hand.follow("Yes, this is from me", within="main")
    hand.sees("Your address is confirmed", within="main")
    hand.sees("You are all idiots.", within="article.comment .body")
    article = hand.page.locator("article.comment").filter(has_text="idiots").first
    return str(article.get_attribute("id"))


def officer_answers(hand: Hand, port: SimpleNamespace, comment: str) -> None:
    """From the comment to the desk, and back to an answer everybody reads."""
    hand.open(f"/en/comments/{comment[1:]}")
    hand.follow("Answer officially", within=f"#{comment}")
    hand.page.wait_for_url("**/office/answers/*")
    hand.look()
    hand.write("body", "Yes: **berths 7 to 9**.")
    hand.follow("Publish and tell the author", within="main")
    hand.page.wait_for_url("**/office/answers")
    hand.look()
    hand.open(port.thread)
    hand.sees("berths 7 to 9", within=".official")


def is_told(hand: Hand) -> None:
    hand.open("/en/me/notifications")
    hand.sees("answered", within="main")
    hand.open("/en/me/trail")
    hand.sees("Answered", within="main")


def moderator_hides(hand: Hand, insult: str) -> None:
    hand.open(f"/en/comments/{insult[1:]}")
    hand.follow("Hide", within=f"#{insult}")
    hand.sees("Hide this contribution?")
    hand.follow("Open a case", within="main")
    hand.sees("Your decision", within="#decide")
    hand.choose("outcome", "hide", within="#decide")
    hand.to(name="rule", within="#decide")
    rule = hand.page.locator("#decide [name=rule]")
    for _step in range(20):
        if rule.input_value() == "insult":
            break
        hand.press("ArrowDown")
    hand.write("words", "Insults are not an argument.", within="#decide")
    hand.follow("Show me the letters", within="#decide")
    hand.sees("Letters before they go out")
    hand.follow("Send my decision", within="#decide")
    hand.sees("Readers do not see it now.")


def stub_is_shown(hand: Hand, port: SimpleNamespace, insult: str) -> None:
    hand.open(port.thread)
    hand.sees("The moderators have hidden this comment.", within=f"#{insult}")
    assert "idiots" not in hand.page.content()


def test_comment_reply_and_react_without_javascript(
    port: SimpleNamespace, phone: Callable[..., Hand]
) -> None:
    hand = phone("resident", scripts=False)
    hand.open(port.plan)
    hand.follow("on 2.3", within="#p2-3")
    hand.page.wait_for_url(f"**{port.thread}*")
    hand.follow("Write a comment")
    hand.page.wait_for_url("**/new")
    hand.write("body", "Without **scripts** too.")
    hand.follow("Preview", within="form.writing")
    expect(hand.page.locator(".mdpreview strong")).to_have_text("scripts", timeout=SECONDS)
    hand.look()
    hand.follow("Send my comment", within="main")
    hand.sees("We have received your comment")
    hand.open(port.thread)
    hand.follow("Helpful", within=port.said)
    pressed = hand.page.locator(f"{port.said} button.react[aria-pressed=true]")
    expect(pressed).to_have_count(1, timeout=SECONDS)
    hand.look()
    hand.open(port.thread)
    hand.follow("Reply", within=port.said)
    hand.page.wait_for_url("**/reply")
    hand.write("body", "So say I.")
    hand.follow("Send my reply", within="main")
    hand.sees("So say I.", within="article.comment .body")
