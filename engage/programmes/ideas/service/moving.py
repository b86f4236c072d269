"""Moving an idea from state to state: one way, with a line in its history and in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import selectinload

from engage.commons.accounts.identity import skeleton
from engage.commons.accounts.models import User
from engage.commons.comments import mentions
from engage.core import audit, clock
from engage.core.db import db, lock
from engage.core.errors import Missing
from engage.core.events import announce
from engage.programmes.ideas import notices, similar
from engage.programmes.ideas.events import IdeaMoved, IdeaPublished, IdeaRemoved
from engage.programmes.ideas.models import (
    DECIDED,
    LIVE,
    TRANSITIONS,
    Call,
    CallHost,
    Idea,
    IdeaMention,
    IdeaPair,
    IdeaState,
    IdeaStep,
    StepKind,
)

TWINS = 60  # of 100: from here on officers are asked whether two ideas are the same


def locked(idea_id: int) -> tuple[Idea, Call]:
    """The idea, locked, and its call with hosts, questions, categories and words. Raises Missing."""
    idea = lock(Idea, idea_id)
    return idea, call_of(idea.call_id)


def call_of(call_id: int) -> Call:
    """The call with everything rules ask of it. Raises Missing."""
    call = db.session.scalar(
        select(Call)
        .where(Call.id == call_id)
        .options(
            selectinload(Call.hosts).joinedload(CallHost.organisation),
            selectinload(Call.fields),
            selectinload(Call.categories),
            selectinload(Call.criteria),
            selectinload(Call.translations),
        )
        .execution_options(populate_existing=True)
    )
    if call is None:
        raise Missing
    return call


def move(
    idea: Idea,
    state: IdeaState,
    *,
    actor: User | None,
    reason: str = "",
    is_public: bool = True,
    details: dict[str, Any] | None = None,
) -> None:
    """Put a locked idea where it goes next. Raises Conflict when that may not follow."""
    now, before = clock.now(), idea.state
    TRANSITIONS.check(before, state)
    idea.state = state
    idea.moved_at = now
    if state in DECIDED and idea.decided_at is None:
        idea.decided_at = now
    if state is IdeaState.DELIVERED:
        idea.delivered_at = now
    write_step(
        idea,
        StepKind.STATE,
        actor=actor,
        state=state,
        reason=reason,
        is_public=is_public,
        details=details,
    )
    audit.record(f"idea.{state.value}", idea, actor=actor, before=before.value)
    db.session.flush()
    announce(IdeaMoved(idea.id, before, state))
    if before in LIVE and state not in LIVE:
        announce(IdeaRemoved(idea.id))


def write_step(
    idea: Idea,
    kind: StepKind,
    *,
    actor: User | None,
    state: IdeaState | None = None,
    reason: str = "",
    is_public: bool = True,
    details: dict[str, Any] | None = None,
) -> None:
    """One line of an idea's history."""
    db.session.add(
        IdeaStep(
            idea_id=idea.id,
            kind=kind,
            state=state,
            reason=reason.strip(),
            details=details or {},
            is_public=is_public,
            actor_id=actor.id if actor else None,
            at=clock.now(),
        )
    )


def enter(idea: Idea, call: Call, *, by: str) -> None:
    """An idea is public for the first time: it is found, owed an answer, compared and told of."""
    now = clock.now()
    idea.published_at = now
    idea.due_at = now + timedelta(days=call.answer_days)
    similar.index_idea(idea)
    db.session.flush()
    note_twins(idea)
    mention(idea, by)
    announce(IdeaPublished(idea.id))


def note_twins(idea: Idea) -> None:
    """Put what looks like the same idea into the officers' queue of duplicates."""
    for twin in similar.twins(idea.call_id, idea, limit=3, at_least=TWINS):
        note_pair(idea.call_id, idea.id, twin.idea_id, twin.likeness, None)


def note_pair(
    call_id: int, one: int, other: int, likeness: int, reported_by_id: int | None
) -> None:
    """Two ideas may be the same; said twice is noted once."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    db.session.execute(
        insert(IdeaPair)
        .values(
            call_id=call_id,
            idea_id=min(one, other),
            other_id=max(one, other),
            likeness=likeness,
            state="open",
            reported_by_id=reported_by_id,
            noticed_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["idea_id", "other_id"])
    )


def hand_out_news() -> None:
    """Tell everybody about all waiting news now, instead of when the worker comes round."""
    notices.hand_out()


def mention(idea: Idea, by: str) -> None:
    """Tell the people of this call that the idea names, once each, however often it is edited."""
    named = mentioned(idea)
    if not named:
        return
    before = set(
        db.session.scalars(select(IdeaMention.user_id).where(IdeaMention.idea_id == idea.id))
    )
    fresh = [person for person in named if person.id not in before]
    db.session.add_all(IdeaMention(idea_id=idea.id, user_id=person.id) for person in fresh)
    db.session.flush()
    notices.tell_mentioned(fresh, idea, by)


def mentioned(idea: Idea) -> Sequence[User]:
    """Authors of public ideas of the same call whom the text names by `@display name`."""
    wanted = mentions.candidates(idea.body)
    keys = {skeleton(name)[:160] for names in wanted for name in names}
    if not keys:
        return []
    here = select(Idea.id).where(
        Idea.call_id == idea.call_id, Idea.author_id == User.id, Idea.state.in_(LIVE)
    )
    people = db.session.scalars(
        select(User).where(User.name_key.in_(keys), User.closed_at.is_(None), here.exists())
    ).all()
    return [person for person in people if person.id != idea.author_id]
