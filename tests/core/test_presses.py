"""The hidden fields of forms that are only buttons."""

import re

import pytest
from flask import Flask, render_template_string, session
from flask_wtf.csrf import validate_csrf

from engage.core.idempotency import FIELD
from engage.core.presses import press_fields

pytestmark = pytest.mark.pure


def values(html: str) -> dict[str, str]:
    return dict(re.findall(r'name="([^"]+)" value="([^"]+)"', html))


def test_each_form_has_a_key_of_its_own_and_the_session_s_token(app: Flask) -> None:
    with app.test_request_context("/en/"):
        first, second = values(press_fields()), values(press_fields())
        assert set(first) == {FIELD, "csrf_token"}
        assert first[FIELD] != second[FIELD]
        assert first["csrf_token"] == second["csrf_token"]
        validate_csrf(first["csrf_token"])
        assert "csrf_token" in session


def test_templates_draw_them_unescaped(app: Flask) -> None:
    with app.test_request_context("/en/"):
        drawn = render_template_string("{{ press_fields() }}")
    assert drawn.count("<input type=") == 2
