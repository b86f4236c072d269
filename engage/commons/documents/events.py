"""What happened to documents, for others to hear."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VersionPublished:
    """A version became what readers read. `number` counts from 1."""

    document_id: int
    version_id: int
    number: int
    actor_id: int | None
