"""What layouts ask of the ground: names, addresses of further pages, covers, the preview box."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from engage.core import settings
from engage.core.covers import cover_url, names
from engage.core.db import transactional
from engage.core.frame import Site, calendar_leaf, page_url


@pytest.mark.parametrize(
    ("query", "number", "expected"),
    [
        ("", 2, "/en/consultations?page=2"),
        (
            "?q=quay&theme=energy&theme=jobs&page=3",
            4,
            "/en/consultations?q=quay&theme=energy&theme=jobs&page=4",
        ),
        ("?q=quay&page=3", 1, "/en/consultations?q=quay"),
        (
            "?_scheme=javascript&_external=1",
            2,
            "/en/consultations?_scheme=javascript&_external=1&page=2",
        ),
    ],
)
def test_further_pages_keep_the_filters_and_obey_nobody(
    app: Flask, query: str, number: int, expected: str
) -> None:
    with app.test_request_context(f"/en/consultations{query}"):
        app.preprocess_request()
        assert page_url(number) == expected


def test_the_tagline_speaks_the_readers_language(app: Flask) -> None:
    with transactional():
        settings.change({"site.tagline": {"en": "Two ports", "fr": "Deux ports"}}, actor=None)
    with app.test_request_context("/fr/"):
        app.preprocess_request()
        assert Site().tagline == "Deux ports"


@pytest.mark.parametrize(
    ("day", "leaf"),
    [(date(2026, 12, 4), ("Dec", 4)), (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), ("Jan", 1))],
)
def test_a_calendar_leaf_is_of_the_readers_zone(
    app: Flask, day: date, leaf: tuple[str, int]
) -> None:
    with app.test_request_context("/en/"):
        assert calendar_leaf(day, "Europe/Paris") == leaf


def test_a_cover_follows_from_its_seed_and_always_exists(app: Flask) -> None:
    with app.test_request_context("/en/"):
        drawn = [cover_url("consultations", seed) for seed in range(12)]
        assert drawn == [cover_url("consultations", seed) for seed in range(12)]
        assert len(set(drawn)) == len(names("consultations"))
        assert cover_url("consultations", 0, "../../config") == drawn[0]


def test_the_preview_box_cleans_and_refuses_in_words(app: Flask) -> None:
    from engage.core.forms import preview_of

    with app.test_request_context("/en/"):
        shown = preview_of("**one** <script>alert(1)</script>", "comment")
        assert "<strong>one</strong>" in shown
        assert "<script" not in shown
        assert "too long" in preview_of("x" * 20_000, "comment")


def test_a_preview_needs_a_token(app: Flask) -> None:
    answer = app.test_client().post("/en/preview", data={"text": "x"})
    assert answer.status_code == 400
