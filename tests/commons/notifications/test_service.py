"""Telling people: once, in their language, at their rhythm."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from engage.commons.accounts.events import AccountClosed
from engage.commons.accounts.models import User
from engage.commons.notifications import queries, service, tokens
from engage.commons.notifications.models import Notification, Rhythm
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.errors import Invalid, Missing
from engage.core.events import announce
from engage.core.outbox import Mail
from tests.factories.accounts import make_user
from tests.factories.notifications import make_notification

DIGEST = {"weekly": False, "notifications": [], "more": 0, "total": 3}


def tell(user, topic="answers", key=None, **over):
    with db.session.no_autoflush:
        return service.tell(
            user,
            topic=topic,
            template="notifications/digest",
            context={"excerpt": "What it is about", **DIGEST, **over},
            url="/en/me/notifications",
            key=key,
        )


@pytest.fixture(autouse=True)
def in_request(app: Flask):
    with app.test_request_context("/en/", base_url="http://localhost"):
        yield


def unread(user: User) -> int | None:
    return db.session.scalar(queries.unread(user))


def mails() -> list[Mail]:
    return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def test_title_and_address_are_in_the_readers_language(app: Flask) -> None:
    reader = make_user(locale="fr")
    told = tell(reader)
    assert told.url == "/fr/me/notifications"
    assert told.excerpt == "What it is about"
    assert mails()[0].locale == "fr"


def test_the_same_key_tells_once() -> None:
    reader = make_user()
    first, second = tell(reader, key="answer-7"), tell(reader, key="answer-7")
    assert first.id == second.id
    assert len(mails()) == 1
    assert tell(make_user(), key="answer-7").id != first.id


@pytest.mark.parametrize(
    ("rhythm", "mailed"),
    [
        (Rhythm.IMMEDIATE, 1),
        (Rhythm.DAILY, 0),
        (Rhythm.WEEKLY, 0),
        (Rhythm.IN_APP, 0),
    ],
)
def test_mail_leaves_at_once_only_when_wanted(rhythm: Rhythm, mailed: int) -> None:
    reader = make_user()
    service.choose({"answers": rhythm.value}, user=reader, actor=reader)
    told = tell(reader)
    assert told.rhythm is rhythm
    assert len(mails()) == mailed


def test_nobody_can_switch_off_what_the_law_wants() -> None:
    reader = make_user()
    with pytest.raises(Invalid):
        service.choose({"moderation": "in_app"}, user=reader, actor=reader)
    tell(reader, topic="moderation")
    assert "List-Unsubscribe" not in mails()[0].headers


def test_a_rhythm_nobody_offers_is_refused() -> None:
    reader = make_user()
    with pytest.raises(Invalid) as refused:
        service.choose({"answers": "hourly"}, user=reader, actor=reader)
    assert list(refused.value.fields) == ["answers"]


@pytest.mark.parametrize(
    "over", [{"active": False}, {"confirmed_at": None}, {"closed_at": clock.now()}]
)
def test_accounts_that_cannot_be_mailed_are_not(over: dict) -> None:
    tell(make_user(**over))
    assert mails() == []


def test_mail_can_be_stopped_with_one_click() -> None:
    reader = make_user()
    tell(reader)
    headers = mails()[0].headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = headers["List-Unsubscribe"].strip("<>")
    assert address.startswith("http://localhost/en/me/unsubscribe/")
    service.unsubscribe(address.rpartition("/")[2])
    assert queries.rhythm_for(reader, "answers") is Rhythm.IN_APP
    assert queries.rhythm_for(reader, "replies") is Rhythm.DAILY  # only what was asked
    service.unsubscribe(address.rpartition("/")[2])  # again changes nothing


def test_tokens_are_bound_to_purpose_person_and_address() -> None:
    reader, other = make_user(), make_user()
    stop, choose = tokens.unsubscribe_token(reader, "answers"), tokens.preferences_token(reader)
    for read, token in ((tokens.read_unsubscribe, choose), (tokens.read_preferences, stop)):
        with pytest.raises(Missing):
            read(token)
    for broken in ("", "x", stop[:-1], stop.replace(".", "", 1), choose + "a"):
        with pytest.raises(Missing):
            tokens.read_unsubscribe(broken)
    assert tokens.read_preferences(tokens.preferences_token(other)).id == other.id
    reader.email = "moved@example.org"
    db.session.flush()
    with pytest.raises(Missing):
        tokens.read_unsubscribe(stop)


def test_stopping_everything_leaves_what_must_come() -> None:
    reader = make_user()
    service.unsubscribe(tokens.unsubscribe_token(reader, tokens.ALL_TOPICS))
    assert queries.rhythms(reader) == {
        "answers": Rhythm.IN_APP,
        "replies": Rhythm.IN_APP,
        "consultations": Rhythm.IN_APP,
        "ideas": Rhythm.IN_APP,
        "moderation": Rhythm.IMMEDIATE,
        "account": Rhythm.IMMEDIATE,
    }


def test_what_waits_for_a_digest_follows_the_new_choice() -> None:
    reader = make_user()
    waiting = make_notification(reader, rhythm=Rhythm.DAILY)
    service.choose({"replies": "in_app"}, user=reader, actor=reader)
    db.session.refresh(waiting)
    assert waiting.rhythm is Rhythm.IN_APP


def test_only_ones_own_are_marked_read() -> None:
    reader, other = make_user(), make_user()
    row = make_notification(reader)
    with pytest.raises(Missing):
        service.mark_read(row.id, actor=other)
    assert unread(reader) == 1
    service.mark_read(row.id, actor=reader)
    assert unread(reader) == 0
    make_notification(reader)
    make_notification(other)
    service.mark_all_read(actor=reader)
    assert (unread(reader), unread(other)) == (0, 1)


def test_addresses_of_ours_change_language_others_do_not() -> None:
    assert service.in_language("/en/consultations/3", "fr") == "/fr/consultations/3"
    assert service.in_language("/en", "fr") == "/fr"
    assert service.in_language("/files/x", "fr") == "/files/x"
    assert service.in_language("https://example.org/en/", "fr") == "https://example.org/en/"
    assert service.in_language("/en/me", "xx") == "/en/me"


def test_a_list_row_is_one_row() -> None:
    reader = make_user()
    tell(reader, key="one")
    assert len(db.session.scalars(select(Notification)).all()) == 1


def test_who_leaves_is_forgotten() -> None:
    reader, other = make_user(), make_user()
    tell(reader)
    tell(other)
    service.choose({"replies": "in_app"}, user=reader, actor=reader)
    assert queries.everything_told(reader)
    with transactional():
        announce(AccountClosed(reader.id))
    assert queries.everything_told(reader) == []
    assert queries.everything_told(other)
    assert queries.rhythm_for(reader, "replies") is Rhythm.DAILY
