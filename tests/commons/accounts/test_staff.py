"""The people office, and accounts from the shell."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from engage.commons.accounts import queries, service
from engage.commons.accounts.models import Role, User
from engage.core import clock
from engage.core.audit import AuditEntry, broken_links
from engage.core.db import db
from engage.core.errors import Invalid, NotAllowed
from tests.commons.accounts.mails import last
from tests.commons.accounts.test_views import is_in
from tests.factories.accounts import make_staff, make_user, signed_in_cookie
from tests.pages import PageClient


@pytest.fixture
def office(client: PageClient) -> PageClient:
    signed_in_cookie(client.http, make_staff("admin", display_name="Ada Min"))
    return client


def test_find_people(office: PageClient) -> None:
    make_user(display_name="Jeanne Dupont", email="jeanne@example.org")
    make_staff("moderator", display_name="Karim Benali")
    make_user(display_name="Suspended Sam", active=False, suspended_at=clock.now())
    for query, found, missing in (
        ({"q": "dupont"}, "Jeanne Dupont", "Karim Benali"),
        ({"q": "JEANNE@"}, "Jeanne Dupont", "Karim Benali"),
        ({"role": "moderator"}, "Karim Benali", "Jeanne Dupont"),
        ({"role": "any"}, "Karim Benali", "Jeanne Dupont"),
        ({"state": "suspended"}, "Suspended Sam", "Karim Benali"),
        ({"q": "%"}, "Nobody is found", "Jeanne Dupont"),
    ):
        text = office.get("/en/office/people", query_string=query).text
        assert found in text
        assert missing not in text


@pytest.mark.parametrize(
    "query", [{"role": "root"}, {"state": "x"}, {"page": "-1"}, {"page": "9" * 30}, {"q": "\x01"}]
)
def test_odd_filters_show_the_list(office: PageClient, query: dict[str, str]) -> None:
    assert office.get("/en/office/people", query_string=query).status == 200


def test_give_roles(office: PageClient, app: Flask) -> None:
    user = make_user()
    theirs = PageClient(app)
    signed_in_cookie(theirs.http, user)
    office.get(f"/en/office/people/{user.id}")
    office.submit(f"/en/office/people/{user.id}/roles", {"roles": ["organiser", "moderator"]})
    assert db.session.get(User, user.id, populate_existing=True).roles == ["moderator", "organiser"]
    assert not is_in(theirs)
    assert last(user.email).template == "accounts/roles_changed"
    entry = db.session.query(AuditEntry).filter_by(action="account.roles_changed").one()
    assert entry.details == {"before": [], "after": ["moderator", "organiser"]}
    assert list(broken_links()) == []


def test_suspend_and_restore(office: PageClient) -> None:
    user = make_user()
    at = f"/en/office/people/{user.id}"
    office.get(at)
    assert office.submit(f"{at}/suspend", {"reason": " "}).status == 422
    office.get(at)
    office.submit(f"{at}/suspend", {"reason": "Three warnings."})
    user = db.session.get(User, user.id, populate_existing=True)
    assert (user.active, user.suspended_reason) == (False, "Three warnings.")
    assert "Three warnings." in last(user.email).body_text
    office.get(at).submit(f"{at}/restore")
    assert db.session.get(User, user.id, populate_existing=True).active
    assert last(user.email).template == "accounts/restored"


def test_nobody_changes_their_own_roles(app: Flask) -> None:
    admin = make_staff("admin")
    with pytest.raises(NotAllowed):
        service.set_roles(admin.id, [], actor=admin)
    with pytest.raises(NotAllowed):
        service.suspend(admin.id, reason="I am tired.", actor=admin)


@pytest.mark.parametrize("role", [r.value for r in Role if r is not Role.ADMIN] + [None])
def test_only_administrators(client: PageClient, role: str | None) -> None:
    actor, person = make_user(roles=[role] if role else []), make_user()
    signed_in_cookie(client.http, actor)
    assert client.get("/en/office/people").status == 403
    assert client.get(f"/en/office/people/{person.id}").status == 403
    assert client.get("/en/office/organisations").status == 403
    for deed in (
        lambda: service.set_roles(person.id, ["admin"], actor=actor),
        lambda: service.suspend(person.id, reason="No reason.", actor=actor),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_unknown_roles_are_refused(app: Flask) -> None:
    with pytest.raises(Invalid):
        service.set_roles(make_user().id, ["root"], actor=make_staff("admin"))


def test_staff_with_role_means_this_very_role(app: Flask) -> None:
    moderator = make_staff("moderator")
    make_staff("admin")
    make_staff("moderator", active=False)
    assert [u.id for u in queries.staff_with_role("moderator")] == [moderator.id]


def test_the_list_costs_the_same_with_one_row_and_with_thirty(
    office: PageClient, queries: Any
) -> None:
    counts = []
    for more in (1, 29):
        for _number in range(more):
            make_user()
        office.get("/en/office/people")
        with queries() as sent:
            office.get("/en/office/people")
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 12


def test_an_account_from_the_shell(app: Flask, client: PageClient) -> None:
    runner = app.test_cli_runner()
    done = runner.invoke(
        args=["user", "create", "Root@Example.org", "--role", "admin", "--name", "Ada Min"]
    )
    assert done.exit_code == 0, done.output
    path = done.output.split("http://localhost")[1].strip()
    page = client.get(path)
    assert page.h1 == "Sign in as Ada Min"
    page.submit()
    assert is_in(client)
    assert client.get(path).status == 410
    user = db.session.query(User).one()
    assert (user.roles, user.is_confirmed) == (["admin"], True)
    assert client.get("/en/office/people", follow=True).h1 == "Signing in"


def test_the_shell_adds_roles(app: Flask) -> None:
    user = make_user(roles=["analyst"])
    runner = app.test_cli_runner()
    assert runner.invoke(args=["user", "create", user.email, "--role", "admin"]).exit_code == 0
    assert db.session.get(User, user.id, populate_existing=True).roles == ["admin", "analyst"]
    assert runner.invoke(args=["user", "create", "no address"]).exit_code == 1
    assert runner.invoke(args=["user", "create", "a@example.org", "--role", "root"]).exit_code == 2
