"""What became of one's ideas, for the trail page."""

from __future__ import annotations

from engage.commons.accounts.models import User
from engage.commons.notifications.trail import TrailCounts, TrailItem, TrailPage, TrailSource
from engage.core.i18n import _l, locale_now
from engage.core.richtext import plain
from engage.programmes.ideas import queries
from engage.programmes.ideas.models import STATE_LABELS, Idea, IdeaState
from engage.programmes.ideas.notices import idea_url

_TONES = {
    IdeaState.DECLINED: "line",
    IdeaState.WITHDRAWN: "line",
    IdeaState.MERGED: "line",
    IdeaState.HIDDEN: "err",
    IdeaState.SUBMITTED: "warn",
}
_OK = (
    IdeaState.ACCEPTED,
    IdeaState.PARTLY_ACCEPTED,
    IdeaState.IN_PROGRESS,
    IdeaState.DELIVERED,
)


def load(user: User, page: TrailPage) -> list[TrailItem]:
    """A page of one's ideas, newest first: those one sent and those one stands beside."""
    found = queries.own_ideas(user, page.criterion(Idea.created_at, Idea.id), page.limit)
    return [_item(idea) for idea in found]


def count(user: User) -> TrailCounts:
    """How many one sent, and how many of them were answered."""
    sent, answered = queries.own_counts(user)
    return TrailCounts(contributions=sent, answered=answered)


source = TrailSource("idea", _l("Idea"), load=load, count=count)


def _item(idea: Idea) -> TrailItem:
    answer = idea.answer if idea.answer is not None and idea.answer.is_published else None
    return TrailItem(
        id=idea.id,
        title=idea.title,
        url=idea_url(idea),
        # drafts are begun earlier than they are sent; the order is that of the beginning
        received_at=idea.created_at,
        excerpt=plain(answer.body, limit=240) if answer else "",
        place=idea.call.words_in(locale_now()).title,
        read_at=idea.read_at,
        answered_at=idea.answered_at,
        decided_at=idea.decided_at,
        due_at=idea.due_at if idea.is_live and idea.answered_at is None else None,
        state=STATE_LABELS[idea.state],
        tone="ok" if idea.state in _OK else _TONES.get(idea.state, "info"),
        steps=tuple(queries.bollards(idea)),
        programme="ideas",
    )
