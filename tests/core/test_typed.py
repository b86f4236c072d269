"""What was typed comes back with every refusal, and nothing that is secret with it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import encode_multipart

from engage.core.access import public
from engage.core.errors import TooMany
from engage.core.typed import LONG_TEXTS, typed
from tests.architecture.source import modules
from tests.factories.accounts import make_staff, signed_in_cookie
from tests.pages import PageClient

WORDS = "Four paragraphs on the mooring fees.\n\n<b>And more.</b>"


def test_every_long_field_is_known() -> None:
    """A field of many lines that is not named would lose its text on an expired form."""
    found = set()
    for module in modules():
        found |= set(
            re.findall(
                r"^    (\w+) = (?:TextArea|Markdown)Field\(", module.path.read_text(), flags=re.M
            )
        )
    assert found - LONG_TEXTS == set()


def test_no_secret_is_known() -> None:
    secret = set()
    for module in modules():
        secret |= set(re.findall(r"^    (\w+) = PasswordField\(", module.path.read_text(), re.M))
    assert secret
    assert not secret & LONG_TEXTS
    assert not {"password", "code", "csrf_token", "email", "q"} & LONG_TEXTS


@pytest.mark.parametrize(
    ("data", "headers", "expected"),
    [
        ({"body": "a"}, {}, "a"),
        ({"steps-0-body": "a", "words": "b"}, {}, "a\n\nb"),
        ({"password": "a", "code": "1"}, {}, None),
        ({"body": "  "}, {}, None),
        ({"body": "a"}, {"Sec-Fetch-Site": "cross-site"}, None),
        ({"body": "a"}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, "a"),
        ({"body": "a"}, {"Origin": "https://elsewhere.example"}, None),
    ],
)
def test_what_counts(app: Flask, data: Any, headers: Any, expected: str | None) -> None:
    base = "http://localhost"
    with app.test_request_context("/", base_url=base, method="POST", data=data, headers=headers):
        assert typed() == expected


def test_a_form_too_large_to_read_is_nothing_to_show(app: Flask) -> None:
    boundary, body = encode_multipart({"body": "a" * (app.config["MAX_FORM_MEMORY_SIZE"] + 1)})
    kind = f"multipart/form-data; boundary={boundary}"
    with app.test_request_context("/", method="POST", data=body, content_type=kind):
        assert typed() is None


def test_signed_out_meanwhile(client: PageClient) -> None:
    """The page shows the text and leads to sign-in and back."""
    sent = {"reason": WORDS, "password": "seven gulls"}
    headers = {"Referer": "http://localhost/en/me/close"}
    page = _posted(client, "/en/me/close", sent, headers)
    assert page.status == 403
    assert page.h1 == "Please sign in"
    assert "mooring fees" in page.words("main pre")
    assert "seven gulls" not in page.body
    assert page.has('main a[href="/en/login?next=%2Fen%2Fme%2Fclose"]')


def test_signed_out_meanwhile_in_place(client: PageClient) -> None:
    page = _posted(client, "/en/me/close", {"reason": WORDS}, {"HX-Request": "true"})
    assert page.status == 403
    assert page.is_fragment
    assert "mooring fees" in page.words("pre")
    assert page.has('a[href="/en/login"]')


def test_signed_out_with_nothing_to_lose_leads_to_sign_in(client: PageClient) -> None:
    page = _posted(client, "/en/me/close", {}, {})
    assert page.status == 302
    assert "/en/login" in (page.location or "")


def test_a_gate_shows_the_words_first(client: PageClient) -> None:
    """Asked for their second step, people keep what they typed."""
    signed_in_cookie(client.http, make_staff("admin"), second_factor=False)
    page = _posted(client, "/en/office/documents/1/paste", {"text": WORDS}, {})
    assert page.status == 403
    assert "mooring fees" in page.words("main pre")
    assert page.links["Sign in"].startswith("/en/me/security")


def test_too_often(app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    @public
    def hurried(**_values: Any) -> Any:
        raise TooMany(7)

    monkeypatch.setitem(app.view_functions, "comments.new", hurried)
    page = _posted(client, "/en/comments/threads/1/new", {"body": WORDS}, {})
    assert page.status == 429
    assert "mooring fees" in page.words("main pre")
    assert page.headers["Retry-After"] == "7"


def _posted(client: PageClient, url: str, data: Any, headers: Any) -> Any:
    """Sent with a token that is right."""
    token = client.get("/en/login")
    if token.location:
        token = client.get("/en/me")
    value = token.select('[name="csrf_token"]')[0].get("value")
    return client.post(url, {"csrf_token": value, **data}, headers=headers)
