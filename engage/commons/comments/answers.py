"""Answers owed and answers given: what waits, how fast, what organisations say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from statistics import median
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    case,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import contains_eager, joinedload

from engage.commons.accounts.models import (
    User,
)
from engage.commons.comments import policy
from engage.commons.comments.models import (
    Comment,
    CommentState,
    OfficialAnswer,
    Thread,
    ThreadHost,
)
from engage.commons.comments.queries import comment, comments_by_ids, places
from engage.commons.comments.threads import Place
from engage.core import clock
from engage.core.db import db
from engage.core.errors import Missing
from engage.core.paging import Page, paginate


class Waiting(StrEnum):
    """What the office list shows."""

    ALL = "all"
    OVERDUE = "overdue"
    SOON = "soon"
    DRAFTED = "drafted"


SOON = timedelta(days=7)
A_MONTH = timedelta(days=30)


def comments_waiting(
    host_ids: Collection[int] | None,
    *,
    now: datetime,
    which: Waiting = Waiting.ALL,
    page: int = 1,
    per_page: int = 20,
) -> Page[Comment]:
    """Comments an answer is owed to, the most urgent first, with author, answer draft and thread.

    `host_ids` limits to threads these organisations answer for; None means all (organisers).
    """
    statement = _most_urgent(host_ids)
    if which is Waiting.OVERDUE:
        statement = statement.where(Comment.due_at < now)
    elif which is Waiting.SOON:
        statement = statement.where(Comment.due_at >= now, Comment.due_at < now + SOON)
    elif which is Waiting.DRAFTED:
        statement = statement.where(OfficialAnswer.id.is_not(None))
    return paginate(statement, page=page, per_page=per_page)


def first_waiting(limit: int) -> Sequence[Comment]:
    """The most urgent of all comments an answer is owed to, loaded as in the list."""
    return db.session.scalars(_most_urgent(None).limit(limit)).all()


def _most_urgent(host_ids: Collection[int] | None) -> Select[Comment]:
    return (
        select(Comment)
        .where(*_owed(host_ids))
        .outerjoin(Comment.answer)
        .options(
            contains_eager(Comment.answer),
            joinedload(Comment.thread),
            joinedload(Comment.author),
            joinedload(Comment.guest),
            joinedload(Comment.organisation),
        )
        .order_by(Comment.due_at, Comment.id)
    )


def _owed(host_ids: Collection[int] | None) -> list[ColumnElement[bool]]:
    # `due_at` is empty for whatever is held, hidden or withdrawn
    owed: list[ColumnElement[bool]] = [Comment.due_at.is_not(None), Comment.answered_at.is_(None)]
    if host_ids is not None:
        hosted = select(ThreadHost.thread_id).where(ThreadHost.organisation_id.in_(host_ids))
        owed.append(Comment.thread_id.in_(hosted))
    return owed


def waiting(host_ids: Collection[int] | None) -> Select[int]:
    """How many comments wait for an answer."""
    return select(func.count(Comment.id)).where(*_owed(host_ids))


def comment_to_answer(comment_id: int, user: User, now: datetime) -> tuple[Comment, Place]:
    """A comment and its place for an officer, also where readers see nothing yet. Missing when held."""
    found = comment(comment_id)
    place = places([found.thread], user, now).get(found.thread_id)
    if place is None or not policy.can_see(user, found):
        raise Missing
    return found, place


def answer_to(comment_id: int) -> OfficialAnswer | None:
    """The answer to a comment, a draft included: for officers."""
    return db.session.scalar(
        select(OfficialAnswer)
        .where(OfficialAnswer.comment_id == comment_id)
        .options(joinedload(OfficialAnswer.organisation), joinedload(OfficialAnswer.author))
        .execution_options(populate_existing=True)
    )


@dataclass(frozen=True)
class ResponseClock:
    """How a promise of answers is kept. `median_days` is None when nothing was answered."""

    in_time: int
    late: int
    waiting: int
    overdue: int
    median_days: float | None

    @property
    def answered(self) -> int:
        return self.in_time + self.late


def response_clock(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    host_ids: Collection[int] | None = None,
    thread_ids: Sequence[int] | Select[Any] | None = None,
    now: datetime | None = None,
) -> ResponseClock:
    """Answers given from `since` until before `until`, and what waits now: two queries.

    With `host_ids`, the answers these organisations gave, and what waits where they are hosts.
    """
    given = (
        select(Comment.received_at, Comment.due_at, Comment.answered_at)
        .where(Comment.answered_at.is_not(None), Comment.state == CommentState.PUBLISHED)
    )  # fmt: skip
    if since is not None:
        given = given.where(Comment.answered_at >= since)
    if until is not None:
        given = given.where(Comment.answered_at < until)
    if host_ids is not None:
        given = given.join(OfficialAnswer, OfficialAnswer.comment_id == Comment.id).where(
            OfficialAnswer.organisation_id.in_(host_ids)
        )
    if thread_ids is not None:
        given = given.where(Comment.thread_id.in_(thread_ids))
    waits: list[float] = []
    late = 0
    times: list[tuple[datetime, datetime | None, datetime]] = [
        tuple(row)  # type: ignore[misc]  # answered_at is not NULL in these rows
        for row in db.session.execute(given)
    ]
    for received_at, due_at, answered_at in times:
        waits.append((answered_at - received_at).total_seconds() / 86_400)
        late += due_at is not None and answered_at > due_at
    owed = _owed(host_ids)
    if thread_ids is not None:
        owed.append(Comment.thread_id.in_(thread_ids))
    waiting, overdue = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((Comment.due_at < (now or clock.now()), 1), else_=0)), 0),
        ).where(*owed)
    ).one()
    middle = round(median(waits), 1) if waits else None
    return ResponseClock(len(waits) - late, late, waiting, overdue, middle)


@dataclass(frozen=True)
class Answered:
    """A published answer beside what it answers, for lists."""

    comment: Comment
    answer: OfficialAnswer
    place: Place

    @property
    def days(self) -> int:
        """Whole days between the two."""
        published = self.answer.published_at or self.comment.received_at
        return (published - self.comment.received_at).days


def latest_answers(
    limit: int = 3,
    *,
    user: User | None = None,
    thread_ids: Sequence[int] | Select[Any] | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
) -> list[Answered]:
    """The answers published last to comments this reader sees, newest first.

    One query and one load per kind of place; places that are not visible are left out.
    """
    statement = (
        select(OfficialAnswer)
        .join(OfficialAnswer.comment)
        .where(
            OfficialAnswer.published_at.is_not(None),
            Comment.state == CommentState.PUBLISHED,
            true() if since is None else OfficialAnswer.published_at >= since,
            true() if thread_ids is None else Comment.thread_id.in_(thread_ids),
        )
        .options(
            contains_eager(OfficialAnswer.comment).options(
                joinedload(Comment.thread),
                joinedload(Comment.author),
                joinedload(Comment.guest),
                joinedload(Comment.organisation),
            ),
            joinedload(OfficialAnswer.organisation),
        )
        .order_by(OfficialAnswer.published_at.desc(), OfficialAnswer.id.desc())
        # some may hang under what this reader does not see
        .limit(limit * 3)
    )
    answers = db.session.scalars(statement).all()
    seen = places((answer.comment.thread for answer in answers), user, now or clock.now())
    found = []
    for answer in answers:
        place = seen.get(answer.comment.thread_id)
        if place is not None and place.is_visible:
            found.append(Answered(answer.comment, answer, place))
    return found[:limit]


def pinned_answers(thread_id: int, limit: int = 3) -> Sequence[OfficialAnswer]:
    """The newest answers in one thread, with the comments they answer."""
    wanted = {"thread_id": thread_id, "rows": limit}
    return db.session.scalars(_pinned(), wanted).all()


@cache
def _pinned() -> Select[OfficialAnswer]:
    return (
        select(OfficialAnswer)
        .join(OfficialAnswer.comment)
        .where(
            Comment.thread_id == bindparam("thread_id"),
            Comment.state == CommentState.PUBLISHED,
            Comment.answered_at.is_not(None),
        )
        .options(
            contains_eager(OfficialAnswer.comment).options(
                joinedload(Comment.author), joinedload(Comment.guest)
            ),
            joinedload(OfficialAnswer.organisation),
        )
        .order_by(Comment.answered_at.desc(), Comment.id.desc())
        .limit(bindparam("rows", type_=Integer))
    )


@dataclass(frozen=True)
class Statement:
    """Something an organisation said: a comment in its name, or its official answer to one."""

    comment: Comment
    answer: OfficialAnswer | None
    place: Place

    @property
    def said_at(self) -> datetime:
        """When it said it."""
        if self.answer is not None and self.answer.published_at is not None:
            return self.answer.published_at
        return self.comment.received_at


def statements_of(
    organisation_id: int, user: User | None, now: datetime, *, page: int, per_page: int = 10
) -> Page[Statement]:
    """What an organisation said in public, newest first; what hangs nowhere visible is left out,
    of the pages and of their total too."""
    comments = select(
        Comment.id.label("comment_id"),
        Comment.thread_id.label("thread_id"),
        Comment.received_at.label("said_at"),
        literal(0).label("answer_id"),
    ).where(Comment.organisation_id == organisation_id, Comment.state == CommentState.PUBLISHED)
    answers = (
        select(
            OfficialAnswer.comment_id,
            Comment.thread_id,
            OfficialAnswer.published_at,
            OfficialAnswer.id,
        )
        .join(OfficialAnswer.comment)
        .where(
            OfficialAnswer.organisation_id == organisation_id,
            OfficialAnswer.published_at.is_not(None),
            Comment.state == CommentState.PUBLISHED,
        )
    )
    said = union_all(comments, answers).subquery()
    spoken_in = db.session.scalars(select(Thread).where(Thread.id.in_(select(said.c.thread_id))))
    # only their owners know who sees what they hang under
    hung = {
        thread_id: place
        for thread_id, place in places(spoken_in, user, now).items()
        if place.is_visible
    }
    found = paginate(
        select(said, OfficialAnswer)
        .outerjoin(OfficialAnswer, OfficialAnswer.id == said.c.answer_id)
        .where(said.c.thread_id.in_(list(hung)))
        .order_by(said.c.said_at.desc(), said.c.comment_id.desc(), said.c.answer_id.desc()),
        page=page,
        per_page=per_page,
        scalars=False,
    )
    by_id = comments_by_ids([row.comment_id for row in found.items])
    shown = [
        Statement(by_id[row.comment_id], row.OfficialAnswer, hung[row.thread_id])
        for row in found.items
    ]
    return Page(shown, found.page, found.per_page, found.total)
