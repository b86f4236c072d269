"""Comments as a page draws them, and how replies hang under what they answer. No database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments.models import CommentState, ReactionValue, Stance
from engage.commons.comments.receipts import receipt_number


@dataclass(frozen=True, slots=True)
class Voice:
    """The organisation somebody writes for, or that answers."""

    id: int
    name: str
    slug: str
    mark: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A published official answer."""

    voice: Voice
    body_html: str
    language: str
    published_at: datetime
    changed_at: datetime
    waited: timedelta

    @property
    def days(self) -> int:
        """Whole days between question and answer."""
        return self.waited.days


@dataclass(slots=True)
class Shown:
    """One comment for one reader: words are absent where a stub stands."""

    id: int
    thread_id: int
    parent_id: int | None
    root_id: int | None
    quoted_id: int | None
    depth: int
    author_id: int | None
    author_name: str | None
    is_guest: bool
    kind: StakeholderKind
    stance: Stance
    language: str
    body_html: str
    state: CommentState
    hidden_reason: str | None
    revision: int
    received_at: datetime
    edited_at: datetime | None
    due_at: datetime | None
    agree_count: int
    disagree_count: int
    helpful_count: int
    replies_count: int
    voice: Voice | None = None
    answer: Answer | None = None
    mine: ReactionValue | None = None
    is_own: bool = False
    quoted: Shown | None = None
    replies: list[Shown] = field(default_factory=list)

    @property
    def is_stub(self) -> bool:
        """Is there nothing to read for this reader?"""
        return not self.body_html

    @property
    def is_published(self) -> bool:
        return self.state is CommentState.PUBLISHED

    @property
    def receipt(self) -> str:
        """The number the author was given."""
        return receipt_number(self.id)

    def below(self) -> Iterable[Shown]:
        """Everything loaded under it."""
        for reply in self.replies:
            yield reply
            yield from reply.below()

    @property
    def not_loaded(self) -> int:
        """How many published replies there are beyond those loaded."""
        return max(0, self.replies_count - sum(1 for reply in self.below() if reply.is_published))


def nest(tops: Sequence[Shown], replies: Collection[Shown]) -> None:
    """Hang replies under what they answer, in the order given; find the quoted ones.

    A reply whose parent is not there hangs under its top comment.
    """
    known = {comment.id: comment for comment in (*tops, *replies)}
    for reply in replies:
        above = known.get(reply.parent_id or 0) or known.get(reply.root_id or 0)
        if above is not None:
            above.replies.append(reply)
        if reply.quoted_id is not None:
            reply.quoted = known.get(reply.quoted_id)
