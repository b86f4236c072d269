"""Who may do what with plan texts: role x ownership x state."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from engage.commons.accounts.models import User
from engage.commons.documents import policy
from engage.commons.documents.models import Version, VersionState
from engage.commons.documents.owners import Owner
from engage.core.access import ALLOWED, denied
from engage.core.db import db
from tests.factories.accounts import make_staff, make_user
from tests.factories.documents import PLAN, PLAN_2, make_draft, make_plan

NOBODY, RESIDENT, ORGANISER, MODERATOR, ANALYST, ADMIN = (
    "nobody",
    "resident",
    "organiser",
    "moderator",
    "analyst",
    "admin",
)
EVERYBODY = (NOBODY, RESIDENT, ORGANISER, MODERATOR, ANALYST, ADMIN)
MAKERS = {ORGANISER, ADMIN}
STAFF = {ORGANISER, MODERATOR, ANALYST, ADMIN}


def person(role: str) -> User | None:
    if role == NOBODY:
        return None
    return make_user() if role == RESIDENT else make_staff(role)


def owner(**over: object) -> Owner:
    values = {
        "title": "x",
        "url": "/",
        "document_url": "/d",
        "version_url": str,
        "is_visible": True,
        "commenting": ALLOWED,
        "can_edit": True,
        **over,
    }
    return Owner(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", EVERYBODY)
def test_creating_and_editing(app: Flask, role: str):
    who = person(role)
    assert policy.can_create(who).allowed is (role in MAKERS)
    assert policy.can_edit(who, owner()).allowed is (role in MAKERS)
    assert not policy.can_edit(who, owner(can_edit=False))
    assert not policy.can_edit(who, None)


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("state", list(VersionState))
def test_changing_a_version(app: Flask, role: str, state: VersionState):
    version = Version(state=state)
    allowed = role in MAKERS and state is VersionState.DRAFT
    assert policy.can_change(person(role), owner(), version).allowed is allowed


@pytest.mark.parametrize("role", EVERYBODY)
def test_seeing_versions_is_the_same_in_python_and_in_sql(app: Flask, role: str):
    document = make_plan(PLAN)
    make_draft(document, PLAN_2)
    who = person(role)
    rows = db.session.scalars(select(Version)).all()
    in_sql = set(db.session.scalars(select(Version.id).where(policy.visible_to(who))))
    assert in_sql == {row.id for row in rows if policy.can_see(who, row)}
    assert len(in_sql) == (2 if role in STAFF else 1)


def test_commenting_only_on_words_that_hold(app: Flask):
    closed = denied("closed")
    assert policy.commenting(owner(), is_current=True, has_heir=False)
    assert policy.commenting(owner(commenting=closed), is_current=True, has_heir=True) is closed
    for has_heir in (True, False):
        decision = policy.commenting(owner(), is_current=False, has_heir=has_heir)
        assert not decision
        assert decision.reason
        assert decision.hint


def test_every_refusal_says_why(app: Flask):
    for decision in (
        policy.can_create(None),
        policy.can_edit(None, None),
        policy.can_change(None, None, Version(state=VersionState.PUBLISHED)),
    ):
        assert str(decision.reason)
        assert str(decision.hint)
