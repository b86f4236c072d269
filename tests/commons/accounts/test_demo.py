"""One-press sign-in exists in the demonstration, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import config
from engage import create_app
from engage.commons.accounts import demo
from engage.commons.accounts.demo import DemoAccount
from tests.commons.accounts.test_views import is_in
from tests.factories.accounts import make_staff, make_user
from tests.pages import PageClient


def _accounts() -> list[DemoAccount]:
    return [DemoAccount("ada@demo.example", "Ada", "runs the office")]


@pytest.fixture
def showing(app: Flask) -> Iterator[Any]:
    kept = list(demo._source)
    user = make_staff("admin", email="ada@demo.example")
    demo.offer(_accounts)
    yield user
    demo._source[:] = kept


@pytest.fixture
def demonstration(app: Flask, tmp_path: Path, showing: Any) -> Flask:
    """The same database, as a demonstration."""
    made = create_app(
        config.load(
            {
                "ENGAGE_DATA_DIR": str(tmp_path),
                "ENGAGE_BASE_URL": "http://localhost",
                "ENGAGE_DEMONSTRATION": "1",
                "ENGAGE_TEST_DATABASE_URL": app.config["DATABASE_URL"],
            },
            "test",
        )
    )
    demo.offer(_accounts)
    made.test_client_class = app.test_client_class
    return made  # type: ignore[no-any-return]


def test_one_press_and_in_the_office_too(demonstration: Flask) -> None:
    client = PageClient(demonstration)
    page = client.get("/en/login")
    assert "runs the office" in page.text
    assert page.submit("/en/login/demo").status == 302
    assert is_in(client)
    assert client.get("/en/office/people").status == 200
    assert client.get("/en/me/password").status == 200


def test_only_the_accounts_on_show(demonstration: Flask) -> None:
    other = make_user()
    client = PageClient(demonstration)
    page = client.get("/en/login")
    assert page.submit("/en/login/demo", {"email": other.email}).status == 404
    assert not is_in(client)


def test_no_such_address_elsewhere(client: PageClient, showing: Any) -> None:
    page = client.get("/en/login")
    assert "runs the office" not in page.text
    values = page.values() | {"email": ["ada@demo.example"]}
    assert client.post("/en/login/demo", values).status == 404
    assert not is_in(client)


def test_a_demo_session_is_worth_nothing_where_there_is_no_demonstration(
    client: PageClient, demonstration: Flask
) -> None:
    there = PageClient(demonstration)
    there.get("/en/login")
    there.submit("/en/login/demo")
    client.http.set_cookie("engage", there.cookie("engage") or "")
    assert client.get("/en/office/people").location.startswith("/en/me/security")  # type: ignore[union-attr]


def test_production_refuses_the_demonstration() -> None:
    with pytest.raises(config.ConfigError, match="ENGAGE_DEMONSTRATION"):
        config.load(
            {
                "ENGAGE_BASE_URL": "https://engage.example.org",
                "ENGAGE_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123",
                "ENGAGE_DEMONSTRATION": "1",
            },
            "production",
        )
