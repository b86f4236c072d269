"""The trail: everything one person contributed, and what became of it, from every feature.

A feature that takes contributions adds a source. Sources are read newest first and merged;
a page is asked for by position, so that new contributions never shift what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, or_, true

from engage.commons.accounts.models import User
from engage.core.i18n import _l

Words = Any  # a string, or a lazy one


@dataclass(frozen=True)
class TrailStep:
    """One bollard: `done` has happened, `now` is where it stands, `next` is promised."""

    label: Words
    state: Literal["done", "now", "next"]
    at: datetime | None = None


@dataclass(frozen=True)
class TrailItem:
    """One contribution. `id` is unique within its source and grows with time."""

    id: int
    title: Words
    url: str
    received_at: datetime
    excerpt: str = ""
    place: Words = ""
    read_at: datetime | None = None
    answered_at: datetime | None = None
    decided_at: datetime | None = None
    due_at: datetime | None = None
    state: Words = ""  # the word on the tag
    tone: str = "info"  # its colour: ok, info, warn, err
    steps: tuple[TrailStep, ...] = ()
    kind: str = ""  # filled in by the merge
    programme: str = "consultations"  # whose pictogram and accent it wears

    def bollards(self) -> tuple[TrailStep, ...]:
        """The steps told by the dates alone, for a source that gives none of its own."""
        told = [
            (_l("Received"), self.received_at),
            (_l("Read"), self.read_at),
            (_l("Answered"), self.answered_at),
            (_l("Decided"), self.decided_at),
        ]
        last = max(number for number, (_label, at) in enumerate(told) if at is not None)
        return tuple(
            TrailStep(label, "done" if number < last else "now" if number == last else "next", at)
            for number, (label, at) in enumerate(told)
        )


@dataclass(frozen=True)
class TrailPage:
    """What a source is asked for: up to `limit` items that come after the reader's position."""

    limit: int
    before: datetime | None = None
    before_id: int | None = None
    inclusive: bool = False

    def criterion(self, received_at: Any, ident: Any) -> ColumnElement[bool]:
        """The WHERE of a query that is ordered by both columns, descending."""
        if self.before is None:
            return true()
        if self.before_id is not None:
            return or_(
                received_at < self.before, and_(received_at == self.before, ident < self.before_id)
            )
        return received_at <= self.before if self.inclusive else received_at < self.before


@dataclass(frozen=True)
class TrailCounts:
    """The large figures on a person's own page."""

    contributions: int = 0
    answered: int = 0
    changed: int = 0

    def __add__(self, other: TrailCounts) -> TrailCounts:
        return TrailCounts(
            self.contributions + other.contributions,
            self.answered + other.answered,
            self.changed + other.changed,
        )


@dataclass(frozen=True)
class TrailSource:
    """`load` gives a page of items newest first; `count` the person's figures, if the source has them."""

    kind: str
    label: Words
    load: Callable[[User, TrailPage], list[TrailItem]]
    count: Callable[[User], TrailCounts] | None = None


@dataclass(frozen=True)
class Cursor:
    """The last item shown. Equal instants are ordered by kind, then by id, newest first."""

    at: datetime
    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.kind}~{self.id}"

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """None for what is not a cursor: the trail then starts at its beginning."""
        try:
            at, kind, ident = (text or "").split("~")
            moment = datetime.fromisoformat(at)
            number = int(ident)
        except ValueError:
            return None
        if moment.tzinfo is None or not 0 <= number < 2**62:
            return None
        return cls(moment, kind, number)


@dataclass(frozen=True)
class Trail:
    items: list[TrailItem]
    next: Cursor | None = None


@dataclass
class Sources:
    _by_kind: dict[str, TrailSource] = field(default_factory=dict)

    def add(self, source: TrailSource) -> None:
        self._by_kind[source.kind] = source

    def __iter__(self) -> Iterator[TrailSource]:
        return iter(sorted(self._by_kind.values(), key=lambda source: source.kind))


sources = Sources()


def trail(user: User, *, after: Cursor | None = None, limit: int = 20) -> Trail:
    """One page of everything the person contributed, newest first."""
    streams = [_stream(source, user, after, limit + 1) for source in sources]
    merged = merge(*streams, key=_position)
    items = list(islice(merged, limit + 1))
    if len(items) <= limit:
        return Trail(items)
    last = items[limit - 1]
    return Trail(items[:limit], Cursor(last.received_at, last.kind, last.id))


def counts(user: User) -> TrailCounts:
    """The person's figures over all sources."""
    total = TrailCounts()
    for source in sources:
        if source.count is not None:
            total += source.count(user)
    return total


def rows(user: User, size: int = 200) -> Iterator[tuple[Any, ...]]:
    """The whole trail as lines of a table, read page by page."""
    after: Cursor | None = None
    while True:
        page = trail(user, after=after, limit=size)
        for item in page.items:
            yield (
                item.kind,
                str(item.title),
                str(item.place),
                item.received_at,
                item.read_at,
                item.answered_at,
                item.decided_at,
                item.due_at,
                str(item.state),
                item.url,
            )
        if page.next is None:
            return
        after = page.next


def _stream(source: TrailSource, user: User, after: Cursor | None, limit: int) -> list[TrailItem]:
    page = TrailPage(limit)
    if after is not None:
        same = source.kind == after.kind
        page = TrailPage(
            limit, after.at, after.id if same else None, inclusive=source.kind > after.kind
        )
    return [replace(item, kind=source.kind) for item in source.load(user, page)]


def _position(item: TrailItem) -> tuple[float, str, int]:
    return (-item.received_at.timestamp(), item.kind, -item.id)
