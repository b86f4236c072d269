"""The office's first page, and the living style sheet."""

from __future__ import annotations

from flask import render_template

from engage.core import clock, desk
from engage.core.access import current_user, staff
from engage.core.i18n import LocalBlueprint
from engage.portal.admin.style import sample

bp = LocalBlueprint("admin_office", __name__, url_prefix="/office")
style_bp = LocalBlueprint("style_office", __name__, url_prefix="/office/style")


@bp.get("")
@staff()
def index() -> str:
    """My desk: what waits for this person, by feature."""
    parts = desk.parts(current_user())
    return render_template(
        "admin/index.html",
        parts=parts,
        total=sum(part.total for part in parts),
        now=clock.now(),
    )


@style_bp.get("")
@staff()
def sheet() -> str:
    return render_template("admin/style.html", sample=sample())
