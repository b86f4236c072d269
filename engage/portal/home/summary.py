"""What everybody sees alike on the home page: answers of the month, the clock, the partners.

It is put together anew when an answer or a consultation is published, and at least every half
minute; in between all readers of a language share it, so that the page costs few queries and a
burst of comments does not make it dearer.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import func, select

from engage.commons.comments import answers as official
from engage.commons.comments.models import OfficialAnswer
from engage.core import richtext
from engage.core.db import db
from engage.core.i18n import locale_now
from engage.programmes.consultations import queries as consultations
from engage.programmes.consultations.models import Consultation, ConsultationHost

_KEPT = timedelta(seconds=30)
_ANSWERS = 3
_PARTNERS = 12


@dataclass(frozen=True)
class Body:
    """An organisation as a mark and a name."""

    name: str
    mark: str | None
    slug: str


@dataclass(frozen=True)
class Answered:
    """One official answer, shortened, beside what it answers."""

    question: str
    question_language: str
    url: str
    place: str
    organisation: Body
    answer: str
    answer_language: str
    days: int


@dataclass(frozen=True)
class Summary:
    """The shared part of the home page."""

    answers: tuple[Answered, ...]
    clock: official.ResponseClock
    partners: tuple[Body, ...]
    month: datetime


_made: dict[tuple[str, str], tuple[Any, datetime, Summary]] = {}
_mutex = threading.Lock()


def present(now: datetime) -> Summary:
    """The summary in the language being spoken, at most half a minute old."""
    # one database and one language: tests and tools run several applications in one process
    key = (current_app.config["DATABASE_URL"], locale_now())
    mark = _mark()
    with _mutex:
        kept = _made.get(key)
    if kept is not None and kept[0] == mark and timedelta() <= now - kept[1] < _KEPT:
        return kept[2]
    summary = _put_together(now)
    with _mutex:
        _made[key] = (mark, now, summary)
    return summary


def _mark() -> tuple[Any, ...]:
    """What changes whenever an answer or a consultation does: one small read."""
    row = db.session.execute(
        select(
            select(func.max(OfficialAnswer.published_at)).scalar_subquery(),
            select(func.max(Consultation.updated_at)).scalar_subquery(),
            select(func.count()).select_from(ConsultationHost).scalar_subquery(),
        )
    ).one()
    return tuple(row)


def _put_together(now: datetime) -> Summary:
    zone = ZoneInfo(current_app.config["TIMEZONE"])
    month = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Summary(
        answers=tuple(
            Answered(
                question=richtext.plain(found.comment.body, limit=160),
                question_language=found.comment.language,
                url=found.place.url,
                place=str(found.place.context or found.place.title),
                organisation=_body(found.answer.organisation),
                answer=richtext.plain(found.answer.body, limit=220),
                answer_language=found.answer.language,
                days=found.days,
            )
            for found in official.latest_answers(_ANSWERS, since=month, now=now)
        ),
        clock=official.response_clock(since=month, now=now),
        partners=tuple(_body(found) for found in consultations.hosting_organisations(_PARTNERS)),
        month=month,
    )


def _body(organisation: Any) -> Body:
    return Body(organisation.name, organisation.mark, organisation.slug)
