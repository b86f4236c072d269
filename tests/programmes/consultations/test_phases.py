"""The mooring line, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from engage.programmes.consultations.models import Consultation, ConsultationState
from engage.programmes.consultations.phases import answer_due, phases, said
from engage.programmes.consultations.reading import standing_words

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 12, 4, 17, tzinfo=UTC)


def consultation(state: ConsultationState, **over: object) -> Consultation:
    values = {
        "state": state,
        "language": "en",
        "time_zone": "Europe/Paris",
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "answer_days": 30,
        "milestones": [
            {"on": "2026-10-09", "title": {"en": "Evenings in both towns", "fr": "Soirées"}},
            {"on": "2027-02-26", "title": {"en": "Councils decide"}},
        ],
    }
    return Consultation(**(values | over))


@pytest.mark.parametrize(
    ("now", "state", "standings"),
    [
        (OPENS - timedelta(days=60), ConsultationState.SCHEDULED, ["next"] * 5),
        (
            OPENS - timedelta(days=1),
            ConsultationState.SCHEDULED,
            ["done", "next", "next", "next", "next"],
        ),
        (OPENS, ConsultationState.OPEN, ["done", "done", "now", "next", "next"]),
        (CLOSES, ConsultationState.OPEN, ["done", "done", "done", "now", "next"]),
    ],
)
def test_exactly_what_is_going_on_is_now(
    app: Flask, now: datetime, state: ConsultationState, standings: list[str]
) -> None:
    line = phases(consultation(state), now, "en")
    assert [phase.standing for phase in line] == standings


def test_answered_is_done_and_says_when(app: Flask) -> None:
    answered = consultation(ConsultationState.ANSWERED, answered_at=CLOSES + timedelta(days=20))
    line = phases(answered, CLOSES + timedelta(days=21), "en")
    assert [phase.standing for phase in line] == ["done"] * 4 + ["next"]
    assert line[3].when == "24 December 2026"


def test_a_draft_without_dates_has_only_its_milestones(app: Flask) -> None:
    draft = consultation(ConsultationState.DRAFT, opens_at=None, closes_at=None)
    assert [str(phase.title) for phase in phases(draft, OPENS, "fr")] == [
        "Soirées",
        "Councils decide",
    ]


def test_the_promise_runs_from_closing(app: Flask) -> None:
    assert answer_due(consultation(ConsultationState.OPEN)) == CLOSES + timedelta(days=30)
    assert answer_due(consultation(ConsultationState.DRAFT, closes_at=None)) is None


def test_words_fall_back_to_the_original_then_to_any() -> None:
    assert said({"en": "a", "fr": "b"}, "fr", "en") == "b"
    assert said({"en": "a", "fr": "b"}, "de", "en") == "a"
    assert said({"fr": "b"}, "de", "en") == "b"
    assert said({}, "de", "en") == ""


def test_a_draft_has_dates_to_come(app: Flask) -> None:
    draft = consultation(ConsultationState.DRAFT)
    assert str(standing_words(draft, OPENS)).startswith("Opens ")
    late = consultation(ConsultationState.DRAFT, opens_at=None)
    assert str(standing_words(late, OPENS)).startswith("Closes ")
    missed = standing_words(draft, OPENS + timedelta(seconds=1))
    assert str(missed).startswith("Was to open ")
    assert str(missed).endswith("choose a new date")
    bare = consultation(ConsultationState.DRAFT, opens_at=None, closes_at=None)
    assert standing_words(bare, OPENS) == "No dates yet"
