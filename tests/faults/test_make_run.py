"""`make run` as a newcomer meets it: an empty folder, one command, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import config as settings
from tests.faults.test_kills import Hidden
from tests.instances import free_port, leashed

# an empty folder means SQLite
pytestmark = [pytest.mark.faults, pytest.mark.sqlite]


@dataclass
class Run:
    """The supervisor on a folder of its own, and everything it started."""

    folder: Path
    output: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, found: Callable[[], Any], seconds: float) -> Any:
        """The first true answer, while the supervisor lives."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := found():
                return value
            assert self.process.poll() is None, self.output.read_text()[-4000:]
            time.sleep(0.1)
        raise AssertionError("waited in vain:\n" + self.output.read_text()[-4000:])

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def child(self, name: str) -> dict[str, Any]:
        """What is told of the site or the worker; nothing before it is started."""
        try:
            told = json.loads((self.folder / "run" / "processes.json").read_text())["children"][
                name
            ]
        except (OSError, ValueError):
            return {}
        return dict(told) if told["pid"] else {}

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Straight from the database, beside the application."""
        with closing(sqlite3.connect(self.folder / "engage.sqlite3", timeout=10)) as beside, beside:
            return beside.execute(statement, values).fetchall()

    def processes(self) -> set[int]:
        """Every process that was given this folder, whoever started it."""
        mark, found = f"ENGAGE_DATA_DIR={self.folder}\0".encode(), set()
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                state = (place / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and mark in (place / "environ").read_bytes() + b"\0":
                    found.add(int(place.name))
        return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    folder, output, port = tmp_path / "data", tmp_path / "output.txt", free_port()
    folder.mkdir()
    env = {key: value for key, value in os.environ.items() if not key.startswith("ENGAGE_")}
    env |= {
        "ENGAGE_DATA_DIR": str(folder),
        "ENGAGE_DEMONSTRATION": "1",
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    with output.open("wb") as told:
        process = subprocess.Popen(
            leashed(sys.executable, "-m", "engage.core.supervise"),
            cwd=settings.ROOT,
            env=env,
            stdout=told,
            stderr=subprocess.STDOUT,
        )
    started = Run(folder, output, port, process)
    yield started
    for left in started.processes():
        with suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)
    process.wait()


def test_one_command_runs_the_site_and_its_timetable_and_leaves_nothing_behind(run: Run) -> None:
    run.wait_for(run.answers, 60)
    first = httpx.get(f"{run.url}/en/", timeout=10)
    assert first.status_code == 200
    assert "</html>" in first.text

    # the accounts it tells are accounts one can use
    told = run.output.read_text()
    accounts = re.findall(r"^  (\S+@\S+)  +(\S.*?)  +\S", told, flags=re.MULTILINE)
    assert len(accounts) == 10
    password = re.search(r'^"(.+)":$', told, flags=re.MULTILINE)
    assert password
    with httpx.Client(base_url=run.url, timeout=10) as reader:
        form = Hidden(reader.get("/en/login").text).fields
        form |= {"email": accounts[0][0], "password": password[1]}
        assert reader.post("/en/login", data=form).status_code in (302, 303)
        own = reader.get("/en/me")
        assert own.status_code == 200
        assert accounts[0][1] in own.text

    # a consultation falls due; the worker dies at that moment, and the next one's tick records it
    [(number,)] = run.rows("SELECT id FROM consultations WHERE state = 'scheduled'")
    due = datetime.now(UTC) + timedelta(seconds=1)
    run.rows(
        "UPDATE consultations SET opens_at = ? WHERE id = ?",
        due.strftime("%Y-%m-%d %H:%M:%S.%f"),
        number,
    )
    worker = run.wait_for(lambda: run.child("worker"), 20)["pid"]
    run.wait_for(lambda: datetime.now(UTC) > due, 5)
    os.kill(worker, signal.SIGKILL)
    run.wait_for(
        lambda: run.rows("SELECT state FROM consultations WHERE id = ?", number) == [("open",)], 30
    )
    again = run.wait_for(lambda: (now := run.child("worker")).get("pid") != worker and now, 10)
    assert again["restarts"] == 1
    acts = run.rows(
        "SELECT actor_id FROM audit_entries WHERE action = 'consultation.open' AND target_id = ?"
        " ORDER BY id DESC LIMIT 1",
        number,
    )
    assert acts == [(None,)]

    assert len(run.processes()) >= 4  # itself, the site, its processes, the worker
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 0
    assert run.processes() == set()
    assert not run.answers()
    assert not (run.folder / "run" / "processes.json").exists()
