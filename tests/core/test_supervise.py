"""Two children kept alive, told of each other, stopped together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engage.core.supervise import CANNOT_START, Child, Supervisor

PROGRAM = """
    import sys
    from pathlib import Path
    from engage.core.supervise import Child, Supervisor
    children = [Child(n, [sys.executable, "-c", s]) for n, s in {scripts!r}.items()]
    raise SystemExit(Supervisor(children, Path({run!r}), {drain}).run())
"""
LIVES = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def wait_for(found: Callable[[], Any], seconds: float = 15) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("waited in vain")


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(drain: float = 0, **scripts: str) -> subprocess.Popen[bytes]:
        program = PROGRAM.format(scripts=scripts, run=str(tmp_path), drain=drain)
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def word(folder: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((folder / "processes.json").read_text())["children"]
    except (OSError, ValueError):
        return {}
    return told if all(child["pid"] for child in told.values()) else {}


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_child_is_started_again_and_the_other_told(
    supervised: Callable[..., Any], tmp_path: Path
) -> None:
    supervised(site=LIVES, worker=LIVES)
    before = wait_for(lambda: word(tmp_path))
    os.kill(before["worker"]["pid"], signal.SIGKILL)
    after = wait_for(lambda: (now := word(tmp_path)) and now["worker"]["restarts"] and now)
    assert after["worker"]["last_exit"] == -9
    assert after["worker"]["pid"] != before["worker"]["pid"]
    assert after["site"] == before["site"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_stop_cleanly(supervised: Callable[..., Any], tmp_path: Path, number: int) -> None:
    process = supervised(site=LIVES, worker=LIVES)
    children = wait_for(lambda: word(tmp_path))
    process.send_signal(number)
    assert process.wait(10) == 0
    assert all(gone(child["pid"]) for child in children.values())
    assert not (tmp_path / "processes.json").exists()
    assert not (tmp_path / "draining").exists()


def test_it_drains_before_it_stops(supervised: Callable[..., Any], tmp_path: Path) -> None:
    process = supervised(drain=1, site=LIVES)
    children = wait_for(lambda: word(tmp_path))
    process.send_signal(signal.SIGTERM)
    wait_for((tmp_path / "draining").exists)
    assert not gone(children["site"]["pid"])
    assert process.wait(10) == 0


def test_a_second_signal_hurries(supervised: Callable[..., Any], tmp_path: Path) -> None:
    process = supervised(site=DEAF)
    wait_for(lambda: word(tmp_path))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0


def test_a_child_that_cannot_start_ends_it_all(
    supervised: Callable[..., Any], tmp_path: Path
) -> None:
    process = supervised(site=f"raise SystemExit({CANNOT_START})", worker=LIVES)
    assert process.wait(10) == CANNOT_START


def test_restarts_slow_down_and_calm_down() -> None:
    child = Child("site", [sys.executable, "-c", "pass"])
    pauses = []
    for _ in range(9):
        child.start()
        assert child.process is not None
        child.process.kill()
        child.process.wait()
        pauses.append(child.died())
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert pauses[-1] == 10
    child.start()
    assert child.process is not None
    child.process.kill()
    child.process.wait()
    child.started -= 60
    assert child.died() == 0.2


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    import socket

    import config

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "engage.core.supervise"],
            cwd=config.ROOT,
            env={"PORT": str(port), "ENGAGE_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == CANNOT_START
    assert f"Port {port} is in use" in done.stderr
    assert Supervisor is not None
