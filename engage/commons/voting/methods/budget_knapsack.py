"""Everybody fills the budget as they would spend it; then down the list by votes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods.arrays import Flags, Matrix, np
from engage.commons.voting.methods.budget_greedy import SKIP, THRESHOLD
from engage.commons.voting.methods.funding import Listing
from engage.commons.voting.methods.marking import summed
from engage.commons.voting.methods.money import Purse
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import Result, Sentence, say, say_many
from engage.commons.voting.methods.rules import Method, Rules
from engage.commons.voting.methods.ties import Lots


def _tells(rules: Rules, _seats: int) -> Sentence:
    if rules.yes("skip"):
        return say(
            "You choose options that cost no more than the budget together. They are funded in the "
            "order of their votes; one that no longer fits is passed over. Of equals, the cheaper "
            "comes first."
        )
    return say(
        "You choose options that cost no more than the budget together. They are funded in the "
        "order of their votes, up to the first that no longer fits. Of equals, the cheaper comes "
        "first."
    )


def _count(
    profile: Profile,
    rules: Rules,
    *,
    seats: int = 1,
    budget: Fraction | None = None,
    costs: Sequence[Fraction] | None = None,
    seed: str = "",
) -> Result:
    purse = Purse.of(profile.options, budget, costs)
    prices = np.array(purse.costs, dtype=object)
    if sum(purse.costs) < 1 << 62:
        prices = prices.astype(np.int64)

    def is_valid(rows: Matrix) -> Flags:
        found: Flags = np.dot((rows > 0).astype(prices.dtype), prices) <= purse.budget
        return found.astype(np.bool_)

    votes, refused = summed(profile, lambda rows: rows > 0, is_valid)
    listing = Listing(
        purse,
        votes,
        Lots(seed, len(profile.options)),
        threshold=rules.whole("threshold") or 0,
        skip=rules.yes("skip"),
    )
    result = listing.result(METHOD.name, rules, seats, profile.papers - refused)
    result.invalid = {"over-budget": refused} if refused else {}
    if refused:
        told = say_many(
            "%(num)s paper chooses more than the budget and is not counted.",
            "%(num)s papers choose more than the budget and are not counted.",
            refused,
        )
        result.explanation = [*result.explanation, told]
    return result


METHOD = Method(
    name="budget-knapsack",
    label=say("Budget: papers within the budget"),
    paper="approvals",
    tells=_tells,
    count=_count,
    options=(SKIP, THRESHOLD),
    takes_budget=True,
)
