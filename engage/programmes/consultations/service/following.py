"""Who follows a consultation, and who took part in it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select

from engage.commons.accounts.models import Guest, StakeholderKind
from engage.commons.comments.models import Comment
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, dialect, insert_into, transactional
from engage.core.errors import Missing
from engage.programmes.consultations import policy, queries
from engage.programmes.consultations.models import (
    Consultation,
    ConsultationFollow,
    ConsultationVoice,
)


def follow(consultation_id: int, *, actor: Any) -> None:
    """Tell this person from now on; following twice is following once."""
    with transactional():
        consultation = _visible(consultation_id, actor)
        require(policy.can_follow(actor, consultation, clock.now()))
        if db.session.get(ConsultationFollow, (consultation_id, actor.id)) is None:
            db.session.add(ConsultationFollow(consultation_id=consultation_id, user_id=actor.id))
            db.session.flush()
            audit.record("consultation.followed", consultation, actor=actor)


def unfollow(consultation_id: int, *, actor: Any) -> None:
    """Stop telling this person."""
    with transactional():
        consultation = _visible(consultation_id, actor)
        row = db.session.get(ConsultationFollow, (consultation_id, actor.id))
        if row is not None:
            db.session.delete(row)
            db.session.flush()
            audit.record("consultation.unfollowed", consultation, actor=actor)


def forget_follower(user_id: int) -> None:
    """An account closes: it follows nothing any more."""
    with transactional():
        db.session.execute(delete(ConsultationFollow).where(ConsultationFollow.user_id == user_id))


def note_comment(comment_id: int) -> None:
    """A comment can be read: its author took part, if it stands in a consultation."""
    with transactional():
        comment = db.session.get_one(Comment, comment_id)
        consultation_id = queries.consultation_of_thread(comment.thread_id)
        if consultation_id is None:
            return
        note_voice(
            consultation_id,
            user_id=comment.author_id,
            guest_id=comment.guest_id,
            organisation_id=comment.organisation_id,
            kind=comment.kind,
            at=comment.received_at,
        )


def note_voice(
    consultation_id: int,
    *,
    user_id: int | None,
    guest_id: int | None,
    organisation_id: int | None,
    kind: StakeholderKind,
    at: datetime,
) -> None:
    """Count a person, and the organisation they spoke for, as having taken part; once each."""
    with transactional():
        if user_id is not None:
            _note(consultation_id, f"u{user_id}", kind, user_id, at)
        elif guest_id is not None:
            _note(consultation_id, _guest_voice(guest_id), kind, None, at)
        if organisation_id is not None:
            _note(consultation_id, f"o{organisation_id}", None, None, at)


def claim_voice(guest_id: int, user_id: int) -> None:
    """A guest turned out to be this account: one person, not two."""
    with transactional():
        voice = _guest_voice(guest_id)
        rows = db.session.scalars(
            select(ConsultationVoice).where(ConsultationVoice.voice == voice)
        ).all()
        for row in rows:
            _note(row.consultation_id, f"u{user_id}", row.kind, user_id, row.first_at)
            db.session.delete(row)
        db.session.flush()


def _note(
    consultation_id: int,
    voice: str,
    kind: StakeholderKind | None,
    user_id: int | None,
    at: datetime,
) -> None:
    # two comments of one person may arrive at the same instant under different paragraphs
    row = {"consultation_id": consultation_id, "voice": voice, "kind": kind}
    db.session.execute(_voice(dialect()), row | {"user_id": user_id, "first_at": at})


@cache
def _voice(dialect: str) -> Any:
    statement = insert_into(ConsultationVoice, dialect)
    return statement.on_conflict_do_nothing(index_elements=["consultation_id", "voice"])


def _guest_voice(guest_id: int) -> str:
    # a guest has a row per admission; the address is what makes them one person
    guest = db.session.get_one(Guest, guest_id)
    return "g" + sha256(guest.email_key.encode()).hexdigest()[:20]


def _visible(consultation_id: int, user: Any) -> Consultation:
    consultation = db.session.get(Consultation, consultation_id)
    if consultation is None or not policy.can_see(user, consultation):
        raise Missing
    return consultation
