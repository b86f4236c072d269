"""Collected mail: each person, rhythm and day exactly once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engage.commons.notifications.digest import last_due, send_due
from engage.commons.notifications.models import Digest, Rhythm
from engage.core.db import db, transactional
from engage.core.outbox import Mail
from tests.factories.accounts import make_user
from tests.factories.notifications import make_notification

FRIDAY = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)  # 07:30 in Paris


@pytest.mark.parametrize(
    ("rhythm", "now", "zone", "due"),
    [
        (Rhythm.DAILY, "2026-11-20T06:00+00:00", "Europe/Paris", "2026-11-20T07:00+01:00"),
        (Rhythm.DAILY, "2026-11-20T05:59+00:00", "Europe/Paris", "2026-11-19T07:00+01:00"),
        (Rhythm.WEEKLY, "2026-11-20T06:00+00:00", "Europe/Paris", "2026-11-20T07:00+01:00"),
        (Rhythm.WEEKLY, "2026-11-20T05:59+00:00", "Europe/Paris", "2026-11-13T07:00+01:00"),
        (Rhythm.WEEKLY, "2026-11-22T12:00+00:00", "Europe/Paris", "2026-11-20T07:00+01:00"),
        # the days on which clocks change
        (Rhythm.DAILY, "2026-03-29T05:00+00:00", "Europe/Paris", "2026-03-29T07:00+02:00"),
        (Rhythm.DAILY, "2026-10-25T06:00+00:00", "Europe/Paris", "2026-10-25T07:00+01:00"),
        # elsewhere the day begins at another instant
        (Rhythm.DAILY, "2026-11-20T06:30+00:00", "America/Montreal", "2026-11-19T07:00-05:00"),
    ],
)
def test_last_due(rhythm: Rhythm, now: str, zone: str, due: str) -> None:
    assert last_due(rhythm, datetime.fromisoformat(now), zone) == datetime.fromisoformat(due)


def mails() -> list[Mail]:
    return list(db.session.scalars(select(Mail).where(Mail.template == "notifications/digest")))


def test_a_digest_is_sent_once_however_often_the_worker_runs(app) -> None:
    reader = make_user()
    first = make_notification(reader, created_at=FRIDAY - timedelta(hours=3))
    second = make_notification(reader, created_at=FRIDAY - timedelta(hours=2))
    assert send_due(FRIDAY) == 1
    assert send_due(FRIDAY) == 0
    assert send_due(FRIDAY + timedelta(minutes=10)) == 0
    (mail,) = mails()
    assert first.title in mail.body_text
    assert second.title in mail.body_text
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.subject == "2 things happened"


def test_what_came_after_the_hour_waits_for_the_next_day(app) -> None:
    reader = make_user()
    make_notification(reader, created_at=FRIDAY)
    assert send_due(FRIDAY + timedelta(hours=1)) == 0
    assert send_due(FRIDAY + timedelta(days=1)) == 1


def test_what_was_read_meanwhile_is_not_mailed(app) -> None:
    reader = make_user()
    make_notification(reader, created_at=FRIDAY - timedelta(hours=3), read_at=FRIDAY)
    assert send_due(FRIDAY) == 0


def test_weekly_waits_for_friday(app) -> None:
    reader = make_user()
    make_notification(reader, rhythm=Rhythm.WEEKLY, created_at=FRIDAY - timedelta(days=3))
    assert send_due(FRIDAY - timedelta(days=1)) == 0
    assert send_due(FRIDAY) == 1


def test_two_workers_make_one_mail(app) -> None:
    """The other worker's digest is there already when ours comes to write its own."""
    reader = make_user()
    make_notification(reader, created_at=FRIDAY - timedelta(hours=3))
    with transactional():
        db.session.add(
            Digest(user_id=reader.id, rhythm=Rhythm.DAILY, day=FRIDAY.date(), created_at=FRIDAY)
        )
    assert send_due(FRIDAY) == 0
    assert mails() == []


def test_the_constraint_has_the_last_word(app) -> None:
    reader = make_user()
    _digest_of(reader)
    with pytest.raises(IntegrityError):
        _digest_of(reader)


def _digest_of(reader) -> None:
    row = Digest(user_id=reader.id, rhythm=Rhythm.DAILY, day=FRIDAY.date(), created_at=FRIDAY)
    with transactional():
        db.session.add(row)


def test_a_closed_account_gets_nothing_and_does_not_stop_the_others(app) -> None:
    gone, reader = make_user(closed_at=FRIDAY), make_user()
    for user in (gone, reader):
        make_notification(user, created_at=FRIDAY - timedelta(hours=3))
    assert send_due(FRIDAY) == 1
    assert [mail.to_address for mail in mails()] == [reader.email]


def test_a_flood_is_cut_and_counted(app) -> None:
    reader = make_user()
    for _n in range(45):
        make_notification(reader, created_at=FRIDAY - timedelta(hours=3))
    send_due(FRIDAY)
    assert "And 5 more in your list." in mails()[0].body_text
