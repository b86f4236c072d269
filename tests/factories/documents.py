"""Plan texts for tests, hanging on an owner that says what a test wants."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from engage.commons.accounts.models import User
from engage.commons.documents import service
from engage.commons.documents.models import Document, Version
from engage.commons.documents.owners import Owner, OwnerKind, kinds
from engage.core.access import ALLOWED
from tests.factories.accounts import make_staff

KIND = "tests.document"
_changes: dict[int, dict[str, Any]] = {}

PLAN = """# Where we stand

The two ports handle a third of all lorries that cross to the other coast each year.

A ferry at berth burns about as much fuel in four hours as a household in four years.

# Cleaner, quieter quays

The first sockets are installed at the ferry berths, in one construction season.

Quay sensors measure noise, air and swell; the readings are open data from the first day.

- berth seven
- berth eight

## Fishing boats

Fishing boats get their own sockets at the fishing quay before the summer.
"""

PLAN_2 = PLAN.replace(
    "at the ferry berths, in one construction season",
    "at berths 7 to 9 by June 2028, in one construction season",
).replace("- berth seven\n- berth eight\n\n", "") + (
    "\nTwo hundred apprentices learn the trades of the electric port each year.\n"
)


def _load(document_ids: Collection[int], user: User | None, now: datetime) -> dict[int, Owner]:
    return {
        document_id: Owner(
            **{
                "title": "Smart port",
                "url": "/en/office/documents",
                "document_url": f"/en/office/documents/{document_id}",
                "version_url": lambda n, d=document_id: f"/en/office/documents/{d}?version={n}",
                "is_visible": True,
                "commenting": ALLOWED,
                "can_edit": True,
                "host_ids": (),
                **_changes.get(document_id, {}),
            }
        )
        for document_id in document_ids
    }


kinds.add(OwnerKind(KIND, _load))


def change_owner(document: Document, **over: Any) -> None:
    """Let the owner of this text answer otherwise."""
    _changes[document.id] = over


def make_document(**over: Any) -> Document:
    """A text without words, its owner in a good mood."""
    actor = over.pop("actor", None) or make_staff("organiser")
    values = {"title": "Draft plan", "language": "en", **over}
    document = service.create_document(values.pop("kind", KIND), actor=actor, **values)
    _changes.pop(document.id, None)
    return document


def make_draft(document: Document, text: str = PLAN, actor: User | None = None) -> Version:
    """A draft of these words."""
    return service.add_version(document.id, text=text, actor=actor or make_staff("organiser"))


def make_version(document: Document, text: str = PLAN, actor: User | None = None) -> Version:
    """A published version of these words."""
    actor = actor or make_staff("organiser")
    draft = make_draft(document, text, actor)
    return service.publish_version(draft.id, revision=draft.revision, actor=actor)


def make_plan(*texts: str, **over: Any) -> Document:
    """A text with a published version for each of these."""
    document = make_document(**over)
    actor = make_staff("organiser")
    for text in texts or (PLAN,):
        make_version(document, text, actor)
    return document


def long_plan(paragraphs: int) -> str:
    """A plan of that many paragraphs that have little in common."""
    words = [
        "quay",
        "crane",
        "ferry",
        "noise",
        "truck",
        "school",
        "berth",
        "tide",
        "rope",
        "light",
        "data",
        "jobs",
        "fish",
        "grid",
    ]
    lines = ["# One long chapter"]
    for number in range(paragraphs):
        picked = [words[(number * k + k * k) % len(words)] for k in range(1, 9)]
        lines.append(f"Paragraph about {' '.join(picked)} and number {number}.")
    return "\n\n".join(lines)
