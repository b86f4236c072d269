"""Settings: a public instance cannot be started half-set, and what is wrong is said by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import config

pytestmark = pytest.mark.pure

SOUND = {
    "ENGAGE_SECRET_KEY": "b7a1c94e2f60d85833b9e0714cd2aa56",
    "ENGAGE_BASE_URL": "https://engage.example.org",
}


def load(tmp_path: Path, **over: str) -> config.Base:
    return config.load({**SOUND, "ENGAGE_DATA_DIR": str(tmp_path), **over}, "production")


def test_a_sound_production_starts(tmp_path: Path) -> None:
    made = load(tmp_path)
    assert made.SESSION_COOKIE_NAME.startswith("__Host-")
    assert made.SESSION_COOKIE_SECURE
    assert not made.DEBUG
    assert not made.DEMONSTRATION


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENGAGE_SECRET_KEY", ""),
        ("ENGAGE_SECRET_KEY", "development-0123456789abcdef0123456789"),
        ("ENGAGE_SECRET_KEY", "short"),
        ("ENGAGE_SECRET_KEY", "a" * 40),
        ("ENGAGE_DEBUG", "1"),
        ("FLASK_DEBUG", "1"),
        ("ENGAGE_DEMONSTRATION", "1"),
        ("ENGAGE_BASE_URL", ""),
        ("ENGAGE_BASE_URL", "http://engage.example.org"),
        ("ENGAGE_TIMEZONE", "Europe/Atlantis"),
        ("ENGAGE_LOCALES", "en,xx"),
        ("PORT", "eighty"),
    ],
)
def test_an_unsound_one_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(config.ConfigError, match=name):
        load(tmp_path, **{name: value})


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, ENGAGE_SECRET_KEY="", ENGAGE_DEMONSTRATION="1", PORT="x")
    assert len(caught.value.problems) == 3


def test_the_demonstration_never_goes_public(tmp_path: Path) -> None:
    """A proxy in front of a laptop's settings must not open the demonstration's accounts."""
    env = {"ENGAGE_DATA_DIR": str(tmp_path), "ENGAGE_BASE_URL": "https://engage.example.org"}
    with pytest.raises(config.ConfigError, match="ENGAGE_BASE_URL"):
        config.load(env, "development")
