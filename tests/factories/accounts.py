"""People and organisations for tests: each call adds one row with plausible content."""

from __future__ import annotations

import secrets
from functools import cache
from itertools import count
from typing import Any, TypeVar

from argon2 import PasswordHasher

from engage.commons.accounts import sessions
from engage.commons.accounts.models import (
    Guest,
    Membership,
    MembershipRole,
    Organisation,
    OrganisationKind,
    SignIn,
    SignInMethod,
    StakeholderKind,
    User,
)
from engage.commons.accounts.sessions import Visitor
from engage.core import clock
from engage.core.db import Model, db, transactional

PASSWORD = "seven gulls over the pier"
_number = count(1)


@cache
def hashed(password: str) -> str:
    """An argon2id hash with the cheapest cost, so that a suite of thousands stays quick."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


Row = TypeVar("Row", bound=Model)


def _add(row: Row) -> Row:
    with transactional():
        db.session.add(row)
        db.session.flush()
    return row


def make_user(**over: Any) -> User:
    """A confirmed resident with the password PASSWORD."""
    number = next(_number)
    password = over.pop("plain_password", PASSWORD)
    values: dict[str, Any] = {
        "email": f"person{number}@example.org",
        "display_name": f"Person {number}",
        "kind": StakeholderKind.RESIDENT,
        "locale": "en",
        "time_zone": "Europe/Paris",
        "roles": [],
        "active": True,
        "confirmed_at": clock.now(),
        "password": hashed(password) if password else None,
        "fs_uniquifier": secrets.token_hex(16),
        "fs_webauthn_user_handle": secrets.token_hex(16),
    }
    values.update(over)
    values["roles"] = [str(role) for role in values["roles"]]
    return _add(User(**values))


def make_staff(*roles: str, **over: Any) -> User:
    """Somebody with these site roles."""
    return make_user(roles=list(roles), **over)


def make_organisation(**over: Any) -> Organisation:
    """A verified business."""
    number = next(_number)
    values: dict[str, Any] = {
        "slug": f"organisation-{number}",
        "name": f"Harbour Works {_letters(number)}",
        "kind": OrganisationKind.BUSINESS,
        "verified_at": clock.now(),
    }
    values.update(over)
    return _add(Organisation(**values))


def make_member(
    user: User, organisation: Organisation, role: str = "lead", **over: Any
) -> Membership:
    """An accepted membership."""
    values: dict[str, Any] = {
        "user_id": user.id,
        "organisation_id": organisation.id,
        "role": MembershipRole(role),
        "accepted_at": clock.now(),
    }
    values.update(over)
    return _add(Membership(**values))


def make_guest(**over: Any) -> Guest:
    """A guest who has not confirmed yet."""
    number = next(_number)
    values: dict[str, Any] = {
        "email": f"guest{number}@example.org",
        "display_name": f"Guest Visitor {number}",
        "kind": StakeholderKind.RESIDENT,
        "locale": "en",
    }
    values.update(over)
    return _add(Guest(**values))


def _letters(number: int) -> str:
    # digits fold into letters in a skeleton (1 and l look alike), so names differ by letters
    text = ""
    while number:
        number, digit = divmod(number, 16)
        text = "bcdfghjkmnpqrtvw"[digit] + text
    return text


def signed_in_cookie(http: Any, user: User, *, second_factor: bool = True) -> SignIn:
    """Sign a test client in without the forms: a session row, and its secret in the cookie."""
    token, row = sessions.open_session(
        user,
        method=SignInMethod.PASSWORD,
        second_factor=second_factor,
        visitor=Visitor("203.0.113.7", "Mozilla/5.0 (X11; Linux) Firefox/140.0"),
    )
    with http.session_transaction() as cookie:
        cookie["_user_id"] = user.get_id()
        cookie["sign_in"] = token
    return row
