"""Ideas: calls for them, what people propose, who supports it, and what becomes of it."""

import secrets
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Optional

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    case,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, validates

from engage.commons.accounts.identity import email_key
from engage.commons.accounts.models import Organisation, OrganisationKind, StakeholderKind, User
from engage.commons.comments.models import Thread
from engage.core import clock
from engage.core.db import Model, intpk, related
from engage.core.files import StoredFile
from engage.core.i18n import _l
from engage.core.lifecycle import Phase, Transitions, Window

PRIME = 2_147_483_647  # 2^31 - 1: shuffles are numbers below it

LONGEST_TITLE = 120
LONGEST_TEXT = 8000


# --- calls ------------------------------------------------------------------------------


class CallState(StrEnum):
    """What the organisers decided; whether ideas are taken follows from the window."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class CallStanding(StrEnum):
    """What readers are told: the state and the window together."""

    DRAFT = "draft"
    SOON = "soon"
    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"


class Naming(StrEnum):
    """Whether the public reads who an idea is from. Officers always do."""

    NAMED = "named"
    CHOICE = "choice"
    HIDDEN = "hidden"


class FieldKind(StrEnum):
    """What an extra question of a call's form asks for."""

    SHORT = "short"
    LONG = "long"
    NUMBER = "number"
    YES_NO = "yes_no"
    SINGLE = "single"
    MULTIPLE = "multiple"


class TranslationMark(StrEnum):
    """How far a translation may be trusted."""

    HUMAN = "human"
    MACHINE = "machine"
    OUTDATED = "outdated"


STANDING_LABELS = {
    CallStanding.DRAFT: _l("Draft"),
    CallStanding.SOON: _l("Opens soon"),
    CallStanding.OPEN: _l("Open"),
    CallStanding.CLOSED: _l("Closed"),
    CallStanding.ARCHIVED: _l("Archived"),
}

NAMING_LABELS = {
    Naming.NAMED: _l("Names are shown"),
    Naming.CHOICE: _l("Each person chooses"),
    Naming.HIDDEN: _l("Names are not shown to the public"),
}

FIELD_LABELS = {
    FieldKind.SHORT: _l("One line"),
    FieldKind.LONG: _l("Several lines"),
    FieldKind.NUMBER: _l("A number"),
    FieldKind.YES_NO: _l("Yes or no"),
    FieldKind.SINGLE: _l("One of several"),
    FieldKind.MULTIPLE: _l("Any of several"),
}

CALL_TRANSITIONS = Transitions(
    {
        CallState.DRAFT: {CallState.PUBLISHED},
        CallState.PUBLISHED: {CallState.DRAFT, CallState.ARCHIVED},
        CallState.ARCHIVED: {CallState.PUBLISHED},
    }
)

# what staff write once and translators write again
CALL_WORDS = ("title", "summary", "body")


class CallWords:
    """The staff-written text of a call in one language."""

    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(400), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(Text, default="")


class Call(CallWords, Model):
    """An invitation to send ideas, with its window, its rules and its promise.

    `submit_kinds` and `support_kinds` are stakeholder kinds; empty lets everybody with an account.
    `supports_each` is how many ideas one person may support, None for any number.
    `supports_close_at` may lie after `closes_at`; None means they end together.
    """

    __tablename__ = "idea_calls"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="window"),
        CheckConstraint("supports_close_at > opens_at", name="supports_window"),
        CheckConstraint("answer_days > 0", name="answer_days"),
        CheckConstraint("supports_each > 0", name="supports_each"),
        CheckConstraint("edit_hours >= 0", name="edit_hours"),
        CheckConstraint(
            "state = 'draft' OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)", name="dated"
        ),
        Index("ix_idea_calls_state_closes_at", "state", "closes_at"),
    )

    id: Mapped[intpk]
    slug: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[CallState] = mapped_column(default=CallState.DRAFT)
    time_zone: Mapped[str] = mapped_column(String(64))
    opens_at: Mapped[Optional[datetime]]
    closes_at: Mapped[Optional[datetime]]
    supports_close_at: Mapped[Optional[datetime]]
    # languages ideas may be written in; empty for every language of the site
    languages: Mapped[list[str]] = mapped_column(default=list)
    submit_kinds: Mapped[list[str]] = mapped_column(default=list)
    support_kinds: Mapped[list[str]] = mapped_column(default=list)
    supports_each: Mapped[Optional[int]]
    takes_organisations: Mapped[bool] = mapped_column(default=True)
    takes_places: Mapped[bool] = mapped_column(default=True)
    takes_files: Mapped[bool] = mapped_column(default=True)
    is_premoderated: Mapped[bool] = mapped_column(default=False)
    naming: Mapped[Naming] = mapped_column(default=Naming.NAMED)
    answer_days: Mapped[int] = mapped_column(default=30)
    edit_hours: Mapped[int] = mapped_column(default=24)
    contact_name: Mapped[str] = mapped_column(String(120), default="")
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    cover_id: Mapped[Optional[int]] = mapped_column(ForeignKey(StoredFile.id))
    # every title and summary in every language, folded, for the list's search box
    search_text: Mapped[str] = mapped_column(Text, default="")
    # counts every save; a form that carries an older number is stale
    revision: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_at: Mapped[Optional[datetime]]

    cover: Mapped[Optional[StoredFile]] = related(StoredFile)
    hosts: Mapped[list["CallHost"]] = related(
        "CallHost",
        back_populates="call",
        order_by="CallHost.position",
        cascade="all, delete-orphan",
    )
    categories: Mapped[list["Category"]] = related(
        "Category",
        back_populates="call",
        order_by="Category.position",
        cascade="all, delete-orphan",
    )
    fields: Mapped[list["CallField"]] = related(
        "CallField",
        back_populates="call",
        order_by="CallField.position",
        cascade="all, delete-orphan",
    )
    criteria: Mapped[list["Criterion"]] = related(
        "Criterion",
        back_populates="call",
        order_by="Criterion.position",
        cascade="all, delete-orphan",
    )
    translations: Mapped[list["CallTranslation"]] = related(
        "CallTranslation",
        back_populates="call",
        order_by="CallTranslation.language",
        cascade="all, delete-orphan",
    )

    @property
    def window(self) -> Window:
        """When ideas are taken: from opening (included) until closing (not included)."""
        return Window(self.opens_at, self.closes_at)

    @property
    def support_window(self) -> Window:
        """When ideas may be supported and discussed."""
        return Window(self.opens_at, self.supports_close_at or self.closes_at)

    def standing_at(self, now: datetime) -> CallStanding:
        """What readers are told at `now`, to the second."""
        if self.state is not CallState.PUBLISHED:
            return CallStanding(self.state.value)
        return {
            Phase.BEFORE: CallStanding.SOON,
            Phase.OPEN: CallStanding.OPEN,
            Phase.AFTER: CallStanding.CLOSED,
        }[self.window.phase(now)]

    @classmethod
    def standing_sql(cls, now: datetime) -> ColumnElement[str]:
        """The SQL twin of `standing_at`, as plain strings."""
        return case(
            (cls.state != CallState.PUBLISHED, cls.state.cast(String)),
            (cls.opens_at > now, CallStanding.SOON.value),
            (cls.closes_at > now, CallStanding.OPEN.value),
            else_=CallStanding.CLOSED.value,
        )

    def words_in(self, locale: str) -> "Call | CallTranslation":
        """A current translation when there is one, else the original; both carry `language`."""
        for translation in self.translations:
            if translation.language == locale and translation.mark is not TranslationMark.OUTDATED:
                return translation
        return self

    @property
    def address(self) -> str:
        """The canonical last part of the address: number and slug."""
        return f"{self.id}-{self.slug}" if self.slug else str(self.id)


class CallTranslation(CallWords, Model):
    """The words of a call in a language that is not its own."""

    __tablename__ = "idea_call_translations"

    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id, ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    mark: Mapped[TranslationMark] = mapped_column(default=TranslationMark.HUMAN)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)

    call: Mapped[Call] = related(Call, back_populates="translations")


class CallHost(Model):
    """An organisation that asks for ideas and answers them."""

    __tablename__ = "idea_call_hosts"

    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id, ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey(Organisation.id), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(default=0)

    call: Mapped[Call] = related(Call, back_populates="hosts")
    organisation: Mapped[Organisation] = related(Organisation)


class Category(Model):
    """What ideas of a call are sorted by. `names` holds the name in other languages."""

    __tablename__ = "idea_categories"
    __table_args__ = (UniqueConstraint("call_id", "name"),)

    id: Mapped[intpk]
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    position: Mapped[int] = mapped_column(default=0)

    call: Mapped[Call] = related(Call, back_populates="categories")

    def name_in(self, locale: str) -> str:
        """The name in this language where somebody translated it."""
        return self.names.get(locale) or self.name


class CallField(Model):
    """An extra question of a call's form.

    `options` are the choices of a single or multiple one. `labels` and `hints` hold other
    languages, `option_labels` maps a language to the choices in the same order. What is not public
    is read by officers only.
    """

    __tablename__ = "idea_call_fields"

    id: Mapped[intpk]
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id, ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[FieldKind] = mapped_column(default=FieldKind.SHORT)
    label: Mapped[str] = mapped_column(String(200))
    labels: Mapped[dict[str, str]] = mapped_column(default=dict)
    hint: Mapped[str] = mapped_column(String(300), default="")
    hints: Mapped[dict[str, str]] = mapped_column(default=dict)
    options: Mapped[list[str]] = mapped_column(default=list)
    option_labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_required: Mapped[bool] = mapped_column(default=False)
    is_public: Mapped[bool] = mapped_column(default=True)

    call: Mapped[Call] = related(Call, back_populates="fields")

    @property
    def key(self) -> str:
        """Its name in an idea's `answers` and in forms."""
        return f"f{self.id}"

    def label_in(self, locale: str) -> str:
        """The question in this language where somebody translated it."""
        return self.labels.get(locale) or self.label

    def hint_in(self, locale: str) -> str:
        """The hint in this language where somebody translated it."""
        return self.hints.get(locale) or self.hint

    def options_in(self, locale: str) -> list[tuple[str, str]]:
        """(value, words) of each choice."""
        words = self.option_labels.get(locale) or []
        return [
            (value, (words[place] if place < len(words) else "") or value)
            for place, value in enumerate(self.options)
        ]


class Criterion(Model):
    """What officers score ideas of a call by, from 0 to 5. A cost is better when it is low."""

    __tablename__ = "idea_criteria"
    __table_args__ = (CheckConstraint("weight BETWEEN 1 AND 10", name="weight"),)

    id: Mapped[intpk]
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id, ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(80))
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    hint: Mapped[str] = mapped_column(String(300), default="")
    weight: Mapped[int] = mapped_column(default=1)
    is_reversed: Mapped[bool] = mapped_column(default=False)

    call: Mapped[Call] = related(Call, back_populates="criteria")

    def name_in(self, locale: str) -> str:
        """The name in this language where somebody translated it."""
        return self.names.get(locale) or self.name


# --- ideas ------------------------------------------------------------------------------


class IdeaState(StrEnum):
    """Where an idea stands. `submitted` waits to be let in where a call wants that."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    DECLINED = "declined"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    HIDDEN = "hidden"


STATE_LABELS = {
    IdeaState.DRAFT: _l("Draft"),
    IdeaState.SUBMITTED: _l("Waits to be published"),
    IdeaState.PUBLISHED: _l("Put forward"),
    IdeaState.UNDER_REVIEW: _l("Under review"),
    IdeaState.ACCEPTED: _l("Accepted"),
    IdeaState.PARTLY_ACCEPTED: _l("Partly accepted"),
    IdeaState.DECLINED: _l("Not taken up"),
    IdeaState.IN_PROGRESS: _l("In progress"),
    IdeaState.DELIVERED: _l("Delivered"),
    IdeaState.WITHDRAWN: _l("Withdrawn by its author"),
    IdeaState.MERGED: _l("Merged"),
    IdeaState.HIDDEN: _l("Hidden by moderation"),
}

STATE_TONES = {
    IdeaState.DRAFT: "dash",
    IdeaState.SUBMITTED: "warn",
    IdeaState.PUBLISHED: "acc",
    IdeaState.UNDER_REVIEW: "info",
    IdeaState.ACCEPTED: "ok",
    IdeaState.PARTLY_ACCEPTED: "ok",
    IdeaState.DECLINED: "line",
    IdeaState.IN_PROGRESS: "info",
    IdeaState.DELIVERED: "ok",
    IdeaState.WITHDRAWN: "line",
    IdeaState.MERGED: "line",
    IdeaState.HIDDEN: "err",
}

# listed, counted, supported, exported: what the public finds
LIVE = (
    IdeaState.PUBLISHED,
    IdeaState.UNDER_REVIEW,
    IdeaState.ACCEPTED,
    IdeaState.PARTLY_ACCEPTED,
    IdeaState.DECLINED,
    IdeaState.IN_PROGRESS,
    IdeaState.DELIVERED,
)
# the columns of the board, in order
BOARD = LIVE
# what an official answer may say
OUTCOMES = (
    IdeaState.UNDER_REVIEW,
    IdeaState.ACCEPTED,
    IdeaState.PARTLY_ACCEPTED,
    IdeaState.DECLINED,
)
DECIDED = (
    IdeaState.ACCEPTED,
    IdeaState.PARTLY_ACCEPTED,
    IdeaState.DECLINED,
    IdeaState.IN_PROGRESS,
    IdeaState.DELIVERED,
)
# states officers give by hand, with a reason the public reads
GIVEN = (
    IdeaState.UNDER_REVIEW,
    IdeaState.ACCEPTED,
    IdeaState.PARTLY_ACCEPTED,
    IdeaState.DECLINED,
    IdeaState.IN_PROGRESS,
    IdeaState.DELIVERED,
)
_ASIDE = {IdeaState.WITHDRAWN, IdeaState.MERGED, IdeaState.HIDDEN}
_JUDGED = {IdeaState.ACCEPTED, IdeaState.PARTLY_ACCEPTED, IdeaState.DECLINED}

TRANSITIONS = Transitions(
    {
        IdeaState.DRAFT: {IdeaState.SUBMITTED, IdeaState.PUBLISHED, IdeaState.WITHDRAWN},
        IdeaState.SUBMITTED: {IdeaState.PUBLISHED, IdeaState.WITHDRAWN, IdeaState.HIDDEN},
        IdeaState.PUBLISHED: {IdeaState.UNDER_REVIEW} | _JUDGED | _ASIDE,
        IdeaState.UNDER_REVIEW: {IdeaState.PUBLISHED} | _JUDGED | _ASIDE,
        IdeaState.ACCEPTED: {
            IdeaState.UNDER_REVIEW,
            IdeaState.PARTLY_ACCEPTED,
            IdeaState.DECLINED,
            IdeaState.IN_PROGRESS,
            IdeaState.DELIVERED,
            IdeaState.HIDDEN,
        },
        IdeaState.PARTLY_ACCEPTED: {
            IdeaState.UNDER_REVIEW,
            IdeaState.ACCEPTED,
            IdeaState.DECLINED,
            IdeaState.IN_PROGRESS,
            IdeaState.DELIVERED,
            IdeaState.HIDDEN,
        },
        IdeaState.DECLINED: {
            IdeaState.UNDER_REVIEW,
            IdeaState.ACCEPTED,
            IdeaState.PARTLY_ACCEPTED,
            IdeaState.HIDDEN,
        },
        IdeaState.IN_PROGRESS: {
            IdeaState.ACCEPTED,
            IdeaState.DECLINED,
            IdeaState.DELIVERED,
            IdeaState.HIDDEN,
        },
        IdeaState.DELIVERED: {IdeaState.IN_PROGRESS, IdeaState.HIDDEN},
        # back to where it rested before
        IdeaState.HIDDEN: {IdeaState.SUBMITTED, IdeaState.WITHDRAWN, *LIVE},
        IdeaState.MERGED: {IdeaState.PUBLISHED, IdeaState.UNDER_REVIEW, IdeaState.HIDDEN},
    }
)


def draw_shuffle() -> int:
    """An idea's own random number, from which every visitor's order is made."""
    return secrets.randbelow(PRIME - 1) + 1


class IdeaImport(Model):
    """A file of ideas that was read, perhaps brought in, perhaps taken back.

    `report` lists what is wrong with single rows: [{"row": 3, "field": "title", "message": "..."}].
    """

    __tablename__ = "idea_imports"

    id: Mapped[intpk]
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id, ondelete="CASCADE"), index=True)
    file_id: Mapped[Optional[int]] = mapped_column(ForeignKey(StoredFile.id))
    file_name: Mapped[str] = mapped_column(String(200))
    # csv | xlsx | decidim-csv | decidim-json
    format: Mapped[str] = mapped_column(String(20))
    rows_good: Mapped[int] = mapped_column(default=0)
    rows_bad: Mapped[int] = mapped_column(default=0)
    rows_known: Mapped[int] = mapped_column(default=0)
    # of the good ones: withdrawn where they come from, so they are kept but not shown
    rows_unseen: Mapped[int] = mapped_column(default=0)
    report: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    created_by_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    imported_at: Mapped[Optional[datetime]]
    undone_at: Mapped[Optional[datetime]]


class Idea(Model):
    """What somebody proposes.

    `author_kind` is the author's stakeholder kind at the time; with `organisation_id` the idea is
    put forward on its behalf. `rested` is the state before it was hidden or merged.
    `supports_by_kind` is {"resident": [people, organisations], ...}, `supports_count` the sum;
    `breadth` (`ranking.breadth`) and `shuffle` exist to be sorted by. `comments_count` follows the
    thread. `due_at` is when an answer is owed, `answered_at` when one was published.
    """

    __tablename__ = "ideas"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="whole_place"),
        CheckConstraint("merged_into_id <> id", name="not_into_itself"),
        # one per sort of the list
        Index("ix_ideas_newest", "call_id", "published_at", "id"),
        Index("ix_ideas_supports", "call_id", "supports_count", "id"),
        Index("ix_ideas_comments", "call_id", "comments_count", "id"),
        Index("ix_ideas_breadth", "call_id", "breadth", "id"),
        # holds all that counting and the random order need: 10 000 wide rows stay unread
        Index("ix_ideas_state", "call_id", "state", "shuffle", "id"),
        # what a call's card says in sums, without reading the texts
        Index("ix_ideas_sums", "call_id", "state", "supports_count", "answered_at"),
        Index("ix_ideas_author_id", "author_id", "created_at", "id"),
        Index(
            "ix_ideas_waiting",
            "due_at",
            "id",
            sqlite_where=text("due_at IS NOT NULL AND answered_at IS NULL"),
            postgresql_where=text("due_at IS NOT NULL AND answered_at IS NULL"),
        ),
        Index(
            "ix_ideas_answered",
            "answered_at",
            sqlite_where=text("answered_at IS NOT NULL"),
            postgresql_where=text("answered_at IS NOT NULL"),
        ),
        Index(
            "uq_ideas_source",
            "call_id",
            "source",
            unique=True,
            sqlite_where=text("source IS NOT NULL"),
            postgresql_where=text("source IS NOT NULL"),
        ),
        Index(
            "ix_ideas_merged_into_id",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        Index(
            "ix_ideas_import_id",
            "import_id",
            sqlite_where=text("import_id IS NOT NULL"),
            postgresql_where=text("import_id IS NOT NULL"),
        ),
    )

    id: Mapped[intpk]
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id))
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id), unique=True)
    category_id: Mapped[Optional[int]] = mapped_column(ForeignKey(Category.id), index=True)
    state: Mapped[IdeaState] = mapped_column(default=IdeaState.DRAFT)
    rested: Mapped[Optional[IdeaState]]
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    slug: Mapped[str] = mapped_column(String(120), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(8))
    # answers to the call's own questions, by `CallField.key`
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    author_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    author_kind: Mapped[StakeholderKind]
    organisation_id: Mapped[Optional[int]] = mapped_column(ForeignKey(Organisation.id), index=True)
    hides_author: Mapped[bool] = mapped_column(default=False)
    # who it came from elsewhere, for imported ideas
    author_name: Mapped[str] = mapped_column(String(120), default="")
    place_name: Mapped[str] = mapped_column(String(200), default="")
    latitude: Mapped[Optional[float]]
    longitude: Mapped[Optional[float]]
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    submitted_at: Mapped[Optional[datetime]]
    published_at: Mapped[Optional[datetime]]
    edited_at: Mapped[Optional[datetime]]
    moved_at: Mapped[Optional[datetime]]
    read_at: Mapped[Optional[datetime]]
    due_at: Mapped[Optional[datetime]]
    answered_at: Mapped[Optional[datetime]]
    decided_at: Mapped[Optional[datetime]]
    delivered_at: Mapped[Optional[datetime]]
    hidden_reason: Mapped[Optional[str]] = mapped_column(Text)
    # the organisation that builds it
    owner_id: Mapped[Optional[int]] = mapped_column(ForeignKey(Organisation.id))
    merged_into_id: Mapped[Optional[int]] = mapped_column(ForeignKey("ideas.id"))
    split_from_id: Mapped[Optional[int]] = mapped_column(ForeignKey("ideas.id"))
    import_id: Mapped[Optional[int]] = mapped_column(ForeignKey(IdeaImport.id))
    # what it is called where it came from: "decidim:4711"
    source: Mapped[Optional[str]] = mapped_column(String(120))
    source_url: Mapped[str] = mapped_column(String(500), default="")
    supports_count: Mapped[int] = mapped_column(default=0)
    organisations_count: Mapped[int] = mapped_column(default=0)
    supports_by_kind: Mapped[dict[str, Any]] = mapped_column(default=dict)
    comments_count: Mapped[int] = mapped_column(default=0)
    breadth: Mapped[int] = mapped_column(default=0)
    shuffle: Mapped[int] = mapped_column(default=draw_shuffle)
    # the officers' weighted mean, 0 to 5, None until somebody scored
    score: Mapped[Optional[float]]

    call: Mapped[Call] = related(Call)
    thread: Mapped[Thread] = related(Thread)
    category: Mapped[Optional[Category]] = related(Category)
    author: Mapped[Optional[User]] = related(User)
    organisation: Mapped[Optional[Organisation]] = related(
        Organisation, foreign_keys="Idea.organisation_id"
    )
    owner: Mapped[Optional[Organisation]] = related(Organisation, foreign_keys="Idea.owner_id")
    merged_into: Mapped[Optional["Idea"]] = related(
        foreign_keys="Idea.merged_into_id", remote_side="Idea.id"
    )
    split_from: Mapped[Optional["Idea"]] = related(
        foreign_keys="Idea.split_from_id", remote_side="Idea.id"
    )
    attachments: Mapped[list["IdeaAttachment"]] = related(
        "IdeaAttachment",
        back_populates="idea",
        order_by="IdeaAttachment.position",
        cascade="all, delete-orphan",
    )
    co_authors: Mapped[list["CoAuthor"]] = related(
        "CoAuthor", back_populates="idea", order_by="CoAuthor.id"
    )
    officers: Mapped[list["IdeaOfficer"]] = related(
        "IdeaOfficer", back_populates="idea", order_by="IdeaOfficer.user_id"
    )
    answer: Mapped[Optional["IdeaAnswer"]] = related("IdeaAnswer", back_populates="idea")

    @property
    def is_live(self) -> bool:
        """Does the public find it in lists?"""
        return self.state in LIVE

    @property
    def has_place(self) -> bool:
        """Does it say where?"""
        return bool(self.place_name) or self.latitude is not None

    @property
    def address(self) -> str:
        """The canonical last part of the address: number and slug."""
        return f"{self.id}-{self.slug}" if self.slug else str(self.id)

    @classmethod
    def is_live_sql(cls) -> ColumnElement[bool]:
        """The SQL twin of `is_live`."""
        return and_(cls.state.in_(LIVE))


class IdeaRevision(Model):
    """Words an idea no longer has. `number` is the revision they were."""

    __tablename__ = "idea_revisions"
    __table_args__ = (UniqueConstraint("idea_id", "number"),)

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    replaced_at: Mapped[datetime]
    editor_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))


class StepKind(StrEnum):
    """What happened to an idea."""

    STATE = "state"
    ANSWERED = "answered"
    MERGED_HERE = "merged_here"
    UNMERGED = "unmerged"
    SPLIT = "split"
    PROMOTED = "promoted"
    ASSIGNED = "assigned"
    OWNED = "owned"


class IdeaStep(Model):
    """One line of an idea's history, with the reason the public reads; `details` holds ids."""

    __tablename__ = "idea_steps"
    __table_args__ = (Index(None, "idea_id", "at", "id"),)

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    kind: Mapped[StepKind]
    state: Mapped[Optional[IdeaState]]
    reason: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_public: Mapped[bool] = mapped_column(default=True)
    actor_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    at: Mapped[datetime]


class Support(Model):
    """One person's, or one organisation's, support of an idea.

    `user_id` is who pressed; it is None once that account is closed. Who supports for an
    organisation may support for themselves too.
    """

    __tablename__ = "idea_supports"
    __table_args__ = (
        Index(
            "uq_idea_supports_person",
            "idea_id",
            "user_id",
            unique=True,
            sqlite_where=text("organisation_id IS NULL"),
            postgresql_where=text("organisation_id IS NULL"),
        ),
        UniqueConstraint("idea_id", "organisation_id"),
        Index("ix_idea_supports_user_id", "user_id", "call_id"),
        Index(
            "ix_idea_supports_organisation_id",
            "organisation_id",
            sqlite_where=text("organisation_id IS NOT NULL"),
            postgresql_where=text("organisation_id IS NOT NULL"),
        ),
        Index("ix_idea_supports_at", "idea_id", "supported_at"),
    )

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id))
    user_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    organisation_id: Mapped[Optional[int]] = mapped_column(ForeignKey(Organisation.id))
    kind: Mapped[StakeholderKind]
    supported_at: Mapped[datetime]

    organisation: Mapped[Optional[Organisation]] = related(Organisation)


KIND_OF_ORGANISATION = {
    OrganisationKind.AUTHORITY: StakeholderKind.AUTHORITY,
    OrganisationKind.BUSINESS: StakeholderKind.BUSINESS,
    OrganisationKind.ASSOCIATION: StakeholderKind.ASSOCIATION,
    OrganisationKind.RESEARCH: StakeholderKind.RESEARCHER,
    OrganisationKind.EDUCATION: StakeholderKind.RESEARCHER,
}


class CoAuthor(Model):
    """Somebody asked to stand beside the author; a co-author once accepted."""

    __tablename__ = "idea_co_authors"
    __table_args__ = (UniqueConstraint("idea_id", "email_key"), Index(None, "user_id"))

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(320), index=True)
    user_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    invited_by_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[Optional[datetime]]
    declined_at: Mapped[Optional[datetime]]

    idea: Mapped[Idea] = related(Idea, back_populates="co_authors")
    user: Mapped[Optional[User]] = related(User, foreign_keys="CoAuthor.user_id")

    @validates("email")
    def _keep_email_key(self, _name: str, address: str) -> str:
        self.email_key = email_key(address) or address
        return address


class IdeaAttachment(Model):
    """A picture or a document that shows what is meant. `title` is what a picture shows."""

    __tablename__ = "idea_attachments"

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(StoredFile.id), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    position: Mapped[int] = mapped_column(default=0)

    idea: Mapped[Idea] = related(Idea, back_populates="attachments")
    file: Mapped[StoredFile] = related(StoredFile)


class IdeaMention(Model):
    """Somebody named in an idea, and therefore told, once."""

    __tablename__ = "idea_mentions"

    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, index=True
    )


class IdeaShingle(Model):
    """One piece of four letters of an idea's title, as a number, for finding titles alike."""

    __tablename__ = "idea_shingles"
    __table_args__ = (Index(None, "idea_id"), {"sqlite_with_rowid": False})

    # the idea's call, so that looking needs this table alone
    call_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    shingle: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), primary_key=True)


# --- working on ideas -----------------------------------------------------------------------


class IdeaOfficer(Model):
    """Somebody who works on an idea."""

    __tablename__ = "idea_officers"

    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, index=True
    )
    assigned_at: Mapped[datetime] = mapped_column(default=clock.now)

    idea: Mapped[Idea] = related(Idea, back_populates="officers")
    user: Mapped[User] = related(User)


class IdeaNote(Model):
    """What officers tell one another about an idea; never public."""

    __tablename__ = "idea_notes"
    __table_args__ = (Index(None, "idea_id", "written_at"), Index(None, "author_id"))

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    author_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(default=clock.now)

    author: Mapped[Optional[User]] = related(User)


class IdeaScore(Model):
    """What one officer gives an idea by one criterion."""

    __tablename__ = "idea_scores"
    __table_args__ = (CheckConstraint("value BETWEEN 0 AND 5", name="value"),)

    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), primary_key=True)
    criterion_id: Mapped[int] = mapped_column(
        ForeignKey(Criterion.id, ondelete="CASCADE"), primary_key=True, index=True
    )
    officer_id: Mapped[int] = mapped_column(ForeignKey(User.id), primary_key=True, index=True)
    value: Mapped[int]
    scored_at: Mapped[datetime] = mapped_column(default=clock.now)


class IdeaAnswer(Model):
    """What an organisation answers to an idea: a draft until `published_at`, then pinned.

    `outcome` is the state the idea moves to when it is published.
    """

    __tablename__ = "idea_answers"
    __table_args__ = (
        UniqueConstraint("idea_id"),
        Index(None, "organisation_id", "published_at"),
        Index(None, "author_id"),
    )

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id))
    author_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    outcome: Mapped[IdeaState]
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    revision: Mapped[int] = mapped_column(default=1)
    drafted_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_at: Mapped[Optional[datetime]] = mapped_column(index=True)

    idea: Mapped[Idea] = related(Idea, back_populates="answer")
    organisation: Mapped[Organisation] = related(Organisation)

    @property
    def is_published(self) -> bool:
        """Does the public read it?"""
        return self.published_at is not None


class IdeaMerge(Model):
    """An idea that went into another; undone when `undone_at` is set."""

    __tablename__ = "idea_merges"
    __table_args__ = (
        Index(
            "uq_idea_merges_standing",
            "idea_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index(None, "idea_id"),
    )

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    into_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    merged_at: Mapped[datetime]
    undone_at: Mapped[Optional[datetime]]


class PairState(StrEnum):
    """What officers decided about two ideas that look alike."""

    OPEN = "open"
    DISMISSED = "dismissed"
    MERGED = "merged"


class IdeaPair(Model):
    """Two ideas that may be the same; `idea_id` is the older one. `likeness` is 0 to 100."""

    __tablename__ = "idea_pairs"
    __table_args__ = (
        UniqueConstraint("idea_id", "other_id"),
        CheckConstraint("idea_id < other_id", name="order"),
        Index(None, "call_id", "state", "likeness"),
    )

    id: Mapped[intpk]
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id))
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    other_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    likeness: Mapped[int]
    state: Mapped[PairState] = mapped_column(default=PairState.OPEN)
    # None when the machine noticed
    reported_by_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    noticed_at: Mapped[datetime] = mapped_column(default=clock.now)
    settled_at: Mapped[Optional[datetime]]

    idea: Mapped[Idea] = related(Idea, foreign_keys="IdeaPair.idea_id")
    other: Mapped[Idea] = related(Idea, foreign_keys="IdeaPair.other_id")


# --- from idea to deed ------------------------------------------------------------------------


class Promotion(Model):
    """What an idea became elsewhere: `kind` names the receiver, `target_id` its row."""

    __tablename__ = "idea_promotions"
    __table_args__ = (UniqueConstraint("idea_id", "kind", "target_id"),)

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(60))
    target_id: Mapped[int]
    by_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    promoted_at: Mapped[datetime] = mapped_column(default=clock.now)


class Milestone(Model):
    """A step on the way to the deed, promised for a day and done on one."""

    __tablename__ = "idea_milestones"

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[Optional[date]]
    done_on: Mapped[Optional[date]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class ProgressPost(Model):
    """What the owner tells about the work, perhaps with a photo; the last one may deliver it."""

    __tablename__ = "idea_posts"
    __table_args__ = (Index(None, "idea_id", "posted_at"),)

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    organisation_id: Mapped[Optional[int]] = mapped_column(ForeignKey(Organisation.id))
    author_id: Mapped[Optional[int]] = mapped_column(ForeignKey(User.id))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    photo_id: Mapped[Optional[int]] = mapped_column(ForeignKey(StoredFile.id))
    photo_text: Mapped[str] = mapped_column(String(300), default="")
    is_delivery: Mapped[bool] = mapped_column(default=False)
    posted_at: Mapped[datetime] = mapped_column(default=clock.now)

    organisation: Mapped[Optional[Organisation]] = related(Organisation)
    photo: Mapped[Optional[StoredFile]] = related(StoredFile)


# --- telling people ---------------------------------------------------------------------------


class Occasion(StrEnum):
    """What authors and supporters of an idea are told about."""

    MOVED = "moved"
    ANSWERED = "answered"
    MERGED = "merged"
    UNMERGED = "unmerged"
    PROGRESS = "progress"
    DELIVERED = "delivered"
    PROMOTED = "promoted"


class IdeaBulletin(Model):
    """A piece of news on its way to many people; written with the change it tells of.

    The worker hands it out in batches and moves `last_user_id` in the same transaction, so a
    killed worker goes on where it stopped and nobody is told twice.
    """

    __tablename__ = "idea_bulletins"
    __table_args__ = (
        UniqueConstraint("idea_id", "key"),
        Index(
            "ix_idea_bulletins_waiting",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[intpk]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    occasion: Mapped[Occasion]
    # tells two bulletins of one occasion apart: a second answer, a third post
    key: Mapped[str] = mapped_column(String(80))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_user_id: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[Optional[datetime]]
