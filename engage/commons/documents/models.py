"""Plan texts: documents, their versions, and the numbered paragraphs people talk about."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, remote

from engage.commons.accounts.models import User
from engage.commons.comments.models import Thread
from engage.core import clock
from engage.core.db import Model, intpk, related
from engage.core.files import StoredFile
from engage.core.lifecycle import Transitions


class VersionState(StrEnum):
    """A draft may change; a published version never does."""

    DRAFT = "draft"
    PUBLISHED = "published"


class SourceFormat(StrEnum):
    """What a version was made from."""

    MARKDOWN = "markdown"
    DOCX = "docx"
    ODT = "odt"
    HTML = "html"


class ParagraphKind(StrEnum):
    """What a piece of a chapter is. Only a subheading has no number and no thread."""

    TEXT = "text"
    LIST = "list"
    TABLE = "table"
    QUOTE = "quote"
    CODE = "code"
    SUBHEADING = "subheading"


class Change(StrEnum):
    """What became of a paragraph's ancestor in this version."""

    NEW = "new"
    SAME = "same"
    EDITED = "edited"
    MOVED = "moved"


TRANSITIONS = Transitions({VersionState.DRAFT: {VersionState.PUBLISHED}})


class Document(Model):
    """One text in one language, through all its versions. `kind` names the registry of its owner.

    `thread` is where the text is discussed as a whole. A translation is a document too.
    """

    __tablename__ = "documents"

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8))
    translation_of_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"), index=True)
    # No constraint: versions point here already, and a circle of foreign keys cannot be created
    # in one step on every database. Only `service.publish_version` writes it, under a lock.
    current_version_id: Mapped[int | None]
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)
    # counts every change of title or link; a form that carries an older number is stale
    revision: Mapped[int] = mapped_column(default=1)

    thread: Mapped[Thread] = related(Thread)
    versions: Mapped[list["Version"]] = related(
        "Version", back_populates="document", order_by="Version.number"
    )
    current: Mapped["Version | None"] = related(
        "Version",
        primaryjoin=lambda: foreign(Document.current_version_id) == remote(Version.id),
        viewonly=True,
    )
    translation_of: Mapped["Document | None"] = related(
        "Document", remote_side="Document.id", back_populates="translations"
    )
    translations: Mapped[list["Document"]] = related("Document", back_populates="translation_of")


class Version(Model):
    """One state of a text. At most one draft at a time; numbers count from 1."""

    __tablename__ = "document_versions"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        Index(
            "uq_document_versions_one_draft",
            "document_id",
            unique=True,
            sqlite_where=text("state = 'draft'"),
            postgresql_where=text("state = 'draft'"),
        ),
        CheckConstraint("state = 'draft' OR published_at IS NOT NULL", name="published"),
    )

    id: Mapped[intpk]
    document_id: Mapped[int] = mapped_column(ForeignKey(Document.id, ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[VersionState] = mapped_column(default=VersionState.DRAFT)
    note: Mapped[str] = mapped_column(Text, default="")
    source_format: Mapped[SourceFormat]
    source_file_id: Mapped[int | None] = mapped_column(ForeignKey(StoredFile.id), index=True)
    words: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)
    # counts every change of the draft; a form that carries an older number is stale
    revision: Mapped[int] = mapped_column(default=1)

    document: Mapped[Document] = related(Document, back_populates="versions")
    source_file: Mapped[StoredFile | None] = related(StoredFile)
    sections: Mapped[list["Section"]] = related(
        "Section",
        back_populates="version",
        order_by="Section.position",
        cascade="all, delete-orphan",
    )

    @property
    def is_published(self) -> bool:
        return self.state is VersionState.PUBLISHED

    @property
    def minutes(self) -> int:
        """How long reading takes, at 200 words a minute; at least one."""
        return max(1, round(self.words / 200))


class Section(Model):
    """A chapter: "2. Cleaner, quieter quays"."""

    __tablename__ = "document_sections"
    __table_args__ = (UniqueConstraint("version_id", "number"),)

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(ForeignKey(Version.id, ondelete="CASCADE"))
    number: Mapped[int]
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))

    version: Mapped[Version] = related(Version, back_populates="sections")
    paragraphs: Mapped[list["Paragraph"]] = related(
        "Paragraph",
        back_populates="section",
        order_by="Paragraph.position",
        cascade="all, delete-orphan",
    )


class Paragraph(Model):
    """A piece of a chapter that people can point at: "2.3".

    `key` stays with the paragraph from version to version, however its words and number change.
    `thread` is opened when the version is published; a paragraph whose words did not change
    carries on its ancestor's. `previous` is that ancestor. Positions count through the version.
    """

    __tablename__ = "document_paragraphs"
    __table_args__ = (
        UniqueConstraint("version_id", "position"),
        UniqueConstraint("version_id", "key"),
        Index("ix_document_paragraphs_key", "key"),
    )

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(ForeignKey(Version.id, ondelete="CASCADE"))
    section_id: Mapped[int] = mapped_column(ForeignKey(Section.id, ondelete="CASCADE"), index=True)
    position: Mapped[int]
    number: Mapped[str | None] = mapped_column(String(20))
    kind: Mapped[ParagraphKind]
    level: Mapped[int | None]
    key: Mapped[str] = mapped_column(String(24))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    words: Mapped[int] = mapped_column(default=0)
    change: Mapped[Change] = mapped_column(default=Change.NEW)
    previous_id: Mapped[int | None] = mapped_column(
        ForeignKey("document_paragraphs.id"), index=True
    )
    thread_id: Mapped[int | None] = mapped_column(ForeignKey(Thread.id), index=True)

    section: Mapped[Section] = related(Section, back_populates="paragraphs")
    version: Mapped[Version] = related(Version)
    thread: Mapped[Thread | None] = related(Thread)
    previous: Mapped["Paragraph | None"] = related("Paragraph", remote_side="Paragraph.id")

    @property
    def anchor(self) -> str:
        """Its place on a page: "p2-3". A subheading has one too."""
        return f"p{self.number.replace('.', '-')}" if self.number else f"h{self.position}"
