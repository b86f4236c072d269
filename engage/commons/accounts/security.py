"""Flask-Security under our own pages: its datastore, hashing, tokens, codes and passkeys.

Its blueprint stays out: the pages are ours (locale prefix, form base, one error style). Of
Flask-Login we keep the loader; whose request it is, is read from the table of sessions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any

import qrcode
from flask import Flask, current_app
from flask_security import (
    FSQLALiteUserDatastore,
    MfRecoveryCodesUtil,
    RoleMixin,
    Security,
    Totp,
    WebauthnUtil,
)
from itsdangerous import URLSafeTimedSerializer
from passlib.exc import TokenError  # type: ignore[import-untyped]
from passlib.totp import TOTP, AppWallet  # type: ignore[import-untyped]
from qrcode.image.svg import SvgPathFillImage
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from engage.commons.accounts import passwords
from engage.commons.accounts.models import Passkey, User
from engage.core import clock
from engage.core.db import db

_HASHED = "argon2id"
_COSTS = ("time_cost", "memory_cost", "parallelism")


class _NoRole(RoleMixin):  # type: ignore[misc]
    """Flask-Security asks for a role model; ours are words on the person."""


class Accounts(FSQLALiteUserDatastore):  # type: ignore[misc]
    """Flask-Security's view of the people; `transactional()` decides when it is saved."""

    def __init__(self) -> None:
        super().__init__(db, User, _NoRole, Passkey)

    def commit(self) -> None:
        """Nothing: the write around it commits."""


class OnceOnly(Totp):  # type: ignore[misc]
    """Authenticator codes that work once, under keys that may be rotated."""

    def __init__(self, secrets: dict[str, str], issuer: str) -> None:
        newest = next(iter(secrets))
        self._totp = TOTP.using(
            issuer=issuer,
            wallet=AppWallet(secrets, default_tag=newest, encrypt_cost=10),
            now=lambda: clock.now().timestamp(),
        )

    def generate_qrcode(self, username: str, totp: str) -> str:
        """The picture to scan: dark on white, whatever the colours of the page."""
        image = qrcode.make(self.get_totp_uri(username, totp), image_factory=SvgPathFillImage)
        encoded = base64.b64encode(image.to_string()).decode("ascii")
        return f"data:image/svg+xml;base64,{encoded}"

    def fits(self, code: str, secret: str) -> bool:
        """Does an app with this secret show the code now? It is not used up by asking."""
        try:
            self._totp.verify(code, secret, window=30)
        except TokenError:
            return False
        return True

    def get_last_counter(self, user: Any) -> int | None:
        return user.totp_counter

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        user.totp_counter = tmatch.counter


class Passkeys(WebauthnUtil):  # type: ignore[misc]
    """Passkeys that stand alone: found without a name, and always with the person verified."""

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        return UserVerificationRequirement.REQUIRED


class HashedCodes(MfRecoveryCodesUtil):  # type: ignore[misc]
    """Recovery codes kept as argon2id digests: shown once, and by nobody ever again.

    The codes of one set share a salt, so that one slow digest is enough to check them all.
    No key is involved: they outlive a change of the secret key.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        cost = passwords.ARGON2_IN_TESTS if app.config["TESTING"] else passwords.ARGON2
        self._cost = [cost[f"argon2__{name}"] for name in _COSTS]

    def make(self) -> tuple[list[str], list[str]]:
        """(ten new codes for the person, what we keep of them)."""
        count = current_app.config["SECURITY_MULTI_FACTOR_RECOVERY_CODES_N"]
        codes = self._totp().generate_recovery_codes(count)
        return codes, self._digests(codes)

    def _totp(self) -> Any:
        return current_app.extensions["engage_security"].totp_factory

    def _digests(self, codes: list[str]) -> list[str]:
        head = ":".join(map(str, [_HASHED, *self._cost, secrets.token_hex(16)]))
        return [_digest(head, code) for code in codes]

    def hashed(self, kept: list[str]) -> list[str] | None:
        """Digests in place of the encrypted codes of earlier releases; None when none are left."""
        if all(_is_digest(entry) for entry in kept):
            return None
        codes = self._decrypt_codes(kept)
        # a missing key may come back: what cannot be read is left as it is
        return self._digests(codes) if len(codes) == len(kept) else None

    def candidates(self, user: Any, code: str) -> list[str]:
        """The entries this code would be kept as: slow, so it is asked before the row is locked."""
        heads = {e.rpartition(":")[0] for e in user.mf_recovery_codes or [] if _is_digest(e)}
        return [_digest(head, code) for head in sorted(heads)]

    def use(self, user: Any, candidates: list[str]) -> bool:
        """Strike out the entry one of these is; False when none is there."""
        kept = list(user.mf_recovery_codes or [])
        # every pair is compared, so that time tells nothing
        fits = [sum(hmac.compare_digest(e, c) for c in candidates) > 0 for e in kept]
        if True not in fits:
            return False
        kept.pop(fits.index(True))
        user.mf_recovery_codes = kept
        return True

    def create_recovery_codes(self, user: Any) -> list[str]:
        codes, kept = self.make()
        user.mf_recovery_codes = kept
        return codes

    def get_recovery_codes(self, user: Any) -> list[str]:
        return []

    def check_recovery_code(self, user: Any, code: str) -> bool:
        entries = self.candidates(user, code)
        kept = user.mf_recovery_codes or []
        return sum(hmac.compare_digest(e, c) for e in kept for c in entries) > 0

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        return self.use(user, self.candidates(user, code))


def _is_digest(entry: str) -> bool:
    return entry.startswith(_HASHED + ":")


def _digest(head: str, code: str) -> str:
    _name, passes, memory, lanes, salt = head.split(":")
    made = passwords.digest(
        code, bytes.fromhex(salt), passes=int(passes), memory=int(memory), lanes=int(lanes)
    )
    return f"{head}:{made.hex()}"


def derived(secret: str, purpose: str) -> bytes:
    """A key of its own for each purpose, so that none can stand in for another."""
    return hmac.new(secret.encode(), f"engage:{purpose}".encode(), hashlib.sha256).digest()


def _keys(app: Flask) -> list[str]:
    """The present secret first, then those that were."""
    return [app.config["SECRET_KEY"], *app.config.get("SECRET_KEY_FALLBACKS", [])]


def _sign_with_newest(app: Flask, security: Security) -> None:
    # itsdangerous signs with the last key of a list; Flask-Security puts the present one first
    oldest_first = _keys(app)[::-1]
    for name, salt in (
        ("remember_token_serializer", "REMEMBER"),
        ("login_serializer", "LOGIN"),
        ("reset_serializer", "RESET"),
        ("change_email_serializer", "CHANGE_EMAIL"),
        ("confirm_serializer", "CONFIRM"),
    ):
        made = URLSafeTimedSerializer(oldest_first, salt=app.config[f"SECURITY_{salt}_SALT"])
        setattr(security, name, made)


def _totp_keys(app: Flask) -> dict[str, str]:
    keys = [derived(secret, "authenticator").hex() for secret in _keys(app)]
    return {"k" + hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in keys}


def _fernet_keys(app: Flask) -> list[bytes]:
    return [base64.urlsafe_b64encode(derived(s, "recovery codes")) for s in _keys(app)]


def register(app: Flask) -> Security:
    """Bind Flask-Security, without pages, and hand its loader to the table of sessions."""
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  a scheme
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=(
            passwords.ARGON2_IN_TESTS if app.config["TESTING"] else passwords.ARGON2
        ),
        SECURITY_PASSWORD_LENGTH_MIN=passwords.SHORTEST,
        SECURITY_PASSWORD_NORMALIZE_FORM="NFKC",  # noqa: S106  a form
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_ANONYMOUS_USER_DISABLED=True,
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_IMPLEMENTATIONS={},
        SECURITY_TOTP_SECRETS=_totp_keys(app),
        SECURITY_TOTP_ISSUER="Engage",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_N=10,
        # codes made before they were hashed; see credentials.hash_old_codes, also
        # for when this goes
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=_fernet_keys(app),
        SECURITY_DATETIME_FACTORY=clock.now,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        # the browser is recognised by its session row, not by address and browser name
        SESSION_PROTECTION=None,
        # sent again every ten minutes, with the row: an answer that comes late cannot bring an
        # old cookie back
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    security = Security(
        app,
        Accounts(),
        register_blueprint=False,
        totp_cls=OnceOnly,
        webauthn_util_cls=Passkeys,
        mf_recovery_codes_util_cls=HashedCodes,
    )
    # its role checks are replaced by the marks of core/access.py: nothing to prepare per request
    prepare = security.principal._on_before_request  # noqa: SLF001  it has no switch
    app.before_request_funcs[None].remove(prepare)
    _sign_with_newest(app, security)
    app.extensions["engage_security"] = security
    return security
