"""Killed in the middle of a burst of comments: what was acknowledged is there."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from engage.commons.comments.models import Comment
from engage.core.db import db
from tests.factories.accounts import make_user
from tests.factories.consultations import make_consultation
from tests.instances import Server, cookie_of, server

pytestmark = pytest.mark.faults
WRITERS = 8


class Hidden(HTMLParser):
    """The hidden fields of a page's forms; the last one of a name wins."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden" and given.get("name"):
            self.fields[str(given["name"])] = given.get("value") or ""


@dataclass
class Burst:
    """Several people comment as fast as they can until told to stop."""

    url: str
    people: list[httpx.Client]
    path: str
    acknowledged: list[str] = field(default_factory=list)
    open_forms: dict[int, dict[str, str]] = field(default_factory=dict)
    broken: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self, writer: int) -> None:
        http = self.people[writer]
        for number in range(50):
            if self.stop.is_set():
                return
            try:
                page = http.get(self.path)
                form = {**Hidden(page.text).fields, "body": f"Remark {writer}-{number}."}
                form.setdefault("stance", "neutral")
                self.open_forms[writer] = form
                answer = http.post(self.path, data=form)
            except httpx.HTTPError as error:
                self.broken[type(error).__name__] += 1
                return
            if answer.status_code in (302, 303):
                self.acknowledged.append(form["body"])
                self.open_forms.pop(writer, None)
            else:
                self.broken[str(answer.status_code)] += 1
                return

    def begin(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self.write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        return threads


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path, "kills") as instance:
        yield instance


@pytest.fixture
def burst(site: Server) -> Iterator[Burst]:
    app = site.application()
    with app.app_context():
        thread_id = make_consultation(allows_guests=True).thread_id
        cookies = [cookie_of(app, make_user(email=f"w{n}@example.org")) for n in range(WRITERS)]
        db.session.close()
        db.engine.dispose()
    # a connection each time: a kept one may close between two requests, which proves nothing
    once = httpx.Limits(max_keepalive_connections=0)
    people = [
        httpx.Client(base_url=site.url, cookies=cookie, limits=once, timeout=10)
        for cookie in cookies
    ]
    yield Burst(site.url, people, f"/en/comments/threads/{thread_id}/new")
    for person in people:
        person.close()


def stored(site: Server) -> Counter[str]:
    app = site.application()
    with app.app_context():
        found = Counter(db.session.scalars(select(Comment.body)))
        db.session.close()
        db.engine.dispose()
    return found


def wait_for_acknowledged(burst: Burst, number: int, site: Server) -> None:
    deadline = time.monotonic() + 30
    while len(burst.acknowledged) < number:
        assert time.monotonic() < deadline, (burst.broken, site.log())
        time.sleep(0.01)


def test_nothing_acknowledged_is_lost_and_a_retry_does_nothing_twice(
    site: Server, burst: Burst
) -> None:
    process = site.start()
    threads = burst.begin()
    wait_for_acknowledged(burst, 25, site)
    while not burst.open_forms:  # in the middle of somebody's
        time.sleep(0.0005)
    site.kill(process)
    for thread in threads:
        thread.join(20)

    rows = stored(site)
    missing = [body for body in burst.acknowledged if body not in rows]
    assert not missing, f"{len(missing)} of {len(burst.acknowledged)} acknowledged are gone"
    assert max(rows.values()) == 1

    # everybody who got no answer sends the same form again
    site.start()
    unanswered = dict(burst.open_forms)
    assert unanswered, "the kill met nobody in the middle"
    for writer, form in unanswered.items():
        answer = burst.people[writer].post(burst.path, data=form)
        assert answer.status_code in (302, 303), answer.status_code
    rows = stored(site)
    assert all(rows[form["body"]] == 1 for form in unanswered.values()), rows
    assert max(rows.values()) == 1


def test_a_polite_stop_finishes_what_was_begun(site: Server, burst: Burst) -> None:
    process = site.start()
    threads = burst.begin()
    wait_for_acknowledged(burst, 10, site)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    burst.stop.set()
    for thread in threads:
        thread.join(20)
    rows = stored(site)
    assert set(burst.acknowledged) <= set(rows)
    # nobody was cut off after sending: those who failed found the door already closed
    unanswered = {form["body"] for form in burst.open_forms.values()}
    assert not unanswered & set(rows), burst.broken


def children_of(process: subprocess.Popen[bytes]) -> list[str]:
    """The numbers of the processes it has started."""
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def test_a_killed_process_is_replaced_and_the_others_go_on(site: Server, burst: Burst) -> None:
    process = site.start()
    # one of them answers while the next are being made
    deadline = time.monotonic() + 30
    while len(children := children_of(process)) < 2:
        assert time.monotonic() < deadline, f"it serves with {len(children)}"
        time.sleep(0.05)
    os.kill(int(children[0]), signal.SIGKILL)
    answered = sum(
        httpx.get(f"{site.url}/healthz", timeout=5).status_code == 200 for _ in range(20)
    )
    assert answered == 20
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        now = children_of(process)
        if len(now) >= len(children) and children[0] not in now:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("no new process came")
    assert burst.people[0].get(burst.path).status_code == 200
