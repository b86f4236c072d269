"""Background work: named tasks on huey, run by the worker inside the application's context."""

import importlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app
from huey import PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.api import Huey
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from engage.core.db import after_commit
from engage.core.errors import Unavailable

# PostgreSQL's states of a moment: the connection broke (08), two writers met (40), a lock was not to
# be had, no connection was left, the server stops or starts
_PASSING = ("08", "40", "55P03", "53300", "57P01", "57P02", "57P03")
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
RETRY = 15.0  # seconds until a task tries again that did not get its turn to write

log = logging.getLogger(__name__)
stopping = threading.Event()  # set in a worker that was asked to stop: long work ends early


class Task:
    """A function that can run later. Its arguments must be JSON-like; it must be idempotent."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.name = f"{fn.__module__}.{fn.__qualname__}"
        self.__doc__ = fn.__doc__
        self.__name__ = fn.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it here and now."""
        return self.fn(*args, **kwargs)

    def later(self, *args: Any, delay: float = 0, **kwargs: Any) -> None:
        """Run it in the worker once the present transaction is on disk, `delay` seconds on."""
        after_commit(lambda: _enqueue(self.name, args, kwargs, delay))


_tasks: dict[str, Task] = {}
_periodic: dict[str, int] = {}


def task(fn: Callable[..., Any]) -> Task:
    """Make a function a task."""
    made = Task(fn)
    _tasks[made.name] = made
    return made


def every(*, minutes: int) -> Callable[[Callable[[], Any]], Task]:
    """Run the function every so many minutes (a divisor of 60, or of 1440) in the worker."""

    def mark(fn: Callable[[], Any]) -> Task:
        made = task(fn)
        _periodic[made.name] = minutes
        return made

    return mark


def _enqueue(name: str, args: Any, kwargs: Any, delay: float = 0) -> None:
    if current_app.config.get("TASKS_INLINE"):
        _tasks[name](*args, **kwargs)
        return
    queue: Queue = current_app.extensions["engage_queue"]
    try:
        queue.push(name, list(args), dict(kwargs), delay)
    except Exception:
        # Redis, PostgreSQL and SQLite each raise their own. The write is on disk already, and the
        # periodic sweeps find what was not queued.
        log.exception("could not queue %s", name)


class Queue:
    """The huey instance of one application."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.huey = _make_huey(app)
        self._run = self.huey.task(name="run")(self._perform)
        for name, minutes in _periodic.items():
            self.huey.periodic_task(_schedule(minutes), name=name)(self._bind(name))

    def push(self, name: str, args: list[Any], kwargs: dict[str, Any], delay: float) -> None:
        """Queue one call."""
        if delay:
            self._run.schedule(args=(name, args, kwargs), delay=delay)
        else:
            self._run(name, args, kwargs)

    def pending(self) -> int:
        """How many calls wait."""
        return int(self.huey.pending_count())

    def _bind(self, name: str) -> Callable[[], None]:
        return lambda: self._perform(name, [], {})

    def _perform(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        work = _tasks.get(name)
        if work is None:
            importlib.import_module(name.rpartition(".")[0])
            work = _tasks[name]
        with self.app.app_context():
            try:
                work(*args, **kwargs)
            except Exception as error:
                if not _may_come_back(error):
                    # said in our own log, then left to the queue
                    self.app.logger.exception("task %s failed", name)
                    raise
                # somebody writes for long, or the database is away: come back, unless the
                # clock does it by itself
                log.warning("task %s waits for the database", name, exc_info=True)
                if name not in _periodic:
                    self.push(name, args, kwargs, RETRY)


def _may_come_back(error: Exception) -> bool:
    """Is it the moment that is bad? A statement that is wrong stays wrong, a full disk full."""
    if isinstance(error, Unavailable):
        return True
    if not isinstance(error, OperationalError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        # the low byte says what the others are kinds of, as SQLITE_BUSY_SNAPSHOT
        return error.orig.sqlite_errorcode & 0xFF in _BUSY
    # without a state it was no answer of the server: there was none, or none in time
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(_PASSING)


def _schedule(minutes: int) -> Any:
    if minutes < 60:
        return crontab(minute=f"*/{minutes}")
    return crontab(minute="0", hour=f"*/{minutes // 60}" if minutes < 1440 else "6")


def _make_huey(app: Flask) -> Huey:
    redis = app.config.get("REDIS_URL")
    if redis:
        return RedisHuey("engage", url=redis, results=False)
    url = make_url(app.config["DATABASE_URL"])
    if url.get_backend_name() == "postgresql":
        from engage.core import patience

        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return PostgresHuey(
            "engage",
            connection=lambda: patience.Connection.for_queue(dsn),
            results=False,
            table_prefix="queue",
        )
    path = app.config["QUEUE_PATH"]
    return SqliteHuey("engage", filename=path, results=False, fsync=True)


def register(app: Flask) -> None:
    """Give the application its queue (made when first used, so that reading costs nothing)."""
    app.extensions["engage_queue"] = _Lazy(app)


class _Lazy:
    def __init__(self, app: Flask) -> None:
        self._app = app
        self._queue: Queue | None = None

    def close(self) -> None:
        """Let go of this thread's connection to the queue; the next use opens another."""
        if self._queue is not None:
            self._queue.huey.storage.close()

    def __getattr__(self, name: str) -> Any:
        if self._queue is None:
            self._queue = Queue(self._app)
        return getattr(self._queue, name)
