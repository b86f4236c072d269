"""The first story, end to end, through pages and mails only: residents comment on a port plan.

Staff enter by a made session (their second factor has its own tests); everybody else registers,
confirms and signs in as people do. The clock is set, the worker's tick is called, nothing is
replaced by a pretence.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from engage.core.clock import at
from engage.programmes.consultations.feature import tick
from tests.commons.accounts.mails import last, link
from tests.factories.accounts import (
    make_member,
    make_organisation,
    make_staff,
    make_user,
    signed_in_cookie,
)
from tests.pages import Page, PageClient

MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)
OPENS = datetime(2026, 11, 24, 8, tzinfo=UTC)
CLOSES = datetime(2026, 12, 4, 17, tzinfo=UTC)
OFFICE = "/en/office/consultations"
NO_CACHE = {"Cache-Control": "no-cache"}

PLAN = """# Where we stand

A ferry at berth burns about as much fuel in four hours as a household in four years.

Most of it only keeps the lights and pumps going.

# Cleaner, quieter quays

By 2030, six in ten calls plug in while they are alongside.

Fishing boats get their own sockets at the fishing quay.

The first sockets are installed at the ferry berths.
"""
SECOND = PLAN.replace("at the ferry berths.", "at berths 7 to 9 by June 2028.")


class Story:
    """The people of the story. Days pass, so staff sign in anew each time they come."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.port = make_organisation(name="Two Harbours Port Authority", slug="port")
        self._organiser = make_staff("organiser")
        self._moderator = make_staff("moderator", display_name="Mo")
        self.haulier = make_user(kind="business", display_name="Hauliers' clerk")
        self.haulage = make_organisation(name="Coast Haulage")
        make_member(self.haulier, self.haulage, "editor")
        self.anybody = PageClient(app)

    @property
    def organiser(self) -> PageClient:
        return self.enters(self._organiser)

    @property
    def moderator(self) -> PageClient:
        return self.enters(self._moderator)

    @property
    def business(self) -> PageClient:
        return self.enters(self.haulier)

    def enters(self, user: Any) -> PageClient:
        """A browser in which this person has just signed in."""
        browser = PageClient(self.app)
        signed_in_cookie(browser.http, user)
        return browser


def test_residents_comment_on_a_port_plan(app: Flask) -> None:
    with at(MORNING):
        story = Story(app)
        number, text = prepare(story)
    with at(OPENS - timedelta(seconds=1)):
        assert "Not open yet" in story.anybody.get(f"/en/consultations/{number}").follow().text
    with at(OPENS):
        tick()
        address = story.anybody.get(f"/en/consultations/{number}").location or ""
        home = story.anybody.get("/en/", headers=NO_CACHE)
        assert "Smart port strategy" in home.words("#open .lead-card h3")
    with at(OPENS + timedelta(hours=1)):
        resident = register(app)
        paragraph = paragraph_link(resident, address, text, "2.3")
        comment = resident_writes(resident, paragraph)
    with at(OPENS + timedelta(hours=2)):
        business_and_guest(story, paragraph)
    with at(OPENS + timedelta(days=1)):
        answer(story, comment)
        told_and_on_the_trail(resident)
    with at(OPENS + timedelta(days=2)):
        hide_one(story, paragraph)
    with at(OPENS + timedelta(days=3)):
        second_version(story, address, text)
    at_the_second(story, resident, address, text, number)


def prepare(story: Story) -> tuple[str, str]:
    """An organiser makes the consultation and its text, and schedules it. Numbers of both."""
    browser = story.organiser
    made = browser.get(f"{OFFICE}/new").submit(
        "Save",
        {
            "title": "Smart port strategy 2027–2032",
            "summary": "Five years, two ports, one plan.",
            "opens_at-date": "2026-11-24",
            "opens_at-time": "09:00",
            "closes_at-date": "2026-12-04",
            "closes_at-time": "18:00",
            "themes": ["energy"],
            "allows_guests": True,
        },
    )
    number = (made.location or "").rpartition("/")[2]
    browser.get(f"{OFFICE}/{number}/hosts").submit(
        "Add", {"organisation_id": str(story.port.id), "role": "leads the plan"}
    )
    added = browser.get(f"{OFFICE}/{number}/documents").submit(
        "Add and go on to its words", {"title": "Draft plan", "language": "en"}
    )
    text = (added.location or "").rpartition("/")[2]
    split = publish(browser, text, PLAN)
    assert "2.3" in split.text, "it is seen split into numbered paragraphs before it is published"
    scheduled = browser.get(f"{OFFICE}/{number}/schedule").submit("Schedule it")
    assert "Opens soon" in scheduled.follow().text
    return number, text


def publish(browser: PageClient, text: str, words: str) -> Page:
    """Paste words as the next version and publish it; the page that shows them split."""
    documents = f"/en/office/documents/{text}"
    split = browser.get(f"{documents}/paste").submit("Save and split", {"text": words}).follow()
    published = browser.get(f"{documents}/publish").submit("Publish this version", {"sure": True})
    assert published.status == 302, published.text
    return split


def register(app: Flask) -> PageClient:
    """A resident makes an account and opens the link in the mail."""
    browser = PageClient(app)
    browser.get("/en/register").submit(
        {
            "display_name": "Rose of Le Portel",
            "email": "rose@example.org",
            "kind": "resident",
            "password": "seven gulls over the pier",
        }
    )
    page = browser.get(link("rose@example.org", "/confirm/"))
    if page.status == 200:
        page.submit()
    if browser.get("/en/me").status != 200:
        browser.get("/en/login").submit(
            {"email": "rose@example.org", "password": "seven gulls over the pier"}
        )
    assert "Rose of Le Portel" in browser.get("/en/me").text
    return browser


def paragraph_link(browser: PageClient, address: str, text: str, number: str) -> str:
    """The address of the comments under a paragraph, found where readers find it."""
    page = browser.get(f"{address}/documents/{text}")
    anchor = "p" + number.replace(".", "-")
    [found] = page.select(f"#{anchor} .weight a")
    return found.get("href") or ""


def resident_writes(browser: PageClient, thread: str) -> str:
    """With preview, then sent, then mended; the comment's own address."""
    form = browser.get(f"{thread}/new")
    preview = form.submit("Send my comment", {"body": "Name the **berths**.", "preview": "body"})
    assert preview.has(".mdpreview strong")
    sent = preview.submit("Send my comment", {"body": "Name the **berths**.", "stance": "against"})
    page = sent.follow()
    assert "We have received your comment" in page.text
    assert "09:00" in page.text or "10:00" in page.text, "the receipt says when"
    [number] = set(re.findall(r"/comments/(\d+)/edit", page.body))
    edit = browser.get(f"/en/comments/{number}/edit")
    edit.submit("#main form", {"body": "Name the **berths**, and by when."})
    shown = browser.get(f"/en/comments/{number}")
    assert "and by when" in shown.text
    return f"/en/comments/{number}"


def business_and_guest(story: Story, thread: str) -> None:
    """A business writes for its organisation; a guest confirms by mail."""
    sent = story.business.get(f"{thread}/new").submit(
        "Send my comment",
        {
            "body": "Which way do the trucks go?",
            "organisation_id": str(story.haulage.id),
            "stance": "question",
        },
    )
    assert "Coast Haulage" in sent.follow().text
    guest = PageClient(story.app)
    guest.get(f"{thread}/new").submit(
        "Send my comment",
        {
            "body": "You are all idiots.",
            "display_name": "Passer-by",
            "email": "guest@example.org",
            "kind": "resident",
        },
    )
    assert "idiots" not in story.anybody.get(thread, headers=NO_CACHE).text, "held until confirmed"
    confirm = guest.get(link("guest@example.org", "/guests/"))
    if confirm.status == 200:
        confirm.submit()
    assert "idiots" in story.anybody.get(thread, headers=NO_CACHE).text


def answer(story: Story, comment: str) -> None:
    """An officer of the port authority answers; everybody reads it."""
    officer = make_user(display_name="Officer Opal")
    make_member(officer, story.port, "editor")
    browser = story.enters(officer)
    number = comment.rpartition("/")[2]
    browser.get(f"/en/office/answers/{number}").submit(
        "Publish and tell the author", {"body": "Yes: **berths 7 to 9**."}
    )
    page = story.anybody.get(comment, headers=NO_CACHE)
    assert "berths 7 to 9" in page.words(".official")
    home = story.anybody.get("/en/", headers=NO_CACHE)
    assert "berths 7 to 9" in home.words(".answers")


def told_and_on_the_trail(resident: PageClient) -> None:
    assert "berths" in last("rose@example.org").body_text
    assert "answered" in resident.get("/en/me/notifications").text.lower()
    assert "Answered" in resident.get("/en/me/trail").text


def hide_one(story: Story, thread: str) -> None:
    """Somebody reports the insult; a moderator hides it with a reason; a stub says so."""
    page = story.anybody.get(thread, headers=NO_CACHE)
    insult = next(a for a in page.select(".comment") if "idiots" in "".join(a.itertext()))
    number = re.sub(r"\D", "", insult.get("id") or "")
    reporter = PageClient(story.app)
    reported = reporter.get(f"/en/moderation/report?kind=comment&id={number}").submit(
        {
            "ground": "insult",
            "explanation": "It insults everybody.",
            "name": "Ann Walker",
            "email": "ann@example.org",
            "good_faith": True,
        }
    )
    assert reported.status == 303, reported.text
    moderator = story.moderator
    queue = moderator.get("/en/office/moderation")
    case = next(url for url in queue.links.values() if re.search(r"/office/moderation/\d+$", url))
    letters = moderator.get(case).submit(
        "#decide", {"outcome": "hide", "rule": "insult", "words": "Insults are not an argument."}
    )
    assert "Letters before they go out" in letters.text
    letters.submit("#decide", {})
    after = story.anybody.get(thread, headers=NO_CACHE)
    assert "idiots" not in after.body
    assert "idiots" not in story.anybody.get(f"/en/comments/{number}", headers=NO_CACHE).body
    assert any(word in after.text for word in ("hidden", "moderator"))


def second_version(story: Story, address: str, text: str) -> None:
    """Old comments stay with the old words, link forward, and the difference is shown."""
    publish(story.organiser, text, SECOND)
    url = f"{address}/documents/{text}"
    new = story.anybody.get(url, headers=NO_CACHE)
    assert "berths 7 to 9 by June 2028" in new.words("#p2-3 .tx")
    assert "earlier wording" in new.words("#p2-3")
    old = story.anybody.get(f"{url}?version=1", headers=NO_CACHE)
    assert "at the ferry berths" in old.words("#p2-3 .tx")
    assert "These words were replaced." in old.words("#p2-3")
    changed = story.anybody.get(f"{url}/changes", headers=NO_CACHE)
    assert "the ferry berths" in changed.words(".diff del")
    assert "berths 7 to 9 by June 2028" in changed.words(".diff ins")
    assert len(changed.select(".change")) == 1, "only the paragraph that changed is shown"


def at_the_second(story: Story, resident: PageClient, address: str, text: str, number: str) -> None:
    """It closes at the announced second, whatever the worker has recorded."""
    with at(OPENS + timedelta(days=4)):
        thread = paragraph_link(resident, address, text, "1.1")
        form = resident.get(f"{thread}/new")
        late = resident.get(f"{thread}/new")
    with at(CLOSES - timedelta(milliseconds=1)):
        sent = form.submit("Send my comment", {"body": "At the last moment."})
        assert "17:59:59" in sent.follow().text, "the receipt shows the second it came in"
    with at(CLOSES):
        refused = late.submit("Send my comment", {"body": "One moment too late."})
        assert refused.status in {403, 409}
        assert "One moment too late." in refused.body, "what was typed is not lost"
        page = story.anybody.get(address, headers=NO_CACHE)
        assert "Closed. We are answering now" in page.text
        assert "Comment" not in page.words(".nextact")
    with at(CLOSES + timedelta(minutes=1)):
        tick()
        tick()
        listed = story.anybody.get(
            "/en/consultations?state=closed&theme=energy&q=smart", headers=NO_CACHE
        )
        assert listed.words("#found") == "1 consultation"
        export = story.anybody.get(f"{address}/comments.csv")
        rows = list(csv.DictReader(io.StringIO(export.body.removeprefix("\ufeff"))))
        texts = {row["Text"] for row in rows}
        assert "At the last moment." in texts
        assert not any("idiots" in words or "too late" in words for words in texts)
        story.organiser.get(f"{OFFICE}/{number}/outcome").submit(
            "Publish", {"outcome": "The plan now names the berths."}
        )
        assert (
            "The plan now names the berths."
            in story.anybody.get(f"{address}/outcome", headers=NO_CACHE).text
        )
        tick()
        assert "What came of it: Smart port" in resident.get("/en/me/notifications").text
