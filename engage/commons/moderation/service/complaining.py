"""Somebody disagrees: a second person looks, and the decision stands or is turned round."""

from __future__ import annotations

from datetime import timedelta

from engage.commons.accounts.models import User
from engage.commons.moderation import notices, policy, queries
from engage.commons.moderation.cases import note
from engage.commons.moderation.models import (
    Case,
    CaseState,
    Complaint,
    ComplaintState,
    Decision,
    Outcome,
)
from engage.commons.moderation.service.deciding import (
    WORDS_MAX,
    check_decision,
    send_letters,
    take,
)
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.i18n import _l

ANSWERED_WITHIN = timedelta(days=14)
TEXT_MAX = 4000


def complain(
    decision_id: int, report_id: int | None, *, actor: User | None, text: str
) -> Complaint:
    """Complain as the author (no report) or as the reporter of `report_id`; once each.

    `actor` is the account that sends it, if any: the signed link is what entitles.
    """
    decision = queries.decision(decision_id)
    if decision is None:
        raise Missing
    report = queries.report(report_id) if report_id is not None else None
    if report_id is not None and (report is None or report.case_id != decision.case_id):
        raise Missing
    require(policy.can_complain(decision, clock.now()))
    if len(text.strip()) < 5:
        raise Invalid({"text": _l("Tell us in a sentence or two why you disagree.")})
    if len(text) > TEXT_MAX:
        raise Invalid({"text": _l("Shorten this to 4,000 characters.")})
    key = f"report:{report_id}" if report_id is not None else "author"
    now = clock.now()
    with transactional():
        case = lock(Case, decision.case_id)
        before = queries.complaint_by(decision, key)
        if before is not None:
            return before
        complaint = Complaint(
            decision_id=decision.id,
            complainant_key=key,
            is_author=report_id is None,
            user_id=actor.id if actor else None,
            report_id=report_id,
            report=report,
            text=text.strip(),
            received_at=now,
            due_at=now + ANSWERED_WITHIN,
            decider_id=decision.decider_id,
        )
        db.session.add(complaint)
        db.session.flush()
        note(case, "complained", None, now, complaint=complaint.id, by_author=report_id is None)
        audit.record("moderation.complained", case, actor=None, complaint=complaint.id)
        notices.confirm_complaint(complaint, case)
    return complaint


def review(complaint_id: int, *, actor: User, reverse: bool, rule: str, words: str) -> Complaint:
    """Answer a complaint. `reverse` turns the decision round by `rule`, and tells everybody."""
    found = queries.complaint(complaint_id)
    if found is None:
        raise Missing
    now = clock.now()
    with transactional():
        case = lock(Case, found.decision.case_id)
        complaint = lock(Complaint, complaint_id)
        # the lock refreshed the row, and dropped the people it came with
        found = queries.complaint(complaint_id) or found
        if complaint.state is not ComplaintState.OPEN:
            raise Conflict(_l("Somebody else has answered this complaint."))
        require(policy.can_review(actor, complaint))
        _check(reverse, found.decision, rule, words)
        complaint.state = ComplaintState.REVERSED if reverse else ComplaintState.UPHELD
        complaint.reviewer_id = actor.id
        complaint.words = words.strip()
        complaint.reviewed_at = now
        if reverse:
            _reverse(case, found.decision, actor, rule, words)
        note(case, "reviewed", actor, now, complaint=complaint.id, reversed=reverse)
        audit.record(
            "moderation.reviewed", case, actor=actor, complaint=complaint.id, reversed=reverse
        )
        notices.answer_complaint(found, case, turned=reverse)
    return complaint


def _check(reverse: bool, decision: Decision, rule: str, words: str) -> None:
    if reverse:
        check_decision(_other(decision.outcome), rule, words)
    elif not words.strip():
        raise Invalid({"words": _l("Say why: the person who complained will read it.")})
    elif len(words) > WORDS_MAX:
        raise Invalid({"words": _l("Shorten this to 4,000 characters.")})


def _reverse(case: Case, decision: Decision, actor: User, rule: str, words: str) -> None:
    """A new decision by the second person; its letters leave at once."""
    now = clock.now()
    if case.state is not CaseState.DECIDED or decision.reversed_at is not None:
        raise Conflict(
            _l("This case is open again, or the decision no longer stands."),
            _l("Decide the open case first."),
        )
    decision.reversed_at = now
    fresh = take(
        case,
        actor=actor,
        outcome=_other(decision.outcome),
        rule=rule,
        words=words,
        now=now,
    )
    fresh.round = decision.round
    case.decided_at = now
    db.session.flush()
    send_letters(fresh.id)


def _other(outcome: Outcome) -> Outcome:
    return Outcome.KEEP if outcome is Outcome.HIDE else Outcome.HIDE
