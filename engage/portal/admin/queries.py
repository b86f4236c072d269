"""Reads of the office's own pages: mail, the record of acts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import ColumnElement, Select, func, select, true

from engage.commons.accounts.models import User
from engage.core.audit import AuditEntry
from engage.core.db import db, stream
from engage.core.outbox import Mail, MailState


def mails(*, state: MailState | None = None, words: str = "") -> Select[Mail]:
    """The outbox, newest first; `words` are looked for in address and subject."""
    found = select(Mail)
    if state is not None:
        found = found.where(Mail.state == state)
    if words:
        found = found.where(
            Mail.to_address.icontains(words, autoescape=True)
            | Mail.subject.icontains(words, autoescape=True)
        )
    return found.order_by(Mail.id.desc())


def mail(mail_id: int) -> Mail | None:
    return db.session.get(Mail, mail_id)


def mail_counts() -> dict[str, int]:
    """How many mails are in each state."""
    return {
        str(state): number
        for state, number in db.session.execute(
            select(Mail.state, func.count()).group_by(Mail.state)
        )
    }


def undelivered() -> Select[int]:
    """How many mails were given up or refused: somebody has to look."""
    return (
        select(func.count())
        .select_from(Mail)
        .where(Mail.state.in_([MailState.FAILED, MailState.BOUNCED]))
    )


def entries(
    *,
    actor_id: int | None = None,
    action: str = "",
    since: date | None = None,
    until: date | None = None,
) -> Select[AuditEntry]:
    """The record, latest first, by actor, action and days (both included, by the site's clock)."""
    return (
        select(AuditEntry)
        .where(*_criteria(actor_id, action, since, until))
        .order_by(AuditEntry.id.desc())
    )


def _criteria(
    actor_id: int | None, action: str, since: date | None, until: date | None
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [true()]
    if actor_id is not None:
        found.append(AuditEntry.actor_id == actor_id)
    if action:
        found.append(AuditEntry.action == action)
    if since is not None:
        found.append(AuditEntry.at >= _start(since))
    if until is not None:
        found.append(AuditEntry.at < _start(until + timedelta(days=1)))
    return found


def _start(day: date) -> datetime:
    zone = ZoneInfo(current_app.config["TIMEZONE"])
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def actions() -> list[str]:
    """Every kind of act that has happened."""
    return list(
        db.session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action))
    )


def entries_count() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def names(ids: set[int]) -> dict[int, str]:
    """Display names of people by id."""
    if not ids:
        return {}
    found = select(User.id, User.display_name).where(User.id.in_(ids))
    return dict(db.session.execute(found).all())


def people_named(words: str, limit: int = 20) -> list[int]:
    """Ids of people whose name or address holds the words."""
    return list(
        db.session.scalars(
            select(User.id)
            .where(
                User.display_name.icontains(words, autoescape=True)
                | User.email.icontains(words, autoescape=True)
            )
            .limit(limit)
        )
    )


def entry_rows(found: Select[AuditEntry]) -> Iterator[tuple[Any, ...]]:
    """The same entries for a spreadsheet, streamed."""
    columns = found.with_only_columns(
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.actor_id,
        AuditEntry.action,
        AuditEntry.target_kind,
        AuditEntry.target_id,
        AuditEntry.details,
        AuditEntry.request_id,
        AuditEntry.previous,
        AuditEntry.hash,
        maintain_column_froms=True,
    )
    for part in stream(columns):
        for row in part:
            yield tuple(row)
