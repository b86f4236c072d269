"""The counters beside threads and comments: moved in each write's transaction, and proved afterwards.

Every movement is one atomic statement (`SET x = x + 1`), so parallel writers lose nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, func, select, update

from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments import scores
from engage.commons.comments.models import (
    Comment,
    CommentState,
    OfficialAnswer,
    Reaction,
    ReactionValue,
    Stance,
    Thread,
    ThreadReaction,
    ThreadTally,
)
from engage.core.db import db, dialect, insert_into

MEASURES = ("comments", "pro", "contra", "agree", "disagree")
_BATCH = 1000


def add_to_tally(thread_id: int, kind: StakeholderKind, **by: int) -> None:
    """Move what one stakeholder kind said in a thread; the row is made when it is missing."""
    values = {measure: by.get(measure, 0) for measure in MEASURES}
    moved = tuple(name for name in MEASURES if values[name])
    db.session.execute(_tally(dialect(), moved), {"thread_id": thread_id, "kind": kind, **values})


@cache
def _tally(dialect: str, moved: tuple[str, ...]) -> Any:
    statement = insert_into(ThreadTally, dialect)
    row = ["thread_id", "kind"]
    if not moved:
        return statement.on_conflict_do_nothing(index_elements=row)
    # what would have been inserted is what the row moves by
    sums = {name: getattr(ThreadTally, name) + statement.excluded[name] for name in moved}
    return statement.on_conflict_do_update(index_elements=row, set_=sums)


@cache
def _count_in_thread(*, dated: bool) -> Any:
    table: Any = Thread.__table__
    moved: dict[str, Any] = {"comments_count": table.c.comments_count + bindparam("by")}
    if dated:
        moved["last_comment_at"] = bindparam("now")
    return update(table).where(table.c.id == bindparam("thread")).values(moved)


def count_comment(comment: Comment, by: int, at: datetime | None = None) -> None:
    """Count a comment in (`by` 1) or out (-1): its thread, its author's kind, what it replies to."""
    counted = {"thread": comment.thread_id, "by": by} | ({} if at is None else {"now": at})
    db.session.execute(_count_in_thread(dated=at is not None), counted)
    change = {"comments": by} | _stance_change(comment.stance, by)
    add_to_tally(comment.thread_id, comment.kind, **change)
    above = {ident for ident in (comment.parent_id, comment.root_id) if ident is not None}
    if above:
        _move(
            update(Comment)
            .where(Comment.id.in_(above))
            .values(replies_count=Comment.replies_count + by)
        )


def count_stance(comment: Comment, old: Stance, new: Stance) -> None:
    """Count a changed stance."""
    change: defaultdict[str, int] = defaultdict(int)
    for stance, by in ((old, -1), (new, 1)):
        for measure, moved in _stance_change(stance, by).items():
            change[measure] += moved
    if any(change.values()):
        add_to_tally(comment.thread_id, comment.kind, **change)


def count_subject_reaction(
    thread_id: int, kind: StakeholderKind, old: ReactionValue | None, new: ReactionValue | None
) -> None:
    """Count somebody's agreement or disagreement with the subject, or its end."""
    change = {value.value: by for value, by in ((old, -1), (new, 1)) if value is not None}
    _move(
        update(Thread)
        .where(Thread.id == thread_id)
        .values(
            {f"{name}_count": getattr(Thread, f"{name}_count") + by for name, by in change.items()}
        )
    )
    add_to_tally(thread_id, kind, **change)


def apply_reaction(
    comment: Comment, kind: StakeholderKind, old: ReactionValue | None, new: ReactionValue | None
) -> None:
    """Count a reaction on a comment that is locked, and reckon what it is sorted by."""
    by_kind = {name: list(pair) for name, pair in comment.reactions_by_kind.items()}
    pair = by_kind.setdefault(kind.value, [0, 0])
    for value, by in ((old, -1), (new, 1)):
        if value is None:
            continue
        name = f"{value.value}_count"
        setattr(comment, name, getattr(comment, name) + by)
        if value is not ReactionValue.HELPFUL:
            pair[value is ReactionValue.DISAGREE] += by
    comment.reactions_by_kind = {name: pair for name, pair in by_kind.items() if any(pair)}
    comment.agreement = comment.agree_count - comment.disagree_count
    comment.bridge = scores.bridge(comment.reactions_by_kind)


def _stance_change(stance: Stance, by: int) -> dict[str, int]:
    measure = {Stance.FOR: "pro", Stance.AGAINST: "contra"}.get(stance)
    return {measure: by} if measure else {}


def _move(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


# --- proving ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Drift:
    """One row whose counters are not what its neighbours say: {column: (kept, counted)}."""

    table: str
    key: Any
    columns: dict[str, tuple[Any, Any]]


def drifts(thread_ids: Sequence[int] | None = None) -> Iterator[Drift]:
    """Every row whose counters differ from a fresh count, of all threads or of those given.

    Reads in batches, memory flat. With `repair` each is put right; run both inside one
    transaction when writers are about.
    """
    ids = select(Thread.id).order_by(Thread.id)
    if thread_ids is not None:
        ids = ids.where(Thread.id.in_(thread_ids))
    waiting = list(db.session.scalars(ids))
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        yield from _thread_drifts(batch)
        yield from _comment_drifts(batch)


def repair(drift: Drift) -> None:
    """Write the counted values."""
    table: Any = {"threads": Thread, "thread_tallies": ThreadTally, "comments": Comment}[
        drift.table
    ]
    counted = {name: right for name, (_kept, right) in drift.columns.items()}
    if drift.table == "thread_tallies":
        thread_id, kind = drift.key
        row = db.session.get(ThreadTally, (thread_id, kind))
        if row is None:
            values = dict.fromkeys(MEASURES, 0) | counted
            db.session.add(ThreadTally(thread_id=thread_id, kind=StakeholderKind(kind), **values))
            db.session.flush()
            return
        _move(
            update(ThreadTally)
            .where(ThreadTally.thread_id == thread_id, ThreadTally.kind == kind)
            .values(**counted)
        )
        return
    _move(update(table).where(table.id == drift.key).values(**counted))


def repair_all(found: Iterable[Drift]) -> int:
    """Write the counted values of many rows, comments in batches; answers how many there were."""
    comments: list[dict[str, Any]] = []
    total = 0
    for drift in found:
        total += 1
        if drift.table != "comments":
            repair(drift)
            continue
        values = {name: right for name, (_kept, right) in drift.columns.items()}
        comments.append({"id": drift.key, **values})
        if len(comments) >= _BATCH:
            _write_comments(comments)
            comments = []
    _write_comments(comments)
    return total


def _write_comments(rows: Sequence[dict[str, Any]]) -> None:
    # rows that change the same columns go to the driver as one statement
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_columns[tuple(row)].append(row)
    for same in by_columns.values():
        db.session.execute(update(Comment), same)


def _differences(kept: Mapping[Any, Any], counted: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (kept[name], counted[name]) for name in counted if kept[name] != counted[name]}


def _thread_drifts(ids: Sequence[int]) -> Iterator[Drift]:
    tallies: dict[tuple[int, StakeholderKind], dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(MEASURES, 0)
    )
    written = (
        select(
            Comment.thread_id,
            Comment.kind,
            func.count(),
            func.sum(case((Comment.stance == Stance.FOR, 1), else_=0)),
            func.sum(case((Comment.stance == Stance.AGAINST, 1), else_=0)),
        )
        .where(Comment.thread_id.in_(ids), Comment.state == CommentState.PUBLISHED)
        .group_by(Comment.thread_id, Comment.kind)
    )
    for thread_id, kind, comments, pro, contra in db.session.execute(written):
        tallies[thread_id, kind].update(comments=comments, pro=pro, contra=contra)
    reacted = (
        select(ThreadReaction.thread_id, ThreadReaction.kind, ThreadReaction.value, func.count())
        .where(ThreadReaction.thread_id.in_(ids))
        .group_by(ThreadReaction.thread_id, ThreadReaction.kind, ThreadReaction.value)
    )
    for thread_id, kind, value, count in db.session.execute(reacted):
        tallies[thread_id, kind][value.value] = count

    sums: dict[int, dict[str, int]] = {
        ident: {"comments_count": 0, "agree_count": 0, "disagree_count": 0} for ident in ids
    }
    for (thread_id, _kind), counted in tallies.items():
        sums[thread_id]["comments_count"] += counted["comments"]
        sums[thread_id]["agree_count"] += counted["agree"]
        sums[thread_id]["disagree_count"] += counted["disagree"]
    kept_threads = select(
        Thread.id, Thread.comments_count, Thread.agree_count, Thread.disagree_count
    ).where(Thread.id.in_(ids))
    for row in db.session.execute(kept_threads).mappings():
        found = _differences(row, sums[row["id"]])
        if found:
            yield Drift("threads", row["id"], found)

    kept_rows = db.session.execute(
        select(
            ThreadTally.thread_id,
            ThreadTally.kind,
            *(getattr(ThreadTally, name) for name in MEASURES),
        ).where(ThreadTally.thread_id.in_(ids))
    )
    kept_tallies: dict[Any, Mapping[Any, Any]] = {
        (row["thread_id"], row["kind"]): row for row in kept_rows.mappings()
    }
    nothing = dict.fromkeys(MEASURES, 0)
    for key in kept_tallies.keys() | tallies.keys():
        found = _differences(kept_tallies.get(key, nothing), tallies.get(key, nothing))
        if found:
            yield Drift("thread_tallies", (key[0], key[1].value), found)


def _comment_drifts(thread_ids: Sequence[int]) -> Iterator[Drift]:
    after = 0
    while True:
        comments = db.session.execute(
            select(
                Comment.id,
                Comment.root_id,
                Comment.agree_count,
                Comment.disagree_count,
                Comment.helpful_count,
                Comment.replies_count,
                Comment.agreement,
                Comment.bridge,
                Comment.reactions_by_kind,
                Comment.answered_at,
            )
            .where(Comment.thread_id.in_(thread_ids), Comment.id > after)
            .order_by(Comment.id)
            .limit(_BATCH)
        ).all()
        if not comments:
            return
        after = comments[-1].id
        yield from _differences_of(comments)


def _differences_of(comments: Sequence[Any]) -> Iterator[Drift]:
    ids = [comment.id for comment in comments]
    reactions: dict[int, dict[str, Any]] = defaultdict(
        lambda: {"agree": 0, "disagree": 0, "helpful": 0, "by_kind": {}}
    )
    for comment_id, kind, value, count in db.session.execute(
        select(Reaction.comment_id, Reaction.kind, Reaction.value, func.count())
        .where(Reaction.comment_id.in_(ids))
        .group_by(Reaction.comment_id, Reaction.kind, Reaction.value)
    ):
        found = reactions[comment_id]
        found[value.value] += count
        if value is not ReactionValue.HELPFUL:
            pair = found["by_kind"].setdefault(kind.value, [0, 0])
            pair[value is ReactionValue.DISAGREE] += count
    below = _replies_below(comments)
    answered = dict(
        db.session.execute(
            select(OfficialAnswer.comment_id, OfficialAnswer.published_at).where(
                OfficialAnswer.comment_id.in_(ids), OfficialAnswer.published_at.is_not(None)
            )
        ).all()
    )
    for comment in comments:
        said = reactions[comment.id]
        counted = {
            "agree_count": said["agree"],
            "disagree_count": said["disagree"],
            "helpful_count": said["helpful"],
            "replies_count": below.get(comment.id, 0),
            "agreement": said["agree"] - said["disagree"],
            "bridge": scores.bridge(said["by_kind"]),
            "reactions_by_kind": said["by_kind"],
            "answered_at": answered.get(comment.id),
        }
        different = _differences({name: getattr(comment, name) for name in counted}, counted)
        if different:
            yield Drift("comments", comment.id, different)


def _replies_below(comments: Sequence[Any]) -> dict[int, int]:
    """Published replies at any depth, by comment: two queries on the index of branches."""
    roots = {comment.root_id or comment.id for comment in comments}
    replies = select(func.count()).where(
        Comment.root_id.in_(roots), Comment.state == CommentState.PUBLISHED
    )
    counted: dict[int, int] = {}
    by_root = replies.add_columns(Comment.root_id).group_by(Comment.root_id)
    for count, root_id in db.session.execute(by_root):
        counted[root_id or 0] = count
    # what answers the top comment itself is in the first count already
    by_parent = (
        replies.add_columns(Comment.parent_id).where(Comment.depth > 1).group_by(Comment.parent_id)
    )
    for count, parent_id in db.session.execute(by_parent):
        counted[parent_id or 0] = counted.get(parent_id or 0, 0) + count
    return counted
