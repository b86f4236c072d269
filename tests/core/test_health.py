"""What machines ask: alive, ready, how busy, whom to write to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engage.core import checkup, metrics


@pytest.fixture
def machine(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def token(app: Flask) -> Iterator[str]:
    app.config["METRICS_TOKEN"] = "let-me-count"
    yield "let-me-count"
    app.config["METRICS_TOKEN"] = None


def test_healthz_touches_nothing(
    machine: FlaskClient, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    with queries() as sent:
        answer = machine.get("/healthz", headers={"Host": "10.0.0.7"})
    assert (answer.status_code, answer.data, sent) == (200, b"ok\n", [])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/en/", "/nowhere"])
def test_every_answer_carries_the_same_protection(
    machine: FlaskClient, token: str, path: str
) -> None:
    known = {"Authorization": f"Bearer {token}"}
    answer = machine.get(path, base_url="https://localhost", headers=known)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    plain = machine.get(path, headers=known)
    assert "Strict-Transport-Security" not in plain.headers, "http cannot promise https"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/en/", "/favicon.ico", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_site_may_read_an_answer(machine: FlaskClient, path: str, method: str) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = machine.open(path, method=method, headers=asked)
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118  a multidict
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_addresses_of_pages_are_told_to_nobody_outside(machine: FlaskClient) -> None:
    policy = machine.get("/en/").headers["Referrer-Policy"]
    assert policy == "strict-origin-when-cross-origin"
    assert machine.get("/en/reset/x").headers["Referrer-Policy"] == "no-referrer"


def test_ready_says_which_checks_it_made(machine: FlaskClient) -> None:
    answer = machine.get("/readyz", headers={"Host": "10.0.0.7:8000"})
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    # the throw-away PostgreSQL of the tests runs without fsync, and that is seen
    assert answer.json["checks"]["database"] in {"good", "warn"}
    assert answer.json["checks"]["migrations"] == "good"


def test_a_draining_machine_is_not_ready(app: Flask, machine: FlaskClient) -> None:
    marker = checkup.run_dir() / "draining"
    marker.parent.mkdir(exist_ok=True)
    marker.touch()
    try:
        assert machine.get("/readyz").status_code == 503
    finally:
        marker.unlink()
    assert machine.get("/readyz").status_code == 200


@pytest.mark.parametrize("name", ["database", "migrations", "disk"])
def test_a_machine_that_cannot_keep_an_answer_is_not_ready(
    machine: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def broken() -> checkup.Check:
        raise OSError("no such luck at /srv/secret")

    checks = tuple((n, broken if n == name else c) for n, c in checkup.READINESS)
    monkeypatch.setattr(checkup, "READINESS", checks)
    answer = machine.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"][name] == "bad"
    assert "secret" not in answer.text


def test_a_silent_worker_degrades_but_does_not_close(
    app: Flask,
    machine: FlaskClient,
    frozen: Callable[[datetime], AbstractContextManager[datetime]],
) -> None:
    from datetime import timedelta

    from engage.core import clock

    checkup.beat()
    assert checkup.worker().state == checkup.GOOD
    with frozen(clock.now() + timedelta(minutes=5)):
        assert checkup.worker().state == checkup.WARN
        answer = machine.get("/readyz")
    assert (answer.status_code, (answer.json or {})["status"]) == (200, "degraded")


def test_figures_need_the_token(machine: FlaskClient, token: str) -> None:
    assert machine.get("/metrics").status_code == 404
    wrong = machine.get("/metrics", headers={"Authorization": "Bearer let-me"})
    assert wrong.status_code == 404
    answer = machine.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert "engage_ready 1" in answer.text
    assert "engage_requests_4xx_total" in answer.text


def test_without_a_token_there_is_no_such_page(machine: FlaskClient) -> None:
    assert machine.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_security_txt(machine: FlaskClient, app: Flask) -> None:
    text = machine.get("/.well-known/security.txt").text
    assert text.startswith("Contact: mailto:")
    assert "Expires: " in text
    assert f"Canonical: {app.config['BASE_URL']}/.well-known/security.txt" in text


def test_counts_of_all_processes_add_up(tmp_path: Any) -> None:
    before = metrics._counts.folder
    try:
        metrics.start(tmp_path)
        metrics.count("cache_hits")
        metrics.count("cache_hits", 2)
        mine = next(tmp_path.glob("counts-*"))
        (tmp_path / "counts-1").write_bytes(mine.read_bytes())
        assert metrics.totals()["cache_hits"] == 6
        metrics.clear(tmp_path)
        assert metrics.totals()["cache_hits"] == 0
    finally:
        metrics.start(before or tmp_path)


def test_the_doctor_finds_what_is_wrong(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = app.test_cli_runner().invoke(args=["doctor"])
    assert answer.exit_code == 0, answer.output
    assert "database" in answer.output

    def broken() -> checkup.Check:
        raise OSError("no room")

    monkeypatch.setattr(checkup, "DOCTOR", (("disk", broken),))
    answer = app.test_cli_runner().invoke(args=["doctor"])
    assert answer.exit_code == 1
    assert "BAD  disk" in answer.output
    assert "no room" in answer.output
