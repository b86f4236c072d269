"""Down the list by votes, or by votes for the money, while the budget lasts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods.funding import Listing
from engage.commons.voting.methods.money import Purse, votes_for
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import Result, Sentence, say
from engage.commons.voting.methods.rules import Method, Rule, Rules
from engage.commons.voting.methods.ties import Lots

SKIP = Rule(
    "skip",
    "choice",
    "yes",
    say("Whether an option that does not fit is passed over (yes) or ends the list (no)."),
    choices=("yes", "no"),
)
THRESHOLD = Rule(
    "threshold", "whole", "1", say("The votes an option needs to be funded at all."), least=0
)


def _tells(rules: Rules, _seats: int) -> Sentence:
    if rules["by"] == "votes-per-cost":
        if rules.yes("skip"):
            return say(
                "Options are funded in the order of their votes for each unit of cost; one that "
                "no longer fits the budget is passed over. Of equals, the cheaper comes first."
            )
        return say(
            "Options are funded in the order of their votes for each unit of cost, up to the first "
            "that no longer fits the budget. Of equals, the cheaper comes first."
        )
    if rules.yes("skip"):
        return say(
            "Options are funded in the order of their votes; one that no longer fits the budget "
            "is passed over. Of equals, the cheaper comes first."
        )
    return say(
        "Options are funded in the order of their votes, up to the first that no longer fits the "
        "budget. Of equals, the cheaper comes first."
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
    listing = Listing(
        purse,
        votes_for(profile),
        Lots(seed, len(profile.options)),
        per_cost=rules["by"] == "votes-per-cost",
        threshold=rules.whole("threshold") or 0,
        skip=rules.yes("skip"),
    )
    return listing.result(METHOD.name, rules, seats, profile.papers)


METHOD = Method(
    name="budget-greedy",
    label=say("Budget: by votes"),
    paper="approvals",
    weighs=True,
    tells=_tells,
    count=_count,
    options=(
        SKIP,
        Rule(
            "by",
            "choice",
            "votes",
            say("What the order is by."),
            choices=("votes", "votes-per-cost"),
        ),
        THRESHOLD,
    ),
    takes_budget=True,
)
