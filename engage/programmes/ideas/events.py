"""Facts about ideas that other features may hear."""

from __future__ import annotations

from dataclasses import dataclass

from engage.programmes.ideas.models import IdeaState


@dataclass(frozen=True)
class IdeaPublished:
    """Everybody can read it from now on."""

    idea_id: int


@dataclass(frozen=True)
class IdeaRemoved:
    """It was hidden, withdrawn or taken back with an import."""

    idea_id: int


@dataclass(frozen=True)
class IdeaMoved:
    """It stands elsewhere than before."""

    idea_id: int
    before: IdeaState
    after: IdeaState


@dataclass(frozen=True)
class IdeaMerged:
    """It went into another one."""

    idea_id: int
    into_id: int


@dataclass(frozen=True)
class IdeaPromoted:
    """It became something else: `kind` names the receiver, `target_id` its row."""

    idea_id: int
    kind: str
    target_id: int
