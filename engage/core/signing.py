"""Links that act without a sign-in: signed by the newest key, read by those before it too."""

import hashlib
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from engage.core.errors import Missing


def signed(purpose: str, content: Any) -> str:
    """A token that stands for `content`, for this purpose only."""
    return str(_signer(purpose).dumps(content))


def read(purpose: str, token: str) -> Any:
    """What a token stands for. Missing for one that is forged or made for another purpose."""
    try:
        return _signer(purpose).loads(token)
    except BadSignature:
        raise Missing from None


def _signer(purpose: str) -> URLSafeSerializer:
    # the last key of the list signs
    keys = [*current_app.config.get("SECRET_KEY_FALLBACKS", ()), current_app.config["SECRET_KEY"]]
    return URLSafeSerializer(keys, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})
