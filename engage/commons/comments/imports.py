"""Bringing in many comments at once: other systems' archives, and the demonstration.

Plain inserts in batches, then one recount of the threads touched: the counters end up exactly as if
everybody had written one by one. Nobody is told, and no window is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, func, insert, select, update

from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments import counts, scores
from engage.commons.comments.models import (
    DEEPEST,
    Comment,
    CommentState,
    OfficialAnswer,
    Reaction,
    ReactionValue,
    Stance,
    Thread,
    ThreadReaction,
)
from engage.core import audit
from engage.core.db import Model, db, transactional
from engage.core.errors import Invalid
from engage.core.i18n import _l
from engage.core.richtext import render

BATCH = 1000


@dataclass(frozen=True, slots=True)
class ImportedReaction:
    """Somebody's reaction to an imported comment."""

    user_id: int
    kind: StakeholderKind
    value: ReactionValue


@dataclass(frozen=True, slots=True)
class ImportedAnswer:
    """An official answer that came with a comment; published at `published_at`."""

    organisation_id: int
    author_id: int | None
    body: str
    language: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class ImportedComment:
    """One comment. `key` names it for replies in the same import; `reply_to` is such a key.

    Exactly one of `author_id` and `guest_id` is given, or neither for somebody who left.
    """

    thread_id: int
    kind: StakeholderKind
    body: str
    language: str
    received_at: datetime
    author_id: int | None = None
    guest_id: int | None = None
    organisation_id: int | None = None
    stance: Stance = Stance.NEUTRAL
    state: CommentState = CommentState.PUBLISHED
    hidden_reason: str | None = None
    answer_days: int | None = None
    key: str | None = None
    reply_to: str | None = None
    reactions: tuple[ImportedReaction, ...] = ()
    answer: ImportedAnswer | None = None


def insert_rows(table: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same columns, as one statement: by the ORM each pattern of NULLs would be another."""
    db.session.execute(insert(cast(Table, table.__table__)), rows)


def reserved_ids(table: type[Comment] | type[Thread], count: int) -> Sequence[int]:
    """Ids nobody else will get, in order, inside a transaction: rows can then go in as one statement.

    SQLite has one writer, so the next numbers are ours; PostgreSQL takes them from its sequence.
    """
    if db.engine.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.__tablename__, "id")
        numbers = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
        return sorted(db.session.scalars(numbers))
    last = db.session.scalar(select(func.max(table.id))) or 0
    return range(last + 1, last + 1 + count)


@dataclass
class _Placed:
    id: int
    root_id: int | None
    parent_id: int | None
    depth: int


@dataclass
class _Import:
    waiting: list[ImportedComment] = field(default_factory=list)
    waiting_keys: set[str] = field(default_factory=set)
    placed: dict[str, _Placed] = field(default_factory=dict)
    threads: set[int] = field(default_factory=set)
    done: int = 0


def import_comments(rows: Iterable[ImportedComment]) -> int:
    """Insert the rows in their order (a reply after what it answers); answers how many.

    One transaction: all or nothing. Raises Invalid for a reply to an unknown key and for a text
    that is too long.
    """
    run = _Import()
    with transactional():
        for row in rows:
            if row.reply_to is not None and row.reply_to in run.waiting_keys:
                _flush(run)
            run.waiting.append(row)
            if row.key is not None:
                run.waiting_keys.add(row.key)
            if len(run.waiting) >= BATCH:
                _flush(run)
        _flush(run)
        _count(run.threads)
        if run.done:
            audit.record("comments.imported", ("thread", None), actor=None, count=run.done)
    return run.done


@lru_cache(maxsize=4096)
def _rendered(body: str) -> str:
    return render(body, profile="comment")


def _flush(run: _Import) -> None:
    if not run.waiting:
        return
    rows, run.waiting = run.waiting, []
    run.waiting_keys.clear()
    ids = reserved_ids(Comment, len(rows))
    values = [{"id": ident, **_values(row, run)} for ident, row in zip(ids, rows, strict=True)]
    insert_rows(Comment, values)
    reactions: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for ident, row, value in zip(ids, rows, values, strict=True):
        run.threads.add(row.thread_id)
        if row.key is not None:
            run.placed[row.key] = _Placed(
                ident, value["root_id"], value["parent_id"], value["depth"]
            )
        reactions += [
            {
                "comment_id": ident,
                "user_id": reaction.user_id,
                "kind": reaction.kind,
                "value": reaction.value,
                "reacted_at": row.received_at,
            }
            for reaction in row.reactions
        ]
        if row.answer is not None:
            answers.append(_answer_values(ident, row.answer))
    if reactions:
        insert_rows(Reaction, reactions)
    if answers:
        insert_rows(OfficialAnswer, answers)
    run.done += len(rows)


def _values(row: ImportedComment, run: _Import) -> dict[str, Any]:
    shown = row.state is CommentState.PUBLISHED
    owed = row.answer_days is not None and shown and row.reply_to is None
    return {
        "thread_id": row.thread_id,
        **_place(row, run),
        "author_id": row.author_id,
        "guest_id": row.guest_id,
        "organisation_id": row.organisation_id,
        "kind": row.kind,
        "stance": row.stance,
        "language": row.language,
        "body": row.body,
        "body_html": _rendered(row.body),
        "state": row.state,
        "hidden_reason": row.hidden_reason,
        "revision": 1,
        "received_at": row.received_at,
        "published_at": None if row.state is CommentState.HELD else row.received_at,
        "due_at": row.received_at + timedelta(days=row.answer_days or 0) if owed else None,
        "answered_at": row.answer.published_at if row.answer else None,
        "replies_count": 0,
        **_reacted(row.reactions),
    }


def _reacted(reactions: Iterable[ImportedReaction]) -> dict[str, Any]:
    found = dict.fromkeys(ReactionValue, 0)
    by_kind: dict[str, list[int]] = {}
    for reaction in reactions:
        found[reaction.value] += 1
        if reaction.value is not ReactionValue.HELPFUL:
            pair = by_kind.setdefault(reaction.kind.value, [0, 0])
            pair[reaction.value is ReactionValue.DISAGREE] += 1
    agree, disagree = found[ReactionValue.AGREE], found[ReactionValue.DISAGREE]
    return {
        "agree_count": agree,
        "disagree_count": disagree,
        "helpful_count": found[ReactionValue.HELPFUL],
        "agreement": agree - disagree,
        "bridge": scores.bridge(by_kind),
        "reactions_by_kind": by_kind,
    }


def _place(row: ImportedComment, run: _Import) -> Mapping[str, int | None]:
    if row.reply_to is None:
        return {"parent_id": None, "root_id": None, "quoted_id": None, "depth": 0}
    above = run.placed.get(row.reply_to)
    if above is None:
        raise Invalid(_l("A reply names a comment that did not come before it."))
    too_deep = above.depth >= DEEPEST
    return {
        "parent_id": above.parent_id if too_deep else above.id,
        "root_id": above.root_id or above.id,
        "quoted_id": above.id if too_deep else None,
        "depth": min(above.depth + 1, DEEPEST),
    }


def _answer_values(comment_id: int, answer: ImportedAnswer) -> dict[str, Any]:
    return {
        "comment_id": comment_id,
        "organisation_id": answer.organisation_id,
        "author_id": answer.author_id,
        "body": answer.body,
        "body_html": render(answer.body, profile="letter"),
        "language": answer.language,
        "revision": 1,
        "drafted_at": answer.published_at,
        "changed_at": answer.published_at,
        "published_at": answer.published_at,
    }


@dataclass(frozen=True, slots=True)
class ImportedSubjectReaction:
    """Somebody's agreement or disagreement with what a thread is about."""

    thread_id: int
    user_id: int
    kind: StakeholderKind
    value: ReactionValue
    reacted_at: datetime


def import_subject_reactions(rows: Iterable[ImportedSubjectReaction]) -> int:
    """Insert reactions to subjects, one per person and thread; answers how many. All or nothing."""
    values: list[dict[str, Any]] = [
        {
            "thread_id": row.thread_id,
            "user_id": row.user_id,
            "kind": row.kind,
            "value": row.value,
            "reacted_at": row.reacted_at,
        }
        for row in rows
    ]
    if values:
        with transactional():
            insert_rows(ThreadReaction, values)
            _count({value["thread_id"] for value in values})
    return len(values)


def _count(thread_ids: set[int]) -> None:
    if not thread_ids:
        return
    ids = sorted(thread_ids)
    counts.repair_all(counts.drifts(ids))
    latest = (
        select(func.max(Comment.received_at))
        .where(Comment.thread_id == Thread.id, Comment.state == CommentState.PUBLISHED)
        .scalar_subquery()
    )
    for start in range(0, len(ids), BATCH):
        db.session.execute(
            update(Thread)
            .where(Thread.id.in_(ids[start : start + BATCH]))
            .values(last_comment_at=latest)
            .execution_options(synchronize_session=False)
        )
