"""People: how an account begins, changes, is held back and ends. And guests, who have none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from flask import current_app
from sqlalchemy import delete, func, select

from engage.commons.accounts import notices, passwords, policy, queries, sessions, throttle, tokens
from engage.commons.accounts.events import (
    AccountClosed,
    AccountConfirmed,
    GuestClaimed,
    GuestConfirmed,
)
from engage.commons.accounts.identity import (
    email_key,
    has_forbidden,
    is_reserved,
    skeleton,
    tidy_name,
)
from engage.commons.accounts.models import (
    Guest,
    Invitation,
    Membership,
    Passkey,
    ProviderIdentity,
    Registration,
    Role,
    StakeholderKind,
    User,
)
from engage.commons.accounts.sessions import Visitor
from engage.core import audit, clock, erasures, outbox
from engage.core.access import require
from engage.core.db import db, lock, lock_name, transactional
from engage.core.errors import Conflict, Invalid, Missing, Text, TooMany
from engage.core.events import announce
from engage.core.i18n import _, _l, babel_name, force_locale, locales
from engage.core.tasks import every

GUEST_ADMISSIONS = 6  # an hour, per address
BAD_LINK = _l("This link has been used, has run out or is not complete. Ask for a new one.")


def datastore() -> Any:
    """Flask-Security's view of the people."""
    return current_app.extensions["engage_security"].datastore


# --- what may be entered --------------------------------------------------------------------


def checked_email(address: str) -> str:
    """An address mail can go to, as it will be stored. Raises Invalid for the field `email`."""
    address = address.strip()
    problem = Invalid({"email": _l("Enter an e-mail address in the form name@example.org.")})
    if len(address) > 254 or has_forbidden(address) or not address.isprintable():
        raise problem
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise problem from None
    local, _at, domain = found.normalized.rpartition("@")
    if not email_key(found.normalized) or domain.startswith("["):
        raise problem
    # letters beyond ASCII before the @ are lawful, rare, and made to pass for other people
    if not local.isascii():
        raise problem
    return found.normalized


def checked_name(name: str, *, but_user_id: int | None = None) -> str:
    """A name that can be shown. Raises Invalid for the field `display_name`."""
    if has_forbidden(name.strip()):
        raise Invalid({"display_name": _l("Take out the signs that cannot be seen.")})
    name = tidy_name(name)
    if len(name) < 2 or not any(sign.isalpha() for sign in name) or len(skeleton(name)) < 2:
        raise Invalid({"display_name": _l("Enter a name of at least two letters.")})
    if len(name) > 80:
        raise Invalid({"display_name": _l("Use at most 80 characters.")})
    if is_reserved(name) or queries.is_name_taken_by_voice(name, but_user_id=but_user_id):
        raise Invalid(
            {
                "display_name": _l(
                    "This name looks like that of the platform, of an organisation or of "
                    "somebody who runs the site. Choose another, for example with your initial."
                )
            }
        )
    return name


def checked_password(password: str, about: tuple[str, ...], *, field: str = "password") -> None:
    """Raises Invalid for `field` when the password will not do."""
    if weak := passwords.weakness(password, _own_words(about)):
        raise Invalid({field: weak})


def _own_words(about: tuple[str, ...]) -> list[str]:
    words = list(about)
    for text in about:
        words += text.replace("@", " ").replace(".", " ").split()
    return words


def _collected(*checks: Any) -> list[Any]:
    """Run all checks; one Invalid carries what every one of them found."""
    found: dict[str, Text] = {}
    results = []
    for check in checks:
        try:
            results.append(check())
        except Invalid as problem:
            found |= problem.fields
    if found:
        raise Invalid(found)
    return results


# --- how an account begins ------------------------------------------------------------------


def register(
    *,
    email: str,
    display_name: str,
    kind: StakeholderKind,
    password: str,
    locale: str,
    visitor: Visitor,
    next_url: str = "",
) -> Registration:
    """Ask for an account. The answer is the same whether or not the address has one.

    Raises Invalid, TooMany, Unavailable.
    """
    address, name, _none = _collected(
        lambda: checked_email(email),
        lambda: checked_name(display_name),
        lambda: checked_password(password, (email, display_name)),
    )
    throttle.count(
        (throttle.REGISTER_NETWORK, visitor.network),
        (throttle.MAIL_ADDRESS, email_key(address)),
    )
    hashed = passwords.make_hash(password)
    with transactional():
        owner = queries.by_email(address)
        registration = Registration(
            email=address,
            display_name=name,
            kind=kind,
            locale=locale,
            password=hashed,
            next_url=next_url,
        )
        db.session.add(registration)
        db.session.flush()
        if owner is None:
            notices.ask_to_confirm(registration)
        else:
            notices.tell_has_account(owner, locale)
    return registration


def pending_registration(token: str) -> Registration:
    """The registration a confirmation link stands for. Raises Invalid when the link is dead."""
    claim = tokens.read(tokens.CONFIRM, token)
    row = db.session.get(Registration, int(claim.subject)) if claim else None
    if claim is None or row is None or not claim.stands(row.email_key, row.password):
        raise Invalid({"": BAD_LINK})
    return row


def confirm_registration(
    token: str, *, is_same_browser: bool, password: str = "", visitor: Visitor
) -> User:
    """Make the account. In another browser than the one that registered, its password is asked.

    So a link that somebody else caused cannot open an account with that somebody's password.
    """
    row = pending_registration(token)
    if not is_same_browser:
        counted = throttle.count((throttle.CODE_ACCOUNT, f"registration {row.id}"))
        if not passwords.matches(password, row.password):
            raise Invalid({"password": _l("This is not the password chosen when registering.")})
        counted.forgive()
    with transactional():
        row = lock(Registration, row.id)
        if queries.by_email(row.email) is not None:
            raise Conflict(_l("There is an account with this address already. Sign in to it."))
        user: User = datastore().create_user(
            email=row.email,
            display_name=row.display_name,
            kind=row.kind,
            locale=row.locale,
            password=row.password,
            password_at=clock.now(),
            confirmed_at=clock.now(),
            time_zone=current_app.config["TIMEZONE"],
            roles=[],
        )
        db.session.flush()
        db.session.execute(delete(Registration).where(Registration.email_key == user.email_key))
        begin(user)
    return user


def create_confirmed(
    *, email: str, display_name: str, locale: str, kind: StakeholderKind = StakeholderKind.RESIDENT
) -> User:
    """An account whose address somebody we trust has verified; it has no password yet."""
    with transactional():
        user: User = datastore().create_user(
            email=checked_email(email),
            display_name=_free_name(display_name, email),
            kind=kind,
            locale=locale,
            confirmed_at=clock.now(),
            time_zone=current_app.config["TIMEZONE"],
            roles=[],
        )
        db.session.flush()
        begin(user)
    return user


def _free_name(wanted: str, email: str) -> str:
    """A showable name out of what a provider says; never one that is reserved."""
    for name in (wanted, email.partition("@")[0]):
        try:
            return checked_name("".join(c for c in name if c.isprintable())[:80])
        except Invalid:
            continue
    return str(_("New participant"))


def begin(user: User) -> None:
    """The address is proven: what belongs to it comes along."""
    audit.record("account.created", user, actor=user)
    guests = db.session.scalars(
        select(Guest).where(
            Guest.email_key == user.email_key,
            Guest.confirmed_at.is_not(None),
            Guest.claimed_by_id.is_(None),
        )
    )
    for guest in guests:
        guest.claimed_by_id = user.id
        announce(GuestClaimed(guest.id, user.id))
    announce(AccountConfirmed(user.id))


def create_from_shell(*, email: str, roles: list[str], display_name: str = "") -> tuple[User, str]:
    """An account made on the server, or the roles added to the one there is; and a one-time link."""
    wanted = [Role(role).value for role in roles]
    address = checked_email(email)
    with transactional():
        user = queries.by_email(address)
        if user is None:
            user = datastore().create_user(
                email=address,
                display_name=display_name or address.partition("@")[0],
                kind=StakeholderKind.AUTHORITY,
                locale=locales()[0],
                time_zone=current_app.config["TIMEZONE"],
                roles=[],
            )
            db.session.flush()
        user.roles = sorted({*user.roles, *wanted})
        revoke_everything(user)
        audit.record("account.created_from_shell", user, actor=None, roles=user.roles)
        db.session.flush()
    return user, notices.sign_in_address(user, tokens.FIRST_SIGN_IN)


# --- how it changes -------------------------------------------------------------------------


def revoke_everything(user: User) -> None:
    """End every session, known device, half sign-in and mailed link of a person."""
    with transactional():
        datastore().set_uniquifier(user)
        sessions.end_all(user)


def sign_out_everywhere(*, actor: User) -> None:
    """The person's own wish."""
    with transactional():
        revoke_everything(lock(User, actor.id))
        audit.record("account.signed_out_everywhere", actor, actor=actor)


def update_profile(
    *,
    display_name: str,
    kind: StakeholderKind,
    locale: str,
    time_zone: str,
    actor: User,
    uses_shortcuts: bool | None = None,
) -> None:
    """Name, capacity, language, clock, keys (None: as they were). Raises Invalid."""
    if locale not in locales():
        raise Invalid({"locale": _l("Choose one of the languages.")})
    if time_zone not in available_timezones():
        raise Invalid({"time_zone": _l("Choose one of the time zones.")})
    name = (
        actor.display_name
        if tidy_name(display_name) == actor.display_name
        else checked_name(display_name, but_user_id=actor.id)
    )
    with transactional():
        user = lock(User, actor.id)
        user.display_name = name
        user.kind = kind
        user.locale = locale
        user.time_zone = time_zone
        if uses_shortcuts is not None:
            user.uses_shortcuts = uses_shortcuts
        audit.record("account.profile_changed", user, actor=user)


def set_roles(user_id: int, roles: list[str], *, actor: User) -> None:
    """What a person may do for the site. Their sessions end."""
    try:
        wanted = sorted({Role(role).value for role in roles})
    except ValueError:
        raise Invalid({"roles": _l("Choose from the list.")}) from None
    with transactional():
        user = lock(User, user_id)
        require(policy.can_change_roles(actor, user))
        if sorted(user.roles) == wanted:
            return
        before, user.roles = sorted(user.roles), wanted
        revoke_everything(user)
        audit.record("account.roles_changed", user, actor=actor, before=before, after=wanted)
        notices.tell_roles_changed(user)


def suspend(user_id: int, *, reason: str, actor: User) -> None:
    """Nobody signs in to the account until it is restored; its owner is told why."""
    reason = reason.strip()
    if not 3 <= len(reason) <= 500:
        raise Invalid({"reason": _l("Say why, in at most 500 characters. The person reads it.")})
    with transactional():
        user = lock(User, user_id)
        require(policy.can_suspend(actor, user))
        user.active = False
        user.suspended_at = clock.now()
        user.suspended_reason = reason
        revoke_everything(user)
        audit.record("account.suspended", user, actor=actor)
        notices.tell_suspension(user)


def restore(user_id: int, *, actor: User) -> None:
    """End a suspension."""
    with transactional():
        user = lock(User, user_id)
        require(policy.can_suspend(actor, user))
        if user.suspended_at is None:
            raise Conflict(_l("This account is not suspended."))
        user.active = True
        user.suspended_at = None
        user.suspended_reason = None
        audit.record("account.restored", user, actor=actor)
        notices.tell_restored(user)


# --- how it ends ----------------------------------------------------------------------------


def close_account(*, actor: User) -> None:
    """Close one's own account: what names the person goes, what others build on stays unnamed.

    The audit chain keeps the id alone. Raises NotAllowed for the last administrator.
    """
    with transactional():
        user = lock(User, actor.id)
        if Role.ADMIN.value in user.roles and len(queries.staff_with_role(Role.ADMIN)) == 1:
            raise Conflict(
                _l("You are the only administrator. Make somebody else one first."),
            )
        email, locale, name = user.email, user.locale, user.display_name
        _close(user, actor=user)
        erasures.note("user", user.id)
        notices.tell_closed(email, locale, name)


def close_again(user_id: int) -> None:
    """After a backup was restored that still knew somebody who has left since."""
    with transactional():
        user = db.session.get(User, user_id)
        if user is not None and user.closed_at is None:
            _close(lock(User, user_id), actor=None)


def _close(user: User, *, actor: User | None) -> None:
    announce(AccountClosed(user.id))
    outbox.forget(user.email)
    if user.former_email and queries.by_email(user.former_email) is None:
        outbox.forget(user.former_email)  # unless it is somebody else's by now
    _anonymise(user)
    revoke_everything(user)
    audit.record("account.closed", user, actor=actor)


def _anonymise(user: User) -> None:
    for owned in (Passkey, ProviderIdentity, Membership):
        db.session.execute(delete(owned).where(owned.user_id == user.id))
    for sent in (Registration, Invitation):
        db.session.execute(delete(sent).where(sent.email_key == user.email_key))
    for guest in db.session.scalars(select(Guest).where(Guest.claimed_by_id == user.id)):
        guest.email = f"closed-guest-{guest.id}@closed.invalid"
        guest.display_name = _closed_name(guest.locale)
    user.display_name = _closed_name(user.locale)
    user.email = f"closed-{user.id}@closed.invalid"
    user.password = None
    user.password_at = None
    user.roles = []
    user.active = False
    user.closed_at = clock.now()
    user.suspended_reason = None
    user.signed_in_at = None
    user.former_email = user.email_changed_at = None
    user.mf_recovery_codes = None
    datastore().tf_reset(user)


def _closed_name(locale: str) -> str:
    with force_locale(babel_name(locale)):
        return str(_("Account closed"))


# --- guests ---------------------------------------------------------------------------------


def admit_guest(*, email: str, display_name: str, kind: StakeholderKind, locale: str) -> Guest:
    """Somebody takes part without an account; what they send waits until they confirm by mail.

    Every admission is confirmed by itself: an address that confirmed once lends its name to
    nobody later. Raises Invalid, and TooMany after six in an hour for one address.
    """
    address, name = _collected(lambda: checked_email(email), lambda: checked_name(display_name))
    with transactional():
        lock_name(f"guest {email_key(address)}")
        recent = db.session.scalar(
            select(func.count()).where(
                Guest.email_key == email_key(address),
                Guest.created_at > clock.now() - timedelta(hours=1),
            )
        )
        if (recent or 0) >= GUEST_ADMISSIONS:
            raise TooMany(
                1800, _l("We have written to this address several times. Confirm those first.")
            )
        guest = Guest(email=address, display_name=name, kind=kind, locale=locale)
        db.session.add(guest)
        db.session.flush()
        notices.ask_guest(guest)
    return guest


def awaited_guest(token: str) -> Guest:
    """The guest a link stands for, confirmed or not. Raises Invalid when the link is dead."""
    claim = tokens.read(tokens.GUEST, token)
    guest = db.session.get(Guest, int(claim.subject)) if claim else None
    if claim is None or guest is None or not claim.stands(guest.email):
        raise Invalid({"": BAD_LINK})
    return guest


def confirm_guest(token: str) -> Guest:
    """What the guest sent may appear. Confirming twice is confirming once."""
    found = awaited_guest(token)
    with transactional():
        guest = lock(Guest, found.id)
        if guest.confirmed_at is None:
            guest.confirmed_at = clock.now()
            announce(GuestConfirmed(guest.id))
            _claim_if_owned(guest)
    return guest


def _claim_if_owned(guest: Guest) -> None:
    owner = queries.by_email(guest.email)
    if owner is not None and owner.active and owner.is_confirmed:
        guest.claimed_by_id = owner.id
        announce(GuestClaimed(guest.id, owner.id))


@every(minutes=60)
def forget_unconfirmed() -> None:
    """Drop registrations whose link has run out."""
    with transactional():
        db.session.execute(
            delete(Registration).where(Registration.created_at < clock.now() - tokens.CONFIRM.lives)
        )


def person_or_missing(user_id: int) -> User:
    """An account by id. Raises Missing."""
    found = db.session.get(User, user_id)
    if found is None:
        raise Missing
    return found


def find_person(user_id: int | None) -> User | None:
    """An account by id, None when there is none."""
    return db.session.get(User, user_id) if user_id is not None else None
