"""Every read of plan texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import BindParameter, Select, bindparam, func, select, union
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from engage.commons.accounts.models import StakeholderKind, User
from engage.commons.comments import queries as comments
from engage.commons.comments.models import Thread, ThreadTally
from engage.commons.documents import owners, policy
from engage.commons.documents.models import (
    Document,
    Paragraph,
    ParagraphKind,
    Section,
    Version,
    VersionState,
)
from engage.commons.documents.numbering import Chapter, Split
from engage.commons.documents.numbering import Piece as TextPiece
from engage.commons.documents.owners import Owner
from engage.core.db import db
from engage.core.errors import Missing
from engage.core.paging import Page, paginate

PARAGRAPH_KIND = "documents.paragraph"
DOCUMENT_KIND = "documents.document"


# --- documents and versions ---------------------------------------------------------------


def get_document(document_id: int) -> Document:
    """A text with its present version and its translations. Raises Missing."""
    found = db.session.scalar(
        select(Document)
        .where(Document.id == document_id)
        .options(joinedload(Document.current), joinedload(Document.translation_of))
    )
    if found is None:
        raise Missing
    return found


def documents_page(*, page: int = 1) -> Page[Document]:
    """All texts for the office, the newest first."""
    return paginate(
        select(Document)
        .options(joinedload(Document.current), selectinload(Document.versions))
        .order_by(Document.id.desc()),
        page=page,
    )


def versions(document_id: int, user: User | None = None) -> Sequence[Version]:
    """The versions this person may see, the newest first."""
    return db.session.scalars(
        select(Version)
        .where(Version.document_id == document_id, policy.visible_to(user))
        .options(joinedload(Version.source_file))
        .order_by(Version.number.desc())
    ).all()


def get_version(document_id: int, number: int, user: User | None = None) -> Version:
    """One version by its number. Raises Missing when this person may not see it."""
    found = db.session.scalar(
        select(Version).where(
            Version.document_id == document_id,
            Version.number == number,
            policy.visible_to(user),
        )
    )
    if found is None:
        raise Missing
    return found


def draft_of(document_id: int) -> Version | None:
    """The version being worked on, when there is one."""
    return db.session.scalar(
        select(Version)
        .where(Version.document_id == document_id, Version.state == VersionState.DRAFT)
        .options(joinedload(Version.source_file))
    )


def in_other_languages(document: Document) -> Sequence[Document]:
    """The same text in other languages, where something of it is published."""
    origin = document.translation_of_id or document.id
    return db.session.scalars(
        select(Document)
        .where(
            (Document.id == origin) | (Document.translation_of_id == origin),
            Document.id != document.id,
            Document.current_version_id.is_not(None),
        )
        .order_by(Document.language)
    ).all()


def owner_of(document: Document, user: User | None, now: datetime) -> Owner | None:
    """What the text is part of, for this person; None when its owner's feature is gone."""
    kind = owners.kinds.get(document.kind)
    return kind.load([document.id], user, now).get(document.id) if kind else None


def owners_of(
    documents: Collection[Document], user: User | None, now: datetime
) -> dict[int, Owner]:
    """The same for many texts: one load for each kind of owner."""
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for document in documents:
        by_kind[document.kind].append(document.id)
    found: dict[int, Owner] = {}
    for name, ids in by_kind.items():
        kind = owners.kinds.get(name)
        if kind is not None:
            found.update(kind.load(ids, user, now))
    return found


# --- reading ------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutlineEntry:
    """A chapter in the contents; `comments` counts those on its paragraphs."""

    number: int
    title: str
    comments: int


@cache
def _outline() -> Select[int, str, int]:
    return (
        select(Section.number, Section.title, func.coalesce(func.sum(Thread.comments_count), 0))
        .outerjoin(Paragraph, Paragraph.section_id == Section.id)
        .outerjoin(Thread, Thread.id == Paragraph.thread_id)
        .where(Section.version_id == bindparam("version_id"))
        .group_by(Section.id, Section.number, Section.title, Section.position)
        .order_by(Section.position)
    )


def version_outline(version_id: int) -> list[OutlineEntry]:
    """The chapters of a version with their comments: one query."""
    rows = db.session.execute(_outline(), {"version_id": version_id})
    return [OutlineEntry(number, title, int(count)) for number, title, count in rows]


@dataclass(frozen=True)
class Elsewhere:
    """The same paragraph in another version: where, and how many comments stand there."""

    version: int
    chapter: int
    number: str
    anchor: str
    comments: int = 0


@dataclass(frozen=True)
class Read:
    """A paragraph as readers see it. `tallies` stand in the order of the stakeholder kinds.

    `earlier` counts the comments on earlier wordings and leads to the latest of those that have
    some; `newer` leads from a superseded wording to the present one.
    """

    paragraph: Paragraph
    comments: int = 0
    tallies: tuple[ThreadTally, ...] = ()
    earlier: Elsewhere | None = None
    newer: Elsewhere | None = None

    @property
    def is_subheading(self) -> bool:
        return self.paragraph.kind is ParagraphKind.SUBHEADING


@dataclass(frozen=True)
class ReadSection:
    """A chapter with its paragraphs in order."""

    number: int
    title: str
    items: list[Read] = field(default_factory=list)


@cache
def _paragraphs(*, whole: bool) -> Select[Paragraph]:
    statement = (
        select(Paragraph)
        .join(Paragraph.section)
        .outerjoin(Paragraph.thread)
        .where(Paragraph.version_id == bindparam("version_id"))
        .options(contains_eager(Paragraph.section), contains_eager(Paragraph.thread))
        .order_by(Paragraph.position)
    )
    return statement if whole else statement.where(Section.number == bindparam("section"))


def paragraphs_with_tallies(version_id: int, section: int | None = None) -> list[ReadSection]:
    """A version, or one chapter of it, with what is said beside each paragraph.

    Four queries, however long the text is. An unknown chapter gives an empty list.
    """
    wanted = {"version_id": version_id, "section": section}
    paragraphs = db.session.scalars(_paragraphs(whole=section is None), wanted).all()
    threads = [p.thread_id for p in paragraphs if p.thread_id is not None]
    tallies = comments.tallies(threads)
    earlier, newer = _elsewhere(version_id, paragraphs)
    sections: dict[int, ReadSection] = {}
    for paragraph in paragraphs:
        chapter = sections.setdefault(
            paragraph.section_id, ReadSection(paragraph.section.number, paragraph.section.title)
        )
        by_kind = tallies.get(paragraph.thread_id or 0, {})
        chapter.items.append(
            Read(
                paragraph,
                paragraph.thread.comments_count if paragraph.thread else 0,
                tuple(by_kind[kind] for kind in StakeholderKind if kind in by_kind),
                earlier.get(paragraph.key),
                newer.get(paragraph.key),
            )
        )
    return list(sections.values())


@cache
def _same_paragraphs() -> Select[str, str | None, int | None, int, int, bool, bool, int]:
    here = aliased(Version)
    version_id: BindParameter[int] = bindparam("version_id")
    return (
        select(
            Paragraph.key,
            Paragraph.number,
            Paragraph.thread_id,
            Section.number,
            Version.number,
            Version.id == Document.current_version_id,
            Version.number < here.number,
            Thread.comments_count,
        )
        .join(Section, Section.id == Paragraph.section_id)
        .join(Version, Version.id == Paragraph.version_id)
        .join(Document, Document.id == Version.document_id)
        .join(here, (here.document_id == Document.id) & (here.id == version_id))
        .join(Thread, Thread.id == Paragraph.thread_id)
        .where(
            Paragraph.key.in_(bindparam("keys", expanding=True)),
            Paragraph.version_id != version_id,
        )
        .order_by(Version.number)
    )


def _elsewhere(
    version_id: int, paragraphs: Sequence[Paragraph]
) -> tuple[dict[str, Elsewhere], dict[str, Elsewhere]]:
    """By key: comments on earlier wordings, and the present wording of superseded ones."""
    keys = [p.key for p in paragraphs if p.thread_id is not None]
    own = {p.key: p.thread_id for p in paragraphs}
    if not keys:
        return {}, {}
    rows = db.session.execute(_same_paragraphs(), {"keys": keys, "version_id": version_id}).all()
    counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
    latest: dict[str, Elsewhere] = {}
    newer: dict[str, Elsewhere] = {}
    for key, number, thread_id, chapter, version, is_current, is_before, count in rows:
        if number is None or thread_id is None or thread_id == own[key]:
            continue
        anchor = _anchor(number)
        if is_before and count:
            counts[key][thread_id] = count
            latest[key] = Elsewhere(version, chapter, number, anchor)
        elif is_current and not is_before:
            newer[key] = Elsewhere(version, chapter, number, anchor, count)
    earlier = {
        key: Elsewhere(p.version, p.chapter, p.number, p.anchor, sum(counts[key].values()))
        for key, p in latest.items()
    }
    return earlier, newer


def _anchor(number: str) -> str:
    return f"p{number.replace('.', '-')}"


def text_of(version_id: int) -> Split:
    """A version as it was cut up, for the editor and for comparing."""
    rows = db.session.scalars(
        select(Section)
        .where(Section.version_id == version_id)
        .options(selectinload(Section.paragraphs))
        .order_by(Section.position)
    )
    return Split(
        None,
        [
            Chapter(
                section.number,
                section.title,
                [TextPiece(p.kind, p.body, p.number, p.level) for p in section.paragraphs],
            )
            for section in rows
        ],
    )


def numbered(version_id: int) -> list[Paragraph]:
    """A version's numbered paragraphs with chapter and thread, in order: one query."""
    return list(
        db.session.scalars(
            select(Paragraph)
            .join(Paragraph.section)
            .where(Paragraph.version_id == version_id, Paragraph.number.is_not(None))
            .options(contains_eager(Paragraph.section), joinedload(Paragraph.thread))
            .order_by(Paragraph.position)
        )
    )


# --- what threads hang on -----------------------------------------------------------------


def texts_of_threads(thread_ids: Collection[int]) -> Sequence[Document]:
    """The texts whose threads on the whole these are."""
    return db.session.scalars(select(Document).where(Document.thread_id.in_(thread_ids))).all()


@cache
def _carrying() -> Select[Paragraph]:
    own, present = aliased(Paragraph), aliased(Paragraph)
    thread_ids: BindParameter[int] = bindparam("thread_ids", expanding=True)
    # a union of what indexes find; an OR over both would read every paragraph
    wanted = union(
        select(own.id).where(own.thread_id.in_(thread_ids)),
        select(present.id)
        .join(own, own.key == present.key)
        .join(Document, Document.current_version_id == present.version_id)
        .where(own.thread_id.in_(thread_ids)),
    )
    return (
        select(Paragraph)
        .join(Paragraph.version)
        .join(Version.document)
        .join(Paragraph.section)
        .options(
            contains_eager(Paragraph.version).contains_eager(Version.document),
            contains_eager(Paragraph.section),
        )
        .where(Paragraph.id.in_(wanted), Version.state == VersionState.PUBLISHED)
        .order_by(Version.number)
    )


def standing(
    thread_ids: Collection[int],
) -> tuple[dict[int, Paragraph], dict[str, Paragraph]]:
    """By thread the newest published paragraph that carries it, by key the present wordings: one query."""
    rows = db.session.scalars(_carrying(), {"thread_ids": list(thread_ids)}).all()
    sought = set(thread_ids)
    return (
        {p.thread_id: p for p in rows if p.thread_id is not None and p.thread_id in sought},
        {p.key: p for p in rows if p.version_id == p.version.document.current_version_id},
    )
