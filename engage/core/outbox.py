"""Mail: written as rows inside the transaction, delivered after it, never twice."""

import logging
import smtplib
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import formataddr, make_msgid, parseaddr
from enum import StrEnum
from typing import Any

from flask import Flask, current_app, render_template
from flask_mail import Connection, Message
from flask_mail import Mail as MailExtension
from jinja2 import TemplateNotFound
from sqlalchemy import (
    ColumnElement,
    Index,
    String,
    Text,
    and_,
    delete,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from engage.core import audit, clock, tasks
from engage.core.db import Model, db, dialect, insert_into, intpk, transactional
from engage.core.errors import Invalid
from engage.core.i18n import _l, babel_name, force_locale
from engage.core.tasks import every, task

log = logging.getLogger(__name__)
relay = MailExtension()

# minutes to wait after the 1st, 2nd ... refusal; then the mail has failed
BACKOFF = (1, 5, 15, 60, 240, 720)
_LOST_AFTER = timedelta(minutes=10)
_CLOSING = 421  # what a relay says before it hangs up
_PURGED_AT_ONCE = 500
_PATIENCE = 30  # seconds the relay may take over one answer


class MailState(StrEnum):
    """kept: no relay is configured; bounced: refused for good; failed: given up."""

    QUEUED = "queued"
    KEPT = "kept"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"
    FAILED = "failed"


class Mail(Model):
    """One mail to one address."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_state_next", "state", "next_attempt_at"),
        Index("ix_mails_created_at", "created_at"),
    )

    id: Mapped[intpk]
    key: Mapped[str | None] = mapped_column(String(120), unique=True)
    template: Mapped[str] = mapped_column(String(80))
    to_address: Mapped[str] = mapped_column(String(254))
    to_name: Mapped[str] = mapped_column(String(120), default="")
    locale: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(250))
    body_text: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)
    headers: Mapped[dict[str, str]] = mapped_column(default=dict)
    message_id: Mapped[str] = mapped_column(String(200))
    state: Mapped[MailState]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    # nobody may look at it afterwards: it goes once it is delivered, or cannot be
    is_brief: Mapped[bool] = mapped_column(default=False, server_default=false())


def _one_line(text: str, limit: int) -> str:
    """No line break of any kind survives in a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit]


def _checked(address: str) -> str:
    if (
        parseaddr(address)[1] != address
        or "@" not in address
        or any(c.isspace() or not c.isprintable() or c in ",;<>" for c in address)
    ):
        raise Invalid({"email": _l("This is not an e-mail address we can write to.")})
    return address


def render_mail(
    template: str, locale: str, context: Mapping[str, Any]
) -> tuple[str, str, str | None]:
    """(subject, text, html or None) of `templates/mail/<template>/` in a language."""
    with force_locale(babel_name(locale)):
        words = dict(context, mail_locale=locale, base_url=current_app.config["BASE_URL"])
        subject = render_template(f"mail/{template}/subject.txt", **words)
        body = render_template(f"mail/{template}/body.txt", **words)
        try:
            html: str | None = render_template(f"mail/{template}/body.html", **words)
        except TemplateNotFound as missing:
            if missing.name != f"mail/{template}/body.html":
                raise
            html = None
    return _one_line(subject, 250), body.strip() + "\n", html


def post(
    *,
    to: str,
    template: str,
    locale: str,
    context: Mapping[str, Any],
    name: str = "",
    key: str | None = None,
    list_unsubscribe: str | None = None,
    is_brief: bool = False,
) -> int | None:
    """Write one mail inside the present transaction; it leaves after the commit.

    `key` makes it one: a second mail with the same key is not written (None is answered), as
    long as the first is kept. `is_brief`: the row goes as soon as the mail is delivered.
    `list_unsubscribe` is an https address that accepts a one-click POST (RFC 8058).
    Raises Invalid for an address that cannot be written to.
    """
    subject, body, html = render_mail(template, locale, context)
    headers = {}
    if list_unsubscribe:
        headers["List-Unsubscribe"] = f"<{list_unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    now = clock.now()
    domain = current_app.config["MAIL_DOMAIN"]
    values = {
        "key": key,
        "template": template,
        "to_address": _checked(to),
        "to_name": _one_line(name, 120),
        "locale": locale,
        "subject": subject,
        "body_text": body,
        "body_html": html,
        "headers": headers,
        "message_id": make_msgid(domain=domain),
        "state": MailState.QUEUED if current_app.config["MAIL_SERVER"] else MailState.KEPT,
        "attempts": 0,
        "created_at": now,
        "next_attempt_at": now,
        "is_brief": is_brief,
    }
    with transactional():
        statement = insert_into(Mail, dialect()).values(**values)
        if key is not None:
            statement = statement.on_conflict_do_nothing(index_elements=["key"])
        ident = db.session.scalar(statement.returning(Mail.id))
        if ident is not None and current_app.config["MAIL_SERVER"]:
            deliver.later()
    return ident


def _claim(limit: int) -> list[int]:
    """Take up to `limit` due mails for this worker."""
    now = clock.now()
    with transactional():
        due = (
            select(Mail.id)
            .where(Mail.state == MailState.QUEUED, Mail.next_attempt_at <= now)
            .order_by(Mail.next_attempt_at, Mail.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(db.session.scalars(due))
        if ids:
            db.session.execute(
                update(Mail)
                .where(Mail.id.in_(ids))
                .values(state=MailState.SENDING, claimed_at=now)
                .execution_options(synchronize_session=False)
            )
    return ids


def _message(mail: Mail) -> Message:
    to = formataddr((mail.to_name, mail.to_address)) if mail.to_name else mail.to_address
    message = Message(
        subject=mail.subject,
        recipients=[to],
        body=mail.body_text,
        html=mail.body_html,
        extra_headers={
            **mail.headers,
            "Auto-Submitted": "auto-generated",
            "Content-Language": mail.locale,
        },
    )
    # the same each time it is tried, so that a reader's mailbox knows a second copy
    message.msgId = mail.message_id
    return message


def _note(ident: int, state: MailState, error: str | None = None) -> None:
    now = clock.now()
    with transactional():
        mail = db.session.get(Mail, ident, with_for_update=True, populate_existing=True)
        if mail is None:
            return  # its reader left meanwhile
        mail.state = state
        mail.error = error[:500] if error else None
        mail.claimed_at = None
        if state is MailState.SENT:
            mail.sent_at = now
        elif state is MailState.QUEUED:
            mail.attempts += 1
            if mail.attempts > len(BACKOFF):
                mail.state = MailState.FAILED
            else:
                mail.next_attempt_at = now + timedelta(minutes=BACKOFF[mail.attempts - 1])
        if mail.is_brief and mail.state is not MailState.QUEUED:
            db.session.delete(mail)


class _Relay(Connection):
    """A connection that checks the relay's certificate and does not wait for it for ever."""

    def configure_host(self) -> smtplib.SMTP:
        """Connect, secure, sign in. Raises OSError or SMTPException when that fails."""
        settings = self.mail
        trusted = ssl.create_default_context()
        host: smtplib.SMTP
        if settings.use_ssl:
            host = smtplib.SMTP_SSL(
                settings.server, settings.port or 465, timeout=_PATIENCE, context=trusted
            )
        else:
            host = smtplib.SMTP(settings.server, settings.port or 25, timeout=_PATIENCE)
        if settings.use_tls:
            host.starttls(context=trusted)
        if settings.username and settings.password:
            host.login(settings.username, settings.password)
        return host

    def __exit__(self, *_: object) -> None:
        """Take leave; what was said before counts, however the relay takes it."""
        if self.host is not None:
            with suppress(smtplib.SMTPException, OSError):
                self.host.quit()
            self.host.close()


def _give_back(ident: int, error: str) -> None:
    """The relay is away: no mail's fault. What is due waits for the next sweep and says why."""
    now = clock.now()
    said = error[:500]
    with transactional():
        db.session.execute(
            update(Mail)
            .where(Mail.id == ident, Mail.state == MailState.SENDING)
            .values(state=MailState.QUEUED, claimed_at=None)
        )
        db.session.execute(
            update(Mail)
            .where(
                Mail.state == MailState.QUEUED,
                Mail.next_attempt_at <= now,
                # each new mail asks the relay: the pile is written once, not once for each
                Mail.error.is_distinct_from(said),
            )
            .values(error=said)
            .execution_options(synchronize_session=False)
        )


def _hand_over(connection: Any, mail: Mail) -> tuple[MailState, str | None, bool]:
    """What became of it, what the relay said, and whether the connection still holds."""
    try:
        connection.send(_message(mail))
    except smtplib.SMTPRecipientsRefused as refusal:
        code, words = next(iter(refusal.recipients.values()))
    except smtplib.SMTPResponseException as refusal:
        code, words = refusal.smtp_code, refusal.smtp_error  # type: ignore[assignment]
    except smtplib.SMTPNotSupportedError as refusal:
        return MailState.BOUNCED, str(refusal), True
    except (smtplib.SMTPException, OSError) as broken:
        return MailState.QUEUED, str(broken) or type(broken).__name__, False
    except Exception as broken:
        # one mail that cannot be built must not stop the others
        log.exception("mail %s cannot be sent", mail.id)
        return MailState.FAILED, str(broken), True
    else:
        return MailState.SENT, None, True
    state = MailState.BOUNCED if code >= 500 else MailState.QUEUED
    return state, f"{code} {words!r}", code != _CLOSING


def _hand_over_all(connection: Any, ident: int | None) -> int | None:
    """Hand over this mail and what is due after it.

    Answers the mail to go on with over another connection, None when there is none or when
    this connection broke over its first.
    """
    is_first = True
    while ident is not None:
        mail = db.session.get(Mail, ident, populate_existing=True)
        holds, state, error = True, None, None
        if mail is not None:  # else its reader left meanwhile
            state, error, holds = _hand_over(connection, mail)
            if not holds:
                log.warning("mail relay: %s", error)
        # in one transaction: a worker that dies holds one mail, never a pile of them
        with transactional():
            if state is not None:
                _note(ident, state, error)
            may_go_on = (holds or not is_first) and not tasks.stopping.is_set()
            ident = _claim_one() if may_go_on else None
        if not holds:
            return ident
        is_first = False
    return None


def _claim_one() -> int | None:
    return next(iter(_claim(1)), None)


def _drain() -> None:
    ident = _claim_one()
    while ident is not None:
        connection = _Relay(current_app.extensions["mail"])
        try:
            connection.__enter__()
        except (smtplib.SMTPException, OSError) as away:
            log.warning("mail relay: %s", away)
            _give_back(ident, str(away) or type(away).__name__)
            return
        try:
            ident = _hand_over_all(connection, ident)
        finally:
            connection.__exit__()


_wanted = threading.Event()
_at_work = threading.Lock()


@task
def deliver() -> None:
    """Hand over what is due, mail by mail over one connection.

    One thread of a process does it: a relay that is slow or hangs holds no other work up.
    Another call meanwhile is heard when that thread has finished its round.
    """
    if not current_app.config["MAIL_SERVER"]:
        return
    _wanted.set()
    while _wanted.is_set() and _at_work.acquire(blocking=False):
        try:
            _wanted.clear()
            _drain()
        finally:
            _at_work.release()


@every(minutes=1)
def sweep() -> None:
    """Find mails a killed worker left behind, and mails whose time has come again."""
    with transactional():
        db.session.execute(
            update(Mail)
            .where(
                Mail.state == MailState.SENDING,
                Mail.claimed_at < clock.now() - _LOST_AFTER,
            )
            .values(state=MailState.QUEUED, claimed_at=None)
        )
    deliver()


def resend(ident: int, *, actor: Any) -> None:
    """Queue a failed, bounced or kept mail once more. Anything else stays as it is."""
    with transactional():
        mail = db.session.get_one(Mail, ident, with_for_update=True, populate_existing=True)
        if mail.state in {MailState.FAILED, MailState.BOUNCED, MailState.KEPT}:
            has_relay = bool(current_app.config["MAIL_SERVER"])
            before = mail.state
            mail.state = MailState.QUEUED if has_relay else MailState.KEPT
            mail.attempts = 0
            mail.next_attempt_at = clock.now()
            audit.record("mail.resent", mail, actor=actor, before=before)
            if has_relay:
                deliver.later()


# --- how mails end ------------------------------------------------------------------------


def forget(address: str) -> None:
    """Delete every mail to an address, waiting ones too: its owner has left."""
    with transactional():
        db.session.execute(
            delete(Mail)
            .where(func.lower(Mail.to_address) == address.lower())
            .execution_options(synchronize_session=False)
        )


def outlived(late: timedelta = timedelta(0)) -> ColumnElement[bool]:
    """Which mails have been kept long enough, and `late` longer."""
    now = clock.now() - late
    done = Mail.state.in_([MailState.SENT, MailState.KEPT])
    lost = Mail.state.in_([MailState.BOUNCED, MailState.FAILED])
    kept = timedelta(days=current_app.config["MAIL_KEPT_DAYS"])
    kept_lost = timedelta(days=current_app.config["MAIL_FAILED_KEPT_DAYS"])
    return or_(
        and_(done, Mail.created_at < now - kept),
        and_(lost, Mail.created_at < now - kept_lost),
    )


@every(minutes=60)
def purge() -> None:
    """Delete mails that nobody needs any more, a handful at a time so that others may write."""
    while True:
        with transactional():
            old = select(Mail.id).where(outlived()).order_by(Mail.created_at).limit(_PURGED_AT_ONCE)
            ids = list(db.session.scalars(old))
            if ids:
                db.session.execute(
                    delete(Mail)
                    .where(Mail.id.in_(ids))
                    .execution_options(synchronize_session=False)
                )
        if len(ids) < _PURGED_AT_ONCE:
            return


def register(app: Flask) -> None:
    """Bind Flask-Mail."""
    relay.init_app(app)
