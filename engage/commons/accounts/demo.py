"""Demonstration accounts on the sign-in page: only where the demonstration is on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engage.commons.accounts.models import User
from engage.core.errors import Text


@dataclass(frozen=True)
class DemoAccount:
    """One account to try the site with: whose, and what it is good for."""

    email: str
    name: str
    text: Text


_source: list[Callable[[], Iterable[DemoAccount]]] = []


def offer(source: Callable[[], Iterable[DemoAccount]]) -> None:
    """Let the sign-in page show these accounts. The last source counts."""
    _source[:] = [source]


def on_show() -> list[DemoAccount]:
    """What the sign-in page shows."""
    return list(_source[0]()) if _source else []


def is_on_show(user: User) -> bool:
    """May this account be opened by a press? Only those on the list."""
    return any(account.email == user.email for account in on_show())
