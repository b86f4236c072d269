"""Where what a guest sent is to be read: each feature that takes words from guests tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engage.core.errors import Text


@dataclass(frozen=True)
class Sent:
    """One contribution of a guest, with the address it is read at. `waits` until they confirm."""

    title: Text
    url: str
    waits: bool


Load = Callable[[int], Sequence[Sent]]
_sources: dict[str, Load] = {}


def add(name: str, load: Load) -> None:
    """Let `load(guest_id)` tell what a guest sent, the newest first; the same name is replaced."""
    _sources[name] = load


def sent_by(guest_id: int) -> list[Sent]:
    """What a guest sent and readers see, or see once the guest has confirmed."""
    return [sent for load in _sources.values() for sent in load(guest_id)]
