"""Every read of comments. What a reader may not see is not in the answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased, contains_eager, joinedload

from engage.commons.accounts.identity import skeleton
from engage.commons.accounts.models import (
    Guest,
    Organisation,
    StakeholderKind,
    User,
)
from engage.commons.accounts.queries import organisations_spoken_for
from engage.commons.comments import mentions, policy, threads
from engage.commons.comments.branches import Answer, Shown, Voice, nest
from engage.commons.comments.models import (
    Comment,
    CommentRevision,
    CommentState,
    OfficialAnswer,
    Reaction,
    ReactionValue,
    Thread,
    ThreadHost,
    ThreadReaction,
    ThreadTally,
)
from engage.commons.comments.receipts import receipt_number
from engage.commons.comments.threads import Place
from engage.core import clock
from engage.core.db import db, stream
from engage.core.errors import Missing
from engage.core.i18n import _l
from engage.core.paging import Page, decode_position, encode_position, paginate

TOPS = 30  # top comments a page
FIRST_REPLIES = 2  # replies shown under each before one asks for more
BRANCH = 50  # replies a page on a comment's own page
MANY = 200


class Sort(StrEnum):
    """The orders a thread is read in."""

    ACROSS = "across"
    NEWEST = "newest"
    AGREED = "agreed"
    DISCUSSED = "discussed"

    @classmethod
    def parse(cls, text: str | None) -> Sort:
        """The order asked for; anything unknown is the first."""
        return next((sort for sort in cls if sort.value == text), cls.ACROSS)


SORT_LABELS = {
    Sort.ACROSS: _l("Agreed across groups"),
    Sort.NEWEST: _l("Newest"),
    Sort.AGREED: _l("Most agreed"),
    Sort.DISCUSSED: _l("Most discussed"),
}

_SORT_COLUMNS: dict[Sort, Any] = {
    Sort.ACROSS: Comment.bridge,
    Sort.NEWEST: Comment.received_at,
    Sort.AGREED: Comment.agreement,
    Sort.DISCUSSED: Comment.replies_count,
}


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


# --- a page of a thread -------------------------------------------------------------------


@dataclass(frozen=True)
class ThreadPage:
    """Some top comments with their first replies, and the token that continues after them."""

    tops: list[Shown]
    sort: Sort
    next: str | None
    is_first: bool

    @property
    def ids(self) -> set[int]:
        """Every comment on the page, replies included."""
        return {shown.id for top in self.tops for shown in (top, *top.below())}


_answering = aliased(Organisation)

_SHOWN = (
    Comment.id,
    Comment.thread_id,
    Comment.parent_id,
    Comment.root_id,
    Comment.quoted_id,
    Comment.depth,
    Comment.author_id,
    func.coalesce(User.display_name, Guest.display_name),
    Comment.guest_id.is_not(None),
    Comment.kind,
    Comment.stance,
    Comment.language,
    Comment.body_html,
    Comment.state,
    Comment.hidden_reason,
    Comment.revision,
    Comment.received_at,
    Comment.edited_at,
    Comment.due_at,
    Comment.agree_count,
    Comment.disagree_count,
    Comment.helpful_count,
    Comment.replies_count,
)
_VOICE = (Organisation.id, Organisation.name, Organisation.slug, Organisation.mark)
_ANSWER = (
    _answering.id,
    _answering.name,
    _answering.slug,
    _answering.mark,
    OfficialAnswer.body_html,
    OfficialAnswer.language,
    OfficialAnswer.published_at,
    OfficialAnswer.changed_at,
)


def _shown_columns() -> Select[Any]:
    """One row per comment with author, organisation and published answer: no query per row."""
    columns: list[Any] = [*_SHOWN, *_VOICE, *_ANSWER]
    return (
        select(*columns)
        .select_from(Comment)
        .outerjoin(User, User.id == Comment.author_id)
        .outerjoin(Guest, Guest.id == Comment.guest_id)
        .outerjoin(Organisation, Organisation.id == Comment.organisation_id)
        .outerjoin(
            OfficialAnswer,
            and_(OfficialAnswer.comment_id == Comment.id, OfficialAnswer.published_at.is_not(None)),
        )
        .outerjoin(_answering, _answering.id == OfficialAnswer.organisation_id)
    )


def _to_shown(row: Sequence[Any], user: User | None) -> Shown:
    plain = len(_SHOWN)
    comment = Shown(*row[:plain])
    voice = row[plain : plain + 4]
    if voice[0] is not None:
        comment.voice = Voice(*voice)
    comment.is_own = user is not None and comment.author_id == user.id
    if policy.can_read_words(user, comment.state, comment.author_id):
        answer = row[plain + 4 :]
        if answer[0] is not None:
            body_html, language, published_at, changed_at = answer[4:]
            comment.answer = Answer(
                voice=Voice(*answer[:4]),
                body_html=body_html,
                language=language,
                published_at=published_at,
                changed_at=changed_at,
                waited=published_at - comment.received_at,
            )
    else:
        # a stub never carries the words, whatever a template does with it
        comment.body_html = ""
    if comment.state is CommentState.WITHDRAWN:
        comment.author_name = None
    return comment


def thread_page(
    thread_id: int,
    *,
    user: User | None,
    sort: Sort = Sort.ACROSS,
    after: str | None = None,
    limit: int = TOPS,
) -> ThreadPage:
    """`limit` top comments in the order of `sort`, continuing after a token of an earlier page.

    Three queries at most, whatever the number of rows: top comments, their first replies, the
    reader's own reactions. Rows are compared by (sort value, id), so none is lost or shown twice
    while others are written; one whose value changes meanwhile may move.
    """
    position = _position(_SORT_COLUMNS[sort], after)
    wanted: dict[str, Any] = {"thread_id": thread_id, "rows": limit + 1}
    if position is not None:
        wanted["value"], wanted["last_id"] = position
    statement = _tops(sort, further=position is not None, moderator=policy.can_moderate(user))
    rows = db.session.execute(statement, wanted).all()
    tops = [_to_shown(row[:-1], user) for row in rows[:limit]]
    next_token = encode_position([rows[limit - 1][-1], tops[-1].id]) if len(rows) > limit else None
    replies = _first_replies(tops, user)
    nest(tops, replies)
    _mark_own_reactions([*tops, *replies], user)
    return ThreadPage(tops, sort, next_token, is_first=position is None)


@cache
def _tops(sort: Sort, *, further: bool, moderator: bool) -> Select[Any]:
    column = _SORT_COLUMNS[sort]
    statement = (
        _shown_columns()
        .add_columns(column)
        .where(
            Comment.thread_id == bindparam("thread_id"),
            Comment.depth == 0,
            policy.shown_to(moderator=moderator),
        )
    )
    if further:
        last = bindparam("value", type_=column.type), bindparam("last_id", type_=Integer)
        statement = statement.where(tuple_(column, Comment.id) < tuple_(*last))
    return statement.order_by(column.desc(), Comment.id.desc()).limit(
        bindparam("rows", type_=Integer)
    )


def _position(column: Any, after: str | None) -> list[Any] | None:
    values = decode_position(after, 2)
    if values is None:
        return None
    wanted = column.type.python_type
    fits = isinstance(values[0], wanted) and isinstance(values[1], int)
    return values if fits else None


def _first_replies(tops: Sequence[Shown], user: User | None) -> list[Shown]:
    """The oldest few replies of each branch, in order; a reply's parent is always among them."""
    with_replies = [top.id for top in tops if top.replies_count or policy.can_moderate(user)]
    if not with_replies:
        return []
    statement = _replies(
        ranked=any(top.replies_count > FIRST_REPLIES for top in tops),
        moderator=policy.can_moderate(user),
    )
    wanted = {"roots": with_replies, "rows": len(tops) * MANY}
    return [_to_shown(row, user) for row in db.session.execute(statement, wanted)]


@cache
def _replies(*, ranked: bool, moderator: bool) -> Select[Any]:
    inside = and_(
        Comment.root_id.in_(bindparam("roots", expanding=True)),
        policy.shown_to(moderator=moderator),
    )
    if ranked:
        place = func.row_number().over(partition_by=Comment.root_id, order_by=Comment.id)
        order = select(Comment.id, place.label("place")).where(inside).subquery()
        inside = Comment.id.in_(select(order.c.id).where(order.c.place <= FIRST_REPLIES))
    rows = bindparam("rows", type_=Integer)
    return _shown_columns().where(inside).order_by(Comment.id).limit(rows)


@cache
def _own_reactions() -> Select[int, ReactionValue]:
    return select(Reaction.comment_id, Reaction.value).where(
        Reaction.user_id == bindparam("user_id"),
        Reaction.comment_id.in_(bindparam("ids", expanding=True)),
    )


def _mark_own_reactions(shown: Sequence[Shown], user: User | None) -> None:
    if user is None or not shown:
        return
    wanted = {"user_id": user.id, "ids": [comment.id for comment in shown]}
    mine = dict(db.session.execute(_own_reactions(), wanted).all())
    for comment in shown:
        comment.mine = mine.get(comment.id)


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


@dataclass(frozen=True)
class Branch:
    """A top comment and a page of what is under it."""

    top: Shown
    asked: Shown
    next: str | None


def branch(found: Comment, *, user: User | None, after: str | None = None) -> Branch:
    """The whole branch a comment stands in, oldest first, `BRANCH` replies a page.

    The comment asked for, and what it answers, are always among them.
    """
    root_id = found.root_id or found.id
    position = decode_position(after, 1)
    inside = and_(Comment.root_id == root_id, policy.visible_to(user))
    if position is not None and isinstance(position[0], int):
        inside = and_(inside, Comment.id > position[0])
    page = select(Comment.id).where(inside).order_by(Comment.id).limit(BRANCH + 1).scalar_subquery()
    wanted = [ident for ident in (root_id, found.parent_id, found.id) if ident is not None]
    statement = (
        _shown_columns()
        .where(or_(Comment.id.in_(page), Comment.id.in_(wanted)))
        .order_by(Comment.id)
    )
    shown = [_to_shown(row, user) for row in db.session.execute(statement)]
    replies = [c for c in shown if c.root_id is not None]
    on_page = [c for c in replies if position is None or c.id > int(position[0])]
    token = None
    if len(on_page) > BRANCH:
        extra = {c.id for c in on_page[BRANCH:] if c.id not in wanted}
        token = encode_position([on_page[BRANCH - 1].id])
        replies = [c for c in replies if c.id not in extra]
    top = next(c for c in shown if c.id == root_id)
    nest([top], replies)
    _mark_own_reactions([top, *replies], user)
    asked = next(c for c in (top, *replies) if c.id == found.id)
    return Branch(top, asked, token)


def one_shown(comment_id: int, user: User | None) -> Shown:
    """A single comment as a page draws it, without its replies. Missing when there is none."""
    row = db.session.execute(_shown_columns().where(Comment.id == comment_id)).one_or_none()
    if row is None:
        raise Missing
    shown = _to_shown(row, user)
    _mark_own_reactions([shown], user)
    return shown


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


def reactions_of(user_id: int) -> Iterator[Reaction | ThreadReaction]:
    """All a person reacted to, for the copy of their data."""
    yield from db.session.scalars(
        select(Reaction).where(Reaction.user_id == user_id).order_by(Reaction.id)
    )
    yield from db.session.scalars(
        select(ThreadReaction).where(ThreadReaction.user_id == user_id).order_by(ThreadReaction.id)
    )


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


# --- answers owed and given ---------------------------------------------------------------


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
    """What an organisation said in public, newest first; what hangs nowhere visible is left out."""
    comments = select(
        Comment.id.label("comment_id"),
        Comment.received_at.label("said_at"),
        literal(0).label("answer_id"),
    ).where(Comment.organisation_id == organisation_id, Comment.state == CommentState.PUBLISHED)
    answers = (
        select(OfficialAnswer.comment_id, OfficialAnswer.published_at, OfficialAnswer.id)
        .join(OfficialAnswer.comment)
        .where(
            OfficialAnswer.organisation_id == organisation_id,
            OfficialAnswer.published_at.is_not(None),
            Comment.state == CommentState.PUBLISHED,
        )
    )
    said = union_all(comments, answers).subquery()
    found = paginate(
        select(said).order_by(said.c.said_at.desc(), said.c.comment_id.desc()),
        page=page,
        per_page=per_page,
        scalars=False,
    )
    by_id = comments_by_ids([row.comment_id for row in found.items])
    answered = {
        answer.id: answer
        for answer in db.session.scalars(
            select(OfficialAnswer).where(
                OfficialAnswer.id.in_([row.answer_id for row in found.items if row.answer_id])
            )
        )
    }
    hung = places((comment.thread for comment in by_id.values()), user, now)
    shown = [
        Statement(by_id[row.comment_id], answered.get(row.answer_id), place)
        for row in found.items
        if (place := hung.get(by_id[row.comment_id].thread_id)) is not None and place.is_visible
    ]
    return Page(shown, found.page, found.per_page, found.total)


# --- exports ------------------------------------------------------------------------------


class ExportRow(NamedTuple):
    """A published comment as open data: nobody's address, no internal number of a person."""

    id: int
    receipt: str
    thread_id: int
    reply_to: int | None
    author: str
    kind: str
    organisation: str
    stance: str
    language: str
    text: str
    agree: int
    disagree: int
    helpful: int
    replies: int
    received_at: datetime
    edited_at: datetime | None
    answered_by: str
    answer: str
    answered_at: datetime | None


EXPORT_HEADER = (
    _l("Number"),
    _l("Receipt"),
    _l("Thread"),
    _l("Reply to"),
    _l("Author"),
    _l("Group"),
    _l("Writes for"),
    _l("Stance"),
    _l("Language"),
    _l("Text"),
    _l("Agree"),
    _l("Disagree"),
    _l("Helpful"),
    _l("Replies"),
    _l("Received"),
    _l("Edited"),
    _l("Answered by"),
    _l("Answer"),
    _l("Answered"),
)


def export_rows(thread_ids: Sequence[int] | Select[Any]) -> Iterator[ExportRow]:
    """Published comments of these threads by thread and time, streamed: memory stays flat."""
    columns: list[Any] = [
        Comment.id,
        Comment.thread_id,
        Comment.parent_id,
        func.coalesce(User.display_name, Guest.display_name, ""),
        Comment.kind,
        func.coalesce(Organisation.name, ""),
        Comment.stance,
        Comment.language,
        Comment.body,
        Comment.agree_count,
        Comment.disagree_count,
        Comment.helpful_count,
        Comment.replies_count,
        Comment.received_at,
        Comment.edited_at,
        func.coalesce(_answering.name, ""),
        func.coalesce(OfficialAnswer.body, ""),
        OfficialAnswer.published_at,
    ]
    statement = (
        select(*columns)
        .select_from(Comment)
        .outerjoin(User, User.id == Comment.author_id)
        .outerjoin(Guest, Guest.id == Comment.guest_id)
        .outerjoin(Organisation, Organisation.id == Comment.organisation_id)
        .outerjoin(
            OfficialAnswer,
            and_(OfficialAnswer.comment_id == Comment.id, OfficialAnswer.published_at.is_not(None)),
        )
        .outerjoin(_answering, _answering.id == OfficialAnswer.organisation_id)
        .where(Comment.thread_id.in_(thread_ids), Comment.state == CommentState.PUBLISHED)
        .order_by(Comment.thread_id, Comment.received_at, Comment.id)
    )
    for rows in stream(statement):
        for row in rows:
            ident, thread_id, parent_id, author, kind, voice, stance, *rest = row
            yield ExportRow(
                ident,
                receipt_number(ident),
                thread_id,
                parent_id,
                author,
                kind.value,
                voice,
                stance.value,
                *rest,
            )
