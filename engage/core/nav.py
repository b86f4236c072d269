"""Menu entries, offered by features; the layout only loops."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, g, request, url_for
from sqlalchemy import Select

from engage.core import figures
from engage.core.access import current_user
from engage.core.errors import Text


@dataclass(frozen=True)
class NavItem:
    """One entry. `area`: main | office | me | footer.

    `count(user)`, in the areas of people who signed in, answers a select of one number: what
    waits behind the entry.
    """

    key: str
    label: Text
    endpoint: str
    icon: str
    order: int = 0
    area: str = "main"
    roles: frozenset[str] = frozenset()
    count: Callable[[Any], Select[int]] | None = None
    values: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Entry:
    """A menu entry as the layout draws it."""

    key: str
    label: Text
    url: str
    icon: str
    is_current: bool
    count: int | None


_items: dict[tuple[str, str], NavItem] = {}


def add(item: NavItem) -> None:
    """Offer an entry; the same key in the same area is replaced."""
    _items[item.area, item.key] = item


def entries(area: str) -> list[Entry]:
    """The entries of an area that this reader may open, in order."""
    user = current_user() if area in _PERSONAL else None
    found = sorted(_open_to(user, area), key=lambda item: item.order)
    counts = _counts(user, area)
    here = request.blueprint or ""
    return [
        Entry(
            item.key,
            item.label,
            url_for(item.endpoint, **item.values),
            item.icon,
            is_current=_is_current(item, here),
            count=counts.get((area, item.key)) or None,
        )
        for item in found
    ]


def count(area: str, key: str) -> int:
    """What waits behind one entry of the reader's menus; asked once a request."""
    return _counts(current_user(), area).get((area, key), 0)


_PERSONAL = ("office", "me")


def _counts(user: Any, area: str) -> dict[tuple[str, str], int]:
    """By area and key. The office draws both personal menus: their numbers are read together."""
    if user is None or area not in _PERSONAL:
        return {}
    known: dict[tuple[str, str], int] = g.setdefault("nav_counts", {})
    known.update(
        figures.read(
            {
                (item.area, item.key): item.count(user)
                for wanted in _PERSONAL[_PERSONAL.index(area) :]
                for item in _open_to(user, wanted)
                if item.count is not None and (item.area, item.key) not in known
            }
        )
    )
    return known


def _open_to(user: Any, area: str) -> list[NavItem]:
    return [item for item in _items.values() if item.area == area and _may_open(item, user)]


def _may_open(item: NavItem, user: Any) -> bool:
    if item.area != "office":
        return True
    if user is None:
        return False
    return bool(user.has_role(*item.roles)) if item.roles else bool(user.is_staff)


def _is_current(item: NavItem, here: str) -> bool:
    if item.area == "main":
        return item.endpoint.rpartition(".")[0] == here
    return item.endpoint == request.endpoint or _section(item.endpoint) == _section(
        request.endpoint or ""
    )


def _section(endpoint: str) -> str:
    """`consultations_office.edit` and `consultations_office.index` are one section."""
    blueprint = endpoint.rpartition(".")[0]
    return blueprint if blueprint.endswith("_office") else endpoint


def register(app: Flask) -> None:
    """Give templates `nav_items(area)`."""
    app.jinja_env.globals["nav_items"] = entries
