"""Sessions as rows: opened, seen, limited and ended on the server's word alone."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.orm import contains_eager

from engage.commons.accounts.models import SignIn, SignInMethod, User
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.errors import Unavailable
from engage.core.tasks import every

IDLE = timedelta(days=14)
LONGEST = timedelta(days=60)
STAFF_IDLE = timedelta(hours=12)
STAFF_LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=10)
FRESH = timedelta(minutes=20)
MOST = 20


@dataclass(frozen=True)
class Visitor:
    """From where somebody comes: network (exact, for limits), browser, known device."""

    network: str
    agent: str = ""
    device: str = ""


def open_session(
    user: User, *, method: SignInMethod, second_factor: bool, visitor: Visitor
) -> tuple[str, SignIn]:
    """A new session; answers its secret, which is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    row = SignIn(
        user_id=user.id,
        token_hash=_hash(token),
        method=method,
        second_factor=second_factor,
        created_at=now,
        seen_at=now,
        fresh_at=now,
        network=coarse(visitor.network),
        agent=agent_label(visitor.agent),
    )
    with transactional():
        db.session.add(row)
        db.session.flush()
        _forget_oldest(user.id)
    return token, row


@cache
def _of_token() -> Select[SignIn]:
    return (
        select(SignIn)
        .join(SignIn.user)
        .options(contains_eager(SignIn.user))
        .where(SignIn.token_hash == bindparam("token_hash"), User.active.is_(True))
        .execution_options(populate_existing=True)
    )


def find(token: str) -> SignIn | None:
    """The living session of this secret, with its user: one query."""
    row = db.session.scalar(_of_token(), {"token_hash": _hash(token)})
    if row is None or _is_over(row, clock.now()):
        return None
    return row


def touch(row: SignIn) -> bool:
    """Note that the session is in use, at most every ten minutes; was it noted now?

    Never costs the reader a page.
    """
    now = clock.now()
    if now - row.seen_at < SEEN_EVERY:
        return False
    try:
        with transactional(own=True):
            db.session.execute(
                update(SignIn)
                .where(SignIn.id == row.id, SignIn.seen_at < now - SEEN_EVERY)
                .values(seen_at=now)
                .execution_options(synchronize_session=False)
            )
    except Unavailable:
        return False
    return True


def refresh(row: SignIn, *, second_factor: bool | None = None) -> None:
    """The person has shown again who they are."""
    with transactional():
        row = db.session.get_one(SignIn, row.id)
        row.fresh_at = clock.now()
        if second_factor is not None:
            row.second_factor = second_factor


def is_fresh(row: SignIn) -> bool:
    """Has the person shown who they are a short while ago?"""
    return clock.now() - row.fresh_at <= FRESH


def of(user: User) -> list[SignIn]:
    """Somebody's living sessions, the latest used first."""
    rows = db.session.scalars(
        select(SignIn)
        .where(SignIn.user_id == user.id)
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    )
    now = clock.now()
    return [row for row in rows if not _is_over(row, now, user)]


def end(session_id: int, *, actor: User) -> bool:
    """End one of one's own sessions. False when it is not one's own or gone."""
    with transactional():
        gone = db.session.scalar(
            delete(SignIn)
            .where(SignIn.id == session_id, SignIn.user_id == actor.id)
            .returning(SignIn.id)
        )
    return gone is not None


def end_all(user: User, *, but: SignIn | None = None) -> None:
    """End somebody's sessions, all or all but one."""
    with transactional():
        gone = delete(SignIn).where(SignIn.user_id == user.id)
        if but is not None:
            gone = gone.where(SignIn.id != but.id)
        db.session.execute(gone)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _is_over(row: SignIn, now: datetime, user: User | None = None) -> bool:
    is_staff = (user or row.user).is_staff
    idle, longest = (STAFF_IDLE, STAFF_LONGEST) if is_staff else (IDLE, LONGEST)
    return now - row.seen_at > idle + SEEN_EVERY or now - row.created_at > longest


def _forget_oldest(user_id: int) -> None:
    kept = select(SignIn.id).where(SignIn.user_id == user_id).order_by(SignIn.id.desc()).limit(MOST)
    ids = list(db.session.scalars(kept))
    if len(ids) == MOST:
        db.session.execute(delete(SignIn).where(SignIn.user_id == user_id, SignIn.id.not_in(ids)))


def coarse(network: str) -> str:
    """The network somebody was in, too coarse to find a household."""
    if ":" in network:
        return ":".join(network.split(":")[:3]) + "::"
    parts = network.split(".")
    return ".".join([*parts[:2], "*", "*"]) if len(parts) == 4 else ""


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def agent_label(agent: str) -> str:
    """`Firefox, Windows`: enough to recognise one's own browser; "" when nothing is known."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(part for part in (browser, system) if part)


@every(minutes=60)
def forget_ended() -> None:
    """Drop the rows of sessions that ran out."""
    now = clock.now()
    with transactional():
        db.session.execute(
            delete(SignIn).where(
                (SignIn.seen_at < now - IDLE - SEEN_EVERY) | (SignIn.created_at < now - LONGEST)
            )
        )
