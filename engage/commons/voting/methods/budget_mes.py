"""The Method of Equal Shares: every voter gets the same part of the budget, and options are
bought by those who chose them, who share the cost as evenly as they can.

An option bought by people who pay at most `price` each has an effective vote count: how many would
have paid its cost at that price. The highest is bought first. With `utility=cost` an option is worth
its cost to those who chose it, with `utility=count` each is worth the same; where papers give
points, what an option is worth is multiplied by them. `completion=add1` starts again with one unit
of currency more for everybody, and again, until the outcome leaves no room for another option
(`stop=exhaustive`) or would cost more than the budget (`stop=overspend`); the last outcome within
the budget holds. `fill=greedy` then goes down the list by votes with what is left.

Defined in Peters, Pierczyński, Skowron: Proportional Participatory Budgeting with Additive
Utilities (2021). The count of Wieliczka's Green Budget in 2023 used `utility=cost completion=add1
stop=overspend`: 30 projects for 995,079 PLN, after everybody's share was raised by 164 PLN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from engage.commons.voting.methods.arrays import Flags, np
from engage.commons.voting.methods.funding import Listing, Turn, tie_told
from engage.commons.voting.methods.marking import marks_of
from engage.commons.voting.methods.money import Purse, funded_told, nothing_told, votes_for
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import (
    Result,
    Round,
    Sentence,
    TieBreak,
    exact,
    say,
    say_many,
)
from engage.commons.voting.methods.rules import Method, Rule, Rules
from engage.commons.voting.methods.shares import CAUTION, Backing, Market, Purchase, lasting
from engage.commons.voting.methods.ties import Lots

# equals named in one tie: with ten thousand options there may be as many
MOST_NAMED = 20
# raises one by one before it is asked how long nothing changes
FIRST_LOOK = 4
# what is looked ahead at most, in parts of the currency's unit
MOST_RAISES = 10**15


def _tells(rules: Rules, _seats: int) -> Sentence:
    if rules["completion"] == "add1":
        return say(
            "Everybody gets an equal share of the budget. Options are bought with the shares of "
            "those who chose them, the one with the most voters able to pay for it first. Shares "
            "are then raised, one unit of currency at a time, as long as the outcome stays within "
            "the budget."
        )
    return say(
        "Everybody gets an equal share of the budget. Options are bought with the shares of those "
        "who chose them, the one with the most voters able to pay for it first."
    )


@dataclass(slots=True)
class Completed:
    """The last outcome within the budget: how often the share was raised, and why it ended."""

    bought: list[int]
    raised: int
    ended: str


@dataclass(frozen=True, slots=True)
class Electorate:
    """What stays the same while shares are raised."""

    purse: Purse
    projects: Sequence[Backing]
    marks: Any
    counts: Any
    lots: Lots
    start: Fraction
    touched: dict[int, Flags] = field(default_factory=dict)

    @classmethod
    def of(cls, purse: Purse, profile: Profile, lots: Lots, *, by_cost: bool) -> Electorate:
        """Raises ZeroDivisionError where nobody voted."""
        marks = marks_of(profile)
        if marks.size and int(marks.min()) < 0:
            marks = marks.clip(0)
        projects = [
            Backing.of(marks[:, i], profile.counts, cost, by_cost=by_cost)
            for i, cost in enumerate(purse.costs)
        ]
        start = Fraction(purse.budget, profile.papers)
        return cls(purse, projects, marks, profile.counts, lots, start)

    def market(self, raised: int, *, watched: bool = False) -> Market:
        """Everybody's money before anything is bought."""
        return Market(
            self.projects,
            self.marks,
            self.counts,
            self.lots.places,
            self.start + raised * self.purse.parts,
            watched=watched,
            touched=self.touched,
        )

    def lasting(self, raised: int) -> int:
        """How many more raises certainly change nothing."""
        longest = min(lasting(self.market(raised, watched=True)), float(MOST_RAISES))
        return int(longest * (1 - CAUTION) / self.purse.parts)

    def completed(self, stop: str) -> Completed:
        """Raise the share while the outcome stays within the budget."""
        backed = [i for i, project in enumerate(self.projects) if project.total]
        made = Completed(self.market(0).run(), 0, "")
        patience = steps = FIRST_LOOK
        while True:
            left = self.purse.budget - self.purse.cost_of(made.bought)
            taken = set(made.bought)
            rest = [i for i in backed if i not in taken]
            if not rest:
                made.ended = "all-funded"
            elif stop == "exhaustive" and all(self.purse.costs[i] > left for i in rest):
                made.ended = "exhaustive"
            if made.ended:
                return made
            steps -= 1
            if not steps:
                same = self.lasting(made.raised)
                made.raised += same
                # worth looking again at once, or only after twice as many steps
                patience = 1 if same >= FIRST_LOOK else 2 * patience
                steps = patience
            more = self.market(made.raised + 1).run()
            if self.purse.cost_of(more) > self.purse.budget:
                made.ended = "overspend"
                return made
            made = Completed(more, made.raised + 1, "")


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
    votes = votes_for(profile)
    lots = Lots(seed, len(profile.options))
    result = Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=[],
        totals=dict(zip(purse.names, map(str, votes), strict=True)),
        spent="0",
        budget=purse.written(purse.budget),
        explanation=[nothing_told(purse, profile.papers)],
    )
    if not profile.papers:
        result.more = {"losers": {name: {"cause": "no-votes"} for name in purse.names}}
        return result
    electorate = Electorate.of(purse, profile, lots, by_cost=rules["utility"] == "cost")
    completed = Completed([], 0, "none")
    if rules["completion"] == "add1":
        completed = electorate.completed(rules["stop"])
    market = electorate.market(completed.raised, watched=True)
    bought = market.run()
    turns: list[Turn] = []
    if rules["fill"] == "greedy":
        listing = Listing(purse, votes, lots)
        rest = [i for i in range(len(votes)) if i not in set(bought)]
        turns = listing.turns(rest, purse.budget - purse.cost_of(bought))
    filled = [turn.option for turn in turns if turn.cause is None]
    funded = bought + filled
    tale = Tale(purse, market, votes, profile.papers)
    result.winners = [purse.names[i] for i in funded]
    result.spent = purse.written(purse.cost_of(funded))
    result.rounds = [*tale.rounds(), *tale.filled(turns)]
    result.more = {
        "endowment": {
            "start": purse.written(electorate.start),
            "share": purse.written(market.share),
            "raised": completed.raised,
            "ended": completed.ended,
            "left": purse.written(market.share * profile.papers - purse.cost_of(bought)),
        },
        "losers": tale.losers(funded, turns),
    }
    result.explanation = tale.told(electorate, completed, funded, filled)
    return result


@dataclass(frozen=True, slots=True)
class Tale:
    """A run told: what was bought with whose money, and what could not be."""

    purse: Purse
    market: Market
    votes: Sequence[int]
    papers: int

    def rounds(self) -> list[Round]:
        """One for each option bought; its votes are its effective vote count, cost over price.

        `price`: what a point cost, which is what one voter paid in full where papers give no
        points. `paid_in_full` voters paid that, `paid_the_rest` gave `their_rest` together, all
        they had left. `lost`: those whose supporters no longer have their cost.
        """
        made = []
        spent = 0
        for place, purchase in enumerate(self.market.bought):
            project = self.market.projects[purchase.project]
            price = self.market.price(purchase)
            spent += project.cost
            name = self.purse.names[purchase.project]
            full = int(self.market.counts[purchase.full].sum())
            part = int(self.market.counts[purchase.drained].sum())
            lost = [loss for loss in self.market.lost if loss.place == place + 1]
            made.append(
                Round(
                    place + 1,
                    {name: exact(project.cost / price)},
                    elected=[name],
                    eliminated=[self.purse.names[loss.project] for loss in lost],
                    tie_break=self.tie(purchase),
                    more={
                        "step": "bought",
                        "cost": self.purse.written(project.cost),
                        "price": self.purse.written(price),
                        "supporters": project.votes,
                        "paid_in_full": full,
                        "paid_the_rest": part,
                        "their_rest": self.purse.written(project.cost - price * purchase.weight),
                        "spent": self.purse.written(spent),
                        "money_left": self.purse.written(self.market.share * self.papers - spent),
                    },
                )
            )
        return made

    def tie(self, purchase: Purchase) -> TieBreak | None:
        """How a purchase came before equals; at most `MOST_NAMED` of them are named."""
        if not purchase.tied:
            return None
        chosen = self.market.projects[purchase.project]
        others = [self.market.projects[i] for i in purchase.tied if i != purchase.project]
        kind = "lot"
        if all(other.cost > chosen.cost for other in others):
            kind = "cheaper"
        elif all((other.cost, -other.total) > (chosen.cost, -chosen.total) for other in others):
            kind = "votes"
        named = [i for i in purchase.tied if i != purchase.project][: MOST_NAMED - 1]
        names = tuple(self.purse.names[i] for i in sorted([purchase.project, *named]))
        return TieBreak(kind, names, self.purse.names[purchase.project])

    def filled(self, turns: Sequence[Turn]) -> list[Round]:
        """One for each option funded with what was left."""
        names = self.purse.names
        first = len(self.market.bought) + 1
        funded = [turn for turn in turns if turn.cause is None]
        return [
            Round(
                number,
                {names[turn.option]: str(self.votes[turn.option])},
                elected=[names[turn.option]],
                more={
                    "step": "filled",
                    "cost": self.purse.written(self.purse.costs[turn.option]),
                    "left_before": self.purse.written(turn.left),
                },
            )
            for number, turn in enumerate(funded, start=first)
        ]

    def losers(self, funded: Sequence[int], turns: Sequence[Turn]) -> dict[str, dict[str, Any]]:
        """Option -> why it is not funded.

        `supporters_have`: what those who chose it had left when that was first less than its cost,
        after purchase `after`. `supporters_kept`: what they had in the end; at that cost or less,
        and with the same shares, they would have bought it. `shares_short`: how many voters' whole
        shares they lacked then. `left_to_fill`: with `fill`, what was left at its turn on the list.
        """
        won = set(funded)
        found: dict[str, dict[str, Any]] = {}
        filling = {turn.option: turn.left for turn in turns}
        lost = {loss.project: loss for loss in self.market.lost}
        for option, project in enumerate(self.market.projects):
            if option in won:
                continue
            told: dict[str, Any] = {
                "cause": "no-votes",
                "votes": str(self.votes[option]),
                "cost": self.purse.written(project.cost),
            }
            if option in lost:
                loss = lost[option]
                kept = self.market.held(project.groups, len(self.market.bought))
                short = Fraction(project.cost) - kept
                told["cause"] = "supporters-lack-money"
                told["after"] = loss.place
                told["supporters_have"] = self.purse.written(loss.held)
                told["supporters_kept"] = self.purse.written(kept)
                told["cost_needed"] = self.purse.written(kept) if kept else None
                told["shares_short"] = -(-short // self.market.share) if self.market.share else None
                if option in filling:
                    told["left_to_fill"] = self.purse.written(filling[option])
            found[self.purse.names[option]] = told
        return found

    def told(
        self,
        electorate: Electorate,
        completed: Completed,
        funded: Sequence[int],
        filled: Sequence[int],
    ) -> list[Sentence]:
        """The result in sentences."""
        purse = self.purse
        told = [funded_told(purse, funded) if funded else nothing_told(purse, self.papers)]
        told.append(
            say_many(
                "%(num)s voter began with %(share)s.",
                "%(num)s voters began with %(share)s each.",
                self.papers,
                share=purse.spoken(electorate.start),
            )
        )
        if completed.raised:
            told.append(
                say(
                    "So that more of the budget is spent, each share was raised to %(share)s.",
                    share=purse.spoken(self.market.share),
                )
            )
        for purchase in self.market.bought:
            project = self.market.projects[purchase.project]
            told.append(
                say_many(
                    "%(name)s was bought for %(cost)s by %(num)s voter who paid at most %(price)s.",
                    "%(name)s was bought for %(cost)s by %(num)s voters who paid at most %(price)s "
                    "each.",
                    project.votes,
                    name=purse.names[purchase.project],
                    cost=purse.written(project.cost),
                    price=purse.spoken(self.dearest(purchase)),
                )
            )
            tie = self.tie(purchase)
            if tie:
                told.append(tie_told(tie))
        told += [
            say(
                "%(name)s was funded with what was left, by its votes (%(votes)s).",
                name=purse.names[option],
                votes=self.votes[option],
            )
            for option in filled
        ]
        won = set(funded)
        told += [
            say(
                "%(name)s costs %(cost)s; those who chose it had %(held)s left.",
                name=purse.names[loss.project],
                cost=purse.written(purse.costs[loss.project]),
                held=purse.spoken(loss.held),
            )
            for loss in self.market.lost
            if loss.project not in won
        ]
        return told

    def dearest(self, purchase: Purchase) -> Fraction:
        """The most that one voter paid."""
        project = self.market.projects[purchase.project]
        price = self.market.price(purchase)
        if project.points is None:
            return price
        given = self.market.marks[purchase.full, purchase.project]
        return price * int(np.max(given, initial=1))


METHOD = Method(
    name="budget-mes",
    label=say("Budget: equal shares"),
    paper="approvals",
    tells=_tells,
    count=_count,
    options=(
        Rule(
            "utility",
            "choice",
            "cost",
            say("What an option is worth to those who chose it: its cost, or each the same."),
            choices=("cost", "count"),
        ),
        Rule(
            "completion",
            "choice",
            "none",
            say("Whether shares are raised by one unit of currency at a time (add1)."),
            choices=("none", "add1"),
        ),
        Rule(
            "stop",
            "choice",
            "exhaustive",
            say("When raising ends: nothing else fits, or the budget would be overspent."),
            choices=("exhaustive", "overspend"),
        ),
        Rule(
            "fill",
            "choice",
            "none",
            say("Whether what is left is spent down the list by votes."),
            choices=("none", "greedy"),
        ),
    ),
    takes_budget=True,
    weighs=True,
)
