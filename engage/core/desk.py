"""The office's first page: what waits for whom. Features add sections; the page only loops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for

from engage.core.errors import Text


@dataclass(frozen=True)
class DeskItem:
    """One thing to do. `due_at` colours its tag."""

    title: Text
    url: str
    detail: Text = ""
    due_at: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    """How many things wait, and the first few of them, the most urgent first."""

    total: int = 0
    items: Sequence[DeskItem] = ()


@dataclass(frozen=True)
class Section:
    """What one feature puts on the desk of people with one of `roles` (all staff when empty).

    `load(user, limit)` answers what waits; `empty` is the sentence shown when nothing does.
    """

    key: str
    title: Text
    empty: Text
    endpoint: str
    icon: str
    load: Callable[[Any, int], Waiting]
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
    waiting: Waiting


SHOWN = 4
_sections: dict[str, Section] = {}


def add(section: Section) -> None:
    """Offer a section; the same key is replaced."""
    _sections[section.key] = section


def parts(user: Any) -> list[Part]:
    """The sections of this person's desk, in order."""
    found = sorted(_sections.values(), key=lambda section: (section.order, section.key))
    return [
        Part(
            section.key,
            section.title,
            section.empty,
            url_for(section.endpoint, **section.values),
            section.icon,
            section.load(user, SHOWN),
        )
        for section in found
        if not section.roles or user.has_role(*section.roles)
    ]
