"""Accounts: what it registers."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template, url_for
from markupsafe import Markup

from engage.commons.accounts import (
    cli,
    export,
    me,
    organisation_views,
    presence,
    queries,
    security,
    service,
    staff,
    views,
)
from engage.core import access, desk, erasures, errors, nav, slots
from engage.core.desk import DeskItem
from engage.core.i18n import _, _l
from engage.core.nav import NavItem

_ADMIN = frozenset({"admin"})


def register(app: Flask) -> None:
    """Bind Flask-Security, the pages, the gates, the menu entries and the commands."""
    presence.register(app, security.register(app))
    access.staff_gate(views.staff_gate)
    access.fresh_gate(views.fresh_gate)
    app.register_blueprint(me.bp)
    app.register_blueprint(organisation_views.bp)
    app.register_blueprint(staff.people)
    app.register_blueprint(staff.organisations)
    if app.config["DEMO"]:
        app.register_blueprint(views.demo_bp)
    app.cli.add_command(cli.group)
    export.register()
    erasures.eraser("user", service.close_again)
    errors.explain_constraint("email_key", _l("There is an account with this address already."))
    errors.explain_constraint("memberships", _l("This person belongs to the organisation already."))
    slots.fill("layout.me", sign_out_button, order=90)
    _menus()


def sign_out_button(user: Any) -> Markup | None:
    """The way out, at the end of the person's menu."""
    if user is None:
        return None
    return Markup(render_template("accounts/_sign_out.html"))  # noqa: S704  a rendered template


def _menus() -> None:
    for key, label, endpoint, icon, order in (
        ("profile", _l("Profile"), "accounts.profile", "person", 50),
        ("security", _l("Signing in"), "accounts.security", "key", 60),
        ("my-organisations", _l("My organisations"), "accounts.organisations", "building", 70),
        ("data", _l("My data"), "accounts.data", "download", 80),
    ):
        nav.add(NavItem(key, label, endpoint, icon, order=order, area="me"))
    nav.add(
        NavItem(
            "organisations",
            _l("Organisations"),
            "organisations.index",
            "building",
            order=20,
            area="footer",
        )
    )
    nav.add(
        NavItem(
            "people",
            _l("People"),
            "people_office.index",
            "people",
            order=80,
            area="office",
            roles=_ADMIN,
        )
    )
    nav.add(
        NavItem(
            "organisations",
            _l("Organisations"),
            "organisations_office.index",
            "building",
            order=81,
            area="office",
            roles=_ADMIN,
            count=lambda _user: queries.organisations_waiting(),
        )
    )
    desk.add(
        desk.Section(
            key="organisations",
            title=_l("Organisations to verify"),
            empty=_l("No organisation waits to be verified."),
            endpoint="organisations_office.index",
            icon="building",
            count=queries.organisations_waiting,
            load=_organisations_waiting,
            roles=_ADMIN,
            order=60,
        )
    )


def _organisations_waiting(_user: Any, limit: int) -> list[DeskItem]:
    return [
        DeskItem(
            organisation.name,
            url_for("organisations_office.detail", organisation_id=organisation.id),
            _("asks to be verified"),
        )
        for organisation in queries.first_organisations_waiting(limit)
    ]
