"""From idea to deed: who builds it, the steps, how it goes, done; and what it became elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from engage.commons.accounts.models import Organisation, User
from engage.commons.accounts.queries import organisations_spoken_for
from engage.core import audit, clock, files
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.events import announce
from engage.core.i18n import _l, locales
from engage.core.richtext import plain, render
from engage.programmes.ideas import notices, policy, receivers
from engage.programmes.ideas.events import IdeaPromoted
from engage.programmes.ideas.models import (
    LIVE,
    Idea,
    IdeaState,
    Milestone,
    Occasion,
    ProgressPost,
    Promotion,
    StepKind,
)
from engage.programmes.ideas.service.merging import may_work
from engage.programmes.ideas.service.moving import move, write_step

MOST_MILESTONES = 40
BUILT = (
    IdeaState.ACCEPTED,
    IdeaState.PARTLY_ACCEPTED,
    IdeaState.IN_PROGRESS,
    IdeaState.DELIVERED,
)


def set_owner(idea_id: int, *, organisation_id: int | None, actor: User) -> Idea:
    """Name the organisation that builds it; its people may tell how it goes."""
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        if organisation_id is not None:
            organisation = db.session.get(Organisation, organisation_id)
            if organisation is None or not organisation.is_verified:
                raise Invalid({"organisation_id": _l("Choose a verified organisation.")})
            if idea.state not in BUILT:
                raise Conflict(_l("Only an accepted idea is built."), _l("Answer it first."))
        if idea.owner_id != organisation_id:
            idea.owner_id = organisation_id
            write_step(
                idea,
                StepKind.OWNED,
                actor=actor,
                is_public=organisation_id is not None,
                details={"organisation": organisation_id},
            )
            db.session.flush()
            audit.record("idea.owner_set", idea, actor=actor, organisation=organisation_id)
    return idea


def add_milestone(idea_id: int, *, title: str, due_on: date | None, actor: User) -> Milestone:
    """Promise a step for a day."""
    with transactional():
        idea = _owned(idea_id, actor)
        title = " ".join(title.split())
        if not title or len(title) > 200:
            raise Invalid({"title": _l("Say what will be done, in at most 200 characters.")})
        present = db.session.scalars(select(Milestone.id).where(Milestone.idea_id == idea_id)).all()
        if len(present) >= MOST_MILESTONES:
            raise Invalid({"title": _l("Forty steps are enough.")})
        milestone = Milestone(idea_id=idea.id, title=title, due_on=due_on)
        db.session.add(milestone)
        db.session.flush()
        audit.record("idea.milestone_added", idea, actor=actor, milestone=milestone.id)
    return milestone


def finish_milestone(
    idea_id: int, *, milestone_id: int, done_on: date | None, actor: User
) -> Milestone:
    """Say on which day a step was done; None opens it again."""
    with transactional():
        idea = _owned(idea_id, actor)
        milestone = _milestone(idea_id, milestone_id)
        if done_on is not None and done_on > clock.now().date():
            raise Invalid({"done_on": _l("This day has not come yet.")})
        milestone.done_on = done_on
        db.session.flush()
        audit.record("idea.milestone_set", idea, actor=actor, milestone=milestone.id)
    return milestone


def remove_milestone(idea_id: int, *, milestone_id: int, actor: User) -> None:
    """Take a step out."""
    with transactional():
        idea = _owned(idea_id, actor)
        db.session.delete(_milestone(idea_id, milestone_id))
        db.session.flush()
        audit.record("idea.milestone_removed", idea, actor=actor, milestone=milestone_id)


def post_progress(
    idea_id: int,
    *,
    body: str,
    language: str,
    photo: Any | None = None,
    photo_text: str = "",
    is_delivery: bool = False,
    organisation_id: int | None = None,
    actor: User,
) -> ProgressPost:
    """Tell how it goes, perhaps with a photo; with `is_delivery` the idea is done.

    An accepted idea is in progress from its first post. Authors and supporters are told.
    """
    with transactional():
        idea = _owned(idea_id, actor)
        wrong: dict[str, Any] = {}
        if not body.strip() or len(body) > 8000:
            wrong["body"] = _l("Tell how it goes, in at most 8,000 characters.")
        if language not in locales():
            wrong["language"] = _l("Choose one of the languages of this site.")
        if photo and not photo_text.strip():
            wrong["photo_text"] = _l("Say what the photo shows, for people who cannot see it.")
        if len(photo_text) > 300:
            wrong["photo_text"] = _l("Use at most 300 characters.")
        if is_delivery and idea.state is IdeaState.DELIVERED:
            wrong["is_delivery"] = _l("This idea is done already.")
        if wrong:
            raise Invalid(wrong)
        stored = files.store(photo, purpose="cover", actor=actor, field="photo") if photo else None
        post = ProgressPost(
            idea_id=idea.id,
            organisation_id=organisation_id or idea.owner_id,
            author_id=actor.id,
            body=body.strip(),
            body_html=render(body, profile="letter"),
            language=language,
            photo_id=stored.id if stored else None,
            photo_text=photo_text.strip() if stored else "",
            is_delivery=is_delivery,
            posted_at=clock.now(),
        )
        db.session.add(post)
        db.session.flush()
        if is_delivery:
            move(idea, IdeaState.DELIVERED, actor=actor)
        elif idea.state in (IdeaState.ACCEPTED, IdeaState.PARTLY_ACCEPTED):
            move(idea, IdeaState.IN_PROGRESS, actor=actor)
        audit.record("idea.progress_posted", idea, actor=actor, post=post.id)
        notices.put_on_the_board(
            idea,
            Occasion.DELIVERED if is_delivery else Occasion.PROGRESS,
            key=f"post-{post.id}",
            details={
                "state": idea.state.value,
                "excerpt": plain(post.body, limit=notices.EXCERPT),
            },
        )
    return post


def remove_post(idea_id: int, *, post_id: int, actor: User) -> None:
    """Take a post back; one that delivered the idea stays, as the public record of it."""
    with transactional():
        idea = _owned(idea_id, actor)
        post = db.session.get(ProgressPost, post_id)
        if post is None or post.idea_id != idea_id:
            raise Missing
        if post.is_delivery:
            raise Conflict(_l("This post says that the idea is done, so it stays."))
        db.session.delete(post)
        db.session.flush()
        audit.record("idea.progress_removed", idea, actor=actor, post=post_id)


def promote_idea(
    idea_id: int, *, kind: str, target_id: int | None = None, actor: User
) -> Promotion:
    """Let an idea become something elsewhere: a challenge, a ballot's option, an initiative.

    `kind` names a registered receiver; `target_id` what it is added to, where the receiver offers
    that. Promoting twice to the same thing is once. Raises Missing, NotAllowed, Conflict.
    """
    receiver = receivers.get(kind)
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        if idea.state not in LIVE or idea.state is IdeaState.DECLINED:
            raise Conflict(_l("Only a public idea that was not declined can become more."))
        require(receiver.can(actor, idea))
        if target_id is not None and target_id not in {
            ident for ident, _words in receiver.choices(actor)
        }:
            raise Invalid({"target": _l("Choose one of those offered.")})
        made = receiver.promote(idea, actor=actor, target_id=target_id)
        present = db.session.scalar(
            select(Promotion).where(
                Promotion.idea_id == idea_id,
                Promotion.kind == kind,
                Promotion.target_id == made,
            )
        )
        if present is not None:
            return present
        now = clock.now()
        promotion = Promotion(
            idea_id=idea.id, kind=kind, target_id=made, by_id=actor.id, promoted_at=now
        )
        db.session.add(promotion)
        db.session.flush()
        write_step(idea, StepKind.PROMOTED, actor=actor, details={"kind": kind, "target": made})
        audit.record("idea.promoted", idea, actor=actor, receiver=kind, made=made)
        notices.put_on_the_board(
            idea,
            Occasion.PROMOTED,
            key=f"promoted-{promotion.id}",
            details={"state": idea.state.value, "receiver": kind},
        )
        announce(IdeaPromoted(idea.id, kind, made))
    return promotion


def _owned(idea_id: int, actor: User) -> Idea:
    idea = lock(Idea, idea_id)
    if idea.state is IdeaState.DRAFT:
        raise Missing
    speaks = [found.id for found in organisations_spoken_for(actor)]
    require(policy.can_own(actor, idea, speaks))
    if idea.state not in BUILT:
        raise Conflict(_l("Only an accepted idea is built."), _l("Answer it first."))
    return idea


def _milestone(idea_id: int, milestone_id: int) -> Milestone:
    milestone = db.session.get(Milestone, milestone_id)
    if milestone is None or milestone.idea_id != idea_id:
        raise Missing
    return milestone
