"""Budgets: votes worked out by hand, a real town's, and what must hold of any."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.voting.methods import budget_mes, catalogue
from engage.commons.voting.methods.budget_mes import Electorate
from engage.commons.voting.methods.money import Purse
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import exact
from engage.commons.voting.methods.rules import RuleError
from engage.commons.voting.methods.ties import Lots, drawn_order
from tests.commons.voting.budgets import approvals, backed, funded, vector, wieliczka

pytestmark = pytest.mark.pure

ALL = ("budget-greedy", "budget-knapsack", "budget-mes", "budget-phragmen")


def listed(projects: list[list[Any]]) -> tuple[dict[str, int], list[tuple[int, str]]]:
    """Costs, and papers of one option each that give every project its votes."""
    return {name: cost for name, cost, _ in projects}, [
        (votes, [name]) for name, _, votes in projects
    ]


# down the list


def test_greedy_skips_or_stops() -> None:
    wanted = vector("pb_greedy_skip")
    costs, papers = listed(wanted["projects"])
    skipping = funded("budget-greedy", costs, papers, wanted["budget"])
    assert skipping.winners == wanted["skip"]
    assert (skipping.spent, skipping.budget) == ("1000", "1000")
    stopping = funded("budget-greedy", costs, papers, wanted["budget"], skip="no")
    assert stopping.winners == wanted["no_skip"]
    assert [step.more["cause"] for step in stopping.rounds] == [
        None,
        "not-enough-left",
        "after-the-stop",
    ]


def test_greedy_by_votes_or_votes_for_the_money() -> None:
    wanted = vector("pb_votes_vs_ratio")
    costs, papers = listed(wanted["projects"])
    by_votes = funded("budget-greedy", costs, papers, wanted["budget"])
    assert by_votes.winners == wanted["greedy_votes"]
    per_cost = funded("budget-greedy", costs, papers, wanted["budget"], by="votes-per-cost")
    assert per_cost.winners == wanted["greedy_votes_per_cost"]


def test_greedy_threshold() -> None:
    costs, papers = {"A": 10, "B": 10, "C": 10}, [(5, "A"), (4, "B")]
    assert funded("budget-greedy", costs, papers, 100).winners == ["A", "B"]
    found = funded("budget-greedy", costs, papers, 100, threshold="5")
    assert found.winners == ["A"]
    assert found.more["losers"]["B"]["cause"] == "below-threshold"
    assert found.more["losers"]["C"]["cause"] == "no-votes"
    assert found.more["losers"]["B"]["votes_needed"] == "5"


def test_knapsack_vector() -> None:
    wanted = vector("knapsack")
    papers = [(1, chosen) for chosen in wanted["ballots"]]
    found = funded("budget-knapsack", wanted["cost"], papers, wanted["budget"])
    assert found.winners == wanted["winners_greedy_cheaper_first"]
    assert found.totals == {name: str(votes) for name, votes in wanted["counts"].items()}
    assert found.invalid == {"over-budget": len(wanted["invalid"])}


def test_what_would_have_funded_a_loser_does() -> None:
    costs = {"A": 60, "B": 50, "C": 30, "D": 45}
    papers = [(9, "A"), (7, "B"), (5, "C"), (3, "D")]
    found = funded("budget-greedy", costs, papers, 100)
    assert found.winners == ["A", "C"]
    loser = found.more["losers"]["B"]
    assert (loser["cost_needed"], loser["votes_needed"]) == ("40", "9")
    assert "B" in funded("budget-greedy", {**costs, "B": 40}, papers, 100).winners
    assert "B" not in funded("budget-greedy", {**costs, "B": 41}, papers, 100).winners
    assert "B" in funded("budget-greedy", costs, [*papers, (2, "B")], 100).winners
    assert "B" not in funded("budget-greedy", costs, [*papers, (1, "B")], 100).winners


# equal shares and Phragmén


def test_equal_shares_basic() -> None:
    wanted = vector("pb_mes_basic")
    papers = backed(wanted["approvers"], list(wanted["cost"]))
    found = funded("budget-mes", wanted["cost"], papers, wanted["budget"])
    assert found.winners == wanted["mes"]
    assert funded("budget-greedy", wanted["cost"], papers, wanted["budget"]).winners == [
        *wanted["greedy"]
    ]
    first, second = found.rounds
    assert (first.votes, first.more["price"]) == ({"X": "6"}, "25/3")
    assert (first.more["supporters"], first.more["paid_in_full"]) == (6, 6)
    assert first.eliminated == ["Y"]
    assert second.more["money_left"] == "10"
    assert found.more["losers"]["Y"] == {
        "cause": "supporters-lack-money",
        "votes": "5",
        "cost": "50",
        "after": 1,
        "supporters_have": "25/3",
        "supporters_kept": "25/3",
        "cost_needed": "25/3",
        "shares_short": 5,
    }


def test_equal_shares_completed() -> None:
    wanted = vector("pb_mes_completion")
    papers = backed(wanted["approvers"], list(wanted["cost"]))
    cost, budget = wanted["cost"], wanted["budget"]
    assert funded("budget-mes", cost, papers, budget).winners == wanted["mes_plain"]
    filled = funded("budget-mes", cost, papers, budget, fill="greedy")
    assert filled.winners == wanted["mes_plus_greedy"]
    assert filled.rounds[-1].more["step"] == "filled"
    assert filled.more["losers"]["B"]["left_to_fill"] == "0"
    raised = funded("budget-mes", cost, papers, budget, completion="add1")
    assert sorted(raised.winners) == wanted["mes_add1"]["winners"]
    assert raised.more["endowment"]["start"] == str(wanted["mes_add1"]["start"])
    assert raised.more["endowment"]["share"] == str(wanted["mes_add1"]["endowment"])
    assert raised.more["endowment"]["ended"] == "exhaustive"
    assert raised.spent == "100"


@pytest.mark.parametrize("name", ["pb_mes_basic", "pb_mes_completion"])
def test_phragmen_vectors(name: str) -> None:
    wanted = vector(name)
    papers = backed(wanted["approvers"], list(wanted["cost"]))
    found = funded("budget-phragmen", wanted["cost"], papers, wanted["budget"])
    assert sorted(found.winners) == wanted["phragmen"]
    if name == "pb_mes_basic":
        times = {(step.elected or step.eliminated)[0]: step.more["time"] for step in found.rounds}
        assert times == {"X": "25/3", "Z": "10", "Y": "55/3"}
        assert found.rounds[-1].more["step"] == "over-budget"
        assert found.more["losers"]["Y"]["cost_needed"] == "10"
        cheaper = funded("budget-phragmen", {**wanted["cost"], "Y": 10}, papers, wanted["budget"])
        assert "Y" in cheaper.winners


def test_wieliczka_funds_what_the_town_funded() -> None:
    contest = wieliczka()
    profile = contest.profile("approvals", weighs=True)
    assert (profile.papers, len(contest.options)) == (6586, 64)
    rules = {"completion": "add1", "stop": "overspend"}
    found = catalogue.get("budget-mes").tally(
        profile, rules, budget=contest.budget, costs=contest.costs
    )
    assert sorted(map(int, found.winners)) == [
        6, 7, 9, 17, 19, 20, 24, 25, 26, 29, 32, 33, 34, 36, 39,
        40, 41, 42, 43, 46, 56, 58, 60, 61, 62, 69, 70, 71, 74, 88,
    ]  # fmt: skip
    assert found.spent == "995079"
    assert found.more["endowment"]["raised"] == 164
    early = catalogue.get("budget-mes").tally(
        profile, {"completion": "add1"}, budget=contest.budget, costs=contest.costs
    )
    assert (len(early.winners), early.spent) == (31, "984579")


def test_points_weigh() -> None:
    # 10 each; B asks 20 of 5 points, 4 of each; A asks 20 of 6, which its two voters barely hold
    profile = Profile.from_papers(
        ["A", "B"], [(1, {0: 4}), (4, {1: 1}), (1, {0: 2, 1: 1})], blank=0
    )
    costs = [Fraction(20), Fraction(20)]
    count = catalogue.get("budget-mes").tally
    found = count(profile, {}, budget=Fraction(60), costs=costs)
    assert found.totals == {"A": "6", "B": "5"}
    assert found.winners == ["B"]
    assert found.rounds[0].more["price"] == "4"
    # with 14 each A comes first: a point costs 10/3, and the first voter pays four times that
    found = count(profile, {}, budget=Fraction(84), costs=costs)
    assert found.winners == ["A", "B"]
    assert found.rounds[0].more["price"] == "10/3"
    assert found.rounds[0].more["paid_in_full"] == 2
    assert "who paid at most 13.33 each" in found.as_dict()["explanation"][2]


@pytest.mark.parametrize("method", ["budget-mes", "budget-phragmen"])
def test_the_cost_a_loser_needed_would_have_done(method: str) -> None:
    checked = 0
    for chosen in ("AB", "BC", "CD", "AD", "ABC"):
        costs = {"A": 50, "B": 45, "C": 70, "D": 30}
        papers = [(3, chosen), (2, "C"), (2, "BD"), (1, "A")]
        for name, loser in funded(method, costs, papers, 100).more["losers"].items():
            if loser["cost_needed"]:
                cheaper = {**costs, name: Fraction(loser["cost_needed"])}
                assert name in funded(method, cheaper, papers, 100).winners, (chosen, name)
                checked += 1
    assert checked > 4


# money is exact, whatever the papers


options = st.integers(1, 5)
amounts = st.one_of(
    st.integers(1, 60),
    st.sampled_from([Fraction(1, 3), Fraction("12.5"), Fraction("0.01"), Fraction(100, 7)]),
)


@st.composite
def contests(draw: st.DrawFn, most_points: int = 1) -> tuple[Any, Any, Any]:
    """Marks, counts, and costs with a budget."""
    m = draw(options)
    rows = draw(
        st.lists(
            st.lists(st.integers(0, most_points), min_size=m, max_size=m), min_size=1, max_size=8
        )
    )
    counts = draw(st.lists(st.integers(1, 7), min_size=len(rows), max_size=len(rows)))
    costs = [Fraction(draw(amounts)) for _ in range(m)]
    return (rows, counts), costs, Fraction(draw(st.integers(0, 150)))


def profile_of(papers: Any, names: Any = None) -> Profile:
    rows, counts = papers
    names = names or [f"P{number}" for number in range(len(rows[0]))]
    return Profile.from_marks(names, np.array(rows), np.array(counts))


def tally(method: str, contest: Any, rules: Mapping[str, str], names: Any = None) -> dict[str, Any]:
    papers, costs, budget = contest
    result = catalogue.get(method).tally(
        profile_of(papers, names), rules, budget=budget, costs=costs
    )
    return result.as_dict()


RULES: list[tuple[str, dict[str, str]]] = [
    ("budget-greedy", {}),
    ("budget-greedy", {"skip": "no", "by": "votes-per-cost"}),
    ("budget-knapsack", {}),
    ("budget-mes", {}),
    ("budget-mes", {"utility": "count", "fill": "greedy"}),
    ("budget-mes", {"completion": "add1"}),
    ("budget-mes", {"completion": "add1", "stop": "overspend", "seed": "two"}),
    ("budget-phragmen", {}),
]
rules_of_any = st.sampled_from(RULES)


def spent_by(found: dict[str, Any], costs: list[Fraction], names: list[str]) -> Fraction:
    return sum((costs[names.index(name)] for name in found["winners"]), Fraction(0))


@settings(deadline=None)
@given(contests(), rules_of_any)
def test_never_more_than_the_budget(contest: Any, rule: Any) -> None:
    method, rules = rule
    found = tally(method, contest, rules)
    names = list(found["totals"])
    spent = spent_by(found, contest[1], names)
    assert spent == Fraction(found["spent"]) <= contest[2]
    assert set(found["losers"]) == set(names) - set(found["winners"])


@settings(deadline=None)
@given(contests(), rules_of_any, st.randoms(use_true_random=False))
def test_order_and_grouping_change_nothing(contest: Any, rule: Any, random: Any) -> None:
    method, rules = rule
    (rows, counts), costs, budget = contest
    single = [row for row, n in zip(rows, counts, strict=True) for _ in range(n)]
    random.shuffle(single)
    apart = ((single, [1] * len(single)), costs, budget)
    assert tally(method, contest, rules) == tally(method, apart, rules)


@settings(deadline=None)
@given(contests(), rules_of_any)
def test_renaming_only_renames(contest: Any, rule: Any) -> None:
    method, rules = rule
    plain = tally(method, contest, rules)
    new = {name: f"{'zéäQb'[place]}" for place, name in enumerate(plain["totals"])}
    renamed = tally(method, contest, rules, list(new.values()))
    assert renamed["winners"] == [new[name] for name in plain["winners"]]
    assert renamed["totals"] == {new[name]: total for name, total in plain["totals"].items()}


@settings(deadline=None)
@given(contests())
def test_what_would_have_funded_any_loser_of_a_list_does(contest: Any) -> None:
    papers, costs, budget = contest
    for rules in ({}, {"skip": "no"}, {"by": "votes-per-cost"}, {"threshold": "4"}):
        found = tally("budget-greedy", contest, rules)
        for place, name in enumerate(found["totals"]):
            loser = found["losers"].get(name)
            if loser is None:
                continue
            if loser["cost_needed"]:
                cheaper = [*costs]
                cheaper[place] = Fraction(loser["cost_needed"])
                assert name in tally("budget-greedy", (papers, cheaper, budget), rules)["winners"]
            if loser["votes_needed"]:
                needed = int(loser["votes_needed"]) - int(loser["votes"])
                only = [int(i == place) for i in range(len(costs))]
                for more, wins in ((needed, True), (needed - 1, False)):
                    if more >= 0:
                        rows, counts = papers
                        changed = (([*rows, only], [*counts, more]), costs, budget)
                        winners = tally("budget-greedy", changed, rules)["winners"]
                        assert (name in winners) is wins, (name, loser, more)


@settings(deadline=None)
@given(contests(most_points=3), st.booleans(), st.integers(0, 40))
def test_equal_shares_pay_each_cost_exactly_and_nobody_more_than_a_share(
    contest: Any, by_cost: bool, raised: int
) -> None:
    papers, costs, budget = contest
    profile = profile_of(papers)
    purse = Purse.of(profile.options, budget, costs)
    lots = Lots("", len(costs))
    electorate = Electorate.of(purse, profile, lots, by_cost=by_cost)
    market = electorate.market(raised, watched=True)
    market.run()
    paid = {group: Fraction(0) for group in range(len(profile.counts))}
    for purchase in market.bought:
        price = market.price(purchase)
        total = Fraction(0)
        for group in purchase.full.tolist():
            amount = price * int(profile.marks[group, purchase.project])  # type: ignore[index]
            paid[group] += amount
            total += amount * int(profile.counts[group])
        for group in purchase.drained.tolist():
            rest = market.share - paid[group]
            assert 0 < rest < price * int(profile.marks[group, purchase.project])  # type: ignore[index]
            paid[group] = market.share
            total += rest * int(profile.counts[group])
        assert total == market.projects[purchase.project].cost
    assert all(amount <= market.share for amount in paid.values())
    for group, amount in paid.items():
        assert market.holds(group) == market.share - amount
        assert abs(float(market.share - amount) - market.money[group]) <= market.error[group]
    bought = {purchase.project for purchase in market.bought}
    for number, project in enumerate(market.projects):
        if number not in bought:
            assert market.held(project.groups, len(market.bought)) < project.cost


def plain_equal_shares(contest: Any, share: Fraction, by_cost: bool) -> list[int]:
    """The rule as written, in fractions, voter by voter."""
    (rows, counts), costs, _budget = contest
    voters = [row for row, n in zip(rows, counts, strict=True) for _ in range(n)]
    money = [share] * len(voters)
    places = {option: place for place, option in enumerate(drawn_order("", len(costs)))}
    totals = [sum(row[p] for row in voters) for p in range(len(costs))]
    bought: list[int] = []
    while True:
        best: Any = None
        for p, cost in enumerate(costs):
            backing = [i for i, row in enumerate(voters) if row[p]]
            if p in bought or not backing or sum(money[i] for i in backing) < cost:
                continue
            poor: set[int] = set()
            while True:
                rest = cost - sum(money[i] for i in poor)
                price = rest / sum(voters[i][p] for i in backing if i not in poor)
                more = {i for i in backing if money[i] < price * voters[i][p]} - poor
                if not more:
                    break
                poor |= more
            key = (price / (cost if by_cost else 1), cost, -totals[p], places[p])
            best = min(best or (key, p, price), (key, p, price))
        if best is None:
            return bought
        _key, p, price = best
        bought.append(p)
        for i, row in enumerate(voters):
            money[i] -= min(money[i], price * row[p])


@settings(deadline=None)
@given(contests(most_points=3), st.booleans())
def test_equal_shares_are_the_plain_rule(contest: Any, by_cost: bool) -> None:
    papers, _costs, budget = contest
    share = budget / sum(papers[1])
    rules = {"utility": "cost" if by_cost else "count"}
    found = tally("budget-mes", contest, rules)["winners"]
    assert found == [f"P{p}" for p in plain_equal_shares(contest, share, by_cost)]


@settings(deadline=None)
@given(
    contests(most_points=2),
    st.sampled_from([1, 7, 12]),
    st.sampled_from(["exhaustive", "overspend"]),
    st.sampled_from(["cost", "count"]),
)
def test_raises_that_change_nothing_may_be_left_out(
    contest: Any, times: int, stop: str, utility: str
) -> None:
    papers, costs, budget = contest
    larger = (papers, [cost * times for cost in costs], budget * times)
    rules = {"completion": "add1", "stop": stop, "utility": utility}
    found = []
    for first in (1, 10**9):  # looks ahead at every raise, or never
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(budget_mes, "FIRST_LOOK", first)
            found.append(tally("budget-mes", larger, rules))
    assert found[0] == found[1]


def test_few_voters_and_much_money_are_soon_counted() -> None:
    names = "ABCDEF"
    costs = dict(zip(names, (10**8, 2 * 10**8, 3 * 10**8, 10**8, 4 * 10**8, 10**8), strict=True))
    papers = [(1, "AB"), (1, "BC"), (1, "CD"), (1, "E"), (1, "AF"), (2, "D")]
    rules = {"completion": "add1", "stop": "overspend"}
    found = funded("budget-mes", costs, papers, 5 * 10**8, **rules)
    assert found.more["endowment"]["raised"] > 10**7
    assert found.more["endowment"]["ended"] == "overspend"
    # one unit more would have been too much
    purse = Purse.of(list(costs), Fraction(5 * 10**8), [Fraction(c) for c in costs.values()])
    electorate = Electorate.of(purse, approvals(names, papers), Lots("", 6), by_cost=True)
    raised = found.more["endowment"]["raised"]
    assert purse.cost_of(electorate.market(raised).run()) == int(found.spent or 0)
    assert purse.cost_of(electorate.market(raised + 1).run()) > 5 * 10**8


# odd input


@pytest.mark.parametrize("method", ALL)
def test_nobody_voting_funds_nothing(method: str) -> None:
    for papers in ([], [(4, "")]):
        found = funded(method, {"A": 5, "B": 6}, papers, 100).as_dict()
        assert (found["winners"], found["spent"]) == ([], "0")
        assert found["losers"]["A"]["cause"] == "no-votes"
    assert found["explanation"]
    nobody = funded(method, {"A": 5}, [], 100).as_dict()
    assert nobody["explanation"][0] == "Nobody voted, so nothing is funded."


@pytest.mark.parametrize("method", ALL)
def test_an_option_dearer_than_the_budget_is_never_funded(method: str) -> None:
    found = funded(method, {"A": 500, "B": 10}, [(9, "A"), (1, "B")], 100).as_dict()
    assert "A" not in found["winners"]
    assert "A" in found["losers"]
    # alone it ends no count by raising shares for ever
    alone = funded("budget-mes", {"A": 500}, [(9, "A")], 100, completion="add1", stop="overspend")
    assert (alone.winners, alone.more["endowment"]["ended"]) == ([], "overspend")


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("cost", [0, -5])
def test_an_option_that_costs_nothing_is_refused(method: str, cost: int) -> None:
    with pytest.raises(RuleError, match=f"“B” is {cost}: every option must cost something"):
        funded(method, {"A": 5, "B": cost}, [(1, "A")], 100)


@pytest.mark.parametrize("method", ALL)
def test_a_budget_of_nothing_funds_nothing(method: str) -> None:
    assert funded(method, {"A": 5}, [(1, "A")], 0).winners == []
    with pytest.raises(RuleError, match="less than 0"):
        funded(method, {"A": 5}, [(1, "A")], -1)


@pytest.mark.parametrize("method", ["budget-greedy", "budget-mes", "budget-phragmen"])
def test_ties_everywhere_are_broken_by_the_drawn_order(method: str) -> None:
    costs, papers = dict.fromkeys("ABCD", 10), [(10, "ABCD")]
    first = [funded(method, costs, papers, 25, seed=str(seed)).winners for seed in range(40)]
    assert {winners[0] for winners in first} == set("ABCD")
    for seed, winners in enumerate(first):
        assert winners == ["ABCD"[place] for place in drawn_order(str(seed), 4)][:2]
    ties = [s.tie_break for s in funded(method, costs, papers, 25).rounds if s.tie_break]
    assert ties
    assert {tie.kind for tie in ties} == {"lot"}


def test_of_equals_the_cheaper_then_the_one_with_more_votes() -> None:
    # B and C ask the same of each supporter; with utility=count that is a tie
    costs, papers = {"A": 30, "B": 20, "C": 10}, [(3, "A"), (2, "B"), (1, "C")]
    found = funded("budget-mes", costs, papers, 600, utility="count")
    assert found.winners == ["C", "B", "A"]
    assert [s.tie_break.kind if s.tie_break else None for s in found.rounds] == [
        "cheaper",
        "cheaper",
        None,
    ]
    timed = funded("budget-phragmen", costs, papers, 600)
    assert timed.winners == ["C", "B", "A"]


@pytest.mark.parametrize("method", ALL)
def test_ten_thousand_options(method: str) -> None:
    names = [f"option {number}" for number in range(10_000)]
    papers = [
        (1 + number % 3, {number: 1, (number * 7) % 10_000: 1, 4711: 1})
        for number in range(0, 900, 3)
    ]
    profile = Profile.from_papers(names, papers, blank=0)
    costs = [Fraction(50 + number % 5) for number in range(10_000)]
    found = catalogue.get(method).tally(profile, {}, budget=Fraction(3000), costs=costs)
    assert found.winners[0] == "option 4711"
    assert found.winners[1:] or method == "budget-mes"
    assert len(found.as_dict()["losers"]) == 10_000 - len(found.winners)


def test_numbers_of_any_length_are_written() -> None:
    for digits in (3999, 4000, 4001, 9000):
        long = Fraction(10**digits + 1, 3 * 10**digits)
        top, bottom = exact(long).split("/")
        assert (len(top), len(bottom)) == (digits + 1, digits + 1)
        assert exact(-(10**digits)) == "-1" + "0" * digits
        assert exact(Fraction(1, 10**digits)) == "0." + "0" * (digits - 1) + "1"


def test_cents_stay_cents() -> None:
    costs = {"A": Fraction("33.33"), "B": Fraction("66.67"), "C": Fraction("0.01")}
    found = funded("budget-greedy", costs, [(3, "A"), (2, "B"), (1, "C")], 100)
    assert (found.winners, found.spent) == (["A", "B"], "100")
    assert found.more["losers"]["C"]["cost"] == "0.01"
