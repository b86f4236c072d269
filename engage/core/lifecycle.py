"""Windows of time and tables of transitions: when something is open, and what may follow what."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from engage.core.errors import Conflict
from engage.core.i18n import _l

State = TypeVar("State", bound=StrEnum)


class Phase(StrEnum):
    """Where an instant lies relative to a window."""

    BEFORE = "before"
    OPEN = "open"
    AFTER = "after"


@dataclass(frozen=True)
class Window:
    """From `opens_at` (included) until `closes_at` (not included); None leaves a side open.

    Both are aware instants. The closing second itself is outside: what is received at
    18:00:00.000 when we close at 18:00 is late.
    """

    opens_at: datetime | None
    closes_at: datetime | None

    def __post_init__(self) -> None:
        """Raise ValueError when it would close before it opens."""
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            raise ValueError("a window closes after it opens")

    def phase(self, now: datetime) -> Phase:
        """Where `now` lies."""
        if self.opens_at is not None and now < self.opens_at:
            return Phase.BEFORE
        if self.closes_at is not None and now >= self.closes_at:
            return Phase.AFTER
        return Phase.OPEN

    def contains(self, now: datetime) -> bool:
        """Is it open at `now`?"""
        return self.phase(now) is Phase.OPEN


class Transitions(Generic[State]):
    """One state machine as one table: from each state, the states that may follow."""

    def __init__(self, table: Mapping[State, Collection[State]]) -> None:
        self._table = {old: frozenset(new) for old, new in table.items()}

    def allows(self, old: State, new: State) -> bool:
        """May `new` follow `old`?"""
        return new in self._table.get(old, frozenset())

    def following(self, old: State) -> frozenset[State]:
        """The states that may follow `old`."""
        return self._table.get(old, frozenset())

    def check(self, old: State, new: State) -> None:
        """Raise Conflict unless `new` may follow `old`."""
        if not self.allows(old, new):
            raise Conflict(
                _l("This step is no longer possible."),
                _l("Somebody may have been quicker. Look at the present state and decide again."),
            )
