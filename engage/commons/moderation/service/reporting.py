"""A notice comes in: checked, kept with the words it is about, thanked for."""

from __future__ import annotations

import hashlib
import secrets

from engage.commons.accounts.identity import email_key
from engage.commons.accounts.models import User
from engage.commons.moderation import kinds, notices, queries
from engage.commons.moderation.cases import kept_words, note, opened_case
from engage.commons.moderation.models import Report
from engage.commons.moderation.notice import Notice
from engage.commons.moderation.rules import GROUNDS
from engage.core import audit, clock
from engage.core.db import db, transactional
from engage.core.errors import Invalid, Missing
from engage.core.i18n import _l

EXPLANATION_MAX = 4000


def report(kind: str, target_id: int, notice: Notice, *, actor: User | None) -> Report:
    """Take in a notice and thank for it. The same person's second one is the first one again.

    Raises Missing for what readers cannot see, Invalid for an incomplete notice.
    """
    subject = kinds.subject(kind, target_id)
    if subject.is_hidden:
        raise Missing
    _check(notice, actor)
    now = clock.now()
    with transactional():
        case = opened_case(kind, subject, now)
        key = _reporter_key(notice, actor)
        before = queries.report_by(case, key)
        if before is not None:
            return before
        snapshot = kept_words(case, subject, now)
        row = Report(
            case_id=case.id,
            snapshot_id=snapshot.id,
            round=case.round,
            reporter_key=key,
            reference=_reference(),
            reporter_id=actor.id if actor else None,
            reporter=actor,
            name="" if actor else notice.name.strip(),
            email="" if actor else notice.email.strip(),
            locale=actor.locale if actor else notice.locale,
            ground=notice.ground,
            explanation=notice.explanation.strip(),
            address=notice.address[:500],
            received_at=now,
        )
        db.session.add(row)
        case.reports_count += 1
        case.version += 1
        db.session.flush()
        note(case, "reported", None, now, ground=notice.ground, report=row.id)
        # not even the record says who: it has more readers than the queue
        audit.record("moderation.reported", case, actor=None, report=row.id, ground=notice.ground)
        notices.thank_reporter(row, case)
    return row


def _check(notice: Notice, actor: User | None) -> None:
    wrong = {}
    ground = GROUNDS.get(notice.ground)
    if ground is None:
        wrong["ground"] = _l("Say what is wrong with it.")
    explanation = notice.explanation.strip()
    if len(explanation) < 5:
        wrong["explanation"] = _l("Explain in a sentence or two, so that we can understand you.")
    elif len(explanation) > EXPLANATION_MAX:
        wrong["explanation"] = _l("Shorten this to 4,000 characters.")
    if not notice.good_faith:
        wrong["good_faith"] = _l("Confirm that what you tell us is true as far as you know.")
    if actor is None and not (ground and ground.anonymous):
        if not notice.name.strip():
            wrong["name"] = _l("Tell us your name. The author will not see it.")
        if not email_key(notice.email.strip()):
            wrong["email"] = _l("Give an e-mail address we can answer to.")
    elif actor is None and notice.email.strip() and not email_key(notice.email.strip()):
        wrong["email"] = _l("Give an e-mail address we can answer to, or leave this empty.")
    if wrong:
        raise Invalid(wrong)


def _reporter_key(notice: Notice, actor: User | None) -> str:
    """One person, with or without an account; who gives no name is told by their words."""
    if actor is not None:
        return f"user:{actor.id}"
    address = notice.email.strip()
    if address:
        return "mail:" + hashlib.sha256((email_key(address) or address).encode()).hexdigest()
    words = " ".join(notice.explanation.casefold().split())
    return "text:" + hashlib.sha256(words.encode()).hexdigest()


def _reference() -> str:
    # no letters that look alike: people read this out on the telephone
    return "R-" + "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _n in range(8))
