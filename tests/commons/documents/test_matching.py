"""A paragraph finds its ancestor."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.documents.matching import match
from engage.commons.documents.models import Change

pytestmark = pytest.mark.pure

QUAY = "The first sockets are installed at the ferry berths, in one construction season."
FISH = "Fishing boats get their own sockets at the fishing quay before the summer."
TRUCKS = "Trucks that are cleaned and quiet may drive at night through the southern gate."
DATA = "Quay sensors measure noise, air and swell; the readings are open data."
JOBS = "Two hundred apprentices learn the trades of the electric port each year."
PLAN = [QUAY, FISH, TRUCKS, DATA, JOBS]


def changes(old: list[str], new: list[str]) -> list[tuple[int | None, str]]:
    return [(m.old, m.change.value) for m in match(old, new).matches]


def test_nothing_changed():
    assert changes(PLAN, PLAN) == [(i, "same") for i in range(5)]
    assert match(PLAN, PLAN).removed == []


def test_blanks_and_line_breaks_are_no_change():
    assert changes([QUAY], [QUAY.replace(" ", "\n ")]) == [(0, "same")]


def test_an_inserted_paragraph_moves_no_other():
    new = [QUAY, "Something nobody wrote before about cranes.", *PLAN[1:]]
    assert changes(PLAN, new) == [
        (0, "same"),
        (None, "new"),
        (1, "same"),
        (2, "same"),
        (3, "same"),
        (4, "same"),
    ]


def test_a_removed_paragraph_has_no_heir():
    result = match(PLAN, [QUAY, FISH, DATA, JOBS])
    assert result.removed == [2]
    assert all(m.change is Change.SAME for m in result.matches)


def test_new_wording_is_told_from_a_new_paragraph():
    new = [*PLAN]
    new[0] = "The first sockets are installed at berths 7 to 9 by June 2028, in one season."
    assert changes(PLAN, new)[0] == (0, "edited")


def test_a_rewritten_paragraph_between_the_same_neighbours_is_the_same_one():
    new = [*PLAN]
    new[2] = "Only trucks that are quiet may use the new southern road when people sleep."
    assert changes(PLAN, new)[2] == (2, "edited")


def test_a_moved_paragraph_is_followed():
    assert changes(PLAN, [QUAY, TRUCKS, DATA, JOBS, FISH]) == [
        (0, "same"),
        (2, "same"),
        (3, "same"),
        (4, "same"),
        (1, "moved"),
    ]


def test_of_twins_each_has_one_ancestor():
    result = match(["Same words here.", "Same words here."], ["Same words here."] * 3)
    assert [m.old for m in result.matches] == [0, 1, None]


def test_from_nothing_and_to_nothing():
    assert changes([], PLAN) == [(None, "new")] * 5
    assert match(PLAN, []).removed == [0, 1, 2, 3, 4]


WORDS = st.sampled_from(
    [
        "quay",
        "crane",
        "ferry",
        "noise",
        "truck",
        "school",
        "berth",
        "tide",
        "rope",
        "light",
        "data",
        "jobs",
    ]
)
PARAGRAPHS = st.lists(st.lists(WORDS, min_size=1, max_size=12).map(" ".join), max_size=14)


@settings(max_examples=150, deadline=None)
@given(PARAGRAPHS, PARAGRAPHS)
def test_each_old_paragraph_has_one_heir_or_is_removed(old: list[str], new: list[str]):
    result = match(old, new)
    assert len(result.matches) == len(new)
    used = [m.old for m in result.matches if m.old is not None]
    assert sorted([*used, *result.removed]) == list(range(len(old)))
    for index, found in enumerate(result.matches):
        assert (found.old is None) == (found.change is Change.NEW)
        if found.change in {Change.SAME, Change.MOVED}:
            assert found.old is not None
            assert old[found.old] == new[index]


@settings(max_examples=100, deadline=None)
@given(PARAGRAPHS)
def test_a_text_is_its_own_ancestor(text: list[str]):
    assert [m.change for m in match(text, text).matches] == [Change.SAME] * len(text)


@settings(max_examples=100, deadline=None)
@given(st.permutations(PLAN))
def test_reordering_loses_and_invents_nothing(new: list[str]):
    result = match(PLAN, list(new))
    assert result.removed == []
    assert {m.change for m in result.matches} <= {Change.SAME, Change.MOVED}
    in_place = [m.old for m in result.matches if m.change is Change.SAME]
    assert in_place == sorted(in_place)  # type: ignore[type-var]


@settings(max_examples=60, deadline=None)
@given(PARAGRAPHS, PARAGRAPHS)
def test_matching_is_the_same_every_time(old: list[str], new: list[str]):
    assert match(old, new) == match(old, new)
