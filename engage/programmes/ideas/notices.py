"""Who is told what about ideas: authors and supporters in batches, single people at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import current_app, url_for
from sqlalchemy import ColumnElement, Select, or_, select

from engage.commons.accounts.models import User
from engage.commons.accounts.queries import by_email
from engage.commons.notifications.service import in_language, tell
from engage.core import clock, outbox
from engage.core.db import db, lock, transactional
from engage.core.i18n import babel_name, force_locale
from engage.core.richtext import plain
from engage.core.tasks import task
from engage.programmes.ideas import receivers
from engage.programmes.ideas.models import (
    STATE_LABELS,
    CoAuthor,
    Idea,
    IdeaBulletin,
    IdeaState,
    Occasion,
    Support,
)
from engage.programmes.ideas.tokens import invitation_token

TOPIC = "ideas"
EXCERPT = 240
_BATCH = 100


def idea_url(idea: Idea, **over: Any) -> str:
    """The idea's page, as a path: the worker has no request."""
    return url_for("ideas.detail", address=idea.address, _external=False, **over)


def office_url(idea: Idea) -> str:
    """Where officers work on it."""
    return url_for("ideas_office.idea", idea_id=idea.id, _external=False)


# --- news for many ------------------------------------------------------------------------


def put_on_the_board(
    idea: Idea, occasion: Occasion, *, key: str, details: dict[str, Any] | None = None
) -> None:
    """Note a piece of news inside the present transaction; the worker hands it out after it.

    The same key is news once.
    """
    with transactional():
        known = select(IdeaBulletin.id).where(
            IdeaBulletin.idea_id == idea.id, IdeaBulletin.key == key
        )
        if db.session.scalar(known) is not None:
            return
        db.session.add(
            IdeaBulletin(idea_id=idea.id, occasion=occasion, key=key, details=details or {})
        )
        db.session.flush()
        hand_out.later()


@task
def hand_out() -> None:
    """Tell everybody concerned about all waiting news, in batches; safe to run twice at once."""
    waiting = (
        select(IdeaBulletin.id).where(IdeaBulletin.done_at.is_(None)).order_by(IdeaBulletin.id)
    )
    for bulletin_id in db.session.scalars(waiting).all():
        while _hand_out_batch(bulletin_id):
            pass


def _hand_out_batch(bulletin_id: int) -> bool:
    """Tell the next people; False when nobody is left."""
    with transactional():
        bulletin = lock(IdeaBulletin, bulletin_id)
        if bulletin.done_at is not None:
            return False
        idea = db.session.get_one(Idea, bulletin.idea_id)
        people = db.session.scalars(
            _audience(idea).where(User.id > bulletin.last_user_id).order_by(User.id).limit(_BATCH)
        ).all()
        authors = author_ids(idea)
        for user in people:
            _tell(user, bulletin, idea, is_author=user.id in authors)
        if people:
            bulletin.last_user_id = people[-1].id
        else:
            bulletin.done_at = clock.now()
        return bool(people)


def author_ids(idea: Idea) -> set[int]:
    """The accounts of its author and co-authors."""
    others = db.session.scalars(
        select(CoAuthor.user_id).where(
            CoAuthor.idea_id == idea.id,
            CoAuthor.accepted_at.is_not(None),
            CoAuthor.user_id.is_not(None),
        )
    )
    return {ident for ident in (idea.author_id, *others) if ident is not None}


def _audience(idea: Idea) -> Select[User]:
    supporters = select(Support.user_id).where(
        Support.idea_id == idea.id, Support.user_id.is_not(None)
    )
    concerned: list[ColumnElement[bool]] = [User.id.in_(supporters)]
    if authors := author_ids(idea):
        concerned.append(User.id.in_(authors))
    return select(User).where(User.closed_at.is_(None), User.active, or_(*concerned))


def _tell(user: User, bulletin: IdeaBulletin, idea: Idea, *, is_author: bool) -> None:
    details = dict(bulletin.details)
    with force_locale(babel_name(user.locale)):
        state = str(STATE_LABELS[IdeaState(details.get("state", idea.state.value))])
        # what it became is called as each reader calls it
        other = receivers.words(details["receiver"]) if "receiver" in details else ""
    context: dict[str, Any] = {
        "title": idea.title,
        "is_author": is_author,
        "state": state,
        "excerpt": details.get("excerpt", ""),
        "reason": details.get("reason", ""),
        "organisation": details.get("organisation", ""),
        "other": details.get("other", "") or other,
    }
    tell(
        user,
        topic="answers" if is_author else TOPIC,
        template=f"ideas/{bulletin.occasion.value}",
        context=context,
        # a merged idea's own address leads on; its people need the page with the question
        url=idea_url(idea, locale=user.locale),
        key=f"idea-{idea.id}-{bulletin.key}",
    )


# --- single people ------------------------------------------------------------------------


def tell_author(idea: Idea, template: str, *, key: str, **context: Any) -> None:
    """The first author alone: received, let in, not let in, split."""
    author = db.session.get(User, idea.author_id) if idea.author_id else None
    if author is None or author.closed_at is not None:
        return
    tell(
        author,
        topic="answers",
        template=f"ideas/{template}",
        context={"title": idea.title, "excerpt": "", **context},
        url=idea_url(idea, locale=author.locale),
        key=f"idea-{idea.id}-{key}",
    )


def tell_mentioned(people: Iterable[User], idea: Idea, by: str) -> None:
    """Somebody named you in an idea."""
    for person in people:
        tell(
            person,
            topic="replies",
            template="ideas/mentioned",
            context={"title": idea.title, "by": by, "excerpt": plain(idea.body, limit=EXCERPT)},
            url=idea_url(idea, locale=person.locale),
            key=f"idea-mention-{idea.id}",
        )


def tell_assigned(people: Sequence[User], idea: Idea, at: str) -> None:
    """You work on this idea from now on."""
    for person in people:
        tell(
            person,
            topic=TOPIC,
            template="ideas/assigned",
            context={"title": idea.title, "excerpt": plain(idea.body, limit=EXCERPT)},
            url=office_url(idea),
            key=f"idea-assigned-{idea.id}-{at}",
        )


def invite(invitation: CoAuthor, idea: Idea, inviter: User) -> None:
    """Somebody is asked to be a co-author, by a link that only their account can use.

    Whoever has an account is written to in its language, others in the inviter's.
    """
    known = by_email(invitation.email)
    locale = known.locale if known else inviter.locale
    token = invitation_token(invitation)
    path = url_for("ideas.invitation", token=token, locale=locale, _external=False)
    address = current_app.config["BASE_URL"].rstrip("/") + in_language(path, locale)
    outbox.post(
        to=invitation.email,
        template="ideas/co_author",
        locale=locale,
        context={
            "title": idea.title,
            "inviter": inviter.display_name,
            "expires_at": invitation.expires_at,
            "url": address,
        },
        key=f"idea-co-author-{invitation.id}-{invitation.created_at:%Y%m%d%H%M%S}",
    )
