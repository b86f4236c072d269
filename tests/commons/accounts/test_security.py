"""What an account promises when somebody attacks it. Each test fails when its promise is broken."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from engage.commons.accounts import (
    credentials,
    organisations,
    passwords,
    presence,
    service,
    throttle,
)
from engage.commons.accounts.models import Attempt, MembershipRole, SignIn, User
from engage.commons.accounts.redirects import safe_next
from engage.commons.accounts.sessions import Visitor
from engage.core import clock
from engage.core.db import Model, db
from engage.core.errors import Conflict, Invalid, TooMany, Unavailable
from tests.commons.accounts.mails import link, mails
from tests.commons.accounts.test_views import code_of, come_in, enrolled, is_in
from tests.core import attack
from tests.factories.accounts import (
    PASSWORD,
    make_guest,
    make_member,
    make_organisation,
    make_staff,
    make_user,
    signed_in_cookie,
)
from tests.pages import PageClient

HERE = Visitor("203.0.113.9")


# --- sessions -------------------------------------------------------------------------------


def ten_browsers(app: Flask, user: User) -> list[PageClient]:
    found = []
    for _number in range(10):
        client = PageClient(app)
        signed_in_cookie(client.http, user)
        assert is_in(client)
        found.append(client)
    return found


def _change_password(user: User) -> None:
    credentials.change_password(
        current=PASSWORD, new="a harbour full of fog", actor=user, visitor=HERE
    )


def _reset_password(user: User) -> None:
    credentials.request_reset(email=user.email, locale="en", visitor=HERE)
    credentials.reset_password(
        link(user.email, "/reset/").rpartition("/")[2], new="a harbour full of fog"
    )


def _change_email(user: User) -> None:
    credentials.request_email_change(email="elsewhere@example.org", actor=user, visitor=HERE)
    credentials.change_email(
        link("elsewhere@example.org", "/email/").rpartition("/")[2], actor=user
    )


def _change_roles(user: User) -> None:
    service.set_roles(user.id, ["organiser"], actor=make_staff("admin"))


def _suspend(user: User) -> None:
    service.suspend(user.id, reason="He writes spam.", actor=make_staff("admin"))


def _everywhere(user: User) -> None:
    service.sign_out_everywhere(actor=user)


def _close(user: User) -> None:
    service.close_account(actor=user)


@pytest.mark.parametrize(
    "event",
    [
        _change_password,
        _reset_password,
        _change_email,
        _change_roles,
        _suspend,
        _everywhere,
        _close,
    ],
)
def test_ten_old_cookies_all_fail(app: Flask, event: Any) -> None:
    user = make_user()
    browsers = ten_browsers(app, user)
    event(user)
    assert [is_in(client) for client in browsers] == [False] * 10


def test_a_cookie_kept_from_before_signing_out_fails(client: PageClient) -> None:
    come_in(client, make_user())
    kept = client.cookie("engage")
    client.get("/en/me/security")
    client.submit("/en/logout")
    client.http.set_cookie("engage", kept or "")
    assert not is_in(client)


def test_signing_in_rotates_the_session(client: PageClient) -> None:
    client.get("/en/login")
    before = client.cookie("engage")
    come_in(client, make_user())
    first = db.session.scalars(select(SignIn.token_hash)).all()
    come_in_again = PageClient(client.app)
    come_in_again.http.set_cookie("engage", before or "")
    assert not is_in(come_in_again)
    assert len(set(first)) == 1


def test_only_a_hash_of_the_session_is_kept(client: PageClient) -> None:
    come_in(client, make_user())
    row = db.session.query(SignIn).one()
    with client.http.session_transaction() as cookie:
        assert cookie["sign_in"] not in row.token_hash
        assert len(row.token_hash) == 64


@pytest.mark.parametrize(
    ("roles", "idle", "longest"),
    [
        ([], timedelta(days=14), timedelta(days=60)),
        (["admin"], timedelta(hours=12), timedelta(days=7)),
    ],
)
def test_sessions_end_when_idle_and_in_any_case(
    client: PageClient, frozen: Any, roles: list[str], idle: timedelta, longest: timedelta
) -> None:
    user = make_user(roles=roles)
    start = clock.now()
    with frozen(start):
        signed_in_cookie(client.http, user)
    with frozen(start + idle + timedelta(hours=1)):
        assert not is_in(client)
    with frozen(start):
        signed_in_cookie(client.http, user)
    moment = start
    while moment - start <= longest - idle / 2:
        with frozen(moment):
            assert is_in(client)
        moment += idle / 2
    with frozen(start + longest + timedelta(minutes=1)):
        assert not is_in(client)


def test_seen_is_written_at_most_every_ten_minutes(
    client: PageClient, frozen: Any, queries: Any
) -> None:
    start = clock.now()
    with frozen(start):
        signed_in_cookie(client.http, make_user())
        client.get("/en/me/data")
    for minutes, writes in ((5, 0), (11, 1), (12, 0), (22, 1)):
        with frozen(start + timedelta(minutes=minutes)), queries() as sent:
            answer = client.get("/en/me/data")
        assert sum(s.startswith("UPDATE sign_ins") for s in sent) == writes
        assert len(answer.headers.getlist("Set-Cookie")) == writes


def test_whose_request_it_is_costs_one_query(client: PageClient, queries: Any) -> None:
    signed_in_cookie(client.http, make_user())
    with client.http.session_transaction() as cookie:
        kept = dict(cookie)
    with client.app.test_request_context("/en/"):
        from flask import session

        from engage.core.access import current_user

        session.update(kept)
        with queries() as sent:
            assert current_user() is not None
            assert presence.current_sign_in() is not None
    assert len(sent) == 1, sent


def test_the_cookie_is_a_host_cookie_behind_https() -> None:
    import config

    made = config.load(
        {
            "ENGAGE_BASE_URL": "https://engage.example.org",
            "ENGAGE_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123",
        },
        "production",
    )
    assert made.SESSION_COOKIE_NAME.startswith("__Host-")
    assert made.SESSION_COOKIE_SECURE
    assert made.SESSION_COOKIE_HTTPONLY
    assert made.SESSION_COOKIE_SAMESITE == "Lax"


def test_cookies_are_hidden_from_scripts(client: PageClient) -> None:
    answer = come_in(client, make_user())
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie


def test_twenty_sessions_are_enough(app: Flask) -> None:
    user = make_user()
    for _number in range(23):
        signed_in_cookie(PageClient(app).http, user)
    assert db.session.scalar(select(func.count(SignIn.id))) == 20


# --- links ----------------------------------------------------------------------------------

WAYS = {
    "confirm": "/en/confirm/{}",
    "sign-in": "/en/login/link/{}",
    "reset": "/en/reset/{}",
    "guest": "/en/guests/{}",
    "provider": "/en/login/provider/link/{}",
    "change-email": "/en/me/email/{}",
    "invitation": "/en/organisations/invitation/{}",
}


def every_token(user: User) -> dict[str, str]:
    """One living link of each kind, all for the same person and address."""
    from engage.commons.accounts import notices

    found = {}
    service.register(
        email="newcomer@example.org",
        display_name="New Comer",
        kind="resident",
        password="a harbour full of fog",
        locale="en",
        visitor=HERE,
    )
    found["confirm"] = link("newcomer@example.org", "/confirm/")
    credentials.request_sign_in_link(email=user.email, locale="en", visitor=HERE)
    found["sign-in"] = link(user.email, "/login/link/")
    credentials.request_reset(email=user.email, locale="en", visitor=HERE)
    found["reset"] = link(user.email, "/reset/")
    service.admit_guest(
        email="guest@example.org", display_name="Lena Berg", kind="resident", locale="en"
    )
    found["guest"] = link("guest@example.org", "/guests/")
    credentials.request_email_change(email="next@example.org", actor=user, visitor=HERE)
    found["change-email"] = link("next@example.org", "/email/")
    notices.offer_provider_link(user, issuer="https://idp.example", subject="1", label="IdP")
    found["provider"] = link(user.email, "/provider/link/")
    lead, port = make_user(), make_organisation()
    make_member(lead, port)
    organisations.invite(port.id, email=user.email, role=MembershipRole.MEMBER, actor=lead)
    found["invitation"] = link(user.email, "/invitation/")
    return {name: url.rpartition("/")[2] for name, url in found.items()}


def test_no_link_does_the_work_of_another(client: PageClient) -> None:
    user = make_user()
    kept = every_token(user)
    signed_in_cookie(client.http, user)
    for purpose, address in WAYS.items():
        for name, token in kept.items():
            status = client.get(address.format(token)).status
            expected = 200 if name == purpose else 410
            assert status == expected, f"{name} at {purpose}: {status}"


def test_a_changed_letter_kills_a_link(client: PageClient) -> None:
    user = make_user()
    for name, token in every_token(user).items():
        body, dot, signature = token.rpartition(".")
        for forged in (token[:-1], body[:-1] + dot + signature, "A" + token[1:], token + "A", ""):
            address = WAYS[name].format(forged or "-")
            signed_in_cookie(client.http, user)
            assert client.get(address).status == 410, name


def test_a_link_dies_with_the_state_it_was_made_for(client: PageClient) -> None:
    user = make_user()
    kept = every_token(user)
    credentials.change_password(
        current=PASSWORD, new="a harbour full of fog", actor=user, visitor=HERE
    )
    signed_in_cookie(client.http, db.session.get(User, user.id))
    for name in ("sign-in", "reset", "change-email", "provider"):
        assert client.get(WAYS[name].format(kept[name])).status == 410, name


def test_links_run_out(client: PageClient, frozen: Any) -> None:
    user = make_user()
    kept = every_token(user)
    with frozen(clock.now() + timedelta(days=15)):
        signed_in_cookie(client.http, user)
        for name, token in kept.items():
            assert client.get(WAYS[name].format(token)).status == 410, name


def test_another_persons_change_of_address_is_not_mine(client: PageClient) -> None:
    user, other = make_user(), make_user()
    kept = every_token(user)
    signed_in_cookie(client.http, other)
    assert client.get(WAYS["change-email"].format(kept["change-email"])).status == 410


def test_two_presses_one_sign_in(app: Flask) -> None:
    user = make_user()
    credentials.request_sign_in_link(email=user.email, locale="en", visitor=HERE)
    token = link(user.email, "/login/link/").rpartition("/")[2]
    credentials.use_sign_in_link(token)
    with pytest.raises(Invalid):
        credentials.use_sign_in_link(token)


def test_getting_a_link_changes_nothing(client: PageClient, queries: Any) -> None:
    user = make_user()
    kept = every_token(user)
    signed_in_cookie(client.http, user)
    client.get("/en/me/data")
    for name, token in kept.items():
        with queries() as sent:
            client.get(WAYS[name].format(token))
        assert not [s for s in sent if re.match(r"(INSERT|UPDATE|DELETE)", s)], (name, sent)


def test_no_way_in_skips_the_second_step(client: PageClient) -> None:
    user = make_user()
    key, _codes = enrolled(user)
    credentials.request_sign_in_link(email=user.email, locale="en", visitor=HERE)
    client.get(link(user.email, "/login/link/"))
    assert client.submit().location == "/en/login/code"
    assert not is_in(client)
    credentials.request_reset(email=user.email, locale="en", visitor=HERE)
    client.get(link(user.email, "/reset/"))
    client.submit({"new": "a harbour full of fog"})
    assert not is_in(client)
    assert come_in(client, user, "a harbour full of fog").location == "/en/login/code"
    assert not is_in(client)
    client.get("/en/login/code")
    client.submit({"code": code_of(key, 30)})
    assert is_in(client)


def test_half_a_sign_in_dies_with_a_new_password(client: PageClient) -> None:
    user = make_user()
    enrolled(user)
    come_in(client, user)
    credentials.change_password(
        current=PASSWORD, new="a harbour full of fog", actor=user, visitor=HERE
    )
    assert client.get("/en/login/code").location == "/en/login"


def test_half_a_sign_in_runs_out(client: PageClient, frozen: Any) -> None:
    user = make_user()
    enrolled(user)
    come_in(client, user)
    with frozen(clock.now() + timedelta(minutes=20)):
        assert client.get("/en/login/code").location == "/en/login"


def test_mail_goes_to_the_address_as_stored(client: PageClient) -> None:
    make_user(email="straße@example.org")
    credentials.request_reset(email="STRASSE@example.org", locale="en", visitor=HERE)
    assert {mail.to_address for mail in mails()} == {"straße@example.org"}


def test_links_never_name_the_host_of_the_request(client: PageClient) -> None:
    user = make_user()
    client.get("/en/forgot")
    client.submit({"email": user.email}, headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in mails()[-1].body_text
    assert "http://localhost/en/reset/" in mails()[-1].body_text


# --- guessing -------------------------------------------------------------------------------


def guess(email: str, visitor: Visitor = HERE, password: str = "a wrong guess of mine") -> None:
    credentials.check_password(email=email, password=password, visitor=visitor)


def guess_until_held(email: str) -> int:
    for number in range(1, 40):
        try:
            guess(email, Visitor(f"198.51.100.{number}"))
        except TooMany:
            return number - 1
        except Invalid:
            continue
    return 40


def test_guesses_at_one_account_are_counted_across_networks(app: Flask) -> None:
    assert guess_until_held(make_user().email) == throttle.SIGN_IN_ACCOUNT.most


def test_an_unknown_address_is_held_back_alike(app: Flask) -> None:
    assert guess_until_held("nobody@example.org") == throttle.SIGN_IN_ACCOUNT.most


def test_guesses_from_one_network_are_counted_across_accounts(app: Flask) -> None:
    for number in range(throttle.SIGN_IN_NETWORK.most):
        with pytest.raises(Invalid):
            guess(f"person-{number}@example.org")
    with pytest.raises(TooMany):
        guess("one-more@example.org")


def test_a_burst_of_guesses_cannot_slip_through(app: Flask) -> None:
    allowed: list[int] = []

    def one(number: int) -> None:
        with app.app_context():
            try:
                throttle.count((throttle.SIGN_IN_ACCOUNT, "victim@example.org"))
            except (TooMany, Unavailable):
                return
            allowed.append(number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(40)))
    assert 1 <= len(allowed) <= throttle.SIGN_IN_ACCOUNT.most


def test_the_window_moves_on(app: Flask, frozen: Any) -> None:
    user = make_user()
    guess_until_held(user.email)
    with frozen(clock.now() + timedelta(minutes=16)):
        guess(user.email, password=PASSWORD)


def test_an_attack_never_locks_the_owner_out(client: PageClient, app: Flask) -> None:
    user = make_user()
    come_in(client, user)
    client.get("/en/")
    client.submit("/en/logout")
    guess_until_held(user.email)
    stranger = PageClient(app)
    held = come_in(stranger, user)
    assert held.status == 429
    assert "mail you a link" in held.text
    assert come_in(client, user).status == 302  # the owner's own device
    elsewhere = PageClient(app)
    elsewhere.get("/en/login/link")
    elsewhere.submit({"email": user.email})
    elsewhere.get(link(user.email, "/login/link/"))
    assert elsewhere.submit().status == 302  # the mailed link
    assert is_in(elsewhere)


def test_who_asks_for_too_many_links_has_a_living_one(app: Flask, frozen: Any) -> None:
    user = make_user()
    start = clock.now()
    for minute in range(0, 120, 3):
        with frozen(start + timedelta(minutes=minute)):
            try:
                credentials.request_sign_in_link(email=user.email, locale="en", visitor=HERE)
            except TooMany:
                token = link(user.email, "/login/link/").rpartition("/")[2]
                assert credentials.owner_of_link(token)[0].id == user.id


def test_a_known_device_of_somebody_else_is_no_help(client: PageClient) -> None:
    come_in(client, make_user())
    device = client.cookie("engage-device") or ""
    victim = make_user()
    guess_until_held(victim.email)
    with pytest.raises(TooMany):
        guess(victim.email, Visitor("198.51.100.200", device=device))


def test_signing_out_everywhere_forgets_known_devices(client: PageClient) -> None:
    user = make_user()
    come_in(client, user)
    device = client.cookie("engage-device") or ""
    assert credentials.known_device(user, Visitor("", device=device))
    service.sign_out_everywhere(actor=user)
    assert not credentials.known_device(db.session.get(User, user.id), Visitor("", device=device))


def test_codes_are_held_back(app: Flask) -> None:
    user = make_user()
    enrolled(user)
    for _number in range(throttle.CODE_ACCOUNT.most):
        with pytest.raises(Invalid):
            credentials.check_code(user=user, code="000000", visitor=HERE)
    with pytest.raises(TooMany):
        credentials.check_code(user=user, code="000000", visitor=HERE)


def test_a_failed_attempt_counts_though_its_request_is_rolled_back(client: PageClient) -> None:
    come_in(client, make_user(), "not the password at all")
    assert db.session.scalar(select(func.count(Attempt.id))) == 2


def test_a_success_is_no_attempt(client: PageClient) -> None:
    come_in(client, make_user())
    assert db.session.scalar(select(func.count(Attempt.id))) == 0


def test_attempts_name_nobody(app: Flask) -> None:
    with pytest.raises(Invalid):
        guess("victim@example.org")
    assert all(re.fullmatch("[0-9a-f]{64}", a.bucket) for a in db.session.query(Attempt))


# --- the same work for known and unknown ----------------------------------------------------


@pytest.fixture
def work(queries: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Count statements by kind, and hashes, of one call."""
    hashes: list[str] = []
    real_verify, real_hash = passwords.verify_password, passwords.hash_password
    monkeypatch.setattr(
        passwords, "verify_password", lambda p, h: (hashes.append("verify"), real_verify(p, h))[1]
    )
    monkeypatch.setattr(
        passwords, "hash_password", lambda p: (hashes.append("hash"), real_hash(p))[1]
    )
    passwords.matches("warm the unused hash up", None)

    def measure(call: Any) -> tuple[Counter[str], list[str], type | None]:
        hashes.clear()
        outcome: type | None = None
        with queries() as sent:
            try:
                call()
            except Exception as problem:
                outcome = type(problem)
        return Counter(s.split()[0] for s in sent), list(hashes), outcome

    return measure


@pytest.mark.parametrize(
    "ask",
    [
        lambda email: guess(email),
        lambda email: credentials.request_reset(email=email, locale="en", visitor=HERE),
        lambda email: credentials.request_sign_in_link(email=email, locale="en", visitor=HERE),
        lambda email: service.register(
            email=email,
            display_name="Jeanne Dupont",
            kind="resident",
            password="seven gulls over the pier",
            locale="en",
            visitor=HERE,
        ),
    ],
    ids=["sign in", "reset", "link", "register"],
)
def test_known_and_unknown_addresses_are_the_same_work(work: Any, ask: Any) -> None:
    known = make_user()
    work(lambda: ask("warm@example.org"))  # what is read once per process is read
    first = work(lambda: ask(known.email))
    second = work(lambda: ask("nobody@example.org"))
    assert first == second


def test_a_person_without_password_is_the_same_work(work: Any) -> None:
    without, with_one = make_user(plain_password=None), make_user()
    assert work(lambda: guess(without.email)) == work(lambda: guess(with_one.email))


# --- redirects ------------------------------------------------------------------------------


def as_a_browser(target: str) -> str | None:
    """The host a browser would go to (WHATWG: backslash is a slash, TAB and line ends vanish)."""
    cleaned = re.sub(r"[\t\r\n]", "", target.strip("".join(map(chr, range(33))))).replace("\\", "/")
    return urlsplit(urljoin("http://localhost/en/login", cleaned)).hostname


@pytest.mark.parametrize("wanted", attack.cases("next_url"), ids=lambda value: ascii(value)[:40])
def test_next_never_leads_away(client: PageClient, wanted: str) -> None:
    wanted = wanted.replace("HOST", "localhost")
    user = make_user()
    page = client.get("/en/login", query_string={"next": wanted})
    answer = page.submit({"email": user.email, "password": PASSWORD})
    assert as_a_browser(answer.location or "") == "localhost"
    with client.app.test_request_context("/"):
        assert as_a_browser(safe_next(wanted, "/en/")) == "localhost"
    forged = PageClient(client.app)
    page = forged.get("/en/login")
    answer = page.submit({"email": user.email, "password": PASSWORD, "next": wanted})
    assert as_a_browser(answer.location or "") == "localhost"


@pytest.mark.parametrize(
    "wanted", ["/en/me/data", "/en/organisations?page=2", "/fr/me/profile#kind"]
)
def test_next_leads_to_our_pages(app: Flask, wanted: str) -> None:
    with app.test_request_context("/"):
        assert safe_next(wanted) == wanted


@pytest.mark.parametrize(
    "wanted", ["/en/login", "/en/logout", "/nowhere/at/all", "/en/me/../login", None]
)
def test_next_leads_nowhere_else(app: Flask, wanted: str | None) -> None:
    with app.test_request_context("/"):
        assert safe_next(wanted, "/en/") == "/en/"


# --- mass assignment and odd input ----------------------------------------------------------


def _extra() -> dict[str, str]:
    found: dict[str, str] = {
        "roles": "admin", "active": "0", "confirmed_at": "2026-01-01", "id": "1", "user_id": "1",
        "email": "stolen@example.org", "fs_uniquifier": "x", "is_staff": "1", "closed_at": "x",
    }  # fmt: skip
    for name in attack.own("mass_assign"):
        found.setdefault(name, "1")
    del found["csrf_token"]
    return found


SHAPED = {
    "display_name",
    "kind",
    "locale",
    "time_zone",
    "next",
    "new",
    "current",
    "name",
    "password",
    "preview",
}


def test_extra_fields_change_nothing(client: PageClient) -> None:
    user = make_user()
    signed_in_cookie(client.http, user)
    before = {c.name: getattr(user, c.key) for c in User.__table__.columns}
    page = client.get("/en/me/profile")
    page.submit({k: v for k, v in _extra().items() if k not in SHAPED})
    after = db.session.get(User, user.id, populate_existing=True)
    assert {c.name: getattr(after, c.key) for c in User.__table__.columns} == before


def test_registering_with_extra_fields_makes_a_plain_account(client: PageClient) -> None:
    from tests.commons.accounts.test_views import NEW

    client.get("/en/register")
    client.submit({**{k: v for k, v in _extra().items() if k not in SHAPED}, **NEW})
    client.get(link(NEW["email"], "/confirm/"))
    client.submit({k: v for k, v in _extra().items() if k not in SHAPED})
    user = db.session.query(User).one()
    assert (user.roles, user.active, user.email) == ([], True, NEW["email"])


@pytest.mark.parametrize(
    "value", ["", "x" * 5000, "\x00", "[]", "{}", "'; DROP TABLE users; --", "💥" * 200]
)
@pytest.mark.parametrize("path", ["/en/login", "/en/register", "/en/forgot", "/en/login/link"])
def test_odd_input_is_answered_in_words(client: PageClient, path: str, value: str) -> None:
    page = client.get(path)
    filled = {
        name: value
        for name in page.values()
        if name not in {"csrf_token", "idempotency_key", "next"}
    }
    assert page.submit(filled).status == 422


def test_a_forged_post_is_refused(client: PageClient) -> None:
    user = make_user()
    signed_in_cookie(client.http, user)
    for path in ("/en/logout", "/en/me/sessions/end-all", "/en/me/close", "/en/me/password"):
        assert client.post(path, {"sure": "y"}).status == 400
    assert is_in(client)


# --- closing --------------------------------------------------------------------------------


def test_closing_leaves_no_name_behind(app: Flask) -> None:
    user = make_user(email="jeanne.dupont@example.org", display_name="Jeanne Dupont")
    make_member(user, make_organisation())
    guest = make_guest(
        email=user.email, display_name="Jeanne D", confirmed_at=clock.now(), claimed_by_id=user.id
    )
    signed_in_cookie(PageClient(app).http, user)
    enrolled(user)
    service.close_account(actor=user)
    for table in ("users", "guests", "memberships", "sign_ins", "registrations", "audit_entries"):
        text = repr(db.session.execute(select(Model.metadata.tables[table])).all()).casefold()
        assert "jeanne" not in text, table
        assert "dupont" not in text, table
    assert db.session.get(User, user.id, populate_existing=True).tf_totp_secret is None
    assert guest.id


def test_the_last_administrator_stays(app: Flask) -> None:
    admin = make_staff("admin")
    with pytest.raises(Conflict):
        service.close_account(actor=admin)
    make_staff("admin")
    service.close_account(actor=admin)
