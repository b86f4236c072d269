"""Every write to plan texts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from flask import url_for
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from engage.commons.accounts.models import User
from engage.commons.comments.service import open_thread, open_threads
from engage.commons.documents import importing, policy, queries
from engage.commons.documents.events import VersionPublished
from engage.commons.documents.matching import match
from engage.commons.documents.models import (
    TRANSITIONS,
    Change,
    Document,
    Paragraph,
    ParagraphKind,
    Section,
    SourceFormat,
    Version,
    VersionState,
)
from engage.commons.documents.numbering import Split
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.events import announce
from engage.core.files import StoredFile, keep
from engage.core.i18n import _l, locales
from engage.core.richtext import plain, render
from engage.core.sniffing import DOCX, ODT, TEXT, FileType

_CARRIED = frozenset({Change.SAME, Change.MOVED})
_FILE_TYPES: dict[SourceFormat, FileType] = {
    SourceFormat.DOCX: DOCX,
    SourceFormat.ODT: ODT,
    # served as text only: what was HTML stays a file of letters
    SourceFormat.MARKDOWN: TEXT,
    SourceFormat.HTML: TEXT,
}
MAX_TITLE = 200
MAX_NOTE = 2_000


# --- documents ----------------------------------------------------------------------------


def create_document(
    kind: str,
    *,
    title: str,
    language: str,
    actor: User,
    translation_of_id: int | None = None,
) -> Document:
    """A text without words yet, with a thread for the whole of it. `kind` names its owner's registry."""
    require(policy.can_create(actor))
    with transactional():
        document = Document(
            kind=kind,
            title=_title(title),
            language=_language(language),
            translation_of_id=_origin(translation_of_id),
            thread_id=open_thread(queries.DOCUMENT_KIND).id,
            created_by_id=actor.id,
        )
        db.session.add(document)
        db.session.flush()
        audit.record("document.created", document, actor=actor, kind=kind)
    return document


def rename_document(
    document_id: int, *, title: str, language: str, revision: int, actor: User
) -> Document:
    """Change title and language. Conflict when somebody did meanwhile."""
    with transactional():
        document = _editable(document_id, actor)
        _fresh(document, document.revision, revision, kept=title)
        document.title = _title(title)
        document.language = _language(language)
        document.revision += 1
        audit.record("document.renamed", document, actor=actor)
    return document


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise Invalid({"title": _l("Give the text a title.")})
    if len(title) > MAX_TITLE:
        raise Invalid({"title": _l("This title is too long.")})
    return title


def _language(language: str) -> str:
    if language not in locales():
        raise Invalid({"language": _l("Choose one of the languages of this site.")})
    return language


def _origin(translation_of_id: int | None) -> int | None:
    """Translations hang on the original, never on each other."""
    if translation_of_id is None:
        return None
    origin = db.session.get(Document, translation_of_id)
    if origin is None:
        raise Missing
    return origin.translation_of_id or origin.id


# --- versions -----------------------------------------------------------------------------


def add_version(
    document_id: int,
    *,
    actor: User,
    text: str | None = None,
    source_format: SourceFormat = SourceFormat.MARKDOWN,
    upload: tuple[str, bytes] | None = None,
    note: str = "",
    revision: int | None = None,
) -> Version:
    """Cut a text up into a new draft, or into the draft there is.

    The text is given as `text` in a `source_format`, or as an `upload` (file name, bytes). Raises
    Invalid on `text` or `file`; Conflict when a draft is there whose `revision` is another.
    """
    _check_note(note)
    if upload is not None:
        name, data = upload
        source_format, split = importing.read_upload(data, name)
    else:
        split = importing.read_text(text or "", source_format)
    with transactional():
        document = _editable(document_id, actor)
        kept = _both(note, text)
        version = _draft_to_fill(document, source_format, note, actor, revision, kept=kept)
        if upload is not None:
            file = _keep_source(upload[0], upload[1], source_format, actor)
            version.source_file_id = file.id
        _fill(version, document, split)
        audit.record(
            "document.drafted", document, actor=actor, version=version.number, words=version.words
        )
    return version


def start_from_present(document_id: int, *, actor: User) -> Version:
    """A draft with the words readers read now, to be changed. Conflict when there is a draft."""
    with transactional():
        document = _editable(document_id, actor)
        if document.current_version_id is None:
            raise Missing
        version = _draft_to_fill(document, SourceFormat.MARKDOWN, "", actor, None)
        _fill(version, document, queries.text_of(document.current_version_id))
        audit.record(
            "document.drafted", document, actor=actor, version=version.number, words=version.words
        )
    return version


def edit_draft(
    version_id: int, *, text: str, revision: int, actor: User, note: str | None = None
) -> Version:
    """Replace the words of a draft by an edited Markdown text. Raises Invalid, Conflict."""
    split = importing.read_text(text, SourceFormat.MARKDOWN, is_titled=False)
    with transactional():
        kept = _both(note, text)
        version, document = _draft(version_id, actor, kept=kept)
        _fresh(document, version.revision, revision, kept=kept)
        if note is not None:
            _check_note(note)
            version.note = note
        _fill(version, document, split)
        version.revision += 1
        audit.record("document.draft_edited", document, actor=actor, version=version.number)
    return version


def discard_draft(version_id: int, *, revision: int, actor: User) -> None:
    """Throw a draft away; nothing published changes."""
    with transactional():
        version, document = _draft(version_id, actor)
        _fresh(document, version.revision, revision)
        _empty(version)
        db.session.delete(version)
        db.session.flush()
        audit.record("document.draft_discarded", document, actor=actor, version=version.number)


def publish_version(
    version_id: int, *, revision: int, actor: User, note: str | None = None
) -> Version:
    """Make a draft what readers read, for good.

    A paragraph whose words did not change carries its thread on; a changed one starts a new one,
    so old comments stay with the words they were written about.
    """
    with transactional():
        version, document = _draft(version_id, actor, kept=note)
        _fresh(document, version.revision, revision, kept=note)
        if note is not None:
            _check_note(note)
            version.note = note
        TRANSITIONS.check(version.state, VersionState.PUBLISHED)
        _hang_threads(version)
        version.state = VersionState.PUBLISHED
        version.published_at = clock.now()
        version.published_by_id = actor.id
        version.revision += 1
        document.current_version_id = version.id
        db.session.flush()
        audit.record("document.published", document, actor=actor, version=version.number)
        announce(VersionPublished(document.id, version.id, version.number, actor.id))
    return version


def _hang_threads(version: Version) -> None:
    paragraphs = db.session.scalars(
        select(Paragraph)
        .where(Paragraph.version_id == version.id, Paragraph.number.is_not(None))
        .options(joinedload(Paragraph.previous))
        .order_by(Paragraph.position)
    ).all()
    fresh = []
    for paragraph in paragraphs:
        if paragraph.previous is not None and paragraph.change in _CARRIED:
            paragraph.thread_id = paragraph.previous.thread_id
        else:
            fresh.append(paragraph)
    ids = open_threads(queries.PARAGRAPH_KIND, len(fresh))
    for paragraph, thread_id in zip(fresh, ids, strict=True):
        paragraph.thread_id = thread_id


# --- inside -------------------------------------------------------------------------------


def _editable(document_id: int, actor: User) -> Document:
    document = lock(Document, document_id)
    require(policy.can_edit(actor, queries.owner_of(document, actor, clock.now())))
    return document


def _draft(version_id: int, actor: User, *, kept: str | None = None) -> tuple[Version, Document]:
    """A draft with its text, both locked, in the order everybody locks them."""
    document_id = db.session.scalar(select(Version.document_id).where(Version.id == version_id))
    if document_id is None:
        raise Missing
    document = lock(Document, document_id)
    version = lock(Version, version_id)
    if version.is_published:
        raise Conflict(
            _l("This version is published already, so it cannot change any more."),
            _l("Make a new version instead."),
            url=_office_url(document),
            kept=kept,
        )
    owner = queries.owner_of(document, actor, clock.now())
    require(policy.can_change(actor, owner, version))
    return version, document


def _fresh(document: Document, present: int, sent: int, *, kept: str | None = None) -> None:
    if present != sent:
        raise Conflict(
            _l("Somebody else changed this while you were working on it."),
            _l("Copy your words, open it again and put them in."),
            url=_office_url(document),
            kept=kept,
        )


def _office_url(document: Document) -> str:
    return url_for("documents_office.document", document_id=document.id)


def _both(note: str | None, text: str | None) -> str | None:
    """What a refused form held, for its sender to copy."""
    return "\n\n".join(part for part in (note, text) if part) or None


def _check_note(note: str) -> None:
    if len(note) > MAX_NOTE:
        raise Invalid({"note": _l("This note is too long.")})


def _draft_to_fill(
    document: Document,
    source_format: SourceFormat,
    note: str,
    actor: User,
    revision: int | None,
    *,
    kept: str | None = None,
) -> Version:
    draft = queries.draft_of(document.id)
    if draft is not None:
        if revision is None or draft.revision != revision:
            raise Conflict(
                _l("There is a draft already."),
                _l("Go on with it, or discard it before you start another one."),
                url=_office_url(document),
                kept=kept,
            )
        draft.source_format, draft.note = source_format, note
        draft.source_file_id = None
        draft.revision += 1
        return draft
    last = db.session.scalar(
        select(Version.number)
        .where(Version.document_id == document.id)
        .order_by(Version.number.desc())
        .limit(1)
    )
    draft = Version(
        document_id=document.id,
        number=(last or 0) + 1,
        state=VersionState.DRAFT,
        source_format=source_format,
        note=note,
        words=0,
        created_by_id=actor.id,
        revision=1,
    )
    db.session.add(draft)
    db.session.flush()
    return draft


def _keep_source(name: str, data: bytes, source_format: SourceFormat, actor: User) -> StoredFile:
    return keep(data, _FILE_TYPES[source_format], name=name, purpose="source", actor=actor)


def _empty(version: Version) -> None:
    db.session.execute(delete(Paragraph).where(Paragraph.version_id == version.id))
    db.session.execute(delete(Section).where(Section.version_id == version.id))
    db.session.expire(version, ["sections"])


def _fill(version: Version, document: Document, split: Split) -> None:
    """Write the pieces of a text into a draft, each with its ancestor in the present version."""
    _empty(version)
    before = queries.numbered(document.current_version_id) if document.current_version_id else []
    bodies = [piece.body for chapter in split.chapters for piece in chapter.pieces if piece.number]
    found = iter(match([p.body for p in before], bodies).matches)
    position = 0
    version.words = 0
    for chapter in split.chapters:
        section = Section(
            version_id=version.id,
            number=chapter.number,
            position=chapter.number,
            title=chapter.title,
        )
        db.session.add(section)
        db.session.flush()
        rows: list[Paragraph] = []
        for piece in chapter.pieces:
            position += 1
            ancestor, change = None, Change.NEW
            if piece.number is not None:
                heir = next(found)
                ancestor = before[heir.old] if heir.old is not None else None
                change = heir.change
            rows.append(
                Paragraph(
                    version_id=version.id,
                    section_id=section.id,
                    position=position,
                    number=piece.number,
                    kind=piece.kind,
                    level=piece.level,
                    key=ancestor.key if ancestor else secrets.token_hex(8),
                    body=piece.body,
                    body_html=_html(piece.kind, piece.body),
                    words=_count(piece.body),
                    change=change,
                    previous_id=ancestor.id if ancestor else None,
                )
            )
        version.words += _add(rows)
    db.session.flush()


def _add(rows: Sequence[Paragraph]) -> int:
    db.session.add_all(rows)
    return sum(row.words for row in rows)


def _html(kind: ParagraphKind, body: str) -> str:
    if kind is ParagraphKind.SUBHEADING:
        return ""
    return render(body, profile="plan", field="text")


def _count(body: str) -> int:
    return len(plain(body).split())
