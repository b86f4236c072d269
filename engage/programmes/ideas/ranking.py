"""The arithmetic of order: no database, no request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from math import sqrt

from engage.programmes.ideas.models import PRIME

SCALE = 1000
SEEDS = 64  # different orders a day: enough to be fair, few enough to be kept


def breadth(supports_by_kind: Mapping[str, Sequence[int]]) -> int:
    """How far an idea is supported across stakeholder kinds, in thousandths.

    The square of the sum, over the kinds, of the square roots of their supports: a hundred
    supports of one kind weigh 100, twenty of each of five kinds weigh 500. The form is that of
    quadratic funding, with kinds in the place of single contributors.

    Source: Buterin, Hitzig, Weyl, "A Flexible Design for Funding Public Goods", Management Science
    65(11), 2019, equation for the optimum of one good.
    """
    return round(SCALE * sum(sqrt(sum(pair)) for pair in supports_by_kind.values()) ** 2)


def multiplier(seed: int) -> tuple[int, int]:
    """The numbers of an order: an idea's place is `(shuffle * a + b) mod PRIME`.

    Over all seeds each pair of ideas comes in either order equally often (a pairwise independent
    family: Carter and Wegman, "Universal Classes of Hash Functions", JCSS 18, 1979), and in whole
    numbers both databases can do it.
    """
    digest = hashlib.sha256(f"order {seed}".encode()).digest()
    a = int.from_bytes(digest[:8]) % (PRIME - 1) + 1
    return a, int.from_bytes(digest[8:16]) % PRIME


def weighted_score(given: Sequence[tuple[int, int, bool]]) -> float | None:
    """The mean of (value, weight, is_reversed) rows by weight, 0 to 5; None without rows."""
    total = sum(weight for _value, weight, _reversed in given)
    if not total:
        return None
    points = sum((5 - value if reverse else value) * weight for value, weight, reverse in given)
    return round(points / total, 2)
