"""One means one: a form sent twice is answered twice and done once."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any, cast

from flask import Flask, Response, current_app, g, redirect, request, session
from sqlalchemy import Index, Select, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from engage.core import clock
from engage.core import db as database
from engage.core.access import current_user
from engage.core.db import Model, db, transactional
from engage.core.errors import Conflict
from engage.core.i18n import _l
from engage.core.links import LinkingFlask
from engage.core.security import is_shared
from engage.core.tasks import every
from engage.core.typed import ARRIVED, typed

FIELD = "idempotency_key"
KEPT = timedelta(hours=24)


class SentForm(Model):
    """A form that was accepted, and where its sender was led."""

    __tablename__ = "sent_forms"
    __table_args__ = (Index("ix_sent_forms_at", "at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    location: Mapped[str] = mapped_column(String(2000), default="")
    at: Mapped[datetime]


class _Replay(Exception):
    def __init__(self, row: SentForm) -> None:
        self.row = row


def new_key() -> str:
    """A fresh key for one rendering of one form."""
    return secrets.token_urlsafe(18)


def _scope() -> str | None:
    """The key of this request, bound to person and route; None when it carries none."""
    given = request.form.get(FIELD, "")
    if not given or len(given) > 64:
        return None
    user = current_user()
    person = f"u{user.id}" if user else "s" + str(session.get("csrf_token", ""))
    mixed = f"{person}|{request.endpoint}|{given}"
    return hashlib.sha256(mixed.encode()).hexdigest()


def _body_hash() -> str:
    digest = hashlib.sha256()
    for name, values in sorted(request.form.lists()):
        if name not in {"csrf_token", FIELD}:
            digest.update(f"{name}={values!r};".encode(errors="replace"))
    # another file under the same words is another form: it must not vanish behind the first
    for name, sent in request.files.items(multi=True):
        held = hashlib.file_digest(cast(BytesIO, sent.stream), "sha256").hexdigest()
        sent.stream.seek(0)
        digest.update(f"{name}={sent.filename!r}:{held};".encode(errors="replace"))
    return digest.hexdigest()


def _find(key: str) -> SentForm | None:
    return db.session.scalar(_sent(), {"sent": key})


@cache
def _sent() -> Select[SentForm]:
    return select(SentForm).where(SentForm.key == bindparam("sent"))


@cache
def _claim(dialect: str) -> Any:
    statement = database.insert_into(SentForm, dialect)
    return statement.on_conflict_do_nothing(index_elements=["key"]).returning(SentForm.key)


@cache
def _lead() -> Any:
    table: Any = SentForm.__table__
    return (
        update(table).where(table.c.key == bindparam("sent")).values(location=bindparam("leads_to"))
    )


def _remember() -> None:
    """First statement of the write: claim the key in the write's own transaction."""
    key = g.get("sent_form_key")
    if key is None or g.get("sent_form_kept"):
        return
    row = {"key": key, "body_hash": g.sent_form_hash, "location": "", "at": clock.now()}
    claimed = db.session.scalar(_claim(database.dialect()), row)
    if claimed is None:
        sent = _find(key)
        if sent is not None:
            raise _Replay(sent)
    # a transaction that is rolled back gives the key back; the next one claims it anew
    database.store()[FIELD] = key
    database.after_commit(lambda: setattr(g, "sent_form_kept", True))
    g.sent_form_claimed = True


def _answer(row: SentForm) -> Response:
    if row.body_hash != g.sent_form_hash:
        raise Conflict(
            _l("This form was sent before with other content. The first one counts."),
            _l("Reload the page to see what was saved, and change it there."),
            url=row.location or None,
        )
    if not row.location:
        return _arrived(Response(status=204))
    answer = redirect(row.location, 303)
    if request.headers.get("HX-Request") == "true":
        answer = Response(status=204, headers={"HX-Redirect": row.location})
    return _arrived(answer)  # type: ignore[arg-type]


def _arrived(answer: Response) -> Response:
    """Let the browser forget its copy of a long text: in place at once, else on the next page."""
    if typed() is not None:
        answer.headers["Engage-Arrived"] = "1"
        if answer.location or "HX-Redirect" in answer.headers:
            session[ARRIVED] = request.form[FIELD]
    return answer


def arrived_form() -> str | None:
    """The key of the form that led to this page, said once. Never on a page many readers share."""
    return None if is_shared() or ARRIVED not in session else session.pop(ARRIVED)


class IdempotentFlask(LinkingFlask):
    """A Flask whose POSTs run inside one transaction, kept only for answers below 400."""

    def dispatch_request(self):  # type: ignore[no-untyped-def]
        if request.method != "POST" or request.routing_exception is not None:
            return super().dispatch_request()
        key = _scope()
        if key is None:
            return super().dispatch_request()
        g.sent_form_key, g.sent_form_hash = key, _body_hash()
        done = _find(key)
        if done is not None:
            return _answer(done)
        try:
            with database.held_open() as finish:
                answer = current_app.make_response(super().dispatch_request())
                keep = answer.status_code < 400
                if keep and FIELD in database.store():
                    leads_to = answer.location or answer.headers.get("HX-Redirect") or ""
                    db.session.execute(_lead(), {"sent": key, "leads_to": leads_to[:2000]})
                    _arrived(answer)
                finish(keep)
                return answer
        except _Replay as replay:
            return _answer(replay.row)


@every(minutes=60)
def forget_sent_forms() -> None:
    """Drop keys older than a day."""
    with transactional():
        db.session.execute(delete(SentForm).where(SentForm.at < clock.now() - KEPT))


def register(app: Flask) -> None:
    """Claim the key at the start of each write; tell pages which form led to them."""
    app.jinja_env.globals["arrived_form"] = arrived_form
    database.on_begin(_remember)
