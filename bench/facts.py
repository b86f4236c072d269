"""What the load generator needs to know of the filled site, told as JSON."""

import json

from sqlalchemy import event, func, select

from bench.site import app
from engage.commons.accounts import sessions
from engage.commons.accounts.models import SignInMethod, User
from engage.commons.accounts.sessions import Visitor
from engage.commons.comments.models import Comment
from engage.core import clock
from engage.core.db import db
from engage.programmes.consultations.models import Consultation, ConsultationDocument


def main() -> None:
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
    fullest = db.session.scalar(
        select(Comment.thread_id).group_by(Comment.thread_id).order_by(func.count().desc()).limit(1)
    )
    asked = {
        "home": "/en/",
        "list": "/en/consultations",
        "consultation": f"/en/consultations/{consultation_id}",
        "plan": f"/en/consultations/{consultation_id}/documents/{document_id}",
        "thread": f"/en/comments/threads/{fullest}",
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
    return {"pages": pages, "thread_id": thread_id, "cookie": f"{name}={cookie.value}"}


def _settled(client: object, path: str) -> str:
    """The address a page ends up at."""
    answer = client.get(path, follow_redirects=True)  # type: ignore[attr-defined]
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.request.path)


def weigh(pages: dict[str, str]) -> None:
    """Print each page's queries and bytes, cold and anonymous."""
    client = app.test_client()
    found = {}
    with app.app_context():
        engine = db.engine
    for name, path in pages.items():
        client.get(path + "?x=1")
        sent: list[str] = []

        def note(*arguments: object, sent: list[str] = sent) -> None:
            statement = str(arguments[2])
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT")):
                sent.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        answer = client.get(path + "?x=1", headers={"Accept-Encoding": "br"})
        event.remove(engine, "before_cursor_execute", note)
        found[name] = {"queries": len(sent), "bytes": len(answer.data)}
    print(json.dumps(found))
