"""Everybody approves as many options as they like; most approvals win."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.arrays import Flags, Matrix, np
from engage.commons.voting.methods.marking import named, summed
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import Result, Round, Sentence, say, say_many
from engage.commons.voting.methods.rules import Method, Rule, RuleError, Rules
from engage.commons.voting.methods.ties import Lots, top


def _tells(rules: Rules, seats: int) -> Sentence:
    least, most = rules.whole("min") or 0, rules.whole("max")
    if most is None and least < 2:
        return say_many(
            "You choose as many options as you like. The option chosen most often wins.",
            "You choose as many options as you like. The %(num)s options chosen most often win.",
            seats,
        )
    if most is None:
        return say_many(
            "You choose %(least)s or more options. The option chosen most often wins.",
            "You choose %(least)s or more options. The %(num)s options chosen most often win.",
            seats,
            least=least,
        )
    return say_many(
        "You choose %(least)s to %(most)s options. The option chosen most often wins.",
        "You choose %(least)s to %(most)s options. The %(num)s options chosen most often win.",
        seats,
        least=least,
        most=most,
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
    least, most = rules.whole("min") or 0, rules.whole("max")
    if most is not None and most < least:
        raise RuleError(say("max cannot be less than min."))

    def is_valid(rows: Matrix) -> Flags:
        chosen = np.count_nonzero(rows > 0, axis=1)
        found: Flags = (chosen >= least) & (chosen <= (m if most is None else most))
        return found

    sums, refused = summed(profile, lambda rows: rows > 0, is_valid)
    winners, tie = top(sums, seats, lots=Lots(seed, m), options=profile.options)
    names = [profile.options[index] for index in winners]
    totals = named(profile, sums)
    told = [telling.nobody_voted()]
    if winners:
        told = [
            telling.winners_told(names),
            say_many(
                "%(name)s was chosen on %(votes)s of %(num)s paper.",
                "%(name)s was chosen on %(votes)s of %(num)s papers.",
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
                "%(num)s paper chooses too few or too many options and is not counted.",
                "%(num)s papers choose too few or too many options and are not counted.",
                refused,
            )
        )
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=names,
        totals=totals,
        rounds=[Round(1, totals, elected=names, tie_break=tie)],
        invalid={"number-of-choices": refused} if refused else {},
        explanation=told,
    )


METHOD = Method(
    name="approval",
    label=say("Approval"),
    paper="approvals",
    tells=_tells,
    count=_count,
    options=(
        Rule("min", "whole", "0", say("How many options a paper chooses at least.")),
        Rule("max", "whole", None, say("How many options a paper chooses at most."), least=1),
    ),
    takes_seats=True,
)
