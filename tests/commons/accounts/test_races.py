"""Guests of one address at once: the limit is exact, and the proof that the test would notice."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from engage.commons.accounts import service
from engage.commons.accounts.models import Guest, StakeholderKind
from engage.core import db as ground
from engage.core.db import db, transactional
from engage.core.errors import TooMany

MANY = service.GUEST_ADMISSIONS * 2


def burst(app: Flask) -> tuple[int, list[BaseException]]:
    """(how many were admitted, what else happened) of MANY admissions at one barrier."""
    barrier, failures = threading.Barrier(MANY), []
    admitted: list[int] = []

    def run(number: int) -> None:
        try:
            with app.test_request_context("/en/", base_url="http://localhost"):
                barrier.wait(10)
                guest = service.admit_guest(
                    # the same mailbox, however it is typed
                    email="crowd@example.org" if number % 2 else "Crowd@Example.org",
                    display_name=f"Lena Berg {number}",
                    kind=StakeholderKind.RESIDENT,
                    locale="en",
                )
                admitted.append(guest.id)
        except BaseException as error:  # told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.rollback()
    assert db.session.query(Guest).count() == len(admitted)
    return len(admitted), failures


def test_six_guests_an_hour_and_never_seven(app: Flask) -> None:
    admitted, refused = burst(app)
    assert admitted == service.GUEST_ADMISSIONS, [repr(e) for e in refused]
    assert {type(error) for error in refused} == {TooMany}


@pytest.mark.postgresql
def test_without_the_lock_the_burst_breaks_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = threading.Barrier(MANY)

    def together(_name: str) -> None:
        counting.wait(10)  # everybody counts before anybody has written

    monkeypatch.setattr(service, "lock_name", together)
    admitted, _failures = burst(app)
    assert admitted > service.GUEST_ADMISSIONS


def test_a_name_is_held_inside_of_a_write_only(app: Flask) -> None:
    with pytest.raises(RuntimeError):
        ground.lock_name("a name")
    with transactional():
        ground.lock_name("a name")
        ground.lock_name("a name")
