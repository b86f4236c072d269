"""The way back for who lost the second step, and what else guards it: codes, and known browsers."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from engage.commons.accounts import credentials, passwords, presence, sessions
from engage.commons.accounts.models import IdentityProof, Passkey, SignInMethod, User
from engage.commons.accounts.sessions import Visitor
from engage.core import clock
from engage.core.audit import AuditEntry
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, NotAllowed
from tests.commons.accounts.mails import last, mails
from tests.commons.accounts.test_views import code_of, come_in, enrolled, is_in
from tests.factories.accounts import PASSWORD, make_staff, make_user, signed_in_cookie
from tests.pages import PageClient

HERE = Visitor("203.0.113.9")
LOST = {"proof": "call", "reason": "Telephone and paper went overboard."}


def again(user: User) -> User:
    return db.session.get_one(User, user.id, populate_existing=True)


def with_passkey(user: User) -> Passkey:
    key = Passkey(user_id=user.id, name="phone", credential_id=b"a key", public_key=b"half")
    with transactional():
        db.session.add(key)
        db.session.flush()
    return key


# --- reset in the office --------------------------------------------------------------------


@pytest.fixture
def office(client: PageClient) -> PageClient:
    signed_in_cookie(client.http, make_staff("admin", display_name="Ada Min"))
    return client


def test_an_administrator_takes_a_lost_second_step_away(office: PageClient, app: Flask) -> None:
    colleague = make_staff("moderator")
    enrolled(colleague)
    with_passkey(colleague)
    theirs = PageClient(app)
    signed_in_cookie(theirs.http, colleague)
    at = f"/en/office/people/{colleague.id}"
    assert "Authenticator app, Passkey" in office.get(at).text
    done = office.submit(f"{at}/second-step", LOST)
    assert done.location == at
    assert not done.follow().has(f'form[action="{at}/second-step"]'), "nothing is left to take"
    colleague = again(colleague)
    assert not colleague.has_authenticator
    assert not colleague.mf_recovery_codes
    assert db.session.query(Passkey).count() == 0
    assert not is_in(theirs)
    mail = last(colleague.email)
    assert mail.template == "accounts/second_step_reset"
    assert "went overboard" in mail.body_text
    entry = db.session.query(AuditEntry).filter_by(action="account.second_factor_reset").one()
    assert (entry.target_id, entry.details) == (colleague.id, {"proof": "call"})
    # the next sign-in asks for no code, and the office for a new second step
    back = PageClient(app)
    assert come_in(back, colleague).location == "/en/"
    assert "security" in (back.get("/en/office/moderation").location or "")


def test_how_and_why_are_asked(office: PageClient) -> None:
    user = make_user()
    enrolled(user)
    at = f"/en/office/people/{user.id}"
    for given in (
        {**LOST, "reason": " "},
        {**LOST, "proof": None},
        {**LOST, "proof": "shell"},
        {**LOST, "reason": "x" * 501},
    ):
        office.get(at)
        assert office.submit(f"{at}/second-step", given).status == 422
    assert again(user).has_authenticator
    assert "accounts/second_step_reset" not in {mail.template for mail in mails()}


def test_only_administrators_and_never_their_own(client: PageClient, sign_in: Any) -> None:
    user, admin = make_user(), make_staff("admin")
    for person in (user, admin):
        enrolled(person)
    with pytest.raises(NotAllowed):
        credentials.reset_second_step(
            user.id, proof=IdentityProof.CALL, reason="lost", actor=make_staff("moderator")
        )
    with pytest.raises(NotAllowed):
        credentials.reset_second_step(
            admin.id, proof=IdentityProof.CALL, reason="lost", actor=admin
        )
    with pytest.raises(Conflict):
        credentials.reset_second_step(
            make_user().id, proof=IdentityProof.CALL, reason="lost", actor=admin
        )
    with pytest.raises(Invalid):
        credentials.reset_second_step(
            user.id, proof=IdentityProof.SHELL, reason="lost", actor=admin
        )
    assert again(user).has_authenticator
    assert again(admin).has_authenticator
    sign_in(make_staff("moderator"))
    client.get("/en/me/profile")
    fields = {**client.page.values("/en/logout"), **LOST}  # type: ignore[union-attr]
    assert client.post(f"/en/office/people/{user.id}/second-step", fields).status == 403


def test_it_asks_for_a_fresh_sign_in(client: PageClient, frozen: Any) -> None:
    user, start = make_user(), clock.now()
    with frozen(start):
        enrolled(user)
        signed_in_cookie(client.http, make_staff("admin"))
        client.get(f"/en/office/people/{user.id}")
    with frozen(start + timedelta(minutes=21)):
        form = {**client.page.values("/en/logout"), **LOST}  # type: ignore[union-attr]
        at = f"/en/office/people/{user.id}/second-step"
        answer = client.post(at, form, status=403)
        assert answer.has('a[href*="/login/again"]')
        assert LOST["reason"] in answer.body, "what was typed is given back"
        empty = client.post(at, {**form, "reason": ""})
        assert "/login/again" in (empty.location or "")
    assert again(user).has_authenticator


def test_the_address_before_a_recent_change_is_warned_too(app: Flask, frozen: Any) -> None:
    user, admin = make_user(email="owner@example.org"), make_staff("admin")
    _moved(user, "thief@example.org")
    _moved(again(user), "thief.again@example.org")

    def reset() -> list[str]:
        enrolled(again(user))
        before = len(mails())
        credentials.reset_second_step(
            user.id, proof=IdentityProof.IN_PERSON, reason="lost", actor=admin
        )
        return [m.to_address for m in mails()[before:]]

    assert reset() == ["thief.again@example.org", "owner@example.org"]
    with frozen(clock.now() + credentials.FORMER_KEPT + timedelta(hours=1)):
        credentials.forget_former_addresses()
        assert again(user).former_email is None
        assert reset() == ["thief.again@example.org"]


def _moved(user: User, email: str) -> None:
    from tests.commons.accounts.mails import link

    credentials.request_email_change(email=email, actor=user, visitor=HERE)
    token = link(email, "/email/").rpartition("/")[2]
    credentials.change_email(token, actor=again(user))


# --- reset from the shell -------------------------------------------------------------------


def test_the_last_administrator_comes_back_by_the_server(app: Flask) -> None:
    admin = make_staff("admin")
    enrolled(admin)
    run = app.test_cli_runner().invoke
    done = run(args=["user", "reset-second-step", admin.email, "--reason", "Lost at sea"])
    assert done.exit_code == 0, done.output
    assert "asks for a new one" in done.output
    db.session.expire_all()
    assert not again(admin).has_authenticator
    assert "Lost at sea" in last(admin.email).body_text
    entry = db.session.query(AuditEntry).filter_by(action="account.second_factor_reset").one()
    assert (entry.actor_id, entry.details) == (None, {"proof": "shell"})


@pytest.mark.parametrize(
    ("email", "reason", "told"),
    [
        ("nobody@example.org", "Lost at sea", "no account"),
        ("plain@example.org", "Lost at sea", "no second step"),
        ("plain@example.org", " ", "Say why"),
    ],
)
def test_the_shell_says_what_is_wrong(app: Flask, email: str, reason: str, told: str) -> None:
    make_user(email="plain@example.org")
    done = app.test_cli_runner().invoke(
        args=["user", "reset-second-step", email, "--reason", reason]
    )
    assert done.exit_code == 1
    assert told in done.output


# --- recovery codes -------------------------------------------------------------------------


def test_recovery_codes_are_kept_as_slow_digests_only(app: Flask) -> None:
    user = make_user()
    _key, codes = enrolled(user)
    kept = again(user).mf_recovery_codes
    assert kept
    assert len(set(kept)) == len(codes) == 10
    assert all(entry.startswith("argon2id:") for entry in kept)
    assert not any(code in entry for code in codes for entry in kept)
    assert credentials._codes().get_recovery_codes(user) == [], "shown once"
    other = make_user()
    enrolled(other)
    salts = {entry.split(":")[4] for u in (user, other) for entry in again(u).mf_recovery_codes}
    assert len(salts) == 2, "a salt of 128 bits for each set"
    assert all(len(salt) == 32 for salt in salts)


def test_the_cost_of_a_digest_is_that_of_a_password(app: Flask, tmp_path: Any) -> None:
    from engage.commons.accounts import passwords
    from engage.commons.accounts.security import HashedCodes

    with pytest.MonkeyPatch.context() as real:
        real.setitem(app.config, "TESTING", False)
        tool = HashedCodes(app)
    assert tool._cost == list(passwords.ARGON2.values())


def test_a_code_of_another_person_or_set_opens_nothing(app: Flask) -> None:
    user, other = make_user(), make_user()
    _key, codes = enrolled(user)
    _key, others = enrolled(other)
    new = credentials.renew_recovery_codes(actor=user)
    for wrong in (others[0], codes[0], "0000-0000-0000", "", "x" * 500):
        with pytest.raises(Invalid):
            credentials.check_code(user=user, code=wrong, visitor=HERE)
    credentials.check_code(user=user, code=new[9], visitor=HERE)
    assert len(again(user).mf_recovery_codes or []) == 9


def test_codes_of_an_earlier_release_work_once_and_are_hashed(app: Flask) -> None:
    user = make_user()
    enrolled(user)
    old = ["aaaa-bbbb-cccc", "dddd-eeee-ffff", "0123-4567-89ab"]
    tool = credentials._codes()

    def encrypted() -> None:
        with transactional():
            again(user).mf_recovery_codes = tool._encrypt_codes(old)

    encrypted()
    credentials.hash_old_codes()
    assert all(entry.startswith("argon2id:") for entry in again(user).mf_recovery_codes or [])
    credentials.check_code(user=again(user), code=old[1], visitor=HERE)
    encrypted()
    credentials.check_code(user=again(user), code=old[0], visitor=HERE)
    with pytest.raises(Invalid):
        credentials.check_code(user=again(user), code=old[0], visitor=HERE)
    kept = again(user).mf_recovery_codes or []
    assert len(kept) == 2
    assert all(entry.startswith("argon2id:") for entry in kept)


def test_the_bridge_from_encrypted_codes_has_an_end() -> None:
    release = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
    if tuple(map(int, release.split(".")[:2])) >= (0, 3):
        assert not hasattr(credentials, "hash_old_codes")


def test_what_cannot_be_a_code_writes_nothing(app: Flask, queries: Any) -> None:
    user = make_user()
    enrolled(user)
    with transactional():
        again(user).mf_recovery_codes = credentials._codes()._encrypt_codes(["aaaa-bbbb-cccc"])
    old = again(user).mf_recovery_codes
    for typed in ("aaaa-bbbb-ccc", "123456", "", "-" * 12):
        with pytest.raises(Invalid):
            credentials.check_code(user=user, code=typed, visitor=HERE)
    assert again(user).mf_recovery_codes == old
    credentials.check_code(user=user, code=" AAAA bbbb cccc ", visitor=HERE)
    assert again(user).mf_recovery_codes == []


def test_a_guess_costs_no_slow_digest(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = passwords.digest

    def counted(code: str, *args: Any, **named: Any) -> bytes:
        made.append(code)
        return real(code, *args, **named)

    monkeypatch.setattr(passwords, "digest", counted)
    user, secret = make_user(), credentials.new_totp_secret()
    for wrong in ("000000", "", "no code"):
        with pytest.raises(Invalid):
            credentials.enrol_authenticator(secret=secret, code=wrong, actor=user, visitor=HERE)
    with pytest.raises(Conflict):
        credentials.renew_recovery_codes(actor=user)
    assert made == []
    assert not db.session.dirty
    enrolled(user)
    assert len(made) == 10
    with pytest.raises(Conflict):
        enrolled(again(user))
    assert len(made) == 10


def test_two_apps_at_once_are_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other device was quicker while our digests were made."""
    user = make_user()
    quicker: list[Any] = []
    real = credentials._codes().make

    def slow() -> Any:
        if not quicker:
            quicker.append(True)
            quicker.append(enrolled(user))
        return real()

    monkeypatch.setattr(credentials._codes(), "make", slow)
    with pytest.raises(Conflict):
        enrolled(user)
    _key, codes = quicker[1]
    credentials.check_code(user=again(user), code=codes[0], visitor=HERE)


def test_codes_no_key_can_read_are_left_alone(app: Flask) -> None:
    user = make_user()
    enrolled(user)
    with transactional():
        again(user).mf_recovery_codes = ["gAAAAA-of-a-lost-key"]
    credentials.hash_old_codes()
    assert again(user).mf_recovery_codes == ["gAAAAA-of-a-lost-key"]


# --- a browser we do not know ---------------------------------------------------------------


def told(user: User) -> int:
    return sum(mail.template == "accounts/new_device" for mail in mails(user.email))


def test_a_browser_we_do_not_know_is_told_once(client: PageClient, app: Flask) -> None:
    user = make_user(locale="fr", time_zone="Europe/Paris")
    come_in(client, user)
    assert told(user) == 0, "the first sign-in ever"
    client.get("/en/")
    client.submit("/en/logout")
    come_in(client, user)
    assert told(user) == 0, "the same browser"
    elsewhere = PageClient(app)
    elsewhere.get("/en/login")
    elsewhere.submit(
        {"email": user.email, "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"},
    )
    assert told(user) == 1
    mail = last(user.email)
    assert mail.locale == "fr"
    assert "Firefox, Windows" in mail.body_text
    assert "127.0.*.*" in mail.body_text, "where, but no household"
    assert "127.0.0.1" not in mail.body_text.replace("http://127.0.0.1", "")
    elsewhere.get("/en/")
    elsewhere.submit("/en/logout")
    come_in(elsewhere, user)
    assert told(user) == 1, "it is known by now"


def test_nothing_is_told_before_the_second_step(client: PageClient, app: Flask) -> None:
    user = make_user()
    key, _codes = enrolled(user)
    with transactional():
        again(user).signed_in_at = clock.now()
    come_in(client, user)
    assert told(user) == 0
    client.get("/en/login/code")
    client.submit({"code": code_of(key, 30)})
    assert told(user) == 1


def test_a_wrong_password_or_address_mails_nobody(client: PageClient) -> None:
    user = make_user(signed_in_at=clock.now())
    come_in(client, user, "not the password at all")
    client.get("/en/login")
    client.submit({"email": "nobody@example.org", "password": PASSWORD})
    assert mails() == []


def test_a_new_session_in_the_same_browser_is_no_news(client: PageClient) -> None:
    user = make_user()
    come_in(client, user)
    client.get("/en/me/password")
    new = "a harbour full of fog"
    client.submit({"current": PASSWORD, "new": new})
    assert is_in(client)
    assert told(user) == 0


def test_somebody_elses_device_cookie_is_no_pass(client: PageClient) -> None:
    first, second = make_user(), make_user(signed_in_at=clock.now())
    come_in(client, first)
    client.get("/en/")
    client.submit("/en/logout")
    come_in(client, second)
    assert told(second) == 1


def test_the_demonstration_mails_nobody(app: Flask) -> None:
    user = make_user(signed_in_at=clock.now())
    with app.test_request_context("/en/", base_url="http://localhost"):
        presence.enter(user, method=SignInMethod.DEMO, second_factor=False)
        assert len(sessions.of(user)) == 1
    assert told(user) == 0
