"""The numbered migrations make exactly the schema the models describe, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from flask import Flask
from sqlalchemy import MetaData, Table, insert, inspect, select, text

import config as settings
from engage import create_app
from engage.commons.accounts.models import User
from engage.commons.comments.models import Comment, CommentState
from engage.core.db import Model, db
from engage.core.feature import alembic
from engage.core.outbox import Mail
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
    return {n for n in inspect(db.engine).get_table_names() if _ours(n, "table", None)}


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
    name = name or ""
    # full-text indexes are each database's own, no models describe them
    is_foreign = name.startswith(("alembic", "sqlite_", "queue")) or "_fts" in name
    return not (kind == "table" and is_foreign)


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


# --- an instance with people in it ------------------------------------------------------------

FILLED = "0007"  # the schema of the first instances
SINCE = [f"{n:04}" for n in range(int(FILLED) + 1, len(list(Path("migrations").glob("0*.py"))) + 1)]
DAY = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CODES = ["first code", "second code, sealed"]

Rows = dict[str, list[dict[str, Any]]]


def fill() -> None:
    """Rows as an instance of that time has them, written without the models of today."""
    there = MetaData()
    there.reflect(db.engine)
    with db.engine.begin() as connection:

        def add(table: str, **values: Any) -> None:
            connection.execute(
                insert(there.tables[table]).values(whole(there.tables[table], values))
            )

        for number, closed_at in ((1, None), (2, DAY + timedelta(days=2)), (3, None)):
            add(
                "users",
                id=number,
                email=f"person{number}@example.org",
                email_key=f"person{number}@example.org",
                kind="resident",
                fs_uniquifier=f"secret {number}",
                fs_webauthn_user_handle=f"handle {number}",
                confirmed_at=DAY if number < 3 else None,
                closed_at=closed_at,
                tf_primary_method="authenticator" if number == 1 else None,
                mf_recovery_codes=CODES if number == 1 else None,
            )
        add("threads", id=1, kind="consultation", comments_count=3)
        for number, state in enumerate(("published", "held", "hidden", "withdrawn"), start=1):
            add(
                "comments",
                id=number,
                thread_id=1,
                author_id=1,
                depth=0,
                kind="resident",
                stance="for",
                state=state,
                reactions_by_kind={},
                language="fr",
                body=f"Un quai plus léger, {number}.",
            )
        for number, state in enumerate(("queued", "sent"), start=1):
            add(
                "mails",
                id=number,
                key=f"letter {number}",
                state=state,
                headers={},
                subject="Votre réponse",
            )


def whole(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The values, and something plain for every other column that must have one."""
    plain = {int: 0, bool: False, datetime: DAY, str: "word", object: []}
    missing = {
        column.name: plain[column.type.python_type]
        for column in table.columns
        if not column.nullable and column.server_default is None and column.name not in values
    }
    return {**missing, **values}


def rows(only: Rows | None = None) -> Rows:
    """What stands in every table, each row by its columns; of `only` these columns alone."""
    there = MetaData()
    there.reflect(db.engine)
    found: Rows = {}
    with db.engine.connect() as connection:
        for name, table in there.tables.items():
            if name.startswith("alembic") or (only is not None and name not in only):
                continue
            kept = [dict(row._mapping) for row in connection.execute(select(table))]
            kept.sort(key=lambda row: repr(next(iter(row.values()))))
            columns = only[name][0].keys() if only and only[name] else None
            found[name] = [
                {k: v for k, v in r.items() if not columns or k in columns} for r in kept
            ]
    return found


def indexes(table: str) -> set[str | None]:
    return {index["name"] for index in inspect(db.engine).get_indexes(table)}


def is_sound() -> None:
    """No reference leads nowhere; SQLite does not look at them while a table is altered."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def at_head() -> None:
    """What the rows of that time are for the models of today."""
    people = db.session.scalars(select(User).order_by(User.id)).all()
    assert [person.signed_in_at for person in people] == [DAY, None, None]
    assert [person.mf_recovery_codes for person in people] == [CODES, None, None]
    assert all(person.uses_shortcuts for person in people)
    assert {(person.former_email, person.email_changed_at) for person in people} == {(None, None)}
    said = db.session.scalars(select(Comment).order_by(Comment.id)).all()
    assert [one.state for one in said] == [
        CommentState.PUBLISHED,
        CommentState.HELD,
        CommentState.HIDDEN,
        CommentState.WITHDRAWN,
    ]
    assert all(one.author is people[0] and one.body.startswith("Un quai") for one in said)
    mails = db.session.scalars(select(Mail).order_by(Mail.id)).all()
    assert [(mail.key, mail.is_brief) for mail in mails] == [
        ("letter 1", False),
        ("letter 2", False),
    ]
    assert "ix_comments_unseen" in indexes("comments")
    db.session.close()


def test_an_inhabited_instance_goes_up_and_down_step_by_step(bare: Flask) -> None:
    alembic.upgrade(FILLED)
    fill()
    before = rows()
    assert [len(before[name]) for name in ("users", "comments", "mails")] == [3, 4, 2]
    tables_before = tables()
    for _turn in range(2):
        for step in SINCE:
            alembic.upgrade(step)
            assert rows(only=before) == before, step
            is_sound()
        at_head()
        for step in [*SINCE[-2::-1], FILLED]:
            alembic.downgrade(step)
            assert rows(only=before) == before, step
            is_sound()
        assert rows() == before
        assert tables() == tables_before
        assert "ix_comments_unseen" not in indexes("comments")
    alembic.upgrade()
    at_head()
    assert rows(only=before) == before
