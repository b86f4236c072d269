"""Sign-in through an OpenID Connect provider: code flow with PKCE, state and nonce (Authlib).

A provider's word is taken for the address only when it says the address is verified. It opens
an account that exists already only once that account's owner has linked the two: while signed
in, or by a link mailed to the address the account has here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.security import generate_token
from authlib.oauth2.auth import encode_client_secret_basic
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select

from engage.commons.accounts import notices, queries, service, tokens
from engage.commons.accounts.models import ProviderIdentity, User
from engage.commons.accounts.service import BAD_LINK
from engage.core import audit
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed, Unavailable
from engage.core.i18n import _l

FAILED = _l("Signing in through the provider did not work. Start again.")
_ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
_PATIENCE = 5.0  # seconds, for each answer of the provider
_KEPT = 3600.0  # seconds, for its metadata and keys
_LEEWAY = 60  # seconds two clocks may differ


@dataclass(frozen=True)
class Journey:
    """One way to the provider and back, kept in the browser's session meanwhile."""

    state: str
    nonce: str
    verifier: str
    next_url: str = ""
    link_user_id: int | None = None


@dataclass(frozen=True)
class Person:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    email: str
    has_verified_email: bool
    name: str


def settings() -> dict[str, str] | None:
    """Issuer, client and label; None when no provider is configured."""
    found: dict[str, str] | None = current_app.config.get("OIDC")
    return found


def _configured() -> dict[str, str]:
    found = settings()
    if found is None:
        raise Missing
    return found


class _Known:
    """The provider's metadata and keys, asked for again every hour."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}

    def get(self, url: str, *, anew: bool = False) -> Any:
        """The JSON at an address of the provider. Raises Unavailable."""
        until, found = self._kept.get(url, (0.0, None))
        if found is not None and not anew and time.monotonic() < until:
            return found
        try:
            answer = httpx.get(url, timeout=_PATIENCE, follow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError):
            raise Unavailable(_l("The sign-in provider does not answer.")) from None
        self._kept[url] = (time.monotonic() + _KEPT, found)
        return found


_known = _Known()


def _metadata() -> dict[str, Any]:
    issuer = _configured()["issuer"]
    found: dict[str, Any] = _known.get(f"{issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise Invalid({"": FAILED})
    return found


def start(
    redirect_uri: str, *, next_url: str = "", link_user_id: int | None = None
) -> tuple[str, Journey]:
    """(the provider's address to go to, what to remember). Raises Missing, Unavailable."""
    metadata = _metadata()
    journey = Journey(
        generate_token(32), generate_token(32), generate_token(64), next_url, link_user_id
    )
    said = _configured()
    address = prepare_grant_uri(
        metadata["authorization_endpoint"],
        client_id=said["client_id"],
        response_type="code",
        redirect_uri=redirect_uri,
        scope=said.get("scope", "openid email profile"),
        state=journey.state,
        nonce=journey.nonce,
        code_challenge=create_s256_code_challenge(journey.verifier),
        code_challenge_method="S256",
    )
    return str(address), journey


def finish(journey: Journey, redirect_uri: str, *, state: str, code: str) -> Person:
    """Whom the provider sent back. Raises Invalid for anything out of order, Unavailable."""
    if not code or state != journey.state:
        raise Invalid({"": FAILED})
    metadata = _metadata()
    answer = _exchange(metadata["token_endpoint"], redirect_uri, code, journey.verifier)
    return _person(_claims(str(answer.get("id_token", "")), metadata, journey.nonce))


def _exchange(url: str, redirect_uri: str, code: str, verifier: str) -> dict[str, Any]:
    said = _configured()
    body = prepare_token_request(
        "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier
    )
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    client = _Secret(said["client_id"], said["client_secret"])
    _url, headers, body = encode_client_secret_basic(client, "POST", url, headers, body)
    try:
        answer = httpx.post(
            url, content=body, headers=headers, timeout=_PATIENCE, follow_redirects=False
        )
    except httpx.HTTPError:
        raise Unavailable(_l("The sign-in provider does not answer.")) from None
    try:
        found = answer.json() if answer.is_success else {}
    except ValueError:
        found = {}
    if not isinstance(found, dict) or "id_token" not in found:
        raise Invalid({"": FAILED})
    return found


@dataclass(frozen=True)
class _Secret:
    """Our name and secret at the provider, as Authlib reads them."""

    client_id: str
    client_secret: str


def _claims(id_token: str, metadata: dict[str, Any], nonce: str) -> dict[str, Any]:
    said = _configured()
    for anew in (False, True):  # a rotated key is fetched once
        keys = KeySet.import_key_set(_known.get(metadata["jwks_uri"], anew=anew))
        try:
            token = jwt.decode(id_token, keys, algorithms=_ALGORITHMS)
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": metadata["issuer"]},
                aud={"essential": True, "value": said["client_id"]},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(token.claims)
        except (JoseError, ValueError, KeyError):
            continue
        claims: dict[str, Any] = token.claims
        audience = claims["aud"]
        is_ours_alone = not isinstance(audience, list) or len(audience) == 1
        if is_ours_alone or claims.get("azp") == said["client_id"]:
            return claims
    raise Invalid({"": FAILED})


def _person(claims: dict[str, Any]) -> Person:
    return Person(
        issuer=str(claims["iss"]).rstrip("/")[:255],
        subject=str(claims["sub"])[:255],
        email=str(claims.get("email", ""))[:254],
        # only the word true itself: "false" is a string that is true
        has_verified_email=claims.get("email_verified") is True,
        name=str(claims.get("name") or claims.get("preferred_username") or "")[:200],
    )


@dataclass(frozen=True)
class Arrival:
    """`user` is to be signed in; None when a mail was sent that has to be pressed first."""

    user: User | None


def arrive(person: Person, *, locale: str) -> Arrival:
    """The account of this person: the linked one, a new one, or a mail that asks to link.

    Raises NotAllowed without a verified address.
    """
    known = _identity(person)
    if known is not None:
        user = db.session.get_one(User, known.user_id)
        if not user.active:
            raise NotAllowed(_l("Your account is suspended. We have written to you why."))
        return Arrival(user)
    if not person.has_verified_email or not person.email:
        raise NotAllowed(
            _l("The provider does not vouch for your e-mail address."),
            _l("Confirm the address there, or register here with a password."),
        )
    with transactional():
        owner = queries.by_email(person.email)
        if owner is not None:
            if owner.active:
                notices.offer_provider_link(
                    owner,
                    issuer=person.issuer,
                    subject=person.subject,
                    label=_configured()["label"],
                )
            return Arrival(None)
        user = service.create_confirmed(email=person.email, display_name=person.name, locale=locale)
        _keep(user, person.issuer, person.subject, person.email)
    return Arrival(user)


def link(person: Person, *, actor: User) -> None:
    """The signed-in person links the account at the provider."""
    with transactional():
        lock(User, actor.id)
        known = _identity(person)
        if known is not None and known.user_id != actor.id:
            raise Conflict(_l("This provider account opens another account here."))
        if known is None:
            _keep(actor, person.issuer, person.subject, person.email)


def awaiting_link(token: str) -> User:
    """Whose account a mailed link would link. Raises Invalid when it is dead."""
    return _read_link(token)[0]


def _read_link(token: str) -> tuple[User, str, str]:
    claim = tokens.read(tokens.LINK_PROVIDER, token)
    user = db.session.get(User, int(claim.subject), populate_existing=True) if claim else None
    if claim is None or user is None or not user.active:
        raise Invalid({"": BAD_LINK})
    issuer, subject = str(claim.extra["issuer"]), str(claim.extra["subject"])
    if not claim.stands(*notices.sign_in_state(user), issuer, subject):
        raise Invalid({"": BAD_LINK})
    return user, issuer, subject


def confirm_link(token: str) -> User:
    """The owner pressed the mailed link: the two are one from now on."""
    found, _issuer, _subject = _read_link(token)
    with transactional():
        user = lock(User, found.id)
        _user, issuer, subject = _read_link(token)
        user.links_used += 1
        if _identity_of(issuer, subject) is not None:
            raise Conflict(_l("This provider account opens another account here."))
        _keep(user, issuer, subject, user.email)
    return user


def unlink(identity_id: int, *, actor: User) -> None:
    """The provider no longer opens the account. Raises Missing for anybody else's."""
    with transactional():
        identity = lock(ProviderIdentity, identity_id)
        if identity.user_id != actor.id:
            raise Missing
        db.session.delete(identity)
        audit.record("account.provider_unlinked", actor, actor=actor)


def _identity(person: Person) -> ProviderIdentity | None:
    return _identity_of(person.issuer, person.subject)


def _identity_of(issuer: str, subject: str) -> ProviderIdentity | None:
    return db.session.scalar(
        select(ProviderIdentity).where(
            ProviderIdentity.issuer == issuer, ProviderIdentity.subject == subject
        )
    )


def _keep(user: User, issuer: str, subject: str, email: str) -> None:
    db.session.add(ProviderIdentity(user_id=user.id, issuer=issuer, subject=subject, email=email))
    audit.record("account.provider_linked", user, actor=user)
