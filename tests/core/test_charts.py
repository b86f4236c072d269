"""Charts: round numbers, gaps that stay gaps, and no chart that breaks on nothing."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from flask import Flask

from engage.core.charts import Series, clock_chart, line_chart, nice_ticks, spark

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (-3, [0, 1]),
        (float("inf"), [0, 1]),
        (1, [0, 0.25, 0.5, 0.75, 1]),
        (47, [0, 20, 40, 60]),
        (100, [0, 25, 50, 75, 100]),
        (0.3, [0, 0.1, 0.2, 0.3]),
    ],
)
def test_ticks_are_round_and_reach_the_top(most: float, ticks: list[float]) -> None:
    assert nice_ticks(most) == ticks


def drawn(app: Flask, *args: object, **kwargs: object) -> ElementTree.Element:
    with app.test_request_context("/en/"):
        return ElementTree.fromstring(line_chart(*args, **kwargs))  # type: ignore[arg-type]


def test_a_gap_is_not_drawn_as_zero(app: Flask) -> None:
    chart = drawn(app, [Series("Both ports", [10, None, 20, 30])], ["a", "b", "c", "d"])
    path = chart.find(".//path[@class='ln st1']")
    assert path is not None
    assert path.get("d", "").count("M") == 2


def test_the_last_value_and_the_target_are_in_words(app: Flask) -> None:
    chart = drawn(app, [Series("Both ports", [10, 20])], ["a", "b"], target=15, unit=" min")
    words = [text.text for text in chart.iter("text")]
    assert "Both ports: 20 min" in words
    assert "target: 15 min" in words


@pytest.mark.parametrize("values", [[], [None], [None, None], [0, 0], [5]])
def test_nothing_and_little_are_drawn(app: Flask, values: list[float | None]) -> None:
    chart = drawn(app, [Series("x", values)], ["a"] * len(values))
    assert not re.search("nan|inf", ElementTree.tostring(chart, "unicode"))


def test_words_of_people_stay_words(app: Flask) -> None:
    chart = drawn(app, [Series("<script>alert(1)</script>", [1, 2])], ["<b>", "c"])
    assert chart.find(".//script") is None
    assert chart.find(".//b") is None


@pytest.mark.parametrize(
    "figures", [(0, 0, 0, None), (41, 3, 12, 11), (5, 0, 0, 2), (0, 0, 1, None)]
)
def test_the_clock_draws_a_share_for_each_state(
    app: Flask, figures: tuple[int, int, int, int | None]
) -> None:
    with app.test_request_context("/en/"):
        clock = ElementTree.fromstring(clock_chart(*figures))
    classes = [circle.get("class") for circle in clock.iter("circle")]
    expected = [name for name, count in zip(("ok", "late", "wait"), figures, strict=False) if count]
    assert classes == (expected or ["none"])


def test_a_spark_needs_two_points() -> None:
    assert spark([]) == spark([1]) == ""
    assert "M0 26.0L100 4.0" in spark([1, 2])
    assert "nan" not in spark([3, 3, 3])


@pytest.mark.parametrize("ends", [(0, 0), (1, 0), (0, 1), (50, 50), (100, 99), (99, 100)])
def test_the_words_at_the_ends_of_lines_do_not_meet(app: Flask, ends: tuple[int, int]) -> None:
    lines = [
        Series(name, [100, end]) for name, end in zip(("Ideas", "Supports"), ends, strict=True)
    ]
    chart = drawn(app, lines, ["a", "b"])
    heights = [
        float(text.get("y", "").rstrip("%"))
        for text in chart.iter("text")
        if text.get("class") == "strong"
    ]
    assert abs(heights[0] - heights[1]) >= 8.9
    assert max(heights) <= 84.1, "above the dates"


@pytest.mark.parametrize("count", [1, 2, 3, 8, 57, 58, 60, 61, 90])
def test_the_dates_stand_apart_and_the_ends_are_named(app: Flask, count: int) -> None:
    dates = [f"{number:02} Sep" for number in range(count)]
    chart = drawn(app, [Series("x", [1] * count)], dates)
    places = {
        text.text: float(text.get("x", "").rstrip("%"))
        for text in chart.iter("text")
        if text.text in dates
    }
    assert {dates[0], dates[-1]} <= set(places)
    ordered = sorted(places.values())
    assert all(after - before > 12 for before, after in pairwise(ordered))
