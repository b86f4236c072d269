"""Who may do what with a consultation, and when. Three questions: role, visible, window."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, true

from engage.core.access import ALLOWED, Decision, denied
from engage.core.i18n import _l, format_deadline
from engage.programmes.consultations.models import Consultation, ConsultationState

# Who prepares consultations, and who may read what is being prepared.
KEEPERS = ("organiser",)
READERS = ("organiser", "analyst")

_WHEN = {
    "edit": frozenset(ConsultationState) - {ConsultationState.ARCHIVED},
    "set_window": frozenset({ConsultationState.DRAFT, ConsultationState.SCHEDULED}),
    "schedule": frozenset({ConsultationState.DRAFT}),
    "unschedule": frozenset({ConsultationState.SCHEDULED}),
    "extend": frozenset({ConsultationState.SCHEDULED, ConsultationState.OPEN}),
    "close": frozenset({ConsultationState.OPEN}),
    "publish_outcome": frozenset({ConsultationState.CLOSED, ConsultationState.ANSWERED}),
    "archive": frozenset({ConsultationState.ANSWERED}),
    "remove_part": frozenset({ConsultationState.DRAFT, ConsultationState.SCHEDULED}),
    "copy": frozenset(ConsultationState),
}
ACTIONS = tuple(_WHEN)

_TOO_EARLY_OR_LATE = _l("This step does not fit where the consultation stands now.")


def is_keeper(user: Any) -> bool:
    """May this person prepare and run consultations?"""
    return user is not None and bool(user.has_role(*KEEPERS))


def can_create(user: Any) -> Decision:
    """May this person start a consultation?"""
    if is_keeper(user):
        return ALLOWED
    return denied(
        _l("Only organisers prepare consultations."),
        _l("Ask an administrator for the role of organiser."),
    )


def can(action: str, user: Any, consultation: Consultation, now: datetime) -> Decision:
    """May this person do `action` (one of ACTIONS) to this consultation at `now`?"""
    if not is_keeper(user):
        return can_create(user)
    if consultation.state_at(now) not in _WHEN[action]:
        return denied(_TOO_EARLY_OR_LATE, _l("Go back to the overview to see what comes next."))
    return ALLOWED


def allowed_actions(user: Any, consultation: Consultation, now: datetime) -> dict[str, bool]:
    """Every action and whether it is open to this person now; what templates show."""
    return {action: can(action, user, consultation, now).allowed for action in ACTIONS}


def can_see(user: Any, consultation: Consultation) -> bool:
    """Drafts are for those who prepare them; everything else is public."""
    return consultation.state is not ConsultationState.DRAFT or sees_drafts(user)


def sees_drafts(user: Any) -> bool:
    """Is this one of those who prepare consultations?"""
    return user is not None and bool(user.has_role(*READERS))


def visible_to(user: Any) -> ColumnElement[bool]:
    """The SQL twin of `can_see`: pages, lists, feeds, exports and threads all ask it."""
    if sees_drafts(user):
        return true()
    return Consultation.state != ConsultationState.DRAFT


def is_public() -> ColumnElement[bool]:
    """What anybody may see, whoever asks: for public lists, where drafts would only confuse."""
    return visible_to(None)


def can_comment(user: Any, consultation: Consultation, now: datetime) -> Decision:
    """Comments are taken while the window is open; the clock on arrival decides, to the second."""
    state = consultation.state_at(now)
    if state is ConsultationState.OPEN:
        return ALLOWED
    if state is ConsultationState.SCHEDULED and consultation.opens_at is not None:
        return denied(
            _l("This consultation has not opened yet."),
            _l(
                "It opens %(when)s.",
                when=format_deadline(consultation.opens_at, consultation.time_zone),
            ),
        )
    if state is ConsultationState.DRAFT:
        return denied(_l("This consultation is being prepared."))
    return denied(
        _l("This consultation is closed."),
        _l("You can still read every comment and the official answers."),
    )


def can_follow(user: Any, consultation: Consultation, now: datetime) -> Decision:
    """Anybody with an account may be told how a public consultation goes on."""
    if user is None:
        return denied(_l("Sign in to follow this consultation."))
    if consultation.state_at(now) in (ConsultationState.DRAFT, ConsultationState.ARCHIVED):
        return denied(_l("There is nothing more to follow here."))
    return ALLOWED
