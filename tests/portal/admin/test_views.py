"""The office's own pages, and the service pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import literal, select

from engage.core import audit, clock, desk, outbox, settings
from engage.core.audit import AuditEntry
from engage.core.db import db, transactional
from engage.core.outbox import Mail, MailState
from tests.factories.accounts import make_staff, make_user


@pytest.fixture
def admin(sign_in):
    person = make_staff("admin", display_name="Ada Min")
    sign_in(person)
    return person


@pytest.fixture
def post(app):
    """`post(to)` writes one mail."""

    def write(to: str = "reader@example.org", **over) -> int:
        context = {"weekly": False, "notifications": [], "more": 0, "total": 3, **over}
        with app.test_request_context("/en/", base_url="http://localhost"):
            ident = outbox.post(
                to=to, template="notifications/digest", locale="en", context=context
            )
        assert ident
        return ident

    return write


OFFICE = ("/en/office/outbox", "/en/office/audit", "/en/office/settings")


@pytest.mark.parametrize("path", OFFICE)
@pytest.mark.parametrize("roles", [(), ("moderator",), ("organiser",), ("communications",)])
def test_the_office_of_administrators(client, sign_in, path, roles) -> None:
    sign_in(make_staff(*roles) if roles else make_user())
    client.get(path, status=403)


# --- desk --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["admin", "organiser", "moderator", "communications", "analyst"])
def test_index_is_every_staff_members_desk(client, sign_in, role) -> None:
    sign_in(make_staff(role))
    assert client.get("/en/office", status=200).h1 == "My desk"


def test_index_counts_what_waits(client, admin, monkeypatch) -> None:
    monkeypatch.setattr(desk, "_sections", {})
    due = clock.now() - timedelta(hours=1)
    for key, roles in (("mine", {"moderator"}), ("open", set()), ("theirs", {"nobody"})):
        desk.add(
            desk.Section(
                key=key,
                title=f"Section {key}",
                empty="Nothing.",
                endpoint="audit_office.index",
                icon="shield",
                count=lambda: select(literal(7)),
                load=lambda _user, limit: (
                    [desk.DeskItem("A thing", "/en/help", "why", due)] * limit
                ),
                roles=frozenset(roles),
            )
        )
    page = client.get("/en/office", status=200)
    assert "21 things wait for you." in page.text  # an admin has all roles
    assert len(page.select("ul.tasks li")) == 3 * desk.SHOWN
    assert "Overdue" in page.text


# --- outbox ------------------------------------------------------------------------------


def test_outbox_lists_finds_and_shows(client, admin, post) -> None:
    kept = post()
    post("somebody@example.org")
    page = client.get("/en/office/outbox", status=200)
    assert "reader@example.org" in page.text
    assert "mail is kept here" in page.text
    found = client.get("/en/office/outbox?q=SOMEBODY@")
    assert "reader@example.org" not in found.text
    assert "No mail like that" in client.get("/en/office/outbox?q=%25").text
    assert "No mail like that" in client.get("/en/office/outbox?state=sent").text
    assert "This is what happened since yesterday" in client.get(f"/en/office/outbox/{kept}").text


def test_outbox_shows_no_words_of_mail_that_really_left(client, admin, post) -> None:
    ident = post()
    with transactional():
        db.session.get(Mail, ident).state = MailState.SENT
    page = client.get(f"/en/office/outbox/{ident}", status=200)
    assert "This is what happened" not in page.text
    assert "The words are not shown" in page.text


def test_outbox_sends_the_failed_again(client, admin, post) -> None:
    ident = post()
    with transactional():
        mail = db.session.get(Mail, ident)
        mail.state, mail.error = MailState.FAILED, "450 later"
    page = client.get(f"/en/office/outbox/{ident}")
    assert "450 later" in page.text
    client.submit("Send it again").follow()
    assert db.session.get(Mail, ident, populate_existing=True).state is MailState.KEPT


def test_outbox_is_empty_with_words(client, admin) -> None:
    assert "No mail yet" in client.get("/en/office/outbox").text
    client.get("/en/office/outbox/987654", status=404)


def test_outbox_asks_the_same_for_1_and_30(client, admin, post, queries) -> None:
    post()
    client.get("/en/office/outbox")
    with queries() as one:
        client.get("/en/office/outbox")
    for _n in range(29):
        post()
    with queries() as many:
        client.get("/en/office/outbox")
    assert len(one) == len(many) <= 14, many


# --- record ------------------------------------------------------------------------------


def act(action: str, actor, **details) -> None:
    with transactional():
        audit.record(action, ("consultation", 7), actor=actor, **details)


def test_audit_filters_by_actor_action_and_day(client, admin) -> None:
    other = make_user(display_name="Olaf Other")
    with clock.at(clock.now() - timedelta(days=9)):
        act("consultation.scheduled", other)
    act("comment.hidden", admin, reason="insult")
    rows = "tbody tr"
    assert len(client.get("/en/office/audit?action=comment.hidden").select(rows)) == 1
    assert "Olaf Other" in client.get("/en/office/audit?actor=olaf").text
    since = (clock.now() - timedelta(days=3)).date()
    page = client.get(f"/en/office/audit?from={since}&actor=olaf")
    assert "No entry like that" in page.text
    for odd in ("?from=yesterday&to=2026-13-45", "?from=0001-01-01", "?page=-1", "?action=%27"):
        client.get(f"/en/office/audit{odd}", status=200)


def test_audit_checks_the_chain(client, admin) -> None:
    act("comment.hidden", admin)
    act("comment.restored", admin)
    assert "The chain holds" in client.get("/en/office/audit?show=check").text
    entry = db.session.query(AuditEntry).order_by(AuditEntry.id).first()
    with transactional():
        db.session.get(AuditEntry, entry.id).action = "comment.praised"
    page = client.get("/en/office/audit?show=check")
    assert "The chain is broken" in page.text
    assert str(entry.id) in page.text


def test_audit_file_streams_the_same_rows(client, admin) -> None:
    act("comment.hidden", admin, reason="=1+1")
    page = client.get("/en/office/audit/audit.csv?action=comment.hidden", status=200)
    assert page.headers["Content-Type"].startswith("text/csv")
    assert page.body.count("comment.hidden") == 1
    assert '"previous","hash"' in page.body


def test_analysts_read_the_record_and_nothing_else(client, sign_in) -> None:
    sign_in(make_staff("analyst"))
    client.get("/en/office/audit", status=200)
    client.get("/en/office/settings", status=403)


# --- settings ----------------------------------------------------------------------------


def test_settings_change_what_pages_say(client, admin) -> None:
    client.get("/en/office/settings", status=200)
    given = {
        "name": "Deux Ports",
        "tagline_en": "Two harbours",
        "colour": "#30449a",
        "publisher": "The Syndicate",
    }
    assert client.submit(given).status == 303
    page = client.get("/en/legal", status=200)
    assert "Deux Ports" in page.text
    assert "Two harbours" in page.text
    assert "The Syndicate" in page.text
    link = [
        e.get("href") for e in page.select("link[rel=stylesheet]") if "theme.css" in e.get("href")
    ]
    sheet = client.get(link[0], status=200)
    assert "--primary:#30449a" in sheet.body
    assert "immutable" in sheet.headers["Cache-Control"]
    assert settings.value("site.name") == "Deux Ports"
    assert db.session.query(AuditEntry).filter_by(action="settings.changed").count() == 1


@pytest.mark.parametrize(
    "given",
    [
        {"colour": "#ffff00"},
        {"colour": "red"},
        {"moderation_hours": "0"},
        {"name": ""},
        {"contact_email": "x"},
    ],
)
def test_settings_refuse_what_would_not_work(client, admin, given) -> None:
    client.get("/en/office/settings")
    assert client.submit(given).status == 422
    assert settings.value("site.colour") == ""


def test_settings_saved_unchanged_are_not_in_the_record(client, admin) -> None:
    client.get("/en/office/settings")
    client.submit({}).follow()
    client.get("/en/office/settings")
    client.submit({})
    assert db.session.query(AuditEntry).filter_by(action="settings.changed").count() <= 1


# --- service pages -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["help", "accessibility", "privacy", "legal"])
def test_service_pages_are_the_same_for_everybody(client, queries, path) -> None:
    page = client.get(f"/en/{path}", status=200)
    assert "s-maxage" in page.headers["Cache-Control"]
    assert page.h1
    with queries() as sent:
        client.get(f"/en/{path}")
    assert len(sent) <= 1, sent


def test_style_sheet_page(client, sign_in) -> None:
    sign_in(make_staff("communications"))
    client.get("/en/office/style", status=200)
