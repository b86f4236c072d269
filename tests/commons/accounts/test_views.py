"""Coming in and one's own account, as a visitor meets them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from passlib.totp import TOTP

from engage.commons.accounts import credentials, service
from engage.commons.accounts.models import Registration, SignIn, User
from engage.commons.accounts.sessions import Visitor
from engage.core import clock
from engage.core.db import db
from tests.commons.accounts.mails import last, link, mails
from tests.factories.accounts import PASSWORD, make_guest, make_staff, make_user
from tests.pages import PageClient

NEW = {
    "display_name": "Jeanne Dupont",
    "email": "jeanne@example.org",
    "kind": "resident",
    "password": "seven gulls over the pier",
}


def is_in(client: PageClient) -> bool:
    return client.get("/en/me/security").status == 200


def come_in(client: PageClient, user: User, password: str = PASSWORD) -> Any:
    client.get("/en/login")
    return client.submit({"email": user.email, "password": password})


# --- registering ----------------------------------------------------------------------------


def test_register_confirm_and_be_in(client: PageClient) -> None:
    client.get("/en/register?next=/en/me/data")
    sent = client.submit(NEW).follow()
    assert sent.h1 == "Look into your inbox"
    assert not is_in(client)
    page = client.get(link("jeanne@example.org", "/confirm/"))
    assert page.status == 200
    assert db.session.query(User).count() == 0  # opening the link changes nothing
    answer = page.submit()
    assert answer.location == "/en/me/data"
    assert is_in(client)
    user = db.session.query(User).one()
    assert (user.display_name, user.kind, user.is_confirmed) == ("Jeanne Dupont", "resident", True)
    assert db.session.query(Registration).count() == 0


def test_a_confirmation_link_works_once(client: PageClient) -> None:
    client.get("/en/register")
    client.submit(NEW)
    address = link("jeanne@example.org", "/confirm/")
    client.get(address)
    client.submit()
    assert client.get(address).status == 410


def test_in_another_browser_the_password_is_asked(client: PageClient, app: Flask) -> None:
    client.get("/en/register")
    client.submit(NEW)
    other = PageClient(app)
    page = other.get(link("jeanne@example.org", "/confirm/"))
    assert page.has('input[name="password"]')
    wrong = page.submit({"password": "something else entirely"})
    assert wrong.status == 422
    assert db.session.query(User).count() == 0
    assert wrong.submit({"password": NEW["password"]}).status == 302
    assert is_in(other)


def test_register_keeps_what_was_typed_and_says_what_is_wrong(client: PageClient) -> None:
    client.get("/en/register")
    page = client.submit({**NEW, "display_name": "Admin", "password": "password1234"})
    assert page.status == 422
    assert len(page.errors) == 2
    assert page.one("#email").get("value") == "jeanne@example.org"
    assert page.one("#password").get("value") in (None, "")


def test_a_known_address_answers_like_an_unknown_one(client: PageClient, app: Flask) -> None:
    owner = make_user(email="owner@example.org")
    pages = []
    for address in ("owner@example.org", "nobody@example.org"):
        other = PageClient(app)
        other.get("/en/register")
        answer = other.submit({**NEW, "email": address})
        pages.append((answer.status, answer.location, answer.follow().text))
    assert pages[0] == pages[1]
    assert last(owner.email).template == "accounts/has_account"
    assert last("nobody@example.org").template == "accounts/confirm"


# --- signing in -----------------------------------------------------------------------------


def test_sign_in_and_out(client: PageClient) -> None:
    user = make_user()
    assert come_in(client, user).location == "/en/"
    assert is_in(client)
    client.get("/en/")
    left = client.submit("/en/logout")
    # what this browser kept of the person goes; cookies of neighbouring hosts are not ours to take
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert left.follow().h1 == "You are signed out"
    assert client.cookie("engage-device"), "the next attack must not lock the owner out"
    assert not is_in(client)
    assert db.session.query(SignIn).count() == 0


def test_password_fields_hide_and_let_managers_help(client: PageClient) -> None:
    wanted = {"/en/login": "current-password", "/en/register": "new-password"}
    for path, known in wanted.items():
        field = client.get(path).one('input[name="password"]')
        assert (field.get("type"), field.get("autocomplete")) == ("password", known)
        assert not {"readonly", "maxlength", "pattern"} & set(field.keys())
    scripts = [p for p in Path("static/js").rglob("*.js") if "vendor" not in p.parts]
    assert scripts
    assert not [p for p in scripts if re.search(r"[\"']paste[\"']", p.read_text())]


def test_an_old_password_is_no_reason_to_change_it(client: PageClient) -> None:
    user = make_user(password_at=clock.now() - timedelta(days=3650))
    assert come_in(client, user).location == "/en/"
    assert is_in(client)


def test_no_hints_and_no_secret_questions(client: PageClient) -> None:
    kept = {column.key for column in User.__table__.columns}
    assert not [name for name in kept if re.search("hint|question|answer", name)]
    page = client.get("/en/register")
    fields = {field.get("name") for field in page.select("main form [name]")}
    hidden = {"csrf_token", "idempotency_key", "next"}
    assert fields - hidden == {"email", "display_name", "kind", "password"}


def test_codes_are_long_enough(client: PageClient) -> None:
    key, codes = enrolled(make_user())
    assert re.fullmatch(r"\d{6}", code_of(key)), "20 bits, for half a minute, eight times"
    assert len(key) >= 32, "a secret of 160 bits"
    assert all(re.fullmatch(r"[0-9a-f]{4}(-[0-9a-f]{4}){2}", code) for code in codes)


def test_only_leaving_clears_the_browser(client: PageClient) -> None:
    client.get("/en/")
    assert "Clear-Site-Data" not in come_in(client, make_user()).headers
    assert "Clear-Site-Data" not in client.get("/en/").headers


def test_the_end_of_a_visit_is_for_those_who_left(client: PageClient, sign_in: Any) -> None:
    assert client.get("/fr/login/left/closed").status == 200
    sign_in(make_user())
    assert client.get("/en/login/left/signed-out").location == "/en/"


def test_a_wrong_password_keeps_the_address(client: PageClient) -> None:
    user = make_user()
    page = come_in(client, user, "not the password at all")
    assert page.status == 422
    assert page.one("#email").get("value") == user.email
    assert "could not sign you in" in page.errors[0]


def test_a_person_is_led_where_they_wanted_to_go(client: PageClient) -> None:
    user = make_user()
    page = client.get("/en/me/profile", follow=True)
    assert page.h1 == "Sign in"
    assert page.submit({"email": user.email, "password": PASSWORD}).location == "/en/me/profile"


def test_the_landing_speaks_the_persons_language(client: PageClient) -> None:
    assert come_in(client, make_user(locale="fr")).location == "/fr/"


def test_who_is_in_is_not_asked_again(client: PageClient, sign_in: Any) -> None:
    sign_in(make_user())
    assert client.get("/en/login?next=/en/me/data").location == "/en/me/data"
    assert client.get("/en/register").location == "/en/"


def test_a_suspended_account_is_told_so(client: PageClient) -> None:
    user = make_user(active=False, suspended_at=clock.now(), suspended_reason="Spam.")
    page = come_in(client, user)
    assert page.status == 403
    assert "suspended" in page.text


def test_an_unconfirmed_or_closed_account_answers_like_a_wrong_password(client: PageClient) -> None:
    assert come_in(client, make_user(confirmed_at=None)).status == 422
    assert come_in(client, make_user(active=False, closed_at=clock.now())).status == 422


def test_a_mailed_link_signs_in_once(client: PageClient) -> None:
    user = make_user()
    client.get("/en/login?next=/en/me/data")
    page = client.page.click("Mail me a sign-in link")  # type: ignore[union-attr]
    page.submit({"email": user.email})
    address = link(user.email, "/login/link/")
    page = client.get(address)
    assert user.display_name in page.h1
    assert not is_in(client)
    client.get(address)
    assert client.submit().location == "/en/me/data"
    assert is_in(client)
    assert client.get(address).status == 410


def test_a_link_to_an_unknown_address_answers_the_same(client: PageClient) -> None:
    user = make_user()
    texts = []
    for address in (user.email, "nobody@example.org"):
        client.get("/en/login/link")
        texts.append(client.submit({"email": address}).follow().text)
    assert texts[0] == texts[1]
    assert last("nobody@example.org").template == "accounts/no_account"


# --- forgotten ------------------------------------------------------------------------------


def test_reset_signs_nobody_in_and_everybody_out(client: PageClient, app: Flask) -> None:
    user = make_user()
    elsewhere = PageClient(app)
    come_in(elsewhere, user)
    client.get("/en/forgot")
    client.submit({"email": user.email})
    address = link(user.email, "/reset/")
    page = client.get(address)
    weak = page.submit({"new": "short"})
    assert weak.status == 422
    assert weak.submit({"new": "a harbour full of fog"}).location == "/en/login"
    assert not is_in(client)
    assert not is_in(elsewhere)
    assert client.get(address).status == 410
    assert last(user.email).template == "accounts/password_changed"
    assert come_in(client, user).status == 422
    assert come_in(client, user, "a harbour full of fog").status == 302


# --- the second step ------------------------------------------------------------------------


def enrolled(user: User) -> tuple[str, list[str]]:
    """(secret key, recovery codes) of a freshly set up app."""
    tool = credentials._security().totp_factory
    secret = credentials.new_totp_secret()
    key = tool.get_totp_b32_key(secret)
    codes = credentials.enrol_authenticator(
        secret=secret, code=code_of(key), actor=user, visitor=Visitor("198.51.100.1")
    )
    return key, codes


def code_of(key: str, later: int = 0) -> str:
    moment = clock.now() + timedelta(seconds=later)
    return str(TOTP(key=key).generate(int(moment.timestamp())).token)


def test_set_up_an_app_and_use_it(client: PageClient, sign_in: Any) -> None:
    user = make_user()
    sign_in(user)
    page = client.get("/en/me/authenticator")
    key = page.words("code").replace("-", "").replace(" ", "")
    assert page.one("main img").get("src", "").startswith("data:image/svg+xml")
    wrong = page.submit({"code": "000000"})
    assert wrong.status == 422
    assert wrong.words("code").replace("-", "") == key  # the same picture: nothing to scan anew
    done = wrong.submit({"code": code_of(key)})
    assert done.h1 == "Your recovery codes"
    assert len(done.select("#codes li")) == 10
    assert last(user.email).template == "accounts/second_factor"


def test_the_second_step_is_asked_and_works_once(client: PageClient, app: Flask) -> None:
    user = make_user()
    key, _codes = enrolled(user)
    page = come_in(client, user).follow()
    assert page.h1 == "Second step"
    assert not is_in(client)
    come_in(client, user)
    client.get("/en/login/code")
    later = code_of(key, 30)
    assert client.submit({"code": "123456"}).status == 422
    assert client.submit({"code": later}).location == "/en/"
    assert is_in(client)
    other = PageClient(app)
    come_in(other, user).follow()
    assert other.submit({"code": later}).status == 422


def test_a_recovery_code_works_once(client: PageClient, app: Flask) -> None:
    user = make_user()
    _key, codes = enrolled(user)
    come_in(client, user).follow()
    assert client.submit({"code": codes[3].upper().replace("-", " ")}).status == 302
    assert last(user.email).template == "accounts/recovery_code_used"
    other = PageClient(app)
    come_in(other, user).follow()
    assert other.submit({"code": codes[3]}).status == 422
    assert other.submit({"code": codes[4]}).status == 302


def test_a_second_step_without_the_first(client: PageClient) -> None:
    assert client.get("/en/login/code").location == "/en/login"


def test_removing_the_app_asks_for_a_fresh_sign_in(
    client: PageClient, sign_in: Any, frozen: Any
) -> None:
    user = make_user()
    with frozen(clock.now()):
        key, _codes = enrolled(user)
        sign_in(user)
    with frozen(clock.now() + timedelta(hours=1)) as now:
        page = client.get("/en/me/authenticator/remove", follow=True)
        assert page.h1 == "Show us again that it is you"
        page = page.submit({"code": str(TOTP(key=key).generate(int(now.timestamp())).token)})
        assert page.location == "/en/me/authenticator/remove"
        page.follow().submit()
    assert not db.session.get(User, user.id, populate_existing=True).has_authenticator


# --- staff ----------------------------------------------------------------------------------


def test_staff_enrol_before_any_office_page(client: PageClient) -> None:
    user = make_staff("admin")
    come_in(client, user)
    page = client.get("/en/office/people", follow=True)
    assert page.h1 == "Signing in"
    assert "set up a second step" in page.text
    page = client.get("/en/me/authenticator")
    key = page.words("code").replace("-", "").replace(" ", "")
    page.submit({"code": code_of(key)})
    assert client.get("/en/office/people").status == 200


def test_a_session_from_before_is_asked_for_the_second_step(client: PageClient) -> None:
    user = make_staff("admin")
    come_in(client, user)
    key, _codes = enrolled(user)
    page = client.get("/en/office/people", follow=True)
    assert page.h1 == "Show us again that it is you"
    page.submit({"code": code_of(key, 30)}).follow()
    assert client.get("/en/office/people").status == 200


# --- one's own account ----------------------------------------------------------------------


def test_only_those_who_have_single_keys_are_asked_about_them(
    client: PageClient, sign_in: Any
) -> None:
    sign_in(make_user())
    assert not client.get("/en/me/profile").has("[name=uses_shortcuts]")
    moderator = make_staff("moderator")
    sign_in(moderator)
    page = client.get("/en/me/profile")
    assert page.has("[name=uses_shortcuts][checked]")
    page.submit({"uses_shortcuts": None})
    assert not client.get("/en/me/profile").has("[name=uses_shortcuts][checked]")
    assert not db.session.get(type(moderator), moderator.id, populate_existing=True).uses_shortcuts


def test_profile(client: PageClient, sign_in: Any) -> None:
    user = make_user()
    sign_in(user)
    page = client.get("/en/me/profile")
    answer = page.submit(
        {"display_name": "  Ana  Lopez ", "kind": "business", "locale": "fr", "time_zone": "UTC"}
    )
    assert answer.location == "/fr/me/profile"
    user = db.session.get(User, user.id, populate_existing=True)
    assert (user.display_name, user.kind, user.locale, user.time_zone) == (
        "Ana Lopez", "business", "fr", "UTC",
    )  # fmt: skip
    assert client.get("/en/me/profile").submit({"display_name": "root"}).status == 422


def test_change_the_password(client: PageClient, app: Flask) -> None:
    user = make_user()
    elsewhere = PageClient(app)
    come_in(elsewhere, user)
    come_in(client, user)
    page = client.get("/en/me/password")
    wrong = page.submit({"current": "not this one at all", "new": "a harbour full of fog"})
    assert wrong.status == 422
    wrong.submit({"current": PASSWORD, "new": "a harbour full of fog"})
    assert is_in(client)
    assert not is_in(elsewhere)


def test_change_the_address(client: PageClient, app: Flask) -> None:
    user = make_user(email="old@example.org")
    elsewhere = PageClient(app)
    come_in(elsewhere, user)
    come_in(client, user)
    client.get("/en/me/email")
    client.submit({"email": "new@example.org"})
    address = link("new@example.org", "/me/email/")
    client.get(address)
    assert db.session.get(User, user.id, populate_existing=True).email == "old@example.org"
    client.submit()
    assert db.session.get(User, user.id, populate_existing=True).email == "new@example.org"
    assert is_in(client)
    assert not is_in(elsewhere)
    assert last("old@example.org").template == "accounts/email_changed"
    assert client.get(address).status == 410


def test_a_taken_address_answers_the_same(client: PageClient) -> None:
    other = make_user(email="taken@example.org")
    come_in(client, make_user())
    client.get("/en/me/email")
    page = client.submit({"email": "taken@example.org"}).follow()
    assert "We have written to taken@example.org" in page.text
    assert last(other.email).template == "accounts/address_in_use"


def test_sessions_are_listed_and_ended_one_by_one(client: PageClient, app: Flask) -> None:
    user = make_user()
    elsewhere = PageClient(app)
    come_in(elsewhere, user)
    come_in(client, user)
    page = client.get("/en/me/security")
    assert len(page.select("tbody tr")) == 2
    mine = db.session.query(SignIn).order_by(SignIn.id).first()
    page.submit(f"/en/me/sessions/{mine.id}/end")
    assert is_in(client)
    assert not is_in(elsewhere)


def test_nobody_ends_anothers_session(client: PageClient, app: Flask) -> None:
    elsewhere = PageClient(app)
    come_in(elsewhere, make_user())
    theirs = db.session.query(SignIn).one()
    come_in(client, make_user())
    page = client.get("/en/me/security")
    values = page.values("/en/logout")
    assert client.post(f"/en/me/sessions/{theirs.id}/end", values).status == 404
    assert is_in(elsewhere)


def test_download_my_data(client: PageClient, sign_in: Any) -> None:
    user = make_user(display_name="Ana Lopez")
    sign_in(user)
    answer = client.get("/en/me/data/export.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.json["account"][0]["email"] == user.email
    assert answer.json["sessions"][0]["browser"] == "Firefox, Linux"
    assert "password" not in answer.json["account"][0]
    assert "argon2" not in answer.body


def test_close_the_account(client: PageClient) -> None:
    user = make_user(email="gone@example.org", display_name="Ana Lopez")
    come_in(client, user)
    page = client.get("/en/me/close")
    assert page.submit().status == 422
    client.get("/en/me/close")
    closed = client.submit({"sure": True})
    assert closed.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert closed.follow().h1 == "Your account is closed"
    assert not is_in(client)
    user = db.session.get(User, user.id, populate_existing=True)
    assert user.closed_at
    assert "Ana" not in user.display_name
    assert "gone" not in user.email
    assert come_in(client, make_user(email="gone@example.org")).status == 302


def test_nothing_mailed_to_a_closed_account_is_kept(client: PageClient) -> None:
    user = make_user(email="gone@example.org")
    client.get("/en/login/link")
    client.submit({"email": "gone@example.org"})
    come_in(client, user)
    client.get("/en/me/close")
    client.submit({"sure": True})
    [left] = mails("gone@example.org")
    assert (left.template, left.is_brief) == ("accounts/closed", True), "and that one is brief"


# --- guests ---------------------------------------------------------------------------------


def test_a_guest_confirms_by_a_button(client: PageClient) -> None:
    guest = service.admit_guest(
        email="guest@example.org", display_name="Lena Berg", kind="resident", locale="en"
    )
    address = link("guest@example.org", "/guests/")
    page = client.get(address)
    assert db.session.get(type(guest), guest.id, populate_existing=True).confirmed_at is None
    assert "Thank you" in page.submit().h1
    assert db.session.get(type(guest), guest.id, populate_existing=True).confirmed_at
    assert client.get(address).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/en/confirm/x",
        "/en/reset/x",
        "/en/login/link/x",
        "/en/guests/x",
        "/en/login/provider/link/x",
    ],
)
def test_dead_links_say_what_to_do(client: PageClient, path: str) -> None:
    page = client.get(path)
    assert page.status == 410
    assert page.h1 == "This link does not work any more"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_every_mail_has_a_subject_words_and_html(client: PageClient) -> None:
    make_guest()
    come_in(client, make_user())
    client.get("/en/me/email")
    client.submit({"email": "another@example.org"})
    for mail in mails():
        assert mail.subject
        assert mail.body_text.count("\n") > 4
        assert mail.body_html
        assert "{{" not in mail.body_text
