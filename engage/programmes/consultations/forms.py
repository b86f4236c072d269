"""What organisers fill in; shape and wording only."""

from __future__ import annotations

from datetime import date
from typing import Any

from engage.core.forms import (
    CheckField,
    ChoiceField,
    DateField,
    DateTimeField,
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
from engage.core.i18n import _, _l, language_name, locales
from engage.programmes.consultations.models import (
    THEME_LABELS,
    Consultation,
    ConsultationTranslation,
    Theme,
    TranslationMark,
)
from engage.programmes.consultations.service.writing import WRITTEN, Brief

STEPS = 6
MILESTONES = 6

MARK_LABELS = {
    TranslationMark.HUMAN: _l("Written or checked by a person"),
    TranslationMark.MACHINE: _l("Made by a machine, not checked yet"),
    TranslationMark.OUTDATED: _l("Outdated: the original changed"),
}


def _languages() -> list[tuple[str, str]]:
    return [(locale, language_name(locale)) for locale in locales()]


class BriefForm(Form):
    """A whole consultation on one page, apart from its texts, hosts and steps."""

    title = TextField(_l("Title"), description=_l("What it is about, in plain words."), maximum=160)
    summary = TextAreaField(
        _l("Summary"),
        description=_l("One or two sentences. They stand on the card and under the title."),
        maximum=400,
        rows=3,
        required=False,
    )
    language = SelectField(_l("Language you write it in"), description=_l("Translate it later."))
    body = MarkdownField(
        _l("What it is about"), profile="letter", maximum=12000, rows=10, required=False
    )
    audience = TextField(
        _l("Who is asked"),
        description=_l("For example: everybody who lives or works near the port."),
        maximum=300,
        required=False,
    )
    decides = TextField(_l("Who decides in the end, and when"), maximum=300, required=False)
    opens_at = DateTimeField(_l("Opens"), required=False)
    closes_at = DateTimeField(
        _l("Closes"),
        description=_l("The second itself is closed: what arrives at 18:00:00 is late."),
        required=False,
    )
    answer_days = IntegerField(
        _l("Days until everything is answered"), minimum=1, maximum=365, default=30
    )
    allows_guests = CheckField(
        _l("People without an account may comment"),
        description=_l("Their comments appear once they confirm by e-mail."),
    )
    themes = MultiChoiceField(_l("Themes"), coerce=Theme, required=False, inline=True)
    contact_name = TextField(_l("Contact: name or service"), maximum=120, required=False)
    contact_email = EmailField(_l("Contact: e-mail"), required=False, autocomplete="off")
    contact_phone = TextField(_l("Contact: telephone"), maximum=40, required=False)
    paper = MarkdownField(
        _l("How to take part on paper"), profile="letter", maximum=2000, rows=4, required=False
    )
    revision = HiddenField()

    def __init__(self, consultation: Consultation | None = None, **kwargs: Any) -> None:
        filled = {}
        if consultation is not None:
            filled = {
                name: getattr(consultation, name)
                for name in (*WRITTEN, *_SETTINGS, "language", "opens_at", "closes_at", "revision")
            }
            filled["themes"] = [row.theme for row in consultation.themes]
        super().__init__(data=filled, **kwargs)
        self.language.choices = _languages()
        self.themes.choices = [(theme.value, label) for theme, label in THEME_LABELS.items()]
        if consultation is not None:
            self.opens_at.zone = self.closes_at.zone = consultation.time_zone

    def lock_window(self) -> None:
        """Leave the dates out: they are changed by extending or closing, with a reason."""
        del self.opens_at
        del self.closes_at

    def brief(self, time_zone: str) -> Brief:
        """What was filled in."""
        has_window = "opens_at" in self
        return Brief(
            language=self.language.data or "",
            time_zone=time_zone,
            opens_at=self.opens_at.data if has_window else None,
            closes_at=self.closes_at.data if has_window else None,
            themes=tuple(self.themes.data or ()),
            **{name: self[name].data for name in (*WRITTEN, *_SETTINGS)},
        )


_SETTINGS = (
    "answer_days",
    "allows_guests",
    "contact_name",
    "contact_email",
    "contact_phone",
)


class TranslationForm(Form):
    """All words once more, in another language."""

    title = TextField(_l("Title"), maximum=160)
    summary = TextAreaField(_l("Summary"), maximum=400, rows=3, required=False)
    body = MarkdownField(
        _l("What it is about"), profile="letter", maximum=12000, rows=10, required=False
    )
    audience = TextField(_l("Who is asked"), maximum=300, required=False)
    decides = TextField(_l("Who decides in the end, and when"), maximum=300, required=False)
    paper = MarkdownField(
        _l("How to take part on paper"), profile="letter", maximum=2000, rows=4, required=False
    )
    outcome = MarkdownField(
        _l("What came of it"), profile="letter", maximum=12000, rows=8, required=False
    )
    mark = ChoiceField(_l("How far may it be trusted?"), coerce=TranslationMark)
    revision = HiddenField()

    def __init__(
        self, revision: int, translation: ConsultationTranslation | None, **kwargs: Any
    ) -> None:
        filled: dict[str, Any] = {"revision": revision, "mark": TranslationMark.HUMAN}
        if translation is not None:
            filled |= {name: getattr(translation, name) for name in _TRANSLATED}
        super().__init__(data=filled, **kwargs)
        self.mark.choices = [
            (mark.value, label)
            for mark, label in MARK_LABELS.items()
            if mark is not TranslationMark.OUTDATED
        ]

    def words(self) -> dict[str, str]:
        """The words by name."""
        return {name: self[name].data or "" for name in _TRANSLATED}


_TRANSLATED = (*WRITTEN, "outcome")


class HostForm(Form):
    """An organisation that asks, and what it does."""

    organisation_id = SelectField(_l("Organisation"), coerce=int)
    role = TextField(
        _l("What it does here"),
        description=_l("For example: leads the plan, decides on roads, speaks for businesses."),
        maximum=200,
        required=False,
    )


class DocumentForm(Form):
    """A plan text to begin with; its words come on the next page."""

    title = TextField(_l("Title of the text"), maximum=200)
    language = SelectField(_l("Language of the text"))
    translation_of_id = SelectField(_l("Is it a translation?"), coerce=int, required=False)

    def __init__(self, texts: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.language.choices = _languages()
        self.translation_of_id.choices = [(0, _("No, it is a text of its own")), *texts]


class AttachmentForm(Form):
    """A file to read beside the texts."""

    title = TextField(_l("What the file is"), maximum=200)
    language = SelectField(_l("Language of the file"))
    file = FileField(
        _l("File"), description=_l("PDF, office document, picture or table, up to 25 MB.")
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.language.choices = _languages()


class CoverForm(Form):
    """A picture for the head of the page."""

    file = FileField(
        _l("Picture"),
        description=_l("JPEG, PNG or WebP, best 1600 by 900. Without one we draw a harbour."),
        accept="image/jpeg,image/png,image/webp",
    )


class ExtendForm(Form):
    """More time, and why."""

    closes_at = DateTimeField(_l("New closing time"))
    reason = TextAreaField(
        _l("Why"), description=_l("Everybody will read it."), maximum=500, rows=3
    )


class ReasonForm(Form):
    """A reason everybody will read."""

    reason = TextAreaField(
        _l("Why"), description=_l("Everybody will read it."), maximum=500, rows=3
    )


class OutcomeForm(Form):
    """What came of it."""

    outcome = MarkdownField(
        _l("What came of it, and what changed because of what people wrote"),
        profile="letter",
        maximum=12000,
        rows=14,
    )


class StepsForm(Form):
    """What happens with an answer, and extra dates, as numbered rows in every language."""

    revision = HiddenField()

    def step_rows(self) -> list[dict[str, Any]]:
        """Rows of the page: number and the fields of each language."""
        return self._rows("step", STEPS, ("title", "text"))

    def milestone_rows(self) -> list[dict[str, Any]]:
        """The same for dates; each has its day."""
        rows = self._rows("milestone", MILESTONES, ("title",))
        for row in rows:
            row["on"] = self[f"milestone_{row['number']}_on"]
        return rows

    def steps(self) -> list[dict[str, Any]]:
        """What was filled in, in the shape of the column; empty rows are dropped."""
        found = []
        for row in self.step_rows():
            title = {
                locale: fields["title"].data
                for locale, fields in row["said"]
                if fields["title"].data
            }
            text = {
                locale: fields["text"].data for locale, fields in row["said"] if fields["text"].data
            }
            if title or text:
                found.append({"title": title, "text": text})
        return found

    def milestones(self) -> list[dict[str, Any]]:
        """The same for dates; a title without a day, or a day without one, is refused before."""
        found = []
        for row in self.milestone_rows():
            title = {
                locale: fields["title"].data
                for locale, fields in row["said"]
                if fields["title"].data
            }
            day: date | None = row["on"].data
            if title and day:
                found.append({"on": day.isoformat(), "title": title})
        return found

    def validate(self, extra_validators: Any = None) -> bool:
        """Both halves of a date, or neither."""
        sound = bool(super().validate(extra_validators))
        for row in self.milestone_rows():
            first = row["said"][0][1]["title"]
            if row["on"].data and not any(fields["title"].data for _locale, fields in row["said"]):
                first.errors = [*first.errors, _("Say what happens on this day.")]
                sound = False
            elif first.data and not row["on"].data and not row["on"].errors:
                row["on"].errors = [*row["on"].errors, _("Enter the day.")]
                sound = False
        return sound

    def _rows(self, name: str, count: int, fields: tuple[str, ...]) -> list[dict[str, Any]]:
        return [
            {
                "number": number,
                "said": [
                    (locale, {field: self[f"{name}_{number}_{field}_{locale}"] for field in fields})
                    for locale in locales()
                ],
            }
            for number in range(1, count + 1)
        ]


def steps_form(consultation: Consultation) -> StepsForm:
    """The form with as many languages as the site has, filled with what is there."""
    fields: dict[str, Any] = {}
    filled: dict[str, Any] = {"revision": consultation.revision}
    spoken = [consultation.language, *(one for one in locales() if one != consultation.language)]
    for number in range(1, STEPS + 1):
        for locale in spoken:
            said = language_name(locale)
            fields[f"step_{number}_title_{locale}"] = TextField(
                _("Step %(number)d, %(language)s", number=number, language=said),
                maximum=200,
                required=False,
            )
            fields[f"step_{number}_text_{locale}"] = TextField(
                _("More about step %(number)d, %(language)s", number=number, language=said),
                maximum=500,
                required=False,
            )
    for number in range(1, MILESTONES + 1):
        fields[f"milestone_{number}_on"] = DateField(
            _("Day of date %(number)d", number=number), required=False
        )
        for locale in spoken:
            fields[f"milestone_{number}_title_{locale}"] = TextField(
                _("Date %(number)d, %(language)s", number=number, language=language_name(locale)),
                maximum=120,
                required=False,
            )
    for number, step in enumerate(consultation.steps[:STEPS], 1):
        for field in ("title", "text"):
            for locale, text in step.get(field, {}).items():
                filled[f"step_{number}_{field}_{locale}"] = text
    for number, milestone in enumerate(consultation.milestones[:MILESTONES], 1):
        filled[f"milestone_{number}_on"] = date.fromisoformat(str(milestone["on"]))
        for locale, text in milestone["title"].items():
            filled[f"milestone_{number}_title_{locale}"] = text
    made: type[StepsForm] = type("FilledStepsForm", (StepsForm,), fields)
    return made(data=filled)
