"""The office's first page: what waits for whom. Features add sections; the page only loops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import Select

from engage.core import figures
from engage.core.errors import Text


@dataclass(frozen=True)
class DeskItem:
    """One thing to do. `due_at` colours its tag."""

    title: Text
    url: str
    detail: Text = ""
    due_at: datetime | None = None


@dataclass(frozen=True)
class Section:
    """What one feature puts on the desk of people with one of `roles` (all staff when empty).

    `count()` answers a select of how many things wait, `load(user, limit)` the first few of them,
    the most urgent first; `empty` is the sentence shown when nothing does.
    """

    key: str
    title: Text
    empty: Text
    endpoint: str
    icon: str
    count: Callable[[], Select[int]]
    load: Callable[[Any, int], Sequence[DeskItem]]
    roles: frozenset[str] = frozenset()
    order: int = 0
    values: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Part:
    """A section as the page draws it."""

    key: str
    title: Text
    empty: Text
    url: str
    icon: str
    total: int
    items: Sequence[DeskItem]


SHOWN = 4
_sections: dict[str, Section] = {}


def add(section: Section) -> None:
    """Offer a section; the same key is replaced."""
    _sections[section.key] = section


def parts(user: Any) -> list[Part]:
    """The sections of this person's desk, in order."""
    found = sorted(
        (
            section
            for section in _sections.values()
            if not section.roles or user.has_role(*section.roles)
        ),
        key=lambda section: (section.order, section.key),
    )
    totals = figures.read({section.key: section.count() for section in found})
    return [
        Part(
            section.key,
            section.title,
            section.empty,
            url_for(section.endpoint, **section.values),
            section.icon,
            totals[section.key],
            section.load(user, SHOWN) if totals[section.key] else (),
        )
        for section in found
    ]
