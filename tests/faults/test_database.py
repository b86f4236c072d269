"""A database that hangs, restarts, or commits without saying so: told, bounded, healed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import httpx
import pytest
from sqlalchemy import Connection, create_engine, make_url, select, text

from engage.commons.comments.models import Comment
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.idempotency import FIELD, SentForm, forget_sent_forms, new_key
from tests.factories.accounts import make_user
from tests.factories.consultations import make_consultation
from tests.faults.test_kills import Hidden
from tests.faults.tools import Wire, needs_tools, wire
from tests.instances import Server, cookie_of, server
from tests.markup import parse
from tests.markup import select as chosen

pytestmark = [pytest.mark.faults, pytest.mark.postgresql, needs_tools]
SAFE = 20.0  # seconds after which an answer counts as none; the promise is about five
PEOPLE = 4
_number = count(1)


@dataclass
class Place:
    """A site that reaches its database over a wire, and people with a session."""

    site: Server
    direct: str  # the database, past the wire
    wire: Wire
    path: str
    people: list[httpx.Client]
    anybody: httpx.Client

    def form(self, who: int = 0) -> dict[str, str]:
        page = self.people[who].get(self.path)
        assert page.status_code == 200, page.text
        words = f"Remark {next(_number)} by {who}."
        return {**Hidden(page.text).fields, "body": words, "stance": "neutral"}

    def send(self, form: dict[str, str], who: int = 0) -> httpx.Response:
        return self.people[who].post(self.path, data=form)

    @contextmanager
    def database(self) -> Iterator[Connection]:
        engine = create_engine(self.direct, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def stored(self) -> Counter[str]:
        with self.database() as connection:
            return Counter(connection.scalars(select(Comment.body)))

    def wait_until(self, is_so: Callable[[], object], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.site.log()
            time.sleep(0.05)

    def is_ready(self) -> bool:
        return self.anybody.get("/readyz").status_code == 200


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("database")
        site = stack.enter_context(server(folder, "cut"))
        app = site.application()
        with app.app_context():
            thread_id = make_consultation().thread_id
            cookies = [cookie_of(app, make_user(email=f"w{n}@example.org")) for n in range(PEOPLE)]
            db.session.close()
            db.engine.dispose()
        direct = site.env["ENGAGE_DATABASE_URL"]
        line = stack.enter_context(wire(make_url(direct).port or 5432))
        cut = make_url(direct).set(host="127.0.0.1", port=line.port)
        site.env["ENGAGE_DATABASE_URL"] = cut.render_as_string(hide_password=False)
        site.start()

        def client(cookies: httpx.Cookies | None = None) -> httpx.Client:
            # a connection each time: a kept one may close between two requests
            once = httpx.Limits(max_keepalive_connections=0)
            made = httpx.Client(base_url=site.url, cookies=cookies, limits=once, timeout=SAFE)
            return stack.enter_context(made)

        people = [client(cookie) for cookie in cookies]
        path = f"/en/comments/threads/{thread_id}/new"
        yield Place(site, direct, line, path, people, client())


@pytest.fixture(autouse=True)
def whole_wire(place: Place) -> Iterator[None]:
    """Each test begins and ends with a site that is well."""
    place.wait_until(place.is_ready)
    yield
    place.wire.be("reset")
    place.wait_until(place.is_ready)


def is_friendly(answer: httpx.Response) -> bool:
    """A whole page, with what happened and what to do."""
    page, _complaints = parse(answer.text, fragment=False)
    assert answer.status_code == 503, answer.status_code
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    assert chosen(page, "header.focusbar img"), "the layout, not the bare page"
    assert len(chosen(page, "main h1")) == 1
    assert "Traceback" not in answer.text
    return True


@pytest.mark.parametrize("kind", ["blackhole", "lose_reply", "reset refuse"])
def test_a_database_that_is_away_is_told_and_the_site_heals(place: Place, kind: str) -> None:
    kept = place.form()
    assert place.send(kept).status_code == 303
    form = place.form()
    place.wire.be(kind)

    # everybody at once: nobody waits in line behind the others' silence
    asked = [
        (client, path)
        for client in (place.anybody, *place.people)
        for path in ("/en/", "/en/consultations", place.path, "/en/me")
    ]
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda c=client, p=path: answers.append(c.get(p)))
        for client, path in asked
    ]
    for thread in threads:
        thread.start()
    assert place.anybody.get("/healthz").status_code == 200
    for thread in threads:
        thread.join(SAFE)
    assert len(answers) == len(asked)
    told = [answer for answer in answers if answer.status_code == 503]
    assert all(is_friendly(answer) for answer in told)
    # who is not signed in may be led to sign in, or shown a page of two seconds ago
    assert len(told) >= 4 * len(place.people)
    assert {answer.status_code for answer in answers} <= {503, 302, 200}

    ready = place.anybody.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "bad")
    assert place.anybody.get("/healthz").status_code == 200
    refused = place.send(form)
    assert is_friendly(refused)
    assert form["body"] not in place.stored()

    place.wire.be("ok")
    place.wait_until(place.is_ready)
    assert place.people[0].get("/en/consultations").status_code == 200
    assert place.send(form).status_code == 303
    rows = place.stored()
    assert (rows[kept["body"]], rows[form["body"]]) == (1, 1)


def test_a_restarted_database_costs_readers_nothing(place: Place) -> None:
    """What a restart does to connections that are kept: each of them has ended."""
    form = place.form()
    with place.database() as connection:
        ended = connection.scalars(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).all()
    assert ended
    for person in place.people:
        assert person.get("/en/consultations").status_code == 200
    assert place.send(form).status_code == 303
    assert place.stored()[form["body"]] == 1


def test_cut_in_a_burst_each_write_is_there_or_refused(place: Place) -> None:
    outcomes: list[tuple[int, dict[str, str], httpx.Response]] = []
    stop = threading.Event()

    def write(who: int) -> None:
        while not stop.is_set():
            page = place.people[who].get(place.path)
            if page.status_code != 200:
                continue
            words = f"Burst {next(_number)} by {who}."
            form = {**Hidden(page.text).fields, "body": words, "stance": "neutral"}
            outcomes.append((who, form, place.send(form, who)))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for round_ in range(8):
        place.wait_until(lambda n=round_: len(outcomes) >= 4 * n)
        place.wire.be("reset")
    stop.set()
    for thread in threads:
        thread.join(SAFE)
    assert not any(thread.is_alive() for thread in threads)

    rows = place.stored()
    statuses = Counter(answer.status_code for _who, _form, answer in outcomes)
    assert set(statuses) <= {303, 503}, statuses
    for _who, form, answer in outcomes:
        number = rows[form["body"]]
        if answer.status_code == 303:
            assert number == 1, "acknowledged and not there"
        elif "may be saved, or not" in answer.text:
            assert number <= 1
        else:
            assert number == 0, "refused, and there all the same"
    for who, form, answer in outcomes:
        if answer.status_code == 503:
            place.wait_until(lambda w=who, f=form: place.send(f, w).status_code == 303)
    rows = place.stored()
    assert {rows[form["body"]] for _who, form, _answer in outcomes} == {1}


# A commit that takes as long as the test wants: a deferred trigger waits for a lock we hold.
_SLOW_COMMIT = """
CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON comments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
"""
_WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
)


@pytest.fixture
def slow_commit(place: Place) -> Iterator[Connection]:
    with place.database() as connection:
        connection.exec_driver_sql(_SLOW_COMMIT)
        connection.exec_driver_sql("SELECT pg_advisory_lock(4711)")
        yield connection
        connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        connection.exec_driver_sql("DROP FUNCTION wait_at_commit() CASCADE")


@pytest.mark.parametrize("kind", ["lose_reply", "reset"])
def test_a_lost_answer_to_commit_and_the_form_sent_again(
    place: Place, slow_commit: Connection, kind: str
) -> None:
    form = place.form()
    answers: list[httpx.Response] = []
    sender = threading.Thread(target=lambda: answers.append(place.send(form)))
    sender.start()
    place.wait_until(lambda: slow_commit.scalar(_WAITING), 4)
    assert place.stored()[form["body"]] == 0, "it commits at this moment"
    place.wire.be(kind)
    slow_commit.exec_driver_sql("SELECT pg_advisory_unlock(4711)")
    sender.join(SAFE)
    place.wait_until(lambda: place.stored()[form["body"]] == 1, 5)

    [answer] = answers
    assert is_friendly(answer)
    assert "may be saved, or not" in answer.text
    assert "Nothing was saved" not in answer.text

    place.wire.be("ok")
    place.wait_until(place.is_ready)
    again = place.send(form)
    assert again.status_code == 303
    assert place.stored()[form["body"]] == 1, "one means one"
    assert place.people[0].get(again.headers["Location"]).status_code == 200
    # the control: it is the key that tells the second from the first
    assert place.send({**form, FIELD: new_key()}).status_code == 303
    assert place.stored()[form["body"]] == 2


def test_a_worker_outlives_a_silent_database(place: Place) -> None:
    worker = place.site.start("worker")
    engine = create_engine(place.direct)

    def waiting() -> int:
        with engine.connect() as connection:
            return len(connection.scalars(select(SentForm).where(SentForm.key == "old")).all())

    def ask() -> None:
        app = place.site.application()
        app.config["DATABASE_URL"] = place.direct
        with app.app_context():
            with transactional():
                old = clock.now() - timedelta(days=2)
                db.session.add(SentForm(key="old", body_hash="", location="", at=old))
            forget_sent_forms.later()
            db.session.close()
            db.engine.dispose()
        app.extensions["engage_queue"].close()

    ask()
    place.wait_until(lambda: not waiting(), 40)
    place.wire.be("blackhole")
    time.sleep(2.5)  # an idle worker looks into the queue every second
    place.wire.be("ok")
    ask()
    place.wait_until(lambda: not waiting(), 60)
    assert worker.poll() is None
    place.site.kill(worker)
    engine.dispose()
