"""Who plays in the demonstration: accounts, organisations, guests, and a crowd that only reacts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from engage.commons.accounts import organisations, passwords, queries, service, tokens
from engage.commons.accounts.models import (
    Guest,
    MembershipRole,
    Organisation,
    OrganisationKind,
    Role,
    StakeholderKind,
    User,
)
from engage.core import clock
from engage.core.db import db, lock, transactional
from engage.core.i18n import _l
from engage.portal.demo import content

PASSWORD = "low tide at seven bollards"  # noqa: S105  public on purpose; production refuses it
# who can be signed in as by a visitor, and what for
ON_SHOW = {
    "resident": _l("a resident: comment, react, follow your own trail"),
    "business": _l("a business: write in the name of your organisation"),
    "association": _l("an association: write in the name of your members"),
    "researcher": _l("a researcher: bring measurements into the discussion"),
    "officer": _l("an answering officer: answer officially for the port authority"),
    "organiser": _l("an organiser: prepare, open and close consultations"),
    "moderator": _l("a moderator: read reports and decide on them"),
    "communications": _l("a communications officer: see what goes out to people"),
    "analyst": _l("an analyst: read the office and export data"),
    "admin": _l("an administrator: people, organisations, settings, records"),
}
FIRST_NAMES = [
    "Alix",
    "Basile",
    "Céline",
    "Denis",
    "Elsa",
    "Fanny",
    "Gaspard",
    "Hélène",
    "Isaac",
    "Jeanne",
    "Karim",
    "Louise",
    "Malo",
    "Nadia",
    "Oscar",
    "Perrine",
    "Quentin",
    "Rose",
    "Samir",
    "Tess",
    "Ulysse",
    "Valérie",
    "Walter",
    "Yasmine",
    "Zoé",
    "Bertrand",
    "Clémence",
    "Dylan",
    "Estelle",
    "Firmin",
    "Greta",
    "Henri",
    "Inès",
    "Joris",
    "Katia",
    "Lucie",
    "Martin",
    "Noémie",
    "Omar",
    "Paula",
]
# who the crowd is, in shares of twenty
KINDS = (
    [StakeholderKind.RESIDENT] * 11
    + [StakeholderKind.BUSINESS] * 4
    + [StakeholderKind.ASSOCIATION] * 2
    + [StakeholderKind.AUTHORITY, StakeholderKind.RESEARCHER, StakeholderKind.RESIDENT]
)


@dataclass
class Cast:
    """Everybody by key."""

    people: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Organisation] = field(default_factory=dict)
    crowd: list[User] = field(default_factory=list)

    def drawn(self, number: int, word: str) -> Iterator[User]:
        """`number` of the crowd, always the same for one word."""
        ranked = sorted(
            self.crowd,
            key=lambda user: hashlib.sha256(f"{word}{user.display_name}".encode()).digest(),
        )
        return iter(ranked[:number])


def is_on_stage() -> bool:
    """Has the demonstration been loaded into this database before?"""
    return queries.by_email(content.people()[0].email) is not None


def enter(now: datetime) -> Cast:
    """Create everybody, some weeks before the first consultation."""
    cast = Cast()
    with clock.at(now - timedelta(days=140)), transactional():
        for person in content.people():
            cast.people[person.key] = _account(person)
        admin = cast.people["admin"]
        for person in content.people():
            if person.role and person.role != Role.ADMIN:
                service.set_roles(cast.people[person.key].id, [person.role], actor=admin)
        for group in content.groups():
            cast.groups[group.key] = _organisation(group, cast)
        for person in content.people():
            for group_key, role in person.organisations:
                if role != MembershipRole.LEAD:
                    _join(cast, person.key, group_key, MembershipRole(role))
        cast.crowd = [_bystander(number) for number in range(len(FIRST_NAMES))]
    return cast


def again() -> Cast:
    """The cast of a demonstration that was loaded before."""
    found = {user.email: user for user in db.session.scalars(select(User).order_by(User.id))}
    return Cast(
        people={p.key: found[p.email] for p in content.people() if p.email in found},
        crowd=[user for email, user in found.items() if email.startswith("bystander")],
    )


def _account(person: content.Person) -> User:
    if person.role == Role.ADMIN:
        user, _link = service.create_from_shell(
            email=person.email, roles=[person.role], display_name=person.name
        )
        user.confirmed_at = clock.now()
    else:
        user = service.create_confirmed(
            email=person.email,
            display_name=person.name,
            locale=person.locale,
            kind=StakeholderKind(person.kind),
        )
    if person.key in ON_SHOW:
        user.password, user.password_at = _hashed(), clock.now()
    db.session.flush()
    return user


_kept: list[str] = []


def _hashed() -> str:
    """One hash for all: they share the password, and argon2 takes its time."""
    if not _kept:
        _kept.append(passwords.make_hash(PASSWORD))
    return _kept[0]


def _organisation(group: content.Group, cast: Cast) -> Organisation:
    lead = next(
        cast.people[person.key]
        for person in content.people()
        if (group.key, MembershipRole.LEAD.value) in person.organisations
    )
    made = organisations.request_organisation(
        name=group.name,
        kind=OrganisationKind(group.kind),
        description=group.description,
        website="",
        actor=lead,
    )
    organisations.verify(made.id, actor=cast.people["admin"])
    row = lock(Organisation, made.id)
    row.mark = group.mark
    return row


def _join(cast: Cast, person_key: str, group_key: str, role: MembershipRole) -> None:
    leads = (p.key for p in content.people() if (group_key, "lead") in p.organisations)
    lead, newcomer = cast.people[next(leads)], cast.people[person_key]
    invitation = organisations.invite(
        cast.groups[group_key].id, email=newcomer.email, role=role, actor=lead
    )
    organisations.accept_invitation(invitation.id, actor=newcomer)


def _bystander(number: int) -> User:
    name = f"{FIRST_NAMES[number]} {chr(ord('A') + number * 7 % 26)}."
    return service.create_confirmed(
        email=f"bystander{number + 1}@{content.DOMAIN}",
        display_name=name,
        locale="fr" if number % 3 else "en",
        kind=KINDS[number % len(KINDS)],
    )


def confirm_guest(guest_id: int) -> None:
    """The guest follows the link in the mail."""
    guest = db.session.get_one(Guest, guest_id)
    service.confirm_guest(tokens.make(tokens.GUEST, guest.id, guest.email))
