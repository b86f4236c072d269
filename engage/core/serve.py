"""The production server: granian in front of the WSGI application, a few processes and threads.

Why granian: docs/decisions/0006-serving.md. The application is loaded once, before the processes
fork, so that a restart is quick and memory is shared.
"""

import ctypes
import gc
import importlib
import logging
import os
import signal
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from jinja2 import FileSystemBytecodeCache, TemplateError

from engage.core.db import db

log = logging.getLogger(__name__)
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """End when the process that started us does, however it ends (Linux)."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    except (OSError, AttributeError):
        log.debug("no prctl here")


def _after_fork(app: Flask) -> None:
    die_with_parent()
    with app.app_context():
        # connections of the parent are not ours
        db.engine.dispose(close=False)


def warm(app: Flask) -> None:
    """Read every template before the processes fork, compiled when that was done before."""
    folder = app.config["DATA_DIR"] / "run" / "templates"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))
    for name in app.jinja_env.list_templates(extensions=["html"]):
        try:
            app.jinja_env.get_template(name)
        except TemplateError:
            log.exception("template %s", name)


def serve(app: Flask, *, host: str, port: int, target: str = "wsgi:app") -> None:
    """Serve until told to stop; requests under way are finished first."""
    importlib.import_module(target.partition(":")[0])  # what the processes will find loaded
    warm(app)
    with app.app_context():
        db.engine.dispose()
    gc.freeze()  # the processes share what is loaded; counting it would copy it
    os.register_at_fork(after_in_child=lambda: _after_fork(app))
    processes, threads = app.config["WEB_CONCURRENCY"], app.config["WEB_THREADS"]
    server(target, host=host, port=port, processes=processes, threads=threads).serve()


def _is_news(record: logging.LogRecord) -> bool:
    # more threads than cores are meant: they wait for slow senders, and take turns (core/turns.py)
    return "Configuration allows spawning up to" not in record.getMessage()


def server(target: str, *, host: str, port: int, processes: int, threads: int) -> Any:
    """Granian as we run it; the benchmark's references run on the same."""
    logging.getLogger("_granian").addFilter(_is_news)
    return Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=processes,
        blocking_threads=threads,
        backlog=2048,
        backpressure=1024,  # connections a process holds; slow ones cost no thread
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=12,  # what hangs on is let go, or a restart waits for it
        log_level=LogLevels.warning,
        websockets=False,
    )
