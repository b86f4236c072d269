"""Several numbers in one statement, and the menus that show them."""

from __future__ import annotations

import pytest
from flask import Flask, g
from sqlalchemy import literal, select

from engage.core import figures, nav
from tests.factories.accounts import make_staff, make_user


def test_many_numbers_are_one_statement(queries) -> None:
    with queries() as sent:
        found = figures.read({"a": select(literal(3)), ("b", 1): select(literal(0))})
    assert found == {"a": 3, ("b", 1): 0}
    assert len(sent) == 1


def test_nothing_to_read_asks_nothing(queries) -> None:
    with queries() as sent:
        assert figures.read({}) == {}
    assert not sent


@pytest.fixture
def menus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nav, "_items", {})
    for area, key, number, roles in (
        ("office", "cases", 5, {"moderator"}),
        ("office", "mails", 7, {"admin"}),
        ("office", "nothing", 0, set()),
        ("me", "news", 2, set()),
    ):
        nav.add(
            nav.NavItem(
                key,
                key,
                "home.index",
                "home",
                area=area,
                roles=frozenset(roles),
                count=lambda _user, number=number: select(literal(number)),
            )
        )


def shown(area: str) -> dict[str, int | None]:
    return {entry.key: entry.count for entry in nav.entries(area)}


def test_both_menus_of_the_office_cost_one_statement(app: Flask, menus, queries) -> None:
    with app.test_request_context("/en/office", base_url="http://localhost"):
        g.engage_user = make_staff("moderator")
        with queries() as sent:
            assert shown("office") == {"cases": 5, "nothing": None}
            assert shown("me") == {"news": 2}
            assert nav.count("me", "news") == 2
        assert len(sent) == 1, sent


def test_the_public_side_counts_nothing_of_the_office(app: Flask, menus, queries) -> None:
    with app.test_request_context("/en/", base_url="http://localhost"):
        g.engage_user = make_user()
        with queries() as sent:
            assert shown("me") == {"news": 2}
            assert shown("office") == {}
        assert len(sent) == 1
        assert "cases" not in sent[0]


def test_nobody_signed_in_has_nothing_waiting(app: Flask, menus, queries) -> None:
    with app.test_request_context("/en/", base_url="http://localhost"):
        g.engage_user = None
        with queries() as sent:
            assert nav.count("me", "news") == 0
        assert not sent
