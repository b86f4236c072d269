"""Pages: every row once, whatever page is asked for."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from engage.core.audit import AuditEntry
from engage.core.db import db, transactional
from engage.core.paging import (
    Page,
    decode_position,
    encode_position,
    keyset,
    page_number,
    paginate,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _rows(count: int) -> None:
    with transactional():
        db.session.add_all(
            AuditEntry(
                at=NOON + timedelta(seconds=n // 3),  # ties on purpose
                action="a",
                target_kind="t",
                target_id=n,
                details={},
                previous="",
                hash=str(n),
            )
            for n in range(count)
        )


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("2", 2),
        ("-1", 1),
        ("0", 1),
        ("abc", 1),
        ("", 1),
        ("1e3", 1),
        ("٢", 1),
        ("9" * 40, 1),
        ("999999", 10_000),
    ],
)
def test_a_nonsense_page_is_the_first(app: Flask, asked: str, page: int) -> None:
    with app.test_request_context(f"/?page={asked}"):
        assert page_number() == page


def test_numbered_pages_hold_every_row_once(app: Flask) -> None:
    _rows(25)
    statement = select(AuditEntry).order_by(AuditEntry.id)
    pages = [paginate(statement, page=n, per_page=10) for n in (1, 2, 3)]
    assert [len(p.items) for p in pages] == [10, 10, 5]
    assert len({e.id for p in pages for e in p.items}) == 25
    assert paginate(statement, page=99, per_page=10).page == 3


def test_an_empty_list_has_one_page(app: Flask) -> None:
    page = paginate(select(AuditEntry))
    assert (page.pages, page.total, list(page.items)) == (1, 0, [])


def test_gaps_are_drawn_once() -> None:
    page = Page([1], page=6, per_page=1, total=12)
    assert page.shown_pages() == [1, None, 5, 6, 7, None, 12]


def test_keyset_holds_every_row_once_with_ties(app: Flask) -> None:
    _rows(20)
    order = [(AuditEntry.at, True), (AuditEntry.id, False)]
    seen: list[int] = []
    after = None
    while True:
        part = keyset(select(AuditEntry), order, after=after, limit=6)
        seen += [e.target_id or 0 for e in part.items]
        after = part.next
        if after is None:
            break
    assert sorted(seen) == list(range(20))
    assert seen[:3] == [18, 19, 15]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "e30",
        "AAAA",
        "W10",
        "é",
        encode_position(["a", 1]),
        "W" * 5000,
        encode_position([datetime(2026, 11, 1, tzinfo=UTC), 2**40]),
        encode_position([datetime(2026, 11, 1), 1]),  # noqa: DTZ001  no zone, on purpose
        encode_position([datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), 1]),
    ],
)
def test_a_nonsense_position_starts_over(app: Flask, token: str) -> None:
    _rows(3)
    order = [(AuditEntry.at, True), (AuditEntry.id, False)]
    assert len(keyset(select(AuditEntry), order, after=token, limit=6).items) == 3


@given(
    st.lists(
        st.one_of(st.integers(1 - 2**31, 2**31 - 1), st.text(max_size=20)), min_size=1, max_size=3
    )
)
def test_positions_survive_the_journey(values: list[int | str]) -> None:
    assert decode_position(encode_position(values), len(values)) == values
