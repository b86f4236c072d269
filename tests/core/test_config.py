"""Settings: checked at start, said clearly, safe in public."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config import ConfigError, load

PUBLIC = {
    "ENGAGE_ENV": "production",
    "ENGAGE_SECRET_KEY": "4f1c2a9be07d53866ac1d2f0937be845",
    "ENGAGE_BASE_URL": "https://engage.example.org",
}


def problems(env: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(env)
    return str(caught.value)


def test_a_laptop_needs_no_setting(tmp_path: Path) -> None:
    made = load({"ENGAGE_DATA_DIR": str(tmp_path)})
    assert made.NAME == "development"
    assert made.DEMONSTRATION
    assert not made.DEBUG
    assert f"sqlite:///{tmp_path}/engage.sqlite3" == made.DATABASE_URL
    assert made.LOCALES == ("en", "fr")
    assert made.HOST == "127.0.0.1"


def test_a_laptop_makes_one_key_of_its_own(tmp_path: Path) -> None:
    env = {"ENGAGE_DATA_DIR": str(tmp_path / "new")}
    key = load(env).SECRET_KEY
    assert key.startswith(config.DEVELOPMENT_KEY)
    assert key == load(env).SECRET_KEY
    assert (tmp_path / "new/development.key").stat().st_mode & 0o077 == 0


def test_production_starts_with_what_it_needs() -> None:
    made = load(PUBLIC)
    assert made.SESSION_COOKIE_NAME == "__Host-engage"
    assert made.SESSION_COOKIE_SECURE
    assert made.TRUSTED_HOSTS == ["engage.example.org"]
    assert not made.DEMONSTRATION


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ENGAGE_SECRET_KEY": ""}, "ENGAGE_SECRET_KEY is missing"),
        ({"ENGAGE_SECRET_KEY": config.DEVELOPMENT_KEY + "0" * 64}, "is a development key"),
        ({"ENGAGE_SECRET_KEY": "test-key-of-no-value-at-all-0123456789"}, "is a development key"),
        ({"ENGAGE_SECRET_KEY": "short"}, "too weak"),
        ({"ENGAGE_SECRET_KEY": "a" * 64}, "too weak"),
        ({"ENGAGE_DEBUG": "1"}, "ENGAGE_DEBUG is on"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG is on"),
        ({"ENGAGE_DEMONSTRATION": "yes"}, "ENGAGE_DEMONSTRATION is on"),
        ({"ENGAGE_BASE_URL": ""}, "ENGAGE_BASE_URL is missing"),
        ({"ENGAGE_BASE_URL": "http://engage.example.org"}, "should begin with https://"),
    ],
)
def test_production_refuses(change: dict[str, str], told: str) -> None:
    assert told in problems(PUBLIC | change)


def test_a_public_address_means_production_even_when_nobody_says_so() -> None:
    assert "ENGAGE_SECRET_KEY is missing" in problems({"ENGAGE_BASE_URL": "https://x.example.org"})


def test_a_laptop_does_not_serve_others() -> None:
    assert "ENGAGE_HOST may only be" in problems({"ENGAGE_HOST": "0.0.0.0"})


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"ENGAGE_ENV": "staging"}, "ENGAGE_ENV should be one of"),
        ({"PORT": "http"}, "PORT should be a whole number from 1 to 65535, not 'http'"),
        ({"PORT": "70000"}, "PORT should be"),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY should be"),
        ({"ENGAGE_TIMEZONE": "Paris"}, "ENGAGE_TIMEZONE should be a time zone"),
        ({"ENGAGE_LOCALES": "en,xx"}, "ENGAGE_LOCALES names xx"),
        ({"ENGAGE_DATABASE_URL": "mysql://root:secret@db/x"}, "ENGAGE_DATABASE_URL should look"),
        ({"ENGAGE_REDIS_URL": "localhost:6379"}, "ENGAGE_REDIS_URL should look like redis://"),
        ({"ENGAGE_FILES_URL": "ftp://x"}, "ENGAGE_FILES_URL should look like file://"),
        ({"ENGAGE_MAIL_URL": "mail.example.org"}, "ENGAGE_MAIL_URL should look like smtp://"),
        ({"ENGAGE_MAIL_URL": "smtp://host:port"}, "ENGAGE_MAIL_URL should look like smtp://"),
        ({"ENGAGE_BASE_URL": "http://127.0.0.1:8000/engage"}, "should be a bare address"),
        ({"ENGAGE_DEMONSTRATION": "maybe"}, "ENGAGE_DEMONSTRATION should be yes or no"),
        ({"ENGAGE_LOG_LEVEL": "LOUD"}, "ENGAGE_LOG_LEVEL should be DEBUG"),
        ({"ENGAGE_LOG_FORMAT": "xml"}, "ENGAGE_LOG_FORMAT should be json or text"),
        ({"ENGAGE_PAGE_CACHE_SECONDS": "nan"}, "ENGAGE_PAGE_CACHE_SECONDS should be a number"),
        ({"ENGAGE_OIDC_ISSUER": "https://id.example.org"}, "ENGAGE_OIDC_CLIENT_ID is missing"),
    ],
)
def test_what_is_wrong_is_said_by_name(env: dict[str, str], told: str) -> None:
    assert told in problems(env)


def test_everything_wrong_is_said_at_once_and_no_password_is_repeated() -> None:
    told = problems({"PORT": "x", "ENGAGE_DATABASE_URL": "mysql://root:hunter2@db/x"})
    assert "PORT" in told
    assert "ENGAGE_DATABASE_URL" in told
    assert "hunter2" not in told


def test_a_provider_needs_all_three() -> None:
    env = {
        "ENGAGE_OIDC_ISSUER": "https://id.example.org/",
        "ENGAGE_OIDC_CLIENT_ID": "engage",
        "ENGAGE_OIDC_CLIENT_SECRET": "s",
    }
    made = load(PUBLIC | env)
    assert made.OIDC is not None
    assert made.OIDC["issuer"] == "https://id.example.org"
    assert made.OIDC["label"] == "id.example.org"


def test_the_short_spelling_of_postgresql_is_understood() -> None:
    made = load(PUBLIC | {"ENGAGE_DATABASE_URL": "postgresql://u:p@db/engage"})
    assert made.DATABASE_URL == "postgresql+psycopg://u:p@db/engage"


def test_the_start_ends_with_the_message_and_no_trace(tmp_path: Path) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=config.ROOT,
        env={"PATH": "/usr/bin:/bin", "ENGAGE_ENV": "production", "ENGAGE_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ENGAGE_SECRET_KEY is missing" in done.stderr
    assert "Traceback" not in done.stderr
