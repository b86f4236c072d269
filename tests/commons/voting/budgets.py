"""Budget ballots for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from engage.commons.voting.formats import pabulib
from engage.commons.voting.formats.contest import Contest
from engage.commons.voting.methods import catalogue
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import Result
from tests.commons.voting import data


def vector(name: str) -> Any:
    """One of the votes worked out by hand."""
    return data.loaded("vectors.json")[name]


@cache
def wieliczka() -> Contest:
    """The real budget of a town."""
    return pabulib.read(data.path("Poland_Wieliczka_2023_Green_Budget.pb").read_bytes())


def approvals(names: Sequence[str], papers: Sequence[tuple[int, Sequence[str]]]) -> Profile:
    """Of (how many, names chosen)."""
    places = {name: place for place, name in enumerate(names)}
    return Profile.from_papers(
        names, [(n, {places[name]: 1 for name in chosen}) for n, chosen in papers], blank=0
    )


def funded(
    method: str,
    costs: Mapping[str, Any],
    papers: Sequence[tuple[int, Sequence[str]]],
    budget: Any,
    **options: str,
) -> Result:
    """The result of a budget over approvals."""
    names = list(costs)
    return catalogue.get(method).tally(
        approvals(names, papers),
        options,
        budget=Fraction(budget),
        costs=[Fraction(cost) for cost in costs.values()],
    )


def backed(approvers: Mapping[str, Sequence[int]], names: Sequence[str]) -> list[Any]:
    """Papers of the voters that `approvers` counts from 1."""
    voters = sorted({voter for those in approvers.values() for voter in those})
    return [(1, [name for name in names if voter in approvers[name]]) for voter in voters]
