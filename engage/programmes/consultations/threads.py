"""What comments and documents ask of a consultation: may this be seen, and written under, now?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask import url_for

from engage.commons.accounts.models import User
from engage.commons.comments.threads import Place
from engage.core.i18n import _l, locale_now
from engage.programmes.consultations import policy, queries

THREAD_KIND = "consultations.consultation"
OWNER_KIND = "consultations.document"


def load_places(
    thread_ids: Collection[int], user: User | None, now: datetime
) -> dict[int, Place]:
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
