"""Funding down a list: by votes, or votes for the money, while the budget lasts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any

from engage.commons.voting.methods.money import Purse, funded_told, nothing_told
from engage.commons.voting.methods.result import (
    Result,
    Round,
    Sentence,
    TieBreak,
    joined,
    say,
)
from engage.commons.voting.methods.rules import Rules
from engage.commons.voting.methods.ties import Lots


@dataclass(frozen=True, slots=True)
class Turn:
    """An option's turn: what was left then, and whether it was funded. `cause` says why not."""

    option: int
    left: int
    cause: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """How options are put in order."""

    purse: Purse
    votes: Sequence[int]
    lots: Lots
    per_cost: bool = False
    threshold: int = 1
    skip: bool = True

    def key(self, option: int) -> Fraction | int:
        """What the order is by, the highest first."""
        if self.per_cost:
            return Fraction(self.votes[option], self.purse.costs[option])
        return self.votes[option]

    def order(self, options: Collection[int]) -> list[int]:
        """Highest first, then cheaper, then as drawn."""
        places = self.lots.places
        return sorted(options, key=lambda i: (-self.key(i), self.purse.costs[i], places[i]))

    def turns(self, options: Collection[int], budget: int) -> list[Turn]:
        """Go down the list with a budget."""
        order = self.order([i for i in options if self.votes[i] >= self._least])
        made, left, stopped = [], budget, False
        for option in order:
            cost = self.purse.costs[option]
            cause = None
            if stopped:
                cause = "after-the-stop"
            elif cost > self.purse.budget:
                cause = "dearer-than-budget"
            elif cost > left:
                cause = "not-enough-left"
            made.append(Turn(option, left, cause))
            if cause is None:
                left -= cost
            else:
                stopped = stopped or not self.skip
        made.extend(
            Turn(i, left, "no-votes" if self.votes[i] < 1 else "below-threshold")
            for i in sorted(options)
            if self.votes[i] < self._least
        )
        return made

    @property
    def _least(self) -> int:
        """Fewer votes are not enough in any case."""
        return max(1, self.threshold)

    def ties(self, turns: Sequence[Turn]) -> dict[int, TieBreak]:
        """The ties that decided what is funded: last funded among equals -> who was left out."""
        found: dict[int, TieBreak] = {}
        for _key, equals in groupby(_listed(turns), key=lambda turn: self.key(turn.option)):
            equal = list(equals)
            funded = [turn.option for turn in equal if turn.cause is None]
            # dearer ones among equals come later: the funded stand first
            rest = [t.option for t in equal if t.cause == "not-enough-left"]
            if funded and rest:
                chosen = funded[-1]
                is_cheaper = self.purse.costs[rest[0]] > self.purse.costs[chosen]
                names = tuple(self.purse.names[i] for i in sorted([chosen, *rest]))
                kind = "cheaper" if is_cheaper else "lot"
                found[chosen] = TieBreak(kind, names, self.purse.names[chosen])
        return found

    def rounds(self, turns: Sequence[Turn]) -> list[Round]:
        """The turns as published: one for each option that had one."""
        ties = self.ties(turns)
        return [
            Round(
                number,
                {self.purse.names[turn.option]: str(self.votes[turn.option])},
                elected=[] if turn.cause else [self.purse.names[turn.option]],
                eliminated=[self.purse.names[turn.option]] if turn.cause else [],
                tie_break=ties.get(turn.option),
                more={
                    "cost": self.purse.written(self.purse.costs[turn.option]),
                    "left_before": self.purse.written(turn.left),
                    "cause": turn.cause,
                },
            )
            for number, turn in enumerate(_listed(turns), start=1)
        ]

    def losers(self, turns: Sequence[Turn]) -> dict[str, dict[str, Any]]:
        """Option -> why it is not funded, and what would have funded it, all else equal.

        `cost_needed`: what was left at its turn; at that cost it would have been. `votes_needed`:
        the fewest votes. None where no cost, or no number of votes, would do.
        """
        listed = _listed(turns)
        rests = [
            -(turn.left - (0 if turn.cause else self.purse.costs[turn.option])) for turn in listed
        ]
        return {
            self.purse.names[turn.option]: {
                "cause": turn.cause,
                "votes": str(self.votes[turn.option]),
                "cost": self.purse.written(self.purse.costs[turn.option]),
                "cost_needed": self._cost_needed(turn),
                "votes_needed": self._votes_needed(turn.option, listed, rests),
            }
            for turn in turns
            if turn.cause
        }

    def _cost_needed(self, turn: Turn) -> str | None:
        if turn.cause in ("no-votes", "below-threshold", "after-the-stop") or not turn.left:
            return None
        # a lower cost never moves an option down: at its turn at least as much is left
        return self.purse.written(turn.left)

    def _votes_needed(
        self, option: int, listed: Sequence[Turn], rests: Sequence[int]
    ) -> str | None:
        """`rests`: what is left after each of the `listed`, less than 0 so that it rises."""
        cost = self.purse.costs[option]
        if cost > self.purse.budget:
            return None
        needed = max(self._least, self.votes[option])
        # behind the first that leaves less than the cost, or that stops the list, is no place
        place = bisect_right(rests, -cost)
        if not self.skip:
            stop = next((i for i, turn in enumerate(listed) if turn.cause), place)
            place = min(place, stop)
        if place < len(listed):
            needed = max(needed, self._to_pass(option, listed[place].option))
        return str(needed)

    def _to_pass(self, option: int, other: int) -> int:
        """The fewest votes with which `option` stands before `other`."""
        costs, places = self.purse.costs, self.lots.places
        wins_ties = (costs[option], places[option]) < (costs[other], places[other])
        if self.per_cost:
            equal = Fraction(self.votes[other] * costs[option], costs[other])
            if equal.denominator == 1 and wins_ties:
                return int(equal)
            return int(equal // 1) + 1
        return self.votes[other] + (0 if wins_ties else 1)

    def result(self, method: str, rules: Rules, seats: int, papers: int) -> Result:
        """The whole answer, of all options and the whole budget."""
        turns = self.turns(range(len(self.purse.names)), self.purse.budget)
        funded = [turn.option for turn in turns if turn.cause is None]
        return Result(
            method=method,
            options_used=rules.used,
            seats=seats,
            winners=[self.purse.names[option] for option in funded],
            totals=dict(zip(self.purse.names, map(str, self.votes), strict=True)),
            rounds=self.rounds(turns),
            spent=self.purse.written(self.purse.cost_of(funded)),
            budget=self.purse.written(self.purse.budget),
            more={"losers": self.losers(turns)},
            explanation=self.told(turns, papers),
        )

    def told(self, turns: Sequence[Turn], papers: int) -> list[Sentence]:
        """The result in sentences: what is funded, and what of the first that is not."""
        funded = [turn.option for turn in turns if not turn.cause]
        told = [funded_told(self.purse, funded) if funded else nothing_told(self.purse, papers)]
        short = next((t for t in turns if t.cause == "not-enough-left"), None)
        if short is not None:
            told.append(
                say(
                    "%(name)s has %(votes)s votes and costs %(cost)s; only %(left)s was left when "
                    "its turn came.",
                    name=self.purse.names[short.option],
                    votes=self.votes[short.option],
                    cost=self.purse.written(self.purse.costs[short.option]),
                    left=self.purse.written(short.left),
                )
            )
            if not self.skip:
                told.append(say("There the list stops."))
        told += [tie_told(tie) for tie in self.ties(turns).values()]
        return told


def _listed(turns: Sequence[Turn]) -> list[Turn]:
    """Those that had a turn: with enough votes."""
    return [turn for turn in turns if turn.cause not in ("no-votes", "below-threshold")]


def tie_told(tie: TieBreak) -> Sentence:
    """How equal options were put in order."""
    names, chosen = joined(tie.options), tie.chosen
    if tie.kind == "cheaper":
        return say("%(names)s were equal; %(chosen)s is the cheaper.", names=names, chosen=chosen)
    if tie.kind == "votes":
        return say(
            "%(names)s were equal and cost the same; %(chosen)s has more votes.",
            names=names,
            chosen=chosen,
        )
    return say(
        "%(names)s were equal. The tie was broken by lot: %(chosen)s comes first.",
        names=names,
        chosen=chosen,
    )
