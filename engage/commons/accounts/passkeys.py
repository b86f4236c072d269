"""Passkeys: a key pair on somebody's device, verified by the person there, is both factors at once.

The challenge travels in the browser's signed session and works once; options and answers are
those of py_webauthn, selection and datastore those of Flask-Security.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import webauthn
from flask import current_app
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from engage.commons.accounts import notices, queries, throttle
from engage.commons.accounts.identity import has_forbidden, tidy_name
from engage.commons.accounts.models import Passkey, User
from engage.commons.accounts.service import datastore
from engage.commons.accounts.sessions import Visitor
from engage.core import audit, clock
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.i18n import _l

LIVES = timedelta(minutes=30)
MOST = 10
FAILED = _l("The passkey did not work. Try again, or sign in another way.")


def _tool() -> Any:
    return current_app.extensions["engage_security"].webauthn_util


def new_challenge() -> str:
    """What the device has to sign."""
    return str(_tool().generate_challenge(32))


def sign_in_options(challenge: str, host: str) -> str:
    """Options for navigator.credentials.get(), as JSON. No account is named."""
    options = webauthn.generate_authentication_options(
        **_tool().authentication_options(
            None, ["first"], {"rp_id": host, "challenge": challenge.encode()}
        )
    )
    return json.dumps(options_to_json_dict(options))


def registration_options(challenge: str, host: str, user: User) -> str:
    """Options for navigator.credentials.create(), as JSON."""
    known = [PublicKeyCredentialDescriptor(id=key.credential_id) for key in queries.passkeys(user)]
    options = webauthn.generate_registration_options(
        **_tool().registration_options(
            user,
            "first",
            {
                "rp_id": host,
                "rp_name": "Engage",
                "challenge": challenge.encode(),
                "user_id": user.fs_webauthn_user_handle.encode(),
                "user_name": user.email,
                "user_display_name": user.display_name,
                "exclude_credentials": known,
            },
        )
    )
    return json.dumps(options_to_json_dict(options))


def add(
    *, name: str, credential: str, challenge: str, origin: str, host: str, actor: User
) -> Passkey:
    """Keep a new passkey. Raises Invalid for `name` or `credential`, Conflict for a known one."""
    name = tidy_name(name)
    if not 1 <= len(name) <= 64 or has_forbidden(name):
        raise Invalid({"name": _l("Name this passkey in at most 64 characters, like “My phone”.")})
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge.encode(),
            expected_origin=origin,
            expected_rp_id=host,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise Invalid({"credential": FAILED}) from None
    throttle.count((throttle.ONCE, f"challenge {challenge}"))
    with transactional():
        user = lock(User, actor.id)
        mine = queries.passkeys(user)
        if len(mine) >= MOST:
            raise Conflict(_l("Ten passkeys are enough. Remove one first."))
        if any(key.name == name for key in mine):
            raise Invalid({"name": _l("You have a passkey of this name already.")})
        if datastore().find_webauthn(credential_id=verified.credential_id) is not None:
            raise Conflict(_l("This passkey is known already."))
        key = Passkey(
            user_id=user.id,
            name=name,
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            backup_state=verified.credential_backed_up,
            device_type=verified.credential_device_type.value,
            usage="first",
        )
        db.session.add(key)
        audit.record("account.passkey_added", user, actor=user)
        notices.tell_passkey(user, name=name, is_added=True)
    return key


def check(*, credential: str, challenge: str, origin: str, host: str, visitor: Visitor) -> User:
    """Whose passkey this is. Raises Invalid with one answer for everything wrong."""
    throttle.count((throttle.SIGN_IN_NETWORK, f"passkey {visitor.network}"))
    wrong = Invalid({"": FAILED})
    try:
        answer = webauthn.helpers.parse_authentication_credential_json(credential)
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise wrong from None
    key: Any = datastore().find_webauthn(credential_id=answer.raw_id)
    user: User | None = db.session.get(User, key.user_id) if key else None
    if key is None or user is None or not user.active or not user.is_confirmed:
        raise wrong
    handle = answer.response.user_handle
    if handle and handle != user.fs_webauthn_user_handle.encode():
        raise wrong
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge.encode(),
            expected_origin=origin,
            expected_rp_id=host,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise wrong from None
    throttle.count((throttle.ONCE, f"challenge {challenge}"))
    with transactional():
        kept = lock(Passkey, key.id)
        kept.sign_count = verified.new_sign_count
        kept.lastuse_datetime = clock.now()
    return user


def remove(passkey_id: int, *, actor: User) -> None:
    """Remove one of one's own. Raises Missing for anybody else's."""
    with transactional():
        key = lock(Passkey, passkey_id)
        if key.user_id != actor.id:
            raise Missing
        name = key.name
        db.session.delete(key)
        audit.record("account.passkey_removed", actor, actor=actor)
        notices.tell_passkey(actor, name=name, is_added=False)
