"""One application, a clean database for each test, a reader, a clock."""

from __future__ import annotations

import contextvars
import gc
import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from sqlalchemy import event, text

import config as settings
from engage import create_app
from engage.core import clock
from engage.core import feature as ground
from engage.core.db import Model, db
from tests import compiled, indexes, purity

# what takes long comes first: workers that share the files are done at the same time
LONG_FIRST = ("browser", "faults", "sweeps", "flows", "tests", "ideas", "accounts", "core")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)

    items.sort(key=turn)


def _is_pure(item: pytest.Item) -> bool:
    return item.get_closest_marker("pure") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with purity.watched(item.nodeid) if _is_pure(item) else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with purity.watched(item.nodeid) if _is_pure(item) else nullcontext():
        return (yield)


class IsolatedClient(FlaskClient):
    """Requests run beside the test's own context, as they would in a server's thread."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        instant = clock.now()
        is_frozen = clock.is_frozen()
        # a streamed body belongs to the request's context too: it is read there
        kwargs.setdefault("buffered", True)

        def run() -> Any:
            if is_frozen:
                with clock.at(instant):
                    return FlaskClient.open(self, *args, **kwargs)
            return FlaskClient.open(self, *args, **kwargs)

        answer = contextvars.Context().run(run)
        if has_app_context():
            db.session.rollback()
            db.session.expire_all()
        return answer


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application in its Test configuration, its schema made by the migrations."""
    data = tmp_path_factory.mktemp("data")
    with purity.unwatched():
        made = create_app(settings.load(_environment(data), "test"))
        made.test_client_class = IsolatedClient
        _lasting["app"] = made
        with made.app_context():
            _fresh_schema()
    # what is loaded by now stays: to count it again and again costs time on every page
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    yield made
    with made.app_context():
        db.engine.dispose()


def _environment(data: Path) -> dict[str, str]:
    env = {"ENGAGE_DATA_DIR": str(data), "ENGAGE_BASE_URL": "http://localhost"}
    url = os.environ.get("ENGAGE_TEST_DATABASE_URL")
    if url:
        # each parallel worker has a database of its own
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        env["ENGAGE_TEST_DATABASE_URL"] = url + (f"_{worker}" if worker else "")
    return env


def _fresh_schema() -> None:
    from engage.core.feature import alembic

    if db.engine.dialect.name == "postgresql":
        with db.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    if Path(db.engine.url.database or "").name and list(Path("migrations").glob("0*.py")):
        alembic.upgrade()
    else:
        Model.metadata.create_all(db.engine)


def _empty() -> None:
    """Delete the rows of every table that has some."""
    tables = Model.metadata.sorted_tables
    found = " UNION ALL ".join(
        f"SELECT {i} WHERE EXISTS (SELECT 1 FROM {t.name})" for i, t in enumerate(tables)
    )
    with db.engine.begin() as connection:
        full = [row[0] for row in connection.execute(text(found))]
        if not full:
            return
        is_sqlite = db.engine.dialect.name == "sqlite"
        connection.execute(
            text(
                "PRAGMA defer_foreign_keys=ON"
                if is_sqlite
                else "SET LOCAL session_replication_role=replica"
            )
        )
        for index in sorted(full, reverse=True):
            connection.execute(tables[index].delete())
        if not is_sqlite:  # a replica follows no foreign key; SQLite's trigger has done it
            for name in indexes.names(connection):
                connection.exec_driver_sql(f'DELETE FROM "{name}"')


_known: weakref.WeakSet[Flask] = weakref.WeakSet()
_lasting: dict[str, Flask] = {}
_new: list[Flask] = []  # strongly held until their connections are closed
_create = ground.create


def _noted(config: Any = None) -> Flask:
    made = _create(config)
    compiled.share_with(made)
    _known.add(made)
    _new.append(made)
    return made


ground.create = _noted


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    """Close what every application left open: none may fall to the garbage with a connection."""
    yield
    for made in list(_known):
        # the session's own application keeps its pool: its contexts may still hold connections
        if "sqlalchemy" in made.extensions and made is not _lasting.get("app"):
            with made.app_context():
                for engine in db.engines.values():
                    engine.dispose()
        if "engage_queue" in made.extensions:
            made.extensions["engage_queue"].close()
    _new.clear()


@pytest.fixture(autouse=True)
def application_context(request: pytest.FixtureRequest, closed_connections: None) -> Iterator[None]:
    """An application context around each test that asks for the application, then no rows."""
    if "app" not in request.fixturenames:
        yield
        return
    app: Flask = request.getfixturevalue("app")
    with app.app_context():
        yield
        db.session.rollback()
        db.session.close()
    if not _is_pure(request.node):
        with app.app_context():
            _empty()


@pytest.fixture
def client(app: Flask) -> Any:
    """A reader whose every page is checked."""
    from tests.pages import PageClient

    return PageClient(app)


@pytest.fixture
def frozen() -> Iterator[Callable[[datetime], AbstractContextManager[datetime]]]:
    """`with frozen(instant): ...` stops the clock there, for requests too."""
    return clock.at  # type: ignore[return-value]


class Counter(list[str]):
    """The SQL statements sent inside the block."""


@pytest.fixture(scope="session")
def queries(app: Flask) -> Callable[[], AbstractContextManager[Counter]]:
    """`with queries() as sent: ...` collects the statements sent to the database."""

    @contextmanager
    def count() -> Iterator[Counter]:
        sent = Counter()

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "PRAGMA")):
                sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return count


@pytest.fixture
def sign_in(client: Any) -> Callable[[Any], Any]:
    """`sign_in(user)` signs this test's reader in, second factor and all."""
    from tests.factories.accounts import signed_in_cookie

    def enter(user: Any) -> Any:
        signed_in_cookie(client.http, user)
        return client

    return enter


@pytest.fixture(scope="session")
def empty(app: Flask) -> Callable[[], None]:
    """Start again without rows in the middle of a test."""

    def clear() -> None:
        db.session.rollback()
        db.session.expunge_all()
        _empty()

    return clear
