"""Turning the secret key over: what was made before still works, what is made now needs only the new."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

import config
from engage import create_app
from engage.commons.accounts import demo, tokens

OLD, NEW = "an-old-key-0123456789-abcdefghijklmn", "a-new-key-9876543210-nmlkjihgfedcba"


def instance(folder: Path, key: str, *fallbacks: str) -> Flask:
    env = {
        "ENGAGE_DATA_DIR": str(folder),
        "ENGAGE_BASE_URL": "http://localhost",
        "ENGAGE_SECRET_KEY": key,
        "ENGAGE_SECRET_KEY_FALLBACKS": ",".join(fallbacks),
    }
    made: Flask = create_app(config.load(env, "test"))
    return made


@pytest.fixture
def before(app: Flask, tmp_path: Path) -> Flask:
    kept = list(demo._source)
    made = instance(tmp_path, OLD)
    demo._source[:] = kept
    return made


def test_links_survive_a_new_key_and_are_signed_with_it(before: Flask, tmp_path: Path) -> None:
    turned, after = instance(tmp_path, NEW, OLD), instance(tmp_path, NEW)
    for purpose in (
        tokens.RESET,
        tokens.SIGN_IN,
        tokens.CONFIRM,
        tokens.CHANGE_EMAIL,
        tokens.DEVICE,
    ):
        with before.app_context():
            old = tokens.make(purpose, 1)
        with turned.app_context():
            assert tokens.read(purpose, old)
            new = tokens.make(purpose, 1)
        with after.app_context():
            assert tokens.read(purpose, new)
            assert tokens.read(purpose, old) is None
        with before.app_context():
            assert tokens.read(purpose, new) is None


def test_an_apps_secret_survives_a_new_key(before: Flask, tmp_path: Path) -> None:
    turned, after = instance(tmp_path, NEW, OLD), instance(tmp_path, NEW)
    tool = {name: made.extensions["engage_security"].totp_factory for name, made in
            {"before": before, "turned": turned, "after": after}.items()}  # fmt: skip
    secret = tool["before"].generate_totp_secret()
    key = tool["before"].get_totp_b32_key(secret)
    assert tool["turned"].get_totp_b32_key(secret) == key
    fresh = tool["turned"].generate_totp_secret()
    assert tool["after"].get_totp_b32_key(fresh)
    with pytest.raises(KeyError):
        tool["after"].get_totp_b32_key(secret)
