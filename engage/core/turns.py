"""Requests of one process take turns, so that its threads do not fight over the interpreter.

Python runs one thread at a time and makes a busy one give way every few milliseconds. Four pages
drawn at once in one process therefore cost more, and all end later, than the same four one after
another. Threads are there for what waits: slow senders, the page cache, password hashes. So a
request is read first, then waits its turn to enter the application.

A turn is a courtesy: a request that waited long enough (the one before it hangs on the database)
goes in without. So does one too large to be read beforehand.
"""

import threading
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SMALL = 64 * 1024  # bytes of a body read before the turn; larger ones are uploads
PATIENCE = 1.0  # seconds


class Turns:
    """At most `number` requests at a time inside `inner`; what it streams is sent outside."""

    def __init__(self, inner: "WSGIApplication", number: int) -> None:
        self.inner = inner
        self.free = threading.Semaphore(number)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not _is_read(environ) or not self.free.acquire(timeout=PATIENCE):
            return self.inner(environ, start_response)
        try:
            return self.inner(environ, start_response)
        finally:
            self.free.release()


def _is_read(environ: "WSGIEnvironment") -> bool:
    """Is all of the request here? A small body is waited for, whoever sends it slowly."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return False
    announced = environ.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or int(announced) > SMALL:
        return False
    if int(announced):
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(announced)))
    return True


def register(app: Flask) -> None:
    """Stand right before the application, behind the static files and the page cache."""
    app.wsgi_app = Turns(app.wsgi_app, app.config["WEB_TURNS"])  # type: ignore[method-assign]
