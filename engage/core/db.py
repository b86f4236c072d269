"""The database: one model base, one way to write, one way to lock."""

import enum
import fcntl
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from pathlib import Path
from typing import IO, Annotated, Any, TypeVar

from flask import Flask, g
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    Select,
    TypeDecorator,
    event,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship

from engage.core import turns
from engage.core.errors import Missing, Unavailable, Uncertain

db = SQLAlchemy(
    session_options={"expire_on_commit": False, "autoflush": True},
    engine_options={"pool_pre_ping": True},
)


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC; refuses naive ones on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What positions in lists are checked against."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


Json = JSON().with_variant(JSONB(), "postgresql")


class Model(DeclarativeBase):
    """Base of all tables. Enums are stored by value, instants in UTC, dicts and lists as JSON."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  read by SQLAlchemy as a class setting
        datetime: Instant,
        enum.StrEnum: Enum(
            enum.StrEnum,
            native_enum=False,
            length=32,
            values_callable=_values,
            create_constraint=False,
        ),
        dict: Json,
        list: Json,
        dict[str, Any]: Json,
        dict[str, str]: Json,
        dict[str, int]: Json,
        list[Any]: Json,
        list[str]: Json,
        list[int]: Json,
        list[dict[str, Any]]: Json,
    }


intpk = Annotated[int, mapped_column(primary_key=True)]


def related(*args: Any, **options: Any) -> Any:
    """A relationship that must be loaded on purpose: a forgotten load fails loudly."""
    options.setdefault("lazy", "raise_on_sql")
    return relationship(*args, **options)


# --- writing ---------------------------------------------------------------------------


@dataclass
class _Unit:
    """One transaction under way: how deep we are, what runs at its end."""

    depth: int = 0
    is_open: bool = False
    held_open: bool = False
    before: list[Callable[[], None]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)
    store: dict[str, Any] = field(default_factory=dict)
    turn: "_Turn | None" = None


def _unit() -> _Unit:
    if "engage_unit" not in g:
        g.engage_unit = _Unit()
    unit: _Unit = g.engage_unit
    return unit


@contextmanager
def transactional(*, own: bool = False) -> Iterator[None]:
    """One write. The outermost block commits, nested ones join; any exception rolls all back.

    `own`: when outermost, commit at the end of the block even if the request's answer will be
    a refusal (counting a failed sign-in).

    On SQLite the block waits its turn fairly, then takes the write lock at once.
    Raises Unavailable when the lock cannot be had in time, Uncertain when the database went away
    before it said that it has committed.
    """
    unit = _unit()
    if not unit.is_open:
        _begin(unit, claims=not own)
    unit.depth += 1
    try:
        yield
        unit.depth -= 1
    except BaseException:
        unit.depth -= 1
        if unit.depth == 0:
            _abandon(unit)
        raise
    if unit.depth == 0 and (own or not unit.held_open):
        _commit(unit)


@contextmanager
def held_open() -> Iterator[Callable[[bool], None]]:
    """Keep the outermost transaction of a request open until its answer is known.

    Yields `finish(keep)`: commit when `keep`, else roll back; without a call the block rolls
    back. Nothing is begun before the first `transactional()` inside.
    """
    unit = _unit()
    unit.held_open = True

    def finish(keep: bool) -> None:
        unit.held_open = False
        if not unit.is_open:
            return
        if keep:
            _commit(unit)
        else:
            _abandon(unit)

    try:
        yield finish
    finally:
        unit.held_open = False
        if unit.is_open:
            _abandon(unit)


_on_begin: list[Callable[[], None]] = []


def on_begin(fn: Callable[[], None]) -> None:
    """Run `fn` at the start of every outermost transaction (idempotency keys)."""
    if fn not in _on_begin:
        _on_begin.append(fn)


def before_commit(fn: Callable[[], None]) -> None:
    """Run `fn` inside the present transaction, last thing before it commits."""
    _unit().before.append(fn)


def after_commit(fn: Callable[[], None]) -> None:
    """Run `fn` once the present transaction is on disk; outside of one, at once."""
    unit = _unit()
    if unit.is_open:
        unit.after.append(fn)
    else:
        fn()


def store() -> dict[str, Any]:
    """What the present transaction remembers until it ends, whichever way."""
    return _unit().store


def in_transaction() -> bool:
    """Is a write under way in this context?"""
    return _unit().is_open


def _begin(unit: _Unit, *, claims: bool) -> None:
    session = db.session
    if session.in_transaction() and not (session.new or session.dirty or session.deleted):
        # a read snapshot cannot be upgraded to a write on SQLite
        session.commit()
    if db.engine.dialect.name == "sqlite":
        unit.turn = _take_turn(db.engine)
    unit.is_open = True
    try:
        session.connection(execution_options={"engage_write": True})
        if claims:
            for fn in _on_begin:
                fn()
    except BaseException:
        _abandon(unit)
        raise


def _commit(unit: _Unit) -> None:
    try:
        while unit.before:
            waiting, unit.before = unit.before, []
            for fn in waiting:
                fn()
        db.session.flush()
    except BaseException:
        _abandon(unit)
        raise
    try:
        db.session.commit()
    except BaseException as error:
        _abandon(unit)
        if isinstance(error, OperationalError) and error.connection_invalidated:
            raise Uncertain from error
        raise
    after, unit.after = unit.after, []
    _close(unit)
    failed: Exception | None = None
    for fn in after:
        # the write stands: what one of them cannot do must not keep the others from theirs
        try:
            fn()
        except Exception as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _abandon(unit: _Unit) -> None:
    try:
        db.session.rollback()
    finally:
        unit.after.clear()
        unit.before.clear()
        _close(unit)


def _close(unit: _Unit) -> None:
    unit.is_open = False
    unit.depth = 0
    unit.store.clear()
    if unit.turn is not None:
        unit.turn.release()
        unit.turn = None


Row = TypeVar("Row", bound=Model)


def lock(model: type[Row], ident: Any) -> Row:
    """The row, refreshed and locked until commit. Raises Missing when there is none."""
    row = db.session.get(model, ident, with_for_update=True, populate_existing=True)
    if row is None:
        raise Missing
    return row


def lock_name(name: str) -> None:
    """Hold a name until commit: for what is counted where no row stands for it.

    SQLite has one writer anyway; PostgreSQL waits for whoever holds the same name.
    """
    if not in_transaction():
        raise RuntimeError("lock_name() belongs inside transactional()")
    if db.session.get_bind().dialect.name == "postgresql":
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "big", signed=True)
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def stream(statement: Select[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    """Rows of a large read in partitions of `size`, memory flat on both databases.

    Uses a connection of its own, so that it outlives the request's session, and one that may take
    its time: a download that breaks off looks like a whole one.
    """
    with (
        db.engine.connect().execution_options(stream_results=True, yield_per=size) as connection,
        _without_hurry(connection),
        connection.execute(statement) as found,
    ):
        yield from found.partitions(size)


def _without_hurry(connection: Connection) -> AbstractContextManager[None]:
    if connection.dialect.name != "postgresql":
        return nullcontext()
    from engage.core import patience

    return patience.without_hurry(connection.connection.driver_connection)


def scalar_ids(statement: Select[Any]) -> list[int]:
    """The ids a one-column select finds."""
    return list(db.session.scalars(statement))


# --- waiting in line for SQLite ----------------------------------------------------------


class _Line:
    """First come, first served among the threads of one process.

    SQLite's own busy handler sleeps and retries, which starves some writers for seconds.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._busy = False

    def acquire(self, timeout: float) -> bool:
        with self._mutex:
            if not self._busy:
                self._busy = True
                return True
            ticket = threading.Event()
            self._waiting.append(ticket)
        if ticket.wait(timeout):
            return True
        with self._mutex:
            if ticket.is_set():
                return True
            self._waiting.remove(ticket)
            return False

    def release(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._busy = False


@dataclass
class _Turn:
    line: _Line
    handle: IO[bytes] | None

    def release(self) -> None:
        if self.handle is not None:
            fcntl.flock(self.handle, fcntl.LOCK_UN)
            self.handle.close()
        self.line.release()


_lines: dict[str, _Line] = {}
_lines_mutex = threading.Lock()
WRITE_WAIT = 4.0  # seconds; with the rest of the request it stays under the promised five


def _take_turn(engine: Engine) -> _Turn:
    path = engine.url.database or ""
    with _lines_mutex:
        line = _lines.setdefault(path, _Line())
    deadline = time.monotonic() + WRITE_WAIT
    if not line.acquire(0):
        turns.give_back()
        if not line.acquire(WRITE_WAIT):
            raise Unavailable
    if not path or path == ":memory:":
        return _Turn(line, None)
    try:
        handle = Path(path + ".turn").open("ab")  # noqa: SIM115  closed when the turn ends
    except OSError:
        line.release()
        raise Unavailable from None
    # other processes: at most one contender each, so short polling is fair enough
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                handle.close()
                line.release()
                raise Unavailable from None
            turns.give_back()
            time.sleep(0.0005)
        else:
            return _Turn(line, handle)


# --- wiring ------------------------------------------------------------------------------


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # we begin ourselves, see below
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=4000",
            "cache_size=-16000",
            "temp_store=MEMORY",
            "mmap_size=134217728",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin_sqlite(connection: Any) -> None:
        write = connection.get_execution_options().get("engage_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _prepare_postgresql(engine: Engine) -> None:
    from engage.core import patience

    engine.dialect.do_ping = patience.patiently(engine.dialect.do_ping)  # type: ignore[method-assign, assignment]

    @event.listens_for(engine, "do_connect")
    def _reach(_dialect: Any, _record: Any, args: Any, options: Any) -> Any:
        return patience.Connection.connect(*args, **options)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            # a peer that is gone for good must not hold its locks for hours
            cursor.execute(
                "SET lock_timeout = '4s'; SET statement_timeout = '30s'; "
                "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; "
                "SET tcp_keepalives_count = 3"
            )
        connection.commit()


def ping() -> None:
    """One round trip to the database; raises what the driver raises."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def insert_into(model: type[Model], dialect: str) -> postgresql.Insert | sqlite.Insert:
    """An insert of plain rows that may say what to do about rows that are there already."""
    table: Any = model.__table__
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def dialect() -> str:
    """`sqlite` or `postgresql`."""
    return db.engine.dialect.name


def exists(statement: Select[Any]) -> bool:
    """Does the select find a row?"""
    return bool(db.session.scalar(select(statement.exists())))


def register(app: Flask) -> None:
    """Bind the engine named by DATABASE_URL."""
    url = make_url(app.config["DATABASE_URL"])
    options: dict[str, Any] = {"url": url}
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        options |= {"pool_size": 8, "max_overflow": 8, "pool_timeout": 4}
    else:
        options |= {
            "pool_size": app.config.get("DATABASE_POOL", 8),
            "max_overflow": 4,
            "pool_timeout": 4,
        }
    app.config["SQLALCHEMY_ENGINES"] = {"default": options}
    db.init_app(app)
    # we open no asynchronous sessions; closing them would start a thread in every request
    app.teardown_appcontext_funcs[:] = [
        close for close in app.teardown_appcontext_funcs if not iscoroutinefunction(close)
    ]
    with app.app_context():
        if url.get_backend_name() == "sqlite":
            _prepare_sqlite(db.engine)
        else:
            _prepare_postgresql(db.engine)

    @app.teardown_appcontext
    def _leave(_error: BaseException | None) -> None:
        unit: _Unit | None = g.pop("engage_unit", None)
        if unit is not None and unit.is_open:
            _abandon(unit)
