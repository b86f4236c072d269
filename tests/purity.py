"""Holds tests marked `pure` to their word: they reach no database, neither themselves nor through others.

What is pure gives the same answer whatever the database is, so it runs once and not on each of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.pool import Pool

# SQLAlchemy asks its pool, others their driver; a program of ours would ask where nobody looks
DRIVERS = {"sqlite3.connect": "a connection of SQLite", "psycopg.connect": "one of PostgreSQL"}

_is_watching = False
_reached: list[str] = []


class NotPure(AssertionError):
    """A test said that it needs no database, and has reached for one."""


@contextmanager
def watched(where: str) -> Iterator[None]:
    """Refuse every connection inside; say so at the end too, for code that swallows the refusal.

    Raises NotPure.
    """
    global _is_watching
    _reached.clear()
    before, _is_watching = _is_watching, True
    try:
        yield
    finally:
        _is_watching = before
    if _reached:
        raise NotPure(f"{where} is marked pure, yet took {', '.join(dict.fromkeys(_reached))}")


@contextmanager
def unwatched() -> Iterator[None]:
    """For what a test is given rather than does: the application and its schema."""
    global _is_watching
    before, _is_watching = _is_watching, False
    try:
        yield
    finally:
        _is_watching = before


def _reach(what: str) -> None:
    if _is_watching:
        _reached.append(what)
        raise NotPure(f"a test marked pure takes {what}")


def _note_checkout(*_given: Any) -> None:
    _reach("a connection of the pool")


def _note(happening: str, given: tuple[Any, ...]) -> None:
    if not _is_watching:
        return
    if happening in DRIVERS:
        _reach(DRIVERS[happening])
    elif happening == "subprocess.Popen" and "python" in Path(str(given[0])).name:
        _reach("a Python process, which might")


_psycopg_connect: Any = psycopg.Connection.connect.__func__  # type: ignore[attr-defined]


def _connect(kind: Any, *given: Any, **options: Any) -> Any:
    sys.audit("psycopg.connect")
    return _psycopg_connect(kind, *given, **options)  # our own kind of connection stays one


psycopg.Connection.connect = classmethod(_connect)  # type: ignore[method-assign,assignment]
psycopg.connect = psycopg.Connection.connect
event.listen(Pool, "checkout", _note_checkout)
sys.addaudithook(_note)
