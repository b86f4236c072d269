"""Addresses: kebab-case, typed, under a locale, named after what they show."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

pytestmark = pytest.mark.pure

# machine addresses have no language
WITHOUT_LOCALE = re.compile(
    r"^/(|healthz|readyz|metrics|static/.*|files/.*|\.well-known/.*|robots\.txt|favicon\.\w+|api/.*|mail/.*)$"
)
TEXT_PARAMETERS = frozenset(
    {
        "slug",
        "token",
        "name",
        "filename",
        "path",
        "key",
        "kind",
        "template",
        "code",
        "address",
        "provider",
        "topic",
    }
)


def rules(app: Flask) -> list[Rule]:
    return [r for r in app.url_map.iter_rules() if r.endpoint != "static"]


def test_kebab_case(app: Flask) -> None:
    wrong = []
    for rule in rules(app):
        fixed = re.sub(r"<[^>]+>", "", rule.rule)
        if not re.fullmatch(r"[a-z0-9./-]*", fixed) or "--" in fixed:
            wrong.append(rule.rule)
    assert not wrong, wrong


def test_no_trailing_slash_but_on_the_home_page(app: Flask) -> None:
    wrong = [
        r.rule
        for r in rules(app)
        if r.rule.endswith("/") and r.rule not in {"/", "/<locale:locale>/"}
    ]
    assert not wrong, wrong


def test_parameters_are_typed(app: Flask) -> None:
    """A plain string parameter is right only for what is text by nature."""
    wrong = []
    for rule in rules(app):
        for converter, name in re.findall(r"<(?:([\w()=,.\s'\"]+):)?(\w+)>", rule.rule):
            if converter in {"", "string"} and name not in TEXT_PARAMETERS:
                wrong.append(f"{rule.rule}: <{name}>")
    assert not wrong, wrong


def test_pages_live_under_a_locale(app: Flask) -> None:
    wrong = [
        r.rule
        for r in rules(app)
        if not r.rule.startswith("/<locale:locale>/") and not WITHOUT_LOCALE.match(r.rule)
    ]
    assert not wrong, wrong


def test_endpoints_are_feature_and_word(app: Flask) -> None:
    wrong = [
        r.endpoint
        for r in rules(app)
        if not re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", r.endpoint)
    ]
    assert not wrong, wrong


def test_one_address_one_view(app: Flask) -> None:
    seen: dict[tuple[str, str], str] = {}
    wrong = []
    for rule in rules(app):
        shape = re.sub(r"<[^>]+>", "<>", rule.rule)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            if seen.setdefault((shape, method), rule.endpoint) != rule.endpoint:
                wrong.append(f"{method} {rule.rule}: {rule.endpoint} and {seen[shape, method]}")
    assert not wrong, wrong
