"""Everything we hold about a person, for them to take away: each feature adds its part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from engage.commons.accounts import queries, sessions
from engage.commons.accounts.models import User
from engage.core import clock
from engage.core.registry import Registry

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class ExportSource:
    """One part of the export. `load(user)` answers plain rows: numbers, words, instants.

    Parts that are read together come as one source whose `load` answers their rows by name.
    """

    name: str
    load: Callable[[User], Rows | Mapping[str, Rows]]


sources: Registry[ExportSource] = Registry()


def collect(user: User) -> dict[str, Any]:
    """The whole export as plain data."""
    parts: dict[str, Any] = {}
    for source in sources:
        found = source.load(user)
        named = found if isinstance(found, Mapping) else {source.name: found}
        parts |= {name: [_plain(row) for row in rows] for name, rows in named.items()}
    return {
        "format": "engage-personal-data-1",
        "made_at": clock.now().isoformat(),
        **parts,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value


def _account(user: User) -> Rows:
    names = (
        "id", "email", "display_name", "kind", "locale", "time_zone", "roles", "uses_shortcuts",
        "created_at", "confirmed_at", "password_at", "signed_in_at", "former_email",
    )  # fmt: skip
    yield {name: getattr(user, name) for name in names} | {
        "has_password": user.password is not None,
        "has_authenticator": user.has_authenticator,
    }


def _memberships(user: User) -> Rows:
    for membership in queries.my_memberships(user):
        yield {
            "organisation": membership.organisation.name,
            "role": membership.role,
            "since": membership.accepted_at,
        }


def _sessions(user: User) -> Rows:
    for row in sessions.of(user):
        yield {
            "opened_at": row.created_at,
            "last_used_at": row.seen_at,
            "how": row.method,
            "network": row.network,
            "browser": row.agent,
        }


def _passkeys(user: User) -> Rows:
    for key in queries.passkeys(user):
        yield {"name": key.name, "added_at": key.created_at, "last_used_at": key.lastuse_datetime}


def _identities(user: User) -> Rows:
    for identity in queries.provider_identities(user):
        yield {"provider": identity.issuer, "email": identity.email, "since": identity.created_at}


def register() -> None:
    """What accounts itself holds."""
    sources.add(ExportSource("account", _account))
    sources.add(ExportSource("organisations", _memberships))
    sources.add(ExportSource("sessions", _sessions))
    sources.add(ExportSource("passkeys", _passkeys))
    sources.add(ExportSource("provider_accounts", _identities))
