"""Organisations: asked for, verified, joined, managed, seen."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from engage.commons.accounts import organisations, queries
from engage.commons.accounts.events import OrganisationVerified
from engage.commons.accounts.models import (
    Invitation,
    Membership,
    MembershipRole,
    Organisation,
    OrganisationDomain,
    OrganisationKind,
)
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.events import listen
from tests.commons.accounts.mails import last, link
from tests.factories.accounts import (
    make_member,
    make_organisation,
    make_staff,
    make_user,
    signed_in_cookie,
)
from tests.pages import PageClient

ASKED = {
    "name": "Port of Boulogne",
    "kind": "authority",
    "description": "Runs the port.",
    "website": "https://port.example",
}


def ask(user: Any, **over: Any) -> Organisation:
    values = {**ASKED, "kind": OrganisationKind.AUTHORITY, **over}
    return organisations.request_organisation(**values, actor=user)


def test_ask_for_a_page_and_be_verified(client: PageClient, app: Flask) -> None:
    heard: list[int] = []
    listen(OrganisationVerified, lambda event: heard.append(event.organisation_id))
    user = make_user()
    signed_in_cookie(client.http, user)
    client.get("/en/organisations/new")
    page = client.submit(ASKED).follow()
    assert page.h1 == "Port of Boulogne"
    stranger = PageClient(app)
    assert stranger.get("/en/organisations/port-of-boulogne").status == 404
    assert "Port of Boulogne" not in stranger.get("/en/organisations").text
    found = db.session.query(Organisation).one()
    office = PageClient(app)
    signed_in_cookie(office.http, make_staff("admin"))
    page = office.get("/en/office/organisations").click("Port of Boulogne")
    page.submit("Verify: it is who it says")
    assert last(user.email).template == "accounts/organisation_verified"
    assert heard == [found.id]
    page = stranger.get("/en/organisations/port-of-boulogne")
    assert page.status == 200
    assert not page.select("main form")
    assert [o.id for o in queries.organisations_spoken_for(user)] == [found.id]


def test_decline_says_why(client: PageClient) -> None:
    user = make_user()
    found = ask(user)
    signed_in_cookie(client.http, make_staff("admin"))
    client.get(f"/en/office/organisations/{found.id}")
    page = client.submit(f"/en/office/organisations/{found.id}/decline", {"reason": ""})
    assert page.status == 422
    page.submit(
        f"/en/office/organisations/{found.id}/decline", {"reason": "There is no such port."}
    )
    assert "There is no such port." in last(user.email).body_text
    assert queries.organisations_spoken_for(user) == []


@pytest.mark.parametrize(
    "over",
    [
        {"name": "x"},
        {"name": "Port\u202eof"},
        {"website": "javascript:alert(1)"},
        {"website": "port.example"},
        {"website": 'https://port.example/"onload='},
    ],
)
def test_what_is_not_taken(app: Flask, over: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        ask(make_user(), **over)


def test_a_name_is_one_organisations(app: Flask) -> None:
    ask(make_user())
    for name in ("PORT OF BOULOGNE", "Pоrt of Boulogne", "Port  of-Boulogne"):
        with pytest.raises(Invalid):
            ask(make_user(), name=name)


def test_slugs_are_their_own(app: Flask) -> None:
    assert ask(make_user(), name="New").slug == "new-2"
    assert ask(make_user(), name="Chambre de Commerce").slug == "chambre-de-commerce"
    assert ask(make_user(), name="海港協会").slug == "organisation"
    assert ask(make_user(), name="漁業協会").slug == "organisation-2"


def test_five_requests_wait_at_most(app: Flask) -> None:
    user = make_user()
    for letter in "bcdfg":
        ask(user, name=f"Firm {letter * 3}")
    with pytest.raises(Conflict):
        ask(user, name="Firm hhh")


# --- invitations ----------------------------------------------------------------------------


def test_invite_and_join(client: PageClient, app: Flask) -> None:
    lead, port = make_user(), make_organisation(slug="port")
    make_member(lead, port)
    signed_in_cookie(client.http, lead)
    client.get("/en/organisations/port/people")
    client.submit({"email": "New@example.org", "role": "editor"})
    address = link("New@example.org", "/invitation/")
    guest = PageClient(app)
    user = make_user(email="new@example.org")
    signed_in_cookie(guest.http, user)
    page = guest.get(address)
    assert "Editor" in page.text
    assert page.submit().location == "/en/organisations/port"
    assert [o.id for o in queries.organisations_spoken_for(user)] == [port.id]
    assert guest.get(address).status == 410


def test_an_invitation_is_for_its_address_alone(client: PageClient) -> None:
    lead, port = make_user(), make_organisation()
    make_member(lead, port)
    organisations.invite(port.id, email="one@example.org", role=MembershipRole.LEAD, actor=lead)
    signed_in_cookie(client.http, make_user(email="two@example.org"))
    client.get(link("one@example.org", "/invitation/"))
    assert client.submit().status == 403
    assert db.session.query(Membership).count() == 1


def test_a_withdrawn_invitation_is_dead(client: PageClient) -> None:
    lead, port = make_user(), make_organisation(slug="port")
    make_member(lead, port)
    organisations.invite(port.id, email="one@example.org", role=MembershipRole.MEMBER, actor=lead)
    signed_in_cookie(client.http, lead)
    page = client.get("/en/organisations/port/people")
    invited = db.session.query(Invitation).one()
    page.submit(f"/en/organisations/port/invitations/{invited.id}/withdraw")
    with pytest.raises(Invalid):
        organisations.invitation_of(link("one@example.org", "/invitation/").rpartition("/")[2])


def test_a_second_invitation_replaces_the_first(app: Flask) -> None:
    lead, port = make_user(), make_organisation()
    make_member(lead, port)
    organisations.invite(port.id, email="one@example.org", role=MembershipRole.LEAD, actor=lead)
    first = link("one@example.org", "/invitation/").rpartition("/")[2]
    organisations.invite(port.id, email="ONE@example.org", role=MembershipRole.MEMBER, actor=lead)
    with pytest.raises(Invalid):
        organisations.invitation_of(first)


# --- mail domains ---------------------------------------------------------------------------


def domain(port: Organisation, name: str) -> None:
    with transactional():
        db.session.add(OrganisationDomain(organisation_id=port.id, domain=name))


@pytest.mark.parametrize(
    ("email", "may"),
    [
        ("a@port.example", True),
        ("A@PORT.Example", True),
        ("a@evilport.example", False),
        ("a@port.example.evil.example", False),
        ("a@sub.port.example", False),
        ("port.example@evil.example", False),
    ],
)
def test_domains_are_compared_exactly(client: PageClient, email: str, may: bool) -> None:
    port = make_organisation(slug="port")
    domain(port, "port.example")
    user = make_user(email=email)
    assert bool(queries.organisations_open_to(user)) is may
    signed_in_cookie(client.http, user)
    if may:
        client.get("/en/me/organisations")
        client.submit("/en/organisations/port/join")
        assert queries.membership(user, port).role is MembershipRole.MEMBER
    else:
        with pytest.raises(NotAllowed):
            organisations.join_by_domain(port.id, actor=user)


def test_an_unconfirmed_address_joins_nothing(app: Flask) -> None:
    port = make_organisation()
    domain(port, "port.example")
    with pytest.raises(NotAllowed):
        organisations.join_by_domain(
            port.id, actor=make_user(email="a@port.example", confirmed_at=None)
        )


def test_set_domains(client: PageClient) -> None:
    port = make_organisation()
    signed_in_cookie(client.http, make_staff("admin"))
    at = f"/en/office/organisations/{port.id}"
    client.get(at)
    for wrong in ("gmail.com", "no domain", "localhost"):
        assert client.submit(f"{at}/domains", {"domains": wrong}).status == 422
        client.get(at)
    client.submit(f"{at}/domains", {"domains": "Port.example\nbücher.example\n"})
    assert [d.domain for d in queries.organisation_by_id(port.id).domains] == [
        "port.example",
        "xn--bcher-kva.example",
    ]
    with pytest.raises(Invalid):
        organisations.set_domains(
            make_organisation().id, ["port.example"], actor=make_staff("admin")
        )


# --- people ---------------------------------------------------------------------------------


def test_one_lead_always_remains(client: PageClient) -> None:
    lead, port = make_user(), make_organisation(slug="port")
    own = make_member(lead, port)
    with pytest.raises(Conflict):
        organisations.change_membership(port.id, own.id, role=MembershipRole.MEMBER, actor=lead)
    with pytest.raises(Conflict):
        organisations.remove_member(port.id, own.id, actor=lead)
    other = make_member(make_user(), port, "member")
    signed_in_cookie(client.http, lead)
    client.get(f"/en/organisations/port/people/{other.id}")
    client.submit({"role": "lead"})
    organisations.remove_member(port.id, own.id, actor=lead)


def test_leaving(client: PageClient) -> None:
    user, port = make_user(), make_organisation(slug="port")
    make_member(make_user(), port)
    own = make_member(user, port, "member")
    signed_in_cookie(client.http, user)
    page = client.get("/en/me/organisations")
    assert (
        page.submit(f"/en/organisations/port/people/{own.id}/remove").location
        == "/en/me/organisations"
    )
    assert queries.membership(user, port) is None


@pytest.mark.parametrize("role", ["editor", "member", None])
def test_only_leads_manage(client: PageClient, role: str | None) -> None:
    user, port = make_user(), make_organisation(slug="port")
    other = make_member(make_user(), port)
    if role:
        make_member(user, port, role)
    signed_in_cookie(client.http, user)
    for path in ("edit", "people", f"people/{other.id}"):
        assert client.get(f"/en/organisations/port/{path}").status == 403
    with pytest.raises(NotAllowed):
        organisations.invite(port.id, email="x@example.org", role=MembershipRole.LEAD, actor=user)
    with pytest.raises(NotAllowed):
        organisations.remove_member(port.id, other.id, actor=user)


def test_a_lead_manages_only_their_own(app: Flask) -> None:
    lead, mine, theirs = make_user(), make_organisation(), make_organisation()
    make_member(lead, mine)
    other = make_member(make_user(), theirs)
    with pytest.raises(Missing):
        organisations.change_membership(mine.id, other.id, role=MembershipRole.MEMBER, actor=lead)
    with pytest.raises(Missing):
        organisations.remove_member(mine.id, other.id, actor=lead)


def test_speaking_needs_verification_and_acceptance(app: Flask) -> None:
    user = make_user()
    for state in ({"verified_at": None}, {}):
        make_member(user, make_organisation(**state), "lead", accepted_at=None)
    make_member(user, make_organisation(verified_at=None), "lead")
    make_member(user, make_organisation(), "member")
    assert queries.organisations_spoken_for(user) == []
    port = make_organisation()
    make_member(user, port, "editor")
    assert [o.id for o in queries.organisations_spoken_for(user)] == [port.id]


@pytest.mark.parametrize(
    "path", ["/en/organisations", "/en/office/organisations", "/en/organisations/port/people"]
)
def test_lists_cost_the_same_with_one_row_and_with_thirty(
    client: PageClient, queries: Any, path: str
) -> None:
    admin, port = make_staff("admin"), make_organisation(slug="port")
    make_member(make_user(), port)
    signed_in_cookie(client.http, admin)
    counts = []
    for more in (0, 29):
        for _number in range(more):
            make_organisation()
            make_member(make_user(), port, "member")
        client.get(path)
        with queries() as sent:
            client.get(path)
        counts.append(len(sent))
    assert counts[1] - counts[0] <= 0, counts
    assert counts[0] <= 12


@pytest.mark.parametrize("role", ["lead", "editor", "member"])
@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("verified", [True, False])
def test_leads_and_editors_speak_for_a_verified_organisation(
    app: Flask, role: str, accepted: bool, verified: bool
) -> None:
    now = clock.now()
    user, other = make_user(), make_user()
    port = make_organisation(verified_at=now if verified else None)
    make_member(user, port, role, accepted_at=now if accepted else None)
    speaks = verified and accepted and role in {"lead", "editor"}
    assert queries.organisations_spoken_for(user) == ([port] if speaks else [])
    assert queries.organisations_spoken_for(other) == []


def test_only_people_who_may_speak_are_counted(client: PageClient) -> None:
    found = make_organisation()
    for role in ("lead", "editor", "member"):
        make_member(make_user(), found, role)
    make_member(make_user(active=False, suspended_at=clock.now()), found, "editor")
    make_member(make_user(), found, "editor", accepted_at=None)
    assert queries.speakers_count(found) == 2
    assert "2 people speak for it here" in client.get(f"/en/organisations/{found.slug}").text
