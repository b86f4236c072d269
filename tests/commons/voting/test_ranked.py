"""The ranked methods: small cases by hand, rules as written, and what must never happen."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.voting.methods import catalogue
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.ranking import pairwise
from engage.commons.voting.methods.rules import RuleError
from engage.commons.voting.methods.ties import Lots, drawn_order
from tests.commons.voting.profiles import count, ranked

pytestmark = pytest.mark.pure

RANKED = ("plurality", "borda", "irv", "stv-scottish", "schulze", "ranked-pairs")
SINGLE = ("irv", "schulze", "ranked-pairs")
TENNESSEE = ("42 M>N>C>K", "26 N>C>K>M", "15 C>K>N>M", "17 K>C>N>M")


@pytest.mark.parametrize(
    ("method", "winner"),
    [
        ("plurality", "M"),
        ("borda", "N"),
        ("irv", "K"),
        ("stv-scottish", "K"),
        ("schulze", "N"),
        ("ranked-pairs", "N"),
    ],
)
def test_tennessee(method: str, winner: str) -> None:
    assert count(method, ranked(*TENNESSEE))["winners"] == [winner]


# plurality


def test_plurality_refuses_papers_without_a_first_choice() -> None:
    found = count("plurality", ranked("3 A>B", "2 A=B>C", "1 ", "1 C"))
    assert found["totals"] == {"A": "3", "B": "0", "C": "1"}
    assert found["invalid"] == {"count": 3, "why": {"no-first-choice": 3}}


def test_plurality_of_two_seats_draws_the_last() -> None:
    found = count("plurality", ranked("3 A", "2 B", "2 C"), seats=2)
    first = Lots("", 3).first([1, 2])
    assert found["winners"] == ["A", "ABC"[first]]
    assert found["rounds"][0]["tie_break"] == {
        "kind": "lot", "options": ["B", "C"], "chosen": "ABC"[first], "stage": None,
    }  # fmt: skip


# Borda


def test_borda_shares_points_and_gives_none_to_what_is_not_ranked() -> None:
    # of 4: A 3, B and C share 2 and 1, D not ranked
    assert count("borda", ranked("1 A>B=C", options="A B C D"))["totals"] == {
        "A": "3", "B": "1.5", "C": "1.5", "D": "0",
    }  # fmt: skip


def test_borda_of_one_option() -> None:
    assert count("borda", ranked("2 A"))["winners"] == ["A"]


# instant runoff


def test_irv_looks_back_before_it_draws() -> None:
    # round 2: B and C tie with 4; in round 1 C had fewer
    found = count("irv", ranked("6 A", "4 B", "3 C", "1 D>C"))
    assert found["rounds"][1]["tie_break"] == {
        "kind": "look-back", "options": ["B", "C"], "chosen": "C", "stage": 1,
    }  # fmt: skip


def test_irv_draws_where_no_round_differs() -> None:
    profile = ranked("3 A", "2 B", "2 C")
    for seed in ("", "x", "y", "z"):
        found = count("irv", profile, seed=seed)
        last = "ABC"[Lots(seed, 3).last([1, 2])]
        assert found["rounds"][0]["eliminated"] == [last]
        assert found["rounds"][0]["tie_break"]["kind"] == "lot"
        assert found["options_used"] == {"seed": seed}


def test_irv_a_shared_place_counts_for_the_one_still_standing() -> None:
    # the paper A=B counts for nobody while both stand, and is exhausted for good
    found = count("irv", ranked("4 A", "3 B", "5 C", "2 A=B"))
    assert found["rounds"][0]["exhausted"] == "2"
    assert found["rounds"][-1]["votes"] == {"A": "4", "C": "5"}
    # this one comes to A=D when D is gone
    found = count("irv", ranked("4 A", "6 C", "2 E>A=D", "1 D", "3 B>E", options="A B C D E"))
    assert found["rounds"][0]["eliminated"] == ["D"]
    assert found["rounds"][1]["eliminated"] == ["E"]
    assert found["rounds"][2]["votes"] == {"A": "6", "B": "3", "C": "6"}


def test_irv_exhausts_papers_and_needs_half_of_the_rest() -> None:
    found = count("irv", ranked("4 A", "3 B", "2 C"))
    assert [step["exhausted"] for step in found["rounds"]] == ["0", "2"]
    assert found["winners"] == ["A"]
    assert found["totals"] == {"A": "4", "B": "3", "C": "0"}


# Scottish STV


def test_stv_cuts_transfer_values_at_five_decimals() -> None:
    # A has 7 of a quota of 4: 3/7 = 0.42857142... is cut
    found = count("stv-scottish", ranked("4 A>B", "3 A>C", "2 B", "1 D", "1 C"), seats=2)
    assert found["quota"] == "4"
    assert found["rounds"][0]["surplus"] == "3"
    second = found["rounds"][1]
    assert second["votes"] == {"A": "4", "B": "3.71428", "C": "2.28571", "D": "1"}
    assert second["exhausted"] == "0.00001"


def test_stv_passes_the_largest_surplus_on_first() -> None:
    found = count("stv-scottish", ranked("9 A>C", "7 B>C", "1 C", "1 D"), seats=3)
    assert found["rounds"][0]["elected"] == ["A", "B"]
    assert [step.get("moves") for step in found["rounds"]][:2] == ["A", "B"]


def test_stv_fills_every_seat_when_no_more_options_are_left() -> None:
    found = count("stv-scottish", ranked("5 A", "1 B", options="A B C"), seats=3)
    assert sorted(found["winners"]) == ["A", "B", "C"]
    found = count("stv-scottish", ranked("5 A", "1 B"), seats=5)
    assert sorted(found["winners"]) == ["A", "B"]


def test_stv_papers_end_at_a_shared_place() -> None:
    found = count("stv-scottish", ranked("5 A", "4 B", "2 C>A=B>D", "1 D"))
    gone = [step["eliminated"] for step in found["rounds"]]
    assert gone[:2] == [["D"], ["C"]]
    assert found["rounds"][2]["exhausted"] == "3"


# Schulze


def schwartz_dropping(votes: Any) -> set[int]:
    """The Debian constitution to the letter: drop the weakest defeats of the Schwartz set, repeat."""
    m = len(votes)
    defeats = {(a, b) for a in range(m) for b in range(m) if votes[a][b] > votes[b][a]}
    options = set(range(m))
    while True:
        reach = {a: {a} for a in options}
        for _ in options:
            for a in options:
                for b in list(reach[a]):
                    reach[a] |= {d for c, d in defeats if c == b}
        # who is reached only by those they reach
        options = {a for a in options if all(b in reach[a] for b in options if a in reach[b])}
        defeats = {(a, b) for a, b in defeats if a in options and b in options}
        if not defeats:
            return options
        strength = {(a, b): (int(votes[a][b]), -int(votes[b][a])) for a, b in defeats}
        weakest = min(strength.values())
        defeats = {pair for pair in defeats if strength[pair] != weakest}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6))
def test_debian_paths_elect_whom_sequential_dropping_elects(seed: int) -> None:
    dice = random.Random(seed)
    m = dice.randint(2, 5)
    names = [*"ABCDE"[:m], "default"]
    papers = []
    for _ in range(dice.randint(1, 9)):
        shuffled = dice.sample(range(m), m)
        # nothing is dropped: everybody puts the default last
        papers.append((dice.randint(1, 4), (*((one,) for one in shuffled), (m,))))
    profile = Profile.from_orders(names, papers)
    allowed = schwartz_dropping(pairwise(profile)[:m, :m])
    found = count("schulze", profile, default="default")
    assert found["dropped"] == []
    tie = found["rounds"][1]["tie_break"]
    assert {names.index(name) for name in (tie["options"] if tie else found["winners"])} == allowed


def test_schulze_drops_by_quorum_then_by_majority() -> None:
    profile = ranked("4 A>N>B", "3 B>N>A", "2 C>N", "1 N", options="A B C N")
    found = count("schulze", profile, default="N", quorum="3")
    # C: 2 of the 3 of the quorum; A 4 to 4 and B 3 to 5 do not beat N
    assert found["dropped"] == ["A", "B", "C"]
    assert found["winners"] == ["N"]
    clear = ranked("6 A>N", "4 N>A")
    assert count("schulze", clear, default="N")["winners"] == ["A"]
    assert catalogue.get("schulze").tally(clear, {"default": "N", "majority.A": "3/2"}).winners == [
        "A"
    ]
    assert catalogue.get("schulze").tally(clear, {"default": "N", "majority.A": "2"}).winners == [
        "N"
    ]
    assert count("schulze", clear, default="N", quorum="6")["winners"] == ["A"]
    assert count("schulze", clear, default="N", quorum="6.5")["winners"] == ["N"]


def test_schulze_knows_paths_beyond_direct_wins() -> None:
    found = count("schulze", ranked("7 A>B>C", "6 B>C>A", "5 C>A>B"))
    assert found["winners"] == ["A"]
    assert found["paths"]["A"] == {"A": 0, "B": 12, "C": 12}
    assert found["paths"]["C"] == {"A": 11, "B": 11, "C": 0}
    assert found["totals"] == {"A": "2", "B": "1", "C": "0"}


# ranked pairs


def test_ranked_pairs_leaves_out_the_majority_that_closes_a_circle() -> None:
    found = count("ranked-pairs", ranked("7 A>B>C", "6 B>C>A", "5 C>A>B"))
    assert found["rounds"][0]["pairs"] == [
        ["B", "C", "13", "5", "locked"],
        ["A", "B", "12", "6", "locked"],
        ["C", "A", "11", "7", "skipped"],
    ]
    assert found["rounds"][0]["tie_break"] is None


def test_ranked_pairs_says_when_the_draw_chose_among_equal_majorities() -> None:
    found = count("ranked-pairs", ranked("1 A>B>C", "1 B>C>A", "1 C>A>B"))
    assert drawn_order("", 3) == [1, 0, 2]
    # B over C comes first, then A over B; C over A would close the circle
    assert [pair[-1] for pair in found["rounds"][0]["pairs"]] == ["locked", "locked", "skipped"]
    assert found["winners"] == ["A"]
    assert found["rounds"][0]["tie_break"]["kind"] == "lot"


def lock_by_hand(votes: Any, order: list[int]) -> set[int]:
    """Ranked pairs with a search for a way back instead of sets."""
    m = len(votes)
    place = {option: index for index, option in enumerate(order)}
    pairs = [(a, b) for a in range(m) for b in range(m) if votes[a][b] > votes[b][a]]
    pairs.sort(key=lambda p: (-votes[p[0]][p[1]], votes[p[1]][p[0]], place[p[0]], -place[p[1]]))
    locked: set[tuple[int, int]] = set()
    for winner, loser in pairs:
        seen, todo = set(), [loser]
        while todo:
            at = todo.pop()
            seen.add(at)
            todo += [b for a, b in locked if a == at and b not in seen]
        if winner not in seen:
            locked.add((winner, loser))
    return {option for option in range(m) if not any(b == option for _, b in locked)}


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_ranked_pairs_against_a_plain_search(seed: int) -> None:
    dice = random.Random(seed)
    m = dice.randint(2, 6)
    papers = [
        (dice.randint(1, 3), tuple((one,) for one in dice.sample(range(m), dice.randint(1, m))))
        for _ in range(dice.randint(1, 8))
    ]
    profile = Profile.from_orders([str(index) for index in range(m)], papers)
    order = drawn_order("s", m)
    unbeaten = lock_by_hand(pairwise(profile).tolist(), order)
    winner = next(option for option in order if option in unbeaten)
    assert count("ranked-pairs", profile, seed="s")["winners"] == [str(winner)]


# whoever counts


@pytest.mark.parametrize("method", RANKED)
@pytest.mark.parametrize("papers", [(), ("4 ",)])
def test_nobody_voting_elects_nobody(method: str, papers: tuple[str, ...]) -> None:
    found = count(method, ranked(*papers, options="A B C"))
    assert found["winners"] == []
    assert set(found["totals"].values()) == {"0"}
    assert found["explanation"][0].startswith("Nobody voted")


@pytest.mark.parametrize("method", RANKED)
def test_ties_everywhere_are_broken_in_the_open(method: str) -> None:
    names = "ABCDE"
    rotations = [f"1 {'>'.join(names[i:] + names[:i])}" for i in range(5)]
    winners = set()
    for seed in map(str, range(20)):
        found = count(method, ranked(*rotations), seed=seed)
        assert len(found["winners"]) == 1
        kinds = [step["tie_break"]["kind"] for step in found["rounds"] if step["tie_break"]]
        assert "lot" in kinds
        assert any("by lot" in sentence for sentence in found["explanation"])
        winners |= set(found["winners"])
    assert len(winners) > 1


@pytest.mark.parametrize("method", RANKED)
def test_one_option(method: str) -> None:
    assert count(method, ranked("2 A"))["winners"] == ["A"]


@pytest.mark.parametrize("method", RANKED)
def test_ten_thousand_options_are_counted_or_refused_by_name(method: str) -> None:
    names = [f"o{index}" for index in range(10_000)]
    profile = Profile.from_orders(names, [(2, ((7,),)), (1, ((3,),))])
    if catalogue.get(method).most_options:
        with pytest.raises(RuleError, match="at most 1000 options; this ballot has 10000"):
            count(method, profile)
    else:
        assert count(method, profile)["winners"] == ["o7"]


@pytest.mark.parametrize("method", SINGLE)
def test_one_winner_fills_no_two_seats(method: str) -> None:
    with pytest.raises(RuleError, match=f"{method} has one winner: it cannot fill 2 seats"):
        count(method, ranked("1 A>B"), seats=2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"quorums": "3"}, "schulze has no option “quorums”. It has: default, quorum, majority.ID"),
        ({"majority": "3"}, "no option “majority”"),
        ({"quorum.A": "3"}, "no option “quorum.A”"),
        ({"default": "Z"}, "default: the ballot has no option “Z”"),
        ({"default": "A", "majority.Z": "2"}, "majority.Z: the ballot has no option “Z”"),
        ({"default": "A", "majority.A": "2"}, "needs no majority over itself"),
        ({"default": "A", "majority.B": "1/2"}, "a number from 1"),
        ({"default": "A", "quorum": "-3"}, "quorum cannot be “-3”"),
        ({"default": "A", "quorum": "1/0"}, "quorum cannot be “1/0”"),
        ({"quorum": "3"}, "add default=ID"),
    ],
)
def test_options_are_refused_by_name(given: dict[str, str], words: str) -> None:
    with pytest.raises(RuleError) as caught:
        catalogue.get("schulze").tally(ranked("1 A>B"), given)
    assert words in str(caught.value)


def test_the_rule_is_a_sentence() -> None:
    for method in RANKED:
        made = catalogue.get(method)
        rules = made.rules({}, ["A", "B"])
        assert made.tells(rules, 1).words().endswith(".")
        if made.takes_seats:
            assert made.tells(rules, 3).words() != made.tells(rules, 1).words()


# what must hold for every election

PAPERS = st.integers(2, 5).flatmap(
    lambda m: st.tuples(
        st.just(m),
        st.lists(
            st.tuples(
                st.integers(1, 6),
                st.lists(st.integers(0, m), min_size=m, max_size=m),
            ),
            max_size=10,
        ),
    )
)


def profile_of(m: int, papers: list[tuple[int, list[int]]], names: list[str]) -> Profile:
    ranks = np.array([row for _, row in papers], dtype=np.int64).reshape(len(papers), m)
    return Profile.from_ranks(names, ranks, np.array([n for n, _ in papers], dtype=np.int64))


@pytest.mark.parametrize("method", RANKED)
@settings(max_examples=60, deadline=None)
@given(PAPERS, st.randoms(use_true_random=False))
def test_order_and_grouping_of_papers_change_nothing(
    method: str, drawn: tuple[int, list[tuple[int, list[int]]]], dice: random.Random
) -> None:
    m, papers = drawn
    names = list("ABCDE"[:m])
    single = [(1, row) for n, row in papers for _ in range(n)]
    dice.shuffle(single)
    seats = 2 if catalogue.get(method).takes_seats else 1
    one = count(method, profile_of(m, papers, names), seats=seats, seed="q")
    other = count(method, profile_of(m, single, names), seats=seats, seed="q")
    assert one == other


@pytest.mark.parametrize("method", RANKED)
@settings(max_examples=60, deadline=None)
@given(PAPERS)
def test_renaming_options_only_renames(
    method: str, drawn: tuple[int, list[tuple[int, list[int]]]]
) -> None:
    m, papers = drawn
    old, new = list("ABCDE"[:m]), [f"option {index}" for index in range(m)]
    names = dict(zip(old, new, strict=True))
    one = count(method, profile_of(m, papers, old))
    other = count(method, profile_of(m, papers, new))
    assert [names[name] for name in one["winners"]] == other["winners"]
    assert {names[name]: total for name, total in one["totals"].items()} == other["totals"]
    for ours, theirs in zip(one["rounds"], other["rounds"], strict=True):
        assert [names[name] for name in ours["eliminated"]] == theirs["eliminated"]


@settings(deadline=None)
@given(PAPERS, st.integers(1, 5))
def test_a_vote_more_never_costs_the_winner_of_a_plurality(
    drawn: tuple[int, list[tuple[int, list[int]]]], more: int
) -> None:
    m, papers = drawn
    names = list("ABCDE"[:m])
    before = count("plurality", profile_of(m, papers, names))["winners"]
    for winner in before:
        row = [int(name == winner) for name in names]
        after = count("plurality", profile_of(m, [*papers, (more, row)], names))
        assert after["winners"] == [winner]


@settings(max_examples=60, deadline=None)
@given(PAPERS)
def test_no_vote_is_lost_on_the_way(drawn: tuple[int, list[tuple[int, list[int]]]]) -> None:
    m, papers = drawn
    profile = profile_of(m, papers, list("ABCDE"[:m]))
    for step in count("irv", profile)["rounds"]:
        total = sum(map(int, step["votes"].values())) + int(step["exhausted"])
        assert total == profile.papers
    found = count("stv-scottish", profile, seats=2)
    valid = profile.papers - found["invalid"]["count"]
    for step in found["rounds"]:
        total = sum(map(Fraction, step["votes"].values())) + Fraction(step["exhausted"])
        assert total == valid
        assert Fraction(step["exhausted"]) >= 0


@settings(max_examples=60, deadline=None)
@given(PAPERS)
def test_who_beats_everybody_wins_by_pairs(drawn: tuple[int, list[tuple[int, list[int]]]]) -> None:
    m, papers = drawn
    names = list("ABCDE"[:m])
    profile = profile_of(m, papers, names)
    votes = pairwise(profile)
    for option in range(m):
        if all(votes[option, o] > votes[o, option] for o in range(m) if o != option):
            for method in ("schulze", "ranked-pairs"):
                assert count(method, profile)["winners"] == [names[option]]
