"""Approval, marks, quadratic votes and consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.voting.methods import catalogue
from engage.commons.voting.methods.profile import NONE, Profile
from engage.commons.voting.methods.rules import RuleError
from tests.commons.voting.budgets import approvals, vector

pytestmark = pytest.mark.pure

NAMES = ("A", "B", "C")


def marked(names: Any, papers: Any) -> Profile:
    places = {name: place for place, name in enumerate(names)}
    return Profile.from_papers(
        names, [(n, {places[name]: mark for name, mark in marks.items()}) for n, marks in papers]
    )


def stances(**votes: int) -> Profile:
    names = ("agree", "abstain", "disagree", "block")
    return Profile.from_orders(names, [(n, ((names.index(one),),)) for one, n in votes.items()])


def count(method: str, profile: Profile, seats: int = 1, **options: str) -> dict[str, Any]:
    return catalogue.get(method).tally(profile, options, seats=seats).as_dict()


def test_approval_vector() -> None:
    wanted = vector("approval")
    found = count("approval", approvals(NAMES, wanted["ballots"]))
    assert found["winners"] == [wanted["winner"]]
    assert found["totals"] == {name: str(total) for name, total in wanted["totals"].items()}
    assert found["rounds"][0]["tie_break"] is None
    assert found["explanation"] == ["B wins.", "B was chosen on 5 of 8 papers."]


def test_approval_refuses_papers_with_too_few_or_too_many() -> None:
    papers = approvals(NAMES, [(3, "A"), (2, "ABC"), (4, ""), (1, "BC")])
    found = count("approval", papers, min="1", max="2")
    assert found["totals"] == {"A": "3", "B": "1", "C": "1"}
    assert found["invalid"] == {"count": 6, "why": {"number-of-choices": 6}}
    with pytest.raises(RuleError, match="max cannot be less than min"):
        count("approval", papers, min="2", max="1")


def test_score_vector() -> None:
    wanted = vector("score_0_5")
    found = count("score", marked(NAMES, wanted["ballots"]))
    assert found["winners"] == [wanted["winner"]]
    assert found["totals"] == {name: str(total) for name, total in wanted["sums"].items()}


def test_score_blank_counts_nothing_and_is_said() -> None:
    found = count("score", marked(NAMES, [(1, {"A": 5}), (3, {"B": 2}), (2, {})]))
    assert found["totals"] == {"A": "5", "B": "6", "C": "0"}
    assert "Left blank counts 0." in found["explanation"][1]


def test_score_refuses_marks_off_the_scale() -> None:
    papers = marked(NAMES, [(1, {"A": 6}), (1, {"A": -1, "B": 5}), (1, {"C": 5})])
    found = count("score", papers)
    assert found["winners"] == ["C"]
    assert found["invalid"] == {"count": 2, "why": {"off-the-scale": 2}}
    assert count("score", papers, max="10")["totals"] == {"A": "6", "B": "0", "C": "5"}


def test_quadratic_vector() -> None:
    wanted = vector("quadratic")
    papers = marked(NAMES, [(1, marks) for marks in wanted["ballots"]])
    found = count("quadratic", papers, credits=str(wanted["credits"]))
    assert found["totals"] == {name: str(total) for name, total in wanted["totals"].items()}
    assert found["winners"] == [wanted["winner"]]
    # the one paper named there is refused: 9 + 1 = 10 > 9
    assert found["invalid"]["count"] == len(wanted["invalid"])


def test_quadratic_refuses_votes_whose_square_would_overflow() -> None:
    huge = Profile.from_marks(NAMES, np.array([[4_000_000_000, 0, 0], [3, 0, 1], [-2, 0, 0]]))
    found = count("quadratic", huge, credits=str(10**17))
    assert found["totals"] == {"A": "3", "B": "0", "C": "1"}
    assert found["invalid"]["count"] == 2
    wide = Profile.from_marks(NAMES, np.array([[900_000_000, 0, 0], [2_000_000_000] * 3]))
    found = count("quadratic", wide, credits=str(9 * 10**17))
    assert found["totals"] == {"A": "900000000", "B": "0", "C": "0"}
    assert found["invalid"] == {"count": 1, "why": {"over-credits": 1}}


def test_consent_vector() -> None:
    wanted = vector("consent")
    rules = {
        "eligible": str(wanted["eligible"]),
        "quorum": str(wanted["quorum"]),
        "threshold": str(wanted["threshold_agree_of_agree_plus_disagree"]),
    }
    found = count("consent", stances(**wanted["votes"]), **rules)
    assert found["passes"] is wanted["passes"] is True
    assert found["winners"] == ["agree"]
    assert (found["turnout"], found["share"]) == ("0.8", "6/7")
    votes = {**wanted["votes"], "abstain": wanted["votes"]["abstain"] - 1, "block": 1}
    blocked = count("consent", stances(**votes), **rules)
    assert blocked["passes"] is wanted["with_one_block_instead_of_abstain"] is False
    assert blocked["winners"] == []
    assert blocked["missing"] == {"papers": 0, "agree": 0, "blocks": 1}


@pytest.mark.parametrize(
    ("votes", "missing"),
    [
        ({"agree": 4}, {"papers": 1, "agree": 0, "blocks": 0}),
        ({"agree": 5, "disagree": 3}, {"papers": 0, "agree": 4, "blocks": 0}),
        ({"abstain": 9}, {"papers": 0, "agree": 1, "blocks": 0}),
    ],
)
def test_consent_says_what_is_missing(votes: Any, missing: Any) -> None:
    rules = {"eligible": "10", "quorum": "0.5", "threshold": "0.75"}
    found = count("consent", stances(**votes), **rules)
    assert (found["passes"], found["missing"]) == (False, missing)
    if missing["agree"]:
        votes = {**votes, "agree": votes.get("agree", 0) + missing["agree"]}
        rules["eligible"] = "20"
        assert count("consent", stances(**votes), **{**rules, "quorum": "0"})["passes"]


def test_consent_at_the_threshold_passes() -> None:
    assert count("consent", stances(agree=3, disagree=1))["passes"]
    assert not count("consent", stances(agree=2, disagree=1))["passes"]


def test_consent_refuses_what_it_cannot_judge() -> None:
    with pytest.raises(RuleError, match="stances"):
        count("consent", Profile.from_orders(["yes"], [(1, ((0,),))]))
    with pytest.raises(RuleError, match="eligible"):
        count("consent", stances(agree=1), quorum="0.5")
    with pytest.raises(RuleError, match="cannot be more than 1"):
        count("consent", stances(agree=1), threshold="75")
    with pytest.raises(RuleError, match="only 2 may vote"):
        count("consent", stances(agree=3), eligible="2")


@pytest.mark.parametrize("method", ["approval", "score", "quadratic"])
def test_nobody_voting(method: str) -> None:
    found = count(method, Profile.from_papers(NAMES, []))
    assert found["winners"] == []
    assert found["explanation"] == ["Nobody voted, so there is no winner."]


def test_nobody_consents() -> None:
    found = count("consent", stances())
    assert (found["passes"], found["winners"], found["share"]) == (False, [], None)
    assert found["explanation"] == ["Nobody voted, so there is no winner."]


@pytest.mark.parametrize("method", ["approval", "score", "quadratic"])
def test_ties_everywhere_are_broken_by_the_drawn_order(method: str) -> None:
    equal = marked(NAMES, [(5, dict.fromkeys(NAMES, 1))])
    chosen = {count(method, equal, seed=str(seed))["winners"][0] for seed in range(40)}
    assert chosen == set(NAMES)
    found = count(method, equal, seats=2, seed="7")
    assert found["rounds"][0]["tie_break"]["kind"] == "lot"
    assert len(found["winners"]) == 2


@pytest.mark.parametrize("method", ["approval", "score", "quadratic"])
def test_ten_thousand_options(method: str) -> None:
    names = [f"option {number}" for number in range(10_000)]
    papers = [(1, {number: 1, (number * 7) % 10_000: 1, 4711: 1}) for number in range(0, 600, 3)]
    found = count(method, Profile.from_papers(names, papers))
    assert found["winners"] == ["option 4711"]
    assert found["totals"]["option 4711"] == "200"


def test_sums_beyond_64_bits_are_exact() -> None:
    profile = Profile.from_marks(
        ["A", "B"], np.array([[2**62, 1], [2**62 - 1, 1]]), np.array([700, 3])
    )
    found = count("score", profile, max=str(2**59))
    assert found["invalid"]["count"] == 703
    found = count("score", profile, max="999999999999999999")
    assert found["totals"] == {"A": "0", "B": "0"}
    large = Profile.from_marks(["A"], np.array([[10**17]]), np.array([900]))
    assert count("score", large, max=str(10**17))["totals"] == {"A": str(9 * 10**19)}


papers = st.lists(
    st.tuples(
        st.integers(1, 9), st.lists(st.sampled_from([NONE, 0, 1, 2, 3]), min_size=4, max_size=4)
    ),
    min_size=1,
    max_size=8,
)


def profile_of(rows: list[tuple[int, list[int]]], names: str = "ABCD") -> Profile:
    marks = np.array([row for _, row in rows]).reshape(len(rows), 4)
    return Profile.from_marks(names, marks, np.array([n for n, _ in rows]))


@settings(deadline=None)
@given(papers, st.randoms(use_true_random=False), st.sampled_from(["approval", "score"]))
def test_order_and_grouping_change_nothing(rows: Any, random: Any, method: str) -> None:
    single = [(1, row) for n, row in rows for _ in range(n)]
    random.shuffle(single)
    whole, apart = count(method, profile_of(rows)), count(method, profile_of(single))
    assert whole == apart


@settings(deadline=None)
@given(papers, st.sampled_from(["approval", "score", "quadratic"]))
def test_renaming_only_renames(rows: Any, method: str) -> None:
    new: Mapping[str, str] = dict(zip("ABCD", "zéB1", strict=True))
    plain, renamed = count(method, profile_of(rows)), count(method, profile_of(rows, "zéB1"))
    assert renamed["winners"] == [new[name] for name in plain["winners"]]
    assert renamed["totals"] == {new[name]: total for name, total in plain["totals"].items()}


@settings(deadline=None)
@given(papers, st.data(), st.sampled_from(["approval", "score"]))
def test_more_for_the_winner_never_makes_it_lose(rows: Any, data: Any, method: str) -> None:
    winners = count(method, profile_of(rows))["winners"]
    if not winners:
        return
    place = "ABCD".index(winners[0])
    at = data.draw(st.integers(0, len(rows) - 1))
    n, row = rows[at]
    better = [*row]
    better[place] = min(max(row[place], 0) + 1, 5)
    changed = [*rows[:at], (n, better), *rows[at + 1 :]]
    assert count(method, profile_of(changed))["winners"] == winners
