"""Every method there is, by the name it has in commands, files and results."""

from __future__ import annotations

from engage.commons.voting.methods import (
    approval,
    borda,
    budget_greedy,
    budget_knapsack,
    budget_mes,
    budget_phragmen,
    consent,
    irv,
    plurality,
    quadratic,
    ranked_pairs,
    schulze,
    score,
    stv_scottish,
)
from engage.commons.voting.methods.result import joined, say
from engage.commons.voting.methods.rules import Method, RuleError

_ALL: tuple[Method, ...] = (
    plurality.METHOD,
    approval.METHOD,
    score.METHOD,
    borda.METHOD,
    irv.METHOD,
    stv_scottish.METHOD,
    schulze.METHOD,
    ranked_pairs.METHOD,
    budget_greedy.METHOD,
    budget_knapsack.METHOD,
    budget_mes.METHOD,
    budget_phragmen.METHOD,
    quadratic.METHOD,
    consent.METHOD,
)
METHODS: dict[str, Method] = {method.name: method for method in _ALL}


def get(name: str) -> Method:
    """The method of that name. Raises RuleError, naming those there are."""
    found = METHODS.get(name)
    if found is None:
        raise RuleError(
            say("There is no method “%(name)s”. There are: %(known)s.",
                name=name, known=joined(list(METHODS)))
        )  # fmt: skip
    return found
