"""Addresses that are remembered are those that would be built."""

from typing import Any

import pytest
from flask import Flask, url_for
from flask_babel import force_locale

ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"page": 1},
    {"page": "1"},
    {"page": True},  # equal to 1, and not the same word
    {"page": [1, 2]},
    {"page": None},
    {"locale": "fr"},
    {"_anchor": "open"},
    {"_external": True},
)


@pytest.mark.parametrize("root", ["", "/quay"])
def test_what_is_remembered_is_what_would_be_built(app: Flask, root: str) -> None:
    with app.test_request_context("/en/", environ_overrides={"SCRIPT_NAME": root}):
        for locale in ("en", "fr", "en"):
            with force_locale(locale):
                for values in ASKED:
                    built = Flask.url_for(app, "home.index", **values)
                    assert url_for("home.index", **values) == built
                    assert url_for("home.index", **values) == built, "the second time"
                assert url_for("home.index") == f"{root}/{locale}/"


def test_what_readers_typed_is_not_kept_and_the_rest_is_bounded(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engage.core.links._MOST", 3)
    monkeypatch.setattr(app, "_links", {})
    with app.test_request_context("/en/"):
        for number in range(10):
            assert url_for("home.index", q="long" * 30, n=number).count("long") == 30
        assert app._links == {}
        for number in range(10):
            assert url_for("home.index", n=number).endswith(f"?n={number}")
            assert len(app._links) <= 3
