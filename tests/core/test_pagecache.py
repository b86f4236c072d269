"""Shared pages: what is kept, for whom, how long; compression of the rest."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from engage.core.pagecache import Page, PageCache, canonical_query

pytestmark = pytest.mark.pure

SHARED = {"Cache-Control": "public, max-age=0, s-maxage=2", "Vary": "Accept-Encoding, Cookie"}


class Site:
    """An application that counts how often it is entered."""

    def __init__(self, **headers: str) -> None:
        self.entered: list[Request] = []
        self.headers = {**SHARED, **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.status = 200
        self.wait = 0.0
        self.body: Callable[[Request], Any] = lambda request: (
            f"<html>{request.path}?{request.query_string.decode()}{'x' * 2000}</html>"
        )

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.entered.append(request)
        time.sleep(self.wait)
        answer = Response(self.body(request), self.status, self.headers, content_type="text/html")
        return answer(environ, start_response)


def layered(site: Site, **options: Any) -> Client:
    options = {"seconds": 2, "locales": ["en", "fr"], **options}
    return Client(PageCache(site, **options), use_cookies=False)


def test_a_shared_page_is_made_once() -> None:
    site = Site()
    client = layered(site)
    bodies = {client.get("/en/consultations").data for _ in range(5)}
    assert len(site.entered) == len(bodies) == 1


def test_a_page_is_never_older_than_its_time() -> None:
    site = Site()
    client = layered(site, seconds=0.05)
    client.get("/en/")
    time.sleep(0.06)
    client.get("/en/")
    assert len(site.entered) == 2


def test_with_no_seconds_nothing_is_kept() -> None:
    site = Site()
    client = layered(site, seconds=0)
    client.get("/en/")
    client.get("/en/")
    assert len(site.entered) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "engage=abc"},
        {"Cookie": "__Host-engage=abc; locale=fr"},
        {"Cookie": "locale=fr; remember_token=1"},
        {"Authorization": "Bearer x"},
    ],
)
def test_a_known_person_always_enters(headers: dict[str, str]) -> None:
    site = Site()
    client = layered(site)
    client.get("/en/")
    client.get("/en/", headers=headers)
    client.get("/en/", headers=headers)
    assert len(site.entered) == 3


def test_harmless_cookies_share_and_never_reach_the_page() -> None:
    site = Site()
    client = layered(site)
    client.get("/en/", headers={"Cookie": "locale=fr; _pk_id=1"})
    client.get("/en/")
    assert len(site.entered) == 1
    assert "Cookie" not in site.entered[0].headers


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"Cache_Control": "private, no-store"}),
        (200, {"Set_Cookie": "engage=1"}),
        (404, {}),
        (500, {}),
        (302, {}),
    ],
)
def test_what_is_not_shared_is_not_kept(status: int, headers: dict[str, str]) -> None:
    site = Site(**headers)
    site.status = status
    client = layered(site)
    assert client.get("/en/").status_code == status
    assert client.get("/en/").status_code == status
    assert len(site.entered) == 2


def test_posts_enter() -> None:
    site = Site()
    client = layered(site)
    client.post("/en/")
    client.post("/en/")
    assert len(site.entered) == 2


def test_language_host_scheme_and_fragment_are_different_pages() -> None:
    site = Site()
    client = layered(site)
    for _ in range(2):
        client.get("/en/")
        client.get("/fr/")
        client.get("/en/", base_url="https://localhost")
        client.get("/en/", base_url="http://elsewhere")
        client.get("/en/", headers={"HX-Request": "true"})
    assert len(site.entered) == 5


def test_the_order_of_parameters_does_not_matter_and_marketing_is_dropped() -> None:
    site = Site()
    client = layered(site)
    one = client.get("/en/consultations?sort=new&q=quay&utm_source=letter")
    two = client.get("/en/consultations?q=quay&sort=new&fbclid=1")
    assert one.data == two.data
    assert len(site.entered) == 1
    assert b"utm_source" not in one.data


def test_an_unknown_parameter_enters_untouched() -> None:
    site = Site()
    client = layered(site)
    client.get("/en/?surprise=1")
    client.get("/en/?surprise=1")
    assert [r.query_string for r in site.entered] == [b"surprise=1"] * 2


def test_etag_and_304() -> None:
    client = layered(Site())
    first = client.get("/en/")
    again = client.get("/en/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Vary"] == SHARED["Vary"]
    changed = client.get("/en/", headers={"If-None-Match": 'W/"other"'})
    assert changed.status_code == 200


def test_head_has_no_body_but_the_length() -> None:
    client = layered(Site())
    answer = client.head("/en/")
    assert answer.data == b""
    assert int(answer.headers["Content-Length"]) > 2000


@pytest.mark.parametrize("path", ["/en/", "/elsewhere"])
@pytest.mark.parametrize(
    ("accepts", "unpack"), [("br, gzip", brotli.decompress), ("gzip", gzip.decompress)]
)
def test_shared_and_other_pages_are_compressed(path: str, accepts: str, unpack: Any) -> None:
    site = Site()
    client = layered(site)
    plain = client.get(path).data
    packed = client.get(path, headers={"Accept-Encoding": accepts})
    assert unpack(packed.data) == plain
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain)
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_the_length_of_a_personal_page_tells_nothing() -> None:
    site = Site()
    client = layered(site)
    headers = {"Cookie": "engage=abc", "Accept-Encoding": "gzip"}
    lengths = {len(client.get("/en/", headers=headers).data) for _ in range(40)}
    assert len(lengths) > 5


def test_a_stream_stays_a_stream() -> None:
    site = Site()
    site.body = lambda _request: (part for part in ["a" * 5000, "b" * 5000])
    client = layered(site)
    answer = client.get("/en/list.csv", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert len(answer.data) == 10000
    client.get("/en/list.csv")
    assert len(site.entered) == 2


def test_one_fills_while_the_others_wait() -> None:
    site = Site()
    site.wait = 0.1
    cache = PageCache(site, seconds=2, locales=["en"])
    bodies: list[bytes] = []

    def read() -> None:
        bodies.append(Client(cache).get("/en/").data)

    readers = [threading.Thread(target=read) for _ in range(12)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(site.entered) == 1
    assert len(bodies) == 12
    assert len(set(bodies)) == 1


def test_a_filler_that_fails_lets_the_next_one_try() -> None:
    site = Site()

    def broken(_request: Request) -> str:
        raise RuntimeError("no page today")

    good, site.body = site.body, broken
    client = layered(site)
    with pytest.raises(RuntimeError):
        client.get("/en/")
    site.body = good
    assert client.get("/en/").status_code == 200


def test_memory_is_bounded() -> None:
    site = Site()
    cache = PageCache(site, seconds=2, locales=["en"], most_bytes=40_000)
    client = Client(cache)
    for number in range(50):
        client.get(f"/en/?q={number}")
    assert cache._bytes <= 40_000
    assert cache._bytes == sum(page.size for page in cache._pages.values())


class Shelf:
    """What another machine would see, without Redis."""

    def __init__(self) -> None:
        self.kept: dict[Any, bytes] = {}

    def get(self, key: Any) -> Page | None:
        packed = self.kept.get(key)
        return Page.unpack(packed, 1.0, time.monotonic()) if packed else None

    def put(self, key: Any, page: Page) -> None:
        self.kept[key] = page.pack()


def test_machines_share_a_page_through_a_shelf() -> None:
    shelf, site = Shelf(), Site()
    first = layered(site, shelf=shelf).get("/en/")
    second = layered(site, shelf=shelf).get("/en/")
    assert len(site.entered) == 1
    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]


def test_a_redis_that_is_away_costs_only_sharing() -> None:
    from engage.core.pagecache import RedisShelf

    site = Site()
    client = layered(site, shelf=RedisShelf("redis://127.0.0.1:1/0"))
    assert client.get("/en/").status_code == 200
    assert client.get("/en/").status_code == 200
    assert len(site.entered) == 1


@pytest.mark.parametrize(
    ("query", "made"),
    [
        ("", ""),
        ("sort=new&page=2", "page=2&sort=new"),
        ("q=", "q="),
        ("utm_campaign=x", ""),
        ("nobody=1", None),
        ("q=" + "x" * 500, None),
    ],
)
def test_canonical_query(query: str, made: str | None) -> None:
    assert canonical_query(query) == made
