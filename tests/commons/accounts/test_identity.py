"""No two people pass for one: addresses, names, reserved words."""

from __future__ import annotations

import pytest
from flask import Flask

from engage.commons.accounts.identity import (
    domain_key,
    email_key,
    has_forbidden,
    is_reserved,
    skeleton,
)
from engage.commons.accounts.service import checked_email, checked_name
from engage.core.errors import Invalid
from tests.core import attack
from tests.factories.accounts import make_organisation, make_staff, make_user

RESERVED_FIRST = {
    "admin",
    "anonymous",
    "moderator",
    "system",
    "deleted-user",
    "root",
    "null",
    "None",
    "me",
}


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Mike@Example.ORG", "mike@example.org"),
        (" mike@example.org ", "mike@example.org"),
        ("mike@exämple.org", "mike@xn--exmple-cua.org"),
        ("a@пример.example", "a@xn--e1afmkfd.example"),
        ("K@example.org", "k@example.org"),
        ("no address", ""),
        ("a@b@c.org", ""),
        ("a@", ""),
    ],
)
def test_an_address_has_one_key(typed: str, key: str) -> None:
    assert email_key(typed) == key


def test_a_dotless_i_is_another_address() -> None:
    assert email_key("mıke@example.org") != email_key("mike@example.org")
    assert email_key("mike@gıthub.example") != email_key("mike@github.example")


def test_domains_compare_in_ascii() -> None:
    assert domain_key("Port.Example") == "port.example"
    assert domain_key("bücher.example") == "xn--bcher-kva.example"
    assert domain_key("-") == ""


@pytest.mark.parametrize(
    "name",
    [
        "admin",
        " ADMIN",
        "аdmin",
        "adm1n",
        "ad\u0301min",
        "Moderator ✔",
        "[system]",
        "Official",
        "Engаge",
    ],
)
def test_reserved_names_are_seen_through(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize(
    "name", ["Anna Admin", "Marie-Claire Lefèvre", "O’Neill", "李小龍", "Иван Петров"]
)
def test_real_names_are_welcome(app: Flask, name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("sign", ["\u200b", "\u202e", "\x00", "\u2028", "\ufeff", "\ud800"])
def test_signs_that_cannot_be_seen(app: Flask, sign: str) -> None:
    assert has_forbidden(f"Ann{sign}a")
    with pytest.raises(Invalid):
        checked_name(f"Ann{sign}a")


def test_skeletons_fold_pairs_of_letters() -> None:
    assert skeleton("rnodern") == skeleton("modem")


def test_nobody_takes_the_name_of_an_organisation_or_of_staff(app: Flask) -> None:
    make_organisation(name="Port of Boulogne")
    marie = make_staff("organiser", display_name="Marie Dubois")
    for name in ("Port оf Boulogne", "port of boulogne", "MARIE DUB0IS"):
        with pytest.raises(Invalid):
            checked_name(name)
    assert checked_name("Marie Dubois", but_user_id=marie.id) == "Marie Dubois"


def test_two_residents_may_share_a_name(app: Flask) -> None:
    make_user(display_name="Jean Martin")
    assert checked_name("Jean Martin") == "Jean Martin"


@pytest.mark.parametrize(
    ("first", "second"), attack.cases("identity"), ids=lambda value: ascii(value)
)
def test_the_second_of_a_pair_never_becomes_the_first(app: Flask, first: str, second: str) -> None:
    """As a name: refused where the first is the platform's voice. As an address: same key or other owner."""
    if "@" in first:
        owner = make_user(email=first)
        try:
            stored = checked_email(second)
        except Invalid:
            return
        if email_key(stored) != owner.email_key:
            assert stored.casefold() != first.casefold()
        return
    if first in RESERVED_FIRST:
        with pytest.raises(Invalid):
            checked_name(second)


@pytest.mark.parametrize(
    "case", attack.cases("mail_header", longest=399), ids=lambda value: ascii(value)[:40]
)
def test_nothing_breaks_out_of_a_mail_header(app: Flask, case: str) -> None:
    """A name or an address that could write headers is refused, or holds no line end."""
    for check in (checked_name, checked_email):
        try:
            kept = check(case)
        except Invalid:
            continue
        assert kept.isprintable()
        assert "\r" not in kept
        assert "\n" not in kept


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "a b@example.org",
        "a@b.example,evil@example.org",
        "mıke@example.org",
        "a@[127.0.0.1]",
        "a" * 250 + "@example.org",
        "<a@b.example>",
    ],
)
def test_addresses_we_do_not_take(app: Flask, address: str) -> None:
    with pytest.raises(Invalid):
        checked_email(address)
