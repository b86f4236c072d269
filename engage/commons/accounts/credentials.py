"""By what a person proves to be the owner: password, mailed link, code of an app, recovery code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, update

from engage.commons.accounts import notices, passwords, policy, queries, service, throttle, tokens
from engage.commons.accounts.identity import email_key
from engage.commons.accounts.models import IdentityProof, Passkey, SignIn, SignInMethod, User
from engage.commons.accounts.security import HashedCodes
from engage.commons.accounts.service import BAD_LINK, checked_email, checked_password, datastore
from engage.commons.accounts.sessions import Visitor
from engage.commons.accounts.throttle import Limit
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, NotAllowed
from engage.core.i18n import _l
from engage.core.tasks import every

FORMER_KEPT = timedelta(days=90)
NOT_SIGNED_IN = _l(
    "We could not sign you in with these. Check the address and the password. "
    "If you have just registered, press the link in our mail first."
)
WRONG_CODE = _l("This code does not fit. Enter the one your app shows now.")
HAS_APP = _l("An authenticator app is set up already. Remove it first.")
NO_APP = _l("Set up an authenticator app first.")


def _security() -> Any:
    return current_app.extensions["engage_security"]


def known_device(user: User | None, visitor: Visitor) -> str:
    """The name of the person's own device this request comes from, "" when it is not one."""
    claim = tokens.read(tokens.DEVICE, visitor.device) if visitor.device else None
    if user is None or claim is None or claim.subject != str(user.id):
        return ""
    return str(claim.extra.get("nonce", "")) if claim.stands(user.fs_uniquifier) else ""


# --- password -------------------------------------------------------------------------------


def check_password(*, email: str, password: str, visitor: Visitor) -> User:
    """The account these open. The same answer, and the same work, for every wrong pair.

    Raises Invalid, TooMany (not for the owner's own device), NotAllowed for a suspended account.
    """
    user = queries.by_email(email)
    device = known_device(user, visitor)
    counted = throttle.count(*_against(email, device, visitor))
    is_right = passwords.matches(password, user.password if user else None)
    if user is None or not is_right or user.is_closed or not user.is_confirmed:
        raise Invalid({"": NOT_SIGNED_IN})
    counted.forgive()
    _refuse_suspended(user)
    _renew_hash(user, password)
    return user


def _against(email: str, device: str, visitor: Visitor) -> list[tuple[Limit, str]]:
    if device:
        return [(throttle.SIGN_IN_DEVICE, device)]
    return [
        (throttle.SIGN_IN_ACCOUNT, email_key(email) or email[:300]),
        (throttle.SIGN_IN_NETWORK, visitor.network),
    ]


def _refuse_suspended(user: User) -> None:
    if not user.active:
        raise NotAllowed(
            _l("Your account is suspended. We have written to you why."),
            _l("Answer our mail if you think this is a mistake."),
        )


def _renew_hash(user: User, password: str) -> None:
    if _security().pwd_context.needs_update(user.password):
        stronger = passwords.make_hash(password)
        with transactional():
            lock(User, user.id).password = stronger


def confirm_password(user: User, password: str, visitor: Visitor) -> None:
    """The signed-in person types the password once more. Raises Invalid for `password`."""
    counted = throttle.count(*_codes_against(user, visitor))
    if not passwords.matches(password, user.password):
        raise Invalid({"password": _l("This is not your password.")})
    counted.forgive()


def change_password(*, current: str, new: str, actor: User, visitor: Visitor) -> None:
    """A new password; every session ends. The old one is asked for when there is one."""
    checked_password(new, (actor.email, actor.display_name), field="new")
    if actor.password is not None:
        try:
            confirm_password(actor, current, visitor)
        except Invalid:
            raise Invalid({"current": _l("This is not your present password.")}) from None
    hashed = passwords.make_hash(new)
    with transactional():
        _set_password(lock(User, actor.id), hashed)


def _set_password(user: User, hashed: str) -> None:
    user.password = hashed
    user.password_at = clock.now()
    service.revoke_everything(user)
    audit.record("account.password_changed", user, actor=user)
    notices.tell_password_changed(user)


# --- mailed links ---------------------------------------------------------------------------


def request_sign_in_link(*, email: str, locale: str, visitor: Visitor, next_url: str = "") -> None:
    """Mail a link that signs in once; to an address without account, mail that there is none.

    One mail either way: whoever asks learns nothing.
    """
    address = _mailable(email, visitor)
    with transactional():
        user = queries.by_email(address)
        if user is None:
            notices.tell_no_account(address, locale)
        elif not user.active:
            notices.tell_suspended(user)
        else:
            notices.send_sign_in_link(user, next_url=next_url)


def request_reset(*, email: str, locale: str, visitor: Visitor) -> None:
    """Mail a link that sets a new password; else as `request_sign_in_link`."""
    address = _mailable(email, visitor)
    with transactional():
        user = queries.by_email(address)
        if user is None:
            notices.tell_no_account(address, locale)
        elif not user.active:
            notices.tell_suspended(user)
        else:
            notices.send_reset_link(user)


def _mailable(email: str, visitor: Visitor) -> str:
    address = checked_email(email)
    throttle.count(
        (throttle.MAIL_ADDRESS, email_key(address)), (throttle.MAIL_NETWORK, visitor.network)
    )
    return address


def owner_of_link(token: str) -> tuple[User, str]:
    """(whose sign-in link this is, whither it leads). Raises Invalid when it is dead."""
    for purpose in (tokens.SIGN_IN, tokens.FIRST_SIGN_IN):
        if claim := tokens.read(purpose, token):
            user = db.session.get(User, int(claim.subject), populate_existing=True)
            if user is not None and user.active and claim.stands(*notices.sign_in_state(user)):
                return user, str(claim.extra.get("next", ""))
    raise Invalid({"": BAD_LINK})


def use_sign_in_link(token: str) -> tuple[User, str]:
    """Use the link up. The address is proven by it. A second factor is still to be asked."""
    found, next_url = owner_of_link(token)
    with transactional():
        user = lock(User, found.id)
        owner_of_link(token)  # again, under the lock: two presses, one sign-in
        user.links_used += 1
        if user.confirmed_at is None:
            user.confirmed_at = clock.now()
            service.begin(user)
    return user, next_url


def owner_of_reset(token: str) -> User:
    """Whose reset link this is. Raises Invalid when it is dead."""
    claim = tokens.read(tokens.RESET, token)
    user = db.session.get(User, int(claim.subject), populate_existing=True) if claim else None
    if (
        claim is None
        or user is None
        or not user.active
        or not claim.stands(*notices.reset_state(user))
    ):
        raise Invalid({"": BAD_LINK})
    return user


def reset_password(token: str, *, new: str) -> User:
    """Set a new password. It signs nobody in: whoever has a second factor still shows it."""
    found = owner_of_reset(token)
    checked_password(new, (found.email, found.display_name), field="new")
    hashed = passwords.make_hash(new)
    with transactional():
        user = lock(User, found.id)
        owner_of_reset(token)
        if user.confirmed_at is None:
            user.confirmed_at = clock.now()
            service.begin(user)
        _set_password(user, hashed)
    return user


# --- address --------------------------------------------------------------------------------


def request_email_change(*, email: str, actor: User, visitor: Visitor) -> str:
    """Mail the new address a link. The same answer whether or not somebody has it already."""
    address = _mailable(email, visitor)
    if email_key(address) == actor.email_key:
        raise Invalid({"email": _l("This is your address already.")})
    with transactional():
        owner = queries.by_email(address)
        if owner is None:
            notices.ask_new_address(actor, address)
        else:
            notices.tell_address_in_use(owner)
    return address


def wanted_email(token: str, *, actor: User) -> str:
    """The address a link would give the actor's account. Raises Invalid when it is dead."""
    claim = tokens.read(tokens.CHANGE_EMAIL, token)
    if claim is None or claim.subject != str(actor.id):
        raise Invalid({"": BAD_LINK})
    email = str(claim.extra.get("email", ""))
    user = service.person_or_missing(actor.id)
    if not claim.stands(*notices.email_state(user, email)):
        raise Invalid({"": BAD_LINK})
    return email


def change_email(token: str, *, actor: User) -> str:
    """The account has the new address; every session ends; the old address is told."""
    with transactional():
        user = lock(User, actor.id)
        email = wanted_email(token, actor=user)
        if queries.by_email(email) is not None:
            raise Conflict(_l("Another account has this address meanwhile."))
        old, user.email = user.email, email
        if not _is_remembered(user):  # of two changes in a row, the first address is the owner's
            user.former_email, user.email_changed_at = old, clock.now()
        service.revoke_everything(user)
        audit.record("account.email_changed", user, actor=user)
        notices.tell_email_changed(user, old)
    return email


@every(minutes=60)
def forget_former_addresses() -> None:
    """Drop addresses that nobody needs to be warned at any more."""
    with transactional():
        db.session.execute(
            update(User)
            .where(User.email_changed_at < clock.now() - FORMER_KEPT)
            .values(former_email=None, email_changed_at=None)
            .execution_options(synchronize_session=False)
        )


# --- authenticator app and recovery codes ---------------------------------------------------


def _codes_against(user: User, visitor: Visitor) -> list[tuple[Limit, str]]:
    device = known_device(user, visitor)
    if device:
        return [(throttle.CODE_DEVICE, device)]
    return [(throttle.CODE_ACCOUNT, str(user.id))]


def new_totp_secret() -> str:
    """An encrypted secret for an authenticator app, not in force yet."""
    return str(_security().totp_factory.generate_totp_secret())


def totp_setup(secret: str, user: User) -> dict[str, str]:
    """What an app is set up with: `key`, `uri`, `image` (an SVG as a data address)."""
    found: dict[str, str] = _security().totp_factory.fetch_setup_values(secret, user)
    return found


def enrol_authenticator(*, secret: str, code: str, actor: User, visitor: Visitor) -> list[str]:
    """Turn the second step on once the app has shown a right code; answers recovery codes."""
    counted = throttle.count(*_codes_against(actor, visitor))
    if actor.has_authenticator:
        raise Conflict(HAS_APP)
    if not _security().totp_factory.fits(_digits(code), secret):
        raise Invalid({"code": WRONG_CODE})
    codes, kept = _codes().make()  # slow: not for a guess, and before the row is locked
    with transactional():
        user = lock(User, actor.id)
        if user.has_authenticator:
            raise Conflict(HAS_APP)
        user.totp_counter = None
        if not _security().totp_factory.verify_totp(_digits(code), secret, user, window=30):
            raise Invalid({"code": WRONG_CODE})
        datastore().tf_set(user, "authenticator", totp_secret=secret)
        datastore().mf_set_recovery_codes(user, kept)
        audit.record("account.second_factor_added", user, actor=user)
        notices.tell_second_factor(user, is_on=True)
    counted.forgive()
    return codes


def remove_authenticator(*, actor: User) -> None:
    """Turn the second step off."""
    with transactional():
        user = lock(User, actor.id)
        if not user.has_authenticator:
            raise Conflict(_l("No authenticator app is set up."))
        _take_away_app(user)
        audit.record("account.second_factor_removed", user, actor=user)
        notices.tell_second_factor(user, is_on=False)


def renew_recovery_codes(*, actor: User) -> list[str]:
    """Ten new codes; the old ones are worth nothing from now on."""
    if not actor.has_authenticator:
        raise Conflict(NO_APP)
    codes, kept = _codes().make()
    with transactional():
        user = lock(User, actor.id)
        if not user.has_authenticator:
            raise Conflict(NO_APP)
        datastore().mf_set_recovery_codes(user, kept)
        audit.record("account.recovery_codes_renewed", user, actor=user)
    return codes


def _codes() -> HashedCodes:
    found: HashedCodes = _security().mf_recovery_codes_util
    return found


def check_code(*, user: User, code: str, visitor: Visitor) -> None:
    """The second step: a code of the app, or a recovery code, each of which works once.

    Raises Invalid for `code`, TooMany.
    """
    counted = throttle.count(*_codes_against(user, visitor))
    typed, written = code.strip(), _as_recovery_code(code)
    candidates: list[str] = []
    if written:
        _hash_codes_of(user)
        fresh = db.session.get_one(User, user.id, populate_existing=True)
        candidates = _codes().candidates(fresh, written)
    with transactional():
        row = lock(User, user.id)
        if len(_digits(typed)) == 6 and _is_app_code(row, _digits(typed)):
            pass
        elif candidates and _codes().use(row, candidates):
            audit.record("account.recovery_code_used", row, actor=row)
            notices.tell_recovery_code_used(row, len(row.mf_recovery_codes or []))
        else:
            raise Invalid({"code": WRONG_CODE})
    counted.forgive()


def _is_app_code(user: User, digits: str) -> bool:
    return user.has_authenticator and bool(
        _security().totp_factory.verify_totp(digits, user.tf_totp_secret, user, window=30)
    )


def _as_recovery_code(typed: str) -> str:
    """A recovery code as we write them, "" for what cannot be one."""
    bare = "".join(sign for sign in typed.lower() if sign.isalnum())
    return "-".join(bare[i : i + 4] for i in range(0, 12, 4)) if len(bare) == 12 else ""


# Recovery codes of before they were hashed. Release 0.1 hashes what is there within an hour; from
# 0.3 on, when everybody's worker has run, this goes with `HashedCodes.hashed` and its keys.
def _hash_codes_of(user: User) -> None:
    old = list(user.mf_recovery_codes or [])
    new = _codes().hashed(old)
    if new is None:
        return
    with transactional(own=True):
        row = lock(User, user.id)
        if row.mf_recovery_codes == old:
            datastore().mf_set_recovery_codes(row, new)


@every(minutes=60)
def hash_old_codes() -> None:
    """Put digests in place of recovery codes that an earlier release kept encrypted."""
    for user in db.session.scalars(select(User).where(User.tf_primary_method.is_not(None))):
        _hash_codes_of(user)


# --- a lost second step -----------------------------------------------------------------------


def reset_second_step(user_id: int, *, proof: IdentityProof, reason: str, actor: User) -> None:
    """Take somebody's app, recovery codes and passkeys away, because they are lost.

    Every session ends; the person is told, at the address from before a recent change too.
    Staff set up another before they see the office again. Raises Invalid, NotAllowed, Conflict.
    """
    if proof is IdentityProof.SHELL:
        raise Invalid({"proof": _l("Say how you made sure who is asking.")})
    reason = _checked_reason(reason)
    with transactional():
        user = lock(User, user_id)
        require(policy.can_reset_second_step(actor, user))
        _reset_second_step(user, proof=proof, reason=reason, actor=actor)


def reset_second_step_from_shell(*, email: str, reason: str) -> User:
    """The same, by whoever may use the server: for the last administrator."""
    reason = _checked_reason(reason)
    with transactional():
        found = queries.by_email(email)
        if found is None or found.is_closed:
            raise Invalid({"email": _l("There is no account with this address.")})
        user = lock(User, found.id)
        _reset_second_step(user, proof=IdentityProof.SHELL, reason=reason, actor=None)
    return user


def _checked_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= 500:
        raise Invalid({"reason": _l("Say why, in at most 500 characters. The person reads it.")})
    return reason


def _reset_second_step(
    user: User, *, proof: IdentityProof, reason: str, actor: User | None
) -> None:
    if not user.has_authenticator and not queries.has_passkey(user):
        raise Conflict(_l("There is no second step to take away."))
    _take_away_app(user)
    db.session.execute(delete(Passkey).where(Passkey.user_id == user.id))
    service.revoke_everything(user)
    audit.record("account.second_factor_reset", user, actor=actor, proof=proof.value)
    for address in _addresses_to_warn(user):
        notices.tell_second_step_reset(user, address, reason)


def _take_away_app(user: User) -> None:
    datastore().tf_reset(user)
    datastore().mf_set_recovery_codes(user, None)
    user.totp_counter = None


def _addresses_to_warn(user: User) -> list[str]:
    former = user.former_email if _is_remembered(user) else None
    return [user.email, former] if former else [user.email]


def _is_remembered(user: User) -> bool:
    changed = user.email_changed_at
    return changed is not None and clock.now() < changed + FORMER_KEPT


# --- coming in ------------------------------------------------------------------------------


def note_sign_in(user: User, row: SignIn, *, is_known: bool) -> None:
    """The person came in. A browser they have not used before is told to them, by mail."""
    with transactional():
        person = db.session.get_one(User, user.id)
        is_first = person.signed_in_at is None
        person.signed_in_at = clock.now()
        if not (is_first or is_known or row.method is SignInMethod.DEMO):
            notices.tell_new_device(person, row)


def _digits(code: str) -> str:
    return "".join(sign for sign in code if sign.isascii() and sign.isdigit())
