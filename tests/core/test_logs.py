"""What is written down, and what never is."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from engage.core.logs import JsonFormatter, TextFormatter, masked, network

pytestmark = pytest.mark.pure


def record(message: str, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("engage", logging.INFO, __file__, 1, message, args, None)
    for name, value in extra.items():
        setattr(made, name, value)
    return made


def test_a_line_is_one_json_object() -> None:
    line = JsonFormatter().format(record("hello %s", "you", request_id="abc", fields={"ms": 1.5}))
    parsed = json.loads(line)
    assert parsed["message"] == "hello you"
    assert parsed["request"] == "abc"
    assert parsed["ms"] == 1.5
    assert parsed["at"].endswith("+00:00")


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
@pytest.mark.parametrize("bad", ["\n", "\r\n", "\u2028", "\x1b[2J", "\x00"])
def test_nobody_forges_a_line(formatter: logging.Formatter, bad: str) -> None:
    line = formatter.format(record("search for %s", f"x{bad}12:00:00 error all is lost"))
    assert len(line.splitlines()) == 1
    assert bad not in line


def test_a_trace_is_kept_on_the_same_line() -> None:
    made = record("broken")
    try:
        raise ValueError("for ann.smith@example.org")
    except ValueError:
        made.exc_info = sys.exc_info()
    parsed = json.loads(JsonFormatter().format(made))
    assert any("ValueError: for a***@example.org" in line for line in parsed["trace"])


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("mail to ann.smith@example.org failed", "mail to a***@example.org failed"),
        ("smtp://user:hunter2@relay:587", "smtp://user:***@relay:587"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_addresses_and_passwords_are_masked(text: str, made: str) -> None:
    assert masked(text) == made


@pytest.mark.parametrize(
    ("address", "made"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        (None, "-"),
        ("nonsense", "-"),
    ],
)
def test_network(address: str | None, made: str) -> None:
    assert network(address) == made


def test_an_answer_carries_its_id_and_a_line_tells_of_it(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "engage.access"):
        answer = app.test_client().get(
            "/.well-known/security.txt?token=hunter2", headers={"X-Request-ID": "abcdef12-34"}
        )
    assert answer.headers["X-Request-ID"] == "abcdef12-34"
    told = [r.fields for r in caplog.records if r.name == "engage.access"]  # type: ignore[attr-defined]
    assert told[-1]["path"] == "/.well-known/security.txt"
    assert told[-1]["status"] == 200
    assert "hunter2" not in str(told)


def test_a_forged_id_is_not_taken(app: Any) -> None:
    answer = app.test_client().get("/.well-known/security.txt", headers={"X-Request-ID": "x y<z>"})
    assert answer.headers["X-Request-ID"] != "x y<z>"
