"""Support through real server processes: exact under bursts, and nothing acknowledged is lost by a
kill; and the proof that the bursts would notice a careless design."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select, text

import config as settings
from engage.core.db import db
from engage.programmes.ideas.models import Idea, IdeaState, Support
from engage.programmes.ideas.service import supporting
from tests.factories.accounts import make_user
from tests.factories.ideas import make_call, make_idea
from tests.faults.test_kills import Hidden
from tests.instances import Server, cookie_of, leashed, server

pytestmark = pytest.mark.faults
MANY = 16


@dataclass
class Story:
    """A site with an open call, an idea in it, and people with a browser each."""

    site: Server
    call_id: int
    category_id: int
    idea_id: int
    cookies: list[httpx.Cookies]

    def browser(self, number: int) -> httpx.Client:
        # a connection each time: a kept one may close between two requests, which proves nothing
        once = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(
            base_url=self.site.url, cookies=self.cookies[number], limits=once, timeout=20
        )

    @property
    def support(self) -> str:
        return f"/en/ideas/{self.idea_id}/support"

    def counted(self) -> tuple[int, int, list[object]]:
        """What the idea says, how many rows there are, and what a recount finds wrong."""
        app = self.site.application()
        with app.app_context():
            says = db.session.get_one(Idea, self.idea_id).supports_count
            rows = db.session.query(Support).filter_by(idea_id=self.idea_id).count()
            wrong: list[object] = list(supporting.drifts())
            db.session.close()
            db.engine.dispose()
        return says, rows, wrong


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with server(tmp_path, "ideas") as instance:
        app = instance.application()
        with app.app_context():
            call = make_call()
            idea = make_idea(call)
            people = [make_user(email=f"i{n}@example.org") for n in range(MANY)]
            cookies = [cookie_of(app, one) for one in people]
            told = Story(instance, call.id, call.categories[0].id, idea.id, cookies)
            db.session.close()
            db.engine.dispose()
        yield told


# --- bursts -------------------------------------------------------------------------------


def at_once(story: Story, presses: Sequence[int]) -> Counter[int]:
    """These people press the button of the idea, all with one last byte at the same moment."""
    barrier = threading.Barrier(len(presses))
    answers: Counter[int] = Counter()
    said = threading.Lock()

    def press(number: int) -> None:
        with story.browser(number) as http:
            form = Hidden(http.get(story.support).text).fields
            form.pop("idempotency_key", None)  # a second press, not the same one again
            cookies = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        body = urlencode({**form, "value": "yes"})
        head = (
            f"POST {story.support} HTTP/1.1",
            f"Host: 127.0.0.1:{story.site.port}",
            f"Origin: {story.site.url}",
            f"Cookie: {cookies}",
            "Connection: close",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        )
        raw = ("\r\n".join(head) + "\r\n\r\n" + body).encode()
        with socket.create_connection(("127.0.0.1", story.site.port), 30) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.sendall(raw[:-1])
            barrier.wait(60)
            line.sendall(raw[-1:])
            answer = line.makefile("rb").readline()
        with said:
            answers[int(answer.split()[1])] += 1

    threads = [threading.Thread(target=press, args=(number,)) for number in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return answers


def test_many_people_at_once_are_all_counted(story: Story) -> None:
    story.site.start()
    answers = at_once(story, range(MANY))
    # a machine too busy says so and has counted nothing
    assert set(answers) <= {303, 503}
    assert answers[303] > 1
    assert story.counted() == (answers[303], answers[303], [])


def test_one_person_pressing_many_times_at_once_counts_once(story: Story) -> None:
    story.site.start()
    answers = at_once(story, [0] * MANY)
    assert set(answers) <= {303, 503}
    assert answers[303] > 1
    assert story.counted() == (1, 1, [])


def test_control_the_same_bursts_break_a_careless_design(story: Story) -> None:
    app = story.site.application()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_idea_supports_person"))
    process = _start_careless(story.site)
    answers = at_once(story, range(MANY // 2))
    says, rows, wrong = story.counted()
    assert rows >= answers[303] > 1
    assert says < rows, "the burst no longer collides, so the tests above prove nothing"
    assert wrong
    before = rows
    at_once(story, [MANY - 1] * (MANY // 2))
    _says, rows, _wrong = story.counted()
    assert rows - before > 1, "one person no longer counts twice, so the tests above prove nothing"
    story.site.kill(process)


def _start_careless(site: Server) -> subprocess.Popen[bytes]:
    log = (site.folder / "server.log").open("ab")
    process = subprocess.Popen(
        leashed(sys.executable, "-m", "tests.faults.careless"),
        cwd=settings.ROOT,
        env={**os.environ, **site.env},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    log.close()
    site.processes.append(process)
    site.wait_until_it_answers(process)
    return process


# --- killed -------------------------------------------------------------------------------


@dataclass
class Burst:
    """People write ideas and support one another's as fast as they can until the server is gone."""

    story: Story
    ideas: list[str] = field(default_factory=list)
    supports: list[int] = field(default_factory=list)
    unanswered: dict[int, tuple[str, dict[str, str]]] = field(default_factory=dict)
    broken: Counter[str] = field(default_factory=Counter)
    browsers: dict[int, httpx.Client] = field(default_factory=dict)

    def act(self, writer: int) -> None:
        # kept for the second try: a form belongs to the browser that was shown it
        http = self.browsers[writer] = self.story.browser(writer)
        for number in range(12):
            try:
                if not self._write(http, writer, number) or not self._support(http, writer):
                    return
            except httpx.HTTPError as error:
                self.broken[type(error).__name__] += 1
                return

    def _write(self, http: httpx.Client, writer: int, number: int) -> bool:
        """Draft, check, send: the second answer says that it is published."""
        at, title = f"/en/ideas/new?call={self.story.call_id}", f"Idea {writer} of {number} words"
        form = Hidden(http.get(at).text).fields
        kept = http.post(at, data={**form, **_words(self.story, title), "step": "check"})
        if kept.status_code != 303:
            self.broken[f"draft {kept.status_code}"] += 1
            return False
        check = kept.headers["Location"]
        if self._sent(http, writer, check, {}):
            self.ideas.append(title)
            return True
        return False

    def _support(self, http: httpx.Client, writer: int) -> bool:
        if writer in self.supports:
            return True
        if self._sent(http, writer, self.story.support, {"value": "yes"}):
            self.supports.append(writer)
            return True
        return False

    def _sent(self, http: httpx.Client, writer: int, at: str, more: dict[str, str]) -> bool:
        form = {**Hidden(http.get(at).text).fields, **more}
        self.unanswered[writer] = at, form
        answer = http.post(at, data=form)
        self.unanswered.pop(writer)
        if answer.status_code != 303:
            self.broken[f"{at} {answer.status_code}"] += 1
        return answer.status_code == 303


def _words(story: Story, title: str) -> dict[str, str]:
    return {
        "title": title,
        "body": "So that people can rest.",
        "category_id": str(story.category_id),
        "language": "en",
    }


def test_nothing_acknowledged_is_lost_and_a_retry_does_nothing_twice(story: Story) -> None:
    process = story.site.start()
    burst = Burst(story)
    threads = [threading.Thread(target=burst.act, args=(n,)) for n in range(MANY)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(burst.ideas) < 20 or len(burst.supports) < 8:
        assert time.monotonic() < deadline, (burst.broken, story.site.log())
        time.sleep(0.01)
    while not burst.unanswered:  # in the middle of somebody's
        time.sleep(0.0005)
    story.site.kill(process)
    for thread in threads:
        thread.join(30)

    published, supporters = _stored(story)
    gone = [title for title in burst.ideas if published[title] != 1]
    assert not gone, f"{len(gone)} of {len(burst.ideas)} acknowledged ideas are gone"
    assert max(published.values()) == 1
    assert set(burst.supports) <= supporters
    says, rows, wrong = story.counted()
    assert (says, wrong) == (rows, [])

    # everybody who got no answer sends the same form again
    story.site.start()
    again = dict(burst.unanswered)
    assert again, "the kill met nobody in the middle"
    for writer, (at, form) in again.items():
        assert burst.browsers[writer].post(at, data=form).status_code in (302, 303), at
    for http in burst.browsers.values():
        http.close()
    published, supporters = _stored(story)
    assert max(published.values()) == 1
    assert {writer for writer, (at, _form) in again.items() if at == story.support} <= supporters
    says, rows, wrong = story.counted()
    assert (says, wrong) == (rows, [])


def _stored(story: Story) -> tuple[Counter[str], set[int]]:
    """(how often each published title is there, the numbers of the people who support)."""
    app = story.site.application()
    with app.app_context():
        titles = Counter(
            db.session.scalars(select(Idea.title).where(Idea.state == IdeaState.PUBLISHED))
        )
        emails = db.session.scalars(
            text(
                "SELECT users.email FROM users JOIN idea_supports ON user_id = users.id"
                " WHERE idea_id = :idea"
            ),
            {"idea": story.idea_id},
        ).all()
        db.session.close()
        db.engine.dispose()
    return titles, {int(one.partition("@")[0].removeprefix("i")) for one in emails}
