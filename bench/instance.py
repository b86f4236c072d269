"""Instances to measure: their settings, their content, their processes."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

import config

Env = dict[str, str]
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]


def say(text: str) -> None:
    print(f"== {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path) -> Env:
    """Production settings on loopback, data in a folder of this run."""
    reference = os.environ.get("BENCH_REFERENCE_URL", f"sqlite:///{folder / 'reference.sqlite3'}")
    return {
        **os.environ,
        "ENGAGE_ENV": "production",
        "ENGAGE_SECRET_KEY": secrets.token_hex(32),
        "ENGAGE_BASE_URL": "http://127.0.0.1",
        "ENGAGE_DATA_DIR": str(folder / "data"),
        "ENGAGE_DRAIN_SECONDS": "0",
        "ENGAGE_LOG_LEVEL": "WARNING",
        "BENCH_REFERENCE_URL": reference,
    }


def smaller(env: Env, folder: Path) -> Env | None:
    """A second instance, to compare sizes; None when no database was named for it."""
    made = {**env, "ENGAGE_DATA_DIR": str(folder / "small")}
    if "ENGAGE_DATABASE_URL" in env:
        if "BENCH_SMALL_URL" not in env:
            return None
        made["ENGAGE_DATABASE_URL"] = env["BENCH_SMALL_URL"]
    return made


def fill(env: Env, scale: int) -> None:
    """The demonstration at a scale, through the services."""
    loading = {**env, "ENGAGE_ENV": "development", "ENGAGE_DEMONSTRATION": "1"}
    for command in (["db", "upgrade"], ["demo", "load", "--scale", str(scale)]):
        subprocess.run([*FLASK, *command], cwd=config.ROOT, env=loading, check=True)


def fill_reference(env: Env) -> None:
    run_code(env, "from bench import reference; reference.fill()")


def run_code(env: Env, code: str) -> str:
    """What a few lines of Python print in a process with these settings."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=config.ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout


def ask(env: Env, code: str) -> Any:
    """The JSON on the last line of what bench/facts.py prints for a call."""
    return json.loads(run_code(env, f"from bench import facts; facts.{code}").splitlines()[-1])


@contextmanager
def process(command: list[str], env: Env) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is asked to end afterwards, and waited for."""
    started = subprocess.Popen(command, cwd=config.ROOT, env=env)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(40)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextmanager
def serving(env: Env, module: str, health: str) -> Iterator[tuple[str, int]]:
    """A module's application on our server; its address and the server's process."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with process([sys.executable, "-m", "bench.server", module, str(port)], env) as started:
        wait_for(address + health)
        yield address, started.pid


def wait_for(url: str, seconds: float = 60) -> None:
    """Until it answers 200."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    raise SystemExit(f"{url} does not answer")


# --- memory, as Linux counts it ---------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and all below it."""
    below: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        below += map(int, (thread / "children").read_text().split())
    return [pid, *(each for child in below for each in family(child))]


def memory(pid: int, name: str) -> float:
    """MiB of a process: VmRSS or VmHWM, or Pss, where what is shared is divided."""
    file = "smaps_rollup" if name == "Pss" else "status"
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def forget_peak(pid: int) -> None:
    """Begin VmHWM anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
