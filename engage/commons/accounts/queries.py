"""Reads about people, organisations and who belongs where."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from engage.commons.accounts.identity import email_key, skeleton
from engage.commons.accounts.models import (
    Invitation,
    Membership,
    MembershipRole,
    Organisation,
    OrganisationDomain,
    Passkey,
    ProviderIdentity,
    Role,
    User,
)
from engage.commons.accounts.policy import SPEAKING
from engage.core import clock
from engage.core.db import db
from engage.core.errors import Missing
from engage.core.paging import Page, paginate

STATES = ("active", "suspended", "closed", "unconfirmed")


def by_email(address: str) -> User | None:
    """Whose address this is, in its canonical form."""
    key = email_key(address)
    # an impossible key keeps the number of queries the same for every input
    return db.session.scalar(select(User).where(User.email_key == (key or "-")))


def person(user_id: int) -> User:
    """An account with its memberships. Raises Missing."""
    found = db.session.scalar(
        select(User)
        .where(User.id == user_id)
        .options(selectinload(User.memberships).joinedload(Membership.organisation))
    )
    if found is None:
        raise Missing
    return found


def organisations_spoken_for(user: User) -> list[Organisation]:
    """Verified organisations in whose name the person may write, by name."""
    return list(db.session.scalars(_spoken_for(), {"user_id": user.id}))


@cache
def _spoken_for() -> Select[Organisation]:
    return (
        select(Organisation)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(
            Membership.user_id == bindparam("user_id"),
            Membership.accepted_at.is_not(None),
            Membership.role.in_(SPEAKING),
            Organisation.verified_at.is_not(None),
        )
        .order_by(Organisation.name)
    )


def staff_with_role(role: str) -> list[User]:
    """Active people who carry this very role (administrators only when asked for)."""
    return list(db.session.scalars(select(User).where(carries_role(role)).order_by(User.id)))


def carries_role(role: str) -> ColumnElement[bool]:
    """The condition of `staff_with_role`, for statements that ask for more."""
    # role names are fixed words without wildcards; the JSON text quotes each of them
    return and_(User.active.is_(True), cast(User.roles, String).contains(f'"{Role(role).value}"'))


def people_page(*, words: str = "", role: str = "", state: str = "", page: int = 1) -> Page[User]:
    """The office's list of people, newest first."""
    chosen: Select[Any] = select(User)
    if words:
        like = f"%{_escaped(words.casefold())}%"
        by_name = f"%{_escaped(skeleton(words))}%" if skeleton(words) else None
        matches = [func.lower(User.email).like(like, escape="\\")]
        if by_name:
            matches.append(User.name_key.like(by_name, escape="\\"))
        chosen = chosen.where(or_(*matches))
    if role in {r.value for r in Role}:
        chosen = chosen.where(cast(User.roles, String).contains(f'"{role}"'))
    elif role == "any":
        chosen = chosen.where(cast(User.roles, String) != "[]")
    conditions = {
        "active": and_(User.active.is_(True), User.confirmed_at.is_not(None)),
        "suspended": and_(User.suspended_at.is_not(None), User.closed_at.is_(None)),
        "closed": User.closed_at.is_not(None),
        "unconfirmed": and_(User.confirmed_at.is_(None), User.closed_at.is_(None)),
    }
    if state in conditions:
        chosen = chosen.where(conditions[state])
    return paginate(chosen.order_by(User.id.desc()), page=page)


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_WAITS = and_(Organisation.verified_at.is_(None), Organisation.declined_at.is_(None))


def organisations_page(*, state: str = "", words: str = "", page: int = 1) -> Page[Organisation]:
    """The office's list: what waits for a decision first."""
    chosen: Select[Any] = select(Organisation).options(selectinload(Organisation.domains))
    if state == "waiting":
        chosen = chosen.where(_WAITS)
    elif state == "verified":
        chosen = chosen.where(Organisation.verified_at.is_not(None))
    elif state == "declined":
        chosen = chosen.where(Organisation.declined_at.is_not(None))
    if words and skeleton(words):
        chosen = chosen.where(
            Organisation.name_key.like(f"%{_escaped(skeleton(words))}%", escape="\\")
        )
    return paginate(chosen.order_by(_WAITS.desc(), Organisation.name), page=page)


def organisations_waiting() -> Select[int]:
    """How many ask to be verified."""
    return select(func.count(Organisation.id)).where(_WAITS)


def first_organisations_waiting(limit: int) -> Sequence[Organisation]:
    """Organisations that ask to be verified, by name."""
    return db.session.scalars(
        select(Organisation).where(_WAITS).order_by(Organisation.name).limit(limit)
    ).all()


def public_organisations(*, page: int = 1) -> Page[Organisation]:
    """Verified organisations by name."""
    return paginate(
        select(Organisation)
        .where(Organisation.verified_at.is_not(None))
        .order_by(Organisation.name),
        page=page,
    )


def organisation(slug: str) -> Organisation:
    """An organisation with its mail domains. Raises Missing."""
    found = (
        db.session.scalars(
            select(Organisation)
            .where(Organisation.slug == slug)
            .options(joinedload(Organisation.domains))
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise Missing
    return found


def organisation_by_id(organisation_id: int) -> Organisation:
    """An organisation with its mail domains. Raises Missing."""
    found = (
        db.session.scalars(
            select(Organisation)
            .where(Organisation.id == organisation_id)
            .options(joinedload(Organisation.domains))
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise Missing
    return found


def membership(user: User | None, of: Organisation) -> Membership | None:
    """Somebody's membership, accepted or not."""
    if user is None:
        return None
    return db.session.scalar(
        select(Membership).where(Membership.user_id == user.id, Membership.organisation_id == of.id)
    )


def members(of: Organisation, *, page: int = 1) -> Page[Membership]:
    """The people of an organisation, leads first, with their accounts."""
    rank = {MembershipRole.LEAD: 0, MembershipRole.EDITOR: 1, MembershipRole.MEMBER: 2}
    order = case({role.value: place for role, place in rank.items()}, value=Membership.role)
    return paginate(
        select(Membership)
        .join(Membership.user)
        .options(contains_eager(Membership.user))
        .where(Membership.organisation_id == of.id, Membership.accepted_at.is_not(None))
        .order_by(order, Membership.id),
        page=page,
        per_page=50,
    )


def speakers_count(of: Organisation) -> int:
    """How many active people may speak for it."""
    return (
        db.session.scalar(
            select(func.count(Membership.id))
            .join(Membership.user)
            .where(
                Membership.organisation_id == of.id,
                Membership.accepted_at.is_not(None),
                Membership.role.in_(SPEAKING),
                User.active.is_(True),
            )
        )
        or 0
    )


def leads(of_id: int) -> list[User]:
    """The active leads of an organisation."""
    return list(
        db.session.scalars(
            select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Membership.organisation_id == of_id,
                Membership.role == MembershipRole.LEAD,
                Membership.accepted_at.is_not(None),
                User.active.is_(True),
            )
            .order_by(User.id)
        )
    )


def my_memberships(user: User) -> list[Membership]:
    """Where somebody belongs, with the organisations."""
    return list(
        db.session.scalars(
            select(Membership)
            .where(Membership.user_id == user.id)
            .options(joinedload(Membership.organisation))
            .order_by(Membership.id)
        )
    )


def open_invitations(of: Organisation) -> list[Invitation]:
    """Invitations nobody has answered yet."""
    return list(
        db.session.scalars(
            select(Invitation)
            .where(Invitation.organisation_id == of.id, _is_open())
            .order_by(Invitation.id.desc())
            .limit(100)
        )
    )


def invitations_for(user: User) -> list[Invitation]:
    """What the person's own, confirmed address is invited to."""
    if not user.is_confirmed:
        return []
    return list(
        db.session.scalars(
            select(Invitation)
            .where(Invitation.email_key == user.email_key, _is_open())
            .options(joinedload(Invitation.organisation))
            .order_by(Invitation.id)
            .limit(20)
        )
    )


def _is_open() -> ColumnElement[bool]:
    return and_(
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > clock.now(),
    )


def organisations_open_to(user: User) -> list[Organisation]:
    """Verified organisations whose mail domain is exactly that of the person's address."""
    if not user.is_confirmed:
        return []
    domain = user.email_key.rpartition("@")[2]
    joined = select(Membership.organisation_id).where(Membership.user_id == user.id)
    return list(
        db.session.scalars(
            select(Organisation)
            .join(OrganisationDomain, OrganisationDomain.organisation_id == Organisation.id)
            .where(
                OrganisationDomain.domain == domain,
                Organisation.verified_at.is_not(None),
                Organisation.id.not_in(joined),
            )
            .order_by(Organisation.name)
        )
    )


def passkeys(user: User) -> list[Passkey]:
    """Somebody's passkeys, in the order they were added."""
    return list(
        db.session.scalars(select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id))
    )


def has_passkey(user: User) -> bool:
    """Is there at least one?"""
    return bool(
        db.session.scalar(select(select(Passkey.id).where(Passkey.user_id == user.id).exists()))
    )


def provider_identities(user: User) -> list[ProviderIdentity]:
    """The accounts elsewhere that open this one."""
    return list(
        db.session.scalars(
            select(ProviderIdentity)
            .where(ProviderIdentity.user_id == user.id)
            .order_by(ProviderIdentity.id)
        )
    )


def is_name_taken_by_voice(name: str, *, but_user_id: int | None = None) -> bool:
    """Does the name look like an organisation's, or like that of somebody who runs the site?"""
    key = skeleton(name)
    own = select(Organisation.id).where(
        Organisation.name_key == key, Organisation.verified_at.is_not(None)
    )
    staff = select(User.id).where(
        User.name_key == key, User.active.is_(True), cast(User.roles, String) != "[]"
    )
    if but_user_id is not None:
        staff = staff.where(User.id != but_user_id)
    return bool(db.session.scalar(select(or_(own.exists(), staff.exists()))))


def member(of: Organisation, membership_id: int) -> Membership:
    """One membership of this very organisation, with its account. Raises Missing."""
    found = db.session.scalar(
        select(Membership)
        .join(Membership.user)
        .options(contains_eager(Membership.user))
        .where(Membership.id == membership_id, Membership.organisation_id == of.id)
    )
    if found is None:
        raise Missing
    return found
