"""Single transferable vote as Scotland's councils are elected (weighted inclusive Gregory).

Source: the Scottish Local Government Elections Order 2007, schedule 1, rules 45 to 52. Values are
whole numbers of hundred-thousandths of a vote; a transfer value is cut, never rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.arrays import np
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.ranking import Piles
from engage.commons.voting.methods.result import (
    Result,
    Round,
    Sentence,
    TieBreak,
    exact,
    joined,
    say,
    say_many,
)
from engage.commons.voting.methods.rules import Method, Rules
from engage.commons.voting.methods.ties import Lots, break_tie

UNIT = 100_000


def _tells(_rules: Rules, seats: int) -> Sentence:
    return say_many(
        "You put as many options in order as you like. An option with more than half of the votes "
        "is elected; the last one goes, and its papers count for their next choice.",
        "You put as many options in order as you like; %(num)s are elected. Who reaches the quota "
        "is elected, and what is above it passes on to the next choices in equal parts of every "
        "paper; when nothing is above, the last one goes and its papers pass on.",
        seats,
    )


class _Stages:
    """One count in progress."""

    def __init__(self, profile: Profile, seats: int, seed: str) -> None:
        self.options = profile.options
        self.m = len(profile.options)
        self.seats = seats
        self.lots = Lots(seed, self.m)
        self.piles = Piles(profile)
        self.values = np.full(len(profile.counts), UNIT, dtype=np.int64)
        sums = self.piles.sums(slice(None))
        self.valid = int(sums[: self.m].sum())
        self.blank = int(sums[self.m])
        self.quota = self.valid // (seats + 1) + 1
        self.votes = [int(total) * UNIT for total in sums[: self.m]]
        self.standing = np.ones(self.m, dtype=bool)
        self.elected: list[int] = []
        self.surpluses: list[int] = []
        self.history: list[list[int]] = []
        self.rounds: list[Round] = []
        self.told: list[Sentence] = []

    def run(self) -> None:
        """Stage after stage, until every seat is filled."""
        if not self.valid:
            return
        while True:
            step = self._stage()
            self._elect(step)
            if len(self.elected) >= min(self.seats, self.m):
                return
            if not self._pass_surplus_on(step):
                self._exclude(step)
            self.history.append(self.before)

    def _stage(self) -> Round:
        self.before = list(self.votes)
        lost = self.valid * UNIT - sum(self.votes)
        step = Round(
            len(self.rounds) + 1,
            {name: _value(votes) for name, votes in zip(self.options, self.votes, strict=True)},
            exhausted=_value(lost),
        )
        self.rounds.append(step)
        return step

    def _elect(self, step: Round) -> None:
        over = [i for i in range(self.m) if self.standing[i] and self.votes[i] >= self.quota * UNIT]
        chosen = self._by_votes(over)[: self.seats - len(self.elected)]
        self._seat(chosen)
        self.surpluses += [i for i in chosen if self.votes[i] > self.quota * UNIT]
        left = [i for i in range(self.m) if self.standing[i]]
        if chosen:
            self.told.append(
                say_many(
                    "Stage %(number)s: %(names)s reaches the quota and is elected.",
                    "Stage %(number)s: %(names)s reach the quota and are elected.",
                    len(chosen),
                    number=step.number,
                    names=joined(self._names(chosen)),
                )
            )
        rest: list[int] = []
        if left and len(left) <= self.seats - len(self.elected):
            rest = self._by_votes(left)
            self._seat(rest)
            self.told.append(
                say_many(
                    "Stage %(number)s: no more options than seats are left, so %(names)s is elected.",
                    "Stage %(number)s: no more options than seats are left, so %(names)s are elected.",
                    len(rest),
                    number=step.number,
                    names=joined(self._names(rest)),
                )
            )
        step.elected = self._names([*chosen, *rest])

    def _by_votes(self, indices: list[int]) -> list[int]:
        """Highest first; equals by the latest earlier stage that differs, then as drawn."""
        left, made = list(indices), []
        while left:
            best = max(self.votes[i] for i in left)
            chosen, _tie = self._break([i for i in left if self.votes[i] == best], highest=True)
            made.append(chosen)
            left.remove(chosen)
        return made

    def _break(self, tied: list[int], *, highest: bool) -> tuple[int, TieBreak | None]:
        return break_tie(
            tied, highest=highest, lots=self.lots, options=self.options, history=self.history
        )

    def _seat(self, indices: list[int]) -> None:
        self.elected += indices
        self.standing[indices] = False

    def _names(self, indices: Sequence[int]) -> list[str]:
        return [self.options[i] for i in indices]

    def _pass_surplus_on(self, step: Round) -> bool:
        if not self.surpluses:
            return False
        most = max(self.votes[i] for i in self.surpluses)
        tied = [i for i in self.surpluses if self.votes[i] == most]
        giver, step.tie_break = self._break(tied, highest=True)
        if step.tie_break:
            self.told.append(telling.tie_told(step.tie_break))
        self.surpluses.remove(giver)
        surplus = self.votes[giver] - self.quota * UNIT
        rows = self.piles.of(giver)
        # value of the paper x surplus / all votes of the giver, cut to five decimals
        self.values[rows] = self.values[rows] * surplus // self.votes[giver]
        step.surplus = _value(surplus)
        step.more = self._moved(giver)
        self.votes[giver] = self.quota * UNIT
        self._move(rows)
        self.told.append(
            say("Stage %(number)s: the surplus of %(name)s, %(surplus)s votes, passes on.",
                number=step.number, name=self.options[giver], surplus=step.surplus)
        )  # fmt: skip
        return True

    def _exclude(self, step: Round) -> None:
        left = [i for i in range(self.m) if self.standing[i]]
        least = min(self.votes[i] for i in left)
        tied = [i for i in left if self.votes[i] == least]
        gone, step.tie_break = self._break(tied, highest=False)
        if step.tie_break:
            self.told.append(telling.tie_told(step.tie_break, losing=True))
        self.standing[gone] = False
        step.eliminated = [self.options[gone]]
        step.more = self._moved(gone)
        self.told.append(
            say("Stage %(number)s: %(name)s goes with %(votes)s votes.",
                number=step.number, name=self.options[gone], votes=_value(least))
        )  # fmt: skip
        rows = self.piles.of(gone)
        self.votes[gone] = 0
        self._move(rows)

    def _moved(self, giver: int) -> dict[str, Any]:
        return {"moves": self.options[giver]}

    def _move(self, rows: Any) -> None:
        self.piles.move(rows, self.standing)
        for index, votes in enumerate(self.piles.sums(rows, self.values[rows])[: self.m]):
            self.votes[index] += int(votes)


def _value(units: int) -> str:
    return exact(Fraction(units, UNIT))


def _count(
    profile: Profile,
    rules: Rules,
    *,
    seats: int = 1,
    budget: Fraction | None = None,
    costs: Sequence[Fraction] | None = None,
    seed: str = "",
) -> Result:
    stages = _Stages(profile, seats, seed)
    stages.run()
    winners = [profile.options[i] for i in stages.elected]
    told = [telling.nobody_voted()]
    if winners:
        told = [
            telling.winners_told(winners),
            say_many(
                "The quota is %(quota)s votes: %(valid)s valid papers, %(num)s seat.",
                "The quota is %(quota)s votes: %(valid)s valid papers, %(num)s seats.",
                seats,
                quota=stages.quota,
                valid=stages.valid,
            ),
            *stages.told,
        ]
    if stages.blank:
        told.append(telling.passed_over(stages.blank))
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=winners,
        totals={n: _value(v) for n, v in zip(profile.options, stages.votes, strict=True)},
        rounds=stages.rounds,
        invalid={"no-first-choice": stages.blank} if stages.blank else {},
        more={"quota": str(stages.quota)},
        explanation=told,
    )


METHOD = Method(
    name="stv-scottish",
    label=say("Single transferable vote (Scottish rules)"),
    paper="ranks",
    tells=_tells,
    count=_count,
    takes_seats=True,
    most_options=1000,
)
