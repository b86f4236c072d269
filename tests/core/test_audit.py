"""The chain: it holds, and it shows every change made behind its back."""

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from engage.core import audit
from engage.core.audit import GENESIS, AuditEntry
from engage.core.db import db, transactional


def _write(count: int) -> list[AuditEntry]:
    for n in range(count):
        with transactional():
            audit.record("thing.changed", ("thing", n), actor=None, words=f"é {n}")
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_entries_are_linked(app: Flask) -> None:
    entries = _write(3)
    assert entries[0].previous == GENESIS
    assert [e.previous for e in entries[1:]] == [e.hash for e in entries[:-1]]
    assert list(audit.broken_links()) == []


def test_several_acts_of_one_transaction_keep_their_order(app: Flask) -> None:
    with transactional():
        audit.record("a", ("thing", 1), actor=None)
        audit.record("b", ("thing", 1), actor=None)
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["a", "b"]
    assert list(audit.broken_links()) == []


def test_a_rolled_back_act_leaves_no_trace(app: Flask) -> None:
    with pytest.raises(ValueError), transactional():
        audit.record("a", ("thing", 1), actor=None)
        raise ValueError
    entries = _write(1)
    assert [e.action for e in entries] == ["thing.changed"]


def test_a_changed_entry_shows(app: Flask) -> None:
    entries = _write(4)
    with transactional():
        db.session.execute(
            update(AuditEntry)
            .where(AuditEntry.id == entries[1].id)
            .values(details={"words": "other"})
        )
    assert list(audit.broken_links()) == [entries[1].id]


def test_a_removed_entry_shows(app: Flask) -> None:
    entries = _write(4)
    with transactional():
        db.session.execute(delete(AuditEntry).where(AuditEntry.id == entries[1].id))
    assert list(audit.broken_links()) == [entries[2].id]


def test_small_portions_see_the_same(app: Flask) -> None:
    _write(7)
    assert list(audit.broken_links(size=2)) == []


def test_nothing_is_noted_outside_a_write(app: Flask) -> None:
    with pytest.raises(RuntimeError):
        audit.record("a", ("thing", 1), actor=None)
