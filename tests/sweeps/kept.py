"""A world that was built a moment ago, put back as it was: its rows, its files, and who is who.

Building one takes half a second and more, and the sweeps start from the same one again and again.
What is put back is what was built by the very same functions, in this process, for this database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, inspect, literal, select, union_all

from engage.core import clock
from engage.core.db import Model, db
from engage.core.files import StoredFile
from engage.core.storage import storage
from tests import indexes

# what people may do depends on how long ago something was said: an older world is built anew
A_MOMENT = timedelta(minutes=2)
PLAIN = (bool, int, float, str, bytes, datetime, type(None))

# which row of which table, for what was a row; anything plain is kept as it is
Named = dict[str, tuple[type[Model] | None, Any]]


@dataclass(frozen=True)
class Kept:
    """One world, out of the database."""

    database: str
    built_at: datetime
    rows: dict[str, Any]
    files: dict[str, tuple[bytes, str]]
    people: Named
    things: Named

    @property
    def is_of_now(self) -> bool:
        """Is it recent, and of this database?"""
        age = clock.now() - self.built_at
        return timedelta() <= age < A_MOMENT and self.database == _database()


def is_empty() -> bool:
    """Is there nothing in the database? Else a world is more than what it was built of."""
    found = (select(literal(1)).where(exists(t.select())) for t in Model.metadata.sorted_tables)
    with db.engine.connect() as connection:
        return connection.execute(union_all(*found)).first() is None


def keep(people: dict[str, Any], things: dict[str, Any]) -> Kept | None:
    """All that is in the database now; None where it holds what cannot be named for later."""
    db.session.rollback()
    by_name = _named(people), _named(things)
    if by_name[0] is None or by_name[1] is None:
        return None
    held = db.session.scalars(select(StoredFile)).all()
    files = {file.key: (storage().read(file.key), file.type) for file in held}
    db.session.rollback()
    with db.engine.connect() as connection:
        rows = _taken(connection)
    return Kept(_database(), clock.now(), rows, files, *by_name)


def put_back(kept: Kept) -> tuple[dict[str, Any], dict[str, Any]]:
    """The people and the things of that world, in a database that is empty again."""
    with db.engine.begin() as connection:
        _put(connection, kept.rows)
    for key, (data, media_type) in kept.files.items():
        storage().put(key, data, media_type)  # whoever took it away has taken it from everybody
    db.session.rollback()  # a session that has read before would go on seeing nothing
    return _found(kept.people), _found(kept.things)


def _database() -> str:
    return db.engine.url.render_as_string(hide_password=False)


def _named(held: dict[str, Any]) -> Named | None:
    found: Named = {}
    for name, value in held.items():
        if isinstance(value, Model):
            identity = inspect(value).identity
            if identity is None:
                return None
            found[name] = type(value), identity
        elif isinstance(value, PLAIN):
            found[name] = None, value
        else:
            return None
    return found


def _found(named: Named) -> dict[str, Any]:
    return {
        name: value if kind is None else db.session.get_one(kind, value)
        for name, (kind, value) in named.items()
    }


def _taken(connection: Connection) -> dict[str, Any]:
    """The rows of every table that has some, as the database itself writes them.

    A full-text index is a table that no model knows: a migration makes it.
    """
    if connection.dialect.name == "postgresql":
        cursor: Any = connection.connection.cursor()
        taken: dict[str, Any] = {}
        for name in [*Model.metadata.tables, *indexes.names(connection)]:
            with cursor.copy(f'COPY "{name}" TO STDOUT') as copy:
                taken[name] = b"".join(copy)
        cursor.close()
    else:
        taken = {
            name: [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')]
            for name in Model.metadata.tables
        }
        for name in indexes.names(connection):
            rows = connection.exec_driver_sql(f'SELECT rowid, * FROM "{name}"')
            taken[name] = [tuple(row) for row in rows]
    return {name: rows for name, rows in taken.items() if rows}


def _put(connection: Connection, rows: dict[str, Any]) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role=replica")
        cursor: Any = connection.connection.cursor()
        for name, written in rows.items():
            with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
                copy.write(written)
        cursor.close()
        return
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    virtual = indexes.names(connection)
    for name, held in rows.items():
        marks = ", ".join("?" * len(held[0]))
        columns = inspect(connection).get_columns(name) if name in virtual else []
        into = f" (rowid, {', '.join(column['name'] for column in columns)})" if columns else ""
        connection.exec_driver_sql(f'INSERT INTO "{name}"{into} VALUES ({marks})', held)
