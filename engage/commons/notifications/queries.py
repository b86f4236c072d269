"""Reads: the list, the figure in the header, preferences, what a digest collects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from engage.commons.accounts.models import User
from engage.commons.notifications import topics
from engage.commons.notifications.models import Digest, Notification, Preference, Rhythm
from engage.core.db import db


def own_notifications(user: User, *, unread_only: bool = False) -> Select[Notification]:
    """The person's list, newest first, to be paged."""
    found = select(Notification).where(Notification.user_id == user.id)
    if unread_only:
        found = found.where(Notification.read_at.is_(None))
    return found.order_by(Notification.id.desc())


def newest_unread(user: User, limit: int) -> Sequence[Notification]:
    """What a person has not read yet, newest first, at most so many."""
    return db.session.scalars(own_notifications(user, unread_only=True).limit(limit)).all()


def own_notification(notification_id: int, user: User) -> Notification | None:
    return db.session.scalar(
        select(Notification).where(
            Notification.id == notification_id, Notification.user_id == user.id
        )
    )


def unread(user: User) -> Select[int]:
    """How many a person has not read."""
    return select(func.count(Notification.id)).where(
        Notification.user_id == user.id, Notification.read_at.is_(None)
    )


def told(user: User, key: str) -> Notification | None:
    """What was told under this key already, if it was."""
    return db.session.scalar(
        select(Notification).where(Notification.user_id == user.id, Notification.key == key)
    )


def rhythms(user: User) -> dict[str, Rhythm]:
    """Each topic's rhythm for this person, defaults included."""
    chosen = {
        row.topic: row.rhythm
        for row in db.session.scalars(select(Preference).where(Preference.user_id == user.id))
    }
    return {
        topic.name: topic.default if topic.always else chosen.get(topic.name, topic.default)
        for topic in topics.everything()
    }


def rhythm_for(user: User, topic: str) -> Rhythm:
    known = topics.get(topic)
    if known.always:
        return Rhythm.IMMEDIATE
    chosen = db.session.scalar(
        select(Preference.rhythm).where(Preference.user_id == user.id, Preference.topic == topic)
    )
    return chosen or known.default


def preference(user: User, topic: str) -> Preference | None:
    return db.session.scalar(
        select(Preference).where(Preference.user_id == user.id, Preference.topic == topic)
    )


def uncollected(rhythm: Rhythm) -> ColumnElement[bool]:
    """Waits for a digest: not collected, and not read on the site meanwhile."""
    return (
        (Notification.rhythm == rhythm)
        & Notification.digest_id.is_(None)
        & Notification.read_at.is_(None)
    )


def people_waiting(rhythm: Rhythm) -> Sequence[User]:
    """Everybody for whom something waits to be collected."""
    waiting = select(Notification.user_id).where(uncollected(rhythm)).distinct()
    return db.session.scalars(select(User).where(User.id.in_(waiting)).order_by(User.id)).all()


def waiting_until(user: User, rhythm: Rhythm, until: datetime) -> list[Notification]:
    """What was told before `until` and waits, oldest first."""
    return list(
        db.session.scalars(
            select(Notification)
            .where(
                Notification.user_id == user.id,
                uncollected(rhythm),
                Notification.created_at < until,
            )
            .order_by(Notification.id)
        )
    )


def digest_exists(user: User, rhythm: Rhythm, day: datetime) -> bool:
    return bool(
        db.session.scalar(
            select(Digest.id).where(
                Digest.user_id == user.id, Digest.rhythm == rhythm, Digest.day == day.date()
            )
        )
    )


def everything_told(user: User) -> list[dict[str, object]]:
    """All notifications of a person, for the copy of their data."""
    return [
        {
            "topic": row.topic,
            "title": row.title,
            "excerpt": row.excerpt,
            "url": row.url,
            "created_at": row.created_at,
            "read_at": row.read_at,
        }
        for row in db.session.scalars(own_notifications(user))
    ]
