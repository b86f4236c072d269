"""A PostgreSQL that falls silent: nobody waits for it longer than promised.

The server's own limits (`statement_timeout`, `lock_timeout`) say nothing when the server, or the
way to it, has died without a word: a read would then wait for ever. Here the asker counts too.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from flask import g, has_app_context, has_request_context
from psycopg.abc import RV, PQGen

# seconds; in a request a little more than lock_timeout, elsewhere than statement_timeout, so that
# the server has the first word
IN_REQUEST, ELSEWHERE = 4.5, 40.0
KNOCK = 2.0  # for a word that costs the server nothing
QUEUE = 5.0  # for a look into the queue
CONNECT = 3
_REST = 1.0  # nobody knocks again at a silent server
_ENOUGH = 5.0  # who has met a silence asks nothing more


class _Door:
    """What the threads of this process know of a server that did not answer.

    While it is in doubt one thread at a time asks again; the others are refused at once instead
    of waiting in line for the same silence.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._is_in_doubt = False
        self._not_before = 0.0

    @contextmanager
    def knocking(self) -> Iterator[None]:
        """Around a first word to the server. Raises OperationalError when it need not be tried."""
        self._enter()
        began = time.monotonic()
        try:
            yield
        except BaseException:
            took = time.monotonic() - began
            # a server that refuses at once has spoken
            self._found(is_silent=took >= KNOCK)
            raise
        self._found(is_silent=False)

    def _enter(self) -> None:
        now = time.monotonic()
        if has_app_context() and now < g.get("engage_silent_until", 0.0):
            raise psycopg.OperationalError("the database was silent a moment ago")
        if not self._is_in_doubt:
            return
        with self._mutex:
            if self._is_in_doubt and now < self._not_before:
                raise psycopg.OperationalError("the database is silent")
            self._not_before = now + KNOCK + CONNECT  # mine to ask, even if I never come back

    def _found(self, *, is_silent: bool) -> None:
        if is_silent:
            _remember()
        if is_silent or self._is_in_doubt:
            with self._mutex:
                self._is_in_doubt = is_silent
                self._not_before = time.monotonic() + _REST


def _remember() -> None:
    if has_app_context():
        g.engage_silent_until = time.monotonic() + _ENOUGH


_door = _Door()
_nobody_waits = ContextVar("nobody_waits", default=False)


@contextmanager
def nobody_waits() -> Iterator[None]:
    """Inside the block a request's context stands for no reader: a command has made it for itself.

    Each statement may take as long as outside of any request.
    """
    token = _nobody_waits.set(True)
    try:
        yield
    finally:
        _nobody_waits.reset(token)


class Connection(psycopg.Connection[Any]):
    """One that gives up, and closes itself: what was under way cannot be known any more."""

    hurry: float | None = None

    @classmethod
    def connect(cls, *args: Any, **options: Any) -> "Connection":
        """Connect, in CONNECT seconds at most. Raises OperationalError."""
        with _door.knocking():
            return super().connect(*args, **{"connect_timeout": CONNECT, **options})

    @classmethod
    def for_queue(cls, address: str) -> "Connection":
        """One whose every statement is short, wherever it is made."""
        made = cls.connect(address)
        made.hurry = IN_REQUEST if has_request_context() else QUEUE
        return made

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server's part. Raises OperationalError when it stays silent."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        is_asked_for = has_request_context() and not _nobody_waits.get()
        limit = self.hurry or (IN_REQUEST if is_asked_for else ELSEWHERE)
        began = time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError:
            if time.monotonic() - began >= limit:
                _remember()
                self.close()
            raise


@contextmanager
def without_hurry(connection: Any) -> Iterator[None]:
    """Let the statements of a `Connection` take as long in a request as elsewhere, inside the block.

    For what is still sent after the page's head has gone: an end there looks like the end of the
    data.
    """
    before, connection.hurry = connection.hurry, ELSEWHERE
    try:
        yield
    finally:
        connection.hurry = before


def patiently(ping: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """The pool's question whether a kept connection still lives, asked in KNOCK seconds."""

    def knock(connection: Connection) -> bool:
        with _door.knocking():
            connection.hurry = KNOCK
            try:
                return ping(connection)
            finally:
                connection.hurry = None

    return knock
