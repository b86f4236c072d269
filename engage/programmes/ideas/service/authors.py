"""Co-authors: asked by mail, standing beside the author once they accept."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select, update

from engage.commons.accounts.identity import email_key
from engage.commons.accounts.models import User
from engage.commons.accounts.service import checked_email
from engage.commons.comments.models import Thread
from engage.core import audit, clock, files
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.i18n import _l
from engage.programmes.ideas import notices, policy
from engage.programmes.ideas.models import (
    CoAuthor,
    Idea,
    IdeaAnswer,
    IdeaAttachment,
    IdeaMention,
    IdeaNote,
    IdeaOfficer,
    IdeaRevision,
    IdeaState,
    ProgressPost,
)

LIVES = timedelta(days=14)


def invite_co_author(idea_id: int, *, email: str, actor: User) -> CoAuthor:
    """Ask an address to be a co-author. Known and unknown addresses look the same.

    Raises Invalid (`email`), NotAllowed, Missing. Asking again sends the link anew.
    """
    address = checked_email(email)
    with transactional():
        idea = lock(Idea, idea_id)
        if idea.state is IdeaState.DRAFT and idea.author_id != actor.id:
            raise Missing
        count = db.session.scalar(
            select(func.count()).select_from(CoAuthor).where(CoAuthor.idea_id == idea_id)
        )
        require(policy.can_invite(actor, idea, count or 0))
        key = email_key(address)
        if key == actor.email_key:
            raise Invalid({"email": _l("This is your own address. Name somebody else.")})
        invitation = db.session.scalar(
            select(CoAuthor).where(CoAuthor.idea_id == idea_id, CoAuthor.email_key == key)
        )
        if invitation is not None and invitation.accepted_at is not None:
            raise Invalid({"email": _l("This person is a co-author already.")})
        now = clock.now()
        if invitation is None:
            invitation = CoAuthor(idea_id=idea_id, email=address, expires_at=now + LIVES)
            db.session.add(invitation)
        elif now - invitation.created_at < timedelta(hours=1):
            raise Invalid({"email": _l("We asked this address a moment ago. Give it some time.")})
        invitation.invited_by_id = actor.id
        invitation.created_at = now
        invitation.expires_at = now + LIVES
        invitation.declined_at = None
        db.session.flush()
        audit.record("idea.co_author_invited", idea, actor=actor, invitation=invitation.id)
        notices.invite(invitation, idea, actor)
    return invitation


def accept_invitation(co_author_id: int, *, actor: User) -> Idea:
    """Become a co-author. Only the account of the very address that was asked may.

    Raises Missing, NotAllowed, Conflict when it was answered or is too old.
    """
    with transactional():
        invitation = _own(co_author_id, actor)
        now = clock.now()
        idea = lock(Idea, invitation.idea_id)
        if invitation.accepted_at is not None:
            return idea
        if invitation.declined_at is not None or invitation.expires_at <= now:
            raise Conflict(
                _l("This invitation was answered or has run out."), _l("Ask to be invited anew.")
            )
        invitation.accepted_at = now
        invitation.user_id = actor.id
        db.session.flush()
        audit.record("idea.co_author_joined", idea, actor=actor)
    return idea


def decline_invitation(co_author_id: int, *, actor: User) -> None:
    """Say no. Raises Missing, NotAllowed, Conflict once accepted."""
    with transactional():
        invitation = _own(co_author_id, actor)
        if invitation.accepted_at is not None:
            raise Conflict(_l("You are a co-author already. Leave the idea instead."))
        invitation.declined_at = invitation.declined_at or clock.now()
        db.session.flush()


def leave(idea_id: int, *, actor: User) -> None:
    """Stop being a co-author."""
    with transactional():
        idea = lock(Idea, idea_id)
        row = db.session.scalar(
            select(CoAuthor).where(CoAuthor.idea_id == idea_id, CoAuthor.user_id == actor.id)
        )
        if row is None:
            raise Missing
        db.session.delete(row)
        db.session.flush()
        audit.record("idea.co_author_left", idea, actor=actor)


def remove_co_author(idea_id: int, *, co_author_id: int, actor: User) -> None:
    """Take back an invitation, or part from a co-author: the first author's word."""
    with transactional():
        idea = lock(Idea, idea_id)
        row = db.session.get(CoAuthor, co_author_id)
        if row is None or row.idea_id != idea_id:
            raise Missing
        if idea.author_id != actor.id:
            raise NotAllowed(_l("Only the person who sent an idea can do this."))
        db.session.delete(row)
        db.session.flush()
        audit.record("idea.co_author_removed", idea, actor=actor)


def _own(co_author_id: int, actor: User) -> CoAuthor:
    invitation = lock(CoAuthor, co_author_id)
    if invitation.email_key != actor.email_key or not actor.is_confirmed:
        raise NotAllowed(
            _l("This invitation is for another address."),
            _l("Sign in with the account of that address, or ask to be invited anew."),
        )
    return invitation


def forget(user_id: int) -> None:
    """An account closes: its drafts go, its words and deeds stay, nothing leads to the person."""
    with transactional():
        drafts = select(Idea.id).where(Idea.author_id == user_id, Idea.state == IdeaState.DRAFT)
        _drop_drafts(list(db.session.scalars(drafts)))
        for column in _NAMED:
            db.session.execute(
                update(column.class_)
                .where(column == user_id)
                .values({column.key: None})
                .execution_options(synchronize_session=False)
            )
        for gone in (CoAuthor.user_id, IdeaOfficer.user_id, IdeaMention.user_id):
            db.session.execute(
                delete(gone.class_)
                .where(gone == user_id)
                .execution_options(synchronize_session=False)
            )


# who wrote, decided or brought in something: the act stays, the name goes
_NAMED = (
    Idea.author_id,
    IdeaRevision.editor_id,
    IdeaNote.author_id,
    IdeaAnswer.author_id,
    ProgressPost.author_id,
)


def _drop_drafts(ids: list[int]) -> None:
    if not ids:
        return
    kept = db.session.scalars(
        select(IdeaAttachment.file_id).where(IdeaAttachment.idea_id.in_(ids))
    ).all()
    db.session.execute(
        delete(IdeaAttachment)
        .where(IdeaAttachment.idea_id.in_(ids))
        .execution_options(synchronize_session=False)
    )
    for file_id in kept:
        files.forget(db.session.get_one(files.StoredFile, file_id), actor=None)
    db.session.flush()
    written_under = select(Idea.thread_id).where(Idea.id.in_(ids))
    threads = db.session.scalars(written_under).all()
    for gone in (
        delete(Idea).where(Idea.id.in_(ids)),
        delete(Thread).where(Thread.id.in_(threads)),
    ):
        db.session.execute(gone.execution_options(synchronize_session=False))
