"""Notifications: what they register."""

from __future__ import annotations

from flask import Flask

from engage.commons.accounts import export
from engage.commons.accounts.events import AccountClosed
from engage.commons.accounts.export import ExportSource
from engage.commons.notifications import digest, queries, service, topics
from engage.commons.notifications.models import Rhythm
from engage.commons.notifications.topics import Topic
from engage.commons.notifications.views import bell, bp, unsubscribe_at_once
from engage.core import nav, slots
from engage.core.events import listen
from engage.core.i18n import _l
from engage.core.nav import NavItem
from engage.core.security import csrf
from engage.core.tasks import every


@every(minutes=10)
def send_digests() -> None:
    """Post the collected mails that have fallen due."""
    digest.send_due()


def register(app: Flask) -> None:
    """Bind pages, topics and the figure in the header."""
    app.register_blueprint(bp)
    # mail programs press the one-click button without a session; the signed token entitles
    csrf.exempt(unsubscribe_at_once)
    nav.add(
        NavItem(
            "notifications",
            _l("Notifications"),
            "notifications.index",
            "bell",
            order=20,
            area="me",
            count=queries.unread,
        )
    )
    nav.add(NavItem("trail", _l("My trail"), "notifications.trail", "flag", order=10, area="me"))
    slots.fill("layout.tools", bell)
    export.sources.add(ExportSource("notifications", queries.everything_told))
    export.sources.add(ExportSource("preferences", lambda user: [dict(queries.rhythms(user))]))
    listen(AccountClosed, _forget)
    for topic in TOPICS:
        topics.add(topic)


def _forget(event: AccountClosed) -> None:
    service.forget(event.user_id)


TOPICS = (
    Topic(
        "answers",
        _l("Answers to what I contributed"),
        _l("When an organisation answers you officially, or decides."),
        order=10,
    ),
    Topic(
        "replies",
        _l("Replies and mentions"),
        _l("When somebody replies to you or names you."),
        Rhythm.DAILY,
        order=20,
    ),
    Topic(
        "consultations",
        _l("Consultations I take part in"),
        _l("When one opens, closes soon, changes its text or publishes its outcome."),
        Rhythm.DAILY,
        order=30,
    ),
    Topic(
        "moderation",
        _l("Moderation"),
        _l("When something you wrote is hidden, and what became of your reports."),
        always=True,
        order=80,
    ),
    Topic(
        "account",
        _l("Your account"),
        _l("When somebody signs in, or a password or address changes."),
        always=True,
        order=90,
    ),
)
