"""Two gigabytes announced, streamed, or lied about: refused early, memory flat, others served."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from engage.core.db import db
from tests.factories.accounts import make_user
from tests.factories.consultations import make_consultation
from tests.instances import Server, cookie_of, server

pytestmark = pytest.mark.faults
TWO_GIGABYTES = 2 << 30
ENOUGH = 160 << 20  # what a test is ready to send; far above every limit
LIMIT = 32 << 20
IN_BUFFERS = 24 << 20  # of the two ends' sockets and the server's reader, generously
CHUNK = b"x" * 65536
MULTIPART = "multipart/form-data; boundary=edge"
PLAIN = "application/x-www-form-urlencoded"
FILE = (
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="plan.pdf"\r\n'
    b"Content-Type: application/pdf\r\n\r\n%PDF-1.4\n"
)


@dataclass
class Heard:
    """What came back, how much had been sent by then, and whether the connection ended."""

    sent: int = 0
    answer: bytes = b""
    ended: bool = False
    status: int = 0


def endless() -> Iterator[bytes]:
    yield FILE
    for _ in range(ENOUGH // len(CHUNK)):
        yield CHUNK


def in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)


@dataclass
class Door:
    """Where a person with a session may send."""

    site: Server
    process: int
    path: str
    cookies: httpx.Cookies

    def send(
        self, kind: str, length: str, body: Iterable[bytes], *, path: str = "", patience: float = 20
    ) -> Heard:
        """Send until the other side ends or all is sent, then read what it said."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        head = (
            f"POST {path or self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.site.port}\r\n"
            f"Cookie: {cookie}\r\nContent-Type: {kind}\r\n{length}\r\n\r\n"
        )
        heard = Heard()
        with socket.create_connection(("127.0.0.1", self.site.port), timeout=20) as line:
            line.sendall(head.encode())
            line.settimeout(patience)
            try:
                for piece in body:
                    line.sendall(piece)
                    heard.sent += len(piece)
            except OSError:
                pass
            try:
                while piece := line.recv(65536):
                    heard.answer += piece
                heard.ended = True
            except ConnectionError:
                heard.ended = True
            except TimeoutError:
                pass
        if heard.answer:
            heard.status = int(heard.answer.split()[1])
        return heard

    def memory(self) -> int:
        """The most that any process of the site ever held, in bytes."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return max(_peak(int(pid)) for pid in (self.process, *children))


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with server(tmp_path_factory.mktemp("uploads"), "uploads") as site:
        app = site.application()
        with app.app_context():
            thread_id = make_consultation().thread_id
            cookies = cookie_of(app, make_user())
            db.session.close()
            db.engine.dispose()
        process = site.start()
        made = Door(site, process.pid, f"/en/comments/threads/{thread_id}/new", cookies)
        # each process has drawn an error page once before memory is compared
        for _ in range(8):
            made.send(PLAIN, f"Content-Length: {TWO_GIGABYTES}", [])
        yield made


def is_clear(heard: Heard) -> bool:
    assert heard.status == 413, heard.answer[:200]
    assert b"That is too large" in heard.answer
    assert b"Shorten it, or choose a smaller file." in heard.answer
    assert b"up to 33.5 MB with its files" in heard.answer, "the limit is named"
    assert heard.ended, "the connection is not kept"
    return True


@pytest.mark.parametrize("kind", [MULTIPART, PLAIN])
def test_an_announced_length_is_refused_unread(door: Door, kind: str) -> None:
    before = door.memory()
    assert is_clear(door.send(kind, f"Content-Length: {TWO_GIGABYTES}", []))
    waiting = f"Content-Length: {TWO_GIGABYTES}\r\nExpect: 100-continue"
    unasked = door.send(kind, waiting, [])
    assert is_clear(unasked)
    assert b"100 Continue" not in unasked.answer, "nobody is asked to send it"
    pushed = door.send(kind, f"Content-Length: {TWO_GIGABYTES}", endless())
    assert pushed.ended
    assert pushed.sent < IN_BUFFERS
    assert door.memory() - before < IN_BUFFERS


def test_a_stream_without_a_length_is_cut_at_the_limit(door: Door) -> None:
    before = door.memory()
    heard = door.send(MULTIPART, "Transfer-Encoding: chunked", in_chunks(endless()))
    assert is_clear(heard)
    assert heard.sent < LIMIT + IN_BUFFERS
    assert door.memory() - before < IN_BUFFERS


@pytest.mark.parametrize("body", [[b"body=Hello"], None])
def test_a_form_in_chunks_must_say_how_long_it_is(door: Door, body: list[bytes] | None) -> None:
    before = door.memory()
    pieces = [*in_chunks(body), b"0\r\n\r\n"] if body else in_chunks(endless())
    heard = door.send(PLAIN, "Transfer-Encoding: chunked", pieces, patience=3)
    assert heard.status in (411, 0)  # 0: the end came before the answer was read
    assert heard.sent < IN_BUFFERS
    assert door.memory() - before < IN_BUFFERS


def test_a_form_that_breaks_off_is_not_taken_for_the_whole(door: Door) -> None:
    """The telephone loses its network while it sends: nothing is kept, and sending again works."""
    with httpx.Client(base_url=door.site.url, cookies=door.cookies) as person:
        page = person.get(door.path).text
        door = replace(door, cookies=person.cookies)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    whole = urlencode({**fields, "body": "I agree only if the trees stay."}).encode()
    announced = f"Content-Length: {len(whole)}"
    line = socket.create_connection(("127.0.0.1", door.site.port), timeout=20)
    cookie = "; ".join(f"{name}={value}" for name, value in door.cookies.items())
    head = (
        f"POST {door.path} HTTP/1.1\r\nHost: 127.0.0.1:{door.site.port}\r\nCookie: {cookie}\r\n"
        f"Content-Type: {PLAIN}\r\n{announced}\r\n\r\n"
    )
    with line:
        line.sendall(head.encode() + whole[:-10])
        line.shutdown(socket.SHUT_WR)
        line.settimeout(5)
        with contextlib.suppress(OSError):
            while line.recv(65536):
                pass
    again = door.send(PLAIN, f"{announced}\r\nConnection: close", [whole])
    assert again.status == 303, again.answer[:300]
    shown = httpx.get(door.site.url + door.path.removesuffix("/new")).text
    assert shown.count("I agree only if") == 1
    assert "the trees stay." in shown


def test_a_stream_to_nowhere_is_not_read(door: Door) -> None:
    for path, status in (("/en/nowhere", 404), ("/healthz", 200)):
        heard = door.send(MULTIPART, "Transfer-Encoding: chunked", in_chunks(endless()), path=path)
        assert heard.ended
        assert heard.status in (status, 0)  # 0: the end came before the answer was read
        assert heard.sent < IN_BUFFERS


def test_more_than_was_announced_is_not_taken_for_another_request(door: Door) -> None:
    smuggled = b"\r\n\r\nGET /en/consultations HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    heard = door.send(MULTIPART, "Content-Length: 200", [FILE, CHUNK, smuggled])
    assert heard.ended
    assert heard.status == 400
    assert b" 200 OK" not in heard.answer


def test_less_than_was_announced_ends_with_the_sender(door: Door) -> None:
    """A sender who leaves in the middle: nothing is kept, and the site goes on."""
    for _ in range(12):
        with socket.create_connection(("127.0.0.1", door.site.port), timeout=20) as line:
            head = f"POST {door.path} HTTP/1.1\r\nHost: 127.0.0.1:{door.site.port}\r\n"
            head += f"Content-Type: {MULTIPART}\r\nContent-Length: 1000000\r\n\r\n"
            line.sendall(head.encode() + FILE)
    assert httpx.get(f"{door.site.url}/en/login", timeout=20).status_code == 200
    kept = [f for f in (door.site.folder / "files").rglob("*") if f.is_file()]
    assert kept == []


def test_others_are_served_meanwhile(door: Door) -> None:
    stop = time.monotonic() + 20
    senders = [
        threading.Thread(
            target=door.send,
            args=(MULTIPART, "Transfer-Encoding: chunked", in_chunks(endless())),
        )
        for _ in range(6)
    ]
    for sender in senders:
        sender.start()
    for path in ("/healthz", "/en/", "/en/login"):
        assert httpx.get(door.site.url + path, timeout=20).status_code == 200
    for sender in senders:
        sender.join(max(0.1, stop - time.monotonic()))
        assert not sender.is_alive()
