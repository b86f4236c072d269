"""A budget and what options cost, in whole numbers of the smallest part that occurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from engage.commons.voting.methods.marking import marks_of, weighed
from engage.commons.voting.methods.profile import BLOCK, Profile
from engage.commons.voting.methods.result import Sentence, exact, joined, say, say_many
from engage.commons.voting.methods.rules import RuleError


@dataclass(frozen=True, slots=True)
class Purse:
    """`budget` and `costs` are whole numbers of 1/`parts` of the currency's unit."""

    names: tuple[str, ...]
    budget: int
    costs: tuple[int, ...]
    parts: int

    @classmethod
    def of(
        cls, names: Sequence[str], budget: Fraction | None, costs: Sequence[Fraction] | None
    ) -> Purse:
        """Raises RuleError where an option costs nothing or less, or the budget is below 0."""
        if budget is None or costs is None or len(costs) != len(names):
            raise RuleError(say("A budget and the cost of every option are needed."))
        if budget < 0:
            raise RuleError(say("The budget is less than 0."))
        for name, cost in zip(names, costs, strict=True):
            if cost <= 0:
                raise RuleError(
                    say(
                        "The cost of “%(name)s” is %(cost)s: every option must cost something.",
                        name=name,
                        cost=cost,
                    )
                )
        parts = lcm(budget.denominator, *(cost.denominator for cost in costs))
        return cls(
            tuple(names), int(budget * parts), tuple(int(cost * parts) for cost in costs), parts
        )

    def written(self, amount: int | Fraction) -> str:
        """An amount as published, exactly."""
        return exact(Fraction(amount) / self.parts)

    def spoken(self, amount: int | Fraction) -> str:
        """An amount for a sentence, cut to hundredths."""
        return exact(Fraction(Fraction(amount) / self.parts * 100 // 1, 100))

    def cost_of(self, options: Sequence[int]) -> int:
        """What some options cost together."""
        return sum(self.costs[index] for index in options)


def votes_for(profile: Profile) -> list[int]:
    """The votes of every option: who chose it, or the points given where papers give points.

    Less than 0 counts 0.
    """
    marks = marks_of(profile)
    sums = [0] * len(profile.options)
    for start in range(0, len(marks), BLOCK):
        part = weighed(marks[start : start + BLOCK].clip(0), profile.counts[start : start + BLOCK])
        sums = [total + int(more) for total, more in zip(sums, part, strict=True)]
    return sums


def funded_told(purse: Purse, funded: Sequence[int]) -> Sentence:
    """The first sentence of a budget's result."""
    return say_many(
        "%(num)s option is funded for %(spent)s of %(budget)s: %(names)s.",
        "%(num)s options are funded for %(spent)s of %(budget)s: %(names)s.",
        len(funded),
        spent=purse.written(purse.cost_of(funded)),
        budget=purse.written(purse.budget),
        names=joined([purse.names[index] for index in funded]),
    )


def nothing_told(purse: Purse, papers: int) -> Sentence:
    """The same where nothing is funded."""
    if not papers:
        return say("Nobody voted, so nothing is funded.")
    return say("Nothing is funded of %(budget)s.", budget=purse.written(purse.budget))
