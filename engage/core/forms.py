"""Forms: fields that draw their own label, hint, error and ARIA links, and keep what was typed.

A view says::

    form = CommentForm()
    if form.validate_on_submit():
        with form.absorbing():
            comment = service.write(..., actor=current_user())
            return redirect(...)
    return page("comments/new.html", form=form)

Text is made regular before it is judged: NFC, one kind of line end, no blanks around it. Control
characters and separators that break mail headers and calendars are refused in one-line fields.
Every field is required unless it says `required=False`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import wtforms
from babel import support
from email_validator import EmailNotValidError, validate_email
from flask import current_app, g, render_template, request, url_for
from flask_babel import get_locale
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.datastructures import CombinedMultiDict, FileStorage
from wtforms import widgets
from wtforms.fields import SelectChoice
from wtforms.i18n import messages_path
from wtforms.utils import unset_value
from wtforms.validators import Optional, StopValidation, ValidationError

from engage.core import richtext
from engage.core.errors import Invalid, Text
from engage.core.i18n import _, format_number, zone_name
from engage.core.idempotency import FIELD, new_key

__all__ = [
    "CheckField",
    "ChoiceField",
    "DateField",
    "DateTimeField",
    "EmailField",
    "FileField",
    "Form",
    "HiddenField",
    "IntegerField",
    "MarkdownField",
    "MultiChoiceField",
    "PasswordField",
    "SelectField",
    "SubmitField",
    "TextAreaField",
    "TextField",
    "page",
]

Offered = Iterable[tuple[Any, ...]]  # (value, words) or (value, words, hint)

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# what would break a header or turn the words around it, in names and titles
_LINE_BREAKERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def page(template: str, form: "Form", status: int | None = None, **context: Any) -> tuple[str, int]:
    """The page with its form: 422 when something in it needs a change, else 200."""
    return render_template(template, form=form, **context), status or (422 if form.errors else 200)


def one_line(text: str) -> str:
    """Regular text on one line. Raises ValueError, in words, on what cannot be seen."""
    text = unicodedata.normalize("NFC", text.strip().replace("\t", " "))
    if _LINE_BREAKERS.search(text):
        raise ValueError(_("This holds a line break or an invisible character. Type it again."))
    return text


def many_lines(text: str) -> str:
    """Regular text with line feeds. Raises ValueError, in words, on control characters."""
    text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text).strip())
    if _CONTROLS.search(text):
        raise ValueError(_("This holds an invisible control character. Paste it as plain text."))
    return text


def _macro(name: str) -> Callable[..., Markup]:
    """A macro of the field component."""
    found: Callable[..., Markup] = getattr(
        current_app.jinja_env.get_template("components/field.html").module, name
    )
    return found


@cache
def _library_words(locale: str) -> support.NullTranslations:
    """What the form library says in a language; it reads its file anew for every form."""
    return support.Translations.load(messages_path(), [locale], domain="wtforms")


class Form(FlaskForm):
    """A form with its token and idempotency key. `scope` keeps ids apart on a page of many forms."""

    idempotency_key = wtforms.HiddenField()

    class Meta(FlaskForm.Meta):
        """Only what a form sends is form data: JSON never reaches a field."""

        def get_translations(self, form: Any) -> Any:
            return _library_words(str(get_locale())) if request else None

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            if formdata is None or not request:
                return None
            if hasattr(formdata, "getlist"):
                return formdata
            if request.method in {"POST", "PUT", "PATCH"}:
                return CombinedMultiDict([request.files, request.form])
            return None

    def __init__(self, *args: Any, scope: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        if scope:
            for field in self:
                field.id = f"{scope}-{field.id}"
                field.label.field_id = field.id

    def validate_on_submit(self, extra_validators: Any = None) -> bool:
        """Sent and sound. A press on a Preview button shows the preview and is neither."""
        if not self.is_submitted() or self._fill_preview():
            return False
        return bool(self.validate(extra_validators=extra_validators))

    def absorb(self, error: Invalid) -> None:
        """Put what the service refused beside the fields it is about."""
        for name, words in error.fields.items():
            field = self._fields.get(name)
            if field is None:
                self.form_errors.append(str(words))
            else:
                field.errors = [*field.errors, str(words)]

    @contextmanager
    def absorbing(self) -> Iterator[None]:
        """Hand over what was sent: a refusal ends the block and stands beside the fields."""
        try:
            yield
        except Invalid as refused:
            self.absorb(refused)

    def problems(self) -> Iterator[tuple[str, str]]:
        """(id of the field or "", words) for the error summary, in the order of the page."""
        for words in self.form_errors:
            yield "", str(words)
        for field in self:
            for words in field.errors[:1]:
                is_hidden = isinstance(field.widget, widgets.HiddenInput)
                yield "" if is_hidden else field.id, str(words)

    def hidden_tag(self, *fields: Any) -> Markup:
        """Token, key and hidden fields; without ids, so that a page may hold many forms."""
        tag = Markup('<input type="hidden" name="{}" value="{}">')
        rows = []
        for field in self:
            if not isinstance(field.widget, widgets.HiddenInput):
                continue
            value = self._key() if field.short_name == FIELD else field._value()  # noqa: SLF001  the way wtforms asks
            rows.append(tag.format(field.name, value))
        return Markup("").join(rows)

    def _key(self) -> str:
        # a form that was accepted and drawn again, in place, is a new one
        sent = self.idempotency_key.data
        is_done = bool(g.get("sent_form_claimed")) and not self.errors
        return sent if isinstance(sent, str) and sent and not is_done else new_key()

    def _fill_preview(self) -> bool:
        wanted = request.form.get("preview")
        for field in self:
            if isinstance(field, MarkdownField) and field.name == wanted:
                field.show_preview()
                return True
        return False


class _Answered:
    """Stops at an empty answer: with words when one is needed, quietly otherwise."""

    def __init__(self, required: bool, words: Text | None) -> None:
        self.required = required
        self.words = words

    def __call__(self, _form: Any, field: Any) -> None:
        if field.is_answered():
            return
        if field.errors:  # what was typed could not be read, and said so
            raise StopValidation
        if not self.required:
            raise StopValidation
        raise StopValidation(str(self.words) if self.words else field.missing_words())


class _Asked(wtforms.Field):
    """What all our fields share. `missing` replaces the words said about an empty answer."""

    drawn_by: ClassVar[str] = "simple"
    counted = False

    def __init__(
        self,
        label: Text | None = None,
        validators: Sequence[Any] | None = None,
        *,
        required: bool = True,
        missing: Text | None = None,
        autocomplete: str | None = None,
        **kwargs: Any,
    ) -> None:
        checks = list(validators or ())
        self.is_needed = required and not any(isinstance(check, Optional) for check in checks)
        self.autocomplete = autocomplete
        super().__init__(label, [_Answered(self.is_needed, missing), *checks], **kwargs)

    @property
    def is_optional(self) -> bool:
        """May it stay empty? Then the label says so."""
        return not self.is_needed

    @property
    def first_error(self) -> str:
        """The first thing to mend; the others follow when it is."""
        return str(self.errors[0]) if self.errors else ""

    @property
    def described_by(self) -> str:
        """Ids of hint, error and count."""
        parts = [
            ("hint", bool(self.description)),
            ("error", bool(self.errors)),
            ("count", self.counted),
        ]
        return " ".join(f"{self.id}-{name}" for name, is_there in parts if is_there)

    def is_answered(self) -> bool:
        """Is there anything in it?"""
        return bool(self.data)

    def missing_words(self) -> str:
        """What is said when an answer is needed and there is none."""
        return str(_("Fill in “%(field)s”.", field=str(self.label.text)))

    def attributes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of the control itself."""
        found: dict[str, Any] = {
            "required": False,
            "aria_required": "true" if self.is_needed else None,
        }
        found["aria_describedby"] = self.described_by or None
        found["aria_invalid"] = "true" if self.errors else None
        found["autocomplete"] = self.autocomplete
        found |= given
        return {name: value for name, value in found.items() if value is not None}

    def control(self, **given: Any) -> Markup:
        """The bare control, without label and messages."""
        return Markup(self.meta.render_field(self, self.attributes(given)))  # noqa: S704  widget output

    def __call__(self, **given: Any) -> Markup:
        """The field with everything around it."""
        return _macro(self.drawn_by)(self, self.control(**given))


def _only_text(values: Sequence[Any]) -> str:
    return values[0] if values and isinstance(values[0], str) else ""


class _Written(_Asked):
    """Text of a known length, made regular."""

    def __init__(
        self,
        label: Text | None = None,
        validators: Sequence[Any] | None = None,
        *,
        maximum: int = 200,
        minimum: int = 0,
        **kwargs: Any,
    ) -> None:
        self.maximum = maximum
        self.minimum = minimum
        super().__init__(label, validators, **kwargs)

    def regular(self, text: str) -> str:
        """The text as it is kept."""
        return one_line(text)

    def process_data(self, value: Any) -> None:
        self.data = "" if value is None else str(value)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if not valuelist:
            self.data = ""
            return
        self.data = _only_text(valuelist)
        self.data = self.regular(self.data)

    def _value(self) -> str:
        # what cannot be encoded cannot be shown again either
        return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", self.data or "")

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        length = len(self.data or "")
        if length > self.maximum:
            raise ValidationError(
                _(
                    "Shorten this to %(most)s characters. It has %(now)s.",
                    most=format_number(self.maximum),
                    now=format_number(length),
                )
            )
        if self.data and length < self.minimum and not self.errors:
            raise ValidationError(
                _("Write at least %(least)s characters.", least=format_number(self.minimum))
            )


class TextField(_Written, wtforms.StringField):
    """One line. `maximum` characters, 200 unless told."""

    def attributes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return super().attributes({"maxlength": self.maximum, **given})


class EmailField(TextField):
    """An e-mail address, checked for its form only."""

    widget = widgets.EmailInput()

    def __init__(self, label: Text | None = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, **{"maximum": 254, "autocomplete": "email", **kwargs})

    def pre_validate(self, form: Any) -> None:
        if not self.data or self.errors:
            return
        try:
            found = validate_email(self.data, check_deliverability=False)
        except EmailNotValidError as error:
            raise StopValidation(_("Enter an e-mail address like name@example.org.")) from error
        self.data = found.normalized


class PasswordField(_Asked, wtforms.PasswordField):
    """A secret: never shown again, taken exactly as it was typed."""

    def __init__(
        self,
        label: Text | None = None,
        validators: Any = None,
        *,
        autocomplete: str = "current-password",
        maximum: int = 128,
        **kwargs: Any,
    ) -> None:
        self.maximum = maximum
        super().__init__(label, validators, autocomplete=autocomplete, **kwargs)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.data = _only_text(valuelist)

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        if len(self.data or "") > self.maximum:
            raise ValidationError(
                _("Shorten this to %(most)s characters.", most=format_number(self.maximum))
            )


class TextAreaField(_Written, wtforms.TextAreaField):
    """Many lines, with a count. `draft` keeps the text in the browser until it is sent."""

    counted = True

    def __init__(
        self,
        label: Text | None = None,
        validators: Any = None,
        *,
        maximum: int = 4000,
        rows: int = 6,
        draft: bool = False,
        **kwargs: Any,
    ) -> None:
        self.rows = rows
        self.draft = draft
        super().__init__(label, validators, maximum=maximum, **kwargs)

    def regular(self, text: str) -> str:
        return many_lines(text)

    def attributes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return super().attributes(
            {
                "rows": self.rows,
                "dir": "auto",
                **given,
            }
        )


class MarkdownField(TextAreaField):
    """Formatted text: a toolbar, and a preview with or without scripts.

    `profile` is one of core.richtext; the browser keeps a draft unless `draft=False`.
    """

    drawn_by: ClassVar[str] = "markdown"

    def __init__(
        self,
        label: Text | None = None,
        validators: Any = None,
        *,
        profile: richtext.ProfileName = "comment",
        draft: bool = True,
        **kwargs: Any,
    ) -> None:
        self.profile: richtext.ProfileName = profile
        self.preview = Markup("")
        super().__init__(label, validators, draft=draft, **kwargs)

    def show_preview(self) -> None:
        """Draw the text below itself the next time the field is drawn."""
        self.preview = preview_of(self.data or "", self.profile)

    def __call__(self, **given: Any) -> Markup:
        draw = _macro(self.drawn_by)
        return draw(self, self.control(**given), url_for("preview.show"), self.preview)


def preview_of(text: str, profile: richtext.ProfileName) -> Markup:
    """The box that shows how a text will look, or what is wrong with it."""
    try:
        return _macro("preview_box")(richtext.render(text, profile=profile, field=""))
    except Invalid as error:
        return Markup('<p class="errmsg">{}</p>').format(error.message)


class _OfChoices(_Asked):
    """Answers from a list. Choices are (value, words) or (value, words, hint)."""

    def __init__(
        self,
        label: Text | None = None,
        validators: Any = None,
        *,
        choices: Offered | Callable[[], Offered] | None = None,
        coerce: Callable[[Any], Any] = str,
        **kwargs: Any,
    ) -> None:
        self.hints: dict[str, Text] = {}
        self.choices = choices
        super().__init__(label, validators, coerce=coerce, **kwargs)

    @property
    def choices(self) -> list[SelectChoice]:
        """What there is to choose from."""
        return self._offered

    @choices.setter
    def choices(self, given: Offered | Callable[[], Offered] | None) -> None:
        self._offered: list[SelectChoice] = []
        for value, words, *hint in (given() if callable(given) else given) or ():
            self.hints[str(value)] = hint[0] if hint else ""
            self._offered.append(SelectChoice(value, words))

    def offer(self, choices: Offered) -> None:
        """Set the choices of this request."""
        self.choices = choices

    def missing_words(self) -> str:
        return str(_("Choose an answer to “%(field)s”.", field=str(self.label.text)))

    def is_answered(self) -> bool:
        return self.data not in (None, "", [])

    def pre_validate(self, form: Any) -> None:
        known = {self.coerce(choice.value) for choice in self.choices}
        chosen = self.data if isinstance(self.data, list) else [self.data]
        if not self.is_answered():
            return
        if any(value not in known for value in chosen):
            raise StopValidation(_("Choose one of the answers in the list."))

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        given = [value for value in valuelist if isinstance(value, str)]
        try:
            self.data = self.coerce(given[0]) if given and given[0] != "" else None
        except (ValueError, TypeError, KeyError):
            self.data = None
            raise ValueError(_("Choose one of the answers in the list.")) from None


class _Boxes(_OfChoices):
    """Choices drawn as a group of radios or checkboxes."""

    kind: ClassVar[str] = "radio"

    def __init__(self, *args: Any, inline: bool = False, **kwargs: Any) -> None:
        self.inline = inline
        super().__init__(*args, **kwargs)

    def __call__(self, **given: Any) -> Markup:
        draw = _macro("choice")
        chosen = {
            str(v)
            for v in (self.data if isinstance(self.data, list) else [self.data])
            if v is not None
        }
        parts = []
        for number, choice in enumerate(self.choices):
            value, words = str(choice.value), choice.label
            attributes = {
                "type": self.kind,
                "name": self.name,
                "value": value,
                "id": f"{self.id}-{number}",
                "checked": value in chosen,
                "aria_invalid": "true" if self.errors else False,
                **given,
            }
            control = Markup(f"<input {widgets.html_params(**attributes)}>")  # noqa: S704  escaped by html_params
            parts.append(draw(control, attributes["id"], words, self.hints.get(value, "")))
        return _macro("group")(self, Markup("").join(parts), self.inline)


class ChoiceField(_Boxes, wtforms.SelectField):
    """One answer, all of them in view."""


class MultiChoiceField(_Boxes, wtforms.SelectMultipleField):
    """Any number of answers, all of them in view."""

    kind: ClassVar[str] = "checkbox"

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        try:
            self.data = [self.coerce(v) for v in valuelist if isinstance(v, str)]
        except (ValueError, TypeError, KeyError):
            self.data = []
            raise ValueError(_("Choose one of the answers in the list.")) from None


class SelectField(_OfChoices, wtforms.SelectField):
    """One answer of many, in a list that opens."""


class CheckField(_Asked, wtforms.BooleanField):
    """One box. With `required=True` it must be ticked."""

    drawn_by: ClassVar[str] = "check"

    def __init__(self, label: Text | None = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, **{"required": False, **kwargs})

    @property
    def is_optional(self) -> bool:
        return False

    def missing_words(self) -> str:
        return str(_("Tick “%(field)s” to go on.", field=str(self.label.text)))


class IntegerField(_Asked, wtforms.Field):
    """A whole number between `minimum` and `maximum`."""

    widget = widgets.TextInput()

    def __init__(
        self,
        label: Text | None = None,
        validators: Any = None,
        *,
        minimum: int = 0,
        maximum: int = 1_000_000,
        **kwargs: Any,
    ) -> None:
        self.minimum, self.maximum, self.typed = minimum, maximum, ""
        super().__init__(label, validators, **kwargs)

    def is_answered(self) -> bool:
        return self.data is not None

    def _value(self) -> str:
        return self.typed or ("" if self.data is None else str(self.data))

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.typed, self.data = _only_text(valuelist).strip()[:40], None
        if not self.typed:
            return
        plain = re.sub(r"[\s\u00a0\u202f']", "", self.typed)
        if not re.fullmatch(r"-?[0-9]{1,15}", plain):
            raise ValueError(_("Enter a whole number."))
        if not self.minimum <= int(plain) <= self.maximum:
            raise ValueError(
                _(
                    "Enter a number from %(low)s to %(high)s.",
                    low=format_number(self.minimum),
                    high=format_number(self.maximum),
                )
            )
        self.data = int(plain)

    def attributes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return super().attributes({"inputmode": "numeric", "class_": "short", **given})


_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_WRITTEN = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})")  # day first, as we write it


def read_date(typed: str) -> date:
    """A day as browsers send it or people write it. Raises ValueError in words."""
    found = _ISO.fullmatch(typed)
    parts = [int(p) for p in found.groups()] if found else None
    if parts is None and (found := _WRITTEN.fullmatch(typed)):
        parts = [int(p) for p in reversed(found.groups())]
    try:
        if parts and 1900 <= parts[0] <= 2200:
            return date(*parts)
    except ValueError:
        pass
    raise ValueError(_("Enter a day that exists, like 4/12/2026."))


def read_time(typed: str) -> time:
    """A time of day, 24 hours. Raises ValueError in words."""
    found = re.fullmatch(r"(\d{1,2})[:.h](\d{2})(?::\d{2})?", typed)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    raise ValueError(_("Enter a time like 18:00."))


class DateField(_Asked, wtforms.Field):
    """A calendar day, without a time zone."""

    widget = widgets.DateInput()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.typed = ""
        super().__init__(*args, **kwargs)

    def _value(self) -> str:
        return self.typed or (self.data.isoformat() if self.data else "")

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.typed, self.data = _only_text(valuelist).strip()[:40], None
        if self.typed:
            self.data = read_date(self.typed)

    def attributes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return super().attributes({"class_": "medium", **given})


class DateTimeField(_Asked, wtforms.Field):
    """A moment: wall time in a zone, kept as an aware UTC instant.

    `zone` is an IANA name, the instance's unless told; a view may set it per request. With
    `choose_zone` the person picks it. A time the clocks skip is refused; one that happens
    twice means the first.
    """

    drawn_by: ClassVar[str] = "moment"
    data: datetime | None

    def __init__(
        self,
        label: Text | None = None,
        validators: Any = None,
        *,
        zone: str | None = None,
        choose_zone: bool = False,
        **kwargs: Any,
    ) -> None:
        self.zone = zone or ""
        self.choose_zone = choose_zone
        self.typed = {"date": "", "time": ""}
        super().__init__(label, validators, **kwargs)

    @property
    def zone_key(self) -> str:
        """The zone this field is read in."""
        return self.zone or str(current_app.config["TIMEZONE"])

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        self.process_errors = []
        if data is unset_value:
            data = self.default() if callable(self.default) else self.default
        self.object_data = self.data = data
        if formdata is None or f"{self.name}-date" not in formdata:
            return
        self.raw_data = formdata.getlist(f"{self.name}-date")
        self.typed = {
            part: _only_text(formdata.getlist(f"{self.name}-{part}")).strip()[:40]
            for part in ("date", "time")
        }
        self.data = None
        try:
            self._read(_only_text(formdata.getlist(f"{self.name}-zone")))
        except ValueError as error:
            self.process_errors.append(str(error))

    def _read(self, zone: str) -> None:
        if self.choose_zone and zone:
            if zone not in available_timezones():
                raise ValueError(_("Choose a time zone from the list."))
            self.zone = zone
        if not self.typed["date"] and not self.typed["time"]:
            return
        if not self.typed["date"]:
            raise ValueError(_("Enter the day as well."))
        if not self.typed["time"]:
            raise ValueError(_("Enter the time as well, like 18:00."))
        wall = datetime.combine(read_date(self.typed["date"]), read_time(self.typed["time"]))
        place = ZoneInfo(self.zone_key)
        instant = wall.replace(tzinfo=place).astimezone(UTC)
        if instant.astimezone(place).replace(tzinfo=None) != wall:
            raise ValueError(
                _(
                    "The clocks go forward that night: this time does not exist. Choose one an hour later."
                )
            )
        self.data = instant

    def _shown(self, part: str) -> str:
        if self.typed[part] or self.data is None:
            return self.typed[part]
        local = self.data.astimezone(ZoneInfo(self.zone_key))
        return local.strftime("%Y-%m-%d" if part == "date" else "%H:%M")

    def __call__(self, **given: Any) -> Markup:
        def box(part: str, size: str) -> Markup:
            attributes = {
                "type": part,
                "id": f"{self.id}-{part}",
                "name": f"{self.name}-{part}",
                "value": self._shown(part),
                "class_": size,
                "aria_invalid": "true" if self.errors else False,
                **given,
            }
            return Markup(f"<input {widgets.html_params(**attributes)}>")  # noqa: S704  escaped by html_params

        words = "" if self.choose_zone else zone_name(self.zone_key)
        zones = self._zones() if self.choose_zone else ""
        return _macro(self.drawn_by)(
            self, box("date", "medium"), box("time", "short"), zones, words
        )

    def _zones(self) -> Markup:
        near = [
            "Europe/Paris",
            "Europe/London",
            "Europe/Brussels",
            "Europe/Amsterdam",
            "Europe/Berlin",
            "UTC",
        ]
        names = dict.fromkeys([self.zone_key, str(current_app.config["TIMEZONE"]), *near])
        options = Markup("").join(
            Markup('<option value="{}"{}>{}</option>').format(
                name, Markup(" selected") if name == self.zone_key else "", name.replace("_", " ")
            )
            for name in names
        )
        return Markup('<select id="{0}-zone" name="{1}-zone">{2}</select>').format(
            self.id, self.name, options
        )


class FileField(_Asked, wtforms.FileField):
    """One file. `accept` helps the browser's dialog; core.files has the last word."""

    def __init__(
        self, label: Text | None = None, validators: Any = None, *, accept: str = "", **kwargs: Any
    ) -> None:
        self.accept = accept
        super().__init__(label, validators, **kwargs)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        found = (value for value in valuelist if isinstance(value, FileStorage) and value.filename)
        self.data = next(found, None)

    def is_answered(self) -> bool:
        return self.data is not None

    def missing_words(self) -> str:
        return str(_("Choose a file for “%(field)s”.", field=str(self.label.text)))

    def attributes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return super().attributes({"accept": self.accept or None, **given})


class HiddenField(wtforms.HiddenField):
    """A value that travels along; hidden_tag() draws it."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.data = _only_text(valuelist)[:2000]


class SubmitField(wtforms.SubmitField):
    """A named button: `data` is true when it was the one pressed."""

    def __call__(self, *, tone: str = "", icon: str = "", **given: Any) -> Markup:
        button = current_app.jinja_env.get_template("components/button.html").module.button  # type: ignore[attr-defined]
        return Markup(button(self.label.text, tone, icon, name=self.name, value="1"))  # noqa: S704  a macro
