"""Announcing: who hears it, in which order, and what a listener's failure undoes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from engage.core import audit, events
from engage.core.audit import AuditEntry
from engage.core.db import db, transactional
from engage.core.events import announce, listen


@dataclass(frozen=True)
class Rang:
    """A bell rang."""

    bell: str


@dataclass(frozen=True)
class RangTwice(Rang):
    """Another kind of event, though a relative."""


heard: list[str] = []


def first(event: Rang) -> None:
    heard.append(f"first {event.bell}")


def second(event: Rang) -> None:
    heard.append(f"second {event.bell}")


def breaks(event: Rang) -> None:
    raise LookupError(event.bell)


def writes(event: Rang) -> None:
    audit.record("bell.heard", ("bell", None), actor=None, bell=event.bell)


def hears_late(event: Rang) -> None:
    heard.append(f"late {event.bell}")


def joins(event: Rang) -> None:
    listen(Rang, hears_late)


@pytest.fixture(autouse=True)
def own_listeners(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Listeners of this test only: the application's own come back."""
    monkeypatch.setattr(events, "_listeners", defaultdict(dict))
    heard.clear()
    yield
    heard.clear()


def test_listeners_hear_in_the_order_they_came() -> None:
    listen(Rang, second)
    listen(Rang, first)
    announce(Rang("ship"))
    assert heard == ["second ship", "first ship"]


def test_the_same_handler_twice_hears_once_and_keeps_its_place() -> None:
    for handler in (first, second, first):
        listen(Rang, handler)
    announce(Rang("ship"))
    assert heard == ["first ship", "second ship"]


def test_an_event_nobody_listens_to_is_no_error() -> None:
    announce(Rang("ship"))
    assert heard == []


def test_only_the_very_kind_is_heard() -> None:
    listen(Rang, first)
    announce(RangTwice("ship"))
    assert heard == []


def test_who_begins_to_listen_meanwhile_hears_the_next() -> None:
    listen(Rang, joins)
    announce(Rang("ship"))
    assert heard == []
    announce(Rang("quay"))
    assert heard == ["late quay"]


def test_a_listener_writes_in_the_transaction_of_the_one_who_announces(app: Flask) -> None:
    listen(Rang, writes)
    with transactional():
        audit.record("bell.rung", ("bell", None), actor=None)
        announce(Rang("ship"))
    assert recorded() == ["bell.rung", "bell.heard"]


def test_a_failing_listener_takes_everything_back_and_stops_the_others(app: Flask) -> None:
    for handler in (writes, breaks, first):
        listen(Rang, handler)
    with pytest.raises(LookupError, match="ship"), transactional():
        audit.record("bell.rung", ("bell", None), actor=None)
        announce(Rang("ship"))
    assert recorded() == []
    assert heard == []


def recorded() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
