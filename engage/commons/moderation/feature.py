"""Moderation: what it registers."""

from __future__ import annotations

from typing import Any

from flask import Flask

from engage.commons.accounts import export
from engage.commons.accounts.events import AccountClosed, GuestClaimed
from engage.commons.accounts.export import ExportSource
from engage.commons.moderation import queries, rules, staff, views
from engage.commons.moderation.service import deciding, leaving
from engage.core import desk, nav, settings
from engage.core.desk import DeskItem
from engage.core.events import listen
from engage.core.i18n import _, _l
from engage.core.nav import NavItem
from engage.core.tasks import every


@every(minutes=1)
def send_letters() -> None:
    """Let the letters of decisions leave that can no longer be undone."""
    deciding.send_due_letters()


def register(app: Flask) -> None:
    """Bind pages, menu entries, the desk and the words of a stub."""
    settings.declare("moderation_hours", 24)
    app.register_blueprint(views.bp)
    app.register_blueprint(staff.bp)
    app.add_template_filter(rules.reason, "moderation_reason")
    export.sources.add(ExportSource("reports", queries.reports_by))
    export.sources.add(ExportSource("complaints", queries.complaints_by))
    listen(AccountClosed, _forget)
    listen(GuestClaimed, _adopt)
    nav.add(
        NavItem(
            "moderation",
            _l("Moderation"),
            "moderation_office.index",
            "shield",
            order=30,
            area="office",
            roles=frozenset({"moderator"}),
            count=lambda _user: queries.waiting(),
        )
    )
    nav.add(
        NavItem(
            "report", _l("Report something"), "moderation.report", "flag", order=30, area="footer"
        )
    )
    nav.add(NavItem("log", _l("Moderation log"), "moderation.log", "log", order=40, area="footer"))
    desk.add(
        desk.Section(
            key="moderation",
            title=_l("To moderate"),
            empty=_l("Nothing is reported. Thank you for looking."),
            endpoint="moderation_office.index",
            icon="shield",
            count=queries.waiting,
            load=_waiting,
            roles=frozenset({"moderator"}),
            order=10,
        )
    )


def _forget(event: AccountClosed) -> None:
    leaving.forget_reporter(event.user_id)


def _adopt(event: GuestClaimed) -> None:
    leaving.adopt_guest(event.guest_id, event.user_id)


def _waiting(user: Any, limit: int) -> list[DeskItem]:
    cases = queries.first_waiting(user, limit)
    grounds = queries.report_grounds([case.id for case in cases])
    return [
        DeskItem(
            case.title,
            deciding.case_url(case),
            ", ".join(str(rules.GROUNDS[key].label) for key in grounds.get(case.id, ()))
            or _("Opened by a moderator"),
            case.due_at,
        )
        for case in cases
    ]
