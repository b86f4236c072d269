"""Slots: what fills them, in which order, and that nothing gets in unescaped."""

from __future__ import annotations

from collections import defaultdict

import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from engage.core import slots
from engage.core.slots import fill, render


def early(**_context: object) -> Markup:
    return Markup("<p>early</p>")


def late(**_context: object) -> Markup:
    return Markup("<p>late</p>")


def named(*, name: str) -> Markup:
    return Markup("<p>{}</p>").format(name)


def bare(*, name: str) -> str:
    return f"<p>{name}</p>"


def nothing(**_context: object) -> None:
    return None


@pytest.fixture(autouse=True)
def own_fillings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fillings of this test only: the application's own come back."""
    monkeypatch.setattr(slots, "_fillings", defaultdict(dict))


def test_a_lower_order_stands_first() -> None:
    fill("page.end", late, order=20)
    fill("page.end", early, order=10)
    assert render("page.end") == "<p>early</p><p>late</p>"


def test_of_one_order_who_came_first_stands_first() -> None:
    fill("page.end", late)
    fill("page.end", early)
    assert render("page.end") == "<p>late</p><p>early</p>"


def test_the_same_filling_twice_appears_once_where_it_was_put_last() -> None:
    fill("page.end", early, order=10)
    fill("page.end", late, order=20)
    fill("page.end", early, order=30)
    assert render("page.end") == "<p>late</p><p>early</p>"


def test_slots_are_apart() -> None:
    fill("page.start", early)
    fill("page.end", late)
    assert render("page.start") == "<p>early</p>"


def test_an_empty_slot_is_empty_markup() -> None:
    assert render("page.end") == Markup("")
    fill("page.end", nothing)
    found = render("page.end", name="Ann")
    assert found == ""
    assert isinstance(found, Markup)


def test_who_has_nothing_to_show_leaves_no_gap() -> None:
    for order, filling in enumerate((early, nothing, late)):
        fill("page.end", filling, order=order)
    assert render("page.end") == "<p>early</p><p>late</p>"


def test_the_context_reaches_every_filling() -> None:
    fill("page.end", named)
    assert render("page.end", name="<Ann>") == "<p>&lt;Ann&gt;</p>"


def test_what_is_not_markup_is_escaped() -> None:
    fill("page.end", bare)
    found = render("page.end", name="<script>alert(1)</script>")
    assert found == "&lt;p&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;/p&gt;"
    assert isinstance(found, Markup)


def test_a_template_shows_its_slot_as_it_is(app: Flask) -> None:
    fill("page.end", named, order=1)
    fill("page.end", bare, order=2)
    with app.test_request_context("/en/"):
        found = render_template_string("{{ slot('page.end', name='A & B') }}")
    assert found == "<p>A &amp; B</p>&lt;p&gt;A &amp; B&lt;/p&gt;"
