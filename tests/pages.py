"""The page-checking client: every answer a test fetches is read as a careful visitor would read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.inspection import Seen, faults
from tests.markup import parse, select, tag_of, text_of

Fields = Mapping[str, Any]


class FaultyPage(AssertionError):
    """The page came, but is not one we would show."""


class Page:
    """One answer: its status, its words, its forms; `.select(css)` finds elements in it."""

    def __init__(self, client: PageClient, url: str, response: TestResponse, fragment: bool):
        self.client = client
        self.url = url
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.is_html = response.mimetype == "text/html"
        self.is_fragment = fragment and "<html" not in response.text[:300].lower()

    @cached_property
    def body(self) -> str:
        return self.response.get_data().decode("utf-8", "replace")

    @cached_property
    def html(self) -> Element:
        root, _ = parse(self.body, fragment=self.is_fragment)
        return root

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The visible words of an HTML answer; the raw body of any other."""
        return text_of(self.html) if self.is_html else self.body

    @property
    def title(self) -> str:
        return self.words("title")

    @property
    def h1(self) -> str:
        return self.words("h1")

    @property
    def lang(self) -> str | None:
        return self.html.get("lang")

    @property
    def location(self) -> str | None:
        """Where a redirect leads: path and query."""
        return self.headers.get("Location")

    @property
    def errors(self) -> list[str]:
        """The lines of the error summary."""
        return [text_of(e) for e in self.select('[role="alert"] li, .error-summary li')]

    @property
    def forms(self) -> list[Element]:
        return self.select("form")

    @property
    def links(self) -> dict[str, str]:
        """Words of each link -> where it leads."""
        return {text_of(a): a.get("href", "") for a in self.select("a[href]")}

    def select(self, selector: str) -> list[Element]:
        return select(self.html, selector)

    def one(self, selector: str) -> Element:
        found = self.select(selector)
        assert len(found) == 1, f"{self.url}: {len(found)} elements match {selector!r}"
        return found[0]

    def words(self, selector: str) -> str:
        """The text of the first match, empty when there is none."""
        found = self.select(selector)
        return text_of(found[0]) if found else ""

    def has(self, selector: str) -> bool:
        return bool(self.select(selector))

    def form(self, wanted: str | None = None) -> Element:
        """A form by CSS selector, by (part of) its action, or by the words of its button; without, the only one."""
        forms = self.forms
        if wanted is None:
            posts = [f for f in forms if (f.get("method") or "get").lower() == "post"]
            # the frame's own forms (sign out, language, look) are never what a test means
            frame = self.select(".tools form, .desktop form")
            inner = [f for f in self.select("main form") if f in posts and f not in frame]
            forms = inner or posts or forms
        else:
            exact = [f for f in forms if f.get("action") == wanted]
            by_button = [
                f
                for f in forms
                if any(wanted == text_of(b) for b in select(f, "button"))
                or any(wanted == b.get("value") for b in select(f, "input[type=submit]"))
            ]
            partial = [
                f for f in forms if wanted.startswith("/") and wanted in (f.get("action") or "")
            ]
            forms = exact or by_button or partial or self._forms_like(wanted)
        assert forms, (
            f"{self.url} ({self.status}) has no form {wanted!r}; "
            f"it has {[(f.get('method'), f.get('action')) for f in self.forms]}"
        )
        return forms[0]

    def _forms_like(self, selector: str) -> list[Element]:
        try:
            return [f for f in self.select(selector) if tag_of(f) == "form"]
        except ValueError:
            return []

    def values(self, form: str | Element | None = None) -> dict[str, list[str]]:
        """What a browser would send for the form as it stands, without any button."""
        element = self.form(form) if not isinstance(form, Element) else form
        filled: dict[str, list[str]] = {}
        for field in select(element, "input, select, textarea"):
            name, kind = field.get("name"), (field.get("type") or "text").lower()
            if not name or field.get("disabled") is not None:
                continue
            if tag_of(field) == "select":
                options = select(field, "option")
                chosen = [o for o in options if o.get("selected") is not None]
                if not chosen and field.get("multiple") is None:
                    chosen = options[:1]
                filled.setdefault(name, []).extend(o.get("value", text_of(o)) for o in chosen)
            elif tag_of(field) == "textarea":
                filled.setdefault(name, []).append((field.text or "").removeprefix("\n"))
            elif kind in {"checkbox", "radio"}:
                if field.get("checked") is not None:
                    filled.setdefault(name, []).append(field.get("value", "on"))
            elif kind not in {"submit", "button", "reset", "image", "file"}:
                filled.setdefault(name, []).append(field.get("value", ""))
        return filled

    def submit(
        self, form: str | Fields | None = None, data: Fields | None = None, /, **options: Any
    ) -> Page:
        """Fill in and send a form of this page; `None` for a field leaves it out."""
        if isinstance(form, Mapping):
            form, data = None, form
        element = self.form(form)
        values: dict[str, Any] = dict(self.values(element))
        # a button that skips the checks (Preview) is never what sending a form means
        buttons = [
            b
            for b in select(element, "button[name]")
            if (b.get("type") or "submit") == "submit" and b.get("formnovalidate") is None
        ]
        by_words = [b for b in buttons if text_of(b) == form]
        if by_words or len(buttons) == 1:
            pressed = (by_words or buttons)[0]
            values[pressed.get("name") or ""] = pressed.get("value", "")
        for name, value in (data or {}).items():
            if value is None:
                values.pop(name, None)
            elif value is True:
                boxes = select(element, f'input[name="{name}"]')
                values[name] = boxes[0].get("value", "y") if boxes else "y"
            elif value is False:
                values.pop(name, None)
            else:
                values[name] = value
        action = urljoin(self.url, element.get("action") or self.url)
        if (element.get("method") or "get").lower() == "get":
            return self.client.get(urlsplit(action).path, query_string=values, **options)
        return self.client.post(action, values, **options)

    def follow(self, **options: Any) -> Page:
        """The page a redirect leads to."""
        assert self.location, (
            f"{self.url} answered {self.status} and leads nowhere: {self.text[:400]}"
        )
        return self.client.get(self.location, **options)

    def click(self, words: str, **options: Any) -> Page:
        """Follow the first link with these words."""
        exact = {k: v for k, v in self.links.items() if k == words}
        near = exact or {k: v for k, v in self.links.items() if words in k}
        assert near, f"{self.url} has no link {words!r}; it has {sorted(self.links)}"
        return self.client.get(urljoin(self.url, next(iter(near.values()))), **options)

    def __repr__(self) -> str:
        return (
            f"<Page {self.status} {self.url} {self.h1!r}>"
            if self.is_html
            else f"<Answer {self.status} {self.url}>"
        )


class PageClient:
    """A browser without scripts that refuses to look at a faulty page. Cookies stay between calls."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.http: FlaskClient = app.test_client()
        self.routes = app.url_map.bind("localhost")
        self.page: Page | None = None

    def get(self, url: str, *, status: int | None = None, **options: Any) -> Page:
        return self._ask("GET", url, status, options)

    def head(self, url: str, *, status: int | None = None, **options: Any) -> Page:
        return self._ask("HEAD", url, status, options)

    def post(
        self, url: str, data: Any = None, *, status: int | None = None, **options: Any
    ) -> Page:
        """A POST of exactly this; forms are better sent with `submit`, which brings token and key along."""
        return self._ask("POST", url, status, {**options, "data": data})

    def submit(
        self, form: str | Fields | None = None, data: Fields | None = None, /, **options: Any
    ) -> Page:
        """Submit a form of the page last fetched."""
        assert self.page is not None, "fetch a page first"
        return self.page.submit(form, data, **options)

    def fragment(self, url: str, **options: Any) -> Page:
        """The page as htmx asks for it."""
        return self.get(
            url, headers={"HX-Request": "true", **options.pop("headers", {})}, **options
        )

    def cookie(self, name: str) -> str | None:
        found = self.http.get_cookie(name)
        return found.value if found else None

    def _ask(self, method: str, url: str, status: int | None, options: dict[str, Any]) -> Page:
        offsite = options.pop("offsite", False)
        unchecked = options.pop("unchecked", False)
        follow = options.pop("follow", False) or options.pop("follow_redirects", False)
        parts = urlsplit(url)
        if parts.hostname and parts.hostname != "localhost":
            raise AssertionError(f"a test asked for {url}, which is not ours")
        address = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        response = self.http.open(address, method=method, **options)
        asked_partly = "HX-Request" in (options.get("headers") or {})
        page = Page(self, address, response, fragment=asked_partly)
        if not unchecked:
            self._inspect(page, offsite=offsite)
        self._know_cookies(page)
        if status is not None:
            assert page.status == status, (
                f"{method} {address}: {page.status}, not {status}: {page.text[:600]}"
            )
        if page.is_html:
            self.page = page
        if follow and page.location:
            return page.follow(follow=True, offsite=offsite)
        return page

    def _know_cookies(self, page: Page) -> None:
        """Every cookie we set is one of those the privacy page names."""
        from engage.commons.accounts import presence

        names = {cookie.partition("=")[0] for cookie in page.headers.getlist("Set-Cookie")}
        if names:
            with self.app.app_context():
                told = {presence.session_cookie().name, presence.device_cookie().name}
            assert names <= told, f"{page.url} sets {names - told}, which the privacy page omits"

    def _inspect(self, page: Page, *, offsite: bool) -> None:
        assert page.status < 500 or page.status == 503, (
            f"{page.url} answered {page.status}: {page.body[:2000]}"
        )
        if 300 <= page.status < 400 and page.status != 304:
            host = urlsplit(page.location or "").hostname
            assert offsite or host in {None, "localhost"}, (
                f"{page.url} sends people away to {page.location}"
            )
            return
        if not page.is_html or page.response.request.method == "HEAD" or not page.body:
            return
        seen = Seen(
            url=page.url,
            status=page.status,
            headers=page.headers,
            cookies_set=tuple(c.partition("=")[0] for c in page.headers.getlist("Set-Cookie")),
            body=page.body,
            fragment=page.is_fragment,
            routes=self.routes,
        )
        if found := faults(seen):
            raise FaultyPage(f"{page.url} ({page.status}):\n  " + "\n  ".join(found))
