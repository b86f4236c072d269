"""Requests of one process take turns, so that its threads do not fight over the interpreter.

Python runs one thread at a time and makes a busy one give way every few milliseconds. Four pages
drawn at once in one process therefore cost more, and all end later, than the same four one after
another. Threads are there for what waits: slow senders, the page cache, a database lock, password
hashes. So a request is read first, then waits its turn to enter the application, and gives the
turn back when it has to wait for something itself.

A turn is a courtesy: a request that waited long enough (the one before it hangs on the database)
goes in without. So does one too large to be read beforehand.

Whoever sends a body slowly holds a thread, and nothing can take it back. So only half of the
threads receive bodies at a time, half of those from one address; who finds them taken is asked to
send again in a few seconds, and pages go on being answered.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask, request

from engage.core import metrics
from engage.core.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SMALL = 64 * 1024  # bytes of a body read before the turn; larger ones are uploads
PATIENCE = 1.0  # seconds
_FULL = "engage.receivers_full"


_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")
_held = threading.local()


class Turns:
    """At most `number` requests at a time inside `inner`; what it streams is sent outside.

    At most `receivers` bodies come in at a time. For more, `inner` is asked with _FULL set.
    """

    def __init__(self, inner: "WSGIApplication", number: int, receivers: int) -> None:
        self.inner = inner
        self.free = threading.Semaphore(number)
        self.receivers = receivers
        self._receiving: Counter[str] = Counter()
        self._mutex = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        length = _announced(environ)
        if length == 0:
            return self._in_turn(environ, start_response)
        if environ["REQUEST_METHOD"] in _WITHOUT_BODY:
            _forget_body(environ)
            return self._in_turn(environ, start_response)
        sender = environ.get("REMOTE_ADDR", "")
        if not self._receives(sender):
            metrics.count("bodies_refused")
            _forget_body(environ)
            environ[_FULL] = True
            return self._in_turn(environ, start_response)
        try:
            if length is None:
                return self.inner(environ, start_response)
            # the server calls a body that breaks off complete; its announced length tells
            environ.pop("wsgi.input_terminated", None)
            if length > SMALL:
                return self.inner(environ, start_response)
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        finally:
            with self._mutex:
                self._receiving[sender] -= 1
                self._receiving += Counter()  # drops who sends nothing any more
        return self._in_turn(environ, start_response)

    def _receives(self, sender: str) -> bool:
        with self._mutex:
            at_work = self._receiving.total()
            if at_work >= self.receivers or self._receiving[sender] >= -(-self.receivers // 2):
                return False
            self._receiving[sender] += 1
            return True

    def _in_turn(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not self.free.acquire(timeout=PATIENCE):
            return self.inner(environ, start_response)
        _held.turn = self.free
        try:
            return self.inner(environ, start_response)
        finally:
            give_back()


def give_back() -> None:
    """Let the next request in: this one is about to wait, or has ended. It goes on without."""
    turn = getattr(_held, "turn", None)
    if turn is not None:
        _held.turn = None
        turn.release()


def _forget_body(environ: "WSGIEnvironment") -> None:
    environ |= {"CONTENT_LENGTH": "0", "wsgi.input": BytesIO()}
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def _announced(environ: "WSGIEnvironment") -> int | None:
    """Bytes of the body; None when that is not known beforehand, or nonsense."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if environ.get("HTTP_TRANSFER_ENCODING") or not (length.isascii() and length.isdigit()):
        return None
    return int(length)


def _refuse_when_full() -> None:
    if request.environ.get(_FULL):
        raise Unavailable


def register(app: Flask) -> None:
    """Stand right before the application, behind the static files and the page cache."""
    receivers = max(1, app.config["WEB_THREADS"] // 2)
    app.wsgi_app = Turns(app.wsgi_app, app.config["WEB_TURNS"], receivers)  # type: ignore[method-assign]
    app.before_request(_refuse_when_full)
