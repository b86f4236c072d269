"""Everybody gives each option a mark; the highest sum wins. Left blank counts 0."""

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


def _tells(rules: Rules, seats: int) -> Sentence:
    return say_many(
        "You give each option a mark from 0 to %(most)s; what you leave blank gets 0. "
        "The option with the highest sum wins.",
        "You give each option a mark from 0 to %(most)s; what you leave blank gets 0. "
        "The %(num)s options with the highest sums win.",
        seats,
        most=rules["max"],
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
    most = rules.whole("max") or 0

    def is_valid(rows: Matrix) -> Flags:
        low, high = (int(rows.min()), int(rows.max())) if rows.size else (0, 0)
        if low >= 0 and high <= most:  # nearly always: one look at all is enough
            return np.ones(len(rows), dtype=np.bool_)
        found: Flags = ((rows == NONE) | ((rows >= 0) & (rows <= most))).all(axis=1)
        return found

    sums, refused = summed(profile, lambda rows: np.maximum(rows, 0), is_valid)
    winners, tie = top(sums, seats, lots=Lots(seed, m), options=profile.options)
    names = [profile.options[index] for index in winners]
    totals = named(profile, sums)
    told = [telling.nobody_voted()]
    if winners:
        told = [
            telling.winners_told(names),
            say_many(
                "%(name)s has %(points)s points from %(num)s paper. Left blank counts 0.",
                "%(name)s has %(points)s points from %(num)s papers. Left blank counts 0.",
                profile.papers - refused,
                name=names[0],
                points=sums[winners[0]],
            ),
        ]
    if tie:
        told.append(telling.tie_told(tie))
    if refused:
        told.append(
            say_many(
                "%(num)s paper gives a mark that is not on the scale and is not counted.",
                "%(num)s papers give a mark that is not on the scale and are not counted.",
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
        invalid={"off-the-scale": refused} if refused else {},
        explanation=told,
    )


METHOD = Method(
    name="score",
    label=say("Marks"),
    paper="scores",
    tells=_tells,
    count=_count,
    options=(Rule("max", "whole", "5", say("The best mark there is."), least=1),),
    takes_seats=True,
)
