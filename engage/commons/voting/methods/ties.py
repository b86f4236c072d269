"""What happens between equals: a look back, then the order drawn from a published seed.

The drawn order is a queue. Whoever stands first in it wins a tie for something wanted (a seat, a
surplus passed on first, a project funded); whoever stands last loses a tie for last place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods.result import TieBreak


def drawn_order(seed: str, m: int) -> list[int]:
    """The `m` options in the order drawn: their indices (from 0), first drawn first.

    Sorted by the SHA-256 of "seed:position", the position counted from 1, as everybody can redo.
    """
    return sorted(
        range(m), key=lambda index: hashlib.sha256(f"{seed}:{index + 1}".encode()).digest()
    )


class Lots:
    """The drawn order of one count, worked out when the first tie asks for it."""

    def __init__(self, seed: str, m: int) -> None:
        self._seed = seed
        self._m = m
        self._places: list[int] | None = None

    @property
    def places(self) -> list[int]:
        """Option -> its place in the drawn order."""
        if self._places is None:
            self._places = [0] * self._m
            for place, index in enumerate(drawn_order(self._seed, self._m)):
                self._places[index] = place
        return self._places

    def first(self, tied: Sequence[int]) -> int:
        """Who wins a tie for something wanted."""
        return min(tied, key=self.places.__getitem__)

    def last(self, tied: Sequence[int]) -> int:
        """Who loses a tie for last place."""
        return max(tied, key=self.places.__getitem__)


def break_tie(
    tied: Sequence[int],
    *,
    highest: bool,
    lots: Lots,
    options: Sequence[str],
    history: Sequence[Sequence[int]] = (),
) -> tuple[int, TieBreak | None]:
    """One of `tied`: the highest, or the lowest, at the latest earlier stage that differs.

    `history` holds the votes of every option at the stages before this one, the first stage first.
    Those still equal at a stage that differs are compared further back. What no stage tells apart,
    the drawn order does. No tie (one option) is no TieBreak.
    """
    if len(tied) == 1:
        return tied[0], None
    left, stage = list(tied), None
    for number in range(len(history), 0, -1):
        votes = history[number - 1]
        best = (max if highest else min)(votes[index] for index in left)
        kept = [index for index in left if votes[index] == best]
        if len(kept) < len(left):
            left, stage = kept, number
        if len(left) == 1:
            break
    kind = "look-back"
    if len(left) > 1:
        left, kind, stage = [lots.first(left) if highest else lots.last(left)], "lot", None
    names = tuple(options[index] for index in tied)
    return left[0], TieBreak(kind, names, options[left[0]], stage)


def top(
    totals: Sequence[int | Fraction], seats: int, *, lots: Lots, options: Sequence[str]
) -> tuple[list[int], TieBreak | None]:
    """The `seats` highest, highest first, and the tie for the last seat where there was one.

    Nobody is chosen with nothing: where fewer options than seats have more than 0, seats stay empty.
    """
    able = [index for index, total in enumerate(totals) if total > 0]
    able.sort(key=lambda index: -totals[index])
    if len(able) > seats:
        edge = totals[able[seats - 1]]
        equal = edge == totals[able[seats]]
    else:
        equal = False
    if not equal:
        return _in_drawn_order(able[:seats], totals, lots), None
    chosen = [index for index in able if totals[index] > edge]
    tied = [index for index in able if totals[index] == edge]
    tied.sort(key=lots.places.__getitem__)
    taken, left = tied[: seats - len(chosen)], tied[seats - len(chosen) :]
    contenders = sorted([taken[-1], *left])
    names = tuple(options[index] for index in contenders)
    tie = TieBreak("lot", names, options[taken[-1]])
    return _in_drawn_order(chosen, totals, lots) + taken, tie


def _in_drawn_order(indices: list[int], totals: Sequence[int | Fraction], lots: Lots) -> list[int]:
    """Highest first; equals among the chosen, who all win, in the drawn order."""
    if len({totals[index] for index in indices}) == len(indices):
        return indices
    return sorted(indices, key=lambda index: (-totals[index], lots.places[index]))
