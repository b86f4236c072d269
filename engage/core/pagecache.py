"""Whole pages for anonymous readers, answered before Flask is entered; compression for the rest.

A page whose answer says `Cache-Control: public, s-maxage=...` (routes marked
`@public(cached=True)`, see security.py) is kept for PAGE_CACHE_SECONDS, so no reader sees a page
older than that. One request fills a key while the others wait, or get the page before it. The
same header lets nginx, Varnish or a CDN in front do the same.

A request is eligible when it is a GET or HEAD of a page under a locale, carries no cookie but
harmless ones, and only query parameters that some page knows. Everything else enters the
application; unknown marketing parameters (utm_...) are dropped on the way.
"""

import gzip
import hashlib
import json
import re
import secrets
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import brotli
from flask import Flask

from engage.core import metrics
from engage.core.assets import PREFIX as STATIC
from engage.core.assets import best_encoding

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
Key = tuple[str, ...]

# What pages ask for. A name that is not here makes a request enter the application.
_known = {
    *("q", "page", "after", "before", "sort", "order", "show"),
    *("state", "status", "kind", "stance", "theme", "organisation", "language", "scope"),
    *("from", "to", "view", "month", "year", "version"),
    *("chapter", "section", "paragraph", "tab"),
}
_IGNORED = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|pk_\w+|mtm_\w+")
# Cookies that change nothing in a shared page: the address carries the language, and
# measuring scripts of other pages on the same host leave names beginning with an underscore.
_HARMLESS = re.compile(r"(?:locale|theme|_\w*)=[^;]*(?:;\s*|$)")
_S_MAXAGE = re.compile(r"\bs-maxage=(\d+)")
_NOT_SHARED = {"x-request-id", "date", "content-length", "content-encoding", "age"}
_WAIT = 5.0  # seconds a reader waits for the one who fills
_UNSHARED_FOR = 30.0  # seconds we remember that an address is not shared
_TEXT = ("text/html", "text/plain", "text/css", "application/json", "application/atom+xml")
_SMALL = 700  # bytes; less gains nothing


def known_parameters(*names: str) -> None:
    """Let pages with these query parameters be shared."""
    _known.update(names)


def canonical_query(query: str) -> str | None:
    """The query string in one order without marketing names; None when a name is not known."""
    if not query:
        return ""
    if len(query) > 400:
        return None
    kept = []
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in _known:
            kept.append((name, value))
        elif not _IGNORED.fullmatch(name):
            return None
    return urlencode(sorted(kept))


@dataclass
class Page:
    """One shared page."""

    status: str
    headers: Headers
    body: bytes
    seconds: float
    born: float
    etag: str = ""
    _made: dict[str, tuple[bytes, Headers]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.etag = f'W/"{hashlib.blake2b(self.body, digest_size=9).hexdigest()}"'

    def variant(self, encoding: str) -> tuple[bytes, Headers]:
        """The body in an encoding, with its headers; made when first asked for."""
        made = self._made.get(encoding)
        if made is None:
            body = compressed(self.body, encoding)
            headers = [*self.headers, ("ETag", self.etag), ("Content-Length", str(len(body)))]
            if encoding != "identity":
                headers.append(("Content-Encoding", encoding))
            made = self._made[encoding] = (body, headers)
        return made

    @property
    def size(self) -> int:
        return 2 * len(self.body) + 2000

    def pack(self) -> bytes:
        """For a shared shelf."""
        head = json.dumps([self.status, self.headers, self.seconds]).encode()
        return struct.pack(">I", len(head)) + head + self.body

    @classmethod
    def unpack(cls, packed: bytes, left: float, now: float) -> "Page":
        """From a shared shelf, with `left` seconds to live."""
        end = 4 + struct.unpack(">I", packed[:4])[0]
        status, headers, seconds = json.loads(packed[4:end])
        pairs = [(name, value) for name, value in headers]
        return cls(status, pairs, packed[end:], seconds, born=now - (seconds - left))


def compressed(body: bytes, encoding: str) -> bytes:
    """The body in an encoding, at a speed fit for pages made on the spot."""
    if encoding == "br":
        return bytes(brotli.compress(body, quality=4))
    if encoding == "gzip":
        return gzip.compress(body, 5, mtime=0)
    return body


class RedisShelf:
    """Pages that several machines share. A Redis that is away costs nothing but sharing."""

    def __init__(self, url: str) -> None:
        import redis

        self._redis: Any = redis.Redis.from_url(url, socket_timeout=0.1, socket_connect_timeout=0.1)
        self._error = redis.RedisError
        self._away_until = 0.0

    def _try(self, ask: Callable[[], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            return ask()
        except self._error:
            self._away_until = time.monotonic() + 5
            return None

    def _name(self, key: Key) -> str:
        return "engage:page:" + hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()

    def get(self, key: Key) -> Page | None:
        """The page, when another process keeps one."""
        name = self._name(key)

        def ask() -> tuple[bytes | None, int]:
            with self._redis.pipeline(transaction=False) as pipe:
                packed, left = pipe.get(name).pttl(name).execute()
            return packed, left

        packed, left = self._try(ask) or (None, 0)
        if packed is None or left <= 0:
            return None
        return Page.unpack(packed, left / 1000, time.monotonic())

    def put(self, key: Key, page: Page) -> None:
        """Keep a page for the others."""
        life = int(page.seconds * 1000)
        self._try(lambda: self._redis.set(self._name(key), page.pack(), px=max(life, 1)))


class PageCache:
    """The layer around the application."""

    def __init__(
        self,
        inner: "WSGIApplication",
        *,
        seconds: float,
        locales: Iterable[str],
        most_bytes: int = 64 * 1024 * 1024,
        shelf: RedisShelf | None = None,
    ) -> None:
        self.inner = inner
        self.seconds = seconds
        self.locales = frozenset(locales)
        self.most_bytes = most_bytes
        self.shelf = shelf
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._bytes = 0
        self._filling: dict[Key, threading.Event] = {}
        self._unshared: OrderedDict[Key, float] = OrderedDict()
        self._mutex = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        key = self._key(environ) if self.seconds else None
        if key is not None:
            page = self._pages.get(key)
            if page is not None and time.monotonic() - page.born < page.seconds:
                metrics.count("cache_hits")
                return _send(page, environ, start_response)
            return self._fill_or_wait(key, page, environ, start_response)
        return self._through(environ, start_response)

    def _key(self, environ: "WSGIEnvironment") -> Key | None:
        """What makes one shared page; None when the request must enter the application."""
        path: str = environ.get("PATH_INFO", "")
        if path[1:3] not in self.locales or path[3:4] not in ("", "/"):
            return None
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or "HTTP_AUTHORIZATION" in environ:
            return None
        if environ.get("CONTENT_LENGTH", "0") not in ("", "0") or (
            "HTTP_TRANSFER_ENCODING" in environ
        ):
            return None  # odd, and nobody is to wait for the rest of it
        cookies = environ.get("HTTP_COOKIE", "")
        if cookies and _HARMLESS.sub("", cookies).strip():
            return None
        query = canonical_query(environ.get("QUERY_STRING", ""))
        if query is None:
            return None
        fragment = ""
        if environ.get("HTTP_HX_REQUEST"):
            fragment = f"{environ.get('HTTP_HX_TARGET', '')[:80]} {environ.get('HTTP_HX_BOOSTED')}"
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
        return (environ.get("wsgi.url_scheme", "http"), host, path, query, fragment)

    def _fill_or_wait(
        self,
        key: Key,
        before: Page | None,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        now = time.monotonic()
        if self._unshared.get(key, 0) > now:
            return self._through(environ, start_response)
        with self._mutex:
            page = self._pages.get(key)
            if page is not None and time.monotonic() - page.born < page.seconds:
                return _send(page, environ, start_response)
            event = self._filling.get(key)
            mine = event is None
            if event is None:
                event = self._filling[key] = threading.Event()
        if mine:
            try:
                return self._fill(key, environ, start_response)
            finally:
                with self._mutex:
                    del self._filling[key]
                event.set()
        if before is not None and now - before.born < before.seconds * 2:
            metrics.count("cache_stale")
            return _send(before, environ, start_response)
        event.wait(_WAIT)
        page = self._pages.get(key)
        if page is not None and time.monotonic() - page.born < page.seconds:
            metrics.count("cache_hits")
            return _send(page, environ, start_response)
        return self._through(environ, start_response)

    def _fill(
        self, key: Key, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self.shelf is not None and (found := self.shelf.get(key)) is not None:
            metrics.count("cache_hits")
            self._keep(key, found)
            return _send(found, environ, start_response)
        metrics.count("cache_misses")
        # the page must not know who happened to ask first
        asked = {**environ, "QUERY_STRING": key[3], "REQUEST_METHOD": "GET"}
        for name in ("HTTP_COOKIE", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE"):
            asked.pop(name, None)
        answer = _Answer()
        body = self.inner(asked, answer)
        shared = _shared_seconds(answer)
        if shared is None:
            self._remember_unshared(key)
            if environ["REQUEST_METHOD"] == "HEAD":
                _joined(body)
                start_response(answer.status, answer.headers)
                return []
            return _finish(answer, body, environ, start_response)
        headers = [pair for pair in answer.headers if pair[0].lower() not in _NOT_SHARED]
        page = Page(
            answer.status, headers, _joined(body), min(self.seconds, shared), time.monotonic()
        )
        self._keep(key, page)
        if self.shelf is not None:
            self.shelf.put(key, page)
        return _send(page, environ, start_response)

    def _keep(self, key: Key, page: Page) -> None:
        with self._mutex:
            old = self._pages.pop(key, None)
            self._bytes += page.size - (old.size if old else 0)
            self._pages[key] = page
            while self._bytes > self.most_bytes and self._pages:
                _, gone = self._pages.popitem(last=False)
                self._bytes -= gone.size

    def _remember_unshared(self, key: Key) -> None:
        with self._mutex:
            self._unshared[key] = time.monotonic() + _UNSHARED_FOR
            self._unshared.move_to_end(key)
            while len(self._unshared) > 2000:
                self._unshared.popitem(last=False)

    def _through(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(STATIC):
            return self.inner(environ, start_response)
        answer = _Answer()
        body = self.inner(environ, answer)
        return _finish(answer, body, environ, start_response)


class _Answer:
    """Stands in for `start_response` until we know what to do with the answer."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Headers = []

    def __call__(
        self, status: str, headers: Headers, exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        self.status, self.headers = status, list(headers)
        return _no_write

    def get(self, name: str) -> str:
        """A header's value, "" when absent."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def has(self, name: str) -> bool:
        """Is there such a header?"""
        return any(key.lower() == name for key, _ in self.headers)


def _no_write(_data: bytes) -> object:
    raise RuntimeError("write() is not supported")


def _shared_seconds(answer: _Answer) -> float | None:
    """How long the answer says it may be shared; None when it may not."""
    found = _S_MAXAGE.search(answer.get("cache-control"))
    if found is None or answer.has("set-cookie") or not answer.status.startswith("200"):
        return None
    return float(found.group(1)) if answer.has("content-length") else None


def _send(
    page: Page, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None and (known.strip() == "*" or page.etag[2:] in known):
        kept = {
            "cache-control",
            "vary",
            "content-security-policy",
            "strict-transport-security",
        }
        headers = [pair for pair in page.headers if pair[0].lower() in kept]
        start_response("304 Not Modified", [*headers, ("ETag", page.etag)])
        return []
    body, headers = page.variant(best_encoding(environ.get("HTTP_ACCEPT_ENCODING", "")))
    age = int(time.monotonic() - page.born)
    start_response(page.status, [*headers, ("Age", str(age))] if age else headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _finish(
    answer: _Answer,
    body: Iterable[bytes],
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
) -> Iterable[bytes]:
    """Send an answer of the application, compressed where that pays."""
    encoding = best_encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))
    is_whole = answer.has("content-length") and environ["REQUEST_METHOD"] != "HEAD"
    if (
        encoding == "identity"
        or not is_whole  # streamed: somebody wants memory to stay flat
        or int(answer.get("content-length") or 0) < _SMALL
        or answer.has("content-encoding")
        or not answer.get("content-type").startswith(_TEXT)
        or "no-transform" in answer.get("cache-control")
    ):
        start_response(answer.status, answer.headers)
        return body
    whole = _joined(body)
    if "HTTP_COOKIE" in environ and whole.rstrip().endswith(b"</html>"):
        # BREACH: the length of a personal page must not tell what is in it
        noise = secrets.token_hex(4 + secrets.randbelow(60))
        whole += b"<!-- %b -->\n" % noise.encode()
    packed = compressed(whole, encoding)
    headers = [pair for pair in answer.headers if pair[0].lower() != "content-length"]
    headers += [("Content-Encoding", encoding), ("Content-Length", str(len(packed)))]
    if "accept-encoding" not in answer.get("vary").lower():
        headers.append(("Vary", "Accept-Encoding"))
    start_response(answer.status, headers)
    return [packed]


def _joined(body: Iterable[bytes]) -> bytes:
    try:
        return b"".join(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def wrap(app: Flask) -> None:
    """Put the layer around the application."""
    made = app.config
    shelf = RedisShelf(made["REDIS_URL"]) if made["REDIS_URL"] else None
    cache = PageCache(
        app.wsgi_app,
        seconds=made["PAGE_CACHE_SECONDS"],
        locales=made["LOCALES"],
        most_bytes=made["PAGE_CACHE_BYTES"],
        shelf=shelf,
    )
    app.extensions["engage_pagecache"] = cache
    app.wsgi_app = cache  # type: ignore[method-assign]
