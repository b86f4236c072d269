"""Organisations: asked for, verified, joined, left. A kind of service told apart from people's."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import timedelta

from sqlalchemy import func, select

from engage.commons.accounts import notices, policy, queries, tokens
from engage.commons.accounts.events import OrganisationVerified
from engage.commons.accounts.identity import (
    domain_key,
    email_key,
    has_forbidden,
    skeleton,
    tidy_name,
)
from engage.commons.accounts.models import (
    Invitation,
    Membership,
    MembershipRole,
    Organisation,
    OrganisationDomain,
    OrganisationKind,
    User,
)
from engage.commons.accounts.service import BAD_LINK, checked_email
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed, TooMany
from engage.core.events import announce
from engage.core.i18n import _l

# addresses there belong to anybody: such a domain proves no membership
_ANYBODYS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "outlook.fr",
        "hotmail.com",
        "hotmail.fr",
        "live.com",
        "live.fr",
        "msn.com",
        "yahoo.com",
        "yahoo.fr",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "mail.com",
        "proton.me",
        "protonmail.com",
        "tutanota.com",
        "orange.fr",
        "wanadoo.fr",
        "free.fr",
        "sfr.fr",
        "neuf.fr",
        "laposte.net",
        "bbox.fr",
        "numericable.fr",
        "libero.it",
        "virgilio.it",
        "t-online.de",
        "telenet.be",
        "skynet.be",
        "ziggo.nl",
        "kpnmail.nl",
        "btinternet.com",
        "yandex.com",
        "zoho.com",
        "fastmail.com",
        "example.com",
    ]
)
_RESERVED_SLUGS = frozenset({"new", "mine", "invitation", "index", "admin"})
_WEBSITE = re.compile(r"https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(:\d{1,5})?(/[^\s<>\"']*)?")
MOST_REQUESTS = 5  # waiting, per person
MOST_INVITATIONS = 50  # a day, per organisation
MOST_DOMAINS = 10


def _checked_name(name: str) -> str:
    name = tidy_name(name)
    if has_forbidden(name) or not 2 <= len(name) <= 120 or len(skeleton(name)) < 2:
        raise Invalid({"name": _l("Enter the full name of the organisation.")})
    return name


def _checked_website(website: str) -> str:
    website = website.strip()
    if website and (len(website) > 200 or not _WEBSITE.fullmatch(website)):
        raise Invalid({"website": _l("Enter a full address, like https://www.example.org.")})
    return website


def request_organisation(
    *, name: str, kind: OrganisationKind, description: str, website: str, actor: User
) -> Organisation:
    """Ask for a page. Whoever asks leads it; an administrator verifies it before it speaks."""
    require(policy.can_request_organisation(actor))
    name, website = _checked_name(name), _checked_website(website)
    with transactional():
        lock(User, actor.id)
        waiting = db.session.scalar(
            select(func.count()).where(
                Organisation.requested_by_id == actor.id,
                Organisation.verified_at.is_(None),
                Organisation.declined_at.is_(None),
            )
        )
        if (waiting or 0) >= MOST_REQUESTS:
            raise Conflict(_l("Five of your requests wait already. We will look at those first."))
        if db.session.scalar(
            select(Organisation.id).where(Organisation.name_key == skeleton(name))
        ):
            raise Invalid(
                {"name": _l("There is an organisation of this name. Ask its people to invite you.")}
            )
        organisation = Organisation(
            slug=_free_slug(name),
            name=name,
            kind=kind,
            description=description.strip()[:2000],
            website=website,
            requested_by_id=actor.id,
        )
        db.session.add(organisation)
        db.session.flush()
        db.session.add(
            Membership(
                user_id=actor.id,
                organisation_id=organisation.id,
                role=MembershipRole.LEAD,
                accepted_at=clock.now(),
            )
        )
        audit.record("organisation.requested", organisation, actor=actor)
    return organisation


def _free_slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "organisation"
    taken = set(
        db.session.scalars(select(Organisation.slug).where(Organisation.slug.startswith(base)))
    )
    if base not in taken and base not in _RESERVED_SLUGS:
        return base
    for number in range(2, 100):
        if f"{base}-{number}" not in taken:
            return f"{base}-{number}"
    return f"{base}-{secrets.token_hex(4)}"


def update_organisation(
    organisation_id: int, *, description: str, website: str, actor: User
) -> None:
    """What its page says. The name and kind are what was verified: only the office changes those."""
    website = _checked_website(website)
    with transactional():
        organisation = lock(Organisation, organisation_id)
        _require_lead(actor, organisation)
        organisation.description = description.strip()[:2000]
        organisation.website = website
        audit.record("organisation.changed", organisation, actor=actor)


def verify(organisation_id: int, *, actor: User) -> None:
    """It is who it says: it may be spoken for from now on."""
    require(policy.can_administer(actor))
    with transactional():
        organisation = lock(Organisation, organisation_id)
        if organisation.is_verified:
            raise Conflict(_l("This organisation is verified already."))
        organisation.verified_at = clock.now()
        organisation.verified_by_id = actor.id
        organisation.declined_at = organisation.declined_reason = None
        audit.record("organisation.verified", organisation, actor=actor)
        announce(OrganisationVerified(organisation.id))
        if person := _requester(organisation):
            notices.tell_organisation_verified(organisation, person)


def decline(organisation_id: int, *, reason: str, actor: User) -> None:
    """It is not, or not any more; whoever asked reads why."""
    require(policy.can_administer(actor))
    reason = reason.strip()
    if not 3 <= len(reason) <= 500:
        raise Invalid({"reason": _l("Say why, in at most 500 characters. The person reads it.")})
    with transactional():
        organisation = lock(Organisation, organisation_id)
        organisation.verified_at = None
        organisation.verified_by_id = None
        organisation.declined_at = clock.now()
        organisation.declined_reason = reason
        audit.record("organisation.declined", organisation, actor=actor)
        if person := _requester(organisation):
            notices.tell_organisation_declined(organisation, person)


def _requester(organisation: Organisation) -> User | None:
    if organisation.requested_by_id is None:
        return None
    person = db.session.get(User, organisation.requested_by_id)
    return person if person is not None and person.active else None


def set_domains(organisation_id: int, domains: list[str], *, actor: User) -> None:
    """Mail domains whose confirmed addresses may join by themselves: an administrator's word."""
    require(policy.can_administer(actor))
    wanted = sorted({domain_key(domain) for domain in domains if domain.strip()})
    if "" in wanted or any("." not in domain for domain in wanted):
        raise Invalid({"domains": _l("Enter domains like port.example, one on each line.")})
    if odd := [domain for domain in wanted if domain in _ANYBODYS]:
        raise Invalid({"domains": _l("Anybody can have an address at %(domain)s.", domain=odd[0])})
    if len(wanted) > MOST_DOMAINS:
        raise Invalid({"domains": _l("Enter at most ten domains.")})
    with transactional():
        lock(Organisation, organisation_id)
        organisation = queries.organisation_by_id(organisation_id)
        held = db.session.scalar(
            select(OrganisationDomain.domain).where(
                OrganisationDomain.domain.in_(wanted),
                OrganisationDomain.organisation_id != organisation_id,
            )
        )
        if held:
            raise Invalid(
                {"domains": _l("%(domain)s belongs to another organisation.", domain=held)}
            )
        kept = {row.domain: row for row in organisation.domains}
        organisation.domains = [
            kept.get(domain) or OrganisationDomain(domain=domain) for domain in wanted
        ]
        audit.record("organisation.domains_changed", organisation, actor=actor, domains=wanted)


# --- belonging ------------------------------------------------------------------------------


def invite(organisation_id: int, *, email: str, role: MembershipRole, actor: User) -> Invitation:
    """Mail an address a link by which it joins. The same answer for known and unknown addresses."""
    address = checked_email(email)
    with transactional():
        organisation = lock(Organisation, organisation_id)
        _require_lead(actor, organisation)
        recent = db.session.scalar(
            select(func.count()).where(
                Invitation.organisation_id == organisation_id,
                Invitation.created_at > clock.now() - timedelta(days=1),
            )
        )
        if (recent or 0) >= MOST_INVITATIONS:
            raise TooMany(3600, _l("Fifty invitations a day are enough. Go on tomorrow."))
        if _is_member(organisation_id, address):
            raise Invalid({"email": _l("This person belongs to the organisation already.")})
        for earlier in queries.open_invitations(organisation):
            if earlier.email_key == email_key(address):
                earlier.withdrawn_at = clock.now()
        invitation = Invitation(
            organisation_id=organisation_id,
            email=address,
            role=role,
            invited_by_id=actor.id,
            expires_at=clock.now() + tokens.INVITATION.lives,
        )
        db.session.add(invitation)
        db.session.flush()
        audit.record("organisation.invited", organisation, actor=actor, role=role.value)
        # whoever has an account is written to in its language, others in the inviter's
        known = queries.by_email(address)
        notices.invite(
            invitation, organisation, actor, locale=known.locale if known else actor.locale
        )
    return invitation


def _is_member(organisation_id: int, address: str) -> bool:
    return bool(
        db.session.scalar(
            select(Membership.id)
            .join(User, User.id == Membership.user_id)
            .where(
                Membership.organisation_id == organisation_id,
                Membership.accepted_at.is_not(None),
                User.email_key == email_key(address),
            )
        )
    )


def withdraw_invitation(organisation_id: int, invitation_id: int, *, actor: User) -> None:
    """The link of an invitation stops working."""
    with transactional():
        organisation = lock(Organisation, organisation_id)
        _require_lead(actor, organisation)
        invitation = lock(Invitation, invitation_id)
        if invitation.organisation_id != organisation_id:
            raise Missing
        if invitation.accepted_at is None and invitation.withdrawn_at is None:
            invitation.withdrawn_at = clock.now()


def invitation_of(token: str) -> Invitation:
    """The invitation a link stands for. Raises Invalid when it is dead."""
    claim = tokens.read(tokens.INVITATION, token)
    found = db.session.get(Invitation, int(claim.subject)) if claim else None
    if (
        claim is None
        or found is None
        or not claim.stands(found.email, found.role.value)
        or found.accepted_at is not None
        or found.withdrawn_at is not None
        or found.expires_at <= clock.now()
    ):
        raise Invalid({"": BAD_LINK})
    return found


def accept_invitation(invitation_id: int, *, actor: User) -> Organisation:
    """Join. Only the account of the very address that was invited may."""
    with transactional():
        invitation = lock(Invitation, invitation_id)
        if invitation.email_key != actor.email_key or not actor.is_confirmed:
            raise NotAllowed(
                _l("This invitation is for another address."),
                _l("Sign in with the account of that address, or ask to be invited anew."),
            )
        if (
            invitation.accepted_at is not None
            or invitation.withdrawn_at is not None
            or invitation.expires_at <= clock.now()
        ):
            raise Conflict(_l("This invitation has been answered or withdrawn."))
        invitation.accepted_at = clock.now()
        organisation = lock(Organisation, invitation.organisation_id)
        _belong(actor, organisation, invitation.role)
        audit.record("organisation.joined", organisation, actor=actor, by="invitation")
    return organisation


def join_by_domain(organisation_id: int, *, actor: User) -> Organisation:
    """Join as a member because one's confirmed address is at one of its domains, exactly."""
    with transactional():
        organisation = lock(Organisation, organisation_id)
        if organisation_id not in {found.id for found in queries.organisations_open_to(actor)}:
            raise NotAllowed(_l("Your address is not one of this organisation's."))
        _belong(actor, organisation, MembershipRole.MEMBER)
        audit.record("organisation.joined", organisation, actor=actor, by="domain")
    return organisation


def _belong(user: User, organisation: Organisation, role: MembershipRole) -> None:
    existing = queries.membership(user, organisation)
    if existing is None:
        db.session.add(
            Membership(
                user_id=user.id,
                organisation_id=organisation.id,
                role=role,
                accepted_at=clock.now(),
            )
        )
    else:
        existing.role = role
        existing.accepted_at = existing.accepted_at or clock.now()
    db.session.flush()


def change_membership(
    organisation_id: int, membership_id: int, *, role: MembershipRole, actor: User
) -> None:
    """Another role inside the organisation. One lead always remains."""
    with transactional():
        membership = _managed(organisation_id, membership_id, actor)
        if membership.role is MembershipRole.LEAD and role is not MembershipRole.LEAD:
            _keep_a_lead(membership)
        membership.role = role
        audit.record(
            "organisation.role_changed",
            ("organisation", organisation_id),
            actor=actor,
            user=membership.user_id,
            role=role.value,
        )


def remove_member(organisation_id: int, membership_id: int, *, actor: User) -> None:
    """Somebody no longer belongs: a lead says so, or the person leaves."""
    with transactional():
        lock(Organisation, organisation_id)
        membership = lock(Membership, membership_id)
        if membership.organisation_id != organisation_id:
            raise Missing
        if membership.user_id != actor.id:
            _require_lead(actor, queries.organisation_by_id(organisation_id))
        if membership.role is MembershipRole.LEAD:
            _keep_a_lead(membership)
        db.session.delete(membership)
        audit.record(
            "organisation.left",
            ("organisation", organisation_id),
            actor=actor,
            user=membership.user_id,
        )


def _managed(organisation_id: int, membership_id: int, actor: User) -> Membership:
    organisation = lock(Organisation, organisation_id)
    _require_lead(actor, organisation)
    membership = lock(Membership, membership_id)
    if membership.organisation_id != organisation_id:
        raise Missing
    return membership


def _require_lead(actor: User, organisation: Organisation) -> None:
    own = queries.membership(actor, organisation)
    if not policy.can_see_organisation(actor, organisation, own):
        raise Missing
    require(policy.can_manage_organisation(actor, organisation, own))


def _keep_a_lead(membership: Membership) -> None:
    others = [u for u in queries.leads(membership.organisation_id) if u.id != membership.user_id]
    if not others:
        raise Conflict(
            _l("This is the only person who leads the organisation."),
            _l("Make somebody else a lead first."),
        )
