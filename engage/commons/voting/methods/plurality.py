"""Most first choices win."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.ranking import orders, totals_by
from engage.commons.voting.methods.result import Result, Round, Sentence, say, say_many
from engage.commons.voting.methods.rules import Method, Rules
from engage.commons.voting.methods.ties import Lots, top


def _tells(_rules: Rules, seats: int) -> Sentence:
    return say_many(
        "You choose one option. The option chosen most often wins.",
        "You choose one option. The %(num)s options chosen most often win.",
        seats,
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
    m = len(profile.options)
    sums = totals_by(orders(profile)[:, 0], profile.counts, m + 1)
    votes, refused = [int(total) for total in sums[:m]], int(sums[m])
    winners, tie = top(votes, seats, lots=Lots(seed, m), options=profile.options)
    names = [profile.options[index] for index in winners]
    totals = {name: str(total) for name, total in zip(profile.options, votes, strict=True)}
    told = [telling.nobody_voted()]
    if winners:
        told = [
            telling.winners_told(names),
            say_many(
                "%(name)s has %(votes)s of %(num)s vote.",
                "%(name)s has %(votes)s of %(num)s votes.",
                sum(votes),
                name=names[0],
                votes=votes[winners[0]],
            ),
        ]
    if tie:
        told.append(telling.tie_told(tie))
    if refused:
        told.append(telling.passed_over(refused))
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=names,
        totals=totals,
        rounds=[Round(1, totals, elected=names, tie_break=tie)],
        invalid={"no-first-choice": refused} if refused else {},
        explanation=told,
    )


METHOD = Method(
    name="plurality",
    label=say("Most votes"),
    paper="choice",
    tells=_tells,
    count=_count,
    takes_seats=True,
)
