"""The link by which a guest finds back what waits for their confirmation."""

from __future__ import annotations

from engage.commons.comments.models import Comment
from engage.core import signing
from engage.core.errors import Missing

_HELD = "comments.held"


def held_token(comment: Comment) -> str:
    """Shows this comment to who wrote it, and nothing else."""
    return signing.signed(_HELD, [comment.id, comment.guest_id])


def read_held_token(token: str) -> tuple[int, int]:
    """(comment id, guest id) a token stands for. Missing for a forged one."""
    match signing.read(_HELD, token):
        case [int(comment_id), int(guest_id)]:
            return comment_id, guest_id
    raise Missing
