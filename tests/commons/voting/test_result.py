"""Numbers, drawn orders, digests and sentences."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.voting.methods.result import exact, say, say_many
from engage.commons.voting.methods.ties import Lots, break_tie, drawn_order, top
from engage.core.i18n import force_locale
from tests.commons.voting.profiles import count, ranked

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(7), "7"),
        (Fraction(1, 2), "0.5"),
        (Fraction(-3, 40), "-0.075"),
        (Fraction(25, 3), "25/3"),
        (Fraction(399999, 100000), "3.99999"),
        (12, "12"),
    ],
)
def test_exact(value: Fraction | int, text: str) -> None:
    assert exact(value) == text


@settings(deadline=None)
@given(st.fractions())
def test_exact_loses_nothing(value: Fraction) -> None:
    assert Fraction(exact(value)) == value


def test_the_drawn_order_is_that_of_the_published_sum() -> None:
    wanted = sorted(range(9), key=lambda i: hashlib.sha256(f"s:{i + 1}".encode()).hexdigest())
    assert drawn_order("s", 9) == wanted
    assert drawn_order("t", 9) != wanted


def test_ties_look_back_before_they_draw() -> None:
    names = ("A", "B", "C")
    lots = Lots("", 3)
    chosen, tie = break_tie(
        [0, 1, 2],
        highest=False,
        lots=lots,
        options=names,
        history=[[3, 2, 2], [5, 4, 4], [6, 6, 6]],
    )
    # stage 2 leaves B and C, stage 1 does not tell them apart
    assert tie
    assert (tie.kind, tie.stage) == ("lot", None)
    assert chosen == lots.last([1, 2])
    chosen, tie = break_tie(
        [0, 1], highest=True, lots=lots, options=names, history=[[1, 2, 0], [3, 2, 0], [4, 4, 0]]
    )
    assert tie
    assert (chosen, tie.kind, tie.stage, tie.chosen) == (0, "look-back", 2, "A")


def test_top_leaves_seats_empty_rather_than_give_them_for_nothing() -> None:
    lots = Lots("", 3)
    assert top([4, 0, 0], 2, lots=lots, options="ABC") == ([0], None)
    winners, tie = top([4, 2, 2], 2, lots=lots, options="ABC")
    assert winners == [0, lots.first([1, 2])]
    assert tie
    assert tie.options == ("B", "C")


def test_the_digest_is_of_everything_but_the_sentences() -> None:
    found = count("irv", ranked("3 A>B", "2 B>A"))
    digest = found.pop("digest")
    found.pop("explanation")
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert digest == hashlib.sha256(text.encode()).hexdigest()


def test_the_keys_come_in_the_published_order() -> None:
    found = count("schulze", ranked("3 A>B", "2 B>A"))
    assert list(found)[:6] == ["method", "options_used", "seats", "winners", "totals", "rounds"]
    assert list(found)[-2:] == ["explanation", "digest"]
    assert list(found["rounds"][0]) == [
        "number", "votes", "elected", "eliminated", "surplus", "exhausted", "tie_break",
    ]  # fmt: skip


def test_sentences_speak_the_language_of_the_reader(app: Flask) -> None:
    profile = ranked("3 A>B", "2 B>A")
    english = count("irv", profile)
    with app.test_request_context("/fr/"), force_locale("fr"):
        french = count("irv", profile)
        assert say("Nobody voted, so there is no winner.").words().startswith("Personne")
        assert str(say_many("%(names)s wins.", "%(num)s win: %(names)s.", 2, names="A, B")) == (
            "2 gagnants : A, B."
        )
    assert french["explanation"][0].startswith("A l’emporte au tour 1 avec 3 des 5 bulletins")
    assert english["explanation"][0].startswith("A wins in round 1 with 3 of the 5 papers")
    assert french["digest"] == english["digest"]
