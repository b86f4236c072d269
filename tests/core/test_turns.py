"""Requests take turns; nobody waits for ever, and slow senders hold up nobody."""

import threading
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import create_environ

from engage.core import turns
from engage.core.turns import SMALL, Turns

GET = {"REQUEST_METHOD": "GET"}
POST = {"REQUEST_METHOD": "POST"}


class Inside:
    """An application that counts who is in it at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.bodies: list[bytes] = []
        self.lock = threading.Lock()
        self.gate = threading.Event()

    def __call__(self, environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.gate.wait(0.05)
        if environ.get("CONTENT_LENGTH"):
            self.bodies.append(environ["wsgi.input"].read())
        with self.lock:
            self.now -= 1
        return [b"done"]


def ask(app: Any, environ: dict[str, Any] | None = None) -> threading.Thread:
    thread = threading.Thread(target=app, args=(environ or dict(GET), lambda *_: None))
    thread.start()
    return thread


@pytest.mark.parametrize("number", [1, 2])
def test_no_more_than_so_many_are_inside(number: int) -> None:
    inside = Inside()
    app = Turns(inside, number, 8)
    for thread in [ask(app) for _ in range(6)]:
        thread.join(10)
    assert inside.most == number
    assert inside.now == 0


def test_without_turns_they_would_all_be_inside() -> None:
    inside = Inside()
    for thread in [ask(inside) for _ in range(6)]:
        thread.join(10)
    assert inside.most > 2


def test_whoever_waited_long_enough_goes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    app = Turns(Inside(), 1, 8)
    app.free.acquire()
    assert app(GET, lambda *_: None) == [b"done"]  # type: ignore[arg-type, return-value]
    assert not app.free.acquire(timeout=0), "a turn not had must not be given back"


def test_a_failure_gives_the_turn_back() -> None:
    def fails(_environ: Any, _start: Any) -> Iterable[bytes]:
        raise ValueError

    app = Turns(fails, 1, 8)
    for _ in range(2):
        with pytest.raises(ValueError):
            app(GET, lambda *_: None)  # type: ignore[arg-type, return-value]
    assert app.free.acquire(timeout=0)


def test_a_small_body_is_read_before_the_turn() -> None:
    class Slow(BytesIO):
        def read(self, *given: Any) -> bytes:
            assert app.free.acquire(timeout=0), "nobody may hold a turn while a body comes in"
            app.free.release()
            return super().read(*given)

    inside = Inside()
    app = Turns(inside, 1, 8)
    app({**POST, "CONTENT_LENGTH": "5", "wsgi.input": Slow(b"hello more")}, lambda *_: None)  # type: ignore[arg-type, return-value]
    assert inside.bodies == [b"hello"]


@pytest.mark.parametrize(
    "environ",
    [
        {"CONTENT_LENGTH": str(SMALL + 1)},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "many"},
    ],
)
def test_what_cannot_be_read_beforehand_takes_no_turn(environ: dict[str, Any]) -> None:
    app = Turns(lambda _environ, _start: [b"in"], 1, 8)
    app.free.acquire()
    assert app({**POST, **environ, "wsgi.input": BytesIO()}, lambda *_: None) == [b"in"]  # type: ignore[arg-type, return-value]


def test_only_so_many_bodies_come_in_at_a_time(app: Flask) -> None:
    stalled, go_on = threading.Event(), threading.Event()

    class Stalled(BytesIO):
        def read(self, *given: Any) -> bytes:
            stalled.set()
            go_on.wait(10)
            return super().read(*given)

    seen: list[dict[str, Any]] = []

    def inner(environ: Any, _start: Any) -> Iterable[bytes]:
        seen.append(environ)
        return [b"in"]

    turns_app = Turns(inner, 1, 1)
    slow = ask(turns_app, {**POST, "CONTENT_LENGTH": "4", "wsgi.input": Stalled(b"slow")})
    assert stalled.wait(10)
    other = {**POST, "CONTENT_LENGTH": "5", "wsgi.input": BytesIO(b"other")}
    turns_app(other, lambda *_: None)  # type: ignore[arg-type]
    assert seen[0]["engage.receivers_full"]
    assert seen[0]["wsgi.input"].read() == b""
    turns_app(GET, lambda *_: None)  # type: ignore[arg-type]
    assert "engage.receivers_full" not in seen[1], "what has no body goes in"
    go_on.set()
    slow.join(10)
    assert seen[2]["wsgi.input"].read() == b"slow"
    again = {**POST, "CONTENT_LENGTH": "5", "wsgi.input": BytesIO(b"again")}
    turns_app(again, lambda *_: None)  # type: ignore[arg-type]
    assert "engage.receivers_full" not in seen[3], "a place that was left is free"


def test_who_finds_them_taken_is_asked_to_send_again(app: Flask) -> None:
    answer = app.test_client().post("/en/login", environ_overrides={"engage.receivers_full": True})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "send it again" in answer.get_data(as_text=True)


def test_one_address_takes_half_of_the_places_at_most() -> None:
    app = Turns(lambda _environ, _start: [b"in"], 1, 4)
    assert [app._receives("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert [app._receives(f"192.0.2.{n}") for n in (2, 3, 4)] == [True, True, False]


@pytest.mark.parametrize("odd", [{"CONTENT_LENGTH": "10"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_nobody_waits_for_the_body_of_a_page(odd: dict[str, Any]) -> None:
    class Silent(BytesIO):
        def read(self, *_given: Any) -> bytes:
            raise AssertionError("a GET has no body")

    def inner(environ: Any, _start: Any) -> Iterable[bytes]:
        assert environ["wsgi.input"].read() == b""
        assert environ["CONTENT_LENGTH"] == "0"
        assert "HTTP_TRANSFER_ENCODING" not in environ
        return [b"in"]

    assert Turns(inner, 1, 1)({**GET, **odd, "wsgi.input": Silent()}, lambda *_: None) == [b"in"]  # type: ignore[arg-type, return-value]


def test_a_turn_given_back_lets_the_next_in_and_is_not_given_back_twice() -> None:
    inside = threading.Event()

    def inner(_environ: Any, _start: Any) -> Iterable[bytes]:
        turns.give_back()
        turns.give_back()
        assert app.free.acquire(timeout=0), "the next may go in"
        inside.set()
        return [b"in"]

    app = Turns(inner, 1, 1)
    app(dict(GET), lambda *_: None)  # type: ignore[arg-type]
    assert inside.is_set()
    assert not app.free.acquire(timeout=0), "given back once only"
    turns.give_back()  # outside of a request there is nothing to give


@pytest.mark.parametrize("size", [51, SMALL + 1])
def test_a_form_that_breaks_off_is_no_form(app: Flask, size: int) -> None:
    """The server calls what came complete; only the announced length tells."""
    told = []
    environ = {
        **create_environ(
            "/en/login", method="POST", content_type="application/x-www-form-urlencoded"
        ),
        "CONTENT_LENGTH": str(size + 100),
        "wsgi.input": BytesIO(b"email=a&password=" + b"b" * (size - 17)),
        "wsgi.input_terminated": True,
    }
    list(app.wsgi_app(environ, lambda status, *_: told.append(status)))  # type: ignore[arg-type, func-returns-value]
    assert told == ["400 BAD REQUEST"]
