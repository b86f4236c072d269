"""How a formatted text will look, before it is sent."""

from flask import Flask, request

from engage.core.access import public
from engage.core.forms import many_lines, preview_of
from engage.core.i18n import LocalBlueprint
from engage.core.limits import writing
from engage.core.richtext import PROFILES, ProfileName

bp = LocalBlueprint("preview", __name__, url_prefix="/preview")


@bp.post("")
@public
@writing("120/minute")
def show() -> str:
    """A fragment. Writes nothing, so it needs a token but no key."""
    given = request.form.get("profile", "comment")
    profile: ProfileName = next((name for name in PROFILES if name == given), "comment")
    try:
        text = many_lines(request.form.get("text", ""))
    except ValueError as error:
        text = str(error)
    return str(preview_of(text, profile))


def register(app: Flask) -> None:
    """Mount the address every Markdown field asks."""
    app.register_blueprint(bp)
