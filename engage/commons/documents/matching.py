"""Which paragraph of a new version was which one before.

Three passes: the same words in place, the same words elsewhere, then the most similar words.
Similarity is the Dice coefficient over words and neighbouring pairs of words: 1 for the same,
0 for nothing in common.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engage.commons.documents.models import Change

ALIKE = 0.5
# between the same neighbours less likeness is enough
ALIKE_IN_PLACE = 0.25
_MAX_CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class Match:
    """What a new paragraph was: the index of its ancestor, or None."""

    old: int | None
    change: Change


@dataclass(frozen=True, slots=True)
class Matching:
    """One `Match` for each new paragraph, and the old ones nobody descends from."""

    matches: list[Match]
    removed: list[int]


def match(old: Sequence[str], new: Sequence[str]) -> Matching:
    """Match two texts given as their paragraphs. Each old one is the ancestor of one at most."""
    ancestor: dict[int, int] = {}
    old_words = [normal(text) for text in old]
    new_words = [normal(text) for text in new]
    _same(old_words, new_words, ancestor)
    _alike(old_words, new_words, ancestor)
    in_place = _in_order(ancestor)
    matches = [
        _judge(index, ancestor.get(index), old_words, new_words, in_place)
        for index in range(len(new))
    ]
    taken = set(ancestor.values())
    return Matching(matches, [index for index in range(len(old)) if index not in taken])


def normal(text: str) -> str:
    """What counts as the same words: blanks and line breaks do not."""
    return " ".join(text.split())


def _judge(
    index: int, before: int | None, old: list[str], new: list[str], in_place: set[int]
) -> Match:
    if before is None:
        return Match(None, Change.NEW)
    if old[before] != new[index]:
        return Match(before, Change.EDITED)
    return Match(before, Change.SAME if index in in_place else Change.MOVED)


def _same(old: list[str], new: list[str], ancestor: dict[int, int]) -> None:
    """Equal words: those at both ends first, then the others in their order."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        ancestor[start] = start
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        ancestor[len(new) - 1 - end] = len(old) - 1 - end
        end += 1
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index in range(len(old) - end - 1, start - 1, -1):
        places[old[index]].append(index)
    for index in range(start, len(new) - end):
        if places[new[index]]:
            ancestor[index] = places[new[index]].pop()


def _alike(old: list[str], new: list[str], ancestor: dict[int, int]) -> None:
    """Similar words: the best pairs first; of equal ones those that stand closest."""
    taken = set(ancestor.values())
    free_old = [index for index in range(len(old)) if index not in taken]
    free_new = [index for index in range(len(new)) if index not in ancestor]
    old_bags = {index: _bag(old[index]) for index in free_old}
    new_bags = {index: _bag(new[index]) for index in free_new}
    expected = _expected(ancestor, len(old), len(new))
    pairs: list[tuple[float, int, int, int]] = []
    for after, before in _candidates(old_bags, new_bags, expected):
        likeness = _dice(old_bags[before], new_bags[after])
        gap = abs(before - expected[after])
        needed = ALIKE_IN_PLACE if gap == 0 else ALIKE
        if likeness >= needed:
            pairs.append((-likeness, gap, after, before))
    for _likeness, _gap, after, before in sorted(pairs):
        if after not in ancestor and before not in taken:
            ancestor[after] = before
            taken.add(before)


def _expected(ancestor: dict[int, int], old_count: int, new_count: int) -> dict[int, int]:
    """Where each unmatched paragraph would have stood: as far after the last matched one."""
    expected: dict[int, int] = {}
    last_new, last_old = -1, -1
    for index in range(new_count):
        if index in ancestor:
            last_new, last_old = index, ancestor[index]
        else:
            expected[index] = min(last_old + index - last_new, old_count - 1)
    return expected


def _candidates(
    old_bags: dict[int, Counter[str]],
    new_bags: dict[int, Counter[str]],
    expected: dict[int, int],
) -> Iterator[tuple[int, int]]:
    """Pairs worth comparing: those that share the most of their rarer words, and the one in place."""
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for before, bag in old_bags.items():
        for word in bag:
            holders[word].append(before)
    for after, bag in new_bags.items():
        shared: Counter[int] = Counter()
        for word in bag:
            if len(holders.get(word, ())) <= _MAX_CANDIDATES:
                shared.update(holders.get(word, ()))
        best = [before for before, _count in shared.most_common(_MAX_CANDIDATES)]
        if expected[after] in old_bags and expected[after] not in best:
            best.append(expected[after])
        for before in best:
            yield after, before


def _bag(text: str) -> Counter[str]:
    words = re.findall(r"\w+", text.casefold())
    return Counter(words) + Counter(f"{first} {second}" for first, second in pairwise(words))


def _dice(first: Counter[str], second: Counter[str]) -> float:
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 0.0


def _in_order(ancestor: dict[int, int]) -> set[int]:
    """The new paragraphs that kept their order: the longest run of rising ancestors.

    Patience sorting, O(n log n).
    """
    tails: list[int] = []
    tail_items: list[int] = []
    before: dict[int, int | None] = {}
    for index in sorted(ancestor):
        place = bisect_left(tails, ancestor[index])
        before[index] = tail_items[place - 1] if place else None
        if place == len(tails):
            tails.append(ancestor[index])
            tail_items.append(index)
        else:
            tails[place] = ancestor[index]
            tail_items[place] = index
    kept: set[int] = set()
    walk = tail_items[-1] if tail_items else None
    while walk is not None:
        kept.add(walk)
        walk = before[walk]
    return kept
