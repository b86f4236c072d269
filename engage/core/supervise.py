"""`make run`: keeps site and worker alive together, and stops both cleanly.

A small process of the standard library. When a child dies the other is told of it (the file
run/processes.json, which /readyz and the pages read) and it is started again. On SIGTERM or
Ctrl-C the machine first says that it drains, then both finish what they have begun.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import config as settings
from engage.core import metrics

log = logging.getLogger("engage.supervise")
CANNOT_START = 78  # sysexits' EX_CONFIG: restarting will not help
_PATIENCE = 30.0  # seconds a child has to finish what it has begun
_LONGEST_PAUSE = 10.0
_HEAD_START = 5.0


@dataclass
class Child:
    """One process that must live."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    failures: int = 0
    next_start: float = 0.0
    last_exit: int | None = None

    def start(self) -> None:
        """Start it, out of reach of the terminal's Ctrl-C: we pass that on ourselves."""
        self.process = subprocess.Popen(  # noqa: S603  our own commands
            self.command, cwd=settings.ROOT, start_new_session=True
        )
        self.started = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def died(self) -> float:
        """Note a death; answers how long to wait before the next start."""
        assert self.process is not None
        self.last_exit = self.process.returncode
        lived = time.monotonic() - self.started
        self.failures = 0 if lived > 30 else self.failures + 1
        self.restarts += 1
        self.process = None
        pause = min(0.2 * 2.0 ** max(self.failures - 1, 0), _LONGEST_PAUSE)
        self.next_start = time.monotonic() + pause
        return pause

    def tell(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


@dataclass
class Supervisor:
    """Runs the children until told to stop."""

    children: list[Child]
    run_dir: Path
    drain_seconds: float
    stop: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)

    def run(self, address: tuple[str, int] | None = None) -> int:
        """Until stopped; 0 after a clean stop, another number when a child cannot start."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        (self.run_dir / "draining").unlink(missing_ok=True)
        metrics.clear(self.run_dir)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told)
        self.children[0].start()
        for child in self.children[1:]:
            # readers first: the others load once the site answers
            child.next_start = time.monotonic() + (0 if address is None else _HEAD_START)
        self._leave_word()
        is_announced = address is None
        while not self.stop.wait(0.05 if not is_announced else 0.2):
            if address is not None and not is_announced and _answers(address):
                is_announced = True
                for child in self.children[1:]:
                    child.next_start = 0
                log.warning("Engage is at http://%s:%s (Ctrl-C stops it)", *address)
            for child in self.children:
                if (code := self._look_after(child)) is not None:
                    self._end()
                    return code
        self._end()
        return 0

    def _told(self, _number: int, _frame: object) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()

    def _look_after(self, child: Child) -> int | None:
        if child.process is None:
            if time.monotonic() >= child.next_start:
                child.start()
                self._leave_word()
            return None
        code = child.process.poll()
        if code is None:
            return None
        if code == CANNOT_START:
            return code
        pause = child.died()
        log.warning("%s ended (%s); starting it again in %.1f s", child.name, code, pause)
        self._leave_word()
        return None

    def _end(self) -> None:
        (self.run_dir / "draining").touch()
        if self.drain_seconds:
            self.hurry.wait(self.drain_seconds)
        for child in self.children:
            child.tell(signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while any(child.is_alive for child in self.children):
            if time.monotonic() > deadline or self.hurry.is_set():
                for child in self.children:
                    child.tell(signal.SIGKILL)
                break
            time.sleep(0.05)
        for child in self.children:
            if child.process is not None:
                child.process.wait()
        (self.run_dir / "draining").unlink(missing_ok=True)
        (self.run_dir / "processes.json").unlink(missing_ok=True)

    def _leave_word(self) -> None:
        """What each child may read about the other."""
        word = {
            child.name: {
                "pid": child.process.pid if child.process else None,
                "restarts": child.restarts,
                "last_exit": child.last_exit,
            }
            for child in self.children
        }
        part = self.run_dir / "processes.part"
        part.write_text(json.dumps({"supervisor": os.getpid(), "children": word}))
        part.replace(self.run_dir / "processes.json")


def _answers(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=0.2):
            return True
    except OSError:
        return False


def _is_taken(address: tuple[str, int]) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return True
    return False


def main(names: list[str] | None = None, *, prepare: bool = True) -> int:
    """Run `site`, `worker` or both; `prepare`: migrate first, load the demonstration once."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        chosen = settings.load()
    except settings.ConfigError as error:
        log.error("%s", error)
        return CANNOT_START
    names = names or ["site", "worker"]
    address = (chosen.HOST, chosen.PORT)
    if "site" in names and _is_taken(address):
        log.error("Port %s is in use. Another one: PORT=8001 make run", chosen.PORT)
        return CANNOT_START
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    commands = {
        "site": [*flask, "serve", "--alone", *(["--prepare"] if prepare else [])],
        "worker": [*flask, "worker", "--wait"],
    }
    children = [Child(name, commands[name]) for name in names]
    supervisor = Supervisor(children, chosen.DATA_DIR / "run", chosen.DRAIN_SECONDS)
    return supervisor.run(address if "site" in names else None)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
