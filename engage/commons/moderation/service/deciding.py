"""Working on cases: open, claim, give back, decide, undo, and the letters that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from engage.commons.accounts.models import User
from engage.commons.moderation import kinds, notices, policy, queries
from engage.commons.moderation.cases import kept_words, move, note, opened_case
from engage.commons.moderation.models import (
    UNDO,
    Case,
    CaseState,
    Decision,
    Outcome,
    Snapshot,
)
from engage.commons.moderation.rules import RULES
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, EngageError, Invalid, Missing
from engage.core.i18n import _, _l, format_time

WORDS_MAX = 4000


def open_case(kind: str, target_id: int, *, actor: User) -> Case:
    """Look at a contribution without anybody's report; the case is the actor's at once."""
    require(policy.can_moderate(actor))
    subject = kinds.subject(kind, target_id)
    now = clock.now()
    with transactional():
        case = opened_case(kind, subject, now)
        require(policy.can_decide(actor, case, now))
        kept_words(case, subject, now)
        note(case, "opened", actor, now)
        _claim(case, actor, now)
        audit.record("moderation.opened", case, actor=actor)
    return case


def claim(case_id: int, *, actor: User) -> Case:
    """Take a case. Conflict when somebody else was quicker, with the time they took it."""
    now = clock.now()
    with transactional():
        case = lock(Case, case_id)
        require(policy.can_work_on(actor, case))
        _still_open(case)
        _not_held(case, actor, now)
        if case.held_by(now) != actor.id:
            _claim(case, actor, now)
            note(case, "claimed", actor, now)
    return case


def give_back(case_id: int, *, actor: User) -> Case:
    """Let others take the case again."""
    with transactional():
        case = lock(Case, case_id)
        require(policy.can_work_on(actor, case))
        if case.claimed_by_id == actor.id:
            case.claimed_by_id = case.claimed_at = None
            case.version += 1
            note(case, "given_back", actor)
    return case


def decide(
    case_id: int,
    *,
    actor: User,
    version: int,
    outcome: Outcome,
    rule: str,
    words: str,
) -> Decision:
    """Decide: the measure takes effect at once, the letters leave when it can no longer be undone.

    Raises Conflict when the case was decided, taken or reported again since `version` was shown.
    """
    with transactional():
        return _decide(case_id, actor, version, outcome, rule, words)


@dataclass(frozen=True)
class Several:
    """What became of many: decisions taken, and cases that somebody else changed meanwhile."""

    decided: list[Decision]
    left: dict[int, str]


def decide_many(
    versions: Mapping[int, int], *, actor: User, outcome: Outcome, rule: str, words: str
) -> Several:
    """The same decision on several cases, each with its own letters; one conflict stops only itself."""
    check_decision(outcome, rule, words)
    done: list[Decision] = []
    left: dict[int, str] = {}
    with transactional():
        for case_id, version in sorted(versions.items()):
            try:
                with db.session.begin_nested():
                    done.append(_decide(case_id, actor, version, outcome, rule, words))
            except EngageError as error:
                left[case_id] = str(error.message or error.title)
    return Several(done, left)


def undo(decision_id: int, *, actor: User) -> Case:
    """Take a decision back before its letters leave; the case is the actor's again.

    Raises NotAllowed after ten minutes, Conflict when the case was reopened meanwhile.
    """
    found = _present(decision_id)
    now = clock.now()
    with transactional():
        case = lock(Case, found.case_id)
        decision = lock(Decision, decision_id)
        require(policy.can_undo(actor, decision, now))
        if case.state is not CaseState.DECIDED or case.round != decision.round:
            raise Conflict(_l("This case is open again already."), url=case_url(case))
        if decision.changed:
            turn(case, _opposite(decision.outcome), decision.rule, actor=actor)
        decision.undone_at = now
        move(case, CaseState.OPEN)
        case.decided_at = None
        _claim(case, actor, now)
        note(case, "undone", actor, now, decision=decision.id)
        audit.record("moderation.undone", case, actor=actor, decision=decision.id)
    return case


def send_letters(decision_id: int, *, actor: User | None = None) -> bool:
    """Let the letters of a decision leave, once; answers False when there is nothing to send.

    The worker calls it when ten minutes have passed, a moderator to be quicker.
    """
    found = _present(decision_id)
    now = clock.now()
    with transactional():
        case = lock(Case, found.case_id)
        decision = lock(Decision, decision_id)
        if decision.letters_at is not None or decision.undone_at is not None:
            return False
        if actor is not None:
            require(policy.can_moderate(actor))
        decision.letters_at = now
        snapshot = db.session.get_one(Snapshot, decision.snapshot_id)
        for report in queries.reports(case, opening=decision.round):
            notices.answer_reporter(report, case, decision, snapshot)
            report.answered_at = now
        if decision.changed or decision.outcome is Outcome.HIDE:
            notices.tell_author(case, decision, snapshot)
        case.version += 1
        note(case, "letters_sent", actor, now, decision=decision.id)
        audit.record("moderation.letters_sent", case, actor=actor, decision=decision.id)
    return True


def send_due_letters() -> int:
    """The letters of every decision that can no longer be undone; answers of how many."""
    return sum(
        send_letters(decision_id) for decision_id in queries.decisions_due(clock.now() - UNDO)
    )


# --- shared with complaints --------------------------------------------------------------


def take(
    case: Case, *, actor: User, outcome: Outcome, rule: str, words: str, now: datetime
) -> Decision:
    """Write the decision down and let its measure take effect, in the running transaction.

    A contribution that is gone, or whose feature is, is decided on by the words that were kept.
    """
    target = (case.kind, case.target_id)
    subject = kinds.subjects([target]).get(target)
    snapshot = kept_words(case, subject, now) if subject else queries.first_snapshot(case)
    if snapshot is None:
        raise Missing
    decision = Decision(
        case_id=case.id,
        round=case.round,
        snapshot_id=snapshot.id,
        decider_id=actor.id,
        outcome=outcome,
        rule=rule,
        words=words.strip(),
        by_notice=case.reports_count > 0,
        changed=subject is not None and subject.is_hidden is not (outcome is Outcome.HIDE),
        decided_at=now,
    )
    db.session.add(decision)
    db.session.flush()
    if decision.changed:
        turn(case, outcome, rule, actor=actor)
    return decision


def turn(case: Case, outcome: Outcome, rule: str, *, actor: User) -> None:
    """Hide the contribution or show it again."""
    kind = kinds.get(case.kind)
    if outcome is Outcome.HIDE:
        kind.hide(case.target_id, actor=actor, reason=rule)
    else:
        kind.restore(case.target_id, actor=actor)


def check_decision(outcome: Outcome, rule: str, words: str) -> None:
    """Raises Invalid for a rule that does not carry the outcome, or for missing words."""
    wrong = {}
    known = RULES.get(rule)
    if known is None or known.outcome is not outcome:
        wrong["rule"] = _l("Choose the rule that fits your decision.")
    if not words.strip():
        wrong["words"] = _l("Say why, in your words: the people concerned will read it.")
    elif len(words) > WORDS_MAX:
        wrong["words"] = _l("Shorten this to 4,000 characters.")
    if wrong:
        raise Invalid(wrong)


def case_url(case: Case) -> str:
    return url_for("moderation_office.case", case_id=case.id)


def _decide(
    case_id: int, actor: User, version: int, outcome: Outcome, rule: str, words: str
) -> Decision:
    now = clock.now()
    case = lock(Case, case_id)
    require(policy.can_work_on(actor, case))
    _still_open(case)
    _not_held(case, actor, now)
    if case.version != version:
        raise Conflict(
            _l("This case has changed since you opened it."),
            _l("Somebody may have reported it again. Look at it once more, then decide."),
            url=case_url(case),
            kept=words,
        )
    require(policy.can_decide(actor, case, now))
    check_decision(outcome, rule, words)
    decision = take(case, actor=actor, outcome=outcome, rule=rule, words=words, now=now)
    move(case, CaseState.DECIDED)
    case.decided_at = now
    case.claimed_by_id = case.claimed_at = None
    note(case, "decided", actor, now, outcome=outcome.value, rule=rule, decision=decision.id)
    audit.record(
        "moderation.decided",
        case,
        actor=actor,
        decision=decision.id,
        outcome=outcome.value,
        rule=rule,
    )
    return decision


def _claim(case: Case, actor: User, now: datetime) -> None:
    case.claimed_by_id = actor.id
    case.claimed_at = now
    case.version += 1


def _still_open(case: Case) -> None:
    if case.state is CaseState.OPEN:
        return
    decision = queries.standing_decision(case)
    who = decision.decider.display_name if decision and decision.decider else _("somebody else")
    raise Conflict(
        _(
            "This case was decided by %(who)s at %(time)s.",
            who=who,
            time=format_time(case.decided_at) if case.decided_at else "",
        ),
        _l("Look at the decision. If you disagree, open the case again."),
        url=case_url(case),
    )


def _not_held(case: Case, actor: User, now: datetime) -> None:
    holder = case.held_by(now)
    if holder is None or holder == actor.id or case.claimed_at is None:
        return
    person = db.session.get(User, holder)
    raise Conflict(
        _(
            "%(who)s has been working on this case since %(time)s.",
            who=person.display_name if person else _("Somebody else"),
            time=format_time(case.claimed_at),
        ),
        _l("Take another one, or wait until it is given back."),
        url=case_url(case),
    )


def _present(decision_id: int) -> Decision:
    decision = db.session.get(Decision, decision_id)
    if decision is None:
        raise Missing
    return decision


def _opposite(outcome: Outcome) -> Outcome:
    return Outcome.KEEP if outcome is Outcome.HIDE else Outcome.HIDE
