"""Who is told what about comments."""

from __future__ import annotations

from collections.abc import Iterable

from flask import current_app, url_for

from engage.commons.accounts.models import Guest, User
from engage.commons.comments.models import Comment, OfficialAnswer
from engage.commons.comments.receipts import receipt_number
from engage.commons.comments.threads import Place
from engage.commons.notifications import service as notifications
from engage.core import outbox
from engage.core.richtext import plain

EXCERPT = 240


def comment_url(comment_id: int) -> str:
    """The comment's own address."""
    return url_for("comments.detail", comment_id=comment_id)


def tell_author_replied(author: User, reply: Comment, place: Place, by: str) -> None:
    """Somebody answered your comment."""
    _tell(author, "comments/replied", reply, place, by, key=f"reply-{reply.id}")


def tell_mentioned(people: Iterable[User], comment: Comment, place: Place, by: str) -> None:
    """Somebody named you."""
    for person in people:
        _tell(person, "comments/mentioned", comment, place, by, key=f"mention-{comment.id}")


def _tell(
    person: User, template: str, comment: Comment, place: Place, by: str, *, key: str
) -> None:
    notifications.tell(
        person,
        topic="replies",
        template=template,
        context={
            "by": by,
            "place_title": place.title,  # lazy: said in each reader's language
            "excerpt": plain(comment.body, limit=EXCERPT),
        },
        url=comment_url(comment.id),
        key=key,
    )


def tell_author_answered(
    answer: OfficialAnswer,
    comment: Comment,
    place: Place,
    *,
    organisation: str,
    author: User | None,
    guest: Guest | None,
) -> None:
    """Your comment has an official answer. Guests are told by mail alone."""
    context = {
        "organisation": organisation,
        "place_title": place.title,
        "excerpt": plain(answer.body, limit=EXCERPT),
        "yours": plain(comment.body, limit=EXCERPT),
        "receipt": receipt_number(comment.id),
    }
    url = comment_url(comment.id)
    if author is not None:
        notifications.tell(
            author,
            topic="answers",
            template="comments/answered",
            context=context,
            url=url,
            key=f"answer-{answer.id}",
        )
    elif guest is not None and guest.confirmed_at is not None and guest.email:
        address = notifications.in_language(url, guest.locale)
        outbox.post(
            to=guest.email,
            name=guest.display_name,
            template="comments/answered",
            locale=guest.locale,
            context={
                **context,
                "reader": guest,
                "url": current_app.config["BASE_URL"].rstrip("/") + address,
            },
            key=f"comment-answer-{answer.id}",
        )
