"""What consultations put on the desk of organisers: drafts to finish, outcomes to publish."""

from __future__ import annotations

from typing import Any

from flask import url_for

from engage.core import clock
from engage.core.desk import DeskItem, Section
from engage.core.i18n import _, _l, locale_now
from engage.programmes.consultations import queries
from engage.programmes.consultations.models import Consultation, ConsultationState
from engage.programmes.consultations.phases import answer_due


def _waiting(_user: Any, limit: int) -> list[DeskItem]:
    now = clock.now()
    return [_item(consultation, now) for consultation in queries.unfinished(now, limit)]


def _item(consultation: Consultation, now: Any) -> DeskItem:
    is_closed = consultation.state_at(now) is ConsultationState.CLOSED
    if is_closed:
        detail = _("Closed: the outcome is owed")
    elif consultation.has_missed_opening(now):
        detail = _("Draft: the day it was to open has passed")
    else:
        detail = _("Draft: not scheduled yet")
    return DeskItem(
        title=consultation.words_in(locale_now()).title,
        url=url_for("consultations_office.overview", consultation_id=consultation.id),
        detail=detail,
        due_at=answer_due(consultation) if is_closed else None,
    )


SECTION = Section(
    key="consultations",
    title=_l("Consultations to finish"),
    empty=_l("Every consultation is scheduled, running or answered."),
    endpoint="consultations_office.index",
    icon="consultations",
    count=lambda: queries.unfinished_count(clock.now()),
    load=_waiting,
    roles=frozenset({"organiser"}),
    order=10,
)
