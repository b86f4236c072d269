"""Consultations: what they register."""

from __future__ import annotations

from flask import Flask

from engage.commons.accounts.events import AccountClosed, GuestClaimed
from engage.commons.comments import threads
from engage.commons.comments.events import CommentPublished
from engage.commons.documents import owners
from engage.commons.documents.events import VersionPublished
from engage.core import clock, nav, slots
from engage.core import desk as office_desk
from engage.core.events import listen
from engage.core.i18n import _l
from engage.core.nav import NavItem
from engage.core.tasks import every
from engage.programmes.consultations import desk, notices, reading
from engage.programmes.consultations.models import STATE_LABELS
from engage.programmes.consultations.service import following, lifecycle, parts
from engage.programmes.consultations.staff import bp as office_bp
from engage.programmes.consultations.threads import (
    OWNER_KIND,
    THREAD_KIND,
    load_owners,
    load_places,
)
from engage.programmes.consultations.views import asked_by, bp


@every(minutes=1)
def tick() -> None:
    """Record the openings and closings whose time has come, then hand out all waiting news."""
    lifecycle.advance_due(clock.now())
    notices.hand_out()


def _comment_published(event: CommentPublished) -> None:
    following.note_comment(event.comment_id)


def _version_published(event: VersionPublished) -> None:
    parts.tell_new_version(event.document_id, event.number)


def _account_closed(event: AccountClosed) -> None:
    following.forget_follower(event.user_id)


def _guest_claimed(event: GuestClaimed) -> None:
    following.claim_voice(event.guest_id, event.user_id)


def register(app: Flask) -> None:
    """Bind pages, registries, listeners and menu entries."""
    app.register_blueprint(bp)
    app.register_blueprint(office_bp)
    threads.kinds.add(threads.ThreadKind(THREAD_KIND, load_places))
    owners.kinds.add(owners.OwnerKind(OWNER_KIND, load_owners))
    slots.fill("organisations.detail.aside", asked_by)
    listen(CommentPublished, _comment_published)
    listen(VersionPublished, _version_published)
    listen(AccountClosed, _account_closed)
    listen(GuestClaimed, _guest_claimed)
    nav.add(
        NavItem(
            "consultations", _l("Consultations"), "consultations.index", "consultations", order=10
        )
    )
    nav.add(
        NavItem(
            "consultations",
            _l("Consultations"),
            "consultations_office.index",
            "consultations",
            order=10,
            area="office",
            roles=frozenset({"organiser", "analyst"}),
        )
    )
    office_desk.add(desk.SECTION)
    app.jinja_env.globals.update(
        standing_words=reading.standing_words,
        state_label=STATE_LABELS.__getitem__,
        state_tone=reading.TONES.__getitem__,
    )
