"""The service pages say what the code does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engage.commons.accounts import sessions, tokens
from tests.factories.accounts import PASSWORD, make_user
from tests.markup import text_of


def test_privacy_says_what_the_code_does(app, client, monkeypatch) -> None:
    told = client.get("/en/privacy").text
    assert "14 days after your last visit and 60 days in all" in told
    assert "for staff 12 hours and 7 days" in told
    assert "180 days after you last signed in" in told
    assert "30 days, 90 if they could not be delivered" in told
    monkeypatch.setattr(sessions, "IDLE", timedelta(days=9))
    monkeypatch.setattr(sessions, "LONGEST", timedelta(days=41))
    monkeypatch.setattr(tokens, "DEVICE", replace(tokens.DEVICE, lives=timedelta(days=77)))
    monkeypatch.setitem(app.config, "MAIL_KEPT_DAYS", 12)
    told = client.get("/en/privacy").text
    assert "9 days after your last visit and 41 days in all" in told
    assert "77 days after you last signed in" in told
    assert "12 days, 90 if" in told


def test_every_cookie_of_a_walk_is_named_on_the_privacy_page(app, client) -> None:
    """Reading, looking for light and language, registering, signing in and out, being wrong."""
    user = make_user()
    client.get("/en/")
    client.get("/fr/consultations")
    client.get("/")
    client.get("/en/register")
    client.submit({"email": "walker@example.org"})
    client.get("/en/login/link")
    client.submit({"email": user.email})
    client.get("/en/login")
    client.submit({"email": user.email, "password": "not the password"})
    client.get("/en/login")
    client.submit({"email": user.email, "password": PASSWORD})
    client.get("/en/me/profile")
    client.submit({"display_name": "Ana Walker", "locale": "fr"})
    client.get("/fr/me/security")
    walked = {cookie.key for cookie in client.http._cookies.values()}
    client.get("/fr/")
    client.submit("/fr/logout").follow()
    walked |= {cookie.key for cookie in client.http._cookies.values()}
    named = {text_of(code) for code in client.get("/en/privacy").select("td code, th code")}
    assert walked == named == {"engage", "engage-device"}
    assert app.permanent_session_lifetime == sessions.IDLE, "the cookie lives as its row does"
