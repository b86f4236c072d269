"""Instant runoff: the last option goes, one at a time, until one has a majority.

A place that several options share is passed over when they are gone and counts for the one of them
still standing; a paper that comes to it while two or more stand is exhausted (as in Burlington).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.arrays import np
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.ranking import Piles
from engage.commons.voting.methods.result import Result, Round, Sentence, say
from engage.commons.voting.methods.rules import Method, Rules
from engage.commons.voting.methods.ties import Lots, break_tie


def _tells(_rules: Rules, _seats: int) -> Sentence:
    return say(
        "You put as many options in order as you like. Your paper counts for your first choice. "
        "While no option has more than half of the papers that still count, the last one goes and "
        "its papers count for their next choice."
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
    options, m = profile.options, len(profile.options)
    piles, lots = Piles(profile, waits=True), Lots(seed, m)
    standing = np.ones(m, dtype=bool)
    sums = piles.sums(slice(None))
    history: list[list[int]] = []
    rounds: list[Round] = []
    told: list[Sentence] = []
    winner: int | None = None
    while sums[:m].any():
        votes = [int(total) for total in sums[:m]]
        continuing = sum(votes)
        step = Round(
            len(rounds) + 1,
            {options[index]: str(votes[index]) for index in range(m) if standing[index]},
            exhausted=str(int(sums[m])),
        )
        rounds.append(step)
        leader = max(range(m), key=votes.__getitem__)
        if votes[leader] * 2 > continuing:
            winner = leader
            step.elected = [options[leader]]
            told.append(_elected(options[leader], votes[leader], continuing, step.number))
            break
        least = min(votes[index] for index in range(m) if standing[index])
        tied = [index for index in range(m) if standing[index] and votes[index] == least]
        gone, step.tie_break = break_tie(
            tied, highest=False, lots=lots, options=options, history=history
        )
        step.eliminated = [options[gone]]
        if step.tie_break:
            told.append(telling.tie_told(step.tie_break, losing=True))
        told.append(
            say("Round %(number)s: %(name)s goes with %(votes)s votes.",
                number=step.number, name=options[gone], votes=least)
        )  # fmt: skip
        history.append(votes)
        standing[gone] = False
        moved = piles.of(gone)
        sums[gone] = 0
        piles.move(moved, standing)
        sums += piles.sums(moved)
    last = {name: str(int(total)) for name, total in zip(options, sums[:m], strict=True)}
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=[] if winner is None else [options[winner]],
        totals=last,
        rounds=rounds,
        explanation=[told[-1], *told[:-1]] if told else [telling.nobody_voted()],
    )


def _elected(name: str, votes: int, continuing: int, number: int) -> Sentence:
    return say(
        "%(name)s wins in round %(number)s with %(votes)s of the %(continuing)s papers that still "
        "count, more than half.",
        name=name,
        votes=votes,
        continuing=continuing,
        number=number,
    )


METHOD = Method(
    name="irv",
    label=say("Instant runoff"),
    paper="ranks",
    tells=_tells,
    count=_count,
    most_options=1000,
)
