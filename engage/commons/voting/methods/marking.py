"""Papers with a number for each option: sums in whole numbers, and papers a rule refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engage.commons.voting.methods.arrays import Flags, Matrix, Whole, np
from engage.commons.voting.methods.profile import BLOCK, Profile

# below this no sum of 64 bits can overflow
_SAFE = 1 << 62


def marks_of(profile: Profile) -> Matrix:
    """The marks; of a profile of rankings, 1 for every option that is ranked."""
    if profile.marks is not None:
        return profile.marks
    if profile.ranks is None:
        raise ValueError("this profile holds neither marks nor rankings")
    return (profile.ranks > 0).astype(np.int8)


def weighed(values: Whole, counts: Whole) -> Any:
    """Each column's sum, every row `counts` times; beyond 64 bits where it has to be."""
    highest = int(np.abs(values).max(initial=0))
    if highest * int(counts.sum()) < _SAFE:
        return np.dot(counts, values)
    return np.dot(counts.astype(object), values.astype(object))


def summed(
    profile: Profile, worth: Callable[[Matrix], Matrix], is_valid: Callable[[Matrix], Flags]
) -> tuple[list[int], int]:
    """The sum of `worth` of each option over the papers that are valid, and how many are not.

    Both functions are given some rows of the marks at a time.
    """
    marks = marks_of(profile)
    sums = [0] * len(profile.options)
    refused = 0
    for start in range(0, len(marks), BLOCK):
        rows, counts = marks[start : start + BLOCK], profile.counts[start : start + BLOCK]
        valid = is_valid(rows)
        if not valid.all():
            refused += int(counts[~valid].sum())
            rows, counts = rows[valid], counts[valid]
        part = weighed(worth(rows).astype(np.int64, copy=False), counts)
        sums = [total + int(more) for total, more in zip(sums, part, strict=True)]
    return sums, refused


def named(profile: Profile, sums: list[int]) -> Mapping[str, str]:
    """Option -> its sum as published."""
    return {name: str(total) for name, total in zip(profile.options, sums, strict=True)}
