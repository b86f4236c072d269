"""Every refusal: the right status, words that say what to do, never an inside."""

import pytest
from flask import Flask

CASES = [
    ("invalid", 422, "Too short"),
    ("not-allowed", 403, "Ask the lead"),
    ("missing", 404, "home page"),
    ("conflict", 409, "Decided at 14:02"),
    ("too-many", 429, "wait"),
    ("bug", 500, "number"),
]


@pytest.mark.parametrize(("kind", "status", "words"), CASES)
def test_as_a_page(ground: Flask, kind: str, status: int, words: str) -> None:
    ground.config["PROPAGATE_EXCEPTIONS"] = False
    answer = ground.test_client().get(f"/probe/raise/{kind}")
    assert answer.status_code == status
    assert words in answer.text
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("kind", "status", "_words"), CASES)
def test_as_json(ground: Flask, kind: str, status: int, _words: str) -> None:
    ground.config["PROPAGATE_EXCEPTIONS"] = False
    answer = ground.test_client().get(
        f"/probe/raise/{kind}", headers={"Accept": "application/json"}
    )
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == status


def test_waiting_is_told_to_machines_too(ground: Flask) -> None:
    assert ground.test_client().get("/probe/raise/too-many").headers["Retry-After"] == "7"


def test_an_unknown_address_and_an_unknown_locale_are_404(ground: Flask) -> None:
    client = ground.test_client()
    assert client.get("/en/nowhere-at-all").status_code == 404
    assert client.get("/zz/").status_code == 404


def test_a_wrong_method_says_so(ground: Flask) -> None:
    answer = ground.test_client().post("/probe/shared")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
