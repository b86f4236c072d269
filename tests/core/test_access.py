"""Marks on routes: who gets in, who is led to the door, what is closed by default."""

import pytest
from flask import Flask

from engage.core.access import ALLOWED, Decision, denied, public, require, staff
from engage.core.errors import NotAllowed


def test_an_unmarked_route_is_closed(ground: Flask) -> None:
    assert ground.test_client().get("/probe/unmarked").status_code == 403


def test_a_stranger_is_led_to_sign_in_and_back(ground: Flask) -> None:
    answer = ground.test_client().get("/probe/mine?x=1")
    assert answer.status_code == 302
    assert "/login?next=%2Fprobe%2Fmine%3Fx%3D1" in answer.location


def test_a_fragment_leads_the_whole_page(ground: Flask) -> None:
    answer = ground.test_client().get("/probe/mine", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "/login" in answer.headers["HX-Redirect"]


def test_one_mark_only() -> None:
    with pytest.raises(TypeError):

        @public
        @staff()
        def view() -> None: ...


def test_decisions_say_why() -> None:
    require(ALLOWED)
    with pytest.raises(NotAllowed) as refused:
        require(denied("closed", "come back"))
    assert (refused.value.message, refused.value.hint) == ("closed", "come back")
    assert not Decision(False)


def test_shared_pages_carry_no_nonce_others_do(ground: Flask) -> None:
    client = ground.test_client()
    shared = client.get("/probe/shared")
    assert shared.headers["Cache-Control"].startswith("public")
    assert "script-src 'self'" in shared.headers["Content-Security-Policy"]
    other = client.get("/probe/raise/missing")
    assert "nonce-" in other.headers["Content-Security-Policy"]
    for answer in (shared, other):
        assert "Cookie" in answer.headers["Vary"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
