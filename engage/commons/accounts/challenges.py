"""Passkey challenges in the browser's session: offered on a page, taken back once."""

from __future__ import annotations

import base64
import ipaddress
import json
from typing import Any

from flask import request, session

from engage.commons.accounts import passkeys
from engage.core import clock
from engage.core.errors import Invalid

_KEY = "challenges"
_TABS = 3  # pages that may be open at once


def host() -> str:
    """The relying party: this site's host name, which Flask has checked against its list."""
    return request.host.rpartition(":")[0] or request.host


def origin() -> str:
    """Where a passkey's answer has to come from."""
    return request.host_url.rstrip("/")


def is_possible() -> bool:
    """Browsers keep passkeys for names, not for numeric addresses."""
    try:
        ipaddress.ip_address(host().strip("[]"))
    except ValueError:
        return True
    return False


def offer() -> str:
    """A fresh challenge, remembered for this browser."""
    challenge = passkeys.new_challenge()
    kept: list[Any] = session.get(_KEY, [])
    session[_KEY] = [*kept, [challenge, int(clock.now().timestamp())]][-_TABS:]
    return challenge


def take(credential: str) -> str:
    """The challenge a passkey answered, forgotten here by the same stroke.

    Raises Invalid when this browser was not offered it, or too long ago.
    """
    wanted = _answered(credential)
    kept: list[Any] = session.get(_KEY, [])
    found = next((item for item in kept if item[0] == wanted), None)
    session[_KEY] = [item for item in kept if item is not found]
    oldest = clock.now().timestamp() - passkeys.LIVES.total_seconds()
    if found is None or found[1] < oldest:
        raise Invalid({"": passkeys.FAILED})
    return str(found[0])


def _answered(credential: str) -> str:
    try:
        data = json.loads(credential)["response"]["clientDataJSON"]
        client = json.loads(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
        challenge = client["challenge"]
        return base64.urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4)).decode()
    except (ValueError, KeyError, TypeError):
        return ""
