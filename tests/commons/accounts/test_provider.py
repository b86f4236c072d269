"""Sign-in through an OpenID Connect provider that runs beside the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import RSAKey

from engage.commons.accounts import provider
from engage.commons.accounts.models import ProviderIdentity, User
from engage.core.db import db
from tests.commons.accounts.idp import CLIENT, SECRET, Provider
from tests.commons.accounts.mails import link, mails
from tests.commons.accounts.test_views import code_of, enrolled, is_in
from tests.factories.accounts import make_user, signed_in_cookie
from tests.pages import Page, PageClient

PERSON = {
    "sub": "42",
    "email": "jeanne@example.org",
    "email_verified": True,
    "name": "Jeanne Dupont",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def idp(running: Provider, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Provider:
    running.over, running.sign_with = {}, None
    running.refusals.clear()
    provider._known._kept.clear()
    monkeypatch.setitem(
        app.config,
        "OIDC",
        {
            "issuer": running.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "label": "City account",
            "scope": "openid email profile",
        },
    )
    return running


def go(client: PageClient, idp: Provider, start: str = "/en/login/provider", **person: Any) -> Page:
    leaving = client.get(start, offsite=True)
    code, state = idp.authorize(leaving.location or "", **{**PERSON, **person})
    return client.get("/en/login/provider/back", query_string={"code": code, "state": state})


def test_a_new_person_is_in(client: PageClient, idp: Provider) -> None:
    page = client.get("/en/login?next=/en/me/data")
    start = page.links["Sign in with City account"]
    assert go(client, idp, start).location == "/en/me/data"
    assert is_in(client)
    user = db.session.query(User).one()
    assert (user.email, user.display_name, user.password, user.is_confirmed) == (
        "jeanne@example.org", "Jeanne Dupont", None, True,
    )  # fmt: skip


def test_the_same_person_again_is_the_same_account(
    client: PageClient, app: Flask, idp: Provider
) -> None:
    go(client, idp)
    other = PageClient(app)
    go(other, idp, email="moved@example.org", email_verified=False)
    assert is_in(other)
    assert db.session.query(User).count() == 1


@pytest.mark.parametrize("verified", [False, None, "true", "false", 1])
def test_only_a_verified_address_is_believed(
    client: PageClient, idp: Provider, verified: Any
) -> None:
    assert go(client, idp, email_verified=verified).location == "/en/login"
    assert not is_in(client)
    assert db.session.query(User).count() == 0


def test_an_existing_account_is_joined_only_by_its_owner(client: PageClient, idp: Provider) -> None:
    user = make_user(email="jeanne@example.org")
    page = go(client, idp).follow()
    assert "joins" in page.text or "join the two" in page.text
    assert not is_in(client)
    assert db.session.query(ProviderIdentity).count() == 0
    address = link(user.email, "/provider/link/")
    client.get(address)
    client.submit()
    assert is_in(client)
    assert client.get(address).status == 410
    signed_out = PageClient(client.app)
    go(signed_out, idp)
    assert is_in(signed_out)
    told = [mail.template for mail in mails(user.email)]
    assert told == ["accounts/link_provider", "accounts/new_device"], "the third came by itself"


def test_metadata_of_another_issuer_is_refused(
    client: PageClient, idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = idp.metadata()
    monkeypatch.setattr(idp, "metadata", lambda: {**honest, "issuer": "https://evil.example"})
    assert client.get("/en/login/provider", unchecked=True).status == 422
    assert not is_in(client)


def test_the_providers_tokens_stay_on_the_server(client: PageClient, idp: Provider) -> None:
    assert go(client, idp).status == 302
    with client.http.session_transaction() as kept:
        assert not {"journey", "access_token", "id_token"} & set(kept)
        assert "eyJ" not in json.dumps(dict(kept)), "a token would begin so"
    columns = {column.key for column in ProviderIdentity.__table__.columns}
    assert columns == {"id", "user_id", "issuer", "subject", "email", "created_at"}


def test_linking_while_signed_in(client: PageClient, idp: Provider) -> None:
    user = make_user(email="other@example.org")
    signed_in_cookie(client.http, user)
    page = client.get("/en/me/security")
    start = page.links["Sign in with City account from now on"]
    assert go(client, idp, start).location == "/en/me/security"
    assert db.session.query(ProviderIdentity).one().user_id == user.id
    page = client.get("/en/me/security")
    identity = db.session.query(ProviderIdentity).one()
    page.submit(f"/en/me/provider/{identity.id}/unlink")
    assert db.session.query(ProviderIdentity).count() == 0


def test_linking_needs_the_link_of_ones_own_page(client: PageClient, idp: Provider) -> None:
    user = make_user()
    signed_in_cookie(client.http, user)
    assert client.get("/en/me/provider/link/forged").location == "/en/me/security"


def test_another_accounts_identity_cannot_be_taken(
    client: PageClient, app: Flask, idp: Provider
) -> None:
    go(client, idp)
    thief = PageClient(app)
    signed_in_cookie(thief.http, make_user())
    start = thief.get("/en/me/security").links["Sign in with City account from now on"]
    assert go(thief, idp, start).status == 409


def test_the_second_step_is_still_asked(client: PageClient, app: Flask, idp: Provider) -> None:
    go(client, idp)
    key, _codes = enrolled(db.session.query(User).one())
    other = PageClient(app)
    assert go(other, idp).location == "/en/login/code"
    assert not is_in(other)
    other.get("/en/login/code")
    other.submit({"code": code_of(key, 30)})
    assert is_in(other)


@pytest.mark.parametrize(
    "over",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": ["engage", "somebody-else"]},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"sub": None},
    ],
    ids=str,
)
def test_tokens_that_are_not_for_us(
    client: PageClient, idp: Provider, over: dict[str, Any]
) -> None:
    idp.over = over
    assert go(client, idp).location == "/en/login"
    assert not is_in(client)
    assert db.session.query(User).count() == 0


def test_a_token_signed_by_another_key(client: PageClient, idp: Provider) -> None:
    idp.sign_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert go(client, idp).location == "/en/login"
    assert not is_in(client)


def test_a_rotated_key_is_fetched_again(client: PageClient, idp: Provider) -> None:
    go(client, idp)
    idp.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    other = PageClient(client.app)
    go(other, idp)
    assert is_in(other)


def test_a_wrong_state_is_refused(client: PageClient, idp: Provider) -> None:
    leaving = client.get("/en/login/provider", offsite=True)
    code, _state = idp.authorize(leaving.location or "", **PERSON)
    back = client.get("/en/login/provider/back", query_string={"code": code, "state": "other"})
    assert back.location == "/en/login"
    assert not is_in(client)


def test_coming_back_works_once_and_only_in_the_same_browser(
    client: PageClient, app: Flask, idp: Provider
) -> None:
    leaving = client.get("/en/login/provider", offsite=True)
    code, state = idp.authorize(leaving.location or "", **PERSON)
    stranger = PageClient(app)
    query = {"code": code, "state": state}
    assert stranger.get("/en/login/provider/back", query_string=query).location == "/en/login"
    assert not is_in(stranger)
    assert client.get("/en/login/provider/back", query_string=query).location == "/en/"
    again = PageClient(app)
    again.get("/en/login/provider", offsite=True)
    assert again.get("/en/login/provider/back", query_string=query).location == "/en/login"


def test_another_browsers_code_fails_pkce(client: PageClient, app: Flask, idp: Provider) -> None:
    victim = PageClient(app)
    leaving = victim.get("/en/login/provider", offsite=True)
    code, _state = idp.authorize(leaving.location or "", **PERSON)
    mine = client.get("/en/login/provider", offsite=True)
    _code, state = idp.authorize(mine.location or "", sub="66", email="thief@example.org")
    client.get("/en/login/provider/back", query_string={"code": code, "state": state})
    assert not is_in(client)
    assert idp.refusals == ["verifier"]


def test_a_silent_provider_is_said(
    client: PageClient, idp: Provider, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "OIDC", {**app.config["OIDC"], "issuer": "http://127.0.0.1:9"})
    assert client.get("/en/login/provider").status == 503


def test_without_a_provider_there_is_no_such_page(client: PageClient) -> None:
    assert client.get("/en/login/provider").status == 404
    assert "City account" not in client.get("/en/login").text
    assert not mails()
