"""Instances of their own, apart from the suite's: for servers, backups, faults."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from flask import Flask
from sqlalchemy import create_engine, make_url, text

import config as settings
from engage import create_app
from tests import compiled


@contextmanager
def own_database(name: str) -> Iterator[str | None]:
    """The URL of an empty PostgreSQL database of this name; None where tests run on SQLite."""
    url = os.environ.get("ENGAGE_TEST_DATABASE_URL")
    if not url:
        yield None
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    own = f"{make_url(url).database}_{name}{worker and '_' + worker}"
    engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{own}"'))
    try:
        yield make_url(url).set(database=own).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)'))
        engine.dispose()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_LEASH = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG; it outlives the exec
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def leashed(*command: object) -> list[str]:
    """The command, as a process that dies with this one: a killed test leaves nothing behind."""
    words = [os.getpid(), *command]
    return [sys.executable, "-S", "-c", _LEASH, *map(str, words)]


@dataclass
class Server:
    """A real server process on a data folder, and an application on the same data."""

    folder: Path
    env: dict[str, str]
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def application(self) -> Flask:
        """For preparing and counting rows beside the server."""
        app: Flask = create_app(settings.load(self.env, "development"))
        return app

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start `flask <command>` (the site by default) and wait until it answers."""
        command = command or ("serve", "--alone")
        log = (self.folder / "server.log").open("ab")
        process = subprocess.Popen(
            leashed(sys.executable, "-m", "flask", "--app", "wsgi", *command),
            cwd=settings.ROOT,
            env={**os.environ, **self.env},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        if command[0] == "serve":
            self.wait_until_it_answers(process)
        return process

    def wait_until_it_answers(self, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"ended with {process.returncode}: {self.log()}")
            try:
                if httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError(f"no answer: {self.log()}")

    def log(self) -> str:
        return (self.folder / "server.log").read_text()[-4000:]

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 for the process and everything it started."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def server(folder: Path, name: str, **env: str) -> Iterator[Server]:
    """A migrated instance in a folder; started and stopped by the test."""
    port = free_port()
    with own_database(name) as database:
        made = {
            "ENGAGE_ENV": "development",
            "ENGAGE_DATA_DIR": str(folder),
            "ENGAGE_BASE_URL": f"http://127.0.0.1:{port}",
            "ENGAGE_DEMONSTRATION": "0",
            "ENGAGE_LOG_LEVEL": "WARNING",
            "PORT": str(port),
            **({"ENGAGE_DATABASE_URL": database} if database else {}),
            **env,
        }
        compiled.share_with_server(folder)
        instance = Server(folder, made, port)
        app = instance.application()
        with app.app_context():
            app.extensions["alembic"].upgrade()
        try:
            yield instance
        finally:
            instance.end()
            with app.app_context():
                from engage.core.db import db

                db.engine.dispose()


def cookie_of(app: Flask, user: Any) -> httpx.Cookies:
    """The session cookie of somebody signed in, for an httpx client (a form adds to it)."""
    from tests.factories.accounts import signed_in_cookie

    client = app.test_client()
    signed_in_cookie(client, user)
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name, domain="127.0.0.1")
    assert cookie is not None
    jar = httpx.Cookies()
    jar.set(name, cookie.value, domain="127.0.0.1", path="/")
    return jar
