"""People who left stay gone: a short list beside the database, replayed after every restore.

A backup knows people who have closed their account since. The list holds kinds and row ids only,
lives outside the database, and is never replaced by an older one.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from flask import current_app

from engage.core.db import after_commit

_erasers: dict[str, Callable[[int], None]] = {}


def eraser(kind: str, erase: Callable[[int], None]) -> None:
    """`erase(id)` closes or anonymises a row of this kind again; doing it twice is harmless."""
    _erasers[kind] = erase


def note(kind: str, ident: int) -> None:
    """Once the present transaction is on disk, remember that this row was erased."""
    after_commit(lambda: _append([(kind, ident)]))


def noted() -> list[tuple[str, int]]:
    """All that were erased, in order."""
    path = ledger()
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    return [(kind, ident) for kind, ident in map(json.loads, lines)]


def merge(others: Iterable[tuple[str, int]]) -> None:
    """Add what another list knows and ours does not."""
    known = set(noted())
    _append([pair for pair in others if pair not in known])


def replay() -> int:
    """Erase again whom a restore brought back; answers how many rows were looked at."""
    seen = 0
    for kind, ident in dict.fromkeys(noted()):
        if kind in _erasers:
            _erasers[kind](ident)
            seen += 1
    return seen


def ledger() -> Path:
    """The list's place."""
    folder: Path = current_app.config["DATA_DIR"]
    return folder / "erasures.jsonl"


def _append(pairs: list[tuple[str, int]]) -> None:
    if not pairs:
        return
    with ledger().open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.writelines(json.dumps(pair) + "\n" for pair in pairs)
        file.flush()
        os.fsync(file.fileno())
