"""Threads and comments for tests, under a place the test describes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.comments import counts, queries, service
from engage.commons.comments.models import (
    Comment,
    CommentState,
    OfficialAnswer,
    ReactionValue,
    Stance,
    Thread,
)
from engage.commons.comments.threads import Place, ThreadKind, kinds
from engage.core import clock
from engage.core.access import ALLOWED, Decision, denied
from engage.core.db import db, transactional
from engage.core.richtext import render

KIND = "tests.place"
CLOSED = denied("Comments closed on Friday 4 December 2026 at 18:00.", "Read what was said.")
_places: dict[int, Place] = {}
_number = count(1)


def _load(thread_ids: Collection[int], user: User | None, now: datetime) -> dict[int, Place]:
    found = {}
    for ident in thread_ids:
        place = _places.get(ident)
        if place is not None:
            is_over = place.closes_at is not None and now >= place.closes_at
            found[ident] = replace(place, commenting=CLOSED) if is_over else place
    return found


def make_thread(**over: Any) -> Thread:
    """A thread under a place anybody may read and comment on; `over` are fields of its Place."""
    kinds.add(ThreadKind(KIND, _load))
    thread = service.open_thread(KIND, host_ids=over.get("host_ids", ()))
    values: dict[str, Any] = {
        "title": "Paragraph 2.3",
        "url": "/en/help",
        "is_visible": True,
        "commenting": ALLOWED,
        "context": "The draft plan",
    }
    _places[thread.id] = Place(**(values | over))
    return thread


def change_place(thread: Thread, **over: Any) -> None:
    """Let a thread's place be different from now on."""
    _places[thread.id] = replace(_places[thread.id], **over)


def close_place(thread: Thread, decision: Decision = CLOSED) -> None:
    change_place(thread, commenting=decision)


def make_comment(thread: Thread, author: User | None = None, **over: Any) -> Comment:
    """A published comment of `author` (of nobody any more, when none is given), counted.

    `parent` makes it a reply; other values are columns.
    """
    parent: Comment | None = over.pop("parent", None)
    values: dict[str, Any] = {
        "thread_id": thread.id,
        "author_id": author.id if author else None,
        "kind": author.kind if author else StakeholderKind.RESIDENT,
        "stance": Stance.NEUTRAL,
        "language": "en",
        "body": f"The quay needs more light, says voice {next(_number)}.",
        "state": CommentState.PUBLISHED,
        "received_at": clock.now(),
        "reactions_by_kind": {},
    }
    if parent is not None:
        values |= {
            "parent_id": parent.id,
            "root_id": parent.root_id or parent.id,
            "depth": parent.depth + 1,
        }
    values |= over
    values.setdefault("body_html", render(values["body"]))
    if values["state"] is not CommentState.HELD:
        values.setdefault("published_at", values["received_at"])
    with transactional():
        comment = Comment(**values)
        db.session.add(comment)
        db.session.flush()
        if comment.is_published:
            counts.count_comment(comment, 1, comment.received_at)
    return queries.comment(comment.id)


def make_answer(comment: Comment, organisation: Organisation, **over: Any) -> OfficialAnswer:
    """A published official answer; `published_at=None` makes it a draft."""
    now = clock.now()
    values: dict[str, Any] = {
        "comment_id": comment.id,
        "organisation_id": organisation.id,
        "body": "Yes, the lamps come in spring.",
        "language": "en",
        "drafted_at": now,
        "changed_at": now,
        "published_at": now,
    }
    values |= over
    values.setdefault("body_html", render(values["body"], profile="letter"))
    with transactional():
        answer = OfficialAnswer(**values)
        db.session.add(answer)
        row = db.session.get_one(Comment, comment.id)
        row.answered_at = answer.published_at
        db.session.flush()
    return answer


def make_reaction(comment: Comment, user: User, value: str = "agree") -> Comment:
    """A reaction through the service."""
    return service.react(comment.id, actor=user, value=ReactionValue(value))
