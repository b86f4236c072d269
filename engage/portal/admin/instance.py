"""Settings of the instance that its own pages use, and the style sheet of its colour."""

from __future__ import annotations

import hashlib
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Response, current_app, flash, redirect, url_for

from engage.core import settings
from engage.core.access import current_user, public, staff
from engage.core.errors import Invalid
from engage.core.forms import page
from engage.core.i18n import LocalBlueprint, _, locales
from engage.portal.admin import colour
from engage.portal.admin.forms import SettingsForm

bp = LocalBlueprint("settings_office", __name__, url_prefix="/office/settings")
theme_bp = LocalBlueprint("theme", __name__)

# field -> setting
_PLAIN = {
    "name": "site.name",
    "moderation_hours": "moderation_hours",
    "contact_email": "contact.email",
    "contact_phone": "contact.phone",
    "publisher": "legal.publisher",
    "publisher_address": "legal.address",
    "director": "legal.director",
    "hosting": "legal.hosting",
    "protection_officer": "legal.protection_officer",
    "colour": "site.colour",
}


def declare() -> None:
    """What these pages and the service pages read."""
    for name in _PLAIN.values():
        if name not in {"site.name", "moderation_hours", "contact.email"}:
            settings.declare(name, "")
    settings.declare("contact.email", _sender)


def _sender() -> str:
    """The address we write from, where people can write to it; a laptop's is nobody's."""
    address = str(current_app.config["MAIL_FROM"])
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        return ""


@bp.route("", methods=["GET", "POST"])
@staff("admin", fresh=True)
def index() -> Any:
    form = SettingsForm(data=_present())
    if form.validate_on_submit():
        try:
            new = _chosen(form)
        except Invalid as error:
            form.absorb(error)
        else:
            changed = settings.change(new, actor=current_user())
            flash(_("The settings are saved.") if changed else _("Nothing has changed."), "success")
            return redirect(url_for("settings_office.index"), 303)
    return page("admin/settings.html", form)


@theme_bp.get("/theme.css")
@public
def sheet() -> Response:
    """The tokens that follow from the instance's colour; its address changes with the colour."""
    chosen = settings.value("site.colour")
    answer = Response(colour.style_sheet(chosen) if chosen else "", mimetype="text/css")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def theme_link(**_context: Any) -> str | None:
    """What the slot of the page head gets: nothing unless a colour is set."""
    chosen = settings.value("site.colour")
    if not chosen:
        return None
    version = hashlib.sha256(chosen.encode()).hexdigest()[:10]
    address = url_for("theme.sheet", version=version)
    # rendered by a template, which is what makes it markup
    return current_app.jinja_env.get_template("admin/_theme.html").module.link(address)  # type: ignore[attr-defined,no-any-return]


def _present() -> dict[str, Any]:
    found = {field: settings.value(name) for field, name in _PLAIN.items()}
    said = settings.value("site.tagline")
    spoken = said if isinstance(said, dict) else dict.fromkeys(locales(), said)
    return {**found, "tagline_en": spoken.get("en", ""), "tagline_fr": spoken.get("fr", "")}


def _chosen(form: SettingsForm) -> dict[str, Any]:
    new: dict[str, Any] = {name: form[field].data for field, name in _PLAIN.items()}
    new["site.colour"] = colour.checked(new["site.colour"]) if new["site.colour"] else ""
    new["site.tagline"] = {"en": form.tagline_en.data or "", "fr": form.tagline_fr.data or ""}
    return new
