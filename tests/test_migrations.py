"""The numbered migrations make exactly the schema the models describe, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from flask import Flask
from sqlalchemy import inspect, text

import config as settings
from engage import create_app
from engage.core.db import Model, db
from engage.core.feature import alembic
from tests.conftest import _environment


@pytest.fixture
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """An application on a database without tables; on PostgreSQL a database of its own."""
    env = _environment(tmp_path)
    if url := env.get("ENGAGE_TEST_DATABASE_URL"):
        env["ENGAGE_TEST_DATABASE_URL"] = url + "_migrations"
        _create_database(request.getfixturevalue("app"), url.rpartition("/")[2] + "_migrations")
    made = create_app(settings.load(env, "test"))
    with made.app_context():
        yield made
        db.session.close()
        db.engine.dispose()


def _create_database(app: Flask, name: str) -> None:
    with app.app_context(), db.engine.connect() as connection:
        raw = connection.execution_options(isolation_level="AUTOCOMMIT")
        raw.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        raw.execute(text(f'CREATE DATABASE "{name}"'))


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_up_makes_the_models_and_down_takes_them_back(bare: Flask) -> None:
    alembic.upgrade()
    assert tables() == set(Model.metadata.tables)
    alembic.downgrade("base")
    assert tables() == set()
    alembic.upgrade()
    assert tables() == set(Model.metadata.tables)


def test_the_models_need_no_further_migration(bare: Flask) -> None:
    alembic.upgrade()
    with db.engine.connect() as connection:
        from alembic.migration import MigrationContext

        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "include_name": _ours}
        )
        found = compare_metadata(context, Model.metadata)
    assert not found, "\n".join(map(str, found))


def _ours(name: str | None, kind: str, _parents: Any) -> bool:
    return not (kind == "table" and (name or "").startswith(("alembic", "sqlite_", "queue")))


def test_columns_are_the_same(bare: Flask) -> None:
    """Nullability and length, which comparing metadata leaves out on SQLite."""
    alembic.upgrade()
    wrong = []
    inspector = inspect(db.engine)
    for name, table in Model.metadata.tables.items():
        there = {c["name"]: c for c in inspector.get_columns(name)}
        for column in table.columns:
            found = there.get(column.name)
            if found is None:
                wrong.append(f"{name}.{column.name} is missing")
            elif not column.primary_key and found["nullable"] != column.nullable:
                wrong.append(f"{name}.{column.name}: nullable is {found['nullable']}")
            length = getattr(column.type, "length", None)
            if found is not None and length and getattr(found["type"], "length", None) != length:
                wrong.append(
                    f"{name}.{column.name}: length {getattr(found['type'], 'length', None)}"
                )
    assert not wrong, "\n".join(wrong)


def test_there_is_one_head_and_a_number_for_each() -> None:
    files = sorted(p.name for p in Path("migrations").glob("[0-9]*.py"))
    numbers = [int(name[:4]) for name in files]
    assert numbers == list(range(1, len(files) + 1)), files
