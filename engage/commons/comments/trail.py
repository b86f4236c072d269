"""What became of one's comments, for the trail page."""

from __future__ import annotations

from datetime import datetime

from engage.commons.accounts.models import User
from engage.commons.comments import queries
from engage.commons.comments.models import Comment, CommentState, OfficialAnswer
from engage.commons.comments.notices import comment_url
from engage.commons.comments.threads import Place
from engage.commons.notifications.trail import (
    TrailCounts,
    TrailItem,
    TrailPage,
    TrailSource,
    TrailStep,
)
from engage.core import clock
from engage.core.i18n import _, _l
from engage.core.richtext import plain


def load(user: User, page: TrailPage) -> list[TrailItem]:
    """A page of one's comments, newest first: one query and one load per kind of place."""
    now = clock.now()
    found = queries.own_comments(user, page.criterion(Comment.received_at, Comment.id), page.limit)
    hung = queries.places((comment.thread for comment, _answer in found), user, now)
    return [_item(comment, answer, hung.get(comment.thread_id), now) for comment, answer in found]


def count(user: User) -> TrailCounts:
    """How much one wrote, and how much of it was answered."""
    written, answered = queries.own_counts(user)
    return TrailCounts(contributions=written, answered=answered)


source = TrailSource("comment", _l("Comment"), load=load, count=count)


def _item(
    comment: Comment, answer: OfficialAnswer | None, place: Place | None, now: datetime
) -> TrailItem:
    words, tone = _state(comment, now)
    return TrailItem(
        id=comment.id,
        title=plain(comment.body, limit=120),
        url=comment_url(comment.id),
        received_at=comment.received_at,
        excerpt=plain(answer.body, limit=240) if answer else "",
        place=place.title if place else "",
        answered_at=comment.answered_at,
        due_at=comment.due_at,
        state=words,
        tone=tone,
        steps=_steps(comment),
    )


def _state(comment: Comment, now: datetime) -> tuple[str, str]:
    if comment.state is CommentState.WITHDRAWN:
        return _("Withdrawn by you"), "line"
    if comment.state is CommentState.HIDDEN:
        return _("Hidden by the moderators"), "err"
    if comment.state is CommentState.HELD:
        return _("Waits for your confirmation"), "warn"
    if comment.answered_at is not None:
        return _("Answered"), "ok"
    if comment.due_at is None:
        return _("Published"), "info"
    return (
        (_("Answer overdue"), "warn")
        if comment.due_at < now
        else (_("Waits for an answer"), "info")
    )


def _steps(comment: Comment) -> tuple[TrailStep, ...]:
    received = TrailStep(_("Received"), "done", comment.received_at)
    if comment.state is not CommentState.PUBLISHED:
        return (received,)
    published = TrailStep(_("Published"), "done", comment.published_at)
    if comment.answered_at is not None:
        return (received, published, TrailStep(_("Answered"), "done", comment.answered_at))
    if comment.due_at is not None:
        return (received, published, TrailStep(_("Answer promised"), "now", comment.due_at))
    return (received, published)
