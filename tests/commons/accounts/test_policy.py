"""Who may do what: role x state x action."""

from __future__ import annotations

import pytest
from flask import Flask

from engage.commons.accounts import policy
from engage.commons.accounts.models import (
    Membership,
    MembershipRole,
    Organisation,
    OrganisationKind,
    User,
)
from engage.core import clock
from tests.factories.accounts import make_organisation, make_staff, make_user

ROLES = ("admin", "organiser", "moderator", "communications", "analyst", None)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", ["active", "closed", "self"])
def test_people(app: Flask, role: str | None, state: str) -> None:
    actor = make_staff(role) if role else make_user()
    person = (
        actor
        if state == "self"
        else make_user(closed_at=clock.now() if state == "closed" else None)
    )
    expected = role == "admin" and state == "active"
    assert bool(policy.can_change_roles(actor, person)) is expected
    assert bool(policy.can_suspend(actor, person)) is expected
    assert bool(policy.can_reset_second_step(actor, person)) is expected
    assert bool(policy.can_administer(actor)) is (role == "admin")


def test_nobody_is_nobody(app: Flask) -> None:
    person, port = make_user(), make_organisation()
    assert not policy.can_administer(None)
    assert not policy.can_change_roles(None, person)
    assert not policy.can_request_organisation(None)
    assert not policy.can_manage_organisation(None, port, None)


def belonging(
    user: User, port: Organisation, role: str | None, accepted: bool
) -> Membership | None:
    if role is None:
        return None
    return Membership(
        user_id=user.id,
        organisation_id=port.id,
        role=MembershipRole(role),
        accepted_at=clock.now() if accepted else None,
    )


@pytest.mark.parametrize("role", ["lead", "editor", "member", None])
@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("state", ["verified", "waiting", "declined"])
def test_organisations(app: Flask, role: str | None, accepted: bool, state: str) -> None:
    user = make_user()
    port = Organisation(
        id=7,
        name="Port",
        slug="port",
        kind=OrganisationKind.AUTHORITY,
        verified_at=clock.now() if state == "verified" else None,
        declined_at=clock.now() if state == "declined" else None,
    )
    own = belonging(user, port, role, accepted)
    assert bool(policy.can_manage_organisation(user, port, own)) is (
        state != "declined" and accepted and role == "lead"
    )
    assert policy.can_see_organisation(user, port, own) is (state == "verified" or role is not None)
    assert policy.can_see_organisation(None, port, None) is (state == "verified")
    assert policy.can_manage_organisation(make_staff("admin"), port, None)


def test_anothers_membership_opens_nothing(app: Flask) -> None:
    user, other, port = make_user(), make_user(), make_organisation()
    theirs = belonging(other, port, "lead", True)
    assert not policy.can_manage_organisation(user, port, theirs)
