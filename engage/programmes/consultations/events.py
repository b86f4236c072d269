"""Facts about consultations that other features may hear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConsultationOpened:
    """Its time came; comments are taken from now on."""

    consultation_id: int


@dataclass(frozen=True)
class ConsultationClosed:
    """Its time is over, or it was ended early."""

    consultation_id: int


@dataclass(frozen=True)
class OutcomePublished:
    """What came of it is said in public."""

    consultation_id: int
