"""Consultations: what is asked, by whom, when, on which texts, and who took part."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Optional

from sqlalchemy import (
    BindParameter,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    case,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.comments.models import Thread
from engage.commons.documents.models import Document
from engage.core import clock
from engage.core.db import Model, intpk, related
from engage.core.files import StoredFile
from engage.core.i18n import _l
from engage.core.lifecycle import Phase, Transitions, Window


class ConsultationState(StrEnum):
    """Where a consultation stands. Extension is a fact with a reason, not a state."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    ANSWERED = "answered"
    ARCHIVED = "archived"


class Theme(StrEnum):
    """What a consultation is about, for finding it."""

    ENVIRONMENT = "environment"
    ENERGY = "energy"
    MOBILITY = "mobility"
    TOWN = "town"
    JOBS = "jobs"
    SAFETY = "safety"
    DIGITAL = "digital"
    GOVERNANCE = "governance"


class TranslationMark(StrEnum):
    """How far a translation may be trusted."""

    HUMAN = "human"
    MACHINE = "machine"
    OUTDATED = "outdated"


STATE_LABELS = {
    ConsultationState.DRAFT: _l("Draft"),
    ConsultationState.SCHEDULED: _l("Opens soon"),
    ConsultationState.OPEN: _l("Open"),
    ConsultationState.CLOSED: _l("Closed, being answered"),
    ConsultationState.ANSWERED: _l("Answered"),
    ConsultationState.ARCHIVED: _l("Archived"),
}

THEME_LABELS = {
    Theme.ENVIRONMENT: _l("Environment"),
    Theme.ENERGY: _l("Energy"),
    Theme.MOBILITY: _l("Mobility"),
    Theme.TOWN: _l("Town and port"),
    Theme.JOBS: _l("Jobs and skills"),
    Theme.SAFETY: _l("Safety"),
    Theme.DIGITAL: _l("Digital port"),
    Theme.GOVERNANCE: _l("Governance"),
}

TRANSITIONS = Transitions(
    {
        ConsultationState.DRAFT: {ConsultationState.SCHEDULED},
        ConsultationState.SCHEDULED: {ConsultationState.DRAFT, ConsultationState.OPEN},
        ConsultationState.OPEN: {ConsultationState.CLOSED},
        ConsultationState.CLOSED: {ConsultationState.ANSWERED},
        ConsultationState.ANSWERED: {ConsultationState.ARCHIVED},
    }
)

# States whose truth is the window; the stored value only follows it, within a minute.
TIMED = (ConsultationState.SCHEDULED, ConsultationState.OPEN, ConsultationState.CLOSED)

# What staff write once and translators write again.
WORDS = ("title", "summary", "body", "audience", "decides", "paper", "outcome")
RICH_WORDS = ("body", "paper", "outcome")


class Words:
    """The staff-written text of a consultation in one language; rich text beside its HTML."""

    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(400), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(Text, default="")
    audience: Mapped[str] = mapped_column(String(300), default="")
    decides: Mapped[str] = mapped_column(String(300), default="")
    paper: Mapped[str] = mapped_column(Text, default="")
    paper_html: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str] = mapped_column(Text, default="")
    outcome_html: Mapped[str] = mapped_column(Text, default="")


class Consultation(Words, Model):
    """One question put to the public, with its window, its texts and its promise."""

    __tablename__ = "consultations"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="window"),
        CheckConstraint("answer_days > 0", name="answer_days"),
        CheckConstraint(
            "state = 'draft' OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)", name="dated"
        ),
        Index("ix_consultations_state_closes_at", "state", "closes_at"),
    )

    id: Mapped[intpk]
    slug: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[ConsultationState] = mapped_column(default=ConsultationState.DRAFT)
    time_zone: Mapped[str] = mapped_column(String(64))
    opens_at: Mapped[Optional[datetime]]
    closes_at: Mapped[Optional[datetime]]
    first_closes_at: Mapped[Optional[datetime]]
    change_reason: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[Optional[datetime]]
    answer_days: Mapped[int] = mapped_column(default=30)
    allows_guests: Mapped[bool] = mapped_column(default=False)
    contact_name: Mapped[str] = mapped_column(String(120), default="")
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    contact_phone: Mapped[str] = mapped_column(String(40), default="")
    cover_id: Mapped[Optional[int]] = mapped_column(ForeignKey(StoredFile.id))
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id), unique=True)
    # what happens with an answer: [{"title": {"en": "..."}, "text": {"en": "..."}}]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    # dates on the mooring line besides the window's: [{"on": "2026-10-09", "title": {"en": "..."}}]
    milestones: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    # every title, summary and audience in every language, folded, for the list's search box
    search_text: Mapped[str] = mapped_column(Text, default="")
    # counts every save; a form that carries an older number is stale
    revision: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_at: Mapped[Optional[datetime]]
    outcome_at: Mapped[Optional[datetime]]
    answered_at: Mapped[Optional[datetime]]
    archived_at: Mapped[Optional[datetime]]

    cover: Mapped[Optional[StoredFile]] = related(StoredFile)
    thread: Mapped[Thread] = related(Thread)
    hosts: Mapped[list["ConsultationHost"]] = related(
        "ConsultationHost",
        back_populates="consultation",
        order_by="ConsultationHost.position",
        cascade="all, delete-orphan",
    )
    documents: Mapped[list["ConsultationDocument"]] = related(
        "ConsultationDocument",
        back_populates="consultation",
        order_by="ConsultationDocument.position",
        cascade="all, delete-orphan",
    )
    attachments: Mapped[list["ConsultationAttachment"]] = related(
        "ConsultationAttachment",
        back_populates="consultation",
        order_by="ConsultationAttachment.position",
        cascade="all, delete-orphan",
    )
    themes: Mapped[list["ConsultationTheme"]] = related(
        "ConsultationTheme",
        order_by="ConsultationTheme.theme",
        cascade="all, delete-orphan",
    )
    translations: Mapped[list["ConsultationTranslation"]] = related(
        "ConsultationTranslation",
        back_populates="consultation",
        order_by="ConsultationTranslation.language",
        cascade="all, delete-orphan",
    )

    @property
    def window(self) -> Window:
        """From opening (included) until closing (not included)."""
        return Window(self.opens_at, self.closes_at)

    def state_at(self, now: datetime) -> ConsultationState:
        """What readers are told at `now`, to the second, whatever the tick has recorded yet."""
        if self.state not in TIMED:
            return self.state
        return {
            Phase.BEFORE: ConsultationState.SCHEDULED,
            Phase.OPEN: ConsultationState.OPEN,
            Phase.AFTER: ConsultationState.CLOSED,
        }[self.window.phase(now)]

    def has_missed_opening(self, now: datetime) -> bool:
        """Is it a draft whose start has passed? Scheduled as it is, it would open at once."""
        is_draft = self.state is ConsultationState.DRAFT
        return is_draft and self.opens_at is not None and self.opens_at < now

    @classmethod
    def state_sql(cls, now: "datetime | BindParameter[datetime]") -> ColumnElement[str]:
        """The SQL twin of `state_at`, as plain strings."""
        return case(
            (cls.state.not_in(TIMED), cls.state.cast(String)),
            (cls.opens_at > now, ConsultationState.SCHEDULED.value),
            (cls.closes_at > now, ConsultationState.OPEN.value),
            else_=ConsultationState.CLOSED.value,
        )

    def words_in(self, locale: str) -> "Consultation | ConsultationTranslation":
        """A current translation when there is one, else the original; both carry `language`."""
        for translation in self.translations:
            if translation.language == locale and translation.mark is not TranslationMark.OUTDATED:
                return translation
        return self

    @property
    def address(self) -> str:
        """The canonical last part of the address: number and slug."""
        return f"{self.id}-{self.slug}" if self.slug else str(self.id)

    @property
    def is_extended(self) -> bool:
        """Did it get more time than first announced?"""
        return bool(
            self.first_closes_at and self.closes_at and self.closes_at > self.first_closes_at
        )

    @property
    def is_closed_early(self) -> bool:
        """Did it end before the time first announced?"""
        return bool(
            self.first_closes_at and self.closes_at and self.closes_at < self.first_closes_at
        )


class ConsultationTranslation(Words, Model):
    """The words of a consultation in a language that is not its own."""

    __tablename__ = "consultation_translations"

    consultation_id: Mapped[int] = mapped_column(
        ForeignKey(Consultation.id, ondelete="CASCADE"), primary_key=True
    )
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    mark: Mapped[TranslationMark] = mapped_column(default=TranslationMark.HUMAN)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)

    consultation: Mapped[Consultation] = related(Consultation, back_populates="translations")


class ConsultationHost(Model):
    """An organisation that asks, and what it does in this consultation."""

    __tablename__ = "consultation_hosts"

    consultation_id: Mapped[int] = mapped_column(
        ForeignKey(Consultation.id, ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey(Organisation.id), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(default=0)
    role: Mapped[str] = mapped_column(String(200), default="")
    # what it does, in other languages: {"fr": "..."}
    role_translations: Mapped[dict[str, str]] = mapped_column(default=dict)

    def role_in(self, locale: str) -> str:
        """What it does, in this language where somebody translated it."""
        return self.role_translations.get(locale) or self.role

    consultation: Mapped[Consultation] = related(Consultation, back_populates="hosts")
    organisation: Mapped[Organisation] = related(Organisation)


class ConsultationDocument(Model):
    """A plan text as a part of a consultation. Translations are parts too, shown as languages."""

    __tablename__ = "consultation_documents"

    document_id: Mapped[int] = mapped_column(ForeignKey(Document.id), primary_key=True)
    consultation_id: Mapped[int] = mapped_column(
        ForeignKey(Consultation.id, ondelete="CASCADE"), index=True
    )
    position: Mapped[int] = mapped_column(default=0)

    consultation: Mapped[Consultation] = related(Consultation, back_populates="documents")
    document: Mapped[Document] = related(Document)


class ConsultationAttachment(Model):
    """A file to read beside the plan text: a study, a summary, the paper form."""

    __tablename__ = "consultation_attachments"

    id: Mapped[intpk]
    consultation_id: Mapped[int] = mapped_column(
        ForeignKey(Consultation.id, ondelete="CASCADE"), index=True
    )
    file_id: Mapped[int] = mapped_column(ForeignKey(StoredFile.id), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8))
    position: Mapped[int] = mapped_column(default=0)

    consultation: Mapped[Consultation] = related(Consultation, back_populates="attachments")
    file: Mapped[StoredFile] = related(StoredFile)


class ConsultationTheme(Model):
    """A theme a consultation is found by."""

    __tablename__ = "consultation_themes"

    consultation_id: Mapped[int] = mapped_column(
        ForeignKey(Consultation.id, ondelete="CASCADE"), primary_key=True
    )
    theme: Mapped[Theme] = mapped_column(primary_key=True, index=True)


class ConsultationFollow(Model):
    """A person who wants to be told when a consultation moves."""

    __tablename__ = "consultation_follows"

    consultation_id: Mapped[int] = mapped_column(
        ForeignKey(Consultation.id, ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), primary_key=True, index=True)
    followed_at: Mapped[datetime] = mapped_column(default=clock.now)


class Occasion(StrEnum):
    """What followers are told about."""

    OPENED = "opened"
    EXTENDED = "extended"
    CLOSED = "closed"
    ANSWERED = "answered"
    NEW_VERSION = "new_version"


class ConsultationBulletin(Model):
    """A piece of news on its way to many people; written with the change it tells of.

    The worker hands it out in batches and moves `last_user_id` in the same transaction, so a
    killed worker goes on where it stopped and nobody is told twice.
    """

    __tablename__ = "consultation_bulletins"
    __table_args__ = (
        UniqueConstraint("consultation_id", "key"),
        Index(
            "ix_consultation_bulletins_waiting",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[intpk]
    consultation_id: Mapped[int] = mapped_column(ForeignKey(Consultation.id, ondelete="CASCADE"))
    occasion: Mapped[Occasion]
    # tells two bulletins of one occasion apart: a second extension, a third version
    key: Mapped[str] = mapped_column(String(80))
    document_id: Mapped[Optional[int]] = mapped_column(ForeignKey(Document.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_user_id: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[Optional[datetime]]


class ConsultationVoice(Model):
    """A person, or an organisation somebody spoke for, that took part; one row each.

    `voice` is "u12" for an account, "g" and a digest of the address for a guest, "o3" for an
    organisation. `kind` is the
    stakeholder kind at the first contribution; organisations carry none. Counting these rows
    spares reading every comment.
    """

    __tablename__ = "consultation_voices"

    consultation_id: Mapped[int] = mapped_column(
        ForeignKey(Consultation.id, ondelete="CASCADE"), primary_key=True
    )
    voice: Mapped[str] = mapped_column(String(24), primary_key=True)
    kind: Mapped[Optional[StakeholderKind]]
    user_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id), index=True)
    first_at: Mapped[datetime] = mapped_column(default=clock.now)
