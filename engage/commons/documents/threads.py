"""Where the threads of texts and paragraphs hang."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from engage.commons.accounts.models import User
from engage.commons.comments.threads import Place
from engage.commons.documents import policy, queries
from engage.commons.documents.models import Paragraph
from engage.commons.documents.owners import Owner
from engage.core.i18n import _l


def paragraph_places(
    thread_ids: Collection[int], user: User | None, now: datetime
) -> dict[int, Place]:
    """Where the threads of paragraphs hang: at the newest wording that carries them."""
    standing, heirs = queries.standing(thread_ids)
    documents = {p.version.document_id: p.version.document for p in standing.values()}
    found = queries.owners_of(documents.values(), user, now)
    places: dict[int, Place] = {}
    for thread_id, paragraph in standing.items():
        document = paragraph.version.document
        owner = found.get(document.id)
        if owner is None:
            continue
        is_current = paragraph.version_id == document.current_version_id
        heir = None if is_current else heirs.get(paragraph.key)
        places[thread_id] = Place(
            title=_l("Paragraph %(number)s", number=paragraph.number),
            context=document.title,
            url=paragraph_url(owner, paragraph, is_current=is_current),
            is_visible=owner.is_visible,
            commenting=policy.commenting(owner, is_current=is_current, has_heir=heir is not None),
            allows_guests=owner.allows_guests,
            closes_at=owner.closes_at,
            answer_days=owner.answer_days,
            host_ids=owner.host_ids,
            newer_url=paragraph_url(owner, heir, is_current=True) if heir else None,
        )
    return places


def document_places(
    thread_ids: Collection[int], user: User | None, now: datetime
) -> dict[int, Place]:
    """Where the threads on whole texts hang."""
    documents = queries.texts_of_threads(thread_ids)
    found = queries.owners_of(documents, user, now)
    return {
        document.thread_id: Place(
            title=_l("The text as a whole"),
            context=document.title,
            url=f"{owner.document_url}#whole",
            is_visible=owner.is_visible,
            commenting=owner.commenting,
            allows_guests=owner.allows_guests,
            closes_at=owner.closes_at,
            answer_days=owner.answer_days,
            host_ids=owner.host_ids,
        )
        for document in documents
        if (owner := found.get(document.id)) is not None
    }


def paragraph_url(owner: Owner, paragraph: Paragraph, *, is_current: bool) -> str:
    """The address of a paragraph (with its section, and its version unless it is current)."""
    base = owner.document_url if is_current else owner.version_url(paragraph.version.number)
    return address_in(base, paragraph.section.number, paragraph.anchor)


def address_in(base: str, chapter: int, anchor: str = "") -> str:
    """A chapter of the text at `base`, and a place in it."""
    joint = "&" if "?" in base else "?"
    return f"{base}{joint}chapter={chapter}" + (f"#{anchor}" if anchor else "")
