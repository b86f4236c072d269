"""Who may do what with comments. No rows are loaded here: callers bring what is judged."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, true

from engage.commons.accounts.models import Role, User
from engage.commons.comments.models import Comment, CommentState
from engage.commons.comments.threads import Place
from engage.core.access import ALLOWED, Decision, denied
from engage.core.i18n import _l

EDIT_WINDOW = timedelta(minutes=15)
LONGEST = 4000  # characters of a comment
LONGEST_ANSWER = 10_000

_NEED_ACCOUNT = denied(
    _l("You need an account for this."), _l("Sign in or create an account; it takes two minutes.")
)
_UNDER_REVIEW = denied(
    _l("This comment is not shown at the moment, so nothing can be added to it.")
)


def visible_to(user: User | None) -> ColumnElement[bool]:
    """Which comments appear, at least as a stub. Held ones are for moderators only."""
    return shown_to(moderator=can_moderate(user))


def shown_to(*, moderator: bool) -> ColumnElement[bool]:
    """The same for statements that are kept: one for moderators, one for everybody else."""
    return true() if moderator else Comment.state != CommentState.HELD


def can_see(user: User | None, comment: Comment) -> bool:
    """The same for one comment."""
    return comment.is_listed or can_moderate(user)


def can_read_words(user: User | None, state: CommentState, author_id: int | None) -> bool:
    """Are the words of a comment in that state for this reader? Otherwise a stub stands there."""
    if state is CommentState.PUBLISHED or can_moderate(user):
        return True
    return user is not None and author_id == user.id and state is CommentState.HIDDEN


def can_moderate(user: User | None) -> bool:
    """May see what is held or hidden."""
    return user is not None and user.has_role(Role.MODERATOR)


def can_comment(user: User | None, place: Place) -> Decision:
    """Write a comment or a reply here, now. Guests pass where the owner lets them in."""
    if not place.commenting:
        return place.commenting
    if user is None:
        return ALLOWED if place.allows_guests else _NEED_ACCOUNT
    if user.suspended_at is not None:
        return denied(_l("Your account is suspended, so you cannot write at the moment."))
    return ALLOWED


def can_reply(user: User | None, comment: Comment, place: Place) -> Decision:
    """Answer a comment, as anybody."""
    if not comment.is_published:
        return _UNDER_REVIEW
    return can_comment(user, place)


def can_react(user: User | None, comment: Comment, place: Place) -> Decision:
    """Agree, disagree, find helpful. Not with one's own words, and only while the window is open."""
    if user is None:
        return _NEED_ACCOUNT
    if not comment.is_published:
        return _UNDER_REVIEW
    if comment.author_id == user.id:
        return denied(_l("You cannot react to your own comment."))
    return can_react_here(user, place)


def can_react_here(user: User | None, place: Place) -> Decision:
    """Agree or disagree with the subject itself."""
    if user is None:
        return _NEED_ACCOUNT
    return can_comment(user, place)


def editable_until(comment: Comment) -> datetime:
    """The instant from which a comment's words stand."""
    return comment.received_at + EDIT_WINDOW


def can_edit(user: User | None, comment: Comment, place: Place, now: datetime) -> Decision:
    """Change one's own words: for a quarter of an hour, and never after the window has closed."""
    if user is None or comment.author_id != user.id:
        return denied(_l("Only the person who wrote a comment can change it."))
    if comment.state is CommentState.HIDDEN:
        return denied(_l("The moderators have hidden this comment, so it cannot be changed."))
    if comment.state is CommentState.WITHDRAWN:
        return denied(_l("You have withdrawn this comment."))
    if now >= editable_until(comment):
        return denied(
            _l("A comment can be changed for 15 minutes, and that time is over."),
            _l("Write a reply to it, or withdraw it."),
        )
    return place.commenting


def can_withdraw(user: User | None, comment: Comment) -> Decision:
    """Take one's own comment back, at any time."""
    if user is None or comment.author_id != user.id:
        return denied(_l("Only the person who wrote a comment can withdraw it."))
    if comment.state is CommentState.WITHDRAWN:
        return denied(_l("You have withdrawn this comment already."))
    return ALLOWED


def can_answer(
    user: User | None, host_ids: Collection[int], spoken_for: Collection[int]
) -> Decision:
    """Answer officially: organisers, and who leads or edits an organisation that hosts the subject.

    `spoken_for` are the ids of the verified organisations the person speaks for.
    """
    if user is not None and (user.has_role(Role.ORGANISER) or set(host_ids) & set(spoken_for)):
        return ALLOWED
    return denied(
        _l("Official answers are written by the organisations that ask."),
        _l("If you should answer, ask an organiser to make you an editor of your organisation."),
    )


def can_see_queue(user: User | None, spoken_for: Collection[int]) -> Decision:
    """See what waits for an answer: organisers all of it, others what their organisations owe."""
    if user is not None and (user.has_role(Role.ORGANISER) or spoken_for):
        return ALLOWED
    return denied(
        _l("Official answers are written by the organisations that ask."),
        _l("If you should answer, ask an organiser to make you an editor of your organisation."),
    )
