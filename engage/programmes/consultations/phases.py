"""The mooring line: where a consultation stands between its first and its last date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from engage.core.errors import Text
from engage.core.i18n import _, _l, format_date, format_deadline
from engage.programmes.consultations.models import Consultation, ConsultationState

Standing = Literal["done", "now", "next"]


@dataclass(frozen=True)
class Phase:
    """One bollard: how it stands, what it is, when."""

    standing: Standing
    title: Text
    when: str


def answer_due(consultation: Consultation) -> datetime | None:
    """Until when the promise to answer everything runs; None without a closing time."""
    if consultation.closes_at is None:
        return None
    return consultation.closes_at + timedelta(days=consultation.answer_days)


def phases(consultation: Consultation, now: datetime, locale: str) -> list[Phase]:
    """Opening to answering and the organiser's own dates, in order of time.

    A date of the organiser is done once its day is over; "now" belongs to commenting while the
    window is open and to answering from then on.
    """
    zone = ZoneInfo(consultation.time_zone)
    today = now.astimezone(zone).date()
    found: list[tuple[date, int, Phase]] = []
    for milestone in consultation.milestones:
        day = date.fromisoformat(str(milestone["on"]))
        standing: Standing = "done" if day < today else "now" if day == today else "next"
        title = said(milestone["title"], locale, consultation.language)
        found.append((day, 1, Phase(standing, title, format_date(day))))
    state = consultation.state_at(now)
    if consultation.opens_at and consultation.closes_at:
        opens = consultation.opens_at.astimezone(zone).date()
        closes = consultation.closes_at.astimezone(zone).date()
        due = closes + timedelta(days=consultation.answer_days)
        found.append((opens, 0, _opening(consultation, state)))
        found.append((closes, 2, _commenting(consultation, state)))
        answered_on = (
            consultation.answered_at.astimezone(zone).date() if consultation.answered_at else due
        )
        found.append((answered_on, 3, _answering(consultation, state, due)))
    found.sort(key=lambda entry: entry[:2])
    return [phase for _day, _order, phase in found]


def said(words: dict[str, str], locale: str, language: str) -> str:
    """Staff words kept by language: the reader's, else the original, else any."""
    return words.get(locale) or words.get(language) or next(iter(words.values()), "")


_BEFORE = (ConsultationState.DRAFT, ConsultationState.SCHEDULED)


def _opening(consultation: Consultation, state: ConsultationState) -> Phase:
    assert consultation.opens_at is not None
    when = format_date(consultation.opens_at, zone=consultation.time_zone)
    if state in _BEFORE:
        return Phase("next", _l("Opens for comments"), when)
    return Phase("done", _l("Opened for comments"), when)


def _commenting(consultation: Consultation, state: ConsultationState) -> Phase:
    assert consultation.closes_at is not None
    when = format_deadline(consultation.closes_at, consultation.time_zone)
    if state in _BEFORE:
        return Phase("next", _l("Your comments"), _("until %(when)s", when=when))
    if state is ConsultationState.OPEN:
        return Phase("now", _l("Your comments"), _("until %(when)s", when=when))
    return Phase("done", _l("Your comments"), _("closed %(when)s", when=when))


def _answering(consultation: Consultation, state: ConsultationState, due: date) -> Phase:
    if consultation.answered_at is not None:
        when = format_date(consultation.answered_at, zone=consultation.time_zone)
        return Phase("done", _l("Answered in public"), when)
    when = _("by %(day)s", day=format_date(due))
    standing: Standing = "now" if state is ConsultationState.CLOSED else "next"
    return Phase(standing, _l("We answer in public"), when)
