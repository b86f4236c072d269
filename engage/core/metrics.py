"""Counts that all processes of one machine add up to.

Each process writes to a small file of its own, mapped into memory, so that counting costs no lock
between processes and survives a worker's death. `totals()` adds the files.
"""

import mmap
import os
import struct
import threading
from pathlib import Path

NAMES = (
    "requests_2xx",
    "requests_3xx",
    "requests_4xx",
    "requests_5xx",
    "request_seconds",
    "slow_requests",
    "cache_hits",
    "cache_misses",
    "cache_stale",
    "bodies_refused",
    "tasks_done",
    "tasks_failed",
)
_INDEX = {name: place for place, name in enumerate(NAMES)}
_SIZE = 8 * 64


class _Counts:
    def __init__(self) -> None:
        self.folder: Path | None = None
        self.pid = 0
        self.map: mmap.mmap | None = None
        self.values = [0.0] * len(NAMES)
        self.mutex = threading.Lock()

    def open(self) -> None:
        """A file for this process; a forked child makes its own."""
        self.pid, self.map, self.values = os.getpid(), None, [0.0] * len(NAMES)
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / f"counts-{self.pid}").open("wb+") as file:
                file.truncate(_SIZE)
                self.map = mmap.mmap(file.fileno(), _SIZE)
        except OSError:
            self.map = None  # a full disk stops no request


_counts = _Counts()


def start(folder: Path) -> None:
    """Count into this folder from now on."""
    _counts.folder, _counts.pid = folder, 0


def count(name: str, by: float = 1) -> None:
    """Add to one of NAMES."""
    with _counts.mutex:
        if _counts.pid != os.getpid():
            _counts.open()
        place = _INDEX[name]
        _counts.values[place] += by
        if _counts.map is not None:
            struct.pack_into("d", _counts.map, place * 8, _counts.values[place])


def totals(folder: Path | None = None) -> dict[str, float]:
    """What all processes counted since the folder was last cleared."""
    sums = dict.fromkeys(NAMES, 0.0)
    folder = folder or _counts.folder
    for path in folder.glob("counts-*") if folder else ():
        try:
            raw = path.read_bytes()
        except OSError:
            continue
        for place, name in enumerate(NAMES):
            if len(raw) >= place * 8 + 8:
                sums[name] += struct.unpack_from("d", raw, place * 8)[0]
    return sums


def clear(folder: Path) -> None:
    """Forget earlier runs; called by whoever starts the processes, before it does."""
    for path in folder.glob("counts-*"):
        path.unlink(missing_ok=True)
