"""Everybody has the same credits; v votes for one option cost v times v of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.arrays import Flags, Matrix, np
from engage.commons.voting.methods.marking import named, summed
from engage.commons.voting.methods.profile import NONE, Profile
from engage.commons.voting.methods.result import Result, Round, Sentence, say, say_many
from engage.commons.voting.methods.rules import Method, Rule, Rules
from engage.commons.voting.methods.ties import Lots, top

# 3 037 000 499 squared is the last square within 63 bits
_LONGEST = 3_037_000_499


def _tells(rules: Rules, seats: int) -> Sentence:
    return say_many(
        "You have %(credits)s credits. One vote for an option costs 1 credit, two cost 4, three "
        "cost 9, and so on. The option with the most votes wins.",
        "You have %(credits)s credits. One vote for an option costs 1 credit, two cost 4, three "
        "cost 9, and so on. The %(num)s options with the most votes win.",
        seats,
        credits=rules["credits"],
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
    most = rules.whole("credits") or 0

    def is_valid(rows: Matrix) -> Flags:
        votes = rows.astype(np.int64)
        votes[votes == NONE] = 0
        # a vote dearer than all credits is refused before its square could overflow
        longest = min(most, _LONGEST)
        found = ((votes >= 0) & (votes <= longest)).all(axis=1)
        votes[~found] = 0
        if int(votes.max(initial=0)) ** 2 * m < 1 << 62:
            within: Flags = (votes * votes).sum(axis=1) <= most
        else:
            spent = [sum(vote * vote for vote in row) for row in votes.tolist()]
            within = np.array([paid <= most for paid in spent], dtype=np.bool_)
        return found & within

    sums, refused = summed(profile, lambda rows: np.maximum(rows, 0), is_valid)
    winners, tie = top(sums, seats, lots=Lots(seed, m), options=profile.options)
    names = [profile.options[index] for index in winners]
    totals = named(profile, sums)
    told = [telling.nobody_voted()]
    if winners:
        told = [
            telling.winners_told(names),
            say_many(
                "%(name)s has %(votes)s votes from %(num)s paper.",
                "%(name)s has %(votes)s votes from %(num)s papers.",
                profile.papers - refused,
                name=names[0],
                votes=sums[winners[0]],
            ),
        ]
    if tie:
        told.append(telling.tie_told(tie))
    if refused:
        told.append(
            say_many(
                "%(num)s paper spends more than %(credits)s credits or gives less than 0 votes, "
                "and is not counted.",
                "%(num)s papers spend more than %(credits)s credits or give less than 0 votes, "
                "and are not counted.",
                refused,
                credits=most,
            )
        )
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=names,
        totals=totals,
        rounds=[Round(1, totals, elected=names, tie_break=tie)],
        invalid={"over-credits": refused} if refused else {},
        explanation=told,
    )


METHOD = Method(
    name="quadratic",
    label=say("Quadratic voting"),
    paper="points",
    tells=_tells,
    count=_count,
    options=(Rule("credits", "whole", "100", say("The credits everybody has."), least=1),),
    takes_seats=True,
)
