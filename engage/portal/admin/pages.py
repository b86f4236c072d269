"""Service pages: help, accessibility, privacy, legal notice."""

from __future__ import annotations

from flask import current_app, render_template

from engage.commons.accounts import credentials, presence, sessions, throttle, tokens
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
    """Every time span is read where the code keeps it, so that the page cannot say another."""
    return render_template(
        "admin/pages/privacy.html",
        session_cookie=presence.session_cookie(),
        device_cookie=presence.device_cookie(),
        idle_days=sessions.IDLE.days,
        longest_days=sessions.LONGEST.days,
        staff_idle_hours=int(sessions.STAFF_IDLE.total_seconds() // 3600),
        staff_longest_days=sessions.STAFF_LONGEST.days,
        attempt_hours=int(throttle.KEPT.total_seconds() // 3600),
        former_email_days=credentials.FORMER_KEPT.days,
        registration_days=tokens.CONFIRM.lives.days,
        mail_days=current_app.config["MAIL_KEPT_DAYS"],
        failed_mail_days=current_app.config["MAIL_FAILED_KEPT_DAYS"],
    )


@bp.get("/legal")
@public(cached=True)
def legal() -> str:
    return render_template("admin/pages/legal.html")
