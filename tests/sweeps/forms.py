"""Every form of every page, found by walking the site, and filled in as a willing visitor would."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

from flask import Flask
from PIL import Image
from werkzeug.exceptions import HTTPException

from tests.factories.accounts import PASSWORD, signed_in_cookie
from tests.markup import elements, parse, tag_of
from tests.pages import Page, PageClient
from tests.sweeps.test_access_matrix import address
from tests.sweeps.world import World, cases, readable

# whoever may do less comes first: a form is tried by the first of them who gets through
WALKERS = ("anonymous", "resident", "author", "member", "moderator", "organiser", "admin")
_WRITTEN = re.compile(r"<form\b.*?</form>", re.DOTALL)
_BY_POST = re.compile(r"""^<form[^>]*\bmethod=["']?post""", re.IGNORECASE)
_ACTION = re.compile(r"""^<form[^>]*\baction="([^"]*)""")
_NAMES = re.compile(r"""<(input|select|textarea|button)\b[^>]*?\bname="([^"]*)""")


@dataclass(frozen=True)
class Way:
    """How a form is filled in: everything or only what must be, with which words, which days."""

    everything: bool = True
    words: str = "Words to try this form with."
    email: str = "somebody.new@example.org"
    moves_days: bool = False


def ways(world: World) -> tuple[Way, ...]:
    """One after the other, until the form is taken."""
    return (
        Way(),
        Way(everything=False),
        Way(words="example.org", email=world.people["author"].email, moves_days=True),
        Way(words="https://example.org/"),
    )


@dataclass(frozen=True)
class Form:
    """A form on a page as one person sees it, with one of its buttons pressed."""

    who: str
    page: Page
    element: Element
    action: str
    endpoint: str
    names: frozenset[str]
    pressed: tuple[tuple[str, str], ...]

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it another form: where it goes, what it asks, how it is sent off."""
        return self.endpoint, self.names, self.pressed

    def attempts(self, ways: Sequence[Way]) -> Iterator[dict[str, Any]]:
        """What is sent, filled in one way after the other."""
        for way in ways:
            yield filled(self.page, self.element, way) | dict(self.pressed)

    def __str__(self) -> str:
        return f"{self.endpoint} as {self.who} from {self.page.url[:60]}"


def forms(app: Flask, world: World, readers: Mapping[str, PageClient]) -> Iterator[Form]:
    """Each form that is sent by POST, at each address it goes to, for every walker shown it."""
    for who, reader in readers.items():
        seen: set[tuple[object, ...]] = set()
        for rule in readable(app):
            for case in cases(rule, world):
                page = reader.get(address(app, rule.endpoint, case), offsite=True, unchecked=True)
                if page.status == 200 and page.is_html:
                    yield from _of_page(app, page, who, seen)


def walkers(app: Flask, world: World) -> dict[str, PageClient]:
    """A browser for each of the walkers, signed in just now."""
    found = {}
    for who in WALKERS:
        found[who] = PageClient(app)
        if who != "anonymous":
            signed_in_cookie(found[who].http, world.people[who])
    return found


def _of_page(app: Flask, page: Page, who: str, seen: set[tuple[object, ...]]) -> Iterator[Form]:
    for written in _WRITTEN.findall(page.body):
        # most forms of most pages are known: only new ones are worth a parser's time
        to = _ACTION.search(written)
        mark = to[1] if to else page.url, frozenset(_NAMES.findall(written))
        if mark in seen or not _BY_POST.search(written):
            continue
        seen.add(mark)
        [form] = [e for e in elements(parse(written, fragment=True)[0]) if tag_of(e) == "form"]
        action = urljoin(page.url, form.get("action") or page.url)
        names = frozenset(e.get("name") or "" for e in _fields(form)) - {""}
        for button in _buttons(form) or [None]:
            pressed = (
                () if button is None else ((button.get("name") or "", button.get("value", "")),)
            )
            yield Form(who, page, form, action, endpoint_of(app, action), names, pressed)


def endpoint_of(app: Flask, url: str) -> str:
    """The endpoint that takes a POST there."""
    try:
        return str(app.url_map.bind("localhost").match(urlsplit(url).path, method="POST")[0])
    except HTTPException as error:
        raise AssertionError(f"a form goes to {url}, which takes none") from error


def _fields(form: Element) -> list[Element]:
    return [e for e in elements(form) if tag_of(e) in {"input", "select", "textarea", "button"}]


def _buttons(form: Element) -> list[Element]:
    """The named buttons that send the form; one that only previews does not."""
    return [
        e
        for e in _fields(form)
        if tag_of(e) == "button"
        and e.get("name")
        and (e.get("type") or "submit") == "submit"
        and e.get("formnovalidate") is None
    ]


def filled(page: Page, form: Element, way: Way) -> dict[str, Any]:
    """What a browser would send once the questions of the form have their answers."""
    values: dict[str, Any] = dict(page.values(form))
    days = (date(2031, 5, 6) + timedelta(days=n) for n in count())
    for field in _fields(form):
        name, kind = field.get("name") or "", (field.get("type") or "text").lower()
        if not name or field.get("disabled") is not None:
            continue
        if kind == "date" and way.moves_days:
            values[name] = [next(days).isoformat()]
        elif any(values.get(name, [])) or not (way.everything or _is_required(field)):
            continue
        elif kind == "date":
            values[name] = [next(days).isoformat()]
        elif (given := _answer(field, name, kind, way)) is not None:
            values[name] = given
    return values


def _is_required(field: Element) -> bool:
    return field.get("required") is not None or field.get("aria-required") == "true"


def _answer(field: Element, name: str, kind: str, way: Way) -> Any:
    if tag_of(field) == "select":
        options = [o.get("value") or "" for o in elements(field) if tag_of(o) == "option"]
        return [next(filter(None, options), "")]
    if tag_of(field) == "button" or kind in {"submit", "button", "reset", "image", "hidden"}:
        return None
    match kind:
        case "checkbox" | "radio":
            return [field.get("value", "y")]
        case "email":
            return [way.email]
        case "password":
            return [PASSWORD if name != "new" else "a harbour full of fog"]
        case "time":
            return ["12:30"]
        case "number":
            return [field.get("min") or "1"]
        case "url":
            return ["https://example.org/"]
        case "tel":
            return ["+33 3 21 00 00 00"]
        case "file":
            accepted = field.get("accept") or ""
            if "csv" in accepted:
                return _table()
            return _picture() if "png" in accepted else _plan()
    return [way.words]


def _picture() -> tuple[io.BytesIO, str]:
    return io.BytesIO(_png()), "picture.png"


@cache
def _png() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (640, 360), (11, 79, 108)).save(held, "PNG")
    return held.getvalue()


def _table() -> tuple[io.BytesIO, str]:
    return io.BytesIO(b"title;text\nA ferry at night;So that people come home.\n"), "more.csv"


def _plan() -> tuple[io.BytesIO, str]:
    return io.BytesIO(b"# A plan\n\nOf one paragraph.\n"), "plan.md"
