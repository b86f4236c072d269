"""Windows to the second, transitions by the table."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from engage.core.errors import Conflict
from engage.core.lifecycle import Phase, Transitions, Window

pytestmark = pytest.mark.pure

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "phase"),
    [
        (NOON - timedelta(microseconds=1), Phase.BEFORE),
        (NOON, Phase.OPEN),
        (NOON + SECOND - timedelta(microseconds=1), Phase.OPEN),
        (NOON + SECOND, Phase.AFTER),
    ],
)
def test_opening_is_inside_closing_is_outside(now: datetime, phase: Phase) -> None:
    assert Window(NOON, NOON + SECOND).phase(now) is phase


def test_an_open_side_never_ends() -> None:
    assert Window(None, None).contains(NOON)
    assert Window(NOON, None).contains(NOON + timedelta(days=9999))
    assert Window(None, NOON).phase(NOON) is Phase.AFTER


def test_it_closes_after_it_opens() -> None:
    with pytest.raises(ValueError):
        Window(NOON, NOON)


@given(st.integers(-5000, 5000), st.integers(-5000, 5000), st.integers(1, 5000))
def test_exactly_one_phase(at: int, opens: int, length: int) -> None:
    window = Window(NOON + opens * SECOND, NOON + (opens + length) * SECOND)
    phase = window.phase(NOON + at * SECOND)
    assert (phase is Phase.OPEN) == (opens <= at < opens + length)
    assert (phase is Phase.BEFORE) == (at < opens)


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_transitions_follow_the_table(app: Flask) -> None:
    lights = Transitions({Light.RED: {Light.GREEN}})
    lights.check(Light.RED, Light.GREEN)
    assert lights.following(Light.GREEN) == frozenset()
    with pytest.raises(Conflict):
        lights.check(Light.GREEN, Light.RED)
