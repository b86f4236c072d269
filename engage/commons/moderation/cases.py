"""Cases and snapshots: finding or opening the one case of a contribution, keeping its words."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from engage.commons.accounts.models import User
from engage.commons.moderation import queries
from engage.commons.moderation.kinds import Subject
from engage.commons.moderation.models import (
    CASE_TRANSITIONS,
    Case,
    CaseEvent,
    CaseState,
    Snapshot,
)
from engage.core import clock, settings
from engage.core.db import db, dialect, insert_into
from engage.core.i18n import babel_name, force_locale, locales


def opened_case(kind: str, subject: Subject, now: datetime) -> Case:
    """The contribution's one case, locked and open: made, reopened, or as it is.

    Two people who report at the same moment get the same row.
    """
    due_at = now + timedelta(hours=int(settings.value("moderation_hours")))
    db.session.execute(
        insert_into(Case, dialect())
        .values(
            kind=kind,
            target_id=subject.id,
            state=CaseState.OPEN,
            round=1,
            version=1,
            title=_title(subject),
            author_id=subject.author_id,
            guest_id=subject.guest_id,
            reports_count=0,
            opened_at=now,
            due_at=due_at,
        )
        .on_conflict_do_nothing(index_elements=["kind", "target_id"])
    )
    case = db.session.scalars(
        select(Case)
        .where(Case.kind == kind, Case.target_id == subject.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if case.state is CaseState.DECIDED:
        move(case, CaseState.OPEN)
        case.round += 1
        case.reports_count = 0
        case.due_at = due_at
        note(case, "reopened", None, now)
    return case


def kept_words(case: Case, subject: Subject, now: datetime) -> Snapshot:
    """The words as they stand now, kept once however often they are reported."""
    digest = hashlib.sha256(subject.text.encode()).hexdigest()
    before = queries.snapshot_by_digest(case, digest)
    if before is not None:
        return before
    snapshot = Snapshot(
        case_id=case.id,
        digest=digest,
        title=_title(subject),
        text=subject.text,
        html=subject.html,
        language=subject.language or "",
        taken_at=now,
    )
    db.session.add(snapshot)
    db.session.flush()
    return snapshot


def move(case: Case, state: CaseState) -> None:
    CASE_TRANSITIONS.check(case.state, state)
    case.state = state
    case.version += 1


def note(
    case: Case, what: str, actor: User | None, at: datetime | None = None, **details: Any
) -> None:
    """One line of the case's history."""
    db.session.add(
        CaseEvent(
            case_id=case.id,
            actor_id=actor.id if actor else None,
            what=what,
            details=details,
            at=at or clock.now(),
        )
    )
    db.session.flush()


def _title(subject: Subject) -> str:
    """For lists of the office: in the instance's own language, whoever reports."""
    with force_locale(babel_name(locales()[0])):
        return str(subject.title)[:300]
