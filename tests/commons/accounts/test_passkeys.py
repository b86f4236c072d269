"""Passkeys, with a phone made of software."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from engage.commons.accounts.models import Passkey, SignIn, User
from engage.core import clock
from engage.core.db import db
from tests.commons.accounts.authenticator import Phone
from tests.commons.accounts.mails import last
from tests.commons.accounts.test_views import come_in, enrolled, is_in
from tests.factories.accounts import make_staff, make_user, signed_in_cookie
from tests.pages import Page, PageClient

FORM = "form[data-passkey]"


def options(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.form(FORM).get("data-options") or "")
    return found


def add(
    client: PageClient, user: User, name: str = "My phone", phone: Phone | None = None
) -> Phone:
    phone = phone or Phone()
    signed_in_cookie(client.http, user)
    page = client.get("/en/me/passkeys/new")
    answer = page.submit(FORM, {"name": name, "credential": phone.create(options(page))})
    assert answer.location == "/en/me/security", answer.text
    return phone


def use(client: PageClient, phone: Phone) -> Page:
    page = client.get("/en/login")
    return page.submit(FORM, {"credential": phone.get(options(page))})


def test_add_a_passkey_and_sign_in_with_it(client: PageClient, app: Flask) -> None:
    user = make_user()
    phone = add(client, user)
    assert "My phone" in client.get("/en/me/security").text
    assert last(user.email).template == "accounts/passkey"
    other = PageClient(app)
    assert use(other, phone).location == "/en/"
    assert is_in(other)
    row = db.session.query(SignIn).order_by(SignIn.id.desc()).first()
    assert row.second_factor
    assert db.session.query(Passkey).one().sign_count == phone.count


def test_a_passkey_is_both_steps_at_once(client: PageClient, app: Flask) -> None:
    user = make_user()
    phone = add(client, user)
    enrolled(db.session.get(User, user.id))
    other = PageClient(app)
    assert use(other, phone).location == "/en/"


def test_a_passkey_opens_the_office(client: PageClient, app: Flask) -> None:
    user = make_staff("admin")
    phone = add(client, user)
    other = PageClient(app)
    come_in(other, user)
    page = other.get("/en/office/people", follow=True)
    assert page.h1 == "Show us again that it is you"
    answer = page.submit(FORM, {"credential": phone.get(options(page))})
    assert answer.location == "/en/office/people"
    assert other.get("/en/office/people").status == 200


@pytest.mark.parametrize("path", ["/en/me/authenticator", "/en/me/passkeys/new", "/en/me/password"])
def test_a_password_alone_adds_no_second_step_to_staff_who_have_one(
    client: PageClient, app: Flask, path: str
) -> None:
    user = make_staff("admin")
    phone = add(client, user)
    other = PageClient(app)
    come_in(other, user)
    page = other.get(path, follow=True)
    assert page.h1 == "Show us again that it is you"
    assert not page.select("[name=password]")
    answer = page.submit(FORM, {"credential": phone.get(options(page))})
    assert answer.location == path
    assert other.get(path).status == 200


def test_an_answer_works_once(client: PageClient, app: Flask) -> None:
    phone = add(client, make_user())
    other = PageClient(app)
    page = other.get("/en/login")
    kept = other.cookie("engage")
    credential = phone.get(options(page))
    assert page.submit(FORM, {"credential": credential}).status == 302
    thief = PageClient(app)
    thief.http.set_cookie("engage", kept or "")
    fields = {**page.values(FORM), "credential": [credential], "idempotency_key": ["another"]}
    answer = thief.post("/en/login/passkey", fields)
    assert answer.status in {422, 429}
    assert not is_in(thief)


def test_an_answer_of_another_browser_is_refused(client: PageClient, app: Flask) -> None:
    phone = add(client, make_user())
    mine, theirs = PageClient(app), PageClient(app)
    credential = phone.get(options(mine.get("/en/login")))
    page = theirs.get("/en/login")
    assert page.submit(FORM, {"credential": credential}).status == 422


@pytest.mark.parametrize("fault", ["origin", "key", "unverified", "handle", "old", "unknown"])
def test_answers_that_do_not_fit(client: PageClient, app: Flask, fault: str, frozen: Any) -> None:
    phone = add(client, make_user())
    other = PageClient(app)
    page = other.get("/en/login")
    later = timedelta(0)
    if fault == "origin":
        phone.origin = "https://evil.example"
    elif fault == "key":
        phone.key = Phone().key
    elif fault == "unverified":
        phone.flags = 0x01
    elif fault == "handle":
        phone.handle = b"somebody else"
    elif fault == "unknown":
        phone.ident = b"0" * 16
    else:
        later = timedelta(hours=1)
    with frozen(clock.now() + later):
        answer = page.submit(FORM, {"credential": phone.get(options(page))})
    assert answer.status == 422
    assert "passkey did not work" in answer.errors[0]
    assert not is_in(other)


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "null", "x" * 30_000, '{"response": {"clientDataJSON": 7}}']
)
def test_nonsense_is_answered_in_words(client: PageClient, credential: str) -> None:
    page = client.get("/en/login")
    assert page.submit(FORM, {"credential": credential}).status == 422


def test_a_cloned_key_is_refused(client: PageClient, app: Flask) -> None:
    phone = add(client, make_user())
    use(PageClient(app), phone)
    phone.count = 0
    assert use(PageClient(app), phone).status == 422


def test_two_of_one_name_or_one_twice(client: PageClient) -> None:
    user = make_user()
    phone = add(client, user)
    page = client.get("/en/me/passkeys/new")
    same_name = page.submit(FORM, {"name": "My phone", "credential": Phone().create(options(page))})
    assert same_name.status == 422
    page = client.get("/en/me/passkeys/new")
    assert (
        page.submit(FORM, {"name": "Again", "credential": phone.create(options(page))}).status
        == 409
    )
    assert db.session.query(Passkey).count() == 1


def test_remove_a_passkey(client: PageClient, app: Flask) -> None:
    user = make_user()
    phone = add(client, user)
    key = db.session.query(Passkey).one()
    stranger = PageClient(app)
    signed_in_cookie(stranger.http, make_user())
    assert stranger.get(f"/en/me/passkeys/{key.id}/remove").status == 404
    client.get(f"/en/me/passkeys/{key.id}/remove")
    client.submit()
    assert db.session.query(Passkey).count() == 0
    assert use(PageClient(app), phone).status == 422


def test_a_suspended_persons_passkey(client: PageClient, app: Flask) -> None:
    user = make_user()
    phone = add(client, user)
    from engage.commons.accounts import service

    service.suspend(user.id, reason="He writes spam.", actor=make_staff("admin"))
    assert use(PageClient(app), phone).status == 422
