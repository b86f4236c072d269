"""Notifications for tests."""

from __future__ import annotations

from itertools import count
from typing import Any

from engage.commons.accounts.models import User
from engage.commons.notifications.models import Notification, Rhythm
from engage.core import clock
from engage.core.db import db, transactional

_number = count(1)


def make_notification(user: User, **over: Any) -> Notification:
    """An unread one."""
    number = next(_number)
    values: dict[str, Any] = {
        "user_id": user.id,
        "topic": "replies",
        "rhythm": Rhythm.DAILY,
        "title": f"Somebody replied to you, {number}",
        "excerpt": "Where do the trucks go?",
        "url": "/en/me",
        "created_at": clock.now(),
    }
    values.update(over)
    row = Notification(**values)
    with transactional():
        db.session.add(row)
        db.session.flush()
    return row
