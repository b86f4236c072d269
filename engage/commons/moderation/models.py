from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Optional

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from engage.commons.accounts.models import Guest, User
from engage.core.db import Model, intpk, related
from engage.core.lifecycle import Transitions

UNDO = timedelta(minutes=10)
LEASE = timedelta(hours=2)
COMPLAINT_WINDOW = timedelta(days=183)


class CaseState(StrEnum):
    OPEN = "open"
    DECIDED = "decided"


class Outcome(StrEnum):
    KEEP = "keep"
    HIDE = "hide"


class ComplaintState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    REVERSED = "reversed"


CASE_TRANSITIONS = Transitions(
    {
        CaseState.OPEN: {CaseState.DECIDED},
        # undone within ten minutes, or reported again
        CaseState.DECIDED: {CaseState.OPEN},
    }
)


class Case(Model):
    """Everything about one contribution that was reported or looked at; reporting again reopens it.

    `round` counts the openings; `version` changes with every step, so that two people who work
    on the same case notice each other.
    """

    __tablename__ = "moderation_cases"
    __table_args__ = (
        UniqueConstraint("kind", "target_id"),
        Index("ix_moderation_cases_state_due_at", "state", "due_at", "id"),
        Index("ix_moderation_cases_author_id", "author_id"),
    )

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(60))
    target_id: Mapped[int]
    state: Mapped[CaseState] = mapped_column(default=CaseState.OPEN)
    round: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(300))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("guests.id", ondelete="SET NULL"))
    reports_count: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    claimed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    author: Mapped[Optional[User]] = related(foreign_keys=[author_id])
    guest: Mapped[Optional[Guest]] = related(foreign_keys=[guest_id])
    claimed_by: Mapped[Optional[User]] = related(foreign_keys=[claimed_by_id])

    @property
    def reference(self) -> str:
        return f"{self.opened_at:%Y}-{self.id}"

    def held_by(self, now: datetime) -> int | None:
        """The id of the person working on it; a claim nobody finished lapses after two hours."""
        if self.claimed_at is None or now >= self.claimed_at + LEASE:
            return None
        return self.claimed_by_id


class Snapshot(Model):
    """The words as they stood when they were reported; later edits do not change them."""

    __tablename__ = "moderation_snapshots"
    __table_args__ = (UniqueConstraint("case_id", "digest"),)

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(ForeignKey("moderation_cases.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(10), default="")
    taken_at: Mapped[datetime]


class Report(Model):
    """One person's notice. `reporter_key` tells one person from another without an account."""

    __tablename__ = "moderation_reports"
    __table_args__ = (
        UniqueConstraint("case_id", "round", "reporter_key"),
        UniqueConstraint("reference"),
        Index("ix_moderation_reports_case_id", "case_id", "id"),
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(ForeignKey("moderation_cases.id", ondelete="CASCADE"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("moderation_snapshots.id"))
    round: Mapped[int]
    reporter_key: Mapped[str] = mapped_column(String(80))
    reference: Mapped[str] = mapped_column(String(16))
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(120), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    locale: Mapped[str] = mapped_column(String(10))
    ground: Mapped[str] = mapped_column(String(40))
    explanation: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(500))
    received_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    case: Mapped[Case] = related()
    reporter: Mapped[Optional[User]] = related()


class Decision(Model):
    """What was decided, and why. The letters leave once it can no longer be undone."""

    __tablename__ = "moderation_decisions"
    __table_args__ = (
        Index("ix_moderation_decisions_case_id", "case_id", "id"),
        Index("ix_moderation_decisions_letters", "letters_at", "undone_at", "decided_at"),
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(ForeignKey("moderation_cases.id", ondelete="CASCADE"))
    round: Mapped[int]
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("moderation_snapshots.id"))
    decider_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    outcome: Mapped[Outcome]
    rule: Mapped[str] = mapped_column(String(40))
    words: Mapped[str] = mapped_column(Text)
    by_notice: Mapped[bool]
    # did it hide or restore anything, or confirm what was?
    changed: Mapped[bool]
    decided_at: Mapped[datetime]
    letters_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    reversed_at: Mapped[datetime | None]

    case: Mapped[Case] = related()
    snapshot: Mapped[Snapshot] = related()
    decider: Mapped[Optional[User]] = related()

    @property
    def undo_until(self) -> datetime:
        return self.decided_at + UNDO

    def can_be_undone(self, now: datetime) -> bool:
        return self.undone_at is None and self.letters_at is None and now < self.undo_until


class Complaint(Model):
    """Somebody disagrees with a decision; never answered by the person who took it."""

    __tablename__ = "moderation_complaints"
    __table_args__ = (
        UniqueConstraint("decision_id", "complainant_key"),
        CheckConstraint("reviewer_id IS NULL OR reviewer_id <> decider_id", name="second_person"),
        Index("ix_moderation_complaints_state_due_at", "state", "due_at"),
    )

    id: Mapped[intpk]
    decision_id: Mapped[int] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="CASCADE")
    )
    complainant_key: Mapped[str] = mapped_column(String(80))
    is_author: Mapped[bool]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    report_id: Mapped[int | None] = mapped_column(ForeignKey("moderation_reports.id"))
    state: Mapped[ComplaintState] = mapped_column(default=ComplaintState.OPEN)
    text: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    # kept here because a constraint cannot look into another table
    decider_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    words: Mapped[str] = mapped_column(Text, default="")
    reviewed_at: Mapped[datetime | None]

    decision: Mapped[Decision] = related()
    user: Mapped[Optional[User]] = related(foreign_keys=[user_id])
    report: Mapped[Optional[Report]] = related()


class CaseEvent(Model):
    """The history of a case, for the people who work on it."""

    __tablename__ = "moderation_events"
    __table_args__ = (Index("ix_moderation_events_case_id", "case_id", "id"),)

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(ForeignKey("moderation_cases.id", ondelete="CASCADE"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    what: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime]

    actor: Mapped[Optional[User]] = related()
