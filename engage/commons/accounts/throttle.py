"""How often somebody may try: counted in the database, so that it holds across machines.

An attempt is written and committed before it is judged, in a transaction of its own: it counts
even when the request around it is rolled back, and a burst cannot slip between count and write.
No database means no attempt: it fails closed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select

from engage.commons.accounts.models import Attempt
from engage.core import clock
from engage.core.db import db, in_transaction, transactional
from engage.core.errors import TooMany
from engage.core.i18n import _l
from engage.core.tasks import every

KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Limit:
    """At most `most` attempts of `name` within `within`."""

    name: str
    most: int
    within: timedelta


SIGN_IN_ACCOUNT = Limit("sign-in account", 10, timedelta(minutes=15))
SIGN_IN_DEVICE = Limit("sign-in device", 10, timedelta(minutes=15))
SIGN_IN_NETWORK = Limit("sign-in network", 60, timedelta(minutes=15))
CODE_ACCOUNT = Limit("code account", 8, timedelta(minutes=15))
CODE_DEVICE = Limit("code device", 8, timedelta(minutes=15))
# a mailed link lives as long as this window: who is held back has one in the inbox
MAIL_ADDRESS = Limit("mail address", 5, timedelta(minutes=30))
MAIL_NETWORK = Limit("mail network", 40, timedelta(minutes=60))
REGISTER_NETWORK = Limit("register network", 40, timedelta(minutes=60))
ONCE = Limit("once", 1, KEPT)


@dataclass(frozen=True)
class Counted:
    """What an attempt was counted under; `forgive` takes it back after a success."""

    ids: tuple[int, ...]

    def forgive(self) -> None:
        """A success is no attempt. Inside or outside of a transaction."""
        with transactional():
            db.session.execute(delete(Attempt).where(Attempt.id.in_(self.ids)))


def count(*against: tuple[Limit, str]) -> Counted:
    """Count one attempt under every (limit, whom).

    Raises TooMany when one of them is used up. Call it before the write begins.
    """
    if in_transaction():
        raise RuntimeError("count attempts before the write begins")
    now = clock.now()
    rows = [Attempt(bucket=_bucket(limit, whom), at=now) for limit, whom in against]
    with transactional(own=True):
        db.session.add_all(rows)
    ids = tuple(row.id for row in rows)
    with transactional(own=True):
        waits = [wait for limit, whom in against if (wait := _wait(limit, whom)) is not None]
        if waits:
            # what was refused is no attempt: else hammering would keep a window shut for good
            db.session.execute(delete(Attempt).where(Attempt.id.in_(ids)))
    if waits:
        raise TooMany(max(waits), _l("Too many attempts. Wait a little before you try again."))
    return Counted(ids)


def _bucket(limit: Limit, whom: str) -> str:
    # addresses and networks are people's: only a digest is kept
    return hashlib.sha256(f"{limit.name}|{whom}".encode()).hexdigest()


def _wait(limit: Limit, whom: str) -> int | None:
    since = clock.now() - limit.within
    inside = (Attempt.bucket == _bucket(limit, whom), Attempt.at > since)
    if (db.session.scalar(select(func.count()).where(*inside)) or 0) <= limit.most:
        return None
    oldest = db.session.scalar(select(func.min(Attempt.at)).where(*inside)) or clock.now()
    return int((oldest - since).total_seconds()) + 1


@every(minutes=60)
def forget_attempts() -> None:
    """Drop attempts that no limit looks at any more."""
    with transactional():
        db.session.execute(delete(Attempt).where(Attempt.at < clock.now() - KEPT))
