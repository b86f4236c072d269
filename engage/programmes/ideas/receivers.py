"""What an idea may become elsewhere: each receiving feature registers how.

A feature further right (hackathons, initiatives, a ballot's keeper) adds a Receiver; the office then
offers it, and an idea's page links what became of it. Ideas never learn what the receiver is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engage.commons.accounts.models import User
from engage.core.access import Decision
from engage.core.errors import Missing, Text
from engage.programmes.ideas.models import Idea, Promotion


@dataclass(frozen=True)
class Became:
    """One thing an idea became. `label` says what it is: "Challenge"."""

    kind: str
    label: Text
    title: str
    url: str


@dataclass(frozen=True)
class Link:
    """Where a receiver's row is shown."""

    title: str
    url: str


@dataclass(frozen=True)
class Receiver:
    """How one kind of thing is made from an idea.

    `promote(idea, actor=, target_id=)` makes (or, with `target_id`, adds to) a row of its own
    feature inside the running transaction and answers its id. `choices(user)` offers (id, words) of
    what it may be added to, empty when a new thing is made. `load(ids, user)` answers a Link for each
    row this reader may see. `can(user, idea)` judges who may.
    """

    name: str
    label: Text
    promote: Callable[..., int]
    load: Callable[[Collection[int], Any], Mapping[int, Link]]
    can: Callable[[User | None, Idea], Decision]
    choices: Callable[[User], Sequence[tuple[int, Text]]] = lambda _user: ()


_receivers: dict[str, Receiver] = {}


def add(receiver: Receiver) -> None:
    """Let ideas become this; the same name is replaced."""
    _receivers[receiver.name] = receiver


def remove(name: str) -> None:
    """Ideas no longer become this; what was made stays."""
    _receivers.pop(name, None)


def get(name: str) -> Receiver:
    """The receiver of that name. Raises Missing when its feature is gone."""
    try:
        return _receivers[name]
    except KeyError:
        raise Missing from None


def words(name: str) -> str:
    """What ideas become there, in the present language; the bare name when its feature is gone."""
    receiver = _receivers.get(name)
    return str(receiver.label) if receiver is not None else name


def everything() -> Iterator[Receiver]:
    """All receivers, in the order they were added."""
    return iter(tuple(_receivers.values()))


def became(rows: Sequence[Promotion], user: User | None = None) -> list[Became]:
    """What these promotions lead to, for this reader: one load per kind, nothing for kinds gone."""
    by_kind: dict[str, list[Promotion]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    found: dict[tuple[str, int], Became] = {}
    for name, some in by_kind.items():
        receiver = _receivers.get(name)
        if receiver is None:
            continue
        for ident, link in receiver.load([row.target_id for row in some], user).items():
            found[name, ident] = Became(name, receiver.label, link.title, link.url)
    return [found[row.kind, row.target_id] for row in rows if (row.kind, row.target_id) in found]
