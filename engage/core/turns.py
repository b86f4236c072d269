"""Requests of one process take turns, so that its threads do not fight over the interpreter.

Python runs one thread at a time and makes a busy one give way every few milliseconds. Four pages
drawn at once in one process therefore cost more, and all end later, than the same four one after
another. Threads are there for what waits: slow senders, the page cache, password hashes. So a
request is read first, then waits its turn to enter the application.

A turn is a courtesy: a request that waited long enough (the one before it hangs on the database)
goes in without. So does one too large to be read beforehand.

Whoever sends a body slowly holds a thread, and nothing can take it back. So only half of the
threads receive bodies at a time; who finds them taken is asked to send again in a few seconds,
and pages go on being answered.
"""

import threading
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask, request

from engage.core.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SMALL = 64 * 1024  # bytes of a body read before the turn; larger ones are uploads
PATIENCE = 1.0  # seconds
_FULL = "engage.receivers_full"


class Turns:
    """At most `number` requests at a time inside `inner`; what it streams is sent outside.

    At most `receivers` bodies come in at a time. For more, `inner` is asked with _FULL set.
    """

    def __init__(self, inner: "WSGIApplication", number: int, receivers: int) -> None:
        self.inner = inner
        self.free = threading.Semaphore(number)
        self.receivers = threading.Semaphore(receivers)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        length = _announced(environ)
        if length == 0:
            return self._in_turn(environ, start_response)
        if not self.receivers.acquire(blocking=False):
            environ |= {_FULL: True, "CONTENT_LENGTH": "0", "wsgi.input": BytesIO()}
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            return self._in_turn(environ, start_response)
        try:
            if length is None or length > SMALL:
                return self.inner(environ, start_response)
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        finally:
            self.receivers.release()
        return self._in_turn(environ, start_response)

    def _in_turn(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not self.free.acquire(timeout=PATIENCE):
            return self.inner(environ, start_response)
        try:
            return self.inner(environ, start_response)
        finally:
            self.free.release()


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
