"""Passwords: long, not the first things tried, hashed slowly, never more than a few at a time."""

from __future__ import annotations

import fcntl
import threading
import time
from contextlib import ExitStack

import pytest
from flask import Flask
from passlib.context import CryptContext

from engage.commons.accounts import passwords
from engage.core.errors import Unavailable

ABOUT = ("Jeanne Dupont", "jeanne.dupont@example.org", "Jeanne", "Dupont")


@pytest.mark.parametrize(
    "typed",
    [
        "short",
        "elevenchars",
        "x" * 129 + "abcdefg",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghijklmnop",
        "098765432109",
        "qwertyuiopas",
        "Password1234!",
        "P@ssw0rd!2026",
        "motdepasse12345",
        "correct horse battery staple",
        "dragon sunshine",
        "engage engage 2026",
        "boulogne-calais",
        "jeannedupont1980",
        "Jeanne.Dupont!!",
        "has a nul \x00 inside",
        # walks over each keyboard, straight, slanting and there and back
        "1qaz2wsx3edc",
        "zaq12wsxcde3",
        "qazwsxedcrfv",
        "azertyuiop123",
        "poiuytreza12",
        "qsdfghjklm12",
        "asdfqwerzxcv",
        "qwertz123456",
        "1234qwerASDF",
        # a word with the year, the month, the season, the place
        "Summer2026!!!",
        "Printemps2026!",
        "Septembre-2026",
        "Vendredi13/11/26",
        "Décembre.2026.",
        "Dunkerque62200",
        "boulogne62200!",
        "LeTouquet@2026",
        "CotedOpale2026",
        "26/11/1998lens",
        "parissaintgermain",
        # digits and signs for letters
        "P4ssw0rd2026!",
        "M0tdep@sse2026",
        "S0le1l$$2026",
        "3ng@ge-2026-!",
        "c0rrecth0rse!",
        # two words known to everybody are one idea
        "summer*winter",
        "IloveParis2026",
        "monamour-toujours",
        "princess_dragon99",
        "harbour12345678",
    ],
)
def test_passwords_that_are_tried_first(app: Flask, typed: str) -> None:
    assert passwords.weakness(typed, ABOUT)


@pytest.mark.parametrize(
    "typed",
    [
        "seven gulls over the pier",
        "éléphant rose du port",
        "twelve-chars",
        "海港の朝は静かです、鳥が飛ぶ",
        "no digits at all here",
        "8264 9173 5530 4",
        "x7!" + "harbour fog " * 10,
        # words everybody knows are good when there are enough of them
        "summer winter harbour gull",
        "trois mouettes sur le quai",
        "harbour crane tide and fog",
        "blue herring sings at noon",
        "le phare clignote jeudi",
        "kT9!vq2#Lm4z",
        "7f3a91c0de55",
        "d2Vhcm5lc3Nl",
        "dkmwpqhzvjxt",
        "port-zgmkt-4471",
        "83 wagons of salt",
    ],
)
def test_no_rule_on_kinds_of_characters(app: Flask, typed: str) -> None:
    assert passwords.weakness(typed, ABOUT) is None


def test_the_list_is_folded_as_it_is_compared() -> None:
    lines = passwords._common()
    assert len(lines) > 1000
    assert {line for line in lines if passwords._fold(line) != line} == set()
    assert max(map(len, lines)) <= passwords._LONGEST_WORD


def test_variants_of_every_word_on_the_list_are_refused() -> None:
    """Thousands of the first guesses: year behind, sign behind, digits for letters, twice."""
    slipped = []
    for word in passwords._common():
        if len(word) < 4 or not word.isalpha():
            continue
        leet = word.replace("a", "@").replace("o", "0").replace("e", "3").replace("i", "1")
        for made in (
            f"{word.capitalize()}2026!", f"{word}123456789", f"{leet}-2026-!",
            f"2026{word}!!!!", f"{word}{word}2026", f"!!{word.upper()}1998!!",
        ):  # fmt: skip
            if len(made) >= passwords.SHORTEST and passwords.weakness(made) is None:
                slipped.append(made)
    assert slipped == []


def test_a_long_password_is_judged_at_once() -> None:
    began = time.perf_counter()
    for typed in ("1qaz" * 32, "summer" * 21, "a1" * 64, "qwerty!" * 18):
        passwords.weakness(typed[:128], ABOUT)
    assert time.perf_counter() - began < 2


def test_hashes_are_argon2id_with_the_promised_cost(app: Flask) -> None:
    context = CryptContext(schemes=["argon2"], **passwords.ARGON2)
    assert context.hash("a password to look at").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert app.extensions["engage_security"].pwd_context.default_scheme() == "argon2"


def test_the_same_password_from_another_keyboard(app: Flask) -> None:
    hashed = passwords.make_hash("cafe\u0301 au bord du quai")
    assert passwords.matches("caf\u00e9 au bord du quai", hashed)
    assert not passwords.matches("cafe au bord du quai", hashed)


def test_nobody_is_checked_against_a_hash_too(app: Flask, hashes: list[str]) -> None:
    passwords.matches("whatever it is", None)
    hashes.clear()
    assert not passwords.matches("whatever it is", None)
    assert len(hashes) == 1


def test_megabytes_are_not_hashed(app: Flask, hashes: list[str]) -> None:
    passwords.matches("warm", None)
    hashes.clear()
    assert not passwords.matches("x" * 1_000_000, None)
    assert hashes == [""]


def test_only_so_many_hashes_at_a_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.BoundedSemaphore(1)
    monkeypatch.setattr(passwords, "_gate", gate)
    monkeypatch.setattr(passwords, "_PATIENCE", 0.05)
    gate.acquire()
    with pytest.raises(Unavailable):
        passwords.make_hash("one too many at once")
    gate.release()
    assert passwords.make_hash("and now it is free")


def test_another_process_that_hashes_holds_a_seat(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords.make_hash("so that the files are there")
    monkeypatch.setattr(passwords, "_PATIENCE", 0.05)
    with ExitStack() as others:
        for seat in (app.config["DATA_DIR"] / "run").glob("hashing.[0-9]*"):
            fcntl.flock(others.enter_context(seat.open("ab")), fcntl.LOCK_EX)
        with pytest.raises(Unavailable):
            passwords.make_hash("no seat is free")
    assert passwords.make_hash("and now there is one")


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was compared with a hash."""
    seen: list[str] = []
    real = passwords.verify_password

    def note(password: str, hashed: str) -> bool:
        seen.append(password)
        return bool(real(password, hashed))

    monkeypatch.setattr(passwords, "verify_password", note)
    return seen
