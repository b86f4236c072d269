"""From draft to archive: scheduling, opening and closing by the clock, answering."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from engage.core import audit, clock, richtext
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Invalid, Text
from engage.core.events import announce
from engage.core.i18n import _l
from engage.programmes.consultations import policy, queries
from engage.programmes.consultations.events import (
    ConsultationClosed,
    ConsultationOpened,
    OutcomePublished,
)
from engage.programmes.consultations.models import (
    TIMED,
    TRANSITIONS,
    Consultation,
    ConsultationHost,
    ConsultationState,
    Occasion,
    TranslationMark,
)
from engage.programmes.consultations.notices import put_on_the_board


def readiness(consultation_id: int, now: datetime) -> dict[str, Text]:
    """What still keeps a draft from being scheduled, by field; empty when nothing does."""
    consultation = db.session.get_one(Consultation, consultation_id)
    missing: dict[str, Text] = {}
    if not consultation.summary:
        missing["summary"] = _l("Say in one or two sentences what it is about.")
    if consultation.opens_at is None:
        missing["opens_at"] = _l("Say when it opens.")
    if consultation.closes_at is None:
        missing["closes_at"] = _l("Say when it closes.")
    elif consultation.closes_at <= now:
        missing["closes_at"] = _l("The closing time has passed. Choose a later one.")
    has_host = select(ConsultationHost.organisation_id).where(
        ConsultationHost.consultation_id == consultation_id
    )
    if db.session.scalar(has_host.limit(1)) is None:
        missing["hosts"] = _l("Add the organisation that asks.")
    return missing


def schedule_consultation(consultation_id: int, *, actor: Any) -> Consultation:
    """Make a draft public; it opens by itself. Raises Invalid with what is missing."""
    with transactional():
        now = clock.now()
        consultation = lock(Consultation, consultation_id)
        require(policy.can("schedule", actor, consultation, now))
        if missing := readiness(consultation_id, now):
            raise Invalid(missing)
        _move(consultation, ConsultationState.SCHEDULED, actor=actor)
        consultation.published_at = consultation.published_at or now
        consultation.first_closes_at = consultation.closes_at
        consultation.change_reason = ""
        consultation.changed_at = None
        # a start in the past means "now"
        advance(consultation, now)
    return consultation


def unschedule_consultation(consultation_id: int, *, actor: Any) -> Consultation:
    """Take a consultation that has not opened back to being a draft."""
    with transactional():
        now = clock.now()
        consultation = lock(Consultation, consultation_id)
        advance(consultation, now)
        require(policy.can("unschedule", actor, consultation, now))
        _move(consultation, ConsultationState.DRAFT, actor=actor)
    return consultation


def extend_consultation(
    consultation_id: int, *, closes_at: datetime, reason: str, actor: Any
) -> Consultation:
    """Give people more time, and say why. Only before it has closed. Raises Invalid, NotAllowed."""
    with transactional():
        now = clock.now()
        consultation = lock(Consultation, consultation_id)
        advance(consultation, now)
        require(policy.can("extend", actor, consultation, now))
        assert consultation.closes_at is not None  # scheduled: the table says so
        wrong = _reason_missing(reason)
        if closes_at <= consultation.closes_at:
            wrong["closes_at"] = _l("Choose a time after the present closing time.")
        if wrong:
            raise Invalid(wrong)
        before = consultation.closes_at
        _change_window(consultation, closes_at, reason)
        audit.record(
            "consultation.extended",
            consultation,
            actor=actor,
            before=before.isoformat(),
            after=closes_at.isoformat(),
        )
        put_on_the_board(consultation, Occasion.EXTENDED, key=f"extended-{closes_at:%Y%m%d%H%M}")
    return consultation


def close_consultation(consultation_id: int, *, reason: str, actor: Any) -> Consultation:
    """End it now, before its time, and say why. Raises Invalid, NotAllowed."""
    with transactional():
        now = clock.now()
        consultation = lock(Consultation, consultation_id)
        advance(consultation, now)
        require(policy.can("close", actor, consultation, now))
        if wrong := _reason_missing(reason):
            raise Invalid(wrong)
        _change_window(consultation, now, reason)
        audit.record("consultation.closed_early", consultation, actor=actor)
        advance(consultation, now)
    return consultation


def publish_outcome(consultation_id: int, *, outcome: str, actor: Any) -> Consultation:
    """Say in public what came of it; a closed consultation is answered by this.

    An answered one gets the new text; its translations of the outcome become outdated.
    """
    with transactional():
        now = clock.now()
        consultation = lock(Consultation, consultation_id)
        advance(consultation, now)
        require(policy.can("publish_outcome", actor, consultation, now))
        if not outcome.strip():
            raise Invalid({"outcome": _l("Write what came of this consultation.")})
        is_first = consultation.state is ConsultationState.CLOSED
        consultation.outcome = outcome.strip()
        consultation.outcome_html = richtext.render(outcome, profile="letter", field="outcome")
        consultation.revision += 1
        consultation.updated_at = now
        if is_first:
            consultation.outcome_at = consultation.answered_at = now
            _move(consultation, ConsultationState.ANSWERED, actor=actor)
            put_on_the_board(consultation, Occasion.ANSWERED)
            announce(OutcomePublished(consultation.id))
        else:
            _outdate_translations(consultation_id)
            audit.record("consultation.outcome_changed", consultation, actor=actor)
    return consultation


def archive_consultation(consultation_id: int, *, actor: Any) -> Consultation:
    """Put an answered consultation away; it stays readable."""
    with transactional():
        now = clock.now()
        consultation = lock(Consultation, consultation_id)
        require(policy.can("archive", actor, consultation, now))
        consultation.archived_at = now
        _move(consultation, ConsultationState.ARCHIVED, actor=actor)
    return consultation


def advance_due(now: datetime) -> int:
    """Record every opening and closing that is due at `now`; answers how many consultations moved.

    Each in its own transaction, and safe to repeat: what has been recorded is not due any more.
    """
    stored = Consultation.state
    due = (
        select(Consultation.id)
        .where(
            ((stored == ConsultationState.SCHEDULED) & (Consultation.opens_at <= now))
            | ((stored == ConsultationState.OPEN) & (Consultation.closes_at <= now))
        )
        .order_by(Consultation.id)
    )
    moved = 0
    for consultation_id in db.session.scalars(due).all():
        with transactional():
            moved += advance(lock(Consultation, consultation_id), now)
    return moved


def advance(consultation: Consultation, now: datetime) -> bool:
    """Let the stored state of a locked row follow its window; answers whether it moved."""
    moved = False
    while consultation.state in TIMED and consultation.state is not consultation.state_at(now):
        if consultation.state is ConsultationState.SCHEDULED:
            _move(consultation, ConsultationState.OPEN, actor=None)
            put_on_the_board(consultation, Occasion.OPENED)
            announce(ConsultationOpened(consultation.id))
        else:
            _move(consultation, ConsultationState.CLOSED, actor=None)
            put_on_the_board(consultation, Occasion.CLOSED)
            announce(ConsultationClosed(consultation.id))
        moved = True
    return moved


def _move(consultation: Consultation, state: ConsultationState, *, actor: Any) -> None:
    TRANSITIONS.check(consultation.state, state)
    audit.record(
        f"consultation.{state.value}", consultation, actor=actor, before=consultation.state.value
    )
    consultation.state = state
    consultation.updated_at = clock.now()


def _change_window(consultation: Consultation, closes_at: datetime, reason: str) -> None:
    consultation.closes_at = closes_at
    consultation.change_reason = reason.strip()
    consultation.changed_at = clock.now()
    consultation.revision += 1


def _reason_missing(reason: str) -> dict[str, Text]:
    return {} if reason.strip() else {"reason": _l("Say why. Everybody will read it.")}


def _outdate_translations(consultation_id: int) -> None:
    for translation in queries.translations_of(consultation_id):
        translation.mark = TranslationMark.OUTDATED
