"""A worker killed in the middle of a mailing, a relay with moods: no letter is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

import config as settings
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.idempotency import SentForm, forget_sent_forms
from engage.core.outbox import Mail, MailState, deliver, post, sweep
from tests.faults.tools import Relay, needs_tools, relay
from tests.instances import Server, leashed, server

pytestmark = [pytest.mark.faults, needs_tools]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Relay]:
    with relay(tmp_path / "relay") as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, sink: Relay) -> Iterator[Server]:
    with server(tmp_path / "site", "mail", ENGAGE_MAIL_URL=sink.url) as instance:
        yield instance


@contextmanager
def inside(site: Server) -> Iterator[None]:
    """Beside the worker, on the same data."""
    app = site.application()
    with app.app_context():
        yield
        db.session.close()
        db.engine.dispose()
    app.extensions["engage_queue"].close()


def write(number: int) -> dict[str, str]:
    """So many letters to different people; answers who gets which, by Message-ID."""
    with transactional():
        for n in range(number):
            post(
                to=f"p{n}@example.org",
                template="accounts/closed",
                locale="en",
                context={"name": f"Person {n}", "site": "Engage"},
            )
    return {mail.message_id: mail.to_address for mail in db.session.scalars(select(Mail))}


def in_state(*states: MailState) -> list[Mail]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Mail).where(Mail.state.in_(states)).order_by(Mail.id)))


def kept_forms() -> list[SentForm]:
    db.session.rollback()
    return list(db.session.scalars(select(SentForm)))


def wait_until(is_so: Callable[[], object], site: Server, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, site.log()
        time.sleep(0.02)


def test_a_worker_killed_in_mid_mailing_loses_nothing(site: Server, sink: Relay) -> None:
    sink.mood("slow=0.05")  # so that the kill always meets one under way
    with inside(site):
        meant = write(30)
    worker = site.start("worker")
    wait_until(lambda: len(sink.taken()) >= 8, site)
    site.kill(worker)
    before = sink.copies()
    assert len(before) < len(meant), "the kill came after the mailing"

    sink.mood("ok")
    with inside(site):
        [held] = in_state(MailState.SENDING)
        in_flight = held.message_id
        sent = {mail.message_id for mail in in_state(MailState.SENT)}
        assert set(before) - {in_flight} == sent, "what the relay took, we know it took"

        # the next worker goes on at once; only the one under way waits until it counts as lost
        worker = site.start("worker")
        wait_until(lambda: len(in_state(MailState.SENT)) == len(meant) - 1, site)
        assert [mail.message_id for mail in in_state(MailState.SENDING)] == [in_flight]
        assert sink.copies()[in_flight] == before[in_flight]
        with transactional():
            long_ago = clock.now() - timedelta(minutes=11)
            held_ones = update(Mail).where(Mail.claimed_at.is_not(None))
            db.session.execute(held_ones.values(claimed_at=long_ago))
            sweep.later()
        wait_until(lambda: len(in_state(MailState.SENT)) == len(meant), site)
    copies = sink.copies()
    assert set(copies) == set(meant), "each letter arrived"
    twice = {ident for ident, number in copies.items() if number > 1}
    assert twice <= {in_flight}
    assert copies[in_flight] <= 2
    assert {str(letter["To"]) for letter in sink.taken()} == set(meant.values())
    stopped_politely(worker)


def stopped_politely(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


# The negative control: a worker which counts a mail as sent when it takes it in hand.
_HASTY = """
from flask.cli import ScriptInfo
from engage.core import outbox
claim = outbox._claim
def hasty(limit):
    with outbox.transactional():
        taken = claim(limit)
        for ident in taken:
            outbox._note(ident, outbox.MailState.SENT)
    return taken
outbox._claim = hasty
from wsgi import app
app.cli.main(["worker"], obj=ScriptInfo(create_app=lambda *_: app))
"""


@pytest.mark.parametrize("kind", ["ours", "hasty"])
def test_the_one_in_hand_is_lost_only_by_a_worker_that_notes_too_early(
    site: Server, sink: Relay, kind: str
) -> None:
    sink.mood("hang_banner")  # the first letter is in hand, and the relay never hears of it
    with inside(site):
        meant = write(5)
    if kind == "ours":
        worker = site.start("worker")
    else:
        command = leashed(sys.executable, "-c", _HASTY)
        env = {**os.environ, **site.env}
        worker = subprocess.Popen(command, cwd=settings.ROOT, env=env, start_new_session=True)
        site.processes.append(worker)
    in_hand = MailState.SENDING if kind == "ours" else MailState.SENT
    with inside(site):
        wait_until(lambda: in_state(in_hand), site)
        site.kill(worker)
        sink.mood("ok")
        with clock.at(clock.now() + timedelta(minutes=11)):
            sweep()
    assert len(meant) - len(sink.copies()) == (0 if kind == "ours" else 1)
    assert max(sink.copies().values()) == 1


def test_a_polite_stop_ends_a_mailing_between_two_letters(site: Server, sink: Relay) -> None:
    sink.mood("slow=0.05")
    with inside(site):
        meant = write(30)
    worker = site.start("worker")
    wait_until(lambda: len(sink.taken()) >= 3, site)
    stopped_politely(worker)
    with inside(site):
        assert in_state(MailState.SENDING) == []
        assert len(in_state(MailState.SENT)) == len(sink.taken()) < len(meant)
        assert set(sink.copies().values()) == {1}
        sink.mood("ok")
        deliver()
        assert len(in_state(MailState.SENT)) == len(meant)
    assert sink.copies() == dict.fromkeys(meant, 1)


def test_a_relay_that_hangs_holds_no_other_work_up(site: Server, sink: Relay) -> None:
    sink.mood("hang_banner")
    with inside(site):
        with transactional():
            old = clock.now() - timedelta(days=2)
            db.session.add(SentForm(key="old", body_hash="", location="", at=old))
        write(10)  # each of them calls for delivery: more calls than the worker has threads
        forget_sent_forms.later()
        site.start("worker")
        wait_until(lambda: not kept_forms(), site, 20)
        assert len(in_state(MailState.SENDING)) == 1, "the relay still hangs"
        assert len(in_state(MailState.QUEUED)) == 9


@pytest.mark.parametrize(
    ("said", "attempts"),
    [
        # the relay is away: no letter's fault
        ({"greet421": "421", "reset": "reset"}, 0),
        ({"rcpt450": "450", "data451": "451", "drop_mid_data=10": "closed"}, 1),
    ],
)
def test_a_relay_that_refuses_for_now_gets_them_later(
    site: Server, sink: Relay, said: dict[str, str], attempts: int
) -> None:
    meant: dict[str, str] = {}
    with inside(site):
        for mood, words in said.items():
            meant |= write(4)
            sink.mood(mood)
            deliver()
            waiting = in_state(MailState.QUEUED)
            assert len(waiting) == 4, mood
            assert waiting[0].attempts == attempts, mood
            assert words in (waiting[0].error or ""), "the outbox says why it waits"
            sink.mood("ok")
            with clock.at(clock.now() + timedelta(minutes=2)):
                sweep()
            sent = in_state(MailState.SENT)
            assert len(sent) == len(meant), mood
            assert {mail.error for mail in sent} == {None}, mood
    assert sink.copies() == dict.fromkeys(meant, 1)


def test_one_refused_for_good_bounces_and_the_others_arrive(site: Server, sink: Relay) -> None:
    with inside(site):
        meant = write(6)
        sink.mood("rcpt_re=p3@")
        deliver()
        [bounced] = in_state(MailState.BOUNCED)
        assert bounced.to_address == "p3@example.org"
        assert "550" in (bounced.error or "")
        assert len(in_state(MailState.SENT)) == 5
    assert sink.copies() == {k: 1 for k, to in meant.items() if to != "p3@example.org"}


def test_a_relay_that_refuses_half_of_the_time_gets_all(site: Server, sink: Relay) -> None:
    with inside(site):
        meant = write(20)
        now = clock.now()
        sink.mood("flaky=50")
        deliver()
        with clock.at(now + timedelta(minutes=2)):
            sweep()
        sink.mood("ok")
        with clock.at(now + timedelta(minutes=20)):
            sweep()
        assert len(in_state(MailState.SENT)) == len(meant)
    assert sink.copies() == dict.fromkeys(meant, 1)


def test_an_answer_that_was_lost_costs_a_copy_never_a_letter(site: Server, sink: Relay) -> None:
    with inside(site):
        meant = write(3)
        sink.mood("drop_after_data")
        deliver()
        assert len(sink.taken()) == 1
        assert len(in_state(MailState.QUEUED)) == 3, "taken, but nobody told us"
        sink.mood("ok")
        with clock.at(clock.now() + timedelta(minutes=2)):
            sweep()
    copies = sink.copies()
    assert set(copies) == set(meant)
    assert sorted(copies.values()) == [1, 1, 2]
