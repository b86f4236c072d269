"""Home: what it registers."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from engage.core import nav
from engage.core.i18n import _l
from engage.core.nav import NavItem
from engage.portal.home.views import bp, door


def register(app: Flask) -> None:
    """Bind the front door and a person's own page."""
    app.register_blueprint(door)
    app.register_blueprint(bp)
    app.jinja_env.globals["local_date"] = local_date
    nav.add(NavItem("me", _l("My page"), "home.me", "person", order=0, area="me"))


def local_date(instant: datetime, zone: str) -> date:
    """The calendar day of an instant where it is told."""
    return instant.astimezone(ZoneInfo(zone)).date()
