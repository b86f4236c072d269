"""What comments ask of an idea: may this be seen, and written under, now?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, selectinload

from engage.commons.accounts.models import User
from engage.commons.comments.threads import Place
from engage.core.db import db
from engage.core.i18n import locale_now
from engage.programmes.ideas import policy
from engage.programmes.ideas.models import Call, CoAuthor, Idea

THREAD_KIND = "ideas.idea"


def load_places(thread_ids: Collection[int], user: User | None, now: datetime) -> dict[int, Place]:
    """Where the threads of ideas hang."""
    ideas = db.session.scalars(
        select(Idea)
        .join(Call, Call.id == Idea.call_id)
        .where(Idea.thread_id.in_(thread_ids))
        .options(
            contains_eager(Idea.call).options(
                selectinload(Call.translations), selectinload(Call.hosts)
            )
        )
    ).all()
    own = _own(user, [idea.id for idea in ideas])
    return {
        idea.thread_id: place(
            idea,
            now,
            is_visible=policy.can_see_idea(user, idea, idea.call)
            or (idea.id in own and policy.can_see_idea(user, idea, idea.call, own[idea.id])),
        )
        for idea in ideas
    }


def place(idea: Idea, now: datetime, *, is_visible: bool) -> Place:
    """Where the thread of an idea hangs; its call, with words and hosts, is loaded already."""
    return Place(
        title=idea.title,
        context=idea.call.words_in(locale_now()).title,
        url=url_for("ideas.detail", address=idea.address),
        is_visible=is_visible,
        commenting=policy.can_comment(idea, idea.call, now),
        closes_at=idea.call.supports_close_at or idea.call.closes_at,
        # the idea itself is owed an answer; its comments are a discussion
        answer_days=None,
        is_own_page=True,
        host_ids=tuple(host.organisation_id for host in idea.call.hosts),
    )


def _own(user: User | None, idea_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Which of these the reader is a co-author of."""
    if user is None or not idea_ids:
        return {}
    found = db.session.scalars(
        select(CoAuthor.idea_id).where(
            CoAuthor.idea_id.in_(idea_ids),
            CoAuthor.user_id == user.id,
            CoAuthor.accepted_at.is_not(None),
        )
    )
    return dict.fromkeys(found, (user.id,))
