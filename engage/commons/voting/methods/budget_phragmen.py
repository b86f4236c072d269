"""Sequential Phragmén: money flows to everybody at the same rate, and options are bought in time.

An option is bought at the moment those who chose it hold its cost together; they pay all they
hold. The first purchase that would exceed the budget is not made and ends the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from engage.commons.voting.methods.arrays import Matrix, np
from engage.commons.voting.methods.budget_mes import MOST_NAMED
from engage.commons.voting.methods.funding import tie_told
from engage.commons.voting.methods.marking import marks_of
from engage.commons.voting.methods.money import Purse, funded_told, nothing_told
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import Result, Round, Sentence, TieBreak, say
from engage.commons.voting.methods.rules import Method, Rules
from engage.commons.voting.methods.ties import Lots

# times nearer than this, relative to each other, are compared exactly
NEAR = 1e-9


def _tells(_rules: Rules, _seats: int) -> Sentence:
    return say(
        "Money flows to everybody at the same rate. As soon as those who chose an option hold its "
        "cost together, it is bought with all they hold. The first purchase that would exceed the "
        "budget ends the count."
    )


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase, or the one that ended the count."""

    option: int
    time: Fraction
    tied: tuple[int, ...]


class Flow:
    """Money flowing: when each option could be bought, exactly where it matters.

    Options' times are `(cost + what supporters have spent) / supporters`, where each supporter has
    spent the time of their last purchase. Only sums of positive numbers: floats find the next few,
    fractions decide between them.
    """

    def __init__(self, purse: Purse, marks: Matrix, counts: Any, lots: Lots) -> None:
        self.purse = purse
        self.chosen = marks > 0
        self.counts = counts
        self.lots = lots
        self.times: list[Fraction] = [Fraction(0)]
        self.last = np.zeros(len(counts), dtype=np.intp)  # group -> its last purchase, from 1
        self.votes = [int(v) for v in np.dot(counts, self.chosen)]
        self.spent = np.zeros(len(purse.names))
        self.open = np.array([votes > 0 for votes in self.votes], dtype=np.bool_)
        self.costs = np.array([float(cost) for cost in purse.costs])
        self._voters = np.maximum(np.array(self.votes, dtype=np.float64), 1)

    def time(self, option: int) -> Fraction:
        """When the supporters of an option will hold its cost, exactly."""
        rows = self.chosen[:, option]
        marks, voters = self.last[rows], self.counts[rows]
        sums = np.zeros(len(self.times), dtype=np.int64)
        np.add.at(sums, marks, voters)
        spent = Fraction(self.purse.costs[option])
        for place in np.flatnonzero(sums).tolist():
            spent += int(sums[place]) * self.times[place]
        return spent / self.votes[option]

    def next(self) -> Bought | None:
        """The next purchase in time; of equals the cheaper, with more votes, first drawn."""
        options = np.flatnonzero(self.open)
        if not len(options):
            return None
        times = (self.costs[options] + self.spent[options]) / self._voters[options]
        near = options[times <= times.min() * (1 + NEAR)].tolist()
        if len(near) == 1:
            return Bought(near[0], self.time(near[0]), ())
        exactly = {option: self.time(option) for option in near}
        first = min(exactly.values())
        equal = [option for option in near if exactly[option] == first]
        costs, places = self.purse.costs, self.lots.places
        option = min(equal, key=lambda i: (costs[i], -self.votes[i], places[i]))
        return Bought(option, first, tuple(equal) if len(equal) > 1 else ())

    def buy(self, purchase: Bought) -> None:
        """Take all that the supporters hold."""
        rows = np.flatnonzero(self.chosen[:, purchase.option])
        before = np.array([float(time) for time in self.times])[self.last[rows]]
        more = self.counts[rows] * (float(purchase.time) - before)
        self.spent += np.dot(more, self.chosen[rows])
        self.last[rows] = len(self.times)
        self.times.append(purchase.time)
        self.open[purchase.option] = False

    def held(self, option: int, time: Fraction) -> Fraction:
        """What the supporters of an option hold at a time."""
        votes = self.votes[option]
        return time * votes - (self.time(option) * votes - self.purse.costs[option])

    def tie(self, purchase: Bought) -> TieBreak | None:
        """How a purchase came before equals."""
        if not purchase.tied:
            return None
        costs, option = self.purse.costs, purchase.option
        others = [i for i in purchase.tied if i != option]
        kind = "lot"
        if all(costs[i] > costs[option] for i in others):
            kind = "cheaper"
        elif all((costs[i], -self.votes[i]) > (costs[option], -self.votes[option]) for i in others):
            kind = "votes"
        names = tuple(self.purse.names[i] for i in sorted([option, *others[: MOST_NAMED - 1]]))
        return TieBreak(kind, names, self.purse.names[option])


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
    flow = Flow(purse, marks_of(profile), profile.counts, Lots(seed, len(purse.names)))
    funded: list[int] = []
    rounds: list[Round] = []
    ties: dict[int, TieBreak] = {}
    spent, last = 0, None
    while (purchase := flow.next()) is not None:
        name, cost = purse.names[purchase.option], purse.costs[purchase.option]
        over = spent + cost > purse.budget
        tie = flow.tie(purchase)
        if not over:
            funded.append(purchase.option)
            spent += cost
            if tie:
                ties[purchase.option] = tie
        rounds.append(
            Round(
                len(rounds) + 1,
                {name: str(flow.votes[purchase.option])},
                elected=[] if over else [name],
                eliminated=[name] if over else [],
                tie_break=tie,
                more={
                    "step": "over-budget" if over else "bought",
                    "time": purse.written(purchase.time),
                    "cost": purse.written(cost),
                    "supporters": flow.votes[purchase.option],
                    "spent": purse.written(spent),
                },
            )
        )
        last = purchase
        if over:
            break
        flow.buy(purchase)
    told = [funded_told(purse, funded) if funded else nothing_told(purse, profile.papers)]
    told += _bought_told(purse, flow, rounds, funded, ties)
    if last is not None and last.option not in funded:
        told.append(
            say(
                "%(name)s would have been next. It costs %(cost)s, and %(left)s of the budget was "
                "left: there the count ends.",
                name=purse.names[last.option],
                cost=purse.written(purse.costs[last.option]),
                left=purse.written(purse.budget - spent),
            )
        )
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=[purse.names[option] for option in funded],
        totals=dict(zip(purse.names, map(str, flow.votes), strict=True)),
        rounds=rounds,
        spent=purse.written(spent),
        budget=purse.written(purse.budget),
        more={"losers": _losers(purse, flow, funded, last, purse.budget - spent)},
        explanation=told,
    )


def _bought_told(
    purse: Purse,
    flow: Flow,
    rounds: Sequence[Round],
    funded: Sequence[int],
    ties: dict[int, TieBreak],
) -> list[Sentence]:
    told = []
    for option, time in zip(funded, flow.times[1:], strict=True):
        told.append(
            say(
                "%(name)s was bought for %(cost)s when everybody had been given %(time)s.",
                name=purse.names[option],
                cost=purse.written(purse.costs[option]),
                time=purse.spoken(time),
            )
        )
        if option in ties:
            told.append(tie_told(ties[option]))
    return told


def _losers(
    purse: Purse, flow: Flow, funded: Sequence[int], last: Bought | None, left: int
) -> dict[str, dict[str, Any]]:
    """Option -> why it is not funded.

    `time`: when it would have been bought. `supporters_have`: what those who chose it held when
    the count ended. `cost_needed`: at that cost or less it would have been bought.
    """
    won = set(funded)
    found: dict[str, dict[str, Any]] = {}
    for option, name in enumerate(purse.names):
        if option in won:
            continue
        told: dict[str, Any] = {
            "cause": "no-votes",
            "votes": str(flow.votes[option]),
            "cost": purse.written(purse.costs[option]),
        }
        if flow.votes[option] and last is not None:
            held = flow.held(option, last.time)
            needed = min(Fraction(left), held)
            told["cause"] = "over-budget" if option == last.option else "count-ended-before"
            told["time"] = purse.written(flow.time(option))
            told["supporters_have"] = purse.written(held)
            told["cost_needed"] = purse.written(needed) if needed else None
        found[name] = told
    return found


METHOD = Method(
    name="budget-phragmen",
    label=say("Budget: Phragmén"),
    paper="approvals",
    tells=_tells,
    count=_count,
    takes_budget=True,
)
