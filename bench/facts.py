"""What the benchmark needs to know of a filled site, or to put into it; told as JSON."""

import json
import time
from datetime import datetime
from statistics import median
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Engine, event, func, select

from bench.load import ACCOUNTS
from bench.site import app
from engage.commons.accounts import passwords, sessions
from engage.commons.accounts import service as accounts
from engage.commons.accounts.models import SignInMethod, User
from engage.commons.accounts.sessions import Visitor
from engage.commons.comments.models import Comment
from engage.core import clock, outbox
from engage.core.db import db, transactional
from engage.portal.demo import crowd
from engage.portal.demo import ideas as proposals
from engage.portal.demo import service as demonstration
from engage.programmes.consultations.models import Consultation, ConsultationDocument
from engage.programmes.ideas.models import Call, Idea, IdeaState, Support

PASSWORD = "nine gulls over the outer breakwater"
SUPPORTERS = 200  # people, at least
TIMED = 15  # requests of a page when its time is taken


def look() -> None:
    """Print the pages to measure, a thread to write in, and a signed-in person's cookie."""
    with app.app_context():
        print(json.dumps(_facts()))


def _facts() -> dict[str, object]:
    now = clock.now()
    is_open = (Consultation.opens_at <= now) & (Consultation.closes_at > now)
    consultation_id, thread_id = db.session.execute(
        select(Consultation.id, Consultation.thread_id)
        .join(ConsultationDocument)
        .where(is_open)
        .order_by(Consultation.id)
        .limit(1)
    ).one()
    document_id = db.session.scalar(
        select(ConsultationDocument.document_id).where(
            ConsultationDocument.consultation_id == consultation_id
        )
    )
    fullest, in_thread = db.session.execute(
        select(Comment.thread_id, func.count())
        .group_by(Comment.thread_id)
        .order_by(func.count().desc())
        .limit(1)
    ).one()
    idea = db.session.scalars(
        select(Idea)
        .join(Call)
        .where(Idea.state == IdeaState.PUBLISHED, _takes_supports(now))
        .order_by(Idea.id.desc())
        .limit(1)
    ).one()
    asked = {
        "home": "/en/",
        "list": "/en/consultations",
        "consultation": f"/en/consultations/{consultation_id}",
        "plan": f"/en/consultations/{consultation_id}/documents/{document_id}",
        "thread": f"/en/comments/threads/{fullest}",
        "ideas": "/en/ideas",
        "idea": f"/en/ideas/{idea.address}",
    }
    client = app.test_client()
    pages = {name: _settled(client, path) for name, path in asked.items()}
    person = db.session.scalars(
        select(User).where(User.email == "resident@example.org").limit(1)
    ).one()
    token, _ = sessions.open_session(
        person,
        method=SignInMethod.PASSWORD,
        second_factor=True,
        visitor=Visitor("127.0.0.1", "wrk"),
    )
    with client.session_transaction() as kept:
        kept["_user_id"] = person.get_id()
        kept["sign_in"] = token
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = next(found for found in client._cookies.values() if found.key == name)
    return {
        "pages": pages,
        "thread_id": thread_id,
        "cookie": f"{name}={cookie.value}",
        "table": f"{pages['consultation']}/comments.csv",
        "in_thread": in_thread,
        "comments": db.session.scalar(select(func.count()).select_from(Comment)),
        "ideas": proposals.ideas_now(),
        "supports": db.session.scalar(select(func.count()).select_from(Support)),
        "idea_id": idea.id,
        "similar": "/en/ideas/similar?"
        + urlencode({"call": idea.call_id, "title": idea.title[:60]}),
    }


def _takes_supports(now: datetime) -> ColumnElement[bool]:
    return (Call.opens_at <= now) & (func.coalesce(Call.supports_close_at, Call.closes_at) > now)


def _settled(client: Any, path: str) -> str:
    """The address a page ends up at."""
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.request.path)


def weigh(pages: dict[str, str], cookie: str) -> None:
    """Print the statements and bytes of each page's second request: warm, cold and signed in."""
    found = {}
    for name, path in pages.items():
        found[f"{name}, warm"] = _weight(path)
    _without_cache()
    for name, path in pages.items():
        found[f"{name}, cold"] = _weight(path)
        found[f"{name}, signed in"] = _weight(path, Cookie=cookie)
    print(json.dumps(found))


def _without_cache() -> None:
    app.extensions["engage_pagecache"].seconds = 0


def _weight(path: str, **headers: str) -> dict[str, int]:
    client = app.test_client(use_cookies=False)
    asked = {"Accept-Encoding": "br", **headers}
    client.get(path, headers=asked)
    sent: list[str] = []

    def note(*arguments: object) -> None:
        statement = str(arguments[2])
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT")):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    answer = client.get(path, headers=asked)
    event.remove(Engine, "before_cursor_execute", note)
    assert answer.status_code == 200, (path, answer.status_code)
    return {"queries": len(sent), "bytes": len(answer.data)}


def take_time(pages: dict[str, str]) -> None:
    """Print the milliseconds each page takes to be drawn, cold and anonymous."""
    _without_cache()
    client = app.test_client(use_cookies=False)
    found = {}
    for name, path in pages.items():
        client.get(path)
        taken = []
        for _ in range(TIMED):
            began = time.perf_counter()
            client.get(path)
            taken.append((time.perf_counter() - began) * 1000)
        found[name] = median(taken)
    print(json.dumps(found))


def fill_ideas(scale: int) -> None:
    """Bring the first call to `scale` hundred ideas and twenty supports for each."""
    with app.test_request_context("/en/"):
        now = clock.now()
        for _ in proposals.fill(scale, now, crowd._writers(SUPPORTERS, now)):
            pass


def multiply(scale: int) -> None:
    """Bring the story to a scale, 1 included, which the command leaves at the story alone."""
    with app.test_request_context("/en/"):
        demonstration._multiply(scale, lambda _line: None)


def open_accounts() -> None:
    """Make accounts that can sign in with PASSWORD; print it."""
    with app.test_request_context("/en/"):
        hashed = passwords.make_hash(PASSWORD)
        for number in range(ACCOUNTS):
            email = f"bench{number}@example.org"
            if db.session.scalar(select(User.id).where(User.email == email)) is None:
                with transactional():
                    user = accounts.create_confirmed(
                        email=email, display_name=f"Signer {chr(65 + number % 26)}", locale="en"
                    )
                    user.password = hashed
    print(json.dumps(PASSWORD))


def post_letters(number: int) -> None:
    """Put letters into the outbox, as the site does; print the size of one in bytes."""
    url = f"{app.config['BASE_URL']}/en/login/link/{'x' * 120}"
    with app.test_request_context("/en/"):
        with transactional():
            for each in range(number):
                ident = outbox.post(
                    to=f"reader{each}@example.org",
                    name=f"Reader {each}",
                    template="accounts/sign_in_link",
                    locale="en",
                    context={"url": url, "name": f"Reader {each}"},
                )
        letter = db.session.get_one(outbox.Mail, ident)
        print(json.dumps(len(outbox._message(letter).as_bytes())))
