"""Mailed links: signed by Flask-Security's serializers, bound to purpose, person, address, state.

The state is part of what is signed and is read again when the link is used, so a link dies as
soon as it has done its work, and no link can do the work of another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from engage.core import clock


@dataclass(frozen=True)
class Purpose:
    """What a link is for, which serializer signs it, and how long it lives."""

    name: str
    serializer: str
    lives: timedelta


CONFIRM = Purpose("confirm", "confirm_serializer", timedelta(days=3))
SIGN_IN = Purpose("sign-in", "login_serializer", timedelta(minutes=30))
FIRST_SIGN_IN = Purpose("first-sign-in", "login_serializer", timedelta(days=3))
RESET = Purpose("reset", "reset_serializer", timedelta(hours=2))
CHANGE_EMAIL = Purpose("change-email", "change_email_serializer", timedelta(hours=24))
LINK_PROVIDER = Purpose("link-provider", "login_serializer", timedelta(hours=1))
START_LINK = Purpose("start-link", "login_serializer", timedelta(hours=2))
GUEST = Purpose("guest", "confirm_serializer", timedelta(days=7))
INVITATION = Purpose("invitation", "confirm_serializer", timedelta(days=14))
DEVICE = Purpose("device", "remember_token_serializer", timedelta(days=180))


@dataclass(frozen=True)
class Claim:
    """What a valid link says: whose it is, and anything it carries."""

    subject: str
    extra: dict[str, Any]
    issued_at: datetime
    state: str

    def stands(self, *state: object) -> bool:
        """Is the state it was made for still the present one?"""
        return self.state == _fingerprint(state)


def make(purpose: Purpose, subject: object, /, *state: object, **extra: Any) -> str:
    """A link's token. `state`: everything that, once changed, must make it worthless."""
    body = {
        "p": purpose.name,
        "u": str(subject),
        "s": _fingerprint(state),
        "i": int(clock.now().timestamp()),
        "x": extra,
    }
    return str(_serializer(purpose).dumps(body))


def read(purpose: Purpose, token: str) -> Claim | None:
    """What the token says; None when forged, for another purpose, or too old."""
    if len(token) > 2000:
        return None
    try:
        body = _serializer(purpose).loads(token)
    except BadData:
        return None
    if not isinstance(body, dict) or body.get("p") != purpose.name:
        return None
    issued = datetime.fromtimestamp(body["i"], tz=clock.now().tzinfo)
    if not timedelta(0) - timedelta(minutes=2) <= clock.now() - issued <= purpose.lives:
        return None
    return Claim(body["u"], body["x"], issued, body["s"])


def _fingerprint(state: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(tuple(str(part) for part in state)).encode()).hexdigest()[:32]


def _serializer(purpose: Purpose) -> URLSafeSerializer:
    security = current_app.extensions["engage_security"]
    made: URLSafeSerializer = getattr(security, purpose.serializer)
    return made
