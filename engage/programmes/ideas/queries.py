"""Every public read of calls and ideas worth a name; what it loads is declared here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import url_for
from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.accounts.queries import organisations_spoken_for
from engage.commons.notifications.trail import TrailStep
from engage.core import clock
from engage.core.access import Decision
from engage.core.db import db
from engage.core.errors import Missing
from engage.core.files import StoredFile
from engage.core.i18n import _, format_number, locale_now
from engage.core.paging import Page, paginate
from engage.core.richtext import plain
from engage.programmes.ideas import policy, receivers
from engage.programmes.ideas import similar as alike
from engage.programmes.ideas.filters import Filters
from engage.programmes.ideas.models import (
    BOARD,
    DECIDED,
    LIVE,
    PRIME,
    STATE_LABELS,
    Call,
    CallField,
    CallHost,
    CallStanding,
    CallState,
    CallTranslation,
    CoAuthor,
    FieldKind,
    Idea,
    IdeaAnswer,
    IdeaAttachment,
    IdeaRevision,
    IdeaState,
    IdeaStep,
    Milestone,
    ProgressPost,
    Promotion,
    StepKind,
    Support,
)
from engage.programmes.ideas.ranking import multiplier
from engage.programmes.ideas.receivers import Became
from engage.programmes.ideas.tokens import read_invitation

EXCERPT = 180

_CALL_WORDS = selectinload(Call.translations)
_CALL_HOSTS = selectinload(Call.hosts).joinedload(CallHost.organisation)


# --- calls --------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallCard:
    """A call in a list, and how much came of it."""

    call: Call
    ideas: int
    supports: int
    answered: int


def open_calls(now: datetime, limit: int = 12) -> Sequence[CallCard]:
    """Calls that take ideas at `now`, those that close first first."""
    statement = (
        select(Call)
        .where(Call.standing_sql(now) == CallStanding.OPEN.value)
        .order_by(Call.closes_at, Call.id)
        .options(joinedload(Call.translations), joinedload(Call.cover))
    )
    return _with_counts(db.session.scalars(statement.limit(limit)).unique().all())


def calls_page(
    now: datetime,
    user: User | None,
    page: int = 1,
    *,
    standing: CallStanding | None = None,
    with_drafts: bool = False,
    per_page: int = 12,
) -> Page[CallCard]:
    """Calls: open ones first by their closing, then those to come, then the latest closed."""
    visible = policy.calls_visible_to(user if with_drafts else None)
    stands = Call.standing_sql(now)
    order = case(
        (stands == CallStanding.OPEN.value, 0),
        (stands == CallStanding.SOON.value, 1),
        (stands == CallStanding.DRAFT.value, 2),
        (stands == CallStanding.CLOSED.value, 3),
        else_=4,
    )
    statement = (
        select(Call)
        .where(visible)
        .order_by(
            order,
            case((stands == CallStanding.OPEN.value, Call.closes_at)),
            Call.closes_at.desc(),
            Call.id.desc(),
        )
        .options(_CALL_WORDS, _CALL_HOSTS, joinedload(Call.cover))
    )
    if standing is not None:
        statement = statement.where(stands == standing.value)
    found = paginate(statement, page=page, per_page=per_page)
    return Page(_with_counts(found.items), found.page, found.per_page, found.total)


def _with_counts(calls: Sequence[Call]) -> list[CallCard]:
    rows = db.session.execute(
        select(
            Idea.call_id,
            func.count(),
            func.coalesce(func.sum(Idea.supports_count), 0),
            func.count(Idea.answered_at),
        )
        .where(Idea.call_id.in_([call.id for call in calls]), Idea.state.in_(LIVE))
        .group_by(Idea.call_id)
    )
    counted = {call_id: counts for call_id, *counts in rows}
    return [CallCard(call, *counted.get(call.id, (0, 0, 0))) for call in calls]


# few rows each: joined, so that a call comes with them in one query
_CALL_FEW = (
    joinedload(Call.translations),
    joinedload(Call.hosts).joinedload(CallHost.organisation),
    joinedload(Call.cover),
)


def get_call(call_id: int, user: User | None) -> Call:
    """One call with what its page, its list and its form show. Raises Missing."""
    return _one_call(
        call_id, user, *_CALL_FEW, selectinload(Call.categories), selectinload(Call.fields)
    )


def call_of_list(call_id: int, user: User | None) -> Call:
    """One call with its words and categories, for the head of a list. Raises Missing."""
    return _one_call(
        call_id,
        user,
        joinedload(Call.translations),
        joinedload(Call.cover),
        selectinload(Call.categories),
    )


def _one_call(call_id: int, user: User | None, *options: Any) -> Call:
    found: Call | None = (
        db.session.scalars(
            select(Call).where(Call.id == call_id, policy.calls_visible_to(user)).options(*options)
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise Missing
    return found


def call_choices(now: datetime) -> Sequence[Call]:
    """Open calls with their words, those that close first first: to choose from in a list."""
    return (
        db.session.scalars(
            select(Call)
            .where(Call.standing_sql(now) == CallStanding.OPEN.value)
            .order_by(Call.closes_at, Call.id)
            .options(joinedload(Call.translations))
            .limit(30)
        )
        .unique()
        .all()
    )


@dataclass(frozen=True)
class CallFigures:
    """What came of a call so far. `by_kind` holds the ideas by who they are from."""

    ideas: int = 0
    supports: int = 0
    people: int = 0
    answered: int = 0
    waiting: int = 0
    delivered: int = 0
    by_state: dict[IdeaState, int] = field(default_factory=dict)
    by_kind: dict[StakeholderKind, int] = field(default_factory=dict)


def call_figures(call_id: int) -> CallFigures:
    """The figures of one call's public ideas, from one read."""
    people = _supporters_of_call(call_id).scalar_subquery().label("people")
    rows = db.session.execute(
        select(
            Idea.state,
            Idea.author_kind,
            func.count(),
            func.coalesce(func.sum(Idea.supports_count), 0),
            func.count(Idea.answered_at),
            func.count(case((Idea.due_at.is_not(None) & Idea.answered_at.is_(None), 1))),
            people,
        )
        .where(Idea.call_id == call_id, Idea.state.in_(LIVE))
        .group_by(Idea.state, Idea.author_kind)
    ).all()
    by_state: dict[IdeaState, int] = {}
    by_kind: dict[StakeholderKind, int] = {}
    for state, kind, count, *_rest in rows:
        by_state[state] = by_state.get(state, 0) + count
        by_kind[kind] = by_kind.get(kind, 0) + count
    return CallFigures(
        ideas=sum(row[2] for row in rows),
        supports=sum(row[3] for row in rows),
        people=rows[0].people if rows else 0,
        answered=sum(row[4] for row in rows),
        waiting=sum(row[5] for row in rows),
        delivered=by_state.get(IdeaState.DELIVERED, 0),
        by_state=by_state,
        by_kind=by_kind,
    )


def supporters_of_call(call_id: int) -> int:
    """How many different accounts supported something in a call."""
    return db.session.scalar(_supporters_of_call(call_id)) or 0


def _supporters_of_call(call_id: int) -> Select[Any]:
    return select(func.count(func.distinct(Support.user_id))).where(Support.call_id == call_id)


# --- lists of ideas -------------------------------------------------------------------------


@dataclass(frozen=True)
class IdeaCard:
    """An idea in a list, as this reader may see it."""

    idea: Idea
    title: str
    excerpt: str
    category: str
    call_title: str
    author_name: str | None
    kind: StakeholderKind
    organisation: Organisation | None
    supports: int
    organisations: int
    by_kind: dict[str, Sequence[int]]
    comments: int
    image_url: str | None
    image_text: str
    has_place: bool
    url: str
    can_support: bool
    is_supported: bool
    is_own: bool


def ideas_page(
    filters: Filters, user: User | None, now: datetime, page: int = 1, per_page: int = 20
) -> Page[IdeaCard]:
    """Public ideas in the order asked for. The number of queries does not grow with the rows."""
    statement = narrowed(filters).order_by(*order_of(filters))
    found = paginate(
        statement.with_only_columns(Idea.id),
        page=page,
        per_page=per_page,
        count=_count(filters),
    )
    return Page(cards(list(found.items), user, now), found.page, found.per_page, found.total)


def narrowed(filters: Filters, visible: ColumnElement[bool] | None = None) -> Select[Any]:
    """Ideas that fit the filters, joined with their calls; public ones unless told."""
    statement = select(Idea).join(Call, Call.id == Idea.call_id)
    conditions = [policy.is_listed() if visible is None else visible]
    if filters.call_id is not None:
        conditions.append(Idea.call_id == filters.call_id)
    if filters.category_id is not None:
        conditions.append(Idea.category_id == filters.category_id)
    if filters.state is not None:
        conditions.append(Idea.state == filters.state)
    if filters.kind is not None:
        conditions.append(Idea.author_kind == filters.kind)
    if filters.language:
        conditions.append(Idea.language == filters.language)
    if filters.has_place:
        conditions.append(or_(Idea.place_name != "", Idea.latitude.is_not(None)))
    if filters.organisation:
        conditions.append(
            Idea.organisation_id.in_(
                select(Organisation.id).where(Organisation.slug == filters.organisation)
            )
        )
    if filters.q:
        found = alike.matching(filters.q)
        # words that say nothing find nothing, instead of everything
        conditions.append(Idea.id.in_(found) if found is not None else literal(False))
    return statement.where(*conditions)


def order_of(filters: Filters) -> tuple[Any, ...]:
    """The total order of a list."""
    if filters.sort == "random":
        a, b = multiplier(filters.seed)
        return ((Idea.shuffle * literal(a, BigInteger) + b) % PRIME, Idea.id)
    column: Any = {
        "newest": Idea.published_at,
        "supported": Idea.supports_count,
        "discussed": Idea.comments_count,
        "agreed": Idea.breadth,
    }[filters.sort]
    return (column.desc(), Idea.id.desc())


def _count(filters: Filters) -> int:
    inner = narrowed(filters).with_only_columns(func.count(Idea.id))
    return db.session.scalar(inner) or 0


def cards(ids: Sequence[int], user: User | None, now: datetime) -> list[IdeaCard]:
    """These ideas as cards, in this order; ids that are not there are left out."""
    if not ids:
        return []
    rows = {
        idea.id: idea
        for idea in db.session.scalars(
            select(Idea)
            .where(Idea.id.in_(ids))
            .join(Idea.call)
            .options(
                contains_eager(Idea.call).options(selectinload(Call.translations)),
                joinedload(Idea.category),
                joinedload(Idea.author),
                joinedload(Idea.organisation),
            )
        )
    }
    pictures = _pictures(ids)
    mine = supported_ids(ids, user)
    return [
        _card(rows[ident], user, now, pictures.get(ident), ident in mine)
        for ident in ids
        if ident in rows
    ]


def _card(
    idea: Idea,
    user: User | None,
    now: datetime,
    picture: tuple[str, str] | None,
    is_supported: bool,
) -> IdeaCard:
    call, locale = idea.call, locale_now()
    decision = policy.can_support(user, idea, call, now)
    return IdeaCard(
        idea=idea,
        title=idea.title,
        excerpt=_excerpt(idea.body[:600]),
        category=idea.category.name_in(locale) if idea.category else "",
        call_title=call.words_in(locale).title,
        author_name=author_name(idea, call, user),
        kind=idea.author_kind,
        organisation=idea.organisation,
        supports=idea.supports_count,
        organisations=idea.organisations_count,
        by_kind=idea.supports_by_kind,
        comments=idea.comments_count,
        image_url=url_for("files.serve", key=picture[0]) if picture else None,
        image_text=picture[1] if picture else "",
        has_place=idea.has_place,
        url=url_for("ideas.detail", address=idea.address),
        # who is not signed in is asked to, when pressing
        can_support=decision.allowed or (user is None and policy.is_support_open(idea, call, now)),
        is_supported=is_supported,
        is_own=user is not None and idea.author_id == user.id,
    )


@lru_cache(maxsize=512)
def _excerpt(body: str) -> str:
    return plain(body, limit=EXCERPT)


def author_name(idea: Idea, call: Call, user: User | None) -> str | None:
    """Whom this reader sees as the author; None for nobody. Needs `idea.author` loaded."""
    if not policy.shows_author(user, idea, call):
        return None
    if idea.author is not None:
        return idea.author.display_name
    return idea.author_name or None


def _pictures(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """The first picture of each idea: its key and what it shows."""
    rows = db.session.execute(
        select(IdeaAttachment.idea_id, StoredFile.key, IdeaAttachment.title)
        .join(StoredFile, StoredFile.id == IdeaAttachment.file_id)
        .where(IdeaAttachment.idea_id.in_(ids), StoredFile.width.is_not(None))
        .order_by(IdeaAttachment.position.desc(), IdeaAttachment.id.desc())
    )
    return {idea_id: (key, title) for idea_id, key, title in rows}


def supported_ids(ids: Collection[int], user: User | None) -> set[int]:
    """Which of these the person supports for themselves."""
    if user is None:
        return set()
    return set(
        db.session.scalars(
            select(Support.idea_id).where(
                Support.idea_id.in_(ids),
                Support.user_id == user.id,
                Support.organisation_id.is_(None),
            )
        )
    )


@dataclass(frozen=True)
class Column:
    """One state of the board: how many stand there, and the first of them."""

    state: IdeaState
    total: int
    cards: Sequence[IdeaCard]


def board(filters: Filters, user: User | None, now: datetime, per_column: int = 12) -> list[Column]:
    """Every public state with its most supported ideas: a constant number of queries."""
    totals = dict(
        db.session.execute(
            narrowed(filters)
            .with_only_columns(Idea.state, func.count(Idea.id))
            .group_by(Idea.state)
        ).all()
    )
    place = (
        func.row_number()
        .over(partition_by=Idea.state, order_by=(Idea.supports_count.desc(), Idea.id.desc()))
        .label("place")
    )
    ranked = narrowed(filters).with_only_columns(Idea.id, Idea.state, place).subquery()
    rows = db.session.execute(
        select(ranked.c.id, ranked.c.state)
        .where(ranked.c.place <= per_column)
        .order_by(ranked.c.state, ranked.c.place)
    ).all()
    shown = {card.idea.id: card for card in cards([row.id for row in rows], user, now)}
    return [
        Column(
            state,
            totals.get(state, 0),
            [shown[row.id] for row in rows if row.state == state and row.id in shown],
        )
        for state in BOARD
    ]


@dataclass(frozen=True)
class MapPoint:
    """An idea with a place; `number` is what stands on its pin and in the list."""

    number: int
    idea_id: int
    title: str
    url: str
    place_name: str
    latitude: float | None
    longitude: float | None
    state: IdeaState
    supports: int
    is_supported: bool
    can_support: bool


def map_points(
    filters: Filters, user: User | None, now: datetime, limit: int = 500
) -> list[MapPoint]:
    """Ideas that say where, the most supported first."""
    rows = db.session.scalars(
        narrowed(filters)
        .where(or_(Idea.place_name != "", Idea.latitude.is_not(None)))
        .options(contains_eager(Idea.call))
        .order_by(Idea.supports_count.desc(), Idea.id.desc())
        .limit(limit)
    ).all()
    mine = supported_ids([idea.id for idea in rows], user)
    return [
        MapPoint(
            number,
            idea.id,
            idea.title,
            url_for("ideas.detail", address=idea.address),
            idea.place_name,
            idea.latitude,
            idea.longitude,
            idea.state,
            idea.supports_count,
            idea.id in mine,
            policy.is_support_open(idea, idea.call, now),
        )
        for number, idea in enumerate(rows, 1)
    ]


# --- one idea -------------------------------------------------------------------------------


# few rows each and joined: the page of an idea has twelve queries in all
_IDEA = (
    contains_eager(Idea.call).options(
        joinedload(Call.translations), joinedload(Call.hosts), selectinload(Call.fields)
    ),
    joinedload(Idea.category),
    joinedload(Idea.author),
    joinedload(Idea.organisation),
    joinedload(Idea.owner),
    joinedload(Idea.thread),
    joinedload(Idea.merged_into),
    joinedload(Idea.split_from),
    joinedload(Idea.answer).joinedload(IdeaAnswer.organisation),
    joinedload(Idea.attachments).joinedload(IdeaAttachment.file),
    joinedload(Idea.officers),
    selectinload(Idea.co_authors).joinedload(CoAuthor.user),
)


def get_idea(idea_id: int, user: User | None) -> Idea:
    """One idea with all its page shows, if this person may see it. Raises Missing."""
    return _one_idea(idea_id, user, *_IDEA)


def get_idea_brief(idea_id: int, user: User | None) -> Idea:
    """One idea with its call alone, if this person may see it. Raises Missing."""
    return _one_idea(
        idea_id, user, contains_eager(Idea.call).options(joinedload(Call.translations))
    )


def _one_idea(idea_id: int, user: User | None, *options: Any) -> Idea:
    found: Idea | None = (
        db.session.scalars(
            select(Idea)
            .join(Idea.call)
            .where(Idea.id == idea_id, policy.ideas_visible_to(user))
            .options(*options)
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise Missing
    return found


def standing_id(idea: Idea) -> int:
    """The id of the idea that this one stands in now: the end of its merges, itself if none."""
    seen = {idea.id}
    here: Idea | None = idea
    while here is not None and here.state is IdeaState.MERGED and here.merged_into_id:
        if here.merged_into_id in seen:
            break
        seen.add(here.merged_into_id)
        here = db.session.get(Idea, here.merged_into_id)
    return here.id if here is not None else idea.id


def standing_target(idea: Idea) -> Idea:
    """The idea that a merged one stands in now; the idea itself when it is not merged."""
    ident = standing_id(idea)
    return idea if ident == idea.id else db.session.get_one(Idea, ident)


@dataclass(frozen=True)
class SupportedAs:
    """How a person supports an idea: for themselves, and for which organisations."""

    me: bool = False
    organisation_ids: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Detail:
    """An idea's page for one reader."""

    idea: Idea
    call: Call
    words: Call | CallTranslation
    author_name: str | None
    co_authors: list[User]
    supported_as: SupportedAs
    organisations_to_support: list[Organisation]
    can: dict[str, bool]
    why_not_support: Decision
    answer: IdeaAnswer | None
    trail: list[TrailStep]
    milestones: Sequence[Milestone]
    posts: Sequence[ProgressPost]
    promotions: list[Became]
    merged_here: Sequence[Idea]
    split_from: Idea | None
    editable_until: datetime | None
    fields: list[tuple[str, str]]
    supports_left: int | None


def detail(idea: Idea, user: User | None, now: datetime) -> Detail:
    """All that the page of an idea from `get_idea` shows this reader."""
    call = idea.call
    co_authors = [
        row.user for row in idea.co_authors if row.accepted_at is not None and row.user is not None
    ]
    people = [person.id for person in co_authors]
    speaks = organisations_spoken_for(user) if user else []
    hosts = [host.organisation_id for host in call.hosts]
    why_not = policy.can_support(user, idea, call, now)
    is_own = policy.is_author(user, idea, people)
    shown = policy.shows_author(user, idea, call)
    supported, left = _own_supports(idea, user, {found.id for found in speaks})
    return Detail(
        idea=idea,
        call=call,
        words=call.words_in(locale_now()),
        author_name=author_name(idea, call, user),
        co_authors=co_authors if shown else [],
        supported_as=supported,
        organisations_to_support=speaks
        if policy.can_support(user, idea, call, now, for_organisation=True)
        else [],
        can={
            "edit": policy.can_edit(user, idea, call, now, people).allowed,
            "withdraw": policy.can_withdraw(user, idea).allowed,
            "invite": policy.can_invite(user, idea, len(idea.co_authors)).allowed,
            "support": why_not.allowed,
            "comment": policy.can_comment(idea, call, now).allowed,
            "work": policy.can_work(
                user,
                hosts=hosts,
                speaks=[found.id for found in speaks],
                officer_ids=[row.user_id for row in idea.officers],
            ).allowed,
            "own": is_own,
        },
        why_not_support=why_not,
        answer=idea.answer if idea.answer is not None and idea.answer.is_published else None,
        trail=bollards(idea),
        milestones=milestones(idea.id),
        posts=posts(idea.id),
        promotions=promotions(idea.id, user),
        merged_here=merged_here(idea.id),
        split_from=idea.split_from,
        editable_until=policy.editable_until(idea, call) if is_own else None,
        fields=answered_fields(idea, call.fields, everything=is_own or policy.is_reader(user)),
        supports_left=left,
    )


def supported_as(idea_id: int, user: User | None) -> SupportedAs:
    """How this person supports an idea, organisations they speak for included."""
    if user is None:
        return SupportedAs()
    speaks = {found.id for found in organisations_spoken_for(user)}
    rows = db.session.execute(
        select(Support.user_id, Support.organisation_id).where(
            Support.idea_id == idea_id,
            or_(
                and_(Support.user_id == user.id, Support.organisation_id.is_(None)),
                Support.organisation_id.in_(speaks),
            ),
        )
    ).all()
    return SupportedAs(
        any(organisation_id is None for _user, organisation_id in rows),
        frozenset(ident for _user, ident in rows if ident is not None),
    )


def _own_supports(
    idea: Idea, user: User | None, speaks: Collection[int]
) -> tuple[SupportedAs, int | None]:
    """`supported_as` and `supports_left` from one read."""
    if user is None:
        return SupportedAs(), None
    most = idea.call.supports_each
    mine = and_(Support.user_id == user.id, Support.organisation_id.is_(None))
    rows = db.session.execute(
        select(Support.idea_id, Support.organisation_id, Idea.state)
        .join(Idea, Idea.id == Support.idea_id)
        .where(
            Support.call_id == idea.call_id,
            or_(
                mine if most is not None else and_(mine, Support.idea_id == idea.id),
                and_(Support.idea_id == idea.id, Support.organisation_id.in_(speaks)),
            ),
        )
    ).all()
    here = [organisation_id for idea_id, organisation_id, _state in rows if idea_id == idea.id]
    given = sum(organisation_id is None and state in LIVE for _i, organisation_id, state in rows)
    return (
        SupportedAs(None in here, frozenset(ident for ident in here if ident is not None)),
        None if most is None else max(0, most - given),
    )


def supports_given(call_id: int, user_id: int) -> int:
    """How many ideas of the call a person supports now; those that left the public count no more."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Support)
            .join(Idea, Idea.id == Support.idea_id)
            .where(
                Support.user_id == user_id,
                Support.call_id == call_id,
                Support.organisation_id.is_(None),
                Idea.state.in_(LIVE),
            )
        )
        or 0
    )


def supports_left(call: Call, user: User | None) -> int | None:
    """How many ideas a person may still support in a call; None where any number may be."""
    if user is None or call.supports_each is None:
        return None
    return max(0, call.supports_each - supports_given(call.id, user.id))


def public_steps(idea_id: int) -> list[IdeaStep]:
    """The lines of an idea's history that everybody reads, oldest first."""
    return list(
        db.session.scalars(
            select(IdeaStep)
            .where(IdeaStep.idea_id == idea_id, IdeaStep.is_public)
            .order_by(IdeaStep.at, IdeaStep.id)
        )
    )


def bollards(idea: Idea) -> list[TrailStep]:
    """Received, read, answered, decided, done: with the dates there are, and the one promised."""
    told: list[tuple[str, datetime | None]] = [
        (_("Received"), idea.submitted_at or idea.published_at or idea.created_at),
        (_("Read"), idea.read_at or idea.answered_at or idea.decided_at),
        (_("Answered"), idea.answered_at),
        (STATE_LABELS[IdeaState.DECLINED], idea.decided_at)
        if idea.state is IdeaState.DECLINED
        else (_("Decided"), idea.decided_at),
    ]
    if idea.state is not IdeaState.DECLINED:
        told.append((_("Done"), idea.delivered_at))
    if idea.answered_at is None and idea.decided_at is not None:
        # decided without a letter: nothing is missing
        told = [step for place, step in enumerate(told) if place != 2]
    last = max(place for place, (_label, at) in enumerate(told) if at is not None)
    is_over = idea.state in (IdeaState.DECLINED, IdeaState.DELIVERED)
    steps = []
    for place, (label, at) in enumerate(told):
        if place > last:
            is_promised = place == 2 and idea.answered_at is None
            steps.append(TrailStep(label, "next", idea.due_at if is_promised else at))
        elif place == last and not is_over:
            steps.append(TrailStep(label, "now", at))
        else:
            steps.append(TrailStep(label, "done", at))
    return steps


def milestones(idea_id: int) -> Sequence[Milestone]:
    """The steps to the deed, in the order of their days."""
    return db.session.scalars(
        select(Milestone)
        .where(Milestone.idea_id == idea_id)
        .order_by(Milestone.due_on.is_(None), Milestone.due_on, Milestone.id)
    ).all()


def posts(idea_id: int) -> Sequence[ProgressPost]:
    """What the owner told, newest first."""
    return db.session.scalars(
        select(ProgressPost)
        .where(ProgressPost.idea_id == idea_id)
        .options(joinedload(ProgressPost.organisation), joinedload(ProgressPost.photo))
        .order_by(ProgressPost.posted_at.desc(), ProgressPost.id.desc())
        .limit(50)
    ).all()


def promotions(idea_id: int, user: User | None = None) -> list[Became]:
    """What an idea became elsewhere: one load per kind of receiver."""
    rows = db.session.scalars(
        select(Promotion).where(Promotion.idea_id == idea_id).order_by(Promotion.id)
    ).all()
    return receivers.became(rows, user)


def merged_here(idea_id: int) -> Sequence[Idea]:
    """Ideas that went into this one."""
    return db.session.scalars(
        select(Idea)
        .where(Idea.merged_into_id == idea_id, Idea.state == IdeaState.MERGED)
        .order_by(Idea.id)
    ).all()


def answered_fields(
    idea: Idea, asked: Sequence[CallField], *, everything: bool
) -> list[tuple[str, str]]:
    """(question, answer in words) of the call's own questions; public ones unless `everything`."""
    locale = locale_now()
    told = []
    for question in asked:
        value = idea.answers.get(question.key)
        if value is None or not (question.is_public or everything):
            continue
        told.append((question.label_in(locale), answer_words(question, value, locale)))
    return told


def answer_words(question: CallField, value: Any, locale: str) -> str:
    """One answer as people read it; empty for none."""
    if value is None:
        return ""
    if question.kind is FieldKind.YES_NO:
        return str(_("Yes") if value else _("No"))
    if question.kind is FieldKind.NUMBER:
        return format_number(value)
    words = dict(question.options_in(locale))
    if isinstance(value, list):
        return ", ".join(str(words.get(option, option)) for option in value)
    return words.get(value, str(value))


def revisions(idea_id: int) -> Sequence[IdeaRevision]:
    """Words an idea no longer has, newest first."""
    return db.session.scalars(
        select(IdeaRevision)
        .where(IdeaRevision.idea_id == idea_id)
        .order_by(IdeaRevision.number.desc())
    ).all()


@dataclass(frozen=True)
class Similar:
    """An idea that says nearly the same."""

    idea_id: int
    title: str
    url: str
    state: IdeaState
    supports: int
    likeness: int


def similar(
    call_id: int, title: str, body: str = "", *, exclude: int | None = None, limit: int = 5
) -> list[Similar]:
    """Public ideas of the call like the one being written, the most alike first."""
    found = alike.alike(call_id, title[:300], body[:2000], exclude=exclude, limit=limit)
    rows = {
        idea.id: idea
        for idea in db.session.scalars(select(Idea).where(Idea.id.in_([a.idea_id for a in found])))
    }
    return [
        Similar(
            one.idea_id,
            rows[one.idea_id].title,
            url_for("ideas.detail", address=rows[one.idea_id].address),
            rows[one.idea_id].state,
            rows[one.idea_id].supports_count,
            one.likeness,
        )
        for one in found
        if one.idea_id in rows
    ]


def neighbours(idea: Idea, limit: int = 3) -> list[Similar]:
    """Public ideas of the same call like this one."""
    return similar(idea.call_id, idea.title, idea.body, exclude=idea.id, limit=limit)


def known_places(call_id: int, limit: int = 40) -> dict[str, tuple[float, float]]:
    """Places that public ideas of the call have named lately, with their points, by name."""
    rows = db.session.execute(
        select(Idea.place_name, Idea.latitude, Idea.longitude)
        .where(Idea.call_id == call_id, Idea.state.in_(LIVE))
        .where(Idea.place_name != "", Idea.latitude.is_not(None))
        .order_by(Idea.published_at.desc(), Idea.id.desc())
        .limit(300)
    )
    found: dict[str, tuple[float, float]] = {}
    for name, latitude, longitude in rows:
        if latitude is not None and longitude is not None and len(found) < limit:
            found.setdefault(name, (latitude, longitude))
    return dict(sorted(found.items(), key=lambda place: place[0].casefold()))


@dataclass(frozen=True)
class SupporterRow:
    """An organisation that supports an idea."""

    organisation: Organisation
    kind: StakeholderKind
    at: datetime


def supporters(idea_id: int, page: int = 1) -> Page[SupporterRow]:
    """Organisations that support an idea, by name; persons are only counted."""
    found = paginate(
        select(Support)
        .join(Organisation, Organisation.id == Support.organisation_id)
        .where(Support.idea_id == idea_id)
        .options(joinedload(Support.organisation))
        .order_by(Organisation.name, Support.id),
        page=page,
        per_page=50,
    )
    rows = [
        SupporterRow(row.organisation, row.kind, row.supported_at)
        for row in found.items
        if row.organisation is not None
    ]
    return Page(rows, found.page, found.per_page, found.total)


# --- one's own ------------------------------------------------------------------------------


def drafts_of(user: User) -> Sequence[Idea]:
    """A person's drafts, the latest first, with their calls."""
    return db.session.scalars(
        select(Idea)
        .join(Idea.call)
        .where(Idea.author_id == user.id, Idea.state == IdeaState.DRAFT)
        .options(contains_eager(Idea.call))
        .order_by(Idea.id.desc())
        .limit(100)
    ).all()


def own_idea(idea_id: int, user: User | None) -> Idea:
    """One idea with what its authors work on: call, files, co-authors. Raises Missing."""
    return _one_idea(
        idea_id,
        user,
        contains_eager(Idea.call),
        joinedload(Idea.organisation),
        joinedload(Idea.attachments).joinedload(IdeaAttachment.file),
        joinedload(Idea.co_authors).joinedload(CoAuthor.user),
    )


def newest_cards(call_id: int, user: User | None, now: datetime, limit: int = 3) -> list[IdeaCard]:
    """The latest public ideas of one call."""
    ids = db.session.scalars(
        narrowed(Filters(call_id=call_id))
        .with_only_columns(Idea.id)
        .order_by(Idea.published_at.desc(), Idea.id.desc())
        .limit(limit)
    )
    return cards(list(ids), user, now)


def own_draft(idea_id: int, user: User | None) -> Idea:
    """One of the person's drafts with all its form shows. Raises Missing."""
    idea = get_idea(idea_id, user)
    if idea.state is not IdeaState.DRAFT:
        raise Missing
    return idea


def own_ideas(user: User, criterion: ColumnElement[bool], limit: int) -> Sequence[Idea]:
    """Ideas somebody sent, or stands beside as a co-author, newest first; for the trail."""
    beside = select(CoAuthor.idea_id).where(
        CoAuthor.user_id == user.id, CoAuthor.accepted_at.is_not(None)
    )
    return db.session.scalars(
        select(Idea)
        .join(Idea.call)
        .where(
            or_(Idea.author_id == user.id, Idea.id.in_(beside)),
            Idea.state != IdeaState.DRAFT,
            criterion,
        )
        .options(
            contains_eager(Idea.call).options(_CALL_WORDS),
            joinedload(Idea.answer),
        )
        .order_by(Idea.created_at.desc(), Idea.id.desc())
        .limit(limit)
    ).all()


def ideas_of(user: User, now: datetime, page: int = 1, per_page: int = 12) -> Page[IdeaCard]:
    """What a person sent or stands beside, newest first."""
    beside = select(CoAuthor.idea_id).where(
        CoAuthor.user_id == user.id, CoAuthor.accepted_at.is_not(None)
    )
    found = paginate(
        select(Idea.id)
        .where(
            or_(Idea.author_id == user.id, Idea.id.in_(beside)),
            Idea.state != IdeaState.DRAFT,
        )
        .order_by(Idea.created_at.desc(), Idea.id.desc()),
        page=page,
        per_page=per_page,
    )
    return Page(cards(list(found.items), user, now), found.page, found.per_page, found.total)


def own_counts(user: User) -> tuple[int, int]:
    """How many ideas a person sent, and how many of them were answered."""
    sent, answered = db.session.execute(
        select(func.count(), func.count(Idea.answered_at)).where(
            Idea.author_id == user.id, Idea.state != IdeaState.DRAFT
        )
    ).one()
    return sent, answered


def everything_of(user_id: int) -> list[tuple[Idea, list[Support]]]:
    """All a person wrote, drafts included, and all they support; for the copy of one's data.

    Each idea once, with the person's own supports of it. One read for both.
    """
    supported = select(Support.idea_id).where(Support.user_id == user_id)
    rows = db.session.execute(
        select(Idea, Support)
        .outerjoin(Support, and_(Support.idea_id == Idea.id, Support.user_id == user_id))
        .where(or_(Idea.author_id == user_id, Idea.id.in_(supported)))
        .order_by(Idea.id, Support.id)
    )
    found: dict[int, tuple[Idea, list[Support]]] = {}
    for idea, support in rows:
        _idea, supports = found.setdefault(idea.id, (idea, []))
        if support is not None:
            supports.append(support)
    return list(found.values())


def invitation(token: str) -> CoAuthor:
    """The invitation a mailed link stands for, with its idea and call. Raises Missing."""
    found: CoAuthor | None = db.session.scalar(
        select(CoAuthor)
        .where(CoAuthor.id == read_invitation(token))
        .options(
            joinedload(CoAuthor.idea).options(
                joinedload(Idea.call).options(_CALL_WORDS), joinedload(Idea.author)
            )
        )
    )
    if found is None:
        raise Missing
    return found


def invitations_for(user: User | None) -> Sequence[CoAuthor]:
    """What the person's own, confirmed address is invited to."""
    if user is None or not user.is_confirmed:
        return []
    return db.session.scalars(
        select(CoAuthor)
        .where(
            CoAuthor.email_key == user.email_key,
            CoAuthor.accepted_at.is_(None),
            CoAuthor.declined_at.is_(None),
            CoAuthor.expires_at > clock.now(),
        )
        .options(joinedload(CoAuthor.idea).joinedload(Idea.author))
        .order_by(CoAuthor.id)
        .limit(20)
    ).all()


# --- moderation and the home page -------------------------------------------------------------


def ideas_by_ids(ids: Collection[int]) -> dict[int, Idea]:
    """Ideas in any state with their calls' words."""
    return {
        idea.id: idea
        for idea in db.session.scalars(
            select(Idea)
            .join(Idea.call)
            .where(Idea.id.in_(ids))
            .options(contains_eager(Idea.call).options(_CALL_WORDS))
        )
    }


def latest_steps(limit: int = 5) -> Sequence[IdeaStep]:
    """The latest decisions in public: what home and feeds tell of."""
    live = aliased(Idea)
    return db.session.scalars(
        select(IdeaStep)
        .join(live, live.id == IdeaStep.idea_id)
        .join(Call, Call.id == live.call_id)
        .where(
            IdeaStep.kind == StepKind.STATE,
            IdeaStep.is_public,
            IdeaStep.state.in_(DECIDED),
            live.state.in_(LIVE),
            Call.state != CallState.DRAFT,
        )
        .order_by(IdeaStep.at.desc(), IdeaStep.id.desc())
        .limit(limit)
    ).all()
