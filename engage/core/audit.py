"""Who did what to which row: one chain of entries, each carrying the hash of the one before."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from flask import g, has_request_context
from sqlalchemy import Index, Insert, Select, String, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from engage.core import clock
from engage.core.db import Model, before_commit, db, in_transaction, intpk, store

GENESIS = "0" * 64
# any constant works; it only has to be ours
_CHAIN_LOCK = 0x454E_4741


class AuditEntry(Model):
    """One act. `hash` = SHA-256 over `previous` and the canonical JSON of the rest."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_target", "target_kind", "target_id"),
        Index("ix_audit_entries_actor_id", "actor_id"),
        Index("ix_audit_entries_action", "action"),
    )

    id: Mapped[intpk]
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(80))
    target_kind: Mapped[str] = mapped_column(String(40))
    target_id: Mapped[int | None]
    details: Mapped[dict[str, Any]]
    request_id: Mapped[str | None] = mapped_column(String(40))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)

    def digest(self) -> str:
        """The hash this entry must carry."""
        body = {
            "at": self.at.isoformat(timespec="microseconds"),
            "actor_id": self.actor_id,
            "action": self.action,
            "target": [self.target_kind, self.target_id],
            "details": self.details,
        }
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256((self.previous + canonical).encode()).hexdigest()


def record(
    action: str, target: Model | tuple[str, int | None], *, actor: Any, **details: Any
) -> None:
    """Note an act of `actor` (a user, or None for the system) on `target`.

    Must be called inside `transactional()`; the entry is chained just before the commit, so
    that the chain's lock is held as briefly as can be. `details` must be JSON, and must not
    name people other than by id: the chain outlives them.
    """
    if not in_transaction():
        raise RuntimeError("audit.record() belongs inside transactional()")
    waiting: list[Any] = store().setdefault("audit", [])
    if not waiting:
        before_commit(_chain)
    waiting.append((clock.now(), getattr(actor, "id", None), action, target, details))


def _target(target: Model | tuple[str, int | None]) -> tuple[str, int | None]:
    if isinstance(target, tuple):
        return target
    # ids exist by now: the session was flushed
    return target.__tablename__.removesuffix("s"), getattr(target, "id", None)


def _chain() -> None:
    waiting = store().pop("audit", [])
    session = db.session
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    previous = session.scalar(_newest()) or GENESIS
    request_id = g.get("request_id") if has_request_context() else None
    for at, actor_id, action, target, details in waiting:
        kind, ident = _target(target)
        entry = AuditEntry(
            at=at,
            actor_id=actor_id,
            action=action,
            target_kind=kind,
            target_id=ident,
            details=json.loads(json.dumps(details, default=str)),
            request_id=request_id,
            previous=previous,
        )
        entry.hash = previous = entry.digest()
        session.execute(_insert(), {name: getattr(entry, name) for name in _COLUMNS})


_COLUMNS = (
    *("at", "actor_id", "action", "target_kind", "target_id"),
    *("details", "request_id", "previous", "hash"),
)


@cache
def _newest() -> Select[str]:
    return select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)


@cache
def _insert() -> Insert:
    return insert(AuditEntry.__table__)  # type: ignore[arg-type]


def broken_links(size: int = 1000) -> Iterator[int]:
    """Ids of entries whose hash or link does not hold, in order; empty for a sound chain."""
    previous, last = GENESIS, 0
    while True:
        entries = db.session.scalars(
            select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(size)
        ).all()
        if not entries:
            return
        for entry in entries:
            if entry.previous != previous or entry.hash != entry.digest():
                yield entry.id
            previous, last = entry.hash, entry.id
            db.session.expunge(entry)
