"""The past, told in order: what happened is queued with its instant and then done at that instant."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count

from engage.core import clock

Deed = Callable[[], object]


class Timeline:
    """Deeds in the order of their instants; a deed may queue later ones while it runs."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Deed]] = []
        self._numbers = count()

    def at(self, instant: datetime, deed: Deed) -> None:
        """Do `deed` with the clock at `instant`. Of two at the same instant the first queued is first."""
        heapq.heappush(self._waiting, (instant, next(self._numbers), deed))

    def __len__(self) -> int:
        return len(self._waiting)

    def play(self, until: datetime) -> Iterator[int]:
        """Do everything up to `until`, each in its own moment; yields how many are done."""
        done = 0
        while self._waiting and self._waiting[0][0] <= until:
            instant, _number, deed = heapq.heappop(self._waiting)
            with clock.at(instant):
                deed()
            done += 1
            yield done
