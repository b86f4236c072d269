"""Share cards: a real picture for any words, nothing outside its frame."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from engage.core import sharecards

pytestmark = pytest.mark.pure


def picture(*words: str) -> Image.Image:
    return Image.open(io.BytesIO(sharecards.draw("ideas", *words))).convert("RGB")


TITLES = [
    "",
    "Sockets",
    "Night trucks wait at the rest area, not on Dock Road",
    "x" * 5000,
    "words " * 900,
    "déjà vu, Ελλάδα, Żółw, Ω",
    "\u202eevil\x00 \u2066turned",
    "😀 " * 40,
]


@pytest.mark.parametrize("title", TITLES)
def test_any_title_becomes_a_card_that_fits(title: str) -> None:
    card = picture("Ideas", title, "214 supports", "")
    assert card.size == (sharecards.WIDTH, sharecards.HEIGHT)
    if not title:
        return
    # the title alone is white
    box = card.convert("L").point(lambda tone: 255 if tone > 235 else 0).getbbox()
    assert box is not None
    assert box[0] >= 60, "runs out on the left"
    assert box[2] <= sharecards.WIDTH - 60, "runs out on the right"
    assert box[1] >= 110, "runs into the line above"
    assert box[3] < 474, "runs into the line below"


def test_letters_with_accents_are_drawn_as_themselves() -> None:
    """A missing glyph would be the same box for each of them."""
    drawn = {sharecards.draw("ideas", "", letter, "", "") for letter in "éèçßœżλЖ"}
    assert len(drawn) == 8


def test_equal_words_are_drawn_once_and_stay_light() -> None:
    first = sharecards.draw("ideas", "Ideas", "Sockets for the boats", "3 supports", "Engage")
    assert (
        sharecards.draw("ideas", "Ideas", "Sockets for the boats", "3 supports", "Engage") is first
    )
    assert len(first) < 60_000
