from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engage.commons.accounts.models import User
from engage.core.db import Model, intpk, related


class Rhythm(StrEnum):
    """How mail about a topic reaches a person; the list on the site always has everything."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    IN_APP = "in_app"


class Preference(Model):
    """A person's own choice for one topic; without a row the topic's default holds."""

    __tablename__ = "notification_preferences"
    __table_args__ = (UniqueConstraint("user_id", "topic"),)

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    topic: Mapped[str] = mapped_column(String(40))
    rhythm: Mapped[Rhythm]
    changed_at: Mapped[datetime]


class Digest(Model):
    """One collected mail. The constraint is what makes a second one of the same day impossible."""

    __tablename__ = "notification_digests"
    __table_args__ = (UniqueConstraint("user_id", "rhythm", "day"),)

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    rhythm: Mapped[Rhythm]
    day: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime]


class Notification(Model):
    """Something told to one person, the words kept as they were said, in that person's language."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notifications_user_id_id", "user_id", "id"),
        Index("ix_notifications_user_id_read_at", "user_id", "read_at"),
        Index("ix_notifications_rhythm_digest_id", "rhythm", "digest_id"),
    )

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    topic: Mapped[str] = mapped_column(String(40))
    rhythm: Mapped[Rhythm]
    title: Mapped[str] = mapped_column(String(300))
    excerpt: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(String(500))
    key: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    digest_id: Mapped[int | None] = mapped_column(
        ForeignKey("notification_digests.id", ondelete="SET NULL")
    )

    user: Mapped[User] = related()

    @property
    def is_read(self) -> bool:
        return self.read_at is not None
