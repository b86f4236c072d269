"""The front door: the home page, a person's own page, and the way from / to a language."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, url_for

from engage.commons.notifications import queries as notifications
from engage.commons.notifications import trail
from engage.core import clock
from engage.core.access import current_user, public, signed_in
from engage.core.i18n import LocalBlueprint, preferred_locale
from engage.portal.home import summary
from engage.programmes.consultations import queries as consultations
from engage.programmes.consultations.models import ConsultationState
from engage.programmes.ideas import queries as ideas

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = LocalBlueprint("home", __name__)
door = Blueprint("door", __name__)

_SOON = timedelta(days=7)
_LATELY = timedelta(days=60)
_SHOWN_OPEN = 7
_SHOWN_ENDED = 3
_SHOWN_CALLS = 3
_SHOWN_NEWS = 5


@door.get("/")
@public
def language() -> ResponseReturnValue:
    """Lead to the home page in the reader's language: account, cookie, browser, default."""
    current_user()  # an account's language comes before the browser's
    answer = redirect(url_for("home.index", locale=preferred_locale()))
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.get("/")
@public(cached=True)
def index() -> ResponseReturnValue:
    """What is open now, what just ended, what was answered."""
    now = clock.now()
    cards = consultations.current_cards(now, lately=_LATELY)
    by_state: dict[ConsultationState, list[consultations.Card]] = {}
    for card in cards:
        by_state.setdefault(card.consultation.state_at(now), []).append(card)
    is_open = by_state.get(ConsultationState.OPEN, [])
    ended = by_state.get(ConsultationState.CLOSED, []) + by_state.get(
        ConsultationState.ANSWERED, []
    )
    return render_template(
        "home/index.html",
        now=now,
        lead=is_open[0] if is_open else None,
        others=is_open[1:_SHOWN_OPEN],
        dates=_dates(is_open, by_state.get(ConsultationState.SCHEDULED, []), now),
        ended=sorted(ended, key=_closing, reverse=True)[:_SHOWN_ENDED],
        calls=ideas.open_calls(now, _SHOWN_CALLS),
        summary=summary.present(now),
    )


@bp.get("/me")
@signed_in
def me() -> ResponseReturnValue:
    """A person's own page: what waits, what they follow, where everything else is."""
    user, now = current_user(), clock.now()
    return render_template(
        "home/me.html",
        now=now,
        counts=trail.counts(user),
        news=notifications.newest_unread(user, _SHOWN_NEWS),
        followed=consultations.followed_cards(user, now, limit=6),
        open_now=consultations.open_count(now),
    )


def _dates(
    is_open: list[consultations.Card], coming: list[consultations.Card], now: datetime
) -> list[tuple[date, consultations.Card]]:
    """What closes within a week and what opens next, as calendar days in order."""
    found = [
        (card.consultation.closes_at, card)
        for card in is_open
        if card.consultation.closes_at and card.consultation.closes_at - now < _SOON
    ]
    found += [
        (card.consultation.opens_at, card)
        for card in coming[:_SHOWN_ENDED]
        if card.consultation.opens_at
    ]
    found.sort(key=lambda entry: entry[0])
    return [
        (instant.astimezone(ZoneInfo(card.consultation.time_zone)).date(), card)
        for instant, card in found
    ]


def _closing(card: consultations.Card) -> float:
    closes_at = card.consultation.closes_at
    return closes_at.timestamp() if closes_at else 0.0
