"""Who may do what: role x relation x state, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engage.commons.accounts.models import User
from engage.commons.moderation import policy
from engage.commons.moderation.models import (
    COMPLAINT_WINDOW,
    LEASE,
    UNDO,
    Case,
    CaseState,
    Complaint,
    ComplaintState,
    Decision,
    Outcome,
)

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def person(ident: int, *roles: str) -> User:
    return User(id=ident, roles=list(roles))


def a_case(**over) -> Case:
    values = {
        "id": 1,
        "state": CaseState.OPEN,
        "author_id": 9,
        "claimed_by_id": None,
        "claimed_at": None,
    }
    return Case(**{**values, **over})


def a_decision(**over) -> Decision:
    values = {"id": 1, "decider_id": 1, "outcome": Outcome.HIDE, "decided_at": NOW}
    return Decision(**{**values, **over})


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        (None, False),
        ((), False),
        (("organiser",), False),
        (("communications",), False),
        (("analyst",), False),
        (("moderator",), True),
        (("admin",), True),
    ],
)
def test_can_moderate(roles, may) -> None:
    user = None if roles is None else person(1, *roles)
    assert bool(policy.can_moderate(user)) is may
    assert bool(policy.can_decide(user, a_case(), NOW)) is may
    assert bool(policy.can_work_on(user, a_case())) is may


@pytest.mark.parametrize(
    ("over", "may"),
    [
        ({}, True),
        ({"author_id": 1}, False),
        ({"author_id": None}, True),
        ({"claimed_by_id": 1, "claimed_at": NOW}, True),
        ({"claimed_by_id": 2, "claimed_at": NOW}, False),
        ({"claimed_by_id": 2, "claimed_at": NOW - LEASE}, True),
        ({"state": CaseState.DECIDED}, False),
    ],
)
def test_can_decide(over, may) -> None:
    assert bool(policy.can_decide(person(1, "moderator"), a_case(**over), NOW)) is may


@pytest.mark.parametrize(
    ("user", "over", "later", "may"),
    [
        (1, {}, timedelta(0), True),
        (1, {}, UNDO - timedelta(seconds=1), True),
        (1, {}, UNDO, False),
        (2, {}, timedelta(0), False),
        (1, {"letters_at": NOW}, timedelta(0), False),
        (1, {"undone_at": NOW}, timedelta(0), False),
    ],
)
def test_can_undo(user, over, later, may) -> None:
    moderator = person(user, "moderator")
    assert bool(policy.can_undo(moderator, a_decision(**over), NOW + later)) is may


@pytest.mark.parametrize(
    ("user", "roles", "over", "may"),
    [
        (2, ("moderator",), {}, True),
        (1, ("moderator",), {}, False),
        (1, ("admin",), {}, False),
        (3, ("moderator",), {"user_id": 3}, False),
        (2, ("organiser",), {}, False),
        (2, ("moderator",), {"state": ComplaintState.UPHELD}, False),
    ],
)
def test_can_review(user, roles, over, may) -> None:
    values = {"decider_id": 1, "user_id": 9, "state": ComplaintState.OPEN, **over}
    assert bool(policy.can_review(person(user, *roles), Complaint(**values))) is may


@pytest.mark.parametrize(
    ("over", "later", "may"),
    [
        ({"letters_at": NOW}, timedelta(0), True),
        ({"letters_at": NOW}, COMPLAINT_WINDOW, True),
        ({"letters_at": NOW}, COMPLAINT_WINDOW + timedelta(days=2), False),
        ({}, timedelta(0), False),
        ({"letters_at": NOW, "undone_at": NOW}, timedelta(0), False),
        ({"letters_at": NOW, "reversed_at": NOW}, timedelta(0), False),
    ],
)
def test_can_complain(over, later, may) -> None:
    assert bool(policy.can_complain(a_decision(**over), NOW + later)) is may


def test_every_refusal_says_why() -> None:
    for answer in (
        policy.can_moderate(None),
        policy.can_work_on(person(9, "moderator"), a_case()),
        policy.can_undo(person(2, "moderator"), a_decision(), NOW),
        policy.can_review(
            person(1, "moderator"), Complaint(decider_id=1, state=ComplaintState.OPEN)
        ),
    ):
        assert str(answer.reason)
