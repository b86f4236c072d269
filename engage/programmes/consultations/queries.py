"""Every read of consultations worth a name; what it loads is declared here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    case,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import joinedload, selectinload

from engage.commons.accounts.models import Organisation, StakeholderKind
from engage.commons.comments.models import Comment, CommentState, OfficialAnswer, Thread
from engage.commons.documents.models import Document, Paragraph, Version
from engage.core import figures as numbers
from engage.core.db import Instant, db
from engage.core.errors import Missing
from engage.core.paging import Page, Paged, paginate
from engage.programmes.consultations import policy
from engage.programmes.consultations.filters import Filters
from engage.programmes.consultations.models import (
    Consultation,
    ConsultationAttachment,
    ConsultationDocument,
    ConsultationFollow,
    ConsultationHost,
    ConsultationState,
    ConsultationTheme,
    ConsultationTranslation,
    ConsultationVoice,
)

_WORDS = selectinload(Consultation.translations)
_HOSTS = selectinload(Consultation.hosts).joinedload(ConsultationHost.organisation)
# few rows each: joined, so that knowing where a thread hangs is one query
_PLACE = (joinedload(Consultation.translations), joinedload(Consultation.hosts))
_CARD = (_WORDS, _HOSTS, joinedload(Consultation.cover))


# --- one consultation ---------------------------------------------------------------------


def get_visible(consultation_id: int, user: Any) -> Consultation:
    """One consultation with its words, if this person may see it; Missing otherwise."""
    return _one(_with_words(drafts=policy.sees_drafts(user)), consultation_id)


def get_detail(consultation_id: int, user: Any) -> Consultation:
    """One consultation with all its page shows. Raises Missing."""
    return _one(_with_all(drafts=policy.sees_drafts(user)), consultation_id)


@cache
def _with_words(*, drafts: bool) -> Select[Consultation]:
    return _by_id(drafts=drafts).options(joinedload(Consultation.translations))


@cache
def _with_all(*, drafts: bool) -> Select[Consultation]:
    return _by_id(drafts=drafts).options(
        joinedload(Consultation.translations),
        joinedload(Consultation.themes),
        joinedload(Consultation.cover),
        joinedload(Consultation.thread),
        _HOSTS,
        selectinload(Consultation.documents)
        .joinedload(ConsultationDocument.document)
        .joinedload(Document.current),
        selectinload(Consultation.attachments).joinedload(ConsultationAttachment.file),
    )


def _by_id(*, drafts: bool) -> Select[Consultation]:
    criterion = true() if drafts else policy.is_public()
    return select(Consultation).where(Consultation.id == bindparam("wanted"), criterion)


def consultation_with_words(consultation_id: int) -> Consultation:
    """One consultation with its translations, whoever asks. Raises Missing."""
    found = db.session.scalar(
        select(Consultation).where(Consultation.id == consultation_id).options(_WORDS)
    )
    if found is None:
        raise Missing
    return found


def translations_of(consultation_id: int) -> Sequence[ConsultationTranslation]:
    """Every translation of one consultation."""
    return db.session.scalars(
        select(ConsultationTranslation).where(
            ConsultationTranslation.consultation_id == consultation_id
        )
    ).all()


def follows(consultation_id: int, user: Any) -> bool:
    """Does this person follow it?"""
    if user is None:
        return False
    return db.session.get(ConsultationFollow, (consultation_id, user.id)) is not None


def _one(statement: Select[Consultation], consultation_id: int) -> Consultation:
    found = db.session.scalars(statement, {"wanted": consultation_id}).unique().one_or_none()
    if found is None:
        raise Missing
    return found


# --- lists --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """A consultation in a list, and how many took part."""

    consultation: Consultation
    people: int
    organisations: int


def cards_page(filters: Filters, now: datetime, page: int, per_page: int = 12) -> Page[Card]:
    """The public list; drafts are not in it, whoever asks."""
    found = paginate(_list(filters, drafts=False), {"now": now}, page=page, per_page=per_page)
    return Page(_with_voices(found.items), found.page, found.per_page, found.total)


def office_page(
    filters: Filters, now: datetime, user: Any, page: int, per_page: int = 20
) -> Page[Card]:
    """The office's list, drafts included."""
    statement = _list(filters, drafts=policy.sees_drafts(user))
    found = paginate(statement, {"now": now}, page=page, per_page=per_page)
    return Page(_with_voices(found.items), found.page, found.per_page, found.total)


def current_cards(now: datetime, *, lately: timedelta, limit: int = 40) -> list[Card]:
    """What is open (the next to close first), comes, or ended within `lately`."""
    wanted = {"now": now, "since": now - lately, "limit": limit}
    return _with_voices(db.session.scalars(_current(), wanted).all())


@cache
def _current() -> Select[Consultation]:
    now = bindparam("now", type_=Instant())
    state = Consultation.state_sql(now)
    ended = (ConsultationState.CLOSED.value, ConsultationState.ANSWERED.value)
    going_on = (ConsultationState.OPEN.value, ConsultationState.SCHEDULED.value)
    statement = select(Consultation).where(
        policy.is_public(),
        state.in_(going_on) | (state.in_(ended) & (Consultation.closes_at > bindparam("since"))),
    )
    limit = bindparam("limit", type_=Integer)
    return _ordered(statement, "closing", now).limit(limit).options(*_CARD)


def open_count(now: datetime) -> int:
    """How many are open."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Consultation)
            .where(policy.is_public(), Consultation.state_sql(now) == ConsultationState.OPEN.value)
        )
        or 0
    )


def feed_entries(limit: int = 30) -> Sequence[Consultation]:
    """What the Atom feed tells, last change first."""
    return db.session.scalars(
        select(Consultation)
        .where(policy.is_public())
        .order_by(Consultation.updated_at.desc(), Consultation.id.desc())
        .limit(limit)
        .options(_WORDS, _HOSTS)
    ).all()


def unfinished(now: datetime, limit: int) -> Sequence[Consultation]:
    """What waits for an organiser: closed ones without an outcome, then drafts."""
    rows = db.session.scalars(
        select(Consultation)
        .where(_is_unfinished(now))
        .order_by(Consultation.state_sql(now), Consultation.closes_at, Consultation.id)
        .limit(limit)
        .options(joinedload(Consultation.translations))
    )
    return rows.unique().all()


def unfinished_count(now: datetime) -> Select[int]:
    """How many wait for an organiser."""
    return select(func.count(Consultation.id)).where(_is_unfinished(now))


def _is_unfinished(now: datetime) -> ColumnElement[bool]:
    waiting = (ConsultationState.CLOSED.value, ConsultationState.DRAFT.value)
    return Consultation.state_sql(now).in_(waiting)


def hosting_organisations(limit: int | None = None) -> Sequence[Organisation]:
    """Organisations that ask in public, by name."""
    hosting = (
        select(ConsultationHost.organisation_id)
        .join(Consultation, Consultation.id == ConsultationHost.consultation_id)
        .where(policy.is_public())
    )
    statement = select(Organisation).where(Organisation.id.in_(hosting)).order_by(Organisation.name)
    return db.session.scalars(statement.limit(limit) if limit else statement).all()


def asked_by(organisation_id: int, now: datetime, limit: int) -> Sequence[Consultation]:
    """What an organisation asks or asked in public, the newest first."""
    rows = db.session.scalars(
        select(Consultation)
        .join(ConsultationHost, ConsultationHost.consultation_id == Consultation.id)
        .where(ConsultationHost.organisation_id == organisation_id, policy.is_public())
        .options(joinedload(Consultation.translations))
        .order_by(Consultation.opens_at.desc(), Consultation.id.desc())
        .limit(limit)
    )
    return rows.unique().all()


def followed_cards(user: Any, now: datetime, limit: int = 12) -> list[Card]:
    """What this person follows, open ones first."""
    rows = db.session.scalars(
        _ordered(select(Consultation), "closing", now)
        .where(
            policy.visible_to(user),
            Consultation.id.in_(
                select(ConsultationFollow.consultation_id).where(
                    ConsultationFollow.user_id == user.id
                )
            ),
        )
        .limit(limit)
        .options(*_CARD)
    ).all()
    return _with_voices(rows)


def _list(filters: Filters, *, drafts: bool) -> Paged:
    # what somebody searched for is rarely searched for again
    return _filtered.__wrapped__(filters, drafts) if filters.words else _filtered(filters, drafts)


@lru_cache(maxsize=64)
def _filtered(filters: Filters, drafts: bool) -> Paged:
    now = bindparam("now", type_=Instant())
    criterion = true() if drafts else policy.is_public()
    statement = select(Consultation).where(criterion).options(*_CARD)
    state = Consultation.state_sql(now)
    if filters.state is not None:
        statement = statement.where(state == filters.state.value)
    elif not filters.with_archived:
        statement = statement.where(Consultation.state != ConsultationState.ARCHIVED)
    for word in filters.words:
        statement = statement.where(Consultation.search_text.contains(word, autoescape=True))
    if filters.theme is not None:
        statement = statement.where(
            Consultation.id.in_(
                select(ConsultationTheme.consultation_id).where(
                    ConsultationTheme.theme == filters.theme
                )
            )
        )
    if filters.organisation:
        statement = statement.where(
            Consultation.id.in_(
                select(ConsultationHost.consultation_id)
                .join(Organisation, Organisation.id == ConsultationHost.organisation_id)
                .where(Organisation.slug == filters.organisation)
            )
        )
    return Paged.of(_ordered(statement, filters.sort, now))


def _ordered(
    statement: Select[Consultation], sort: str, now: datetime | BindParameter[datetime]
) -> Select[Consultation]:
    if sort == "newest":
        return statement.order_by(
            func.coalesce(Consultation.published_at, Consultation.created_at).desc(),
            Consultation.id.desc(),
        )
    if sort == "busiest":
        people = (
            select(func.count())
            .where(ConsultationVoice.consultation_id == Consultation.id)
            .correlate(Consultation)
            .scalar_subquery()
        )
        return statement.order_by(people.desc(), Consultation.id.desc())
    state = Consultation.state_sql(now)
    rank = case(
        (state == ConsultationState.OPEN.value, 0),
        (state == ConsultationState.DRAFT.value, 1),
        (state == ConsultationState.SCHEDULED.value, 2),
        (state == ConsultationState.CLOSED.value, 3),
        else_=4,
    )
    soonest = case((rank <= 2, Consultation.closes_at))
    return statement.order_by(rank, soonest, Consultation.closes_at.desc(), Consultation.id.desc())


@cache
def _voices() -> Select[int, int, int]:
    return (
        select(
            ConsultationVoice.consultation_id,
            func.count(ConsultationVoice.kind),
            func.count() - func.count(ConsultationVoice.kind),
        )
        .where(ConsultationVoice.consultation_id.in_(bindparam("ids", expanding=True)))
        .group_by(ConsultationVoice.consultation_id)
    )


def _with_voices(consultations: Collection[Consultation]) -> list[Card]:
    ids = [consultation.id for consultation in consultations]
    people: dict[int, int] = dict.fromkeys(ids, 0)
    organisations: dict[int, int] = dict.fromkeys(ids, 0)
    if ids:
        for consultation_id, persons, bodies in db.session.execute(_voices(), {"ids": ids}):
            people[consultation_id] = persons
            organisations[consultation_id] = bodies
    return [
        Card(consultation, people[consultation.id], organisations[consultation.id])
        for consultation in consultations
    ]


# --- figures ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Participation:
    """Who took part: people by kind, most first; organisations somebody spoke for."""

    kinds: tuple[tuple[StakeholderKind, int, int], ...]
    """(kind, people, per cent of all people)"""
    people: int
    organisations: int


@cache
def _kinds() -> Select[StakeholderKind | None, int]:
    return (
        select(ConsultationVoice.kind, func.count())
        .where(ConsultationVoice.consultation_id == bindparam("consultation_id"))
        .group_by(ConsultationVoice.kind)
    )


def participation(consultation_id: int) -> Participation:
    """People by stakeholder kind and organisations, from one grouped read."""
    rows = db.session.execute(_kinds(), {"consultation_id": consultation_id})
    by_kind: dict[StakeholderKind | None, int] = dict(rows.all())
    organisations = by_kind.pop(None, 0)
    people = sum(by_kind.values())
    counted = sorted(((by_kind.get(kind, 0), kind) for kind in StakeholderKind), reverse=True)
    return Participation(
        tuple(
            (kind, count, round(100 * count / people) if people else 0) for count, kind in counted
        ),
        people,
        organisations,
    )


def thread_ids(consultation_id: int) -> Select[tuple[int]]:
    """Every thread of a consultation: the general one, its documents', their paragraphs'."""
    general = select(Consultation.thread_id).where(Consultation.id == consultation_id)
    of_documents = (
        select(Document.thread_id)
        .join(ConsultationDocument, ConsultationDocument.document_id == Document.id)
        .where(ConsultationDocument.consultation_id == consultation_id)
    )
    of_paragraphs = (
        select(Paragraph.thread_id)
        .join(Version, Version.id == Paragraph.version_id)
        .join(ConsultationDocument, ConsultationDocument.document_id == Version.document_id)
        .where(
            ConsultationDocument.consultation_id == consultation_id,
            Paragraph.thread_id.is_not(None),
        )
    )
    every = union_all(general, of_documents, of_paragraphs).subquery()
    return select(every.c[0])


def place_names(consultation_id: int) -> dict[int, str]:
    """Thread id -> what stands there, for tables: "Draft plan, 2.3", "Draft plan", or nothing."""
    in_texts = (
        select(Paragraph.thread_id, Document.title, Paragraph.number, Version.number)
        .join(Version, Version.id == Paragraph.version_id)
        .join(Document, Document.id == Version.document_id)
        .join(ConsultationDocument, ConsultationDocument.document_id == Document.id)
        .where(
            ConsultationDocument.consultation_id == consultation_id,
            Paragraph.thread_id.is_not(None),
        )
        # a paragraph that did not change keeps its thread: the latest number counts
        .order_by(Version.number)
    )
    found = {
        thread_id: f"{title}, {number}"
        for thread_id, title, number, _version in db.session.execute(in_texts)
        if thread_id is not None
    }
    whole = (
        select(Document.thread_id, Document.title)
        .join(ConsultationDocument, ConsultationDocument.document_id == Document.id)
        .where(ConsultationDocument.consultation_id == consultation_id)
    )
    return found | dict(db.session.execute(whole).all())


@dataclass(frozen=True)
class Figures:
    """What an organiser wants to know of a running consultation.

    `unseen` counts what readers do not see: held for a guest's confirmation, or hidden.
    """

    comments: int
    unseen: int
    waiting: int
    overdue: int


# spelled out in the statement, as in the index that answers it: databases do not look into parameters
_UNSEEN = Comment.state.in_(
    bindparam(
        "unseen",
        (CommentState.HELD, CommentState.HIDDEN),
        expanding=True,
        literal_execute=True,
    )
)


def figures(consultation_id: int, now: datetime) -> Figures:
    """Comments that can be read and cannot, and answers owed: one query.

    It reads the threads' counters and two short indexes, never the comments themselves.
    """
    here = thread_ids(consultation_id)
    # What is held, hidden or withdrawn is owed no answer. The sum keeps SQLite to the index of
    # what is owed: by the bare column it would walk through every comment of the threads.
    waiting = select(func.count(Comment.id)).where(
        Comment.due_at.is_not(None),
        Comment.answered_at.is_(None),
        (Comment.thread_id + 0).in_(here),
    )
    found = numbers.read(
        {
            "comments": _published(here),
            "unseen": select(func.count(Comment.id)).where(_UNSEEN, Comment.thread_id.in_(here)),
            "waiting": waiting,
            "overdue": waiting.where(Comment.due_at < now),
        }
    )
    return Figures(**found)


def comments_total(consultation_id: int) -> int:
    """Published comments in all threads, from the threads' own counters."""
    return db.session.scalar(_published(thread_ids(consultation_id))) or 0


def _published(ids: Select[tuple[int]]) -> Select[int]:
    return select(func.coalesce(func.sum(Thread.comments_count), 0)).where(Thread.id.in_(ids))


# --- answers ------------------------------------------------------------------------------


def answers_page(
    consultation_id: int, *, organisation: str = "", page: int = 1, per_page: int = 20
) -> Page[OfficialAnswer]:
    """Official answers given in this consultation, newest first, with what they answer."""
    statement = (
        select(OfficialAnswer)
        .join(Comment, Comment.id == OfficialAnswer.comment_id)
        .where(
            OfficialAnswer.published_at.is_not(None),
            Comment.state == CommentState.PUBLISHED,
            # the few answered ones have an index of their own
            Comment.answered_at.is_not(None),
            Comment.thread_id.in_(thread_ids(consultation_id)),
        )
        .options(
            joinedload(OfficialAnswer.organisation),
            joinedload(OfficialAnswer.comment).options(
                joinedload(Comment.thread), joinedload(Comment.organisation)
            ),
        )
        .order_by(OfficialAnswer.published_at.desc(), OfficialAnswer.id.desc())
    )
    if organisation:
        statement = statement.join(
            Organisation, Organisation.id == OfficialAnswer.organisation_id
        ).where(Organisation.slug == organisation)
    return paginate(statement, page=page, per_page=per_page)


def answering_organisations(consultation_id: int) -> Sequence[Organisation]:
    """Organisations that answered something here."""
    answered = (
        select(OfficialAnswer.organisation_id)
        .join(Comment, Comment.id == OfficialAnswer.comment_id)
        .where(
            OfficialAnswer.published_at.is_not(None),
            Comment.answered_at.is_not(None),
            Comment.thread_id.in_(thread_ids(consultation_id)),
        )
    )
    return db.session.scalars(
        select(Organisation).where(Organisation.id.in_(answered)).order_by(Organisation.name)
    ).all()


# --- documents as parts -------------------------------------------------------------------


@cache
def _part() -> Select[ConsultationDocument]:
    return (
        select(ConsultationDocument)
        .where(
            ConsultationDocument.consultation_id == bindparam("consultation_id"),
            ConsultationDocument.document_id == bindparam("document_id"),
        )
        .options(joinedload(ConsultationDocument.document).joinedload(Document.thread))
    )


def part(consultation_id: int, document_id: int) -> ConsultationDocument:
    """One document as a part of this consultation. Raises Missing when it belongs elsewhere."""
    wanted = {"consultation_id": consultation_id, "document_id": document_id}
    found = db.session.scalar(_part(), wanted)
    if found is None:
        raise Missing
    return found


@dataclass(frozen=True)
class DocumentFigures:
    """What is said under one text, its present version's numbered paragraphs counted."""

    paragraphs: int
    comments: int


@cache
def _figures() -> Select[int, int, int]:
    return (
        select(
            Document.id,
            func.count(Paragraph.thread_id),
            func.coalesce(func.sum(Thread.comments_count), 0),
        )
        .join(Paragraph, Paragraph.version_id == Document.current_version_id)
        .join(Thread, Thread.id == Paragraph.thread_id)
        .where(Document.id.in_(bindparam("document_ids", expanding=True)))
        .group_by(Document.id)
    )


def document_figures(document_ids: Collection[int]) -> dict[int, DocumentFigures]:
    """Paragraphs and published comments of each text as it stands now: one query."""
    rows = db.session.execute(_figures(), {"document_ids": list(document_ids)})
    return {document_id: DocumentFigures(*counts) for document_id, *counts in rows}


def own_parts(consultation_id: int, user: Any) -> set[int]:
    """What this person wrote under: document ids, and 0 for the consultation as a whole."""
    if user is None:
        return set()
    wanted = {"consultation_id": consultation_id, "user_id": user.id}
    return set(db.session.scalars(_own_parts(), wanted))


@cache
def _own_parts() -> Any:
    consultation_id: BindParameter[int] = bindparam("consultation_id")
    is_author = Comment.author_id == bindparam("user_id")
    mine = is_author & (Comment.state == CommentState.PUBLISHED)
    under_paragraphs = (
        select(Version.document_id)
        .join(Paragraph, Paragraph.version_id == Version.id)
        .join(Comment, Comment.thread_id == Paragraph.thread_id)
        .where(mine)
    )
    as_a_whole = (
        select(Document.id).join(Comment, Comment.thread_id == Document.thread_id).where(mine)
    )
    of_texts = select(ConsultationDocument.document_id).where(
        ConsultationDocument.consultation_id == consultation_id,
        ConsultationDocument.document_id.in_(union_all(under_paragraphs, as_a_whole)),
    )
    general = (
        select(literal(0))
        .select_from(Consultation)
        .join(Comment, Comment.thread_id == Consultation.thread_id)
        .where(Consultation.id == consultation_id, mine)
    )
    return union_all(of_texts, general)


@cache
def _around_documents() -> Select[int, Consultation]:
    return (
        select(ConsultationDocument.document_id, Consultation)
        .join(Consultation, Consultation.id == ConsultationDocument.consultation_id)
        .where(ConsultationDocument.document_id.in_(bindparam("document_ids", expanding=True)))
        .options(*_PLACE)
    )


def consultations_of_documents(document_ids: Collection[int]) -> dict[int, Consultation]:
    """Document id -> its consultation with words and hosts."""
    rows = db.session.execute(_around_documents(), {"document_ids": list(document_ids)})
    return dict(rows.unique().all())


@cache
def _around_threads() -> Select[Consultation]:
    return (
        select(Consultation)
        .where(Consultation.thread_id.in_(bindparam("ids", expanding=True)))
        .options(*_PLACE)
    )


def consultations_of_threads(ids: Collection[int]) -> dict[int, Consultation]:
    """General thread id -> its consultation with words and hosts."""
    rows = db.session.scalars(_around_threads(), {"ids": list(ids)}).unique()
    return {consultation.thread_id: consultation for consultation in rows}


def consultation_of_thread(thread_id: int) -> int | None:
    """The consultation a comment in this thread takes part in, None for any other thread."""
    found: int | None = db.session.scalar(_of_thread(), {"thread_id": thread_id})
    return found


@cache
def _of_thread() -> Any:
    thread_id: BindParameter[int] = bindparam("thread_id", type_=Integer)
    general = select(Consultation.id).where(Consultation.thread_id == thread_id)
    of_document = (
        select(ConsultationDocument.consultation_id)
        .join(Document, Document.id == ConsultationDocument.document_id)
        .where(Document.thread_id == thread_id)
    )
    of_paragraph = (
        select(ConsultationDocument.consultation_id)
        .join(Version, Version.document_id == ConsultationDocument.document_id)
        .join(Paragraph, Paragraph.version_id == Version.id)
        .where(Paragraph.thread_id == thread_id)
    )
    return union_all(general, of_document, of_paragraph).limit(1)


def organisations_to_host() -> Sequence[Organisation]:
    """Organisations that may be named as hosts: the verified ones."""
    return db.session.scalars(
        select(Organisation)
        .where(Organisation.verified_at.is_not(None))
        .order_by(Organisation.name)
    ).all()
