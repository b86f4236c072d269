"""Papers as arrays, identical ones held once: what every method counts.

A profile is built once and read by any method. Equal papers are one row with a count, so that a
million papers weigh what their different ones weigh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engage.commons.voting.methods.arrays import Matrix, Whole, np

# a mark not given; no mark may be as low
NONE = -128
# more would overflow the value of a paper times a surplus in 64 bits (stv_scottish)
MOST_PAPERS = 900_000_000
# rows looked at together: what comes between stays in the processor's cache
BLOCK = 1 << 15

# one paper: the options in order of preference (from 0), those of equal rank in a tuple of theirs
Order = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """`counts[i]` papers say what row i of `ranks` or of `marks` says.

    `ranks`: 1 is best, equal numbers are equal ranks, 0 is not ranked. `marks`: scores, points, or
    1 for approved and 0 for not; NONE where left blank. The other one is None. Rows are distinct.
    `refused` counts papers that could not be read, by reason; they are in no row.
    """

    options: tuple[str, ...]
    counts: Whole
    ranks: Matrix | None = None
    marks: Matrix | None = None
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def papers(self) -> int:
        """How many papers there are, blank ones too."""
        return int(self.counts.sum())

    @classmethod
    def from_ranks(
        cls,
        options: Sequence[str],
        ranks: Matrix,
        counts: Whole | None = None,
        *,
        refused: Mapping[str, int] | None = None,
    ) -> Profile:
        """Of a matrix papers x options of ranks, each row `counts` times (once by default)."""
        rows = _narrowest(ranks, (np.uint8, np.uint16))
        rows, sums = grouped(rows, _counted(counts, len(rows)))
        return cls(tuple(options), sums, ranks=rows, refused=dict(refused or {}))

    @classmethod
    def from_marks(
        cls,
        options: Sequence[str],
        marks: Matrix,
        counts: Whole | None = None,
        *,
        refused: Mapping[str, int] | None = None,
    ) -> Profile:
        """Of a matrix papers x options of marks, each row `counts` times (once by default)."""
        rows = _narrowest(marks, (np.int8, np.int16, np.int32, np.int64))
        rows, sums = grouped(rows, _counted(counts, len(rows)))
        return cls(tuple(options), sums, marks=rows, refused=dict(refused or {}))

    @classmethod
    def from_orders(
        cls,
        options: Sequence[str],
        papers: Iterable[tuple[int, Order]],
        *,
        refused: Mapping[str, int] | None = None,
    ) -> Profile:
        """Of (count, options in order of preference), no option twice."""
        sums: dict[Order, int] = {}
        for count, order in papers:
            sums[order] = sums.get(order, 0) + count
        rows, columns, values = [], [], []
        for row, order in enumerate(sums):
            for rank, level in enumerate(order, start=1):
                for option in level:
                    rows.append(row)
                    columns.append(option)
                    values.append(rank)
        ranks = np.zeros((len(sums), len(options)), dtype=np.uint16)
        ranks[rows, columns] = values
        counts = np.array(list(sums.values()), dtype=np.int64)
        return cls.from_ranks(options, ranks, counts, refused=refused)

    @classmethod
    def from_papers(
        cls,
        options: Sequence[str],
        papers: Iterable[tuple[int, Mapping[int, int]]],
        *,
        blank: int = NONE,
        refused: Mapping[str, int] | None = None,
    ) -> Profile:
        """Of (count, {option: mark}); options not named are `blank` (0 for approvals)."""
        sums: dict[tuple[tuple[int, int], ...], int] = {}
        for count, marks in papers:
            key = tuple(sorted(marks.items()))
            sums[key] = sums.get(key, 0) + count
        rows, columns, values = [], [], []
        for row, key in enumerate(sums):
            for option, mark in key:
                rows.append(row)
                columns.append(option)
                values.append(mark)
        low, high = min(values, default=0), max(values, default=0)
        kind = _fitting(min(low, blank, NONE), high, (np.int8, np.int16, np.int32, np.int64))
        matrix = np.full((len(sums), len(options)), blank, dtype=kind)
        matrix[rows, columns] = values
        counts = np.array(list(sums.values()), dtype=np.int64)
        return cls.from_marks(options, matrix, counts, refused=refused)


def _counted(counts: Whole | None, rows: int) -> Whole:
    if counts is None:
        made = np.ones(rows, dtype=np.int64)
    else:
        made = np.asarray(counts, dtype=np.int64)
    if len(made) != rows:
        raise ValueError("as many counts as rows")
    if rows and (int(made.min()) < 0 or int(made.sum()) > MOST_PAPERS):
        raise ValueError(f"0 to {MOST_PAPERS} papers can be counted")
    return made


def _narrowest(matrix: Matrix, kinds: Sequence[Any]) -> Matrix:
    made = np.asarray(matrix)
    if made.ndim != 2:
        raise ValueError("one row for each paper, one column for each option")
    low, high = (int(made.min()), int(made.max())) if made.size else (0, 0)
    kind = _fitting(low, high, kinds)
    return np.ascontiguousarray(made, dtype=kind)


def _fitting(low: int, high: int, kinds: Sequence[Any]) -> Any:
    for kind in kinds:
        bounds = np.iinfo(kind)
        if bounds.min <= low and high <= bounds.max:
            return kind
    raise ValueError(f"numbers from {low} to {high} do not fit")


def grouped(rows: Matrix, counts: Whole) -> tuple[Matrix, Whole]:
    """Each different row once, with the sum of its counts; rows counted 0 times go.

    Rows are brought together by a fingerprint of 64 bits, then compared in full: two rows that
    share a fingerprint by chance or by design are still told apart.
    """
    if not counts.all():
        kept = np.flatnonzero(counts)
        rows, counts = rows[kept], counts[kept]
    if len(rows) < 2:
        return rows, counts
    prints = _fingerprints(rows)
    order = np.argsort(prints, kind="stable")
    prints = prints[order]
    same_print = prints[1:] == prints[:-1]
    if not same_print.any():
        return rows, counts
    rows = rows[order]
    is_new = np.ones(len(rows), dtype=bool)
    for start in range(1, len(rows), BLOCK):
        stop = min(start + BLOCK, len(rows))
        differs = (rows[start:stop] != rows[start - 1 : stop - 1]).any(axis=1)
        if (differs & same_print[start - 1 : stop - 1]).any():
            return _sorted_out(rows, counts[order])
        is_new[start:stop] = differs
    starts = np.flatnonzero(is_new)
    return rows[starts], np.add.reduceat(counts[order], starts)


def _fingerprints(rows: Matrix) -> Matrix:
    width = rows.shape[1] * rows.itemsize
    words = -(-width // 8) or 1
    made = np.full(len(rows), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        padded = np.zeros((len(block), words * 8), dtype=np.uint8)
        padded[:, :width] = block.view(np.uint8).reshape(len(block), width)
        view = padded.view(np.uint64)
        prints = made[start : start + BLOCK]
        for word in range(words):
            prints ^= view[:, word]
            # twice: after one round, small numbers of neighbouring words could still cancel out
            prints *= np.uint64(0xFF51AFD7ED558CCD)
            prints ^= prints >> np.uint64(32)
            prints *= np.uint64(0xC4CEB9FE1A85EC53)
            prints ^= prints >> np.uint64(29)
    return made


def _sorted_out(rows: Matrix, counts: Whole) -> tuple[Matrix, Whole]:
    distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
    sums = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(sums, inverse.reshape(-1), counts)
    return distinct, sums
