"""What a good password is here, and hashing that cannot be used to exhaust the machine.

No rules on kinds of characters: length, and that it is not one of the first things somebody
else would try (NIST SP 800-63B, section 3.1.1.2).
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from argon2.low_level import Type, hash_secret_raw
from flask import current_app
from flask_security import hash_password, verify_password

from engage.core import turns
from engage.core.errors import Text, Unavailable
from engage.core.i18n import _l

SHORTEST, LONGEST = 12, 128
# argon2id, OWASP's second recommendation: 19 MiB, two passes, one lane
ARGON2 = {"argon2__time_cost": 2, "argon2__memory_cost": 19_456, "argon2__parallelism": 1}
ARGON2_IN_TESTS = {"argon2__time_cost": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}

SITE_WORDS = ("engage", "boulogne", "calais", "boulognesurmer", "smartport", "opaleport", "opale")
_LEET = str.maketrans("@4310$57!|", "aaeiosstii")
# hashes at a time on this machine, each takes a core and 19 MiB: the other half draws pages
_AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
_PATIENCE = 4.0  # seconds
_LOOK = 0.001  # seconds between two looks at what the other processes hold
_gate = threading.BoundedSemaphore(_AT_ONCE)


def normal(password: str) -> str:
    """The form that is hashed: the same signs typed on another keyboard stay the same."""
    return unicodedata.normalize("NFKC", password)


def weakness(password: str, about: Iterable[str] = ()) -> Text | None:
    """Why this password will not do, None when it will. `about`: the person's own words."""
    typed = normal(password)
    if len(typed) < SHORTEST:
        return _l(
            "Use at least 12 characters. Three or four words in a row are easy to keep in mind."
        )
    if len(typed) > LONGEST:
        return _l("Use at most 128 characters.")
    if "\x00" in typed:
        return _l("This password holds a character that cannot be typed again.")
    folded, unleeted = _fold(typed), _fold(typed.translate(_LEET))
    if len(set(typed)) < 5 or _is_run(folded) or _is_repeated(folded):
        return _l("This password is one pattern repeated, which is tried first. Use a few words.")
    if _is_common(folded, unleeted) or _is_predictable(typed):
        return _l("This password is on the list of those tried first. Use a few words of your own.")
    words = [*SITE_WORDS, *(_fold(word) for word in about)]
    words = [word for word in words if len(word) >= 4]
    if _little_besides(folded, words) or _little_besides(unleeted, words):
        return _l("This password is mostly your own name, your address or the name of this site.")
    return None


@contextmanager
def _turn() -> Iterator[None]:
    turns.give_back()  # hashing needs a core, not the interpreter
    until = time.monotonic() + _PATIENCE
    if not _gate.acquire(timeout=_PATIENCE):
        raise Unavailable
    try:
        with ExitStack() as held:
            _sit(held, until)
            yield
    finally:
        _gate.release()


def _sit(held: ExitStack, until: float) -> None:
    """Take one of the seats the machine's processes share; any death frees it.

    One goes to the door first, then waits there for a seat: so no process can sit down again
    before another that waits. Raises Unavailable when it takes too long.
    """
    folder: Path = current_app.config["DATA_DIR"] / "run"
    with ExitStack() as waiting:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            door = waiting.enter_context((folder / "hashing.door").open("ab"))
            seats = [
                held.enter_context((folder / f"hashing.{number}").open("ab"))
                for number in range(_AT_ONCE)
            ]
        except OSError:
            return  # a full disk keeps nobody out; this process has its own gate
        _first_free([door], until)
        _first_free(seats, until)


def _first_free(files: Iterable[IO[bytes]], until: float) -> None:
    while True:
        for file in files:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
        if time.monotonic() > until:
            raise Unavailable
        time.sleep(_LOOK)


def make_hash(password: str) -> str:
    """The argon2id hash of a password. Raises Unavailable when too many are being made."""
    with _turn():
        return str(hash_password(normal(password)))


def matches(password: str, hashed: str | None) -> bool:
    """Is this the password? Takes the same time when there is no hash to compare with."""
    if len(password) > LONGEST * 4:
        password = ""  # nobody's password; hashing megabytes would be a gift
    against = hashed or _nobodys_hash()
    with _turn():
        found = bool(verify_password(normal(password), against))
    return found and hashed is not None


def digest(secret: str, salt: bytes, *, passes: int, memory: int, lanes: int) -> bytes:
    """The bare argon2id digest of a secret with a salt. Raises Unavailable as `make_hash`."""
    with _turn():
        return hash_secret_raw(secret.encode(), salt, passes, memory, lanes, 32, Type.ID)


_nobody: list[str] = []


def _nobodys_hash() -> str:
    # made with the present cost, once
    if not _nobody:
        _nobody.append(make_hash("nobody has this password"))
    return _nobody[0]


def _fold(text: str) -> str:
    bare = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return re.sub(r"[^\w]|_", "", "".join(c for c in bare if not unicodedata.combining(c)))


@cache
def _common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_common(folded: str, unleeted: str) -> bool:
    plain = re.sub(r"^\d+|\d+$", "", folded)
    candidates = {folded, plain, unleeted, folded.rstrip("0123456789")}
    # `p@ssword!2026` is `password` with the year behind it
    candidates |= {re.sub(r"[^a-z]", "", unleeted), _unleeted_word(unleeted)}
    if candidates & _common():
        return True
    # two common words in a row are one idea
    return any(
        plain[:cut] in _common() and plain[cut:] in _common() for cut in range(3, len(plain) - 2)
    )


# --- predictable: made of known pieces ------------------------------------------------------

# what a piece costs whoever guesses, and how much is still cheap: two known words with any years
# and signs around them, a word and two walks, or four walks over the keyboard
_WORD, _WALK, _CHEAP = 2, 1, 4
_LONGEST_WORD = 32


def _is_predictable(typed: str) -> bool:
    """Does it fall apart into a few known words and walks, with nothing but digits between?"""
    return any(_falls_apart(text) for text in {_bare(typed), _fold(typed)})


def _bare(text: str) -> str:
    """Lower case without accents; signs stay, because they may stand for letters."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _falls_apart(text: str) -> bool:
    letters = text.translate(_LEET)
    # cheapest way to each place: (cost, letters explained)
    best: list[tuple[int, int] | None] = [(0, 0)] + [None] * len(text)
    for at in range(len(text)):
        here = best[at]
        if here is None:
            continue
        for length, cost in _pieces(text, letters, at):
            known = here[1] - (length if cost else 0)  # negative: the smaller explains more
            way = (here[0] + cost, known)
            there = best[at + length]
            if way[0] <= _CHEAP and (there is None or way < there):
                best[at + length] = way
    end = best[-1]
    return end is not None and -end[1] * 2 >= sum(sign.isalnum() for sign in text) - _YEARS


_YEARS = 8  # digits of a date, or of two years, add little to what stands beside them


def _pieces(text: str, letters: str, at: int) -> Iterator[tuple[int, int]]:
    """(length, cost) of every known piece that begins here."""
    if not text[at].isalpha():
        yield 1, 0  # a digit or a sign beside the words
    for length in range(3, min(_LONGEST_WORD, len(text) - at) + 1):
        if letters[at : at + length] in _common() or text[at : at + length] in _common():
            yield length, _WORD
    for length in _walks(text, at):
        yield length, _WALK


def _walks(text: str, at: int) -> Iterator[int]:
    """The lengths, of three keys and more, of walks to the next key or of one key held down."""
    for neighbours in _NEIGHBOURS:
        end = at + 1
        while end < len(text) and text[end] in neighbours.get(text[end - 1], ""):
            end += 1
            if end - at >= 3:
                yield end - at


def _near(rows: tuple[str, ...]) -> dict[str, str]:
    """Which keys touch each key: beside it, above and below, as the rows are shifted."""
    found: dict[str, str] = {}
    for y, row in enumerate(rows):
        for x, key in enumerate(row):
            beside = [(y, x - 1), (y, x), (y, x + 1), (y + 1, x - 1), (y + 1, x), (y - 1, x)]
            beside.append((y - 1, x + 1))
            found[key] = "".join(
                rows[b][a] for b, a in beside if 0 <= b < len(rows) and 0 <= a < len(rows[b])
            )
    return found


_NEIGHBOURS = tuple(
    _near(rows)
    for rows in (
        ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
        ("1234567890", "azertyuiop", "qsdfghjklm", "wxcvbn"),
        ("1234567890", "qwertzuiop", "asdfghjkl", "yxcvbnm"),
        ("abcdefghijklmnopqrstuvwxyz",),
    )
)


def _unleeted_word(unleeted: str) -> str:
    # what was a digit at the end has become a letter: look at the longest known beginning
    known = [word for word in _common() if len(word) >= 7 and unleeted.startswith(word)]
    word = max(known, key=len, default="")
    return word if len(unleeted) - len(word) <= 6 else ""


def _is_repeated(folded: str) -> bool:
    return any(
        folded == (folded[:size] * (len(folded) // size + 1))[: len(folded)]
        for size in range(1, min(7, len(folded) // 2 + 1))
    )


_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789" * 3,
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertzuiopasdfghjklyxcvbnm",
)


def _is_run(folded: str) -> bool:
    return any(folded in row or folded in row[::-1] for row in _ROWS)


def _little_besides(folded: str, words: list[str]) -> bool:
    rest = folded
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    rest = re.sub(r"\d+", "", rest) if rest != folded else rest
    return rest != folded and len(rest) < 5
