"""The office and the service pages: what they register."""

from __future__ import annotations

from flask import Flask

from engage.core import nav, slots
from engage.core.i18n import _l
from engage.core.nav import NavItem
from engage.portal.admin import instance, mailroom, pages, queries, record, views

ADMIN = frozenset({"admin"})


def register(app: Flask) -> None:
    """Bind the pages, the menu entries and the instance's colour."""
    instance.declare()
    for blueprint in (
        views.bp,
        views.style_bp,
        mailroom.bp,
        record.bp,
        instance.bp,
        instance.theme_bp,
        pages.bp,
    ):
        app.register_blueprint(blueprint)
    slots.fill("layout.head", instance.theme_link)
    for item in OFFICE + FOOTER:
        nav.add(item)


OFFICE = (
    NavItem("desk", _l("My desk"), "admin_office.index", "home", order=0, area="office"),
    NavItem(
        "outbox",
        _l("Outbox"),
        "outbox_office.index",
        "mail",
        order=80,
        area="office",
        roles=ADMIN,
        count=lambda _user: queries.undelivered(),
    ),
    NavItem(
        "audit",
        _l("Record"),
        "audit_office.index",
        "history",
        order=85,
        area="office",
        roles=frozenset({"admin", "analyst"}),
    ),
    NavItem(
        "settings",
        _l("Settings"),
        "settings_office.index",
        "gear",
        order=90,
        area="office",
        roles=ADMIN,
    ),
    NavItem("style", _l("Style sheet"), "style_office.sheet", "grid", order=95, area="office"),
)

FOOTER = (
    NavItem("help", _l("Help and contact"), "pages.help", "info", order=10, area="footer"),
    NavItem(
        "accessibility",
        _l("Accessibility: partially compliant"),
        "pages.accessibility",
        "people",
        order=50,
        area="footer",
    ),
    NavItem("privacy", _l("Privacy"), "pages.privacy", "lock", order=60, area="footer"),
    NavItem("legal", _l("Legal notice"), "pages.legal", "file", order=70, area="footer"),
)
