"""Whose request this is: the cookie's side of a session, on Flask-Login."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import flask_login
from flask import Flask, Response, current_app, g, request, session

from engage.commons.accounts import credentials, sessions, tokens
from engage.commons.accounts.models import SignIn, SignInMethod, User
from engage.commons.accounts.sessions import Visitor
from engage.core import access, clock, limits
from engage.core.db import db

_TOKEN = "sign_in"  # noqa: S105  a key's name
_PENDING = "pending"
PENDING_FOR = timedelta(minutes=15)


def visitor() -> Visitor:
    """From where this request comes."""
    return Visitor(
        limits.network(),
        request.user_agent.string[:400],
        request.cookies.get(_device_cookie(), ""),
    )


def enter(
    user: User, *, method: SignInMethod, second_factor: bool, is_return: bool = False
) -> None:
    """Sign the person in, in a new session: nothing of the old cookie stays in force.

    `is_return`: this browser was signed in a moment ago, so there is nothing to tell its owner.
    """
    here = visitor()
    is_known = is_return or bool(credentials.known_device(user, here))
    old = current_sign_in()
    if old is not None:
        sessions.end(old.id, actor=old.user)
    session.clear()
    token, row = sessions.open_session(
        user, method=method, second_factor=second_factor, visitor=here
    )
    credentials.note_sign_in(user, row, is_known=is_known)
    flask_login.login_user(user)
    session[_TOKEN] = token
    session.permanent = True
    g.sign_in = row
    g.engage_user = user
    g.new_device_for = user


def reenter(user: User) -> None:
    """After everything was revoked: this browser alone goes on, under a new session."""
    row = current_sign_in()
    method = row.method if row else SignInMethod.PASSWORD
    second = bool(row and row.second_factor)
    g.pop("sign_in", None)
    enter(user, method=method, second_factor=second, is_return=True)


def leave() -> None:
    """Sign this browser out."""
    row = current_sign_in()
    if row is not None:
        sessions.end(row.id, actor=row.user)
    flask_login.logout_user()
    session.clear()
    g.sign_in = None
    g.engage_user = None
    g.clear_browser = True


def current_sign_in() -> SignIn | None:
    """The session of this request."""
    if access.current_user() is None:
        return None
    row: SignIn | None = g.get("sign_in")
    return row


# --- half signed in: the first factor is shown, the second not yet --------------------------


def remember_pending(user: User, *, method: SignInMethod, next_url: str) -> None:
    """Keep in the cookie that the first factor was shown."""
    session.clear()
    session[_PENDING] = {
        "user": user.id,
        "state": _pending_state(user),
        "method": method.value,
        "next": next_url,
        "at": int(clock.now().timestamp()),
    }


def pending() -> tuple[User, SignInMethod, str] | None:
    """(who, how, whither) while a second factor is awaited; None when not, or too late."""
    kept: Any = session.get(_PENDING)
    if not isinstance(kept, dict):
        return None
    at = datetime.fromtimestamp(kept["at"], tz=UTC)
    user = db.session.get(User, kept["user"], populate_existing=True)
    if (
        user is None
        or not user.active
        or clock.now() - at > PENDING_FOR
        or not hmac.compare_digest(kept["state"], _pending_state(user))
    ):
        return None
    return user, SignInMethod(kept["method"]), kept["next"]


def _pending_state(user: User) -> str:
    # `links_used` too: a cookie kept from before a mailed link was used is worth nothing
    mixed = f"{user.fs_uniquifier}|{user.password}|{user.email}|{user.links_used}"
    return hashlib.sha256(mixed.encode()).hexdigest()[:24]


# --- the device cookie ----------------------------------------------------------------------


def _device_cookie() -> str:
    return ("__Host-" if current_app.config["SESSION_COOKIE_SECURE"] else "") + "engage-device"


def _keep_device(response: Response) -> Response:
    """After a sign-in, let this device be known: it is not held back when others attack."""
    user: User | None = g.get("new_device_for")
    if user is not None and response.status_code < 400:
        response.set_cookie(
            _device_cookie(),
            tokens.make(tokens.DEVICE, user.id, user.fs_uniquifier, nonce=secrets.token_hex(8)),
            max_age=int(tokens.DEVICE.lives.total_seconds()),
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
            httponly=True,
            samesite="Lax",
            path="/",
        )
    return response


# --- what a browser keeps -------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A cookie of ours: its name, and how long a browser keeps it."""

    name: str
    lives: timedelta


def session_cookie() -> Kept:
    """Who is signed in, what was last said, and the key of forms."""
    return Kept(current_app.config["SESSION_COOKIE_NAME"], current_app.permanent_session_lifetime)


def device_cookie() -> Kept:
    """That somebody has signed in with this browser before."""
    return Kept(_device_cookie(), tokens.DEVICE.lives)


def _clear_browser(response: Response) -> Response:
    """After signing out, nothing of the person stays: kept pages, and drafts not sent yet.

    Cookies are not named: that would take the device cookie, and those of neighbouring hosts.
    """
    if g.get("clear_browser") and response.status_code < 400:
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


# --- wiring ---------------------------------------------------------------------------------


def _load(user_id: str) -> User | None:
    """Flask-Login's loader: both the person's key and the session's must still be in force."""
    token = session.get(_TOKEN)
    if not isinstance(token, str) or access.is_without_records():
        return None
    row = sessions.find(token)
    if row is None or row.user.get_id() != user_id:
        return None
    g.sign_in = row
    if sessions.touch(row):
        session.modified = True  # sent again, so that it lives on with its row
    return row.user


def _user() -> User | None:
    if _TOKEN not in session:
        return None
    found: Any = flask_login.current_user
    user: User | None = found._get_current_object() if found else None
    return user


def register(app: Flask, security: Any) -> None:
    """Make this the one answer to whose request it is."""
    security.login_manager.user_loader(_load)
    security.login_manager.request_loader(lambda _request: None)
    access.user_loader(_user)
    app.after_request(_keep_device)
    app.after_request(_clear_browser)
