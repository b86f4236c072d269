"""Collected mails: when one falls due, and sending it exactly once."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from engage.commons.accounts.models import User
from engage.commons.notifications import queries
from engage.commons.notifications.models import Digest, Notification, Rhythm
from engage.commons.notifications.service import can_be_mailed, mail_links
from engage.commons.notifications.tokens import ALL_TOPICS
from engage.core import clock, outbox
from engage.core.db import db, transactional

SEND_AT = time(7, 0)
WEEKLY_ON = 4  # Friday
SHOWN = 40


def last_due(rhythm: Rhythm, now: datetime, zone: str) -> datetime:
    """The latest instant at which a digest of this rhythm fell due, in the person's own zone.

    Daily at 07:00, weekly on Fridays at 07:00 by the wall clock, on days of clock change too.
    """
    local = now.astimezone(ZoneInfo(zone))
    due = datetime.combine(local.date(), SEND_AT, ZoneInfo(zone))
    if due > local:
        due -= timedelta(days=1)
    if rhythm is Rhythm.WEEKLY:
        due -= timedelta(days=(due.weekday() - WEEKLY_ON) % 7)
    return due


def send_due(now: datetime | None = None) -> int:
    """Post every digest that has fallen due; safe to run at any time, any number of times.

    Answers how many were posted. Each person is a transaction of their own, and the unique
    constraint on (person, rhythm, day) has the last word between two workers.
    """
    moment = now or clock.now()
    sent = 0
    for rhythm in (Rhythm.DAILY, Rhythm.WEEKLY):
        for user in queries.people_waiting(rhythm):
            try:
                sent += _send(user, rhythm, moment)
            except IntegrityError:
                continue  # the other worker was quicker
    return sent


def _send(user: User, rhythm: Rhythm, now: datetime) -> bool:
    due = last_due(rhythm, now, user.time_zone)
    with transactional():
        waiting = queries.waiting_until(user, rhythm, due)
        if not waiting or queries.digest_exists(user, rhythm, due):
            return False
        digest = Digest(user_id=user.id, rhythm=rhythm, day=due.date(), created_at=now)
        db.session.add(digest)
        db.session.flush()
        for notification in waiting:
            notification.digest_id = digest.id
        if not can_be_mailed(user):
            return False
        _post(user, digest, waiting)
    return True


def _post(user: User, digest: Digest, waiting: list[Notification]) -> None:
    links = mail_links(user, ALL_TOPICS)
    outbox.post(
        to=user.email,
        template="notifications/digest",
        locale=user.locale,
        context={
            **links,
            "reader": user,
            "weekly": digest.rhythm is Rhythm.WEEKLY,
            "notifications": waiting[-SHOWN:],
            "more": max(0, len(waiting) - SHOWN),
            "total": len(waiting),
        },
        key=f"digest-{user.id}-{digest.rhythm}-{digest.day}",
        list_unsubscribe=links["unsubscribe_url"],
    )
