"""Guests, claims, closing, the export: what other features rely on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from engage.commons.accounts import export, service, throttle
from engage.commons.accounts.events import (
    AccountClosed,
    AccountConfirmed,
    GuestClaimed,
    GuestConfirmed,
)
from engage.commons.accounts.export import ExportSource
from engage.commons.accounts.models import Attempt, Guest, Registration, StakeholderKind, User
from engage.commons.accounts.sessions import Visitor, agent_label, coarse
from engage.core import clock, events
from engage.core.db import db
from engage.core.errors import Invalid, TooMany
from tests.commons.accounts.mails import link, mails
from tests.factories.accounts import make_guest, make_user

HERE = Visitor("203.0.113.9")


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """Every event of accounts, in order."""
    found: list[Any] = []
    kinds = (AccountConfirmed, AccountClosed, GuestConfirmed, GuestClaimed)
    for kind in kinds:
        events.listen(kind, found.append)
    yield found
    for kind in kinds:
        for name, handler in list(events._listeners[kind].items()):
            if handler == found.append:
                del events._listeners[kind][name]


def admit(email: str = "guest@example.org", name: str = "Lena Berg") -> Guest:
    return service.admit_guest(
        email=email, display_name=name, kind=StakeholderKind.RESIDENT, locale="en"
    )


def registered(email: str) -> User:
    service.register(
        email=email, display_name="Jeanne Dupont", kind=StakeholderKind.RESIDENT,
        password="seven gulls over the pier", locale="en", visitor=HERE,
    )  # fmt: skip
    token = link(email, "/confirm/").rpartition("/")[2]
    return service.confirm_registration(token, is_same_browser=True, visitor=HERE)


def test_every_admission_is_confirmed_by_itself(app: Flask) -> None:
    first = admit()
    service.confirm_guest(link("guest@example.org", "/guests/").rpartition("/")[2])
    second = admit()
    assert first.id != second.id
    assert second.confirmed_at is None
    assert len(mails("guest@example.org")) == 2


def test_confirming_a_guest_is_heard_once(app: Flask, heard: list[Any]) -> None:
    guest = admit()
    token = link("guest@example.org", "/guests/").rpartition("/")[2]
    service.confirm_guest(token)
    service.confirm_guest(token)
    assert heard == [GuestConfirmed(guest.id)]


def test_a_guest_gets_only_so_many_mails(app: Flask) -> None:
    for _number in range(service.GUEST_ADMISSIONS):
        admit()
    with pytest.raises(TooMany):
        admit("GUEST@example.org")


@pytest.mark.parametrize(("email", "name"), [("x", "Lena Berg"), ("guest@example.org", "Admin")])
def test_guests_are_checked_like_people(app: Flask, email: str, name: str) -> None:
    with pytest.raises(Invalid):
        admit(email, name)


def test_an_account_claims_confirmed_guests_of_its_address(app: Flask, heard: list[Any]) -> None:
    mine = make_guest(email="Jeanne@example.org", confirmed_at=clock.now())
    unconfirmed = make_guest(email="jeanne@example.org")
    make_guest(email="other@example.org", confirmed_at=clock.now())
    user = registered("jeanne@example.org")
    assert GuestClaimed(mine.id, user.id) in heard
    assert heard[-1] == AccountConfirmed(user.id)
    assert len(heard) == 2
    db.session.expire_all()
    assert db.session.get(Guest, unconfirmed.id).claimed_by_id is None


def test_a_guest_who_has_an_account_is_claimed_when_confirming(
    app: Flask, heard: list[Any]
) -> None:
    user = make_user(email="jeanne@example.org")
    guest = admit("jeanne@example.org")
    service.confirm_guest(link("jeanne@example.org", "/guests/").rpartition("/")[2])
    assert heard == [GuestConfirmed(guest.id), GuestClaimed(guest.id, user.id)]


def test_nothing_exists_before_the_address_confirms(app: Flask) -> None:
    service.register(
        email="jeanne@example.org", display_name="Jeanne Dupont", kind=StakeholderKind.RESIDENT,
        password="seven gulls over the pier", locale="en", visitor=HERE,
    )  # fmt: skip
    assert db.session.query(User).count() == 0
    assert registered("jeanne@example.org").id
    assert db.session.query(Registration).count() == 0


def test_closing_is_heard_and_undone_when_a_listener_fails(app: Flask, heard: list[Any]) -> None:
    user = make_user()

    def fail(_event: AccountClosed) -> None:
        raise RuntimeError("a feature could not anonymise")

    events.listen(AccountClosed, fail)
    try:
        with pytest.raises(RuntimeError):
            service.close_account(actor=user)
    finally:
        events._listeners[AccountClosed] = {
            k: v for k, v in events._listeners[AccountClosed].items() if v is not fail
        }
    assert db.session.get(User, user.id, populate_existing=True).active
    service.close_account(actor=user)
    assert heard[-1] == AccountClosed(user.id)


def test_features_add_to_the_export(app: Flask) -> None:
    user = make_user()
    export.sources.add(
        ExportSource(
            "notes", lambda person: [{"of": person.id, "at": clock.now(), "kind": person.kind}]
        )
    )
    try:
        found = export.collect(user)
    finally:
        export.sources._by_name.pop("notes")
    assert found["notes"][0]["of"] == user.id
    assert found["notes"][0]["kind"] == "resident"
    assert isinstance(found["notes"][0]["at"], str)


def test_old_registrations_and_attempts_are_forgotten(app: Flask, frozen: Any) -> None:
    from datetime import timedelta

    service.register(
        email="jeanne@example.org", display_name="Jeanne Dupont", kind=StakeholderKind.RESIDENT,
        password="seven gulls over the pier", locale="en", visitor=HERE,
    )  # fmt: skip
    with frozen(clock.now() + timedelta(days=4)):
        service.forget_unconfirmed()
        throttle.forget_attempts()
    assert db.session.query(Registration).count() == 0
    assert db.session.query(Attempt).count() == 0


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_browsers_are_told_apart(agent: str, label: str) -> None:
    assert agent_label(agent) == label


@pytest.mark.parametrize(
    ("network", "kept"),
    [("203.0.113.9", "203.0.*.*"), ("2001:db8:1:2::/64", "2001:db8:1::"), ("", "")],
)
def test_networks_are_kept_coarse(network: str, kept: str) -> None:
    assert coarse(network) == kept
