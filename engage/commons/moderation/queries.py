"""Reads: the queue, a case with everything around it, the public log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import contains_eager, joinedload

from engage.commons.accounts.models import Guest, User
from engage.commons.moderation import kinds
from engage.commons.moderation.models import (
    Case,
    CaseEvent,
    CaseState,
    Complaint,
    ComplaintState,
    Decision,
    Outcome,
    Report,
    Snapshot,
)
from engage.core import figures
from engage.core.db import db

_WITH_PEOPLE = (joinedload(Case.author), joinedload(Case.guest), joinedload(Case.claimed_by))


def queue(state: CaseState) -> Select[Case]:
    """Open cases by deadline, the most urgent first; decided ones by date, the latest first."""
    found = select(Case).where(Case.state == state).options(*_WITH_PEOPLE)
    if state is CaseState.OPEN:
        return found.order_by(Case.due_at, Case.id)
    return found.order_by(Case.decided_at.desc(), Case.id.desc())


def waiting() -> Select[int]:
    """How many cases and complaints wait for anybody."""
    return select(_cases(CaseState.OPEN).scalar_subquery() + _complaints().scalar_subquery())


def counts() -> dict[str, int]:
    """Figures for the tabs: open, decided, complaints."""
    return figures.read(
        {
            "open": _cases(CaseState.OPEN),
            "decided": _cases(CaseState.DECIDED),
            "complaints": _complaints(),
        }
    )


def _cases(state: CaseState) -> Select[int]:
    return select(func.count(Case.id)).where(Case.state == state)


def _complaints() -> Select[int]:
    return select(func.count(Complaint.id)).where(Complaint.state == ComplaintState.OPEN)


def first_due() -> datetime | None:
    return db.session.scalar(select(func.min(Case.due_at)).where(Case.state == CaseState.OPEN))


def case(case_id: int) -> Case | None:
    return db.session.scalar(select(Case).where(Case.id == case_id).options(*_WITH_PEOPLE))


def case_of(kind: str, target_id: int) -> Case | None:
    return db.session.scalar(select(Case).where(Case.kind == kind, Case.target_id == target_id))


def first_waiting(user: User, limit: int) -> Sequence[Case]:
    """The most urgent open cases this person may decide."""
    return db.session.scalars(queue(CaseState.OPEN).where(_not_by(user)).limit(limit)).all()


def queue_beside(user: User, found: Case, limit: int) -> tuple[Sequence[Case], Case | None]:
    """What stands beside a case: the first waiting ones, and the one to take after it.

    The next in the queue, or the first of it at the end; one query.
    """
    open_ones = (
        select(Case.id)
        .where(Case.state == CaseState.OPEN, _not_by(user))
        .order_by(Case.due_at, Case.id)
    )
    comes_later = (Case.due_at > found.due_at) | (
        (Case.due_at == found.due_at) & (Case.id > found.id)
    )
    after = open_ones.where(comes_later).limit(1).scalar_subquery()
    rows = db.session.scalars(
        queue(CaseState.OPEN).where(
            Case.id.in_(open_ones.limit(limit + 1)) | (Case.id == after),
        )
    ).all()
    others = [row for row in rows if row.id != found.id]
    later = [row for row in others if (row.due_at, row.id) > (found.due_at, found.id)]
    return rows[:limit], next(iter(later or others), None)


def _not_by(user: User) -> ColumnElement[bool]:
    return Case.author_id.is_(None) | (Case.author_id != user.id)


def title_of(case_row: Case) -> Any:
    """What the case is about, for readers of any language; as it was called when it is gone."""
    return titles([case_row])[case_row.id]


def titles(rows: Iterable[Case]) -> dict[int, Any]:
    """The same for a list of cases, by their ids."""
    cases = list(rows)
    found = kinds.subjects((row.kind, row.target_id) for row in cases)
    return {
        row.id: subject.title if (subject := found.get((row.kind, row.target_id))) else row.title
        for row in cases
    }


def reports(case_row: Case, *, opening: int | None = None) -> Sequence[Report]:
    """The reports, oldest first, their people loaded."""
    found = select(Report).where(Report.case_id == case_row.id).options(joinedload(Report.reporter))
    if opening is not None:
        found = found.where(Report.round == opening)
    return db.session.scalars(found.order_by(Report.id)).all()


def report(report_id: int) -> Report | None:
    return db.session.scalar(
        select(Report)
        .where(Report.id == report_id)
        .options(joinedload(Report.case), joinedload(Report.reporter))
    )


def report_by(case_row: Case, reporter_key: str) -> Report | None:
    """What this person reported in the case's present round, if they did."""
    return db.session.scalar(
        select(Report).where(
            Report.case_id == case_row.id,
            Report.round == case_row.round,
            Report.reporter_key == reporter_key,
        )
    )


def report_grounds(case_ids: Sequence[int]) -> dict[int, list[str]]:
    """What each case is reported for in its present round, the most frequent first."""
    found: dict[int, list[str]] = {}
    for case_id, ground in db.session.execute(
        select(Report.case_id, Report.ground)
        .join(Case, Case.id == Report.case_id)
        .where(Report.case_id.in_(case_ids), Report.round == Case.round)
        .group_by(Report.case_id, Report.ground)
        .order_by(Report.case_id, func.count().desc(), Report.ground)
    ):
        found.setdefault(case_id, []).append(ground)
    return found


def first_snapshot(case_row: Case) -> Snapshot | None:
    """The words as they were first reported."""
    return db.session.scalar(
        select(Snapshot).where(Snapshot.case_id == case_row.id).order_by(Snapshot.id).limit(1)
    )


def snapshot_by_digest(case_row: Case, digest: str) -> Snapshot | None:
    return db.session.scalar(
        select(Snapshot).where(Snapshot.case_id == case_row.id, Snapshot.digest == digest)
    )


def last_snapshot(case_row: Case) -> Snapshot | None:
    return db.session.scalar(
        select(Snapshot)
        .where(Snapshot.case_id == case_row.id)
        .order_by(Snapshot.id.desc())
        .limit(1)
    )


def decisions(case_row: Case) -> tuple[Sequence[Decision], Sequence[Complaint]]:
    """All decisions of the case, the latest first, and the complaints about them, oldest first."""
    rows = db.session.execute(
        select(Decision, Complaint)
        .outerjoin(Complaint, Complaint.decision_id == Decision.id)
        .where(Decision.case_id == case_row.id)
        .options(joinedload(Decision.decider))
        .order_by(Decision.id.desc(), Complaint.id)
    ).all()
    complaints = [complaint for _decision, complaint in rows if complaint is not None]
    return (
        list(dict.fromkeys(decision for decision, _complaint in rows)),
        sorted(complaints, key=lambda complaint: complaint.id),
    )


def standing_decision(case_row: Case) -> Decision | None:
    """The latest decision nobody undid."""
    return db.session.scalar(
        select(Decision)
        .where(Decision.case_id == case_row.id, Decision.undone_at.is_(None))
        .options(joinedload(Decision.decider), joinedload(Decision.snapshot))
        .order_by(Decision.id.desc())
        .limit(1)
    )


def decision(decision_id: int) -> Decision | None:
    return db.session.scalar(
        select(Decision)
        .where(Decision.id == decision_id)
        .options(
            joinedload(Decision.decider),
            joinedload(Decision.snapshot),
            joinedload(Decision.case).options(*_WITH_PEOPLE),
        )
    )


def decisions_due(before: datetime) -> list[int]:
    """Ids of decisions that can no longer be undone and whose letters have not left."""
    return list(
        db.session.scalars(
            select(Decision.id)
            .where(
                Decision.letters_at.is_(None),
                Decision.undone_at.is_(None),
                Decision.decided_at <= before,
            )
            .order_by(Decision.id)
        )
    )


def history(case_row: Case) -> Sequence[CaseEvent]:
    return db.session.scalars(
        select(CaseEvent)
        .where(CaseEvent.case_id == case_row.id)
        .options(joinedload(CaseEvent.actor))
        .order_by(CaseEvent.id)
    ).all()


@dataclass(frozen=True)
class Precedents:
    """What was decided before: `measures` hid other words of the same author and stood; cases
    reported for the same ended with so many hidden and so many kept."""

    measures: int
    hidden: int
    kept: int


def precedents(case_row: Case, grounds: Sequence[str]) -> Precedents:
    """Earlier decisions that bear on a case: one query."""
    stands = (Decision.undone_at.is_(None), Decision.reversed_at.is_(None))
    alike = select(Report.case_id).where(Report.ground.in_(grounds), Report.case_id != case_row.id)
    same = select(func.count(Decision.id)).where(*stands, Decision.case_id.in_(alike))
    found = figures.read(
        {
            "measures": select(func.count(func.distinct(Decision.case_id)))
            .join(Case, Case.id == Decision.case_id)
            .where(
                *stands,
                Decision.outcome == Outcome.HIDE,
                Case.author_id == case_row.author_id,
                Case.id != case_row.id,
            ),
            "hidden": same.where(Decision.outcome == Outcome.HIDE),
            "kept": same.where(Decision.outcome == Outcome.KEEP),
        }
    )
    # nobody's other words are no precedent
    return Precedents(
        found["measures"] if case_row.author_id else 0, found["hidden"], found["kept"]
    )


def author_of(case_row: Case) -> User | Guest | None:
    """Who wrote it; a guest whose contributions an account has claimed is that account."""
    if case_row.author_id is not None:
        return db.session.get(User, case_row.author_id)
    if case_row.guest_id is None:
        return None
    guest = db.session.get(Guest, case_row.guest_id)
    if guest is not None and guest.claimed_by_id is not None:
        return db.session.get(User, guest.claimed_by_id)
    return guest


def open_complaints() -> Select[Complaint]:
    """Complaints that wait, by deadline, with their decision and case."""
    return (
        select(Complaint)
        .join(Complaint.decision)
        .join(Decision.case)
        .where(Complaint.state == ComplaintState.OPEN)
        .options(contains_eager(Complaint.decision).contains_eager(Decision.case))
        .order_by(Complaint.due_at, Complaint.id)
    )


def complaint(complaint_id: int) -> Complaint | None:
    return db.session.scalar(
        select(Complaint)
        .where(Complaint.id == complaint_id)
        .options(
            joinedload(Complaint.user),
            joinedload(Complaint.report).joinedload(Report.reporter),
            joinedload(Complaint.decision).options(
                joinedload(Decision.decider),
                joinedload(Decision.snapshot),
                joinedload(Decision.case).options(*_WITH_PEOPLE),
            ),
        )
    )


def complaint_by(decision_row: Decision, complainant_key: str) -> Complaint | None:
    return db.session.scalar(
        select(Complaint).where(
            Complaint.decision_id == decision_row.id,
            Complaint.complainant_key == complainant_key,
        )
    )


def public_log(outcome: Outcome | None = None) -> Select[Decision]:
    """Decisions that are final, the latest first; templates show nothing personal of them."""
    found = (
        select(Decision)
        .join(Decision.case)
        .where(Decision.letters_at.is_not(None), Decision.undone_at.is_(None))
        .options(contains_eager(Decision.case))
    )
    if outcome is not None:
        found = found.where(Decision.outcome == outcome)
    return found.order_by(Decision.id.desc())


def public_figures() -> dict[str, int]:
    """Sums over the whole log: hidden, kept, reversed."""
    final = select(func.count(Decision.id)).where(
        Decision.letters_at.is_not(None), Decision.undone_at.is_(None)
    )
    return figures.read(
        {
            "hide": final.where(Decision.outcome == Outcome.HIDE),
            "keep": final.where(Decision.outcome == Outcome.KEEP),
            "reversed": final.where(Decision.reversed_at.is_not(None)),
        }
    )


def reports_by(user: User) -> list[dict[str, object]]:
    """What a person reported, for the copy of their data."""
    return [
        {
            "reference": row.reference,
            "ground": row.ground,
            "explanation": row.explanation,
            "address": row.address,
            "received_at": row.received_at,
            "answered_at": row.answered_at,
        }
        for row in db.session.scalars(
            select(Report).where(Report.reporter_id == user.id).order_by(Report.id)
        )
    ]


def complaints_by(user: User) -> list[dict[str, object]]:
    """A person's complaints and our answers, for the copy of their data."""
    return [
        {
            "text": row.text,
            "received_at": row.received_at,
            "state": row.state,
            "answer": row.words,
            "reviewed_at": row.reviewed_at,
        }
        for row in db.session.scalars(
            select(Complaint).where(Complaint.user_id == user.id).order_by(Complaint.id)
        )
    ]
