"""Published comments as open data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Select,
    func,
)

from engage.commons.accounts.models import (
    Guest,
    Organisation,
    User,
)
from engage.commons.comments.models import (
    Comment,
    CommentState,
    OfficialAnswer,
)
from engage.commons.comments.pages import answering, rows_of
from engage.commons.comments.receipts import receipt_number
from engage.core.db import stream
from engage.core.i18n import _l


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
        func.coalesce(answering.name, ""),
        func.coalesce(OfficialAnswer.body, ""),
        OfficialAnswer.published_at,
    ]
    statement = (
        rows_of(columns)
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
