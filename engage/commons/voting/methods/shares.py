"""Equal shares of a budget: who pays for what, searched in floats and decided exactly.

The floats carry error bounds. A comparison that the bounds cannot decide is made again with
`Fraction`, from the prices paid so far, so no outcome rests on rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from engage.commons.voting.methods.arrays import Flags, Floats, Matrix, Places, Whole, np

EPS = 2.0**-52
WIDE = 1e-7  # how near, relative to a price, a share is looked at exactly
CAUTION = 1e-8  # slopes are known better than this, relative to themselves
VAGUE = 1e-10  # above this, relative to a share, prices are worked out at once


@dataclass(frozen=True)
class Backing:
    """One project: its cost and the groups of equal ballots behind it."""

    cost: int
    groups: Places
    points: Whole | None  # None where every supporter gives one
    voters: Floats  # how many voters each group has
    weight: Floats  # voters times points
    total: int  # all points
    votes: int  # all voters behind it
    factor: int  # what the utility multiplies points by: the cost, or one

    @classmethod
    def of(cls, marks: Matrix, counts: Whole, cost: int, *, by_cost: bool) -> "Backing":
        """`marks` is the project's column: points of each group, zero or less for none."""
        groups = np.flatnonzero(marks > 0)
        given = marks[groups].astype(np.int64)
        voters = counts[groups]
        weight = voters * given
        return cls(
            cost=cost,
            groups=groups,
            points=None if bool((given == 1).all()) else given,
            voters=voters.astype(np.float64),
            weight=weight.astype(np.float64),
            total=int(weight.sum()),
            votes=int(voters.sum()),
            factor=cost if by_cost else 1,
        )


@dataclass(slots=True)
class Offer:
    """What one project asks of each point now: between `low` and `high`, `price` about right."""

    project: int
    price: float
    low: float
    high: float
    paying: Flags  # who can pay the price in full
    exact: Fraction | None = None


@dataclass(slots=True)
class Purchase:
    """One project bought: `full` groups paid the price for each point, `drained` all they had."""

    project: int
    place: int  # how many were bought before
    full: Places
    drained: Places  # those who had anything
    weight: int  # the points that paid the price
    price: Fraction | None
    tied: tuple[int, ...]


@dataclass(slots=True)
class Loss:
    """A project whose supporters no longer had its cost: after how many purchases, and what."""

    project: int
    place: int
    held: Fraction


class Market:
    """The voters' money while projects are bought one after another from equal shares.

    `share` is what each voter starts with; `places` says where each project stands in the drawn
    order, which decides the last of ties. With `watched`, losses are noted as they happen.
    `touched` keeps, from run to run, whose supporters pay for a project too.
    """

    def __init__(
        self,
        projects: Sequence[Backing],
        marks: Matrix,
        counts: Whole,
        places: Sequence[int],
        share: Fraction,
        *,
        watched: bool = False,
        touched: dict[int, Flags] | None = None,
    ) -> None:
        self.projects = projects
        self.marks = marks  # groups x projects, nothing below 0
        self.counts = counts
        self.places = places
        self.share = share
        self.watched = watched
        self.money = np.full(len(counts), float(share))
        self.error = np.full(len(counts), float(share) * EPS)
        self.bought: list[Purchase] = []
        self.lost: list[Loss] = []
        self._worst = float(share) * EPS
        self._touched = {} if touched is None else touched
        self._offers: list[Offer | None] = [None] * len(projects)
        # keys are prices divided by the utility's factor; while nobody has run out of money a
        # point costs cost / points, and never less after
        self._low = np.array(
            [p.cost / p.total / p.factor * (1 - 4 * EPS) if p.total else np.inf for p in projects]
        )
        self._high = np.full(len(projects), np.inf)
        self._stale = np.ones(len(projects), dtype=np.bool_)
        if not watched:
            for number, p in enumerate(projects):
                if p.votes * share.numerator < p.cost * share.denominator:
                    self._low[number] = np.inf

    # searching

    def run(self) -> list[int]:
        """Buy until nothing more can be bought; answers the projects in order."""
        while self.step() is not None:
            pass
        return [purchase.project for purchase in self.bought]

    def step(self) -> Purchase | None:
        """Buy the project with the highest effective vote count, or answer None."""
        if self.watched:
            self.offers()
        if not len(self._low):
            return None
        while True:
            first = int(self._low.argmin())
            if self._low[first] == np.inf:
                return None
            if self._stale[first]:
                self._look(first)
                continue
            near = np.flatnonzero(self._low <= self._high[first])
            unseen = near[self._stale[near]]
            if not len(unseen):
                break
            for project in unseen.tolist():
                self._look(project)
        offers = [offer for i in near.tolist() if (offer := self._offers[i]) is not None]
        if len(offers) == 1:
            return self._buy(offers[0], ())
        keys = [self.exact(offer) / self.projects[offer.project].factor for offer in offers]
        least = min(keys)
        equal = [o.project for o, key in zip(offers, keys, strict=True) if key == least]
        chosen = self._offers[min(equal, key=self._preference)]
        assert chosen is not None
        return self._buy(chosen, tuple(equal) if len(equal) > 1 else ())

    def offers(self) -> list[Offer]:
        """What every project asks now whose supporters have its cost."""
        for project in np.flatnonzero(self._stale & np.isfinite(self._low)).tolist():
            self._look(project)
        within = np.flatnonzero(np.isfinite(self._low)).tolist()
        return [offer for i in within if (offer := self._offers[i]) is not None]

    def _preference(self, number: int) -> tuple[int, int, int]:
        project = self.projects[number]
        return project.cost, -project.total, self.places[number]

    def _look(self, number: int) -> None:
        """Bring what is known of one project up to date."""
        offer = self._offers[number] = self.offer(number)
        self._stale[number] = False
        if offer is None:
            self._low[number] = self._high[number] = np.inf
            if self.watched:
                groups = self.projects[number].groups
                held = self.held(groups, len(self.bought))
                self.lost.append(Loss(number, len(self.bought), held))
            return
        factor = self.projects[number].factor
        self._low[number] = offer.low / factor * (1 - 4 * EPS)
        self._high[number] = offer.high / factor * (1 + 4 * EPS)

    def offer(self, number: int) -> Offer | None:
        """The price of a point of a project now; None when its supporters lack the money."""
        project = self.projects[number]
        held = self.money[project.groups]
        have = float(np.dot(held, project.voters))
        size = len(held) + 16
        doubt = size * EPS * project.cost + self._worst * project.votes
        if have < project.cost + doubt and (
            have < project.cost - doubt or not self.can_pay(number)
        ):
            return None
        each = held if project.points is None else held / project.points
        before = self._offers[number]
        # prices never fall: whoever could not pay the last one cannot pay this one
        price = project.cost / project.total if before is None else before.low
        paying = each >= price
        rich = int(np.count_nonzero(paying))
        while True:
            if rich == len(held):
                weight = float(project.total)
                price = project.cost / weight
            elif rich == 0:  # rounding made everybody just too poor: they pay all they have
                return self.decided(number, float(each.max()))
            else:
                weight = float(np.dot(project.weight, paying))
                price = (project.cost - float(np.dot(held * project.voters, ~paying))) / weight
            paying = each >= price
            now = int(np.count_nonzero(paying))
            if now >= rich:
                break
            rich = now
        if now != rich:  # rounding at somebody's edge
            return self.decided(number, price)
        slack = doubt / weight + 8 * EPS * price
        reach = slack + self._worst
        if int(np.count_nonzero(each >= price + reach)) < rich:
            return self.decided(number, price)
        return Offer(number, price, price - slack, price + slack, paying)

    # deciding

    def decided(self, number: int, guess: float) -> Offer:
        """The offer worked out exactly, where floats see somebody at the very edge."""
        project = self.projects[number]
        held = self.money[project.groups]
        each = held if project.points is None else held / project.points
        near = np.abs(each - guess) <= WIDE * guess + 4 * self._worst
        poor = (each < guess) & ~near
        price = self._price(number, poor, near)
        if price is None or abs(float(price) - guess) + 2 * self._worst > WIDE * guess / 2:
            near = np.ones(len(each), dtype=np.bool_)
            poor = np.zeros(len(each), dtype=np.bool_)
            price = self._price(number, poor, near)
        assert price is not None  # among all that can pay together, the richest can
        value = float(price)
        return Offer(number, value, value * (1 - EPS), value * (1 + EPS), ~poor, price)

    def exact(self, offer: Offer) -> Fraction:
        """The price of an offer as a fraction."""
        if offer.exact is None:
            groups = self.projects[offer.project].groups
            poor = ~offer.paying
            weight = int(np.dot(self.projects[offer.project].weight, offer.paying))
            offer.exact = self._solved(offer.project, groups[poor], weight, len(self.bought))
        return offer.exact

    def _solved(self, number: int, poor: Places, weight: int, place: int) -> Fraction:
        """The price when `poor` pay all they have and `weight` points pay alike."""
        return (self.projects[number].cost - self.held(poor, place)) / weight

    def _price(self, number: int, poor: Flags, near: Flags) -> Fraction | None:
        """Solve for the price; `near` groups are sorted into `poor` (changed in place) or not."""
        project = self.projects[number]
        points = project.points
        unsure = [int(i) for i in np.flatnonzero(near & ~poor)]
        owned = {i: self.holds(int(project.groups[i])) for i in unsure}
        while True:
            weight = project.total - int(project.weight[poor].sum())
            if weight == 0:  # some were called poor who are not
                return None
            price = self._solved(number, project.groups[poor], weight, len(self.bought))
            more = [
                i
                for i in unsure
                if not poor[i] and owned[i] < price * (1 if points is None else int(points[i]))
            ]
            if not more:
                return price
            poor[more] = True

    def holds(self, group: int) -> Fraction:
        """What one voter of a group has left, exactly."""
        alone = np.array([group], dtype=np.intp)
        return self.held(alone, len(self.bought)) / int(self.counts[group])

    def held(self, groups: Places, place: int) -> Fraction:
        """What all voters of some groups have left together after `place` purchases, exactly.

        Places that have nothing left now are taken to have had nothing then.
        """
        groups = groups[self.money[groups] > 0] if place == len(self.bought) else groups
        if not len(groups):
            return Fraction(0)
        counts = self.counts[groups]
        given = self.marks[groups[:, None], [p.project for p in self.bought[:place]]]
        left = self.share * int(counts.sum())
        for purchase, points in zip(self.bought, np.dot(counts, given).tolist(), strict=False):
            if points:
                left -= points * self.price(purchase)
        return left

    def price(self, purchase: Purchase) -> Fraction:
        """The price of a point in a purchase, exactly; worked out when first asked for."""
        if purchase.price is None:
            purchase.price = self._solved(
                purchase.project, purchase.drained, purchase.weight, purchase.place
            )
        return purchase.price

    def can_pay(self, number: int) -> bool:
        """Have the supporters of a project its cost left, exactly?"""
        project = self.projects[number]
        return self.held(project.groups, len(self.bought)) >= project.cost

    def _buy(self, offer: Offer, tied: tuple[int, ...]) -> Purchase:
        """Take the money for an offer; who has nothing left after it holds exactly zero."""
        project = self.projects[offer.project]
        groups = project.groups
        held = self.money[groups]
        full = offer.paying
        poor = groups[~full]
        weight = int(np.dot(project.weight, full))
        if offer.exact is None and self._worst > VAGUE * float(self.share):
            self.exact(offer)
        if offer.exact is not None:
            value = float(offer.exact)
            doubt = EPS * value
        else:
            value = offer.price
            lost = float(np.dot(self.error[poor], project.voters[~full]))
            doubt = (lost + (len(held) + 16) * EPS * project.cost) / weight + 8 * EPS * value
        points = 1 if project.points is None else project.points
        left = held - value * points
        emptied = ~full
        near = np.flatnonzero(full & (left <= WIDE * value + 4 * self._worst))
        for i in near:
            given = 1 if project.points is None else int(project.points[i])
            exactly = self.holds(int(groups[i])) - given * self.exact(offer)
            left[i] = float(exactly)
            emptied[i] = exactly == 0
        purchase = Purchase(
            project=offer.project,
            place=len(self.bought),
            full=groups[full],
            drained=poor[self.money[poor] > 0],
            weight=weight,
            price=offer.exact,
            tied=tied,
        )
        left[emptied] = 0.0
        error = self.error[groups] + doubt * points + 2 * EPS * held
        error[emptied] = 0.0
        self.money[groups] = left
        self.error[groups] = error
        self._worst = max(self._worst, float(error.max()))
        self.bought.append(purchase)
        self._low[offer.project] = self._high[offer.project] = np.inf
        if offer.project not in self._touched:
            touched = np.logical_or.reduce(self.marks[groups], axis=0)
            self._touched[offer.project] = touched
        self._stale |= self._touched[offer.project]
        return purchase


def lasting(market: Market) -> float:
    """How much more each share could be with the same purchases in the same order, at least.

    While the purchases stay the same, money and prices are linear in the share: a price falls as
    the poor among its supporters have more to give, and who is poor is so for longer than the
    price takes to reach them. Each comparison of the run then bounds the share. Takes a fresh
    market and runs it.
    """
    growth = np.ones(len(market.counts))  # what a voter holds more for each unit of share
    most, told = float("inf"), 0
    while True:
        offers = market.offers()
        for loss in market.lost[told:]:
            project = market.projects[loss.project]
            rate = float(np.dot(project.voters, growth[project.groups]))
            if rate > 0:
                most = min(most, float(project.cost - loss.held) / rate)
        told = len(market.lost)
        falls = {offer.project: _fall(market, offer, growth) for offer in offers}
        held = market.money.copy()
        purchase = market.step()
        if purchase is None:
            return most
        bought = next(offer for offer in offers if offer.project == purchase.project)
        factor = market.projects[bought.project].factor
        fall = falls[bought.project]
        for offer in offers:
            if offer is not bought:
                other = market.projects[offer.project].factor
                rates = falls[offer.project] / other, fall / factor
                # the other's price falls at most so fast, this one's just so fast
                nearer = rates[0] - rates[1] + CAUTION * sum(rates)
                if nearer > 0:
                    gap = offer.low / other - bought.high / factor
                    most = min(most, max(gap, 0.0) / nearer)
        project = market.projects[bought.project]
        points = np.ones(len(project.groups)) if project.points is None else project.points
        poor = ~bought.paying
        gaps = bought.low - held[project.groups[poor]] / points[poor]
        rates_of_poor = growth[project.groups[poor]] / points[poor] + fall
        closing = rates_of_poor > 0
        if closing.any():
            least = float((gaps[closing] / rates_of_poor[closing]).min())
            most = min(most, max(least, 0.0))
        growth[project.groups] = np.where(poor, 0.0, growth[project.groups] + points * fall)


def _fall(market: Market, offer: Offer, growth: Floats) -> float:
    """How much a price falls for each unit of share."""
    project = market.projects[offer.project]
    given = np.dot(growth[project.groups] * project.voters, ~offer.paying)
    return float(given / np.dot(project.weight, offer.paying))
