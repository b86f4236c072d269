"""The public pages, fetched and checked as a reader would."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from flask import Flask
from sqlalchemy import select

from engage.commons.comments import service as comments
from engage.commons.comments.models import Stance
from engage.commons.documents.models import Paragraph
from engage.core.db import db, transactional
from engage.programmes.consultations.models import (
    ConsultationState,
    ConsultationTranslation,
    Theme,
    TranslationMark,
)
from tests.factories.accounts import make_organisation, make_staff, make_user
from tests.factories.consultations import make_consultation, make_text

S = ConsultationState
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT_MOST = 12


def comment_on(thread_id: int, app: Flask, **over: Any) -> Any:
    """A comment through the front door of the comments feature."""
    with app.test_request_context("/en/"):
        return comments.post_comment(
            thread_id, actor=over.pop("actor", None) or make_user(), body="More light.", **over
        )


def first_paragraph() -> Paragraph:
    paragraph = db.session.scalar(select(Paragraph).order_by(Paragraph.id))
    assert paragraph is not None
    return paragraph


# --- the list -------------------------------------------------------------------------


def test_the_list_shows_what_is_public_and_nothing_else(client: Any) -> None:
    shown = [
        make_consultation(state, title=f"Seen {state}")
        for state in (S.SCHEDULED, S.OPEN, S.CLOSED, S.ANSWERED)
    ]
    make_consultation(S.DRAFT, title="A secret draft")
    make_consultation(S.ARCHIVED, title="Long gone")
    page = client.get("/en/consultations")
    assert page.status == 200
    for one in shown:
        assert one.title in page.text
    assert "A secret draft" not in page.text
    assert "Long gone" not in page.text
    assert page.words("[role=status] #found") == "4 consultations"
    assert "Long gone" in client.get("/en/consultations?state=archived").text


def test_drafts_are_not_in_the_public_list_even_for_organisers(client: Any, sign_in: Any) -> None:
    make_consultation(S.DRAFT, title="A secret draft")
    sign_in(make_staff("organiser"))
    assert "A secret draft" not in client.get("/en/consultations?state=draft").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=BOULOGNE", {"Le Port de Boulogne"}),
        ("q=energie", {"Énergie à quai"}),
        ("q=quai nowhere", set()),
        ("q=%25", set()),
        ("theme=energy", {"Énergie à quai"}),
        ("state=closed", {"Le Port de Boulogne"}),
        ("organisation=port", {"Le Port de Boulogne"}),
        ("organisation=nobody", set()),
        (
            "theme=nonsense&state=nonsense&sort=password&page=-1",
            {"Énergie à quai", "Le Port de Boulogne"},
        ),
        ("sort=busiest", {"Énergie à quai", "Le Port de Boulogne"}),
        ("sort=newest&page=99999", {"Énergie à quai", "Le Port de Boulogne"}),
    ],
)
def test_filters(client: Any, query: str, found: set[str]) -> None:
    make_consultation(title="Énergie à quai", summary="", themes=(Theme.ENERGY,))
    make_consultation(
        S.CLOSED, title="Le Port de Boulogne", summary="", hosts=(make_organisation(slug="port"),)
    )
    page = client.get(f"/en/consultations?{query}")
    assert {
        title
        for title in ("Énergie à quai", "Le Port de Boulogne")
        if title in page.words(".cards")
    } == found
    if not found:
        assert "Nothing fits these filters" in page.text


def test_an_empty_site_says_so(client: Any) -> None:
    assert "Nothing is being asked yet" in client.get("/en/consultations").text


def test_the_list_is_paged_and_keeps_its_filters(client: Any) -> None:
    for _number in range(13):
        make_consultation()
    page = client.get("/en/consultations?sort=newest")
    assert len(page.select(".card")) == 12
    later = page.click("Next")
    assert len(later.select(".card")) == 1
    assert later.words("#f-sort option[selected]") == "Newest first"


# --- one consultation -----------------------------------------------------------------


def test_addresses_are_made_canonical(client: Any) -> None:
    one = make_consultation()
    for address in (one.id, f"{one.id}-old-name"):
        page = client.get(f"/en/consultations/{address}/answers?organisation=a%26_external=1")
        assert page.status in {301, 308}
        assert (page.location or "").endswith(
            f"/en/consultations/{one.address}/answers?organisation=a%26_external=1"
        )


@pytest.mark.parametrize("address", ["0", "abc", "-1", "99999999999999999999", "1%00", "²"])
def test_what_is_no_number_is_not_found(client: Any, address: str) -> None:
    assert client.get(f"/en/consultations/{address}").status == 404


def test_the_page_changes_with_the_second(client: Any, frozen: Any) -> None:
    with frozen(NOW):
        one = make_consultation(S.SCHEDULED, opens_at=NOW, closes_at=NOW + timedelta(days=7))
        make_text(one)
    url = f"/en/consultations/{one.address}"
    for instant, words in (
        (NOW - timedelta(seconds=1), "Not open yet"),
        (NOW, "Start here: Draft plan"),
        (NOW + timedelta(days=7) - timedelta(seconds=1), "Start here: Draft plan"),
        (NOW + timedelta(days=7), "Closed. We are answering now"),
    ):
        with frozen(instant):
            page = client.get(url, headers={"Cache-Control": "no-cache"})
            assert page.words(".nextact h2") == words, instant


def test_the_detail_page_says_what_matters(client: Any, app: Flask) -> None:
    host = make_organisation(name="Two Harbours Port Authority")
    one = make_consultation(
        title="Smart port",
        hosts=(host,),
        decides="Both councils, on 26 February 2027",
        audience="Everybody",
        contact_email="plan@example.org",
        steps=[{"title": {"en": "We read everything", "fr": "Nous lisons tout"}, "text": {}}],
    )
    text = make_text(one)
    comment_on(first_paragraph().thread_id or 0, app)
    page = client.get(f"/en/consultations/{one.address}")
    for words in (
        "Two Harbours Port Authority",
        "Both councils, on 26 February 2027",
        "We read everything",
        "6 paragraphs, 1 comment.",
        "1 person took part",
        "plan@example.org",
        "Follow this consultation",
    ):
        assert words in page.text, words
    assert page.has(f'a[href$="/documents/{text.id}"]')
    assert "Nous lisons tout" in client.get(f"/fr/consultations/{one.address}").text


def test_a_draft_is_not_there_for_the_public_on_any_page(client: Any) -> None:
    one = make_consultation(S.DRAFT)
    text = make_text(one)
    for path in (
        "",
        "/answers",
        "/outcome",
        "/paper",
        "/comments.csv",
        f"/documents/{text.id}",
        f"/documents/{text.id}/table",
        f"/documents/{text.id}/changes",
    ):
        assert client.get(f"/en/consultations/{one.address}{path}").status == 404, path
    assert client.get(f"/en/comments/threads/{one.thread_id}").status == 404
    assert client.get(f"/en/comments/threads/{text.thread_id}").status == 404
    assert str(one.title) not in client.get("/en/feeds/consultations.atom").text


@pytest.mark.parametrize("mark", TranslationMark)
def test_readers_see_a_current_translation_or_the_original_and_are_told(
    client: Any, mark: TranslationMark
) -> None:
    one = make_consultation(title="The quay")
    with transactional():
        db.session.add(
            ConsultationTranslation(
                consultation_id=one.id, language="fr", title="Le quai", summary="Oui.", mark=mark
            )
        )
    page = client.get(f"/fr/consultations/{one.address}")
    if mark is TranslationMark.OUTDATED:
        assert page.h1 == "The quay"
        assert page.one("h1").get("lang") == "en"
        assert page.has("main p.muted")
    else:
        assert page.h1 == "Le quai"
        assert page.one("h1").get("lang") is None


def test_the_form_on_paper_says_where_it_goes(client: Any) -> None:
    one = make_consultation(title="The quay", contact_name="Town hall, desk 3")
    page = client.get(f"/en/consultations/{one.address}").click("Print the form")
    assert page.h1 == "The quay"
    assert "Town hall, desk 3" in page.text
    assert not page.forms


def test_an_extension_and_an_early_end_are_said_with_their_reason(client: Any) -> None:
    more = make_consultation(change_reason="The storm.", first_closes_at=NOW - timedelta(days=900))
    page = client.get(f"/en/consultations/{more.address}")
    assert "There is more time than first announced. The storm." in page.text
    early = make_consultation(
        S.CLOSED, change_reason="Withdrawn.", first_closes_at=NOW + timedelta(days=9000)
    )
    assert "Withdrawn." in client.get(f"/en/consultations/{early.address}").text


# --- the plan text --------------------------------------------------------------------


def test_a_short_text_is_one_page_with_links_to_its_comments(client: Any, app: Flask) -> None:
    one = make_consultation()
    text = make_text(one)
    paragraph = first_paragraph()
    comment_on(paragraph.thread_id or 0, app, stance=Stance.FOR)
    page = client.get(f"/en/consultations/{one.address}/documents/{text.id}")
    assert page.h1 == "Draft plan"
    assert len(page.select(".para")) == 6
    link = page.one(f'a[href="/en/comments/threads/{paragraph.thread_id}"]')
    assert "1 comment" in "".join(link.itertext())
    assert client.get(link.get("href") or "").status == 200
    assert page.has("#whole")


def test_a_long_text_is_read_by_chapters(client: Any) -> None:
    one = make_consultation()
    text = make_text(one, chapters=3, paragraphs=20)
    url = f"/en/consultations/{one.address}/documents/{text.id}"
    page = client.get(url)
    assert page.h1 == "1. Chapter 1"
    assert len(page.select(".para")) == 20
    second = page.click("2. Chapter 2")
    assert second.h1 == "2. Chapter 2"
    assert len(client.get(f"{url}?chapter=all").select(".para")) == 60
    for wrong in ("chapter=9", "chapter=x", "version=7", "version=-1", "chapter=" + "9" * 30):
        assert client.get(f"{url}?{wrong}").status == 404, wrong


def test_the_text_as_a_table(client: Any, app: Flask) -> None:
    one = make_consultation()
    text = make_text(one)
    comment_on(first_paragraph().thread_id or 0, app, stance=Stance.FOR)
    page = client.get(f"/en/consultations/{one.address}/documents/{text.id}/table")
    assert len(page.select("tbody tr")) == 6
    assert "1 (100%)" in page.words("tbody tr")


def test_a_text_of_another_consultation_is_not_found(client: Any) -> None:
    one, other = make_consultation(), make_consultation()
    text = make_text(other)
    assert client.get(f"/en/consultations/{one.address}/documents/{text.id}").status == 404


def test_one_version_has_no_changes_and_says_so(client: Any) -> None:
    one = make_consultation()
    text = make_text(one)
    page = client.get(f"/en/consultations/{one.address}/documents/{text.id}/changes")
    assert "There is only one version" in page.text


def test_a_text_not_in_the_readers_language_carries_its_own(client: Any) -> None:
    one = make_consultation()
    text = make_text(one, title="Le projet", language="fr")
    make_text(one, title="The draft", language="en", translation_of_id=text.id)
    page = client.get(f"/en/consultations/{one.address}/documents/{text.id}")
    assert page.one("h1").get("lang") == "fr"
    assert page.click("English").h1 == "The draft"
    detail = client.get(f"/en/consultations/{one.address}")
    assert "The draft" in detail.words(".tasks")
    assert "Le projet" not in detail.words(".tasks"), "the same text counts once"


# --- answers, outcome, exports --------------------------------------------------------


def test_before_there_are_answers_it_says_when(client: Any) -> None:
    one = make_consultation()
    assert "No official answer yet" in client.get(f"/en/consultations/{one.address}/answers").text
    assert "There is no outcome yet" in client.get(f"/en/consultations/{one.address}/outcome").text


def test_the_outcome_is_shown_once_it_is_there(client: Any) -> None:
    one = make_consultation(S.ANSWERED)
    detail = client.get(f"/en/consultations/{one.address}")
    assert detail.click("Read the outcome").has("main .prose")


def test_the_table_of_comments_is_open_data_and_no_formula(client: Any, app: Flask) -> None:
    one = make_consultation()
    make_text(one)
    writer = make_user(email="secret@example.org")
    thread = first_paragraph().thread_id or 0
    with app.test_request_context("/en/"):
        comments.post_comment(thread, actor=writer, body="=HYPERLINK(1)")
        comments.post_comment(one.thread_id, actor=writer, body="As a whole.")
    page = client.get(f"/en/consultations/{one.address}/comments.csv")
    assert page.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(page.body.removeprefix("\ufeff"))))
    assert {row["Place"] for row in rows} == {"Draft plan, 1.1", ""}
    assert {row["Text"] for row in rows} == {"'=HYPERLINK(1)", "As a whole."}
    assert "secret@example.org" not in page.body


def test_the_feed_is_well_formed_and_complete(client: Any) -> None:
    make_consultation(title="Light & <shade>")
    feed = client.get("/en/feeds/consultations.atom")
    assert feed.headers["Content-Type"].startswith("application/atom+xml")
    atom = "{http://www.w3.org/2005/Atom}"
    entries = fromstring(feed.body).findall(f"{atom}entry")
    assert [entry.findtext(f"{atom}title") for entry in entries] == ["Light & <shade>"]


# --- following ------------------------------------------------------------------------


def test_following_begins_and_ends_with_a_button(client: Any, sign_in: Any) -> None:
    one = make_consultation()
    url = f"/en/consultations/{one.address}"
    offered = client.get(url).click("Follow this consultation")
    assert "/login" in (offered.location or ""), "an anonymous reader signs in first"
    sign_in(make_user())
    client.get(url).submit("Follow this consultation")
    page = client.get(url)
    assert "Stop following" in page.text
    page.submit("Stop following")
    assert "Stop following" not in client.get(url).text
    client.get(f"{url}/follow").submit("Follow it")
    assert "You follow it already" in client.get(f"{url}/follow").text


# --- cost -----------------------------------------------------------------------------


def pages(one: Any, text: Any) -> list[str]:
    base = f"/en/consultations/{one.address}"
    return [
        "/en/consultations",
        "/en/feeds/consultations.atom",
        base,
        f"{base}/answers",
        f"{base}/outcome",
        f"{base}/documents/{text.id}",
        f"{base}/documents/{text.id}/table",
        f"{base}/documents/{text.id}/changes",
    ]


@pytest.mark.parametrize("who", ["anonymous", "author", "organiser"])
def test_rows_cost_no_queries(
    client: Any, app: Flask, sign_in: Any, queries: Any, who: str
) -> None:
    host = make_organisation()
    one = make_consultation(hosts=(host,), themes=(Theme.ENERGY,))
    text = make_text(one)
    reader = make_staff("organiser") if who == "organiser" else make_user()
    comment_on(first_paragraph().thread_id or 0, app, actor=reader)
    if who != "anonymous":
        sign_in(reader)

    def measured() -> dict[str, int]:
        found = {}
        for url in pages(one, text):
            client.get(url, headers={"Cache-Control": "no-cache"})
            with queries() as sent:
                client.get(url, headers={"Cache-Control": "no-cache"})
            found[url] = len(sent)
        return found

    few = measured()
    assert max(few.values()) <= AT_MOST, few
    for _number in range(9):
        other = make_consultation(hosts=(make_organisation(), host), themes=tuple(Theme))
        make_text(other)
    for paragraph in db.session.scalars(select(Paragraph).limit(6)).all():
        for _number in range(3):
            comment_on(paragraph.thread_id or 0, app)
    make_text(one, title="Another", chapters=4)
    assert measured() == few


def test_nobody_is_asked_to_comment_once_it_is_closed(client: Any) -> None:
    for state, asked in ((S.OPEN, True), (S.CLOSED, False), (S.SCHEDULED, False)):
        one = make_consultation(state)
        text = make_text(one)
        detail = client.get(f"/en/consultations/{one.address}")
        plan = client.get(f"/en/consultations/{one.address}/documents/{text.id}")
        assert ("Read and comment:" in detail.text) is asked
        assert ("Say something about the whole" in detail.text) is asked
        assert ("Write the first one" in plan.text) is asked
        first = plan.select(".weight a")[0].text or ""
        assert first.strip() == ("Comment" if asked else "0 comments")
