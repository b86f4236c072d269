"""What an administrator sets while the site runs. Each setting is declared by what uses it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app, g
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from engage.core import audit, clock
from engage.core.db import Json, Model, after_commit, db, transactional


class Setting(Model):
    """A value somebody changed; without a row the declared default holds."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime]


@dataclass(frozen=True)
class Declared:
    """`default()` is asked anew each time: it may depend on the configuration."""

    name: str
    default: Callable[[], Any]


_declared: dict[str, Declared] = {}


def declare(name: str, default: Any) -> None:
    """Make a setting known; `default` is a value or a function without arguments."""
    _declared[name] = Declared(name, default if callable(default) else lambda: default)


def value(name: str) -> Any:
    """The present value. KeyError for a name nobody declared."""
    declared = _declared[name]
    changed = _changed()
    return changed[name] if name in changed else declared.default()


def values() -> dict[str, Any]:
    """All present values by name."""
    return {name: value(name) for name in sorted(_declared)}


def change(new: Mapping[str, Any], *, actor: Any) -> list[str]:
    """Set some values; answers the names that really changed. KeyError for an undeclared one."""
    with transactional():
        before = {name: value(name) for name in new}
        changed = sorted(name for name in new if new[name] != before[name])
        for name in changed:
            row = db.session.get(Setting, name)
            if row is None:
                row = Setting(name=name)
                db.session.add(row)
            row.value = new[name]
            row.changed_at = clock.now()
        if changed:
            audit.record("settings.changed", ("setting", None), actor=actor, names=changed)
            after_commit(_forget)
    return changed


def _changed() -> dict[str, Any]:
    """The rows, read once a request, and kept in the process as long as a page is."""
    if "engage_settings" in g:
        found: dict[str, Any] = g.engage_settings
        return found
    kept = current_app.extensions.setdefault("engage_settings", {"until": 0.0, "values": {}})
    # an error page that says the database is away shows what was read last
    if time.monotonic() >= kept["until"] and not g.get("without_records"):
        kept["values"] = {row.name: row.value for row in db.session.scalars(select(Setting))}
        kept["until"] = time.monotonic() + float(current_app.config.get("PAGE_CACHE_SECONDS", 0))
    g.engage_settings = kept["values"]
    return g.engage_settings  # type: ignore[no-any-return]


def _forget() -> None:
    g.pop("engage_settings", None)
    current_app.extensions.pop("engage_settings", None)


def register(app: Flask) -> None:
    """Give templates `setting(name)`."""
    app.jinja_env.globals["setting"] = value
