"""The ground alone: an application of core and a few test routes, on the same database."""

from __future__ import annotations

from contextlib import suppress

import pytest
from flask import Blueprint, Flask, redirect, request
from sqlalchemy import func, select

import config as settings
import engage
from engage.core import clock, feature
from engage.core.access import public, signed_in, staff
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed, TooMany
from engage.core.outbox import Mail, MailState

bp = Blueprint("probe", __name__, url_prefix="/probe")


def add_mail(subject: str) -> None:
    now = clock.now()
    with transactional():
        db.session.add(
            Mail(
                template="t",
                to_address="a@example.org",
                locale="en",
                subject=subject,
                body_text="b",
                message_id="<1@example.org>",
                state=MailState.KEPT,
                created_at=now,
                next_attempt_at=now,
            )
        )
        db.session.flush()


def mails() -> int:
    return db.session.scalar(select(func.count()).select_from(Mail)) or 0


@bp.post("/write")
@public
def write():
    if request.form.get("then") == "again":
        with suppress(Conflict), transactional():
            raise Conflict
    add_mail(request.form["subject"])
    if request.form.get("then") == "refuse":
        return "no", 422
    if request.form.get("then") == "break":
        raise NotAllowed("no")
    return redirect(f"/probe/written/{mails()}")


@bp.get("/raise/<kind>")
@public
def fail(kind: str):
    raise {
        "invalid": Invalid({"title": "Too short"}),
        "not-allowed": NotAllowed("You are not a member", "Ask the lead"),
        "missing": Missing(),
        "conflict": Conflict("Decided at 14:02", url="/probe/now"),
        "too-many": TooMany(7),
        "bug": ZeroDivisionError("secret detail"),
    }[kind]


@bp.get("/mine")
@signed_in
def mine():
    return "mine"


@bp.get("/office")
@staff("moderator")
def office():
    return "office"


@bp.get("/shared")
@public(cached=True)
def shared():
    return "shared"


@bp.get("/unmarked")
def unmarked():
    return "never"


@pytest.fixture
def ground(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application with every feature and the probe's routes; forms need no token here."""
    finish = feature.finish

    def finish_with_probe(made: Flask) -> None:
        made.register_blueprint(bp)
        finish(made)

    monkeypatch.setattr(feature, "finish", finish_with_probe)
    made = engage.create_app(
        settings.load(
            {
                "ENGAGE_DATA_DIR": str(app.config["DATA_DIR"]),
                "ENGAGE_BASE_URL": "http://localhost",
                "ENGAGE_TEST_DATABASE_URL": app.config["DATABASE_URL"],
            },
            "test",
        )
    )
    made.config["WTF_CSRF_ENABLED"] = False
    made.test_client_class = app.test_client_class
    return made
