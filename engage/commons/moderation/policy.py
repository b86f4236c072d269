"""Who may moderate what. Nobody decides on their own words, or reviews their own decision."""

from __future__ import annotations

from datetime import datetime, timedelta

from engage.commons.accounts.models import Role, User
from engage.commons.moderation.models import (
    COMPLAINT_WINDOW,
    Case,
    CaseState,
    Complaint,
    ComplaintState,
    Decision,
)
from engage.core.access import ALLOWED, denied
from engage.core.access import Decision as Answer
from engage.core.i18n import _l


def can_moderate(user: User | None) -> Answer:
    """May this person see the queue at all?"""
    if user is None or not user.has_role(Role.MODERATOR):
        return denied(
            _l("Only moderators see this."), _l("Ask an administrator if you should be one.")
        )
    return ALLOWED


def can_work_on(user: User | None, case: Case) -> Answer:
    """May this person claim and decide the case?"""
    may = can_moderate(user)
    if not may:
        return may
    if user is not None and case.author_id == user.id:
        return denied(
            _l("This is your own contribution."), _l("Somebody else has to decide about it.")
        )
    return ALLOWED


def can_decide(user: User | None, case: Case, now: datetime) -> Answer:
    """May this person decide it now?"""
    may = can_work_on(user, case)
    if not may:
        return may
    if case.state is not CaseState.OPEN:
        return denied(_l("This case is decided."), _l("Look at the decision below."))
    holder = case.held_by(now)
    if holder is not None and user is not None and holder != user.id:
        return denied(
            _l("Somebody else is working on this case."),
            _l("Take another one, or wait until it is given back."),
        )
    return ALLOWED


def can_undo(user: User | None, decision: Decision, now: datetime) -> Answer:
    """Only the decider, for ten minutes, and only until the letters have left."""
    may = can_moderate(user)
    if not may:
        return may
    if user is None or decision.decider_id != user.id:
        return denied(_l("Only the person who decided can undo it."))
    if not decision.can_be_undone(now):
        return denied(
            _l("It is too late to undo this: the letters have left."),
            _l("Open the case again and decide anew."),
        )
    return ALLOWED


def can_review(user: User | None, complaint: Complaint) -> Answer:
    """A complaint is answered by a second person, who is neither its author nor its decider."""
    may = can_moderate(user)
    if not may:
        return may
    if user is not None and complaint.decider_id == user.id:
        return denied(
            _l("You took the decision yourself."), _l("A second person has to look at it.")
        )
    if user is not None and complaint.user_id == user.id:
        return denied(_l("This is your own complaint."))
    if complaint.state is not ComplaintState.OPEN:
        return denied(_l("This complaint is answered."))
    return ALLOWED


def can_complain(decision: Decision, now: datetime) -> Answer:
    """Author and reporters may complain for six months, unless the decision no longer stands."""
    if decision.undone_at is not None or decision.reversed_at is not None:
        return denied(_l("This decision no longer stands."))
    if decision.letters_at is None:
        return denied(_l("This decision is not final yet."))
    if now >= decision.letters_at + COMPLAINT_WINDOW + timedelta(days=1):
        return denied(_l("The six months for a complaint are over."))
    return ALLOWED
