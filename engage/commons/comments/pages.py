"""Comments as a page shows them: one row each, stubs without their words, replies nested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased

from engage.commons.accounts.models import (
    Guest,
    Organisation,
    User,
)
from engage.commons.comments import policy
from engage.commons.comments.branches import Answer, Shown, Voice, nest
from engage.commons.comments.models import (
    Comment,
    CommentState,
    OfficialAnswer,
    Reaction,
    ReactionValue,
)
from engage.core.db import db
from engage.core.errors import Missing
from engage.core.i18n import _l
from engage.core.paging import decode_position, encode_position

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


answering = aliased(Organisation)

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
    answering.id,
    answering.name,
    answering.slug,
    answering.mark,
    OfficialAnswer.body_html,
    OfficialAnswer.language,
    OfficialAnswer.published_at,
    OfficialAnswer.changed_at,
)


def rows_of(columns: Sequence[Any]) -> Select[Any]:
    """One row per comment with author, organisation and published answer: no query per row.

    `columns` may name User, Guest, Organisation, OfficialAnswer, and `answering` (who answers).
    """
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
        .outerjoin(answering, answering.id == OfficialAnswer.organisation_id)
    )


def _shown_columns() -> Select[Any]:
    return rows_of([*_SHOWN, *_VOICE, *_ANSWER])


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
