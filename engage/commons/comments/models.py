"""Threads under anything, and what people write in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engage.commons.accounts.models import Guest, Organisation, StakeholderKind, User
from engage.core.db import Model, intpk, related
from engage.core.lifecycle import Transitions


class Stance(StrEnum):
    """How a comment stands to what it is written under."""

    FOR = "for"
    AGAINST = "against"
    NEUTRAL = "neutral"
    QUESTION = "question"


class CommentState(StrEnum):
    """`held` waits for a guest's confirmation; `hidden` and `withdrawn` leave a stub."""

    HELD = "held"
    PUBLISHED = "published"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"


class ReactionValue(StrEnum):
    """What a person may say to a comment without words: one of these, or nothing."""

    AGREE = "agree"
    DISAGREE = "disagree"
    HELPFUL = "helpful"


TRANSITIONS = Transitions(
    {
        CommentState.HELD: {CommentState.PUBLISHED, CommentState.HIDDEN, CommentState.WITHDRAWN},
        CommentState.PUBLISHED: {CommentState.HIDDEN, CommentState.WITHDRAWN},
        CommentState.HIDDEN: {CommentState.PUBLISHED, CommentState.HELD, CommentState.WITHDRAWN},
    }
)

DEEPEST = 2  # a comment, a reply, a reply to the reply: nesting to three


_UNSEEN = "state IN ('held', 'hidden')"


def _where(column: str, condition: str) -> Index:
    """An index over the rows that meet a condition."""
    return Index(None, column, sqlite_where=text(condition), postgresql_where=text(condition))


class Thread(Model):
    """Where one thing is discussed. Its owner points at it; `kind` says which registry loads the owner.

    `comments_count` counts published comments, replies included; the two others count reactions
    to the thread's subject itself.
    """

    __tablename__ = "threads"

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    comments_count: Mapped[int] = mapped_column(default=0)
    agree_count: Mapped[int] = mapped_column(default=0)
    disagree_count: Mapped[int] = mapped_column(default=0)
    last_comment_at: Mapped[datetime | None]
    # who answered for the subject at the last write; `hosts` holds the same for joins
    host_ids: Mapped[list[int]] = mapped_column(default=list)

    hosts: Mapped[list["ThreadHost"]] = related(
        back_populates="thread", cascade="all, delete-orphan"
    )
    tallies: Mapped[list["ThreadTally"]] = related(
        back_populates="thread", cascade="all, delete-orphan"
    )


class ThreadHost(Model):
    """An organisation that owes answers in a thread."""

    __tablename__ = "thread_hosts"
    __table_args__ = (Index(None, "organisation_id", "thread_id"),)

    thread_id: Mapped[int] = mapped_column(
        ForeignKey(Thread.id, ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey(Organisation.id, ondelete="CASCADE"), primary_key=True
    )

    thread: Mapped[Thread] = related(back_populates="hosts")


class ThreadTally(Model):
    """What one stakeholder kind said in a thread, kept in each write's own transaction.

    `comments` counts published comments; `pro` and `contra` those with a stance for or against;
    `agree` and `disagree` the reactions to the subject.
    """

    __tablename__ = "thread_tallies"

    thread_id: Mapped[int] = mapped_column(
        ForeignKey(Thread.id, ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[StakeholderKind] = mapped_column(primary_key=True)
    comments: Mapped[int] = mapped_column(default=0)
    pro: Mapped[int] = mapped_column(default=0)
    contra: Mapped[int] = mapped_column(default=0)
    agree: Mapped[int] = mapped_column(default=0)
    disagree: Mapped[int] = mapped_column(default=0)

    thread: Mapped[Thread] = related(back_populates="tallies")

    @property
    def share(self) -> int | None:
        """Per cent in favour among everything said for or against; None when nothing was."""
        favour, against = self.pro + self.agree, self.contra + self.disagree
        return round(100 * favour / (favour + against)) if favour + against else None


class Comment(Model):
    """What one person (or guest) wrote, perhaps for an organisation.

    `kind` is the author's stakeholder kind at the time. `root_id` is the top comment of the branch,
    None for a top comment. `replies_count` counts published comments below, at any depth.
    `agreement` (agree minus disagree) and `bridge` (`scores.bridge`) exist to be sorted by.
    `due_at` is set where an answer is owed; `answered_at` when one was published.
    """

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("author_id IS NULL OR guest_id IS NULL", name="one_author"),
        CheckConstraint("depth BETWEEN 0 AND 2", name="depth"),
        # one per sort, in the order of its keyset
        Index("ix_comments_newest", "thread_id", "depth", "received_at", "id"),
        Index("ix_comments_agreement", "thread_id", "depth", "agreement", "id"),
        Index("ix_comments_replies", "thread_id", "depth", "replies_count", "id"),
        Index("ix_comments_bridge", "thread_id", "depth", "bridge", "id"),
        Index(None, "root_id", "id"),
        Index(None, "author_id", "received_at", "id"),
        # few comments have these, and most writes should not pay for them
        _where("quoted_id", "quoted_id IS NOT NULL"),
        _where("parent_id", "parent_id IS NOT NULL"),
        _where("guest_id", "guest_id IS NOT NULL"),
        _where("organisation_id", "organisation_id IS NOT NULL"),
        Index(
            # the thread is in it so that counting what an organisation owes needs no rows
            "ix_comments_waiting",
            "due_at",
            "id",
            "thread_id",
            sqlite_where=text("due_at IS NOT NULL AND answered_at IS NULL"),
            postgresql_where=text("due_at IS NOT NULL AND answered_at IS NULL"),
        ),
        Index(
            "ix_comments_pinned",
            "thread_id",
            "answered_at",
            sqlite_where=text("answered_at IS NOT NULL"),
            postgresql_where=text("answered_at IS NOT NULL"),
        ),
        Index(
            "ix_comments_unseen",
            "thread_id",
            sqlite_where=text(_UNSEEN),
            postgresql_where=text(_UNSEEN),
        ),
        Index(
            "ix_comments_answered",
            "answered_at",
            sqlite_where=text("answered_at IS NOT NULL"),
            postgresql_where=text("answered_at IS NOT NULL"),
        ),
    )

    id: Mapped[intpk]
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    root_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    quoted_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    depth: Mapped[int] = mapped_column(default=0)
    author_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    guest_id: Mapped[int | None] = mapped_column(ForeignKey(Guest.id))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey(Organisation.id))
    kind: Mapped[StakeholderKind]
    stance: Mapped[Stance] = mapped_column(default=Stance.NEUTRAL)
    language: Mapped[str] = mapped_column(String(8))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    state: Mapped[CommentState] = mapped_column(default=CommentState.PUBLISHED)
    hidden_reason: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(default=1)
    received_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    agree_count: Mapped[int] = mapped_column(default=0)
    disagree_count: Mapped[int] = mapped_column(default=0)
    helpful_count: Mapped[int] = mapped_column(default=0)
    replies_count: Mapped[int] = mapped_column(default=0)
    agreement: Mapped[int] = mapped_column(default=0)
    bridge: Mapped[int] = mapped_column(default=0)
    # {"resident": [agree, disagree], ...}: what `bridge` is reckoned from
    reactions_by_kind: Mapped[dict[str, Any]] = mapped_column(default=dict)

    thread: Mapped[Thread] = related()
    parent: Mapped["Comment | None"] = related(
        foreign_keys="Comment.parent_id", remote_side="Comment.id"
    )
    quoted: Mapped["Comment | None"] = related(
        foreign_keys="Comment.quoted_id", remote_side="Comment.id"
    )
    author: Mapped[User | None] = related()
    guest: Mapped[Guest | None] = related()
    organisation: Mapped[Organisation | None] = related()
    answer: Mapped["OfficialAnswer | None"] = related(back_populates="comment")
    revisions: Mapped[list["CommentRevision"]] = related(
        back_populates="comment", order_by="CommentRevision.number"
    )

    @property
    def is_published(self) -> bool:
        return self.state is CommentState.PUBLISHED

    @property
    def is_listed(self) -> bool:
        """Does everybody see at least its stub?"""
        return self.state is not CommentState.HELD


class CommentRevision(Model):
    """Words a comment no longer has. `number` is the revision they were."""

    __tablename__ = "comment_revisions"
    __table_args__ = (UniqueConstraint("comment_id", "number"),)

    id: Mapped[intpk]
    comment_id: Mapped[int] = mapped_column(ForeignKey(Comment.id, ondelete="CASCADE"))
    number: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    stance: Mapped[Stance]
    written_at: Mapped[datetime]
    replaced_at: Mapped[datetime]

    comment: Mapped[Comment] = related(back_populates="revisions")


class Reaction(Model):
    """One person's one reaction to a comment. `user_id` is None once the account is closed."""

    __tablename__ = "comment_reactions"
    __table_args__ = (UniqueConstraint("comment_id", "user_id"), Index(None, "user_id"))

    id: Mapped[intpk]
    comment_id: Mapped[int] = mapped_column(ForeignKey(Comment.id, ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    value: Mapped[ReactionValue]
    kind: Mapped[StakeholderKind]
    reacted_at: Mapped[datetime]


class ThreadReaction(Model):
    """One person's agreement or disagreement with the thread's subject itself."""

    __tablename__ = "thread_reactions"
    __table_args__ = (
        UniqueConstraint("thread_id", "user_id"),
        Index(None, "user_id"),
        CheckConstraint("value IN ('agree', 'disagree')", name="value"),
    )

    id: Mapped[intpk]
    thread_id: Mapped[int] = mapped_column(ForeignKey(Thread.id, ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    value: Mapped[ReactionValue]
    kind: Mapped[StakeholderKind]
    reacted_at: Mapped[datetime]


class Mention(Model):
    """Somebody named in a comment, and therefore told, once."""

    __tablename__ = "comment_mentions"
    __table_args__ = (UniqueConstraint("comment_id", "user_id"), Index(None, "user_id"))

    id: Mapped[intpk]
    comment_id: Mapped[int] = mapped_column(ForeignKey(Comment.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))


class OfficialAnswer(Model):
    """What an organisation answers to a comment: a draft until `published_at`, then pinned."""

    __tablename__ = "official_answers"
    __table_args__ = (
        UniqueConstraint("comment_id"),
        Index(None, "organisation_id", "published_at"),
        Index(None, "author_id"),
    )

    id: Mapped[intpk]
    comment_id: Mapped[int] = mapped_column(ForeignKey(Comment.id, ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id))
    author_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    revision: Mapped[int] = mapped_column(default=1)
    drafted_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None] = mapped_column(index=True)

    comment: Mapped[Comment] = related(back_populates="answer")
    organisation: Mapped[Organisation] = related()
    author: Mapped[User | None] = related()

    @property
    def is_published(self) -> bool:
        return self.published_at is not None
