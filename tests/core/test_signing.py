"""Signed links: for one purpose, and through a change of keys."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from engage.commons.comments.tokens import held_token, read_held_token
from engage.core import signing
from engage.core.errors import Missing


def test_a_link_is_for_one_purpose(app: Flask) -> None:
    token = signing.signed("receipt", [1, "ü"])
    assert signing.read("receipt", token) == [1, "ü"]
    for purpose, sent in (("complaint", token), ("receipt", token + "x"), ("receipt", "")):
        with pytest.raises(Missing):
            signing.read(purpose, sent)


def test_links_live_on_when_the_key_changes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    held: Any = type("Held", (), {"id": 3, "guest_id": 4})()
    token = held_token(held)
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", [app.config["SECRET_KEY"]])
    monkeypatch.setitem(app.config, "SECRET_KEY", "another key, made later than the first")
    assert read_held_token(token) == (3, 4)
    assert held_token(held) != token
