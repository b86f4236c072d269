"""Rankings read in the two ways counts need: paper by paper downwards, and pair by pair."""

from __future__ import annotations

from collections.abc import Sequence

from engage.commons.voting.methods.arrays import Flags, Matrix, Places, Whole, np
from engage.commons.voting.methods.profile import BLOCK, Profile

# bytes compared together by `pairwise`: more would leave the processor's cache
_CACHE = 1 << 21


def orders(profile: Profile) -> Matrix:
    """Papers x places: the option at each place, m (as many as there are options) after the last.

    A paper is read down to the first place that several options share: which of them its voter
    puts first is not said, so nothing after it counts.
    """
    ranks = _ranks(profile)
    m = len(profile.options)
    depth = int(ranks.max()) if ranks.size else 0
    kind = np.uint8 if m < 255 else np.uint16
    made = np.full((len(ranks), min(depth, m) + 1), m, dtype=kind)
    for start in range(0, len(ranks), BLOCK):
        _order_block(ranks[start : start + BLOCK], made[start : start + BLOCK], m, depth)
    return made


def _order_block(ranks: Matrix, made: Matrix, m: int, depth: int) -> None:
    given = ranks > 0
    seen = np.full((len(ranks), depth + 1), m, dtype=made.dtype)
    rows = np.arange(len(ranks), dtype=np.intp)[:, None] * (depth + 1)
    # the last option written to a place stays; places written twice show in the number left over
    seen.reshape(-1)[rows + ranks] = np.arange(m, dtype=made.dtype)
    places = seen[:, 1:]
    taken = places != m
    ranked = given.sum(axis=1)
    filled = taken.sum(axis=1)
    # ranks 1, 2, 3 ... without ties or gaps
    plain = filled == ranked
    plain[plain] = ranks[plain].max(axis=1, initial=0) == ranked[plain]
    width = made.shape[1] - 1
    made[plain, :width] = places[plain, :width]
    others = np.flatnonzero(~plain)
    if len(others):
        made[others, :width] = _untied(ranks[others], width, m)


def _untied(ranks: Matrix, width: int, m: int) -> Matrix:
    """The same of papers with shared places or gaps."""
    keys = ranks - 1  # 0, not ranked, becomes the highest number
    options = np.argsort(keys, axis=1, kind="stable")
    keys = np.take_along_axis(keys, options, axis=1)
    over = keys == np.iinfo(ranks.dtype).max
    shared = keys[:, :-1] == keys[:, 1:]
    over[:, :-1] |= shared
    over[:, 1:] |= shared
    over = np.logical_or.accumulate(over, axis=1)
    return np.where(over, m, options)[:, :width]


def pairwise(profile: Profile) -> Whole:
    """Cell [a, b]: how many papers put a before b. What is not ranked is below all that is."""
    ranks = _ranks(profile)
    m = len(profile.options)
    made = np.zeros((m, m), dtype=np.int64)
    counts = profile.counts
    bit = 0
    # a count is a sum of powers of two: whole numbers all the way, eight papers in one step
    while len(counts) and (1 << bit) <= int(counts.max()):
        chosen = np.flatnonzero(counts >> bit & 1)
        block = max(8, _CACHE // max(m, 1) // 8 * 8)
        for start in range(0, len(chosen), block):
            made += _compared(ranks[chosen[start : start + block]]) << bit
        bit += 1
    return made


def _compared(ranks: Matrix) -> Whole:
    papers, m = ranks.shape
    worst = np.iinfo(ranks.dtype).max
    lines = np.full((m, -(-papers // 8) * 8), worst, dtype=ranks.dtype)
    lines[:, :papers] = ranks.T
    lines -= 1  # 0, not ranked, becomes the highest number
    lines[:, papers:] = worst
    made = np.empty((m, m), dtype=np.int64)
    before = np.empty(lines.shape, dtype=bool)
    for option in range(m):
        np.less(lines[option], lines, out=before)
        eights = np.bitwise_count(before.view(np.uint64))
        made[option] = eights.sum(axis=1, dtype=np.int64)
    return made


def named(votes: Whole, options: Sequence[str]) -> dict[str, dict[str, int]]:
    """A matrix of options by options under their names."""
    return {
        name: dict(zip(options, row, strict=True))
        for name, row in zip(options, votes.tolist(), strict=True)
    }


def has_votes(profile: Profile) -> bool:
    """Does any paper rank anything?"""
    return bool(_ranks(profile).any())


def _ranks(profile: Profile) -> Matrix:
    if profile.ranks is None:
        raise ValueError("this profile holds no rankings")
    return profile.ranks


class Piles:
    """Papers lying with the option they count for now, moved on as options go.

    `at[i]` is the option of row i, m when the paper has none left. Where several options share a
    place, a paper ends there; or, if it `waits`, it counts for the one of them that is left when
    the others are gone, and ends only where two or more still stand.
    """

    def __init__(self, profile: Profile, *, waits: bool = False) -> None:
        self.m = len(profile.options)
        self.counts = profile.counts
        self._ranks = _ranks(profile)
        self._orders = orders(profile)
        self._places = np.zeros(len(self.counts), dtype=np.uint16)
        self.at = self._orders[:, 0].copy()
        self._waiting: Flags | None = None
        if waits:
            found = np.zeros(len(self.counts), dtype=bool)
            for start in range(0, len(found), BLOCK):
                part = slice(start, start + BLOCK)
                ranked = (self._ranks[part] > 0).sum(axis=1)
                found[part] = (self._orders[part] != self.m).sum(axis=1) < ranked
            self._waiting = found if found.any() else None

    def of(self, option: int) -> Places:
        """The rows that lie with `option`."""
        return np.flatnonzero(self.at == option)

    def move(self, rows: Places, standing: Flags) -> None:
        """Move `rows` on to their next option that stands."""
        if self._waiting is not None:
            waits = self._waiting[rows]
            self._move_waiting(rows[waits], standing)
            rows = rows[~waits]
        open_to = np.append(standing, True)  # having none left ends the search
        while len(rows):
            self._places[rows] += 1
            found = self._orders[rows, self._places[rows]]
            self.at[rows] = found
            rows = rows[~open_to[found]]

    def _move_waiting(self, rows: Places, standing: Flags) -> None:
        keys = self._ranks[rows] - 1  # 0, not ranked, becomes the highest number
        worst = np.iinfo(keys.dtype).max
        keys[:, ~standing] = worst
        best = keys.min(axis=1, initial=worst)
        is_sole = ((keys == best[:, None]).sum(axis=1) == 1) & (best != worst)
        self.at[rows] = np.where(is_sole, keys.argmin(axis=1), self.m)

    def sums(self, rows: Places | slice, values: Whole | None = None) -> Whole:
        """Papers, or papers times `values`, by the option they lie with; in cell m those of none."""
        weights = self.counts[rows] if values is None else self.counts[rows] * values
        return totals_by(self.at[rows], weights, self.m + 1)


def totals_by(groups: Matrix, weights: Whole, size: int) -> Whole:
    """The sum of `weights` in each group, in whole numbers."""
    made = np.zeros(size, dtype=np.int64)
    np.add.at(made, groups, weights)
    return made
