"""Ranked pairs: majorities are locked from the strongest down, those that close a circle skipped.

Source: T. N. Tideman, "Independence of clones as a criterion for voting rules", Social Choice and
Welfare 4 (1987). Strength is the votes for the winner of a pair, then fewer votes against; equals
come in the drawn order of their winners, then the last drawn of their losers first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.arrays import Whole, np
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.ranking import has_votes, named, pairwise
from engage.commons.voting.methods.result import Result, Round, Sentence, TieBreak, joined, say
from engage.commons.voting.methods.rules import Method, Rules
from engage.commons.voting.methods.ties import Lots

Pair = tuple[int, int]


def _tells(_rules: Rules, _seats: int) -> Sentence:
    return say(
        "You put the options in order; what you do not rank counts as equal and last. Each option "
        "is compared with each other one. The clearest majorities are kept first, and one that "
        "would close a circle with those is left out; the option nothing stands above wins."
    )


def _in_order(votes: Whole, lots: Lots) -> Iterator[list[Pair]]:
    """The majorities, the strongest first, equally strong ones together in the drawn order."""
    winners, losers = np.nonzero(votes > votes.T)
    places = np.array(lots.places)
    strength = votes[winners, losers]
    against = votes[losers, winners]
    order = np.lexsort((-places[losers], places[winners], against, -strength))
    keys = zip(strength[order], against[order], strict=True)
    pairs = zip(winners[order].tolist(), losers[order].tolist(), strict=True)
    for _key, batch in groupby(zip(keys, pairs, strict=True), key=lambda one: one[0]):
        yield [pair for _, pair in batch]


class _Order:
    """What is locked: `below[a]` and `above[a]` are sets of options, as bits of a number."""

    def __init__(self, m: int) -> None:
        self.below = [0] * m
        self.above = [0] * m

    def is_below(self, one: int, other: int) -> bool:
        """Is `one` below `other`, directly or through others?"""
        return bool(self.above[one] >> other & 1)

    def lock(self, winner: int, loser: int) -> bool:
        """Put `winner` above `loser`; False where that would close a circle."""
        if self.is_below(winner, loser):
            return False
        if not self.is_below(loser, winner):
            over = self.above[winner] | 1 << winner
            under = self.below[loser] | 1 << loser
            # who is above the loser, or below the winner, already has nothing to learn
            learning_over = over & ~self.above[loser]
            learning_under = under & ~self.below[winner]
            for option in _members(learning_over):
                self.below[option] |= under
            for option in _members(learning_under):
                self.above[option] |= over
        return True


def _members(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


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
    votes, lots, order = pairwise(profile), Lots(seed, m), _Order(m)
    pairs: list[list[str]] = []
    skipped: list[Sentence] = []
    drawn: set[int] = set()
    for batch in _in_order(votes, lots):
        closed = [order.is_below(winner, loser) for winner, loser in batch]
        for (winner, loser), was_closed in zip(batch, closed, strict=True):
            locked = order.lock(winner, loser)
            what = "locked" if locked else "skipped"
            for_it, against = int(votes[winner, loser]), int(votes[loser, winner])
            pairs.append([options[winner], options[loser], str(for_it), str(against), what])
            if not locked:
                skipped.append(_skipped(options[winner], options[loser], for_it, against))
                if not was_closed:
                    # only its equals stood in its way: the draw put them first
                    drawn.update(option for pair in batch for option in pair)
    unbeaten = [option for option in range(m) if not order.above[option]]
    totals = {
        name: str(below.bit_count()) for name, below in zip(options, order.below, strict=True)
    }
    names: list[str] = []
    told = [telling.nobody_voted()]
    tie = None
    if has_votes(profile):
        winner = lots.first(unbeaten)
        names = [options[winner]]
        told = [say("%(name)s wins: no majority that was kept stands above it.", name=names[0])]
        told += skipped
        if len(unbeaten) > 1:
            tie = TieBreak("lot", tuple(options[i] for i in unbeaten), names[0])
            told.append(telling.tie_told(tie))
        elif drawn:
            tied = sorted(drawn)
            tie = TieBreak("lot", tuple(options[i] for i in tied), names[0])
            told.append(
                say(
                    "Majorities among %(names)s are equally strong. Which of them was kept first "
                    "was decided by lot.",
                    names=joined(tie.options),
                )
            )
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=names,
        totals=totals,
        rounds=[Round(1, totals, elected=names, tie_break=tie, more={"pairs": pairs})],
        pairwise=named(votes, options),
        explanation=told,
    )


def _skipped(winner: str, loser: str, votes: int, against: int) -> Sentence:
    return say(
        "That %(votes)s papers put %(winner)s above %(loser)s (%(against)s the other way) was left "
        "out: it closes a circle with clearer majorities.",
        winner=winner,
        loser=loser,
        votes=votes,
        against=against,
    )


METHOD = Method(
    name="ranked-pairs",
    label=say("Pairwise comparison (ranked pairs)"),
    paper="ranks",
    tells=_tells,
    count=_count,
    most_options=1000,
)
