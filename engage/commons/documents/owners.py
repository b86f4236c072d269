"""What a document belongs to: each owner registers how its documents' places are loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from engage.commons.accounts.models import User
from engage.core.access import Decision
from engage.core.errors import Text
from engage.core.registry import Registry


@dataclass(frozen=True)
class Owner:
    """What documents need to know of the thing they are part of, for one person at one instant.

    `document_url` shows the present version, `version_url(n)` version n; both take `?chapter=` and
    an anchor. `commenting` judges the window and the owner's own rules, not who is signed in.
    """

    title: Text
    url: str
    document_url: str
    version_url: Callable[[int], str]
    is_visible: bool
    commenting: Decision
    allows_guests: bool = False
    closes_at: datetime | None = None
    answer_days: int | None = None
    host_ids: tuple[int, ...] = ()
    can_edit: bool = False


Load = Callable[[Collection[int], User | None, datetime], Mapping[int, Owner]]


@dataclass(frozen=True)
class OwnerKind:
    """`load(document_ids, user, now)` answers an Owner for each document it knows, in a constant
    number of queries."""

    name: str
    load: Load


kinds: Registry[OwnerKind] = Registry()
