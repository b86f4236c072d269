"""What the office reads about ideas: every state but drafts, and what only officers see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from flask import g
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from engage.commons.accounts.models import Membership, MembershipRole, Organisation, User
from engage.commons.accounts.queries import organisations_spoken_for
from engage.core.db import db
from engage.core.errors import Missing
from engage.core.paging import Page, paginate
from engage.programmes.ideas import policy, queries
from engage.programmes.ideas.filters import Filters
from engage.programmes.ideas.models import (
    LIVE,
    Call,
    CallHost,
    Criterion,
    Idea,
    IdeaAnswer,
    IdeaAttachment,
    IdeaImport,
    IdeaNote,
    IdeaOfficer,
    IdeaPair,
    IdeaScore,
    IdeaState,
    IdeaStep,
    PairState,
)


def speaks(user: User) -> list[int]:
    """Ids of the verified organisations a person speaks for: read once for a page."""
    known: dict[int, list[int]] = g.setdefault("ideas_speaks", {})
    if user.id not in known:
        known[user.id] = [found.id for found in organisations_spoken_for(user)]
    return known[user.id]


def is_asked_for_a_host(user: User) -> bool:
    """Does this person speak for an organisation that asks in a public call?"""
    return bool(
        db.session.scalar(
            select(
                select(Call.id)
                .join(CallHost, CallHost.call_id == Call.id)
                .join(Membership, Membership.organisation_id == CallHost.organisation_id)
                .join(Organisation, Organisation.id == CallHost.organisation_id)
                .where(
                    policy.calls_visible_to(None),
                    Membership.user_id == user.id,
                    Membership.accepted_at.is_not(None),
                    Membership.role.in_((MembershipRole.LEAD, MembershipRole.EDITOR)),
                    Organisation.verified_at.is_not(None),
                )
                .exists()
            )
        )
    )


def call_of(call_id: int) -> Call:
    """A call in any state with all the office shows of it. Raises Missing."""
    found: Call | None = (
        db.session.scalars(
            select(Call)
            .where(Call.id == call_id)
            .options(
                joinedload(Call.translations),  # one or two rows: cheaper than a read of its own
                selectinload(Call.hosts).joinedload(CallHost.organisation),
                selectinload(Call.categories),
                selectinload(Call.fields),
                selectinload(Call.criteria),
                joinedload(Call.cover),
            )
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise Missing
    return found


def calls_of_hosts(organisation_ids: Sequence[int]) -> Sequence[Call]:
    """Public calls in which these organisations ask, the latest first."""
    asked = select(CallHost.call_id).where(CallHost.organisation_id.in_(organisation_ids))
    return db.session.scalars(
        select(Call)
        .where(Call.id.in_(asked), policy.calls_visible_to(None))
        .options(selectinload(Call.translations))
        .order_by(Call.id.desc())
        .limit(50)
    ).all()


# --- the table ------------------------------------------------------------------------------


def ideas_table(filters: Filters, page: int = 1, per_page: int = 50) -> Page[Idea]:
    """Ideas of a call in any state but draft, with what the table shows of each."""
    return paginate(
        _office(filters)
        .options(
            contains_eager(Idea.call),
            joinedload(Idea.category),
            joinedload(Idea.author),
            joinedload(Idea.organisation),
            joinedload(Idea.answer),
            selectinload(Idea.officers).joinedload(IdeaOfficer.user),
        )
        .order_by(*_order(filters)),
        page=page,
        per_page=per_page,
    )


def office_board(filters: Filters, per_column: int = 15) -> list[tuple[IdeaState, int, list[Idea]]]:
    """(state, how many, the first of them) for every state the office works with: two queries."""
    totals = state_counts(filters)
    place = (
        func.row_number()
        .over(partition_by=Idea.state, order_by=(Idea.supports_count.desc(), Idea.id))
        .label("place")
    )
    ranked = _office(filters).with_only_columns(Idea.id, place).subquery()
    rows = db.session.scalars(
        select(Idea)
        .join(ranked, ranked.c.id == Idea.id)
        .where(ranked.c.place <= per_column)
        .options(joinedload(Idea.category))
        .order_by(ranked.c.place)
    ).all()
    shown = (IdeaState.SUBMITTED, *LIVE)
    return [
        (state, totals.get(state, 0), [idea for idea in rows if idea.state is state])
        for state in shown
    ]


def state_counts(filters: Filters) -> dict[IdeaState, int]:
    """How many ideas stand in each state, within the filters."""
    rows = db.session.execute(
        _office(filters).with_only_columns(Idea.state, func.count(Idea.id)).group_by(Idea.state)
    )
    return {state: count for state, count in rows}  # noqa: C416  rows are no pairs to a checker


def _office(filters: Filters) -> Select[Any]:
    statement = queries.narrowed(filters, Idea.state != IdeaState.DRAFT)
    if filters.officer_id is not None:
        statement = statement.where(
            Idea.id.in_(
                select(IdeaOfficer.idea_id).where(IdeaOfficer.user_id == filters.officer_id)
            )
        )
    if filters.is_unassigned:
        statement = statement.where(Idea.id.not_in(select(IdeaOfficer.idea_id)))
    if filters.is_waiting:
        statement = statement.where(
            or_(
                Idea.state == IdeaState.SUBMITTED,
                Idea.state.in_(LIVE) & Idea.answered_at.is_(None) & Idea.due_at.is_not(None),
            )
        )
    return statement


def _order(filters: Filters) -> tuple[Any, ...]:
    if filters.sort == "due":
        # what waits longest first, what was answered last
        return (Idea.answered_at.is_not(None), Idea.due_at.is_(None), Idea.due_at, Idea.id)
    if filters.sort == "score":
        return (Idea.score.is_(None), Idea.score.desc(), Idea.id)
    return queries.order_of(filters)


# --- one idea -------------------------------------------------------------------------------


def office_idea(idea_id: int, *, whole: bool = True) -> Idea:
    """One idea with all an officer sees; not `whole`: what is asked before one thing is done to it.

    Drafts are for their people alone: Missing.
    """
    of_the_call = [
        # each has one or two rows: together they are cheaper than reads of their own
        joinedload(Call.translations),
        joinedload(Call.hosts).joinedload(CallHost.organisation),
    ]
    options = [
        joinedload(Idea.category),
        joinedload(Idea.author),
        joinedload(Idea.organisation),
        joinedload(Idea.owner),
        joinedload(Idea.merged_into),
        joinedload(Idea.split_from),
        joinedload(Idea.answer).joinedload(IdeaAnswer.organisation),
        joinedload(Idea.officers),
    ]
    if whole:
        of_the_call += [selectinload(Call.categories), selectinload(Call.fields)]
        options.append(selectinload(Idea.attachments).joinedload(IdeaAttachment.file))
    found: Idea | None = (
        db.session.scalars(
            select(Idea)
            .join(Idea.call)
            .where(Idea.id == idea_id, Idea.state != IdeaState.DRAFT)
            .options(contains_eager(Idea.call).options(*of_the_call), *options)
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise Missing
    return found


def notes(idea_id: int) -> Sequence[IdeaNote]:
    """What officers told one another, newest first."""
    return db.session.scalars(
        select(IdeaNote)
        .where(IdeaNote.idea_id == idea_id)
        .options(joinedload(IdeaNote.author))
        .order_by(IdeaNote.written_at.desc(), IdeaNote.id.desc())
    ).all()


def steps(idea_id: int) -> Sequence[IdeaStep]:
    """The whole history, newest first."""
    return db.session.scalars(
        select(IdeaStep)
        .where(IdeaStep.idea_id == idea_id)
        .order_by(IdeaStep.at.desc(), IdeaStep.id.desc())
        .limit(100)
    ).all()


@dataclass(frozen=True)
class ScoreLine:
    """One criterion: what this officer gave, and the mean of all who scored."""

    criterion: Criterion
    mine: int | None
    mean: float | None
    officers: int


def score_lines(idea: Idea, user: User) -> list[ScoreLine]:
    """What the call of an idea is scored by, in order, with the scores of this one: one query."""
    rows = db.session.execute(
        select(Criterion, IdeaScore.officer_id, IdeaScore.value)
        .outerjoin(
            IdeaScore, (IdeaScore.criterion_id == Criterion.id) & (IdeaScore.idea_id == idea.id)
        )
        .where(Criterion.call_id == idea.call_id)
        .order_by(Criterion.position, Criterion.id)
    )
    given: dict[Criterion, dict[int, int]] = {}
    for criterion, officer_id, value in rows:
        scores = given.setdefault(criterion, {})
        if value is not None:
            scores[officer_id] = value
    return [
        ScoreLine(
            criterion,
            scores.get(user.id),
            round(sum(scores.values()) / len(scores), 1) if scores else None,
            len(scores),
        )
        for criterion, scores in given.items()
    ]


def verified_organisations() -> Sequence[Organisation]:
    """Who may host a call or build an idea."""
    return db.session.scalars(
        select(Organisation)
        .where(Organisation.verified_at.is_not(None))
        .order_by(Organisation.name)
    ).all()


# --- queues ---------------------------------------------------------------------------------


def pairs_page(call_id: int, page: int = 1) -> Page[IdeaPair]:
    """Pairs that may be the same, the most alike first; both still public."""
    one, other = aliased(Idea), aliased(Idea)
    return paginate(
        select(IdeaPair)
        .join(one, one.id == IdeaPair.idea_id)
        .join(other, other.id == IdeaPair.other_id)
        .where(
            IdeaPair.call_id == call_id,
            IdeaPair.state == PairState.OPEN,
            one.state.in_(LIVE),
            other.state.in_(LIVE),
        )
        .options(joinedload(IdeaPair.idea), joinedload(IdeaPair.other))
        .order_by(IdeaPair.likeness.desc(), IdeaPair.id),
        page=page,
        per_page=20,
    )


def open_pairs(call_id: int) -> int:
    """How many pairs `pairs_page` holds."""
    one, other = aliased(Idea), aliased(Idea)
    return (
        db.session.scalar(
            select(func.count(IdeaPair.id))
            .join(one, one.id == IdeaPair.idea_id)
            .join(other, other.id == IdeaPair.other_id)
            .where(
                IdeaPair.call_id == call_id,
                IdeaPair.state == PairState.OPEN,
                one.state.in_(LIVE),
                other.state.in_(LIVE),
            )
        )
        or 0
    )


def _waiting() -> Select[Any]:
    return (
        select(Idea)
        .join(Idea.call)
        .where(
            policy.calls_visible_to(None),
            or_(
                Idea.state == IdeaState.SUBMITTED,
                Idea.state.in_(LIVE) & Idea.answered_at.is_(None) & Idea.due_at.is_not(None),
            ),
        )
    )


def waiting(limit: int) -> Sequence[Idea]:
    """Ideas that wait to be let in or for an answer, the most urgent first, with call words."""
    return db.session.scalars(
        _waiting()
        .options(contains_eager(Idea.call).options(selectinload(Call.translations)))
        .order_by(Idea.due_at.is_not(None), Idea.due_at, Idea.id)
        .limit(limit)
    ).all()


def waiting_count() -> Select[int]:
    """How many ideas wait."""
    return _waiting().with_only_columns(func.count(Idea.id))


@dataclass(frozen=True)
class Clock:
    """The response clock of ideas: days are the median of what was answered."""

    in_time: int
    late: int
    waiting: int
    overdue: int
    days: float | None


def response_clock(call_id: int, now: datetime) -> Clock:
    """How a call keeps its promise."""
    rows = db.session.execute(
        select(Idea.published_at, Idea.due_at, Idea.answered_at).where(
            Idea.call_id == call_id, Idea.state.in_(LIVE), Idea.due_at.is_not(None)
        )
    ).all()
    taken, late, waits, overdue = [], 0, 0, 0
    for published_at, due_at, answered_at in rows:
        if answered_at is None:
            waits += 1
            overdue += due_at is not None and due_at < now
        else:
            late += due_at is not None and answered_at > due_at
            if published_at is not None:
                taken.append((answered_at - published_at).total_seconds() / 86_400)
    middle = round(median(taken), 1) if taken else None
    return Clock(len(taken) - late, late, waits, overdue, middle)


# --- imports --------------------------------------------------------------------------------


def imports_of(call_id: int) -> Sequence[IdeaImport]:
    """Files that were read for a call, the latest first."""
    return db.session.scalars(
        select(IdeaImport)
        .where(IdeaImport.call_id == call_id)
        .order_by(IdeaImport.id.desc())
        .limit(50)
    ).all()


def pair_of(call_id: int, pair_id: int) -> IdeaPair:
    """One pair of this call. Raises Missing."""
    found = db.session.get(IdeaPair, pair_id)
    if found is None or found.call_id != call_id:
        raise Missing
    return found


def import_of(call_id: int, import_id: int) -> IdeaImport:
    """One import of this call. Raises Missing."""
    found = db.session.get(IdeaImport, import_id)
    if found is None or found.call_id != call_id:
        raise Missing
    return found
