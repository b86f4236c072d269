"""Rights: role x state x action, and the SQL twins of what Python says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engage.core.db import db
from engage.programmes.consultations import policy
from engage.programmes.consultations.models import Consultation, ConsultationState
from tests.factories.accounts import make_staff, make_user
from tests.factories.consultations import make_consultation

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
S = ConsultationState

# action -> the states in which an organiser may
TABLE = {
    "edit": {S.DRAFT, S.SCHEDULED, S.OPEN, S.CLOSED, S.ANSWERED},
    "set_window": {S.DRAFT, S.SCHEDULED},
    "schedule": {S.DRAFT},
    "unschedule": {S.SCHEDULED},
    "extend": {S.SCHEDULED, S.OPEN},
    "close": {S.OPEN},
    "publish_outcome": {S.CLOSED, S.ANSWERED},
    "archive": {S.ANSWERED},
    "remove_part": {S.DRAFT, S.SCHEDULED},
    "copy": set(S),
}
ROLES = {
    "nobody": False,
    "resident": False,
    "moderator": False,
    "communications": False,
    "analyst": False,
    "organiser": True,
    "admin": True,
}


def person(role: str) -> Any:
    if role == "nobody":
        return None
    return make_user() if role == "resident" else make_staff(role)


def test_the_table_names_every_action() -> None:
    assert set(TABLE) == set(policy.ACTIONS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", S)
def test_role_and_state_decide(app: Flask, frozen: Any, role: str, state: S) -> None:
    with frozen(NOW):
        user, consultation = person(role), make_consultation(state)
        for action, states in TABLE.items():
            decision = policy.can(action, user, consultation, NOW)
            assert decision.allowed is (ROLES[role] and state in states), (role, state, action)
            assert decision.allowed or decision.reason


@pytest.mark.parametrize("role", ROLES)
def test_who_may_create(app: Flask, role: str) -> None:
    assert policy.can_create(person(role)).allowed is ROLES[role]


@pytest.mark.parametrize("role", ROLES)
def test_seeing_in_python_is_seeing_in_sql(app: Flask, frozen: Any, role: str) -> None:
    with frozen(NOW):
        user = person(role)
        made = [make_consultation(state) for state in S]
        in_sql = set(db.session.scalars(select(Consultation.id).where(policy.visible_to(user))))
        in_python = {one.id for one in made if policy.can_see(user, one)}
        assert in_sql == in_python
        assert (made[0].id in in_sql) is (role in {"organiser", "analyst", "admin"})


OPENS, CLOSES = NOW, NOW + timedelta(days=14)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OPENS - timedelta(microseconds=1), S.SCHEDULED),
        (OPENS, S.OPEN),
        (CLOSES - timedelta(microseconds=1), S.OPEN),
        (CLOSES, S.CLOSED),
        (CLOSES + SECOND, S.CLOSED),
    ],
)
@pytest.mark.parametrize("stored", [S.SCHEDULED, S.OPEN, S.CLOSED])
def test_the_window_decides_to_the_second(
    app: Flask, now: datetime, expected: S, stored: S
) -> None:
    one = make_consultation(stored, opens_at=OPENS, closes_at=CLOSES)
    assert one.state_at(now) is expected
    assert policy.can_comment(None, one, now).allowed is (expected is S.OPEN)


@pytest.mark.parametrize(
    "now", [OPENS - SECOND, OPENS, CLOSES - timedelta(microseconds=1), CLOSES, CLOSES + SECOND]
)
def test_the_state_in_sql_is_the_state_in_python(app: Flask, now: datetime) -> None:
    for state in S:
        make_consultation(state, opens_at=OPENS, closes_at=CLOSES)
    rows = db.session.execute(select(Consultation, Consultation.state_sql(now))).all()
    assert len(rows) == len(S)
    assert [in_sql for _one, in_sql in rows] == [one.state_at(now).value for one, _in_sql in rows]


def test_a_refused_comment_says_when_it_opens(app: Flask) -> None:
    one = make_consultation(S.SCHEDULED, opens_at=OPENS, closes_at=CLOSES)
    decision = policy.can_comment(None, one, OPENS - SECOND)
    assert "13:00" in str(decision.hint), "told in the consultation's own zone"


@pytest.mark.parametrize("state", S)
def test_following(app: Flask, frozen: Any, state: S) -> None:
    with frozen(NOW):
        one, user = make_consultation(state), make_user()
        assert policy.can_follow(user, one, NOW).allowed is (state not in {S.DRAFT, S.ARCHIVED})
        assert not policy.can_follow(None, one, NOW)
