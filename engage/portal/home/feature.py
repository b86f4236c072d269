"""Home: what it registers."""

from __future__ import annotations

from flask import Flask

from engage.core import nav
from engage.core.i18n import _l
from engage.core.nav import NavItem
from engage.portal.home.views import bp, door


def register(app: Flask) -> None:
    """Bind the front door and a person's own page."""
    app.register_blueprint(door)
    app.register_blueprint(bp)
    nav.add(NavItem("me", _l("My page"), "home.me", "person", order=0, area="me"))
