"""Papers as arrays: nothing lost, nothing joined that differs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.voting.methods import profile as profiles
from engage.commons.voting.methods.profile import NONE, Profile
from engage.commons.voting.methods.ranking import orders, pairwise
from tests.commons.voting.profiles import ranked

pytestmark = pytest.mark.pure

RANKS = st.integers(1, 5).flatmap(
    lambda m: st.lists(
        st.tuples(st.integers(0, 9), st.lists(st.integers(0, 4), min_size=m, max_size=m)),
        min_size=1,
        max_size=12,
    )
)


def as_counter(rows: list[tuple[int, list[int]]]) -> dict[tuple[int, ...], int]:
    found: dict[tuple[int, ...], int] = {}
    for n, row in rows:
        if n:
            found[tuple(row)] = found.get(tuple(row), 0) + n
    return found


def built(rows: list[tuple[int, list[int]]]) -> Profile:
    names = [f"o{index}" for index in range(len(rows[0][1]))]
    counts = np.array([n for n, _ in rows])
    return Profile.from_ranks(names, np.array([row for _, row in rows]), counts)


@settings(deadline=None)
@given(RANKS)
def test_identical_papers_are_one_row(rows: list[tuple[int, list[int]]]) -> None:
    made = built(rows)
    assert made.ranks is not None
    kept = {tuple(row): n for row, n in zip(made.ranks.tolist(), made.counts.tolist(), strict=True)}
    assert len(kept) == len(made.ranks)
    assert kept == as_counter(rows)


def test_rows_with_one_fingerprint_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        profiles, "_fingerprints", lambda rows: np.zeros(len(rows), dtype=np.uint64)
    )
    rows = [(2, [1, 2, 3]), (1, [3, 2, 1]), (4, [1, 2, 3]), (1, [0, 0, 0])]
    made = built(rows)
    assert made.ranks is not None
    kept = {tuple(row): n for row, n in zip(made.ranks.tolist(), made.counts.tolist(), strict=True)}
    assert kept == as_counter(rows)


@settings(deadline=None)
@given(RANKS)
def test_pairs_are_those_of_the_papers_one_by_one(rows: list[tuple[int, list[int]]]) -> None:
    m = len(rows[0][1])
    wanted = np.zeros((m, m), dtype=np.int64)
    for n, row in rows:
        for a in range(m):
            for b in range(m):
                if row[a] and (not row[b] or row[a] < row[b]):
                    wanted[a, b] += n
    assert pairwise(built(rows)).tolist() == wanted.tolist()


@settings(deadline=None)
@given(RANKS)
def test_orders_end_at_the_first_shared_place(rows: list[tuple[int, list[int]]]) -> None:
    made = built(rows)
    assert made.ranks is not None
    m = len(made.options)
    for row, order in zip(made.ranks.tolist(), orders(made).tolist(), strict=True):
        wanted = []
        for rank in sorted(set(row) - {0}):
            if row.count(rank) > 1:
                break
            wanted.append(row.index(rank))
        assert [option for option in order if option != m] == wanted
        assert order[-1] == m


def test_thousands_of_options_and_ranks() -> None:
    names = [f"o{index}" for index in range(10_000)]
    made = Profile.from_orders(
        names, [(3, tuple((index,) for index in range(9_999, -1, -1))), (1, ())]
    )
    assert made.ranks is not None
    assert made.ranks.dtype == np.uint16
    assert orders(made)[0, :3].tolist() == [9999, 9998, 9997]


def test_marks_keep_blank_apart_from_nought() -> None:
    made = Profile.from_papers(["A", "B"], [(1, {0: 0}), (2, {0: 0, 1: 0}), (1, {})])
    assert made.marks is not None
    assert sorted(made.marks.tolist()) == [[NONE, NONE], [0, NONE], [0, 0]]
    assert made.marks.dtype == np.int8


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="as many counts"):
        Profile.from_ranks(["A"], np.array([[1]]), np.array([1, 2]))
    with pytest.raises(ValueError, match="papers can be counted"):
        Profile.from_ranks(["A"], np.array([[1]]), np.array([10**12]))
    with pytest.raises(ValueError, match="do not fit"):
        Profile.from_ranks(["A"], np.array([[70_000]]))
    with pytest.raises(ValueError, match="no rankings"):
        pairwise(Profile.from_marks(["A"], np.array([[1]])))


def test_papers_counts_blank_ones_too() -> None:
    assert ranked("3 A>B", "2 ").papers == 5


def test_fingerprints_of_short_rankings_do_not_meet() -> None:
    draw = np.random.default_rng(1)
    rows = np.zeros((300_000, 50), dtype=np.uint8)
    length, given = draw.integers(1, 8, size=len(rows)), np.zeros(len(rows), dtype=np.uint8)
    for place in range(7):
        who = np.nonzero(length > place)[0]
        chosen = np.minimum(draw.exponential(8, size=who.size).astype(int), 49)
        is_free = rows[who, chosen] == 0
        given[who[is_free]] += 1
        rows[who[is_free], chosen[is_free]] = given[who[is_free]]
    different = np.unique(rows, axis=0)
    assert len(np.unique(profiles._fingerprints(different))) == len(different)
