"""What other features may hear about comments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CommentPublished:
    """A comment can be read by everybody from now on."""

    comment_id: int
    thread_id: int


@dataclass(frozen=True)
class CommentRemoved:
    """A comment was hidden or withdrawn."""

    comment_id: int
    thread_id: int


@dataclass(frozen=True)
class AnswerPublished:
    """An official answer stands under a comment."""

    comment_id: int
    thread_id: int
