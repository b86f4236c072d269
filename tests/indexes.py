"""Full-text indexes: tables that no model knows, because a migration makes them."""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from engage.core.db import Model

_found: dict[str, list[str]] = {}


def names(connection: Connection) -> list[str]:
    """Those of this database; SQLite's are virtual, and their own tables are not to be touched."""
    where = connection.engine.url.render_as_string(hide_password=False)
    if not _found.get(where):
        if connection.dialect.name == "postgresql":
            known = {*Model.metadata.tables, "alembic_version"}
            _found[where] = [t for t in inspect(connection).get_table_names() if t not in known]
        else:
            made = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
            _found[where] = list(connection.exec_driver_sql(made).scalars())
    return _found[where]
