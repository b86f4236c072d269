"""The title of a notification is the subject of its mail: the same words, written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template

from engage.core.i18n import babel_name, force_locale


def title_of(template: str, locale: str, context: Mapping[str, Any]) -> str:
    """The subject of `templates/mail/<template>/` in the reader's language, on one line."""
    with force_locale(babel_name(locale)):
        subject = render_template(f"mail/{template}/subject.txt", **context)
    return " ".join(subject.split())[:300]
