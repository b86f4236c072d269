"""The tools that break things, as processes of a test: a relay with moods, a wire that can be cut."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests.instances import free_port, leashed

TOOLS = Path(os.environ.get("ENGAGE_TEST_TOOLS", Path(__file__).parents[3] / "shared/tools"))
needs_tools = pytest.mark.skipif(not TOOLS.is_dir(), reason="ENGAGE_TEST_TOOLS names no folder")


@contextmanager
def _running(name: str, *arguments: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        leashed(sys.executable, TOOLS / name, *arguments), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "ready"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@dataclass
class Relay:
    """A mail relay on loopback; `mood` is one of the modes of smtp_chaos.py."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def mood(self, word: str) -> None:
        part = self.folder / "mood.part"
        part.write_text(word)
        part.replace(self.folder / "mood")

    def taken(self) -> list[Message]:
        """Every letter it has accepted, in order; a line being written just now is not one yet."""
        kept = self.folder / "taken.jsonl"
        lines = kept.read_text().splitlines(keepends=True) if kept.exists() else []
        whole = (json.loads(line) for line in lines if line.endswith("\n"))
        return [message_from_bytes(base64.b64decode(one["raw"]), policy=default) for one in whole]

    def copies(self) -> Counter[str]:
        """How often each letter was accepted, by its Message-ID."""
        return Counter(str(letter["Message-ID"]) for letter in self.taken())


@contextmanager
def relay(folder: Path, mood: str = "ok") -> Iterator[Relay]:
    """A relay that begins in a mood."""
    folder.mkdir()
    made = Relay(free_port(), folder)
    made.mood(mood)
    files = ("--out", folder / "taken.jsonl", "--modefile", folder / "mood")
    with _running("smtp_chaos.py", "--port", made.port, *files):
        yield made


@dataclass
class Wire:
    """A line to a server; `be` takes the words of tcp_chaos.py."""

    port: int
    control: int

    def be(self, word: str) -> str:
        with socket.create_connection(("127.0.0.1", self.control), timeout=5) as line:
            line.sendall(word.encode() + b"\n")
            return line.recv(200).decode()


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    """A line to a port of this machine."""
    made = Wire(free_port(), free_port())
    target = ("--target", f"127.0.0.1:{port}")
    with _running("tcp_chaos.py", "--listen", made.port, *target, "--control", made.control):
        yield made
