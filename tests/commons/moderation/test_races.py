"""At the same instant: many moderators decide, one person reports many times, two workers send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import func, select

from engage.commons.accounts.models import User
from engage.commons.moderation.models import Case, Decision, Report
from engage.commons.moderation.service import deciding
from engage.core.db import db
from engage.core.errors import Conflict
from engage.core.outbox import Mail
from tests.factories.accounts import make_staff
from tests.factories.moderation import make_case, make_decision, make_report

BURST = 6


def at_once(app: Flask, act: Callable[[int], object]) -> Counter[str]:
    """What `act(0)`, `act(1)` ... end with when all begin at the same moment."""
    start = Barrier(BURST)

    def run(number: int) -> str:
        with app.test_request_context("/en/", base_url="http://localhost"):
            start.wait(10)
            try:
                act(number)
            except Conflict:
                return "conflict"
            finally:
                db.session.close()
            return "done"

    with ThreadPoolExecutor(BURST) as pool:
        return Counter(pool.map(run, range(BURST)))


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_one_of_many_moderators_decides(app, notes) -> None:
    notes.add()
    with app.test_request_context("/en/", base_url="http://localhost"):
        case = make_case(1)
        people = [make_staff("moderator").id for _n in range(BURST)]
        case_id, version = case.id, case.version

    def decide(number: int) -> None:
        case = db.session.get_one(Case, case_id)
        make_decision(case, db.session.get_one(User, people[number]), version=version)

    assert at_once(app, decide) == {"done": 1, "conflict": BURST - 1}
    assert count(Decision) == 1


def test_one_of_many_moderators_claims(app, notes) -> None:
    notes.add()
    with app.test_request_context("/en/", base_url="http://localhost"):
        case_id = make_case(1).id
        people = [make_staff("moderator").id for _n in range(BURST)]

    def claim(number: int) -> None:
        deciding.claim(case_id, actor=db.session.get_one(User, people[number]))

    assert at_once(app, claim) == {"done": 1, "conflict": BURST - 1}


def test_one_person_reports_many_times_at_once(app, notes) -> None:
    notes.add()
    assert at_once(app, lambda _number: make_report(1)) == {"done": BURST}
    assert (count(Case), count(Report), count(Mail)) == (1, 1, 1)


def test_many_people_report_at_once(app, notes) -> None:
    notes.add()
    at_once(app, lambda number: make_report(1, email=f"reader{number}@example.org"))
    assert (count(Case), count(Report)) == (1, BURST)
    assert db.session.scalar(select(Case.reports_count)) == BURST


def test_letters_leave_once_from_many_workers(app, notes, moderator) -> None:
    notes.add()
    with app.test_request_context("/en/", base_url="http://localhost"):
        decision_id = make_decision(make_case(1), moderator).id
    at_once(app, lambda _number: deciding.send_letters(decision_id))
    answered = select(func.count()).where(Mail.template == "moderation/report_answered")
    db.session.rollback()
    assert db.session.scalar(answered) == 1
