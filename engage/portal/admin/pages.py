"""Service pages: help, accessibility, privacy, legal notice."""

from __future__ import annotations

from flask import current_app, render_template

from engage.core.access import public
from engage.core.i18n import LocalBlueprint

bp = LocalBlueprint("pages", __name__)


@bp.get("/help")
@public(cached=True)
def help() -> str:  # noqa: A001  named after its page
    return render_template("admin/pages/help.html")


@bp.get("/accessibility")
@public(cached=True)
def accessibility() -> str:
    return render_template("admin/pages/accessibility.html")


@bp.get("/privacy")
@public(cached=True)
def privacy() -> str:
    return render_template(
        "admin/pages/privacy.html",
        session_days=current_app.permanent_session_lifetime.days,
    )


@bp.get("/legal")
@public(cached=True)
def legal() -> str:
    return render_template("admin/pages/legal.html")
