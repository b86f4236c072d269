"""The front door, and a person's own page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from engage.commons.comments import service as comments
from engage.programmes.consultations.models import ConsultationState
from engage.programmes.consultations.service.following import follow
from tests.factories.accounts import make_organisation, make_staff, make_user
from tests.factories.consultations import make_consultation

S = ConsultationState
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FRESH = {"Cache-Control": "no-cache"}


@pytest.mark.parametrize(
    ("account", "browser", "leads_to"),
    [
        (None, "fr-CA,fr;q=0.9,en;q=0.5", "/fr/"),
        (None, "de", "/en/"),
        (None, "", "/en/"),
        ("fr", "en", "/fr/"),
    ],
)
def test_the_door_speaks_the_readers_language(
    client: Any, sign_in: Any, account: str | None, browser: str, leads_to: str
) -> None:
    if account:
        sign_in(make_user(locale=account))
    answer = client.get("/", headers={"Accept-Language": browser})
    assert answer.status == 302
    assert (answer.location or "").endswith(leads_to)
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_remembered_language_comes_before_the_browsers(client: Any) -> None:
    client.http.set_cookie("locale", "fr")
    assert (client.get("/", headers={"Accept-Language": "en"}).location or "").endswith("/fr/")


def test_an_empty_site_is_still_a_welcome(client: Any) -> None:
    page = client.get("/en/")
    assert page.h1 == "Help decide what our ports become."
    assert "Nothing is open at the moment" in page.text
    assert "No answer yet this month" in page.text


def test_each_state_has_its_place(client: Any, frozen: Any) -> None:
    with frozen(NOW):
        make_consultation(S.OPEN, title="Closes last", closes_at=NOW + timedelta(days=20))
        make_consultation(S.OPEN, title="Closes first", closes_at=NOW + timedelta(days=2))
        make_consultation(S.SCHEDULED, title="Comes")
        make_consultation(S.CLOSED, title="Just over")
        make_consultation(S.DRAFT, title="A secret draft")
        make_consultation(S.ARCHIVED, title="Long gone")
        page = client.get("/en/", headers=FRESH)
    assert page.words("#open .lead-card h3") == "Closes first", "the next to close leads"
    assert "Closes last" in page.words("#open .cards")
    assert "Comes" in page.words(".dates")
    assert "Closes first" in page.words(".dates")
    assert "Closes last" not in page.words(".dates")
    assert "Just over" in page.text
    assert "A secret draft" not in page.text
    assert "Long gone" not in page.text


def test_an_answer_is_on_the_home_page_at_once(client: Any, app: Flask) -> None:
    host, officer = make_organisation(name="Port Authority"), make_staff("organiser")
    one = make_consultation(hosts=(host,), title="The quay")
    client.get("/en/", headers=FRESH)
    with app.test_request_context("/en/"):
        said = comments.post_comment(one.thread_id, actor=make_user(), body="Where do trucks wait?")
        answer = comments.save_answer(
            said.id, actor=officer, body="In the **new** area.", organisation_id=host.id, revision=0
        )
        comments.publish_answer(said.id, actor=officer, revision=answer.revision)
    page = client.get("/en/", headers=FRESH)
    words = page.words(".answers")
    for expected in ("Where do trucks wait?", "In the new area.", "Port Authority"):
        assert expected in words
    assert page.words(".keyed li b") == "1"


def test_the_home_page_costs_the_same_with_many_rows(
    client: Any, sign_in: Any, queries: Any, app: Flask
) -> None:
    sign_in(make_user())

    def count(url: str) -> int:
        client.get(url)
        with queries() as sent:
            client.get(url)
        return len(sent)

    make_consultation()
    few = {url: count(url) for url in ("/en/", "/en/me")}
    assert max(few.values()) <= 12, few
    for state in (S.OPEN, S.SCHEDULED, S.CLOSED, S.ANSWERED) * 5:
        make_consultation(state, hosts=(make_organisation(), make_organisation()))
    assert {url: count(url) for url in few} == few


def test_my_page_is_mine(client: Any, sign_in: Any) -> None:
    assert "/login" in (client.get("/en/me").location or "")
    user, one = make_user(display_name="Kim"), make_consultation(title="The quay")
    follow(one.id, actor=user)
    sign_in(user)
    page = client.get("/en/me")
    assert "Hello Kim." in page.text
    assert "The quay" in page.text
    sign_in(make_user())
    other = client.get("/en/me")
    assert "The quay" not in other.text
    assert "1 consultation is open" in other.text


def test_hidden_pages_of_the_past_do_not_come_back(client: Any, empty: Any) -> None:
    """The shared part of the page belongs to the rows there are, not to those there were."""
    make_consultation(hosts=(make_organisation(name="Gone Works"),))
    assert "Gone Works" in client.get("/en/", headers=FRESH).text
