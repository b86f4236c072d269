"""What comments and documents ask of a consultation: may this be seen, and written under, now?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial

from flask import url_for

from engage.commons.accounts.models import User
from engage.commons.comments.threads import Place
from engage.commons.documents.owners import Owner
from engage.core.i18n import _l, locale_now
from engage.programmes.consultations import policy, queries

THREAD_KIND = "consultations.consultation"
OWNER_KIND = "consultations.document"


def load_places(thread_ids: Collection[int], user: User | None, now: datetime) -> dict[int, Place]:
    """Where the general threads of consultations hang."""
    found = {}
    for thread_id, consultation in queries.consultations_of_threads(thread_ids).items():
        found[thread_id] = Place(
            title=_l("The consultation as a whole"),
            context=consultation.words_in(locale_now()).title,
            url=url_for("consultations.detail", address=consultation.address),
            is_visible=policy.can_see(user, consultation),
            commenting=policy.can_comment(user, consultation, now),
            allows_guests=consultation.allows_guests,
            closes_at=consultation.closes_at,
            answer_days=consultation.answer_days,
            host_ids=tuple(host.organisation_id for host in consultation.hosts),
        )
    return found


def load_owners(
    document_ids: Collection[int], user: User | None, now: datetime
) -> dict[int, Owner]:
    """What the texts of consultations are part of."""
    found = {}
    for document_id, consultation in queries.consultations_of_documents(document_ids).items():
        address = consultation.address
        found[document_id] = Owner(
            title=consultation.words_in(locale_now()).title,
            url=url_for("consultations.detail", address=address),
            document_url=url_for(
                "consultations.document", address=address, document_id=document_id
            ),
            version_url=partial(_version_url, address, document_id),
            is_visible=policy.can_see(user, consultation),
            commenting=policy.can_comment(user, consultation, now),
            allows_guests=consultation.allows_guests,
            closes_at=consultation.closes_at,
            answer_days=consultation.answer_days,
            host_ids=tuple(host.organisation_id for host in consultation.hosts),
            can_edit=policy.can("edit", user, consultation, now).allowed,
        )
    return found


def _version_url(address: str, document_id: int, number: int) -> str:
    return url_for(
        "consultations.document", address=address, document_id=document_id, version=number
    )
