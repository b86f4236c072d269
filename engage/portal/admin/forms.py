"""Shapes of what administrators send."""

from __future__ import annotations

from engage.core.forms import EmailField, Form, IntegerField, TextAreaField, TextField
from engage.core.i18n import _l


class ActForm(Form):
    """Carries the two keys every POST needs."""


class SettingsForm(Form):
    """The instance's name, promises, colour and who answers for it."""

    name = TextField(_l("Name of the site"), maximum=40)
    tagline_en = TextField(
        _l("What it is, in one line (English)"),
        description=_l(
            "Stands under the name, such as “The ports of Boulogne-sur-Mer and Calais”."
        ),
        maximum=90,
        required=False,
    )
    tagline_fr = TextField(_l("The same in French"), maximum=90, required=False)
    colour = TextField(
        _l("Main colour"),
        description=_l(
            "Buttons and links, as #rrggbb. White words must be readable on it; we check that."
            " The shade for dark screens follows by itself. Empty for Engage's own blue."
        ),
        maximum=7,
        required=False,
    )
    moderation_hours = IntegerField(
        _l("Hours within which reports are decided"),
        description=_l("Everybody who reports something is promised this."),
        minimum=1,
        maximum=336,
    )
    contact_email = EmailField(
        _l("Address for questions"),
        description=_l("Shown on the help page and the legal notice."),
        required=False,
    )
    contact_phone = TextField(_l("Telephone"), maximum=40, required=False)
    publisher = TextField(
        _l("Who publishes this site"),
        description=_l("The body that answers for it, as the law asks."),
        maximum=160,
        required=False,
    )
    publisher_address = TextAreaField(_l("Its postal address"), maximum=400, rows=3, required=False)
    director = TextField(
        _l("Who is responsible for what is published"), maximum=160, required=False
    )
    hosting = TextAreaField(
        _l("Who runs the servers, with address"), maximum=400, rows=3, required=False
    )
    protection_officer = EmailField(_l("Address of the data protection officer"), required=False)
