"""Links in mails that act without a sign-in: bound to purpose, person and address, nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

from engage.commons.accounts.models import User
from engage.core import signing
from engage.core.db import db
from engage.core.errors import Missing

ALL_TOPICS = "*"
_UNSUBSCRIBE = "notifications.unsubscribe"
_PREFERENCES = "notifications.preferences"


def unsubscribe_token(user: User, topic: str) -> str:
    """Stops mail about `topic` (or ALL_TOPICS) to this person's present address."""
    return signing.signed(_UNSUBSCRIBE, [user.id, topic, _mark(user.email)])


def read_unsubscribe(token: str) -> tuple[User, str]:
    """Whom and what the token names. Missing for a forged one and for an address given up since."""
    user_id, topic, mark = _read(_UNSUBSCRIBE, token, 3)
    return _person(user_id, mark), str(topic)


def preferences_token(user: User) -> str:
    """Opens the preference page of this person, and nothing else of the account."""
    return signing.signed(_PREFERENCES, [user.id, _mark(user.email)])


def read_preferences(token: str) -> User:
    """Whose preferences the token opens. Missing like above."""
    user_id, mark = _read(_PREFERENCES, token, 2)
    return _person(user_id, mark)


def _read(purpose: str, token: str, size: int) -> list[Any]:
    content = signing.read(purpose, token)
    if not isinstance(content, list) or len(content) != size:
        raise Missing
    return content


def _person(user_id: Any, mark: Any) -> User:
    user = db.session.get(User, user_id) if isinstance(user_id, int) else None
    if user is None or _mark(user.email) != mark:
        raise Missing
    return user


def _mark(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]
