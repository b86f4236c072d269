"""Support: one each, undoable, counted exactly.

The counts stand in the idea's own row, which every support locks first, so parallel writers lose
nothing; a unique constraint has the last word. `drifts` proves them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Integer, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.accounts.queries import organisations_spoken_for
from engage.commons.comments.models import Thread
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Missing, NotAllowed
from engage.core.i18n import _l
from engage.programmes.ideas import notices, policy
from engage.programmes.ideas.models import (
    KIND_OF_ORGANISATION,
    Call,
    Idea,
    IdeaState,
    Support,
)
from engage.programmes.ideas.queries import standing_id, supports_given
from engage.programmes.ideas.ranking import breadth
from engage.programmes.ideas.service.writing import co_author_ids
from engage.programmes.ideas.threads import THREAD_KIND


def support(idea_id: int, *, organisation_id: int | None = None, actor: User) -> Idea:
    """Support an idea for oneself, or for an organisation one speaks for. Twice is once.

    The instant that counts is the one the write enters here, before it waits for its turn.
    Raises Missing, NotAllowed, Conflict (merged: with the address of the one it went into; or all
    of one's supports are given).
    """
    now = clock.now()
    with transactional():
        idea, call = _locked(idea_id, actor)
        if not policy.can_see_idea(actor, idea, call, co_author_ids(idea_id)):
            raise Missing
        kind = _voice(organisation_id, actor)
        _support(idea, call, kind, organisation_id, actor, now)
    return idea


def unsupport(idea_id: int, *, organisation_id: int | None = None, actor: User) -> Idea:
    """Take one's support back, while support is open. Doing it twice changes nothing."""
    now = clock.now()
    with transactional():
        idea, call = _locked(idea_id, actor)
        if not policy.can_see_idea(actor, idea, call, co_author_ids(idea_id)):
            raise Missing
        _voice(organisation_id, actor)
        row = _row(idea_id, organisation_id, actor)
        if row is None:
            return idea
        if idea.state is not IdeaState.MERGED:
            require(
                policy.can_support(
                    actor, idea, call, now, for_organisation=organisation_id is not None
                )
            )
        _take(idea, row, actor)
    return idea


def take_over(idea_id: int, *, organisation_id: int | None = None, actor: User) -> Idea:
    """Move one's support of a merged idea to the one it stands in now; answers that one.

    Nothing is moved without this click. Raises Missing, NotAllowed.
    """
    now = clock.now()
    with transactional():
        source = db.session.get(Idea, idea_id)
        if source is None:
            raise Missing
        target_id = standing_id(source)
        # always in one order, so that two who move at once never wait for each other
        rows = {
            ident: row
            for ident in sorted({idea_id, target_id})
            for row, _call in (_locked(ident, actor),)
        }
        source, target = rows[idea_id], rows[target_id]
        if source.state is not IdeaState.MERGED or target.id == source.id:
            raise NotAllowed(_l("This idea is not merged, so your support stays with it."))
        row = _row(source.id, organisation_id, actor)
        if row is None:
            raise NotAllowed(_l("You did not support this idea, so nothing can move."))
        call = db.session.get_one(Call, target.call_id)
        kind = _voice(organisation_id, actor)
        _take(source, row, actor)
        _support(target, call, kind, organisation_id, actor, now)
    return target


def forget(user_id: int) -> None:
    """An account closes: its supports count on, nothing leads to the person any more."""
    with transactional():
        db.session.execute(
            update(Support)
            .where(Support.user_id == user_id)
            .values(user_id=None)
            .execution_options(synchronize_session=False)
        )


def follow_comments(thread_id: int) -> None:
    """A comment came or went: the idea's count follows its thread's, inside the transaction."""
    thread = db.session.get(Thread, thread_id)
    if thread is not None and thread.kind == THREAD_KIND:  # most comments stand elsewhere
        db.session.flush()
        db.session.execute(_follow(), {"commented": thread_id})


@cache
def _follow() -> Any:
    table: Any = Idea.__table__
    commented: BindParameter[int] = bindparam("commented", type_=Integer)
    kept = select(Thread.comments_count).where(Thread.id == commented).scalar_subquery()
    return update(table).where(table.c.thread_id == commented).values(comments_count=kept)


# --- inside ---------------------------------------------------------------------------------


def _locked(idea_id: int, actor: User) -> tuple[Idea, Call]:
    idea = db.session.get(Idea, idea_id)
    if idea is None:
        raise Missing
    call = db.session.get_one(Call, idea.call_id)
    if call.supports_each is not None:
        # before the idea, as closing an account does: one's supports are counted one by one
        db.session.execute(select(User.id).where(User.id == actor.id).with_for_update())
    return lock(Idea, idea_id), call


def _voice(organisation_id: int | None, actor: User) -> StakeholderKind:
    if organisation_id is None:
        return actor.kind
    if organisation_id not in {found.id for found in organisations_spoken_for(actor)}:
        raise NotAllowed(_l("You do not speak for this organisation."))
    return KIND_OF_ORGANISATION[db.session.get_one(Organisation, organisation_id).kind]


def _row(idea_id: int, organisation_id: int | None, actor: User) -> Support | None:
    mine = (
        Support.organisation_id == organisation_id
        if organisation_id is not None
        else (Support.user_id == actor.id) & Support.organisation_id.is_(None)
    )
    found: Support | None = db.session.scalar(
        select(Support).where(Support.idea_id == idea_id, mine)
    )
    return found


def _support(
    idea: Idea,
    call: Call,
    kind: StakeholderKind,
    organisation_id: int | None,
    actor: User,
    now: datetime,
) -> None:
    for_organisation = organisation_id is not None
    if idea.state is IdeaState.MERGED:
        target = db.session.get_one(Idea, standing_id(idea))
        raise Conflict(
            _l("This idea was merged into “%(title)s”.", title=target.title),
            _l("Open that one and support it there."),
            url=notices.idea_url(target),
        )
    require(policy.can_support(actor, idea, call, now, for_organisation=for_organisation))
    if _row(idea.id, organisation_id, actor) is not None:
        return
    if call.supports_each is not None and not for_organisation:
        given = supports_given(call.id, actor.id)
        if given >= call.supports_each:
            raise Conflict(
                _l(
                    "You have given all your %(count)s supports in this call.",
                    count=call.supports_each,
                ),
                _l("Take one back from another idea first."),
            )
    db.session.add(
        Support(
            idea_id=idea.id,
            call_id=call.id,
            user_id=actor.id,
            organisation_id=organisation_id,
            kind=kind,
            supported_at=now,
        )
    )
    _count(idea, kind, for_organisation, 1)
    db.session.flush()
    audit.record("idea.supported", idea, actor=actor, organisation=organisation_id)


def _take(idea: Idea, row: Support, actor: User) -> None:
    db.session.delete(row)
    _count(idea, row.kind, row.organisation_id is not None, -1)
    db.session.flush()
    audit.record("idea.unsupported", idea, actor=actor, organisation=row.organisation_id)


def _count(idea: Idea, kind: StakeholderKind, is_organisation: bool, by: int) -> None:
    """Move the counts of a locked idea."""
    tally = {name: list(pair) for name, pair in idea.supports_by_kind.items()}
    pair = tally.setdefault(kind.value, [0, 0])
    pair[is_organisation] += by
    idea.supports_by_kind = {name: pair for name, pair in tally.items() if any(pair)}
    idea.supports_count += by
    idea.organisations_count += by if is_organisation else 0
    idea.breadth = breadth(idea.supports_by_kind)


# --- proving --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drift:
    """An idea whose kept counts are not what its rows say: {column: (kept, counted)}."""

    idea_id: int
    columns: dict[str, tuple[Any, Any]]


_BATCH = 1000


def drifts(call_id: int | None = None) -> Iterator[Drift]:
    """Every idea whose counts differ from a fresh count. Reads in batches, memory flat."""
    ids = select(Idea.id).order_by(Idea.id)
    if call_id is not None:
        ids = ids.where(Idea.call_id == call_id)
    waiting = list(db.session.scalars(ids))
    for start in range(0, len(waiting), _BATCH):
        yield from _drifts(waiting[start : start + _BATCH])


def repair(found: Sequence[Drift]) -> int:
    """Write the counted values; answers how many ideas were wrong."""
    with transactional():
        for drift in found:
            db.session.execute(
                update(Idea)
                .where(Idea.id == drift.idea_id)
                .values({name: counted for name, (_kept, counted) in drift.columns.items()})
                .execution_options(synchronize_session=False)
            )
    return len(found)


def _drifts(ids: Sequence[int]) -> Iterator[Drift]:
    tallies: defaultdict[int, dict[str, list[int]]] = defaultdict(dict)
    is_organisation = Support.organisation_id.is_not(None)
    rows = db.session.execute(
        select(Support.idea_id, Support.kind, is_organisation, func.count())
        .where(Support.idea_id.in_(ids))
        .group_by(Support.idea_id, Support.kind, is_organisation)
    )
    for idea_id, kind, place, count in rows:
        tallies[idea_id].setdefault(kind.value, [0, 0])[bool(place)] = count
    kept = db.session.execute(
        select(
            Idea.id,
            Idea.supports_count,
            Idea.organisations_count,
            Idea.supports_by_kind,
            Idea.breadth,
            Idea.comments_count,
            Thread.comments_count.label("written"),
        )
        .join(Thread, Thread.id == Idea.thread_id)
        .where(Idea.id.in_(ids))
    )
    for row in kept:
        tally = tallies.get(row.id, {})
        counted = {
            "supports_count": sum(map(sum, tally.values())),
            "organisations_count": sum(pair[1] for pair in tally.values()),
            "supports_by_kind": tally,
            "breadth": breadth(tally),
            "comments_count": row.written,
        }
        wrong = {
            name: (getattr(row, name), value)
            for name, value in counted.items()
            if getattr(row, name) != value
        }
        if wrong:
            yield Drift(row.id, wrong)


# --- many at once ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportedSupport:
    """Somebody's support that was given elsewhere, or in the demonstration."""

    idea_id: int
    call_id: int
    user_id: int
    kind: StakeholderKind
    supported_at: datetime
    organisation_id: int | None = None


def import_supports(rows: Iterable[ImportedSupport]) -> int:
    """Insert the rows and count the ideas they touch anew; answers how many rows there were.

    The counts end up exactly as if everybody had pressed one by one. Nobody is told, no window is
    asked; what somebody supports already is left out.
    """
    waiting: list[dict[str, Any]] = []
    touched: set[int] = set()
    done = 0
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    with transactional():
        for row in rows:
            waiting.append({name: getattr(row, name) for name in _IMPORTED})
            touched.add(row.idea_id)
            done += 1
            if len(waiting) >= _BATCH:
                db.session.execute(insert(Support).on_conflict_do_nothing(), waiting)
                waiting = []
        if waiting:
            db.session.execute(insert(Support).on_conflict_do_nothing(), waiting)
        ids = sorted(touched)
        for start in range(0, len(ids), _BATCH):
            repair(list(_drifts(ids[start : start + _BATCH])))
        db.session.expire_all()
        audit.record("ideas.supports_imported", ("idea", None), actor=None, count=done)
    return done


_IMPORTED = ("idea_id", "call_id", "user_id", "kind", "supported_at", "organisation_id")
