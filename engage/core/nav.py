"""Menu entries, offered by features; the layout only loops."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request, url_for

from engage.core.access import current_user
from engage.core.errors import Text


@dataclass(frozen=True)
class NavItem:
    """One entry. `area`: main | office | me | footer. `count(user)` answers a number or None."""

    key: str
    label: Text
    endpoint: str
    icon: str
    order: int = 0
    area: str = "main"
    roles: frozenset[str] = frozenset()
    count: Callable[[Any], int | None] | None = None
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
    found = sorted((i for i in _items.values() if i.area == area), key=lambda i: i.order)
    user = current_user() if area in {"office", "me"} else None
    here = request.blueprint or ""
    shown = []
    for item in found:
        if area == "office" and not _may_open(item, user):
            continue
        shown.append(
            Entry(
                item.key,
                item.label,
                url_for(item.endpoint, **item.values),
                item.icon,
                is_current=_is_current(item, here),
                count=item.count(user) if item.count else None,
            )
        )
    return shown


def _may_open(item: NavItem, user: Any) -> bool:
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
