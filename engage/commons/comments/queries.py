"""Every read of comments. What a reader may not see is not in the answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import joinedload

from engage.commons.accounts.identity import skeleton
from engage.commons.accounts.models import (
    Organisation,
    StakeholderKind,
    User,
)
from engage.commons.accounts.queries import organisations_spoken_for
from engage.commons.comments import mentions, policy, threads
from engage.commons.comments.models import (
    Comment,
    CommentRevision,
    CommentState,
    OfficialAnswer,
    Reaction,
    ReactionValue,
    Thread,
    ThreadReaction,
    ThreadTally,
)
from engage.commons.comments.threads import Place
from engage.core.db import db
from engage.core.errors import Missing

# --- threads and where they hang ----------------------------------------------------------


def places(found: Iterable[Thread], user: User | None, now: datetime) -> dict[int, Place]:
    """Where these threads hang, as this reader sees it: one load per kind. Unknown ones are absent."""
    by_kind: defaultdict[str, set[int]] = defaultdict(set)
    for thread in found:
        by_kind[thread.kind].add(thread.id)
    loaded: dict[int, Place] = {}
    for name, ids in by_kind.items():
        kind = threads.kinds.get(name)
        if kind is not None:
            loaded.update(kind.load(sorted(ids), user, now))
    return loaded


def place_of(thread: Thread, user: User | None, now: datetime) -> Place:
    """Where a thread hangs. Missing when this reader may not see it."""
    place = places([thread], user, now).get(thread.id)
    if place is None or not place.is_visible:
        raise Missing
    return place


@cache
def _thread() -> Select[Thread]:
    return (
        select(Thread)
        .where(Thread.id == bindparam("thread_id"))
        .options(joinedload(Thread.tallies))
        .execution_options(populate_existing=True)
    )


def thread(thread_id: int) -> Thread:
    """A thread with its tallies, in one query. Missing when there is none."""
    found = db.session.scalars(_thread(), {"thread_id": thread_id}).unique().one_or_none()
    if found is None:
        raise Missing
    return found


def own_subject_reaction(thread_id: int, user: User | None) -> ReactionValue | None:
    """What this reader said to the thread's subject."""
    if user is None:
        return None
    wanted = {"thread_id": thread_id, "user_id": user.id}
    return db.session.scalar(_own_subject_reaction(), wanted)


@cache
def _own_subject_reaction() -> Select[ReactionValue]:
    return select(ThreadReaction.value).where(
        ThreadReaction.thread_id == bindparam("thread_id"),
        ThreadReaction.user_id == bindparam("user_id"),
    )


@cache
def _tallies() -> Select[ThreadTally]:
    return (
        select(ThreadTally)
        .where(ThreadTally.thread_id.in_(bindparam("thread_ids", expanding=True)))
        .order_by(ThreadTally.thread_id, ThreadTally.kind)
    )


def tallies(thread_ids: Sequence[int]) -> dict[int, dict[StakeholderKind, ThreadTally]]:
    """What each stakeholder kind said in these threads: one query; silent kinds are absent."""
    found: defaultdict[int, dict[StakeholderKind, ThreadTally]] = defaultdict(dict)
    if thread_ids:
        for row in db.session.scalars(_tallies(), {"thread_ids": list(thread_ids)}):
            found[row.thread_id][row.kind] = row
    return dict(found)


@dataclass(frozen=True)
class Participation:
    """What one stakeholder kind contributed to some threads together."""

    kind: StakeholderKind
    comments: int = 0
    pro: int = 0
    contra: int = 0
    agree: int = 0
    disagree: int = 0


def participation(thread_ids: Sequence[int] | Select[Any]) -> dict[StakeholderKind, Participation]:
    """Every stakeholder kind's share in these threads, the silent ones with zeros: one query."""
    sums = [func.coalesce(func.sum(getattr(ThreadTally, name)), 0) for name in (
        "comments", "pro", "contra", "agree", "disagree"
    )]  # fmt: skip
    found = {
        row[0]: Participation(*row)
        for row in db.session.execute(
            select(ThreadTally.kind, *sums)
            .where(ThreadTally.thread_id.in_(thread_ids))
            .group_by(ThreadTally.kind)
        )
    }
    return {kind: found.get(kind, Participation(kind)) for kind in StakeholderKind}


# --- one comment --------------------------------------------------------------------------


def comment(comment_id: int) -> Comment:
    """The row with its thread. Missing when there is none; says nothing about who may see it."""
    found = db.session.scalar(
        select(Comment)
        .where(Comment.id == comment_id)
        .options(joinedload(Comment.thread))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise Missing
    return found


def visible_comment(comment_id: int, user: User | None, now: datetime) -> tuple[Comment, Place]:
    """A comment and its place. Missing when held, or under something this reader may not see."""
    found = comment(comment_id)
    if not policy.can_see(user, found):
        raise Missing
    return found, place_of(found.thread, user, now)


def revisions(comment_id: int) -> Sequence[CommentRevision]:
    """The words a comment had before, the latest first."""
    return db.session.scalars(
        select(CommentRevision)
        .where(CommentRevision.comment_id == comment_id)
        .order_by(CommentRevision.number.desc())
    ).all()


def reaction_of(comment_id: int, user_id: int) -> Reaction | None:
    """What somebody said to a comment."""
    return db.session.scalar(
        select(Reaction).where(Reaction.comment_id == comment_id, Reaction.user_id == user_id)
    )


def thread_reaction_of(thread_id: int, user_id: int) -> ThreadReaction | None:
    """What somebody said to a thread's subject."""
    return db.session.scalar(
        select(ThreadReaction).where(
            ThreadReaction.thread_id == thread_id, ThreadReaction.user_id == user_id
        )
    )


def mentioned(body: str, thread_id: int, *, by: int | None) -> list[User]:
    """The people of this thread a text names by `@display name`, longest name first.

    No query when no `@` stands in it; only people with a published comment here are found.
    """
    wanted = mentions.candidates(body)
    keys = {skeleton(name)[:160] for names in wanted for name in names}
    if not keys:
        return []
    here = select(Comment.id).where(
        Comment.thread_id == thread_id,
        Comment.author_id == User.id,
        Comment.state == CommentState.PUBLISHED,
    )
    known: dict[str, list[User]] = defaultdict(list)
    for user in db.session.scalars(select(User).where(User.name_key.in_(keys), here.exists())):
        known[user.name_key].append(user)
    found: dict[int, User] = {}
    for names in wanted:
        match = next((known[key] for name in names if (key := skeleton(name)[:160]) in known), [])
        found.update((user.id, user) for user in match if user.id != by)
    return list(found.values())


def held_of_guest(guest_id: int) -> Sequence[Comment]:
    """What waits for a guest's confirmation, oldest first."""
    return db.session.scalars(
        select(Comment)
        .where(Comment.guest_id == guest_id, Comment.state == CommentState.HELD)
        .options(joinedload(Comment.thread))
        .order_by(Comment.id)
    ).all()


def shown_of_guest(guest_id: int, limit: int) -> Sequence[Comment]:
    """What a guest wrote and readers see, or see once the guest confirms, newest first."""
    return db.session.scalars(
        select(Comment)
        .where(
            Comment.guest_id == guest_id,
            Comment.state.in_([CommentState.HELD, CommentState.PUBLISHED]),
        )
        .options(joinedload(Comment.thread))
        .order_by(Comment.id.desc())
        .limit(limit)
    ).all()


def comments_by_ids(ids: Collection[int]) -> dict[int, Comment]:
    """Rows with their threads, many at once."""
    rows = db.session.scalars(
        select(Comment).where(Comment.id.in_(ids)).options(joinedload(Comment.thread))
    )
    return {row.id: row for row in rows}


def own_comments(
    user: User, criterion: ColumnElement[bool], limit: int
) -> Sequence[tuple[Comment, OfficialAnswer | None]]:
    """A person's comments with their published answers, newest first: one query."""
    rows = db.session.execute(
        select(Comment, OfficialAnswer)
        .outerjoin(
            OfficialAnswer,
            and_(OfficialAnswer.comment_id == Comment.id, OfficialAnswer.published_at.is_not(None)),
        )
        .where(Comment.author_id == user.id, criterion)
        .options(joinedload(Comment.thread))
        .order_by(Comment.received_at.desc(), Comment.id.desc())
        .limit(limit)
    )
    return rows.all()


def own_counts(user: User) -> tuple[int, int]:
    """How much a person wrote (withdrawn left out), and how much of it was answered."""
    row = db.session.execute(
        select(func.count(), func.count(Comment.answered_at)).where(
            Comment.author_id == user.id, Comment.state != CommentState.WITHDRAWN
        )
    ).one()
    return row[0], row[1]


def everything_of(user_id: int) -> Iterator[Comment]:
    """All a person wrote, for the copy of their data."""
    yield from db.session.scalars(
        select(Comment).where(Comment.author_id == user_id).order_by(Comment.id)
    )


@dataclass(frozen=True)
class OwnReaction:
    """What a person said to a comment, or (`comment_id` None) to a subject itself."""

    comment_id: int | None
    value: ReactionValue
    reacted_at: datetime


def reactions_of(user_id: int) -> list[OwnReaction]:
    """All a person reacted to, comments first, for the copy of their data."""
    to_comments = select(
        literal(0).label("part"),
        Reaction.id,
        Reaction.comment_id,
        Reaction.value,
        Reaction.reacted_at,
    ).where(Reaction.user_id == user_id)
    to_subjects = select(
        literal(1),
        ThreadReaction.id,
        cast(null(), Reaction.comment_id.type),
        ThreadReaction.value,
        ThreadReaction.reacted_at,
    ).where(ThreadReaction.user_id == user_id)
    rows = db.session.execute(union_all(to_comments, to_subjects).order_by("part", "id"))
    return [OwnReaction(row.comment_id, row.value, row.reacted_at) for row in rows]


# --- who speaks ---------------------------------------------------------------------------


def spoken_for_ids(user: User | None) -> set[int]:
    """Ids of the verified organisations a person leads or edits."""
    if user is None:
        return set()
    return {organisation.id for organisation in organisations_spoken_for(user)}


def organisations(ids: Collection[int]) -> Sequence[Organisation]:
    """Organisations by name."""
    return db.session.scalars(
        select(Organisation).where(Organisation.id.in_(ids)).order_by(Organisation.name)
    ).all()
