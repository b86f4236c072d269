"""Ideas as feed readers take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for
from sqlalchemy.orm import contains_eager, joinedload

from engage.core.db import db
from engage.programmes.ideas import queries
from engage.programmes.ideas.filters import Filters
from engage.programmes.ideas.models import Idea


@dataclass(frozen=True)
class FeedEntry:
    """One idea. `id_url` never changes, `url` carries the words."""

    id_url: str
    title: str
    url: str
    updated: datetime
    published: datetime
    author: str | None
    summary_html: str
    language: str


def entries(filters: Filters, now: datetime, limit: int = 30) -> list[FeedEntry]:
    """The newest public ideas that fit the filters, as everybody sees them."""
    chosen = replace(filters, sort="newest")
    rows = db.session.scalars(
        queries.narrowed(chosen)
        .where(Idea.published_at <= now)
        .options(contains_eager(Idea.call), joinedload(Idea.author), joinedload(Idea.organisation))
        .order_by(*queries.order_of(chosen))
        .limit(limit)
    )
    return [_entry(idea) for idea in rows]


def _entry(idea: Idea) -> FeedEntry:
    published = idea.published_at or idea.created_at
    moments = (published, idea.edited_at, idea.moved_at, idea.answered_at)
    by = queries.author_name(idea, idea.call, None)
    return FeedEntry(
        id_url=url_for("ideas.detail", address=idea.id, _external=True),
        title=idea.title,
        url=url_for("ideas.detail", address=idea.address, _external=True),
        updated=max(at for at in moments if at is not None),
        published=published,
        author=idea.organisation.name if idea.organisation else by,
        summary_html=idea.body_html,
        language=idea.language,
    )
