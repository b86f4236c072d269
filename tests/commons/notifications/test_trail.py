"""The trail: several sources, one order, pages that neither lose nor repeat anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, create_engine, insert, select

from engage.commons.notifications import trail as trails
from engage.commons.notifications.trail import (
    Cursor,
    TrailCounts,
    TrailItem,
    TrailPage,
    TrailSource,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
things = Table(
    "things", MetaData(), Column("id", Integer, primary_key=True), Column("at", DateTime)
)


def source(kind: str, offsets: list[int]) -> TrailSource:
    """A source over a real table, so that the criterion is tried as SQL."""
    engine = create_engine("sqlite://")
    things.create(engine)
    naive = START.replace(tzinfo=None)
    with engine.begin() as connection:
        for number, offset in enumerate(sorted(offsets), 1):
            connection.execute(insert(things).values(id=number, at=naive + timedelta(hours=offset)))

    def load(_user, page: TrailPage) -> list[TrailItem]:
        page = TrailPage(
            page.limit,
            page.before.replace(tzinfo=None) if page.before else None,
            page.before_id,
            page.inclusive,
        )
        found = (
            select(things)
            .where(page.criterion(things.c.at, things.c.id))
            .order_by(things.c.at.desc(), things.c.id.desc())
            .limit(page.limit)
        )
        with engine.connect() as connection:
            return [
                TrailItem(row.id, f"{kind} {row.id}", "/", row.at.replace(tzinfo=UTC))
                for row in connection.execute(found)
            ]

    return TrailSource(kind, kind, load, lambda _user: TrailCounts(len(offsets), 0, 1))


@pytest.fixture
def sources(monkeypatch):
    own = trails.Sources()
    monkeypatch.setattr(trails, "sources", own)
    return own


def walk(limit: int) -> list[str]:
    seen, after = [], None
    while True:
        page = trails.trail(None, after=after, limit=limit)  # type: ignore[arg-type]
        seen += [f"{item.kind}:{item.id}" for item in page.items]
        if page.next is None:
            return seen
        after = Cursor.parse(str(page.next))
        assert after == page.next


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 6), max_size=8),
    st.lists(st.integers(0, 6), max_size=8),
    st.lists(st.integers(0, 6), max_size=8),
    st.integers(1, 5),
)
def test_pages_show_everything_once_newest_first(sources, one, two, three, limit) -> None:
    sources._by_kind.clear()
    for kind, offsets in (("comment", one), ("idea", two), ("vote", three)):
        sources.add(source(kind, offsets))
    seen = walk(limit)
    assert len(seen) == len(set(seen)) == len(one) + len(two) + len(three)
    assert seen == walk(100)


def test_figures_are_added_up(sources) -> None:
    sources.add(source("comment", [1, 2]))
    sources.add(source("idea", [3]))
    assert trails.counts(None) == TrailCounts(3, 0, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [None, "", "x", "~~", "2026-01-01~a~1", "2026-01-01T00:00+00:00~a~-1", "a~b~c~d", "~" * 500],
)
def test_nonsense_starts_from_the_beginning(text) -> None:
    assert Cursor.parse(text) is None


def test_dates_alone_make_bollards() -> None:
    item = TrailItem(1, "A", "/", START, answered_at=START + timedelta(days=9))
    assert [step.state for step in item.bollards()] == ["done", "done", "now", "next"]


def test_the_file_holds_the_whole_trail(sources) -> None:
    sources.add(source("comment", list(range(7))))
    assert len(list(trails.rows(None, size=3))) == 7  # type: ignore[arg-type]
