"""A long export from a slow PostgreSQL: whole or broken, never short and silent about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Text, cast, event, func, literal, select
from sqlalchemy import case as when

from engage.core import csvexport
from engage.core.db import db, stream
from engage.core.patience import IN_REQUEST

pytestmark = [pytest.mark.faults, pytest.mark.postgresql]
SLOW = 6.0
assert SLOW > IN_REQUEST


@pytest.fixture
def returned(app: Flask) -> Iterator[list[float | None]]:
    """In how much of a hurry each connection was that came back to the pool."""
    hurries: list[float | None] = []

    def note(connection: Any, _record: Any) -> None:
        hurries.append(connection.hurry)

    event.listen(db.engine, "checkin", note)
    yield hurries
    event.remove(db.engine, "checkin", note)


def numbers(slow: int) -> Any:
    """Five rows, of which one takes its time: not the first, whose page has not begun."""
    number = func.generate_series(1, 5).column_valued("n")
    nap = cast(func.pg_sleep(SLOW), Text) if slow else literal("")
    return select(number, when((number == slow, nap), else_=""))


def test_a_slow_part_of_a_download_is_waited_for(app: Flask, returned: list[float | None]) -> None:
    def lines() -> Iterator[tuple[int]]:
        for rows in stream(numbers(slow=4), size=1):
            yield from ((row.n,) for row in rows)

    with app.test_request_context("/en/"):
        answer = csvexport.stream("numbers.csv", ("n",), lines())
        body = answer.get_data(as_text=True)
    assert [line.strip('\ufeff"') for line in body.split()] == ["n", "1", "2", "3", "4", "5"]
    assert returned == [None], "the next request has its own limit again"


def test_a_download_nobody_reads_on_gives_its_connection_back(
    app: Flask, returned: list[float | None]
) -> None:
    with app.test_request_context("/en/"):
        rows = stream(numbers(slow=0), size=1)
        assert next(rows)[0].n == 1
        rows.close()
    assert returned == [None]
