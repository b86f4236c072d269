"""What people fill in to send an idea, to support it, to ask somebody to stand beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms.validators import ValidationError

from engage.commons.accounts.models import Organisation
from engage.core.forms import (
    CheckField,
    ChoiceField,
    EmailField,
    FileField,
    Form,
    HiddenField,
    IntegerField,
    MarkdownField,
    MultiChoiceField,
    SelectField,
    TextAreaField,
    TextField,
)
from engage.core.i18n import _, _l, language_name, locale_now, locales
from engage.programmes.ideas.models import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    Call,
    CallField,
    FieldKind,
    Idea,
    Naming,
)
from engage.programmes.ideas.service.writing import IdeaDraft

_NUMBER = r"[-+]?\d{1,3}(?:\.\d{1,10})?"
# "50.97, 1.85" as maps give it; an address of a map with the two numbers in it
_PAIR = re.compile(rf"({_NUMBER})\s*[,; ]\s*({_NUMBER})")
_IN_ADDRESS = re.compile(rf"(?:@|geo:|#map=[\d.]+/|[?&](?:q|ll|query)=)({_NUMBER})[,/]({_NUMBER})")
_ACCEPTED = ".jpg,.jpeg,.png,.webp,.gif,.pdf,.docx,.odt,.xlsx,.ods,.txt"


class Buttons(Form):
    """Only a token and a key: for pages that ask once more, and for single buttons."""


def read_point(typed: str) -> tuple[float, float] | None:
    """Latitude and longitude of what people copy from a map. Raises ValueError in words."""
    typed = typed.strip()
    if not typed:
        return None
    found = _PAIR.fullmatch(typed) or _IN_ADDRESS.search(typed)
    if found is None:
        raise ValueError(_("Enter two numbers like 50.968, 1.852, or leave it empty."))
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError(_("This point is not on the earth: latitude first, then longitude."))
    return latitude, longitude


class PointField(TextField):
    """A point on the map as two numbers; `point` once it could be read."""

    point: tuple[float, float] | None = None

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        super().post_validate(form, validation_stopped)
        try:
            self.point = read_point(self.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from None


def _number_or_none(value: Any) -> int | None:
    return int(value) if value not in ("", None) else None


class IdeaForm(Form):
    """An idea. Fields a call does not ask for are taken out when it is made."""

    revision = HiddenField()
    title = TextField(
        _l("Your idea in one sentence"),
        description=_l("What should be done, and where? People read this first."),
        maximum=LONGEST_TITLE,
        missing=_l("Say your idea in one sentence."),
    )
    category_id = SelectField(_l("Category"), coerce=_number_or_none)
    body = MarkdownField(
        _l("Tell more"),
        description=_l("What is the matter today, what would change, who would it help?"),
        maximum=LONGEST_TEXT,
        rows=10,
        missing=_l("Tell at least a little more than the title."),
    )
    known_place = SelectField(
        _l("A place others have named"),
        description=_l("Choosing one fills in the two fields below."),
        required=False,
    )
    place_name = TextField(
        _l("Where is it?"),
        description=_l("A street, a quay, a building: as you would tell a neighbour."),
        maximum=200,
        required=False,
    )
    point = PointField(
        _l("Point on the map"),
        description=_l("Latitude and longitude as a map shows them, for example 50.968, 1.852."),
        maximum=300,
        required=False,
    )
    language = SelectField(_l("I write in"))
    organisation_id = SelectField(_l("I put it forward"), required=False)
    hides_author = CheckField(
        _l("Do not show my name to the public"),
        description=_l("The people who work on it still see who you are."),
    )
    upload = FileField(
        _l("A picture or a document"),
        description=_l("Up to 25 MB. You can add more on the next page."),
        required=False,
        accept=_ACCEPTED,
    )
    upload_title = TextField(
        _l("What it shows"),
        description=_l("For people who cannot see the picture, and under it."),
        maximum=200,
        required=False,
    )

    def __init__(
        self,
        call: Call,
        organisations: Sequence[Organisation] = (),
        *,
        takes_files: bool = True,
        places: Mapping[str, tuple[float, float]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.call, self.places = call, places or {}
        self._offer(call, organisations)
        if not (call.takes_files and takes_files):
            del self.upload, self.upload_title

    def _offer(self, call: Call, organisations: Sequence[Organisation]) -> None:
        locale = locale_now()
        if call.categories:
            rows = [(category.id, category.name_in(locale)) for category in call.categories]
            self.category_id.offer([("", _("Choose a category")), *rows])
        else:
            del self.category_id
        languages = call.languages or list(locales())
        if len(languages) > 1:
            self.language.offer([(code, language_name(code)) for code in languages])
            if self.language.data is None:
                self.language.data = locale if locale in languages else languages[0]
        else:
            del self.language
        if organisations and call.takes_organisations:
            voices = [
                (str(found.id), _("for %(organisation)s", organisation=found.name))
                for found in organisations
            ]
            self.organisation_id.offer([("", _("for myself")), *voices])
        else:
            del self.organisation_id
        if call.naming is not Naming.CHOICE:
            del self.hides_author
        if not call.takes_places:
            del self.place_name, self.point
        if call.takes_places and self.places:
            self.known_place.offer(
                [("", _("None of them")), *((name, name) for name in self.places)]
            )
        else:
            del self.known_place

    @property
    def seen_revision(self) -> int | None:
        """The revision this form was drawn from; None for one that is new or forged."""
        text = str(self.revision.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    @property
    def extra(self) -> list[Any]:
        """The call's own questions, as fields, in their order."""
        return [self[field.key] for field in self.call.fields]

    def fill(self, idea: Idea) -> None:
        """Show what is kept, when nothing was sent."""
        if self.is_submitted():
            return
        self.revision.data = str(idea.revision)
        self.title.data, self.body.data = idea.title, idea.body
        kept: dict[str, Any] = {
            "category_id": idea.category_id,
            "language": idea.language,
            "organisation_id": str(idea.organisation_id or ""),
            "hides_author": idea.hides_author,
            "place_name": idea.place_name,
            "point": ""
            if idea.latitude is None or idea.longitude is None
            else f"{idea.latitude:g}, {idea.longitude:g}",
        }
        for name, value in kept.items():
            if name in self:
                self[name].data = value
        for field in self.call.fields:
            if field.key in idea.answers:
                self[field.key].data = _shown(field, idea.answers[field.key])

    def draft(self) -> IdeaDraft:
        """What was filled in, as plain data."""
        point = self.point.point if "point" in self else None
        chosen = self._data("known_place")
        if chosen in self.places:
            point = self.places[chosen]
        organisation = self._data("organisation_id")
        languages = self.call.languages or list(locales())
        return IdeaDraft(
            title=self.title.data or "",
            body=self.body.data or "",
            category_id=self._data("category_id"),
            language=self._data("language")
            or (locale_now() if locale_now() in languages else languages[0]),
            answers={
                field.key: _kept(field, self[field.key].data)
                for field in self.call.fields
                if self[field.key].is_answered()
            },
            organisation_id=int(organisation) if organisation else None,
            hides_author=bool(self._data("hides_author")),
            place_name=chosen or self._data("place_name") or "",
            latitude=point[0] if point else None,
            longitude=point[1] if point else None,
        )

    def _data(self, name: str) -> Any:
        return self[name].data if name in self else None


def idea_form(
    call: Call,
    organisations: Sequence[Organisation] = (),
    *,
    is_draft: bool = False,
    takes_files: bool = True,
    places: Mapping[str, tuple[float, float]] | None = None,
) -> IdeaForm:
    """The form of this call with its own questions. `is_draft`: nothing has to be answered yet."""
    locale = locale_now()
    questions = {
        field.key: _question(field, locale, required=field.is_required and not is_draft)
        for field in call.fields
    }
    made: IdeaForm = type("CallIdeaForm", (IdeaForm,), questions)(
        call, organisations, takes_files=takes_files, places=places
    )
    if is_draft:
        for name in ("title", "body", "category_id"):
            if name in made:
                _let_empty(made[name])
    return made


def _let_empty(field: Any) -> None:
    field.is_needed = False
    for check in field.validators:
        if hasattr(check, "required"):
            check.required = False


def _question(field: CallField, locale: str, *, required: bool) -> Any:
    common: dict[str, Any] = {
        "description": _hint(field, locale),
        "required": required,
    }
    label = field.label_in(locale)
    if field.kind is FieldKind.LONG:
        return TextAreaField(label, maximum=2000, rows=4, **common)
    if field.kind is FieldKind.NUMBER:
        return IntegerField(label, minimum=0, maximum=1_000_000_000, **common)
    if field.kind is FieldKind.YES_NO:
        choices = [("yes", _("Yes")), ("no", _("No"))]
        return ChoiceField(label, choices=choices, inline=True, **common)
    if field.kind is FieldKind.SINGLE:
        return ChoiceField(label, choices=field.options_in(locale), **common)
    if field.kind is FieldKind.MULTIPLE:
        return MultiChoiceField(label, choices=field.options_in(locale), **common)
    return TextField(label, maximum=200, **common)


def _hint(field: CallField, locale: str) -> str:
    hint = field.hint_in(locale)
    if field.is_public:
        return hint
    private = _("Only the people who work on the ideas read this.")
    return f"{hint} {private}".strip()


def _kept(field: CallField, value: Any) -> Any:
    return value == "yes" if field.kind is FieldKind.YES_NO else value


def _shown(field: CallField, value: Any) -> Any:
    if field.kind is FieldKind.YES_NO:
        return "yes" if value else "no"
    return value


class UploadForm(Form):
    """One more picture or document."""

    upload = FileField(
        _l("A picture or a document"), description=_l("Up to 25 MB."), accept=_ACCEPTED
    )
    title = TextField(
        _l("What it shows"),
        description=_l("For people who cannot see the picture, and under it."),
        maximum=200,
        missing=_l("Say in a few words what it shows."),
    )


class InvitationForm(Form):
    """Whom to ask to be a co-author."""

    email = EmailField(
        _l("E-mail address of the co-author"),
        description=_l("We send a link. Their name appears once they have said yes."),
    )


class SupportForm(Form):
    """For whom an idea is supported, and whether it is taken back."""

    value = HiddenField(default="yes")
    organisation_id = HiddenField()
    back = HiddenField()

    @property
    def is_taken_back(self) -> bool:
        """Was the button pressed that ends the support?"""
        return self.value.data == "no"

    @property
    def for_organisation(self) -> int | None:
        """The organisation spoken for, None for oneself; the service judges the right."""
        text = str(self.organisation_id.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
