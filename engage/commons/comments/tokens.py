"""The link by which a guest finds back what waits for their confirmation."""

from __future__ import annotations

import hashlib

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from engage.commons.comments.models import Comment
from engage.core.errors import Missing


def held_token(comment: Comment) -> str:
    """Shows this comment to who wrote it, and nothing else."""
    return str(_signer().dumps([comment.id, comment.guest_id]))


def read_held_token(token: str) -> tuple[int, int]:
    """(comment id, guest id) a token stands for. Missing for a forged one."""
    try:
        content = _signer().loads(token)
    except BadSignature:
        raise Missing from None
    match content:
        case [int(comment_id), int(guest_id)]:
            return comment_id, guest_id
    raise Missing


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        current_app.config["SECRET_KEY"],
        salt="comments.held",
        signer_kwargs={"digest_method": hashlib.sha256},
    )
