"""Who may do what to people and organisations."""

from __future__ import annotations

from engage.commons.accounts.models import Membership, MembershipRole, Organisation, Role, User
from engage.core.access import ALLOWED, Decision, denied
from engage.core.i18n import _l

SPEAKING = (MembershipRole.LEAD, MembershipRole.EDITOR)


def can_administer(actor: User | None) -> Decision:
    """People, their roles, and which organisations are real: administrators only."""
    if actor is not None and actor.has_role(Role.ADMIN):
        return ALLOWED
    return denied(_l("Only an administrator may do this."))


def can_change_roles(actor: User | None, person: User) -> Decision:
    """Nobody changes their own roles: the last administrator would lock everybody out."""
    if not (decision := can_administer(actor)):
        return decision
    if actor is not None and actor.id == person.id:
        return denied(
            _l("You cannot change your own roles."), _l("Ask another administrator to do it.")
        )
    if person.is_closed:
        return denied(_l("This account is closed."))
    return ALLOWED


def can_suspend(actor: User | None, person: User) -> Decision:
    """Another person's account, unless closed."""
    if not (decision := can_administer(actor)):
        return decision
    if actor is not None and actor.id == person.id:
        return denied(_l("You cannot suspend yourself."))
    if person.is_closed:
        return denied(_l("This account is closed."))
    return ALLOWED


def can_reset_second_step(actor: User | None, person: User) -> Decision:
    """Another person's, unless closed. One's own is taken away by proving that one has it."""
    if not (decision := can_administer(actor)):
        return decision
    if actor is not None and actor.id == person.id:
        return denied(
            _l("You cannot take your own second step away here."),
            _l("Remove it on your security page, or ask another administrator."),
        )
    if person.is_closed:
        return denied(_l("This account is closed."))
    return ALLOWED


def can_request_organisation(actor: User | None) -> Decision:
    """Anybody with an account."""
    return ALLOWED if actor is not None else denied(_l("Please sign in."))


def can_manage_organisation(
    actor: User | None, organisation: Organisation, membership: Membership | None
) -> Decision:
    """Its leads, and administrators. `membership` is the actor's own, None without one."""
    if actor is None:
        return denied(_l("Please sign in."))
    if actor.has_role(Role.ADMIN):
        return ALLOWED
    if organisation.declined_at is not None:
        return denied(_l("This organisation was not verified."))
    if (
        membership is not None
        and membership.user_id == actor.id
        and membership.accepted_at is not None
        and membership.role is MembershipRole.LEAD
    ):
        return ALLOWED
    return denied(
        _l("Only the people who lead this organisation may do this."),
        _l("Ask one of them to do it, or to make you a lead."),
    )


def can_see_organisation(
    actor: User | None, organisation: Organisation, membership: Membership | None
) -> bool:
    """A verified one is public; before that, its own people and administrators see it."""
    if organisation.is_verified:
        return True
    if actor is None:
        return False
    is_own = membership is not None and membership.user_id == actor.id
    return is_own or organisation.requested_by_id == actor.id or actor.has_role(Role.ADMIN)
