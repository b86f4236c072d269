"""What changed, word by word."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.documents.diffing import Piece, readable, word_diff
from engage.commons.documents.models import ParagraphKind

pytestmark = pytest.mark.pure


def test_a_changed_wording():
    assert word_diff(
        "The first sockets are installed at the ferry berths.",
        "The first sockets are installed at berths 7 to 9 by June 2028.",
    ) == [
        Piece("same", "The first sockets are installed at "),
        Piece("del", "the ferry berths"),
        Piece("ins", "berths 7 to 9 by June 2028"),
        Piece("same", "."),
    ]


def test_a_comma_alone_between_changes_does_not_flicker():
    kinds = [piece.kind for piece in word_diff("one, two, three", "four, five, six")]
    assert kinds == ["del", "ins"]


def test_equal_and_empty():
    assert word_diff("same words", "same words") == [Piece("same", "same words")]
    assert word_diff("", "") == []
    assert word_diff("gone", "") == [Piece("del", "gone")]
    assert word_diff("", "come") == [Piece("ins", "come")]


def test_letters_are_never_parted():
    assert word_diff("port", "ports") == [Piece("del", "port"), Piece("ins", "ports")]
    assert word_diff("d\u00e9j\u00e0 vu", "d\u00e9j\u00e0 lu")[0] == Piece(
        "same", "d\u00e9j\u00e0 "
    )


TEXT = st.lists(
    st.sampled_from(["quay", "the", "a", ",", ".", "\n", "\u00e9t\u00e9", "7", "-"]), max_size=60
).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_both_wordings_can_be_put_together_again(old: str, new: str):
    pieces = word_diff(old, new)
    assert "".join(p.text for p in pieces if p.kind != "ins") == old
    assert "".join(p.text for p in pieces if p.kind != "del") == new
    assert all(p.text for p in pieces)
    assert all(a.kind != b.kind for a, b in itertools.pairwise(pieces))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_people_type(old: str, new: str):
    pieces = word_diff(old, new)
    assert "".join(p.text for p in pieces if p.kind != "ins") == old
    assert "".join(p.text for p in pieces if p.kind != "del") == new


@pytest.mark.parametrize("count", [800, 4_000])
def test_monotonous_texts_are_compared_coarsely(count: int):
    """Ten thousand equal words would be compared with each other in every round."""
    old, new = "a b " * count, "b a a " * count
    pieces = word_diff(old, new)
    assert "".join(p.text for p in pieces if p.kind != "ins") == old
    assert "".join(p.text for p in pieces if p.kind != "del") == new


def test_paragraphs_are_compared_by_their_words():
    assert readable("A **bold** [link](https://x.example)", ParagraphKind.TEXT) == "A bold link"
    assert readable("- one\n- *two*\n    - three", ParagraphKind.LIST) == "one\ntwo\nthree"
    assert (
        readable("| a | b |\n|---|---|\n| 1 | 2 |", ParagraphKind.TABLE) == "a \u00b7 b\n1 \u00b7 2"
    )
    assert readable("```\nx = 1\n```", ParagraphKind.CODE) == "x = 1"
