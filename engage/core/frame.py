"""What every layout shows of this instance, and the address of the next page of a list."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import flask_babel
from babel.dates import format_date as babel_date
from flask import Flask, current_app, request, url_for

from engage.core import settings
from engage.core.i18n import _, locale_now, reader_zone


class Site:
    """Name and subtitle of the instance, read when a template asks."""

    @property
    def name(self) -> str:
        """What the site is called."""
        return str(settings.value("site.name"))

    @property
    def tagline(self) -> str:
        """The subtitle in the reader's language: a setting may hold one text, or one per locale."""
        said: Any = settings.value("site.tagline")
        if isinstance(said, dict):
            return str(said.get(locale_now()) or next(iter(said.values()), ""))
        return str(said)


def page_url(number: int, name: str = "page") -> str:
    """This very list, on another page: filters stay, the first page has the plain address."""
    # put together by hand: a reader's words must never become arguments of url_for
    query = [(key, text) for key, text in request.args.items(multi=True) if key != name]
    if number > 1:
        query.append((name, str(number)))
    address = url_for(request.endpoint or "home.index", **(request.view_args or {}))
    return f"{address}?{urlencode(query)}" if query else address


def calendar_leaf(day: date | datetime, zone: str | None = None) -> tuple[str, int]:
    """Short month and day, as a leaf of a calendar shows them: `("Dec", 4)`."""
    if isinstance(day, datetime):
        day = day.astimezone(reader_zone(zone)).date()
    return babel_date(day, "LLL", locale=flask_babel.get_locale()), day.day


def _tagline() -> str:
    return (
        _("The ports of Boulogne-sur-Mer and Calais") if current_app.config["DEMONSTRATION"] else ""
    )


def register(app: Flask) -> None:
    """Declare the instance's name; give templates `site`, `page_url`, `calendar_leaf`."""
    settings.declare("site.name", "Engage")
    settings.declare("site.tagline", _tagline)
    app.jinja_env.globals.update(site=Site(), page_url=page_url, calendar_leaf=calendar_leaf)
