"""What people are mailed about their own account: always to the address as stored."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from engage.commons.accounts import tokens
from engage.commons.accounts.models import (
    Guest,
    Invitation,
    Organisation,
    Registration,
    Role,
    SignIn,
    User,
)
from engage.core import outbox


def address(endpoint: str, locale: str, **values: Any) -> str:
    """The full address of a page of ours, from the configured base and never from a request."""
    base = urlsplit(current_app.config["BASE_URL"])
    adapter = current_app.url_map.bind(base.netloc, url_scheme=base.scheme)
    return adapter.build(endpoint, {**values, "locale": locale}, force_external=True)


def _post(
    template: str, to: str, locale: str, name: str = "", *, is_brief: bool = False, **context: Any
) -> None:
    outbox.post(
        to=to,
        name=name,
        template=f"accounts/{template}",
        locale=locale,
        context={"name": name, **context},
        is_brief=is_brief,
    )


def ask_to_confirm(registration: Registration) -> None:
    """The newcomer: this link makes the account."""
    token = tokens.make(
        tokens.CONFIRM, registration.id, registration.email_key, registration.password
    )
    _post(
        "confirm",
        registration.email,
        registration.locale,
        registration.display_name,
        url=address("accounts.confirm", registration.locale, token=token),
    )


def tell_has_account(user: User, locale: str) -> None:
    """Somebody registered with an address that has an account: its owner is told, nobody else."""
    _post(
        "has_account",
        user.email,
        user.locale,
        user.display_name,
        login_url=address("accounts.login", user.locale),
        reset_url=address("accounts.forgot", user.locale),
    )


def send_sign_in_link(user: User, *, next_url: str = "") -> None:
    """The owner: this link signs in once."""
    _post(
        "sign_in_link",
        user.email,
        user.locale,
        user.display_name,
        url=sign_in_address(user, tokens.SIGN_IN, next_url=next_url),
    )


def sign_in_address(user: User, purpose: tokens.Purpose, *, next_url: str = "") -> str:
    """A one-time sign-in link."""
    token = tokens.make(purpose, user.id, *sign_in_state(user), next=next_url)
    return address("accounts.sign_in_link", user.locale, token=token)


def sign_in_state(user: User) -> tuple[object, ...]:
    """What a sign-in link is bound to."""
    return user.email, user.fs_uniquifier, user.links_used


def send_reset_link(user: User) -> None:
    """The owner: this link sets a new password."""
    token = tokens.make(tokens.RESET, user.id, *reset_state(user))
    _post(
        "reset",
        user.email,
        user.locale,
        user.display_name,
        url=address("accounts.reset", user.locale, token=token),
    )


def reset_state(user: User) -> tuple[object, ...]:
    """What a reset link is bound to."""
    return user.email, user.password, user.fs_uniquifier


def tell_no_account(email: str, locale: str) -> None:
    """Somebody asked for a link to an address without an account: so that they look elsewhere."""
    _post("no_account", email, locale, register_url=address("accounts.register", locale))


def tell_suspended(user: User) -> None:
    """The owner of a suspended account asked for a link."""
    _post("suspended", user.email, user.locale, user.display_name, reason=user.suspended_reason)


def tell_password_changed(user: User) -> None:
    """The owner: the password is another one now."""
    _post(
        "password_changed",
        user.email,
        user.locale,
        user.display_name,
        reset_url=address("accounts.forgot", user.locale),
    )


def ask_new_address(user: User, email: str) -> None:
    """The new address: press here and it is the account's."""
    token = tokens.make(tokens.CHANGE_EMAIL, user.id, *email_state(user, email), email=email)
    _post(
        "change_email",
        email,
        user.locale,
        user.display_name,
        url=address("accounts.confirm_email", user.locale, token=token),
    )


def email_state(user: User, email: str) -> tuple[object, ...]:
    """What a change of address is bound to."""
    return user.email, email, user.fs_uniquifier


def tell_address_in_use(owner: User) -> None:
    """The owner of an address somebody else wanted to use."""
    _post("address_in_use", owner.email, owner.locale, owner.display_name)


def tell_email_changed(user: User, old: str) -> None:
    """The old address: mail goes elsewhere from now on."""
    _post("email_changed", old, user.locale, user.display_name)


def tell_second_factor(user: User, *, is_on: bool) -> None:
    """The owner: the second step was set up or taken away."""
    _post(
        "second_factor",
        user.email,
        user.locale,
        user.display_name,
        is_on=is_on,
        security_url=address("accounts.security", user.locale),
    )


def tell_second_step_reset(user: User, to: str, reason: str) -> None:
    """The owner, at one of their addresses: the lost second step was taken away, and why."""
    _post(
        "second_step_reset",
        to,
        user.locale,
        user.display_name,
        reason=reason,
        is_staff=user.is_staff,
        login_url=address("accounts.login", user.locale),
    )


def tell_new_device(user: User, row: SignIn) -> None:
    """The owner: somebody came in by a browser we did not know."""
    _post(
        "new_device",
        user.email,
        user.locale,
        user.display_name,
        at=row.created_at,
        zone=user.time_zone,
        browser=row.agent,
        network=row.network,
        security_url=address("accounts.security", user.locale),
        reset_url=address("accounts.forgot", user.locale),
    )


def tell_recovery_code_used(user: User, left: int) -> None:
    """The owner: a recovery code was used."""
    _post(
        "recovery_code_used",
        user.email,
        user.locale,
        user.display_name,
        left=left,
        security_url=address("accounts.security", user.locale),
    )


def tell_roles_changed(user: User) -> None:
    """The person: what they may do on the site is another thing now."""
    _post(
        "roles_changed",
        user.email,
        user.locale,
        user.display_name,
        roles=[Role(role) for role in user.roles],
        login_url=address("accounts.login", user.locale),
    )


def tell_suspension(user: User) -> None:
    """The person: the account is suspended, and why."""
    _post("suspended", user.email, user.locale, user.display_name, reason=user.suspended_reason)


def tell_restored(user: User) -> None:
    """The person: the account works again."""
    _post(
        "restored",
        user.email,
        user.locale,
        user.display_name,
        login_url=address("accounts.login", user.locale),
    )


def tell_closed(email: str, locale: str, name: str) -> None:
    """The last mail: the account is closed. Nothing of it stays once it is delivered."""
    _post("closed", email, locale, name, is_brief=True)


def ask_guest(guest: Guest) -> None:
    """The guest: press here and what you sent appears."""
    token = tokens.make(tokens.GUEST, guest.id, guest.email)
    _post(
        "guest",
        guest.email,
        guest.locale,
        guest.display_name,
        url=address("accounts.confirm_guest", guest.locale, token=token),
    )


def offer_provider_link(user: User, *, issuer: str, subject: str, label: str) -> None:
    """The owner: an account elsewhere with this address wants to open this one."""
    token = tokens.make(
        tokens.LINK_PROVIDER,
        user.id,
        *sign_in_state(user),
        issuer,
        subject,
        issuer=issuer,
        subject=subject,
    )
    _post(
        "link_provider",
        user.email,
        user.locale,
        user.display_name,
        label=label,
        url=address("accounts.link_provider", user.locale, token=token),
    )


def invite(
    invitation: Invitation, organisation: Organisation, inviter: User, *, locale: str
) -> None:
    """Somebody is asked to join an organisation. `locale` is theirs, where we know it."""
    token = tokens.make(tokens.INVITATION, invitation.id, invitation.email, invitation.role.value)
    _post(
        "invitation",
        invitation.email,
        locale,
        organisation=organisation.name,
        inviter=inviter.display_name,
        url=address("organisations.invitation", locale, token=token),
    )


def tell_organisation_verified(organisation: Organisation, person: User) -> None:
    """The person who asked: it is verified."""
    _post(
        "organisation_verified",
        person.email,
        person.locale,
        person.display_name,
        organisation=organisation.name,
        url=address("organisations.detail", person.locale, slug=organisation.slug),
    )


def tell_organisation_declined(organisation: Organisation, person: User) -> None:
    """The person who asked: it is not, and why."""
    _post(
        "organisation_declined",
        person.email,
        person.locale,
        person.display_name,
        organisation=organisation.name,
        reason=organisation.declined_reason,
    )


def tell_passkey(user: User, *, name: str, is_added: bool) -> None:
    """The owner: a passkey was added or removed."""
    _post(
        "passkey",
        user.email,
        user.locale,
        user.display_name,
        passkey=name,
        is_added=is_added,
        security_url=address("accounts.security", user.locale),
    )
