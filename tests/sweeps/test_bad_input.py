"""Whatever people, robots and attackers put into an address or a form gets a clear page: never a 500."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import cycle
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask, url_for

from engage.commons.comments.pages import Sort
from engage.core import clock
from engage.core.paging import encode_position
from tests.architecture.source import modules
from tests.core import attack
from tests.factories.accounts import make_user
from tests.factories.comments import make_comment, make_thread
from tests.factories.consultations import make_consultation
from tests.pages import PageClient
from tests.sweeps.test_access_matrix import address
from tests.sweeps.world import World, build, cases, readable

# with ENGAGE_SWEEP=everything each line of each list is sent; else an even sample of them
EVERYTHING = os.environ.get("ENGAGE_SWEEP") == "everything"
ODD = (
    "-1", "0", "1.5", "1e308", "NaN", "99999999999999999999999", str(2**63), str(2**40), encode_position([0, 2**40]), "password", "id desc",
    "../../../../etc/passwd", "..%2f..%2f", "\x00", "a\x00b", "%00", "[]", "{}", "null", "true", " ",
    "' OR '1'='1", "1; DROP TABLE users--", '"><script>alert(1)</script>', "<img src=x onerror=alert(1)>",
    "javascript:alert(1)", "{{7*7}}", "${7*7}", "\u202e\u2066evil", "\ud83d\ude00" .encode("utf-16", "surrogatepass").decode("utf-16"),
    "é" * 3000, "\r\nSet-Cookie: a=b", "2026-13-45", "en", "0000-00", "٣", "-0", "+1", "1_000",
)  # fmt: skip
# written for people with a mail client in their hand, not for a browser with our token
WITHOUT_TOKEN = frozenset({"notifications.unsubscribe_at_once"})
LEAKS = re.compile(
    r"Traceback \(most recent|sqlalchemy\.|werkzeug\.|jinja2\.|File \"/|psycopg|sqlite3\."
)


@cache
def query_names() -> tuple[str, ...]:
    """Every query parameter some view reads, found in the source."""
    found = {"page", "sort", "q", "next", "per_page", "after"}
    for module in modules():
        text = module.path.read_text()
        found |= set(re.findall(r"args(?:\.get(?:list)?\(|\[)\s*[\"']([\w-]+)", text))
        if module.layer in {"forms", "views", "staff"}:
            found |= set(re.findall(r"^    (\w+) = \w*Field\(", text, flags=re.M))
    return tuple(sorted(found))


def in_order(values: tuple[str, ...], shift: int) -> Iterator[str]:
    return cycle(values[shift % len(values) :] + values[: shift % len(values)])


def faults_of(client: PageClient, url: str, **options: Any) -> str | None:
    try:
        page = client.get(url, **options)
    except Exception as error:  # collected, so that one run names them all
        return f"{url} {options}: {type(error).__name__} {str(error)[:700]}"
    if page.status >= 500:
        return f"{url} {options}: {page.status}"
    if LEAKS.search(page.body):
        return f"{url} {options}: shows its inside"
    return None


@pytest.mark.parametrize("who", ["anonymous", "admin"])
def test_odd_query_parameters(
    app: Flask, client: PageClient, sign_in: Callable[[Any], Any], who: str
) -> None:
    world = build()
    if who != "anonymous":
        sign_in(world.people[who])
    wrong = []
    for number, rule in enumerate(readable(app)):
        url, _, own = address(app, rule.endpoint, cases(rule, world)[0]).partition("?")
        for shift in range(0, len(ODD), 3 if EVERYTHING else 13):
            values = in_order(ODD, shift + number)
            # what the address itself says counts, or the page would be another one
            query = {name: next(values) for name in query_names()} | dict(parse_qsl(own))
            if problem := faults_of(client, url, query_string=query, offsite=True):
                wrong.append(problem)
                break
        doubled = parse_qsl(own) + [(name, v) for name in query_names() for v in ("1", "-1")]
        if problem := faults_of(client, url, query_string=doubled, offsite=True):
            wrong.append(problem)
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("number", [2**31, 2**40, 10**18 - 1, 2**63])
def test_numbers_wider_than_a_column(
    app: Flask, client: PageClient, sign_in: Callable[[Any], Any], number: int
) -> None:
    """Where a number is read from a token or a query, PostgreSQL never meets it."""
    world = build()
    thread = f"/en/comments/threads/{world.comment.thread_id}"
    for sort in Sort:
        for values in ([0, number], [number, 1], [clock.now(), number]):
            asked = {"sort": sort.value, "after": encode_position(values)}
            assert client.get(thread, query_string=asked).status == 200
    for token in (encode_position([number]), encode_position([-number])):
        at = f"/en/comments/{world.comment.id}"
        assert client.get(at, query_string={"after": token}).status < 400
    named = {"kind": "comment", "id": str(number)}
    assert client.get("/en/moderation/report", query_string=named).status == 404
    sign_in(world.people["admin"])
    assert client.get("/en/office/moderation/open", query_string=named).status == 404


@pytest.mark.parametrize("name", ["page", "sort", "per_page"])
@pytest.mark.parametrize("value", ["-1", "0", "password", "999999999", "1' OR 1=1"])
def test_lists_stay_lists(app: Flask, client: PageClient, name: str, value: str) -> None:
    build()
    page = client.get("/en/consultations", query_string={name: value})
    assert page.status in {200, 302, 303, 400, 404}


@pytest.mark.parametrize(
    "asked",
    ["page=-1", "page=0", "page=1.5", "page=password", "sort=password", "sort=-1", "sort=id+desc"],
)
def test_nonsense_is_the_first_page_in_the_usual_order(client: PageClient, asked: str) -> None:
    for number in range(25):
        make_consultation(title=f"Plan {number}")
    thread = make_thread()
    for number in range(3):
        make_comment(thread, make_user(), body=f"Words {number}")
    for place in ("/en/consultations", f"/en/comments/threads/{thread.id}"):
        usual, page = client.get(place), client.get(f"{place}?{asked}")
        assert page.status == usual.status == 200
        assert page.words("main") == usual.words("main")
    first, second = (client.get(f"/en/consultations?page={number}") for number in (1, 2))
    assert first.words("main") != second.words("main")


@pytest.mark.parametrize("name", ["blns", "sqli", "path_traversal", "ssti", "crlf", "xss_lists"])
def test_known_attacks_in_addresses(
    app: Flask, client: PageClient, sign_in: Callable[[Any], Any], name: str
) -> None:
    """Every line of the list once, on one page after the other, in every parameter at once."""
    lines = attack.upstream(name)
    if not EVERYTHING:
        lines = lines[:: len(lines) // 80 + 1]
    world = build()
    sign_in(world.people["admin"])
    pages = cycle([address(app, rule.endpoint, cases(rule, world)[0]) for rule in readable(app)])
    wrong = []
    for line in lines:
        query = dict.fromkeys(query_names(), line.encode("utf-8", "replace").decode())
        if problem := faults_of(client, next(pages), query_string=query, offsite=True):
            wrong.append(problem)
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:20])


def test_traversal_in_paths(app: Flask, client: PageClient) -> None:
    wrong = []
    for line in attack.upstream("path_traversal"):
        for stem in ("/static/", "/files/", "/en/organisations/", "/en/consultations/"):
            response = client.http.get(stem + line.lstrip("/"))
            if response.status_code >= 500 or b"root:" in response.data:
                wrong.append(f"{stem}{line}: {response.status_code}")
    assert not wrong, wrong


@pytest.mark.parametrize(
    "path", ["/xx/", "/xx/consultations", "/e/", "/EN/", "/en-GB/", "/zz/login", "/%00/"]
)
def test_unknown_languages_are_not_found(client: PageClient, path: str) -> None:
    assert client.get(path).status in {404, 400}


def test_forged_tokens_are_refused_everywhere(
    app: Flask, client: PageClient, sign_in: Callable[[Any], Any]
) -> None:
    world = build()
    sign_in(world.people["admin"])
    wrong = []
    for url in _writable(app, world):
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "forged.token.here"}):
            page = client.post(url, {**token, "body": "kept?"}, unchecked=True)
            if page.status not in {400, 403, 404}:
                wrong.append(f"{url} with {token}: {page.status}")
                break
            if "kept?" not in page.text:
                wrong.append(f"{url} with {token}: the text is lost")
                break
    assert not wrong, "\n".join(wrong)


def test_strangers_may_write_nothing_of_others(
    app: Flask, client: PageClient, sign_in: Callable[[Any], Any]
) -> None:
    """POST to every staff address as a resident, and to every signed-in one without an account."""
    world = build()
    wrong = []
    for who, gates in {"resident": {"staff"}, "anonymous": {"staff", "signed_in"}}.items():
        reader = PageClient(app)
        if who != "anonymous":
            from tests.factories.accounts import signed_in_cookie

            signed_in_cookie(reader.http, world.people[who])
        token = _token(reader)
        for rule, url in _writable_rules(app, world):
            if app.view_functions[rule.endpoint].access_mark.gate not in gates:  # type: ignore[attr-defined]
                continue
            page = reader.post(url, {"csrf_token": token}, unchecked=True)
            refused = page.status in {403, 404} or "login" in (page.location or "")
            if not refused:
                wrong.append(f"{who} {url}: {page.status} {page.location}")
    assert not wrong, "\n".join(wrong)


def test_other_methods_never_break(
    app: Flask, client: PageClient, sign_in: Callable[[Any], Any]
) -> None:
    world = build()
    sign_in(world.people["admin"])
    wrong = []
    for rule in readable(app):
        url = address(app, rule.endpoint, cases(rule, world)[0])
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
            status = client.http.open(url, method=method).status_code
            if status >= 500:
                wrong.append(f"{method} {url}: {status}")
    assert not wrong, "\n".join(wrong)


def test_reading_changes_nothing(
    app: Flask, client: PageClient, sign_in: Callable[[Any], Any], queries: Callable[[], Any]
) -> None:
    """GET never writes what people wrote; what it may note is named here."""
    world = build()
    sign_in(world.people["admin"])
    noted = ("sessions", "notifications", "rate_", "limits")
    wrong = []
    for rule in readable(app):
        for case in cases(rule, world):
            with queries() as sent:
                client.get(address(app, rule.endpoint, case), offsite=True, unchecked=True)
            writes = [
                s
                for s in sent
                if re.match(r"\s*(INSERT|UPDATE|DELETE)", s) and not any(n in s for n in noted)
            ]
            if writes:
                wrong.append(f"{rule.endpoint} ({case.label}): {' '.join(writes[0].split())[:120]}")
    assert not wrong, "\n".join(wrong)


def _writable_rules(app: Flask, world: World) -> Iterator[tuple[Any, str]]:
    from tests.sweeps.world import _addresses, parameters

    for rule in app.url_map.iter_rules():
        mark = getattr(app.view_functions[rule.endpoint], "access_mark", None)
        if "POST" not in (rule.methods or set()) or mark is None or rule.endpoint in WITHOUT_TOKEN:
            continue
        names = parameters(rule)
        provider = _addresses.get(rule.endpoint) or _addresses.get(
            ",".join(f"<{n}>" for n in names)
        )
        if provider is not None:
            values = provider(world)[0].values
        else:
            values = {
                n: 1 if n.endswith("id") or n in {"number", "n", "version"} else "x" for n in names
            }
        with app.test_request_context("/en/", base_url="http://localhost"):
            yield rule, url_for(rule.endpoint, **{"locale": "en", **values})


def _writable(app: Flask, world: World) -> Iterator[str]:
    return (url for _rule, url in _writable_rules(app, world))


def _token(reader: PageClient) -> str:
    page = reader.get("/en/login")
    if page.location:
        page = reader.get("/en/me")
    fields = page.select('[name="csrf_token"]')
    return fields[0].get("value", "") if fields else ""
