"""Reads: the queue, a case with everything around it, the public log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import contains_eager, joinedload

from engage.commons.accounts.models import Guest, User
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
from engage.core.db import db

_WITH_PEOPLE = (joinedload(Case.author), joinedload(Case.guest), joinedload(Case.claimed_by))


def queue(state: CaseState) -> Select[Case]:
    """Open cases by deadline, the most urgent first; decided ones by date, the latest first."""
    found = select(Case).where(Case.state == state).options(*_WITH_PEOPLE)
    if state is CaseState.OPEN:
        return found.order_by(Case.due_at, Case.id)
    return found.order_by(Case.decided_at.desc(), Case.id.desc())


def waiting_count() -> int:
    """How many cases and complaints wait for anybody."""
    cases = select(func.count()).select_from(Case).where(Case.state == CaseState.OPEN)
    complaints = (
        select(func.count()).select_from(Complaint).where(Complaint.state == ComplaintState.OPEN)
    )
    row = db.session.execute(select(cases.scalar_subquery(), complaints.scalar_subquery())).one()
    return int(row[0]) + int(row[1])


def counts() -> dict[str, int]:
    """Figures for the tabs: open, decided, complaints."""
    by_state = {
        str(state): number
        for state, number in db.session.execute(
            select(Case.state, func.count()).group_by(Case.state)
        )
    }
    complaints = db.session.scalar(
        select(func.count()).select_from(Complaint).where(Complaint.state == ComplaintState.OPEN)
    )
    return {
        "open": by_state.get("open", 0),
        "decided": by_state.get("decided", 0),
        "complaints": complaints or 0,
    }


def first_due() -> datetime | None:
    return db.session.scalar(select(func.min(Case.due_at)).where(Case.state == CaseState.OPEN))


def case(case_id: int) -> Case | None:
    return db.session.scalar(select(Case).where(Case.id == case_id).options(*_WITH_PEOPLE))


def case_of(kind: str, target_id: int) -> Case | None:
    return db.session.scalar(select(Case).where(Case.kind == kind, Case.target_id == target_id))


def next_case(user: User, after: Case) -> Case | None:
    """The next open case this person may take: after this one, else from the start."""
    mine = (
        select(Case)
        .where(
            Case.state == CaseState.OPEN,
            Case.id != after.id,
            (Case.author_id.is_(None)) | (Case.author_id != user.id),
        )
        .order_by(Case.due_at, Case.id)
        .limit(1)
    )
    later = mine.where(
        (Case.due_at > after.due_at) | ((Case.due_at == after.due_at) & (Case.id > after.id))
    )
    return db.session.scalar(later) or db.session.scalar(mine)


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


def decisions(case_row: Case) -> Sequence[Decision]:
    """All decisions of the case, the latest first."""
    return db.session.scalars(
        select(Decision)
        .where(Decision.case_id == case_row.id)
        .options(joinedload(Decision.decider))
        .order_by(Decision.id.desc())
    ).all()


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


def measures_against(author_id: int, *, except_case: int) -> int:
    """In how many other cases this author's words were hidden, and stayed so."""
    return (
        db.session.scalar(
            select(func.count(func.distinct(Decision.case_id)))
            .join(Case, Case.id == Decision.case_id)
            .where(
                Case.author_id == author_id,
                Case.id != except_case,
                Decision.outcome == Outcome.HIDE,
                Decision.undone_at.is_(None),
                Decision.reversed_at.is_(None),
            )
        )
        or 0
    )


def similar_decisions(grounds: Sequence[str], *, except_case: int) -> dict[str, int]:
    """How cases reported for the same ended, by outcome."""
    if not grounds:
        return {}
    alike = select(Report.case_id).where(Report.ground.in_(grounds), Report.case_id != except_case)
    return {
        str(outcome): number
        for outcome, number in db.session.execute(
            select(Decision.outcome, func.count())
            .where(
                Decision.case_id.in_(alike),
                Decision.undone_at.is_(None),
                Decision.reversed_at.is_(None),
            )
            .group_by(Decision.outcome)
        )
    }


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


def complaints_about(case_row: Case) -> Sequence[Complaint]:
    return db.session.scalars(
        select(Complaint)
        .join(Decision, Decision.id == Complaint.decision_id)
        .where(Decision.case_id == case_row.id)
        .order_by(Complaint.id)
    ).all()


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
    final = (Decision.letters_at.is_not(None), Decision.undone_at.is_(None))
    by_outcome = {
        str(outcome): number
        for outcome, number in db.session.execute(
            select(Decision.outcome, func.count()).where(*final).group_by(Decision.outcome)
        )
    }
    turned = db.session.scalar(
        select(func.count()).select_from(Decision).where(*final, Decision.reversed_at.is_not(None))
    )
    return {
        "hide": by_outcome.get("hide", 0),
        "keep": by_outcome.get("keep", 0),
        "reversed": turned or 0,
    }


def first_waiting(user: User, limit: int) -> Sequence[Case]:
    """The most urgent open cases this person may decide."""
    return db.session.scalars(
        queue(CaseState.OPEN)
        .where((Case.author_id.is_(None)) | (Case.author_id != user.id))
        .limit(limit)
    ).all()


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
