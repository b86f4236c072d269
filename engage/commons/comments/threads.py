"""What a thread hangs under: each owner registers how its threads' places are loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from engage.commons.accounts.models import User
from engage.core.access import Decision
from engage.core.errors import Text
from engage.core.registry import Registry


@dataclass(frozen=True)
class Place:
    """What comments need to know of the thing they are written under, for one reader at one instant.

    `commenting` judges the window and the owner's own rules, not who is signed in. `allows_guests`
    opens the thread to people without an account. `answer_days` is the response promise, None where
    nothing is promised. `newer_url` leads to the present wording when the subject has a newer one.
    `is_own_page`: the thread is shown on the subject's own page, which has a way of its own to agree
    with it; its title and the agreement are not repeated.
    """

    title: Text
    url: str
    is_visible: bool
    commenting: Decision
    allows_guests: bool = False
    closes_at: datetime | None = None
    answer_days: int | None = None
    host_ids: tuple[int, ...] = ()
    newer_url: str | None = None
    is_own_page: bool = False
    context: Text = ""  # what the subject is part of, for mails and the trail


Load = Callable[[Collection[int], User | None, datetime], Mapping[int, Place]]


@dataclass(frozen=True)
class ThreadKind:
    """`load(thread_ids, user, now)` answers a Place for each thread it knows, in a constant number of queries."""

    name: str
    load: Load


kinds: Registry[ThreadKind] = Registry()
