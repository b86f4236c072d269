"""Which format a file is in, by the end of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engage.commons.voting.formats import abif, blt, bulk, pabulib, plain
from engage.commons.voting.formats.contest import Contest, FileError
from engage.commons.voting.methods.result import joined, say

READERS: dict[str, Callable[[str | bytes], Contest]] = {
    ".abif": abif.read,
    ".blt": blt.read,
    ".json": plain.read,
    ".pb": pabulib.read,
}


def read(path: Path) -> Contest:
    """The contest in a file. Raises FileError; OSError where it cannot be opened."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise FileError(
            say("the name of the file must end with one of: %(known)s.", known=joined([*READERS]))
        )
    is_large = path.stat().st_size >= bulk.LARGE
    contest = None
    if is_large and reader is plain.read:
        contest = bulk.read_json(path, plain.read, plain.take_papers)
    elif is_large and reader is blt.read:
        contest = bulk.read_blt(path, blt.read)
    return contest or reader(path.read_bytes())
