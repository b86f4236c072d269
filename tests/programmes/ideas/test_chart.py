"""The chart: pins where they are, none hidden, none outside, at any scale."""

from __future__ import annotations

from itertools import combinations
from math import hypot

import pytest

from engage.programmes.ideas import chart
from engage.programmes.ideas.forms import read_point

pytestmark = pytest.mark.pure

CALAIS, BOULOGNE = (50.968, 1.852), (50.725, 1.585)


def test_nothing_to_draw() -> None:
    assert chart.drawn([]) is None


def test_north_is_up_and_east_is_right() -> None:
    drawn = chart.drawn([CALAIS, BOULOGNE])
    assert drawn is not None
    first, second = drawn.spots
    assert (first.number, second.number) == (1, 2)
    assert first.y < second.y
    assert first.x > second.x


def test_distances_are_true_in_both_directions() -> None:
    """A degree of longitude is shorter than one of latitude, by the cosine of the latitude."""
    drawn = chart.drawn([(51.0, 1.0), (51.1, 1.0), (51.0, 1.1590)])
    assert drawn is not None
    corner, north, east = drawn.spots
    up, right = corner.y - north.y, east.x - corner.x
    assert up == pytest.approx(right, rel=0.02)


@pytest.mark.parametrize(
    "places",
    [
        [CALAIS] * 60,
        [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)],
        [(50.9 + n / 1e6, 1.8) for n in range(40)],
        [CALAIS, BOULOGNE] * 30,
    ],
)
def test_pins_stay_in_the_picture_and_apart(places: list[tuple[float, float]]) -> None:
    drawn = chart.drawn(places)
    assert drawn is not None
    assert [spot.number for spot in drawn.spots] == list(range(1, len(places) + 1))
    for spot in drawn.spots:
        assert 30 <= spot.x <= chart.WIDTH - 30
        assert 30 <= spot.y <= chart.HEIGHT - 30
    near = [hypot(a.x - b.x, a.y - b.y) for a, b in combinations(drawn.spots, 2)]
    assert min(near) >= 46, "one pin hides another"


def test_the_coast_is_drawn_only_where_it_is_true_enough() -> None:
    wide, close = chart.drawn([CALAIS, BOULOGNE]), chart.drawn([CALAIS])
    assert wide is not None
    assert close is not None
    assert wide.coast
    assert not close.coast
    assert float(close.scale_km) < float(wide.scale_km)


@pytest.mark.parametrize(
    ("typed", "point"),
    [
        ("", None),
        ("50.968, 1.852", (50.968, 1.852)),
        ("50.968;1.852", (50.968, 1.852)),
        ("-33.9 18.4", (-33.9, 18.4)),
        ("https://www.openstreetmap.org/#map=17/50.9680/1.8520", (50.968, 1.852)),
        ("https://maps.example.org/@50.968,1.852,15z", (50.968, 1.852)),
        ("geo:50.968,1.852", (50.968, 1.852)),
    ],
)
def test_points_are_read_as_maps_give_them(
    typed: str, point: tuple[float, float] | None, app: object
) -> None:
    assert read_point(typed) == point


@pytest.mark.parametrize(
    "typed", ["here", "50.9", "91, 0", "0, 181", "1e9, 2", "٣, ٤, ٥", "nan, nan"]
)
def test_what_is_no_point_is_refused(typed: str, app: object) -> None:
    with pytest.raises(ValueError):
        read_point(typed)
