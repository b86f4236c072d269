"""Contrast, and the shades that follow from an instance's colour."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.core.errors import Invalid
from engage.portal.admin import colour

pytestmark = pytest.mark.pure

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),  # the well-known grey that just fails
        ("#767676", "#ffffff", 4.54),  # and the one that just passes
        ("#0b4f6c", "#ffffff", 8.9),
    ],
)
def test_contrast(one, other, ratio) -> None:
    assert colour.contrast(one, other) == pytest.approx(ratio, abs=0.06)
    assert colour.contrast(other, one) == colour.contrast(one, other)


@pytest.mark.parametrize(
    "given_", ["", "blue", "#fff", "#12345", "#1234567", "#0b4f6c;}", "0b4f6c", "url(x)"]
)
def test_only_colours_are_colours(app, given_) -> None:
    with app.test_request_context("/en/"), pytest.raises(Invalid):
        colour.checked(given_)


def test_a_light_colour_is_refused_with_one_that_works(app) -> None:
    with app.test_request_context("/en/"), pytest.raises(Invalid) as refused:
        colour.checked("#8fc3da")
    suggested = re.search(r"#[0-9a-f]{6}", str(refused.value.fields["colour"]))
    assert suggested
    assert colour.checked(suggested[0])


@given(colours)
def test_the_dark_shade_can_always_be_read(chosen) -> None:
    assert (
        colour.contrast(colour.towards(chosen, colour.DARK_SURFACE, 6.0), colour.DARK_SURFACE)
        >= 6.0
    )
    assert colour.contrast(colour.towards(chosen, colour.WHITE), colour.WHITE) >= 4.5


@given(colours)
def test_the_style_sheet_holds_nothing_but_tokens(chosen) -> None:
    sheet = colour.style_sheet(chosen)
    assert sheet.count("{") == sheet.count("}") == 4
    assert set(re.findall(r"--[a-z-]+", sheet)) == {"--primary", "--primary-hover", "--on-primary"}
    # words on a button in the dark
    lit = re.findall(r"--primary:(#[0-9a-f]{6})", sheet)[1]
    assert colour.contrast(lit, colour.DARK_TEXT) >= 4.5
