"""Sorting's arithmetic, receipt numbers and names in texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.commons.comments.mentions import candidates
from engage.commons.comments.receipts import receipt_number
from engage.commons.comments.scores import bridge

pytestmark = pytest.mark.pure

pairs = st.lists(st.integers(0, 5000), min_size=2, max_size=2)
tallies = st.dictionaries(
    st.sampled_from(["resident", "business", "authority", "association", "researcher"]), pairs
)


def test_nobody_reacted_is_neutral() -> None:
    assert bridge({}) == 0
    assert bridge({"resident": [0, 0]}) == 0


def test_the_published_example_of_group_informed_consensus_keeps_its_order() -> None:
    """Product of (agree + 1) / (all + 2) over groups: two groups at 4/5 beat one at 99/100."""
    both = bridge({"resident": [3, 0], "business": [3, 0]})
    one = bridge({"resident": [98, 0]})
    assert both > one > 0


def test_one_group_against_outweighs_many_for() -> None:
    assert bridge({"resident": [500, 3], "business": [0, 40]}) < 0


@given(tallies, st.sampled_from(["resident", "business"]))
def test_one_more_agreement_never_lowers(found: dict[str, list[int]], kind: str) -> None:
    more = {name: list(pair) for name, pair in found.items()}
    agree, disagree = more.get(kind, [0, 0])
    more[kind] = [agree + 1, disagree]
    assert bridge(more) >= bridge(found)


@given(tallies)
def test_it_fits_an_integer_column(found: dict[str, list[int]]) -> None:
    assert -(2**31) < bridge(found) < 2**31


def digits(number: str) -> str:
    return number.removeprefix("C-").replace("-", "")


def is_sound(digits: str) -> bool:
    """What ISO 7064, MOD 97-10 asks of a number with its check digits."""
    return int(digits) % 97 == 1


@given(st.integers(1, 10**12))
def test_receipt_numbers_hold_the_id_and_sound_check_digits(ident: int) -> None:
    number = receipt_number(ident)
    assert int(number.split("-")[1]) == ident
    assert is_sound(digits(number))


@given(st.integers(1, 10**9), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(ident: int, position: int, by: int) -> None:
    right = digits(receipt_number(ident))
    at = position % len(right)
    wrong = right[:at] + str((int(right[at]) + by) % 10) + right[at + 1 :]
    assert not is_sound(wrong)


@given(st.integers(1, 10**9), st.integers(0, 8))
def test_two_swapped_digits_are_noticed(ident: int, position: int) -> None:
    right = digits(receipt_number(ident))
    at = position % (len(right) - 1)
    wrong = right[:at] + right[at + 1] + right[at] + right[at + 2 :]
    assert wrong == right or not is_sound(wrong)


def test_names_after_the_sign_longest_first() -> None:
    found = candidates("Thank you, @Marie Dupont, and @Jo.")
    assert found[0][0].startswith("Marie Dupont")
    assert "Marie Dupont" in found[0]
    assert "Marie" in found[0]
    assert "Jo" in found[1]


def test_addresses_are_not_names() -> None:
    assert candidates("write to marie@example.org") == []
    assert candidates("no names here") == []


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert all(0 < len(name) <= 80 for names in candidates(text) for name in names)
