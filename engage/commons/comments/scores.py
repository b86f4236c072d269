"""The arithmetic of sorting: no database, no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

SCALE = 1_000_000


def bridge(reactions_by_kind: Mapping[str, Sequence[int]]) -> int:
    """How far a comment is agreed with across stakeholder kinds; 0 when nobody has reacted.

    The group-informed consensus of Polis: the product, over the groups, of the chance that somebody
    of the group agrees, each estimated as (agree + 1) / (agree + disagree + 2). Our groups are the
    stakeholder kinds. One large group alone gains little, one group against costs much. We keep the
    sum of the logarithms of twice each chance, in millionths: the same order, whole numbers for
    keyset paging, and silent groups count nothing.

    Source: Small, Bjorkegren, Erkkila, Shaw, Megill, "Polis: Scaling Deliberation by Mapping High
    Dimensional Opinion Spaces", Recerca 26(2), 2021, section on group-informed consensus.
    """
    total = 0.0
    for agree, disagree in reactions_by_kind.values():
        total += log(2 * (agree + 1) / (agree + disagree + 2))
    return round(SCALE * total)
