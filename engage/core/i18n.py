"""Languages: addresses under /<locale>/, catalogues, dates as people read them."""

from datetime import date, datetime, tzinfo
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import flask_babel
from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_skeleton, get_timezone_location
from babel.numbers import format_decimal
from flask import (
    Blueprint,
    Flask,
    current_app,
    g,
    has_request_context,
    request,
    url_for,
)
from flask.sansio.scaffold import setupmethod
from flask_babel import Babel, force_locale
from flask_babel.speaklater import LazyString
from werkzeug.routing import BaseConverter, BuildError, ValidationError

from engage.core.templating import Plural, Word

__all__ = [
    "LocalBlueprint",
    "_",
    "_l",
    "_n",
    "force_locale",
    "format_date",
    "format_datetime",
    "format_number",
    "locale_now",
    "locales",
]

# plain "en" formats dates the US way
_BABEL_NAME = {"en": "en_GB"}
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}
COOKIE = "locale"

babel = Babel()
_catalogues: dict[Locale, Any] = {}


def _catalogue() -> Any:
    """The catalogue of the language being spoken, kept by the process: a page asks 150 times."""
    # where Flask-Babel keeps its choice; its own way there takes longer than the translation
    chosen = getattr(g.get("_flask_babel"), "babel_locale", None) if g else None
    locale = chosen or flask_babel.get_locale()
    if locale is None:
        return flask_babel.get_translations()
    found = _catalogues.get(locale)
    if found is None:
        found = _catalogues[locale] = flask_babel.get_translations()
    return found


def _(text: str, **variables: Any) -> str:
    """`text` in the language being spoken, with the variables filled in."""
    found: str = _catalogue().ugettext(text)
    return found % variables if variables else found


def _n(one: str, many: str, num: int, **variables: Any) -> str:
    """The form of a text that goes with `num`, in the language being spoken."""
    found: str = _catalogue().ungettext(one, many, num)
    return found % {"num": num, **variables}


def _l(text: str, **variables: Any) -> Any:
    """A text translated when it is shown, for what is written down before anybody reads."""
    return LazyString(_, text, **variables)


def _word(text: str) -> str:
    return str(_catalogue().ugettext(text))


def _words(one: str, many: str, num: int) -> str:
    return str(_catalogue().ungettext(one, many, num))


@cache
def _locale(name: str) -> Locale:
    return Locale.parse(name)


class LocaleConverter(BaseConverter):
    """One of the enabled locales, nothing else."""

    regex = "[a-z]{2}"

    def to_python(self, value: str) -> str:
        if value not in current_app.config["LOCALES"]:
            raise ValidationError
        return value


class LocalBlueprint(Blueprint):
    """A blueprint whose pages live under /<locale>/; `url_for` fills the locale by itself."""

    @setupmethod
    def __init__(self, name: str, import_name: str, url_prefix: str = "", **options: Any) -> None:
        super().__init__(name, import_name, url_prefix="/<locale:locale>" + url_prefix, **options)


def locales() -> tuple[str, ...]:
    """The enabled locales, the default first."""
    return tuple(current_app.config["LOCALES"])


def locale_now() -> str:
    """The locale being spoken: a forced one, the address's, the reader's, the default."""
    spoken = flask_babel.get_locale()
    return str(spoken.language) if spoken else locales()[0]


def preferred_locale() -> str:
    """Address, account, cookie, Accept-Language, default: the first that is enabled."""
    enabled = locales()
    if not has_request_context():
        return enabled[0]
    in_address = (request.view_args or {}).get("locale") or g.get("locale")
    if in_address in enabled:
        return str(in_address)
    first = request.path[1:3] if request.path[3:4] in ("/", "") else ""
    if first in enabled:
        return first
    user = g.get("engage_user")
    if user is not None and user.locale in enabled:
        return str(user.locale)
    cookie = request.cookies.get(COOKIE)
    if cookie in enabled:
        return str(cookie)
    return request.accept_languages.best_match(enabled) or enabled[0]


def babel_name(locale: str) -> str:
    """The Babel name of one of our locales: `en` is British here."""
    return _BABEL_NAME.get(locale, locale)


def reader_zone(zone: str | None = None) -> tzinfo:
    """The zone deadlines are told in: the one given, else the instance's."""
    return ZoneInfo(zone or current_app.config["TIMEZONE"])


def _babel_locale() -> Locale:
    spoken: Locale | None = flask_babel.get_locale()
    return spoken or _locale(babel_name(locales()[0]))


def format_date(day: date | datetime, *, weekday: bool = False, zone: str | None = None) -> str:
    """`4 December 2026`, with `weekday` `Friday 4 December 2026`."""
    if isinstance(day, datetime):
        day = day.astimezone(reader_zone(zone)).date()
    words = babel_date(day, "full" if weekday else "long", locale=_babel_locale())
    return words.replace(", ", " ")


def format_day(day: date) -> str:
    """`4 Dec`: for charts, where the year is said elsewhere."""
    return str(format_skeleton("MMMd", day, locale=_babel_locale()))


def format_time(instant: datetime, zone: str | None = None, *, seconds: bool = False) -> str:
    """`18:00` in the reader's zone."""
    local = instant.astimezone(reader_zone(zone))
    return local.strftime("%H:%M:%S" if seconds else "%H:%M")


def format_datetime(
    instant: datetime,
    zone: str | None = None,
    *,
    weekday: bool = True,
    seconds: bool = False,
) -> str:
    """`Friday 4 December 2026 at 18:00`, in the reader's zone."""
    day = format_date(instant, weekday=weekday, zone=zone)
    return str(_("%(day)s at %(time)s", day=day, time=format_time(instant, zone, seconds=seconds)))


def zone_name(zone: str | None = None) -> str:
    """`Paris time`: what stands behind a deadline."""
    city = _city(zone or current_app.config["TIMEZONE"], _babel_locale())
    return str(_("%(city)s time", city=city))


@lru_cache(maxsize=500)
def _city(zone: str, locale: Locale) -> str:
    return get_timezone_location(zone, locale=locale, return_city=True)


def format_deadline(instant: datetime, zone: str | None = None) -> str:
    """`Friday 4 December 2026 at 18:00, Paris time`."""
    return f"{format_datetime(instant, zone)}, {zone_name(zone)}"


def format_ago(instant: datetime) -> str:
    """`2 days ago`."""
    from engage.core import clock

    return str(
        flask_babel.format_timedelta(
            instant - clock.now(), add_direction=True, granularity="second"
        )
    )


def format_number(number: float) -> str:
    """`1,604` or `1 604`."""
    return _number(number, babel_name(locale_now()))


@lru_cache(maxsize=1024, typed=True)
def _number(number: float, locale: str) -> str:
    return str(format_decimal(number, locale=locale))


def language_name(locale: str) -> str:
    """A language in its own words: `Français`."""
    name = _locale(locale).get_language_name(locale) or locale
    return name[:1].upper() + name[1:]


def language_said(locale: str) -> str:
    """A language as the reader calls it inside a sentence: `anglais` for a French one."""
    return _locale(locale).get_language_name(locale_now()) or language_name(locale)


def direction(locale: str) -> str:
    """`ltr` or `rtl`."""
    return "rtl" if locale in _RIGHT_TO_LEFT else "ltr"


def _alternates() -> list[tuple[str, str, str]]:
    """(locale, its name, this page's address in it) for the language list."""
    found = []
    for locale in locales():
        # an error page of an address that only takes POST has no other language to lead to
        takes_get = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
        if request.endpoint and takes_get and "address_args" in g:
            values = {**g.address_args, "locale": locale}
            query = request.args.to_dict(flat=False) if request.method == "GET" else {}
            query = {k: v for k, v in query.items() if not k.startswith("_")}  # url_for's own words
            try:
                address = url_for(request.endpoint, **{**query, **values})
            except (
                BuildError,
                TypeError,
                ValueError,
            ):  # an odd query must not cost the page
                address = url_for("home.index", locale=locale)
        else:
            address = url_for("home.index", locale=locale)
        found.append((locale, language_name(locale), address))
    return found


def register(app: Flask) -> None:
    """Mount the converter, Babel, the locale in addresses, and the template words."""
    app.url_map.converters["locale"] = LocaleConverter
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "translations")
    babel.init_app(
        app,
        locale_selector=lambda: _locale(babel_name(preferred_locale())),
        timezone_selector=lambda: app.config["TIMEZONE"],
    )

    @app.url_value_preprocessor
    def _pull(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values is not None and "locale" in values:
            g.address_args = dict(values)
            g.locale = values.pop("locale")  # views never ask for it

    @app.url_defaults
    def _fill(endpoint: str, values: dict[str, Any]) -> None:
        if "locale" in values or not app.url_map.is_endpoint_expecting(endpoint, "locale"):
            return
        values["locale"] = locale_now()

    app.jinja_env.globals.update(
        locale_now=locale_now,
        language_name=language_name,
        language_said=language_said,
        direction=direction,
        alternates=_alternates,
        format_date=format_date,
        format_time=format_time,
        format_datetime=format_datetime,
        format_deadline=format_deadline,
        format_ago=format_ago,
        format_number=format_number,
        zone_name=zone_name,
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(_word, _words, newstyle=True)  # type: ignore[attr-defined]
    word = Word(_word)
    app.jinja_env.globals.update({"_": word, "gettext": word, "ngettext": Plural(_words)})
