"""Pages of long lists: numbered ones for people, keyset ones for what grows while it is read."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from flask import request
from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, or_, select

from engage.core.db import db

Item = TypeVar("Item")
DEFAULT = 20
FURTHEST = 10_000
_WIDEST = 2**31  # no number we keep is wider; PostgreSQL refuses to compare with one


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One numbered page. `total` rows in all, `pages` >= 1."""

    items: Sequence[Item]
    page: int
    per_page: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.per_page))

    @property
    def has_previous(self) -> bool:
        """Is there a page before?"""
        return self.page > 1

    @property
    def has_next(self) -> bool:
        """Is there a page after?"""
        return self.page < self.pages

    def shown_pages(self) -> list[int | None]:
        """Page numbers to draw; None stands for a gap."""
        near = {1, self.pages, *range(self.page - 1, self.page + 2)}
        numbers = sorted(n for n in near if 1 <= n <= self.pages)
        drawn: list[int | None] = []
        for number in numbers:
            if drawn and drawn[-1] is not None and number - drawn[-1] > 1:
                drawn.append(None)
            drawn.append(number)
        return drawn


def page_number(name: str = "page") -> int:
    """The page asked for; anything that is no positive number is the first."""
    given = request.args.get(name, "1")
    if not given.isascii() or not given.isdigit() or len(given) > 6:
        return 1
    return min(max(int(given), 1), FURTHEST)


@dataclass(frozen=True)
class Paged:
    """A list's statement made ready for paging, to be kept where it is asked for often."""

    counting: Select[int]
    limited: Select[Any]

    @classmethod
    def of(cls, statement: Select[Any]) -> "Paged":
        """Ready for `paginate`."""
        inner = statement.order_by(None).options().subquery()
        rows, first = bindparam("page_rows", type_=Integer), bindparam("page_first", type_=Integer)
        return cls(select(func.count()).select_from(inner), statement.limit(rows).offset(first))


def paginate(
    statement: Select[Any] | Paged,
    params: Mapping[str, Any] | None = None,
    *,
    page: int = 1,
    per_page: int = DEFAULT,
    count: int | None = None,
    scalars: bool = True,
) -> Page[Any]:
    """One page of `statement`: two queries, one when `count` is known already.

    A page past the end answers the last one. `params` fill the statement's bound parameters.
    """
    paged = statement if isinstance(statement, Paged) else Paged.of(statement)
    values = dict(params or {})
    if count is None:
        count = db.session.scalar(paged.counting, values) or 0
    last = max(1, -(-count // per_page))
    page = min(max(page, 1), last)
    values |= {"page_rows": per_page, "page_first": (page - 1) * per_page}
    found: Sequence[Any]
    if count == 0:
        found = []
    elif scalars:
        found = db.session.scalars(paged.limited, values).unique().all()
    else:
        found = db.session.execute(paged.limited, values).all()
    return Page(found, page, per_page, count)


@dataclass(frozen=True)
class Keyset(Generic[Item]):
    """Some rows in order, and the token that continues after them (None at the end)."""

    items: Sequence[Item]
    next: str | None


def encode_position(values: Sequence[Any]) -> str:
    """A position in an ordered list as an opaque token."""
    plain = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode_position(token: str | None, length: int) -> list[Any] | None:
    """The values a token stands for; None for no token or a nonsense one."""
    if not token or len(token) > 2000:
        return None
    try:
        padded = token + "=" * (-len(token) % 4)
        plain = json.loads(base64.urlsafe_b64decode(padded.encode()))
        values = [_instant(v["t"]) if isinstance(v, dict) else v for v in plain]
    except (
        ValueError,
        OverflowError,
        KeyError,
        TypeError,
        binascii.Error,
        UnicodeError,
        RecursionError,
    ):
        return None
    if len(values) != length or any(
        not isinstance(v, int | float | str | datetime) or isinstance(v, bool) for v in values
    ):
        return None
    if any(isinstance(v, int) and abs(v) >= _WIDEST for v in values):
        return None
    return values


def _instant(written: str) -> datetime:
    found = datetime.fromisoformat(written)
    if found.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return found.astimezone(UTC)  # the first and last hours of the calendar have none


def _after(columns: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[Any]) -> Any:
    """Rows strictly after `values` in the order of `columns` ((column, is_descending))."""
    branches = []
    for i, (column, descending) in enumerate(columns):
        same = [c == v for (c, _d), v in zip(columns[:i], values[:i], strict=True)]
        beyond = column < values[i] if descending else column > values[i]
        branches.append(and_(*same, beyond))
    return or_(*branches)


def keyset(
    statement: Select[Any],
    columns: Sequence[tuple[Any, bool]],
    *,
    after: str | None = None,
    limit: int = 50,
) -> Keyset[Any]:
    """The next `limit` rows in the total order of `columns`: one query, no offset.

    `columns` are mapped attributes of the selected entity with their direction (True =
    descending); the last one must be unique. A nonsense `after` starts from the beginning.
    """
    values = decode_position(after, len(columns))
    if values is not None and not _fits(columns, values):
        values = None
    if values is not None:
        statement = statement.where(_after(columns, values))
    ordered = statement.order_by(*(c.desc() if desc else c.asc() for c, desc in columns))
    rows = db.session.scalars(ordered.limit(limit + 1)).unique().all()
    items = rows[:limit]
    if len(rows) <= limit or not items:
        return Keyset(items, None)
    last = items[-1]
    return Keyset(items, encode_position([getattr(last, c.key) for c, _d in columns]))


def _fits(columns: Sequence[tuple[Any, bool]], values: Sequence[Any]) -> bool:
    for (column, _desc), value in zip(columns, values, strict=True):
        wanted = column.type.python_type
        if wanted is float and isinstance(value, int):
            continue
        if not isinstance(value, wanted):
            return False
    return True
