"""What organisers and officers fill in; shape and wording only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from engage.commons.accounts.models import StakeholderKind
from engage.core import clock
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
from engage.programmes.ideas.models import (
    CALL_WORDS,
    FIELD_LABELS,
    NAMING_LABELS,
    OUTCOMES,
    STATE_LABELS,
    Call,
    CallTranslation,
    FieldKind,
    Idea,
    IdeaState,
    Naming,
    TranslationMark,
)
from engage.programmes.ideas.office_queries import ScoreLine
from engage.programmes.ideas.service.calls import (
    Brief,
    CategoryBrief,
    CriterionBrief,
    FieldBrief,
)

BLANK_ROWS = 3

KIND_LABELS = {
    StakeholderKind.RESIDENT: _l("Residents"),
    StakeholderKind.BUSINESS: _l("Businesses"),
    StakeholderKind.AUTHORITY: _l("Authorities"),
    StakeholderKind.ASSOCIATION: _l("Associations"),
    StakeholderKind.RESEARCHER: _l("Researchers"),
}

MARK_LABELS = {
    TranslationMark.HUMAN: _l("Written or checked by a person"),
    TranslationMark.MACHINE: _l("Made by a machine, not checked yet"),
    TranslationMark.OUTDATED: _l("Outdated: the original changed"),
}


@dataclass(frozen=True)
class Template:
    """A call to start from: its rules, and what ideas are sorted and scored by."""

    key: str
    label: Any
    hint: Any
    brief: dict[str, Any]
    categories: tuple[Any, ...] = ()
    criteria: tuple[tuple[Any, int, bool], ...] = ()


_SCORED = (
    (_l("Feasibility"), 2, False),
    (_l("Cost"), 1, True),
    (_l("Impact"), 3, False),
)

TEMPLATES = (
    Template(
        "open",
        _l("Ideas from everybody"),
        _l("Names shown, published at once, any number of supports."),
        {"answer_days": 30, "edit_hours": 24},
        (_l("Environment"), _l("Mobility"), _l("Town and port"), _l("Digital port")),
        _SCORED,
    ),
    Template(
        "business",
        _l("Ideas from businesses"),
        _l("Only businesses and researchers send ideas; everybody supports."),
        {"submit_kinds": ["business", "researcher"], "answer_days": 45, "edit_hours": 72},
        (_l("Energy"), _l("Logistics"), _l("Digital port")),
        _SCORED,
    ),
    Template(
        "careful",
        _l("A sensitive subject"),
        _l("Every idea is read before it appears; people choose whether their name is shown."),
        {"is_premoderated": True, "naming": Naming.CHOICE, "answer_days": 30, "edit_hours": 0},
        (_l("Safety"), _l("Environment")),
        _SCORED,
    ),
    Template(
        "few",
        _l("Choosing the best few"),
        _l("Each person may support three ideas; good before a vote."),
        {"supports_each": 3, "answer_days": 30, "edit_hours": 24},
        (_l("Environment"), _l("Mobility"), _l("Town and port")),
        _SCORED,
    ),
)


def template_of(key: str) -> Template:
    """The template of that key; the first for any other."""
    return next((found for found in TEMPLATES if found.key == key), TEMPLATES[0])


def _languages() -> list[tuple[str, str]]:
    return [(locale, language_name(locale)) for locale in locales()]


class CallForm(Form):
    """A whole call on one page, apart from hosts, categories, questions and criteria."""

    title = TextField(_l("Title"), description=_l("What you ask ideas for."), maximum=160)
    summary = TextAreaField(
        _l("Summary"),
        description=_l("One or two sentences. They stand on the card and under the title."),
        maximum=400,
        rows=3,
        required=False,
    )
    language = SelectField(_l("Language you write it in"), description=_l("Translate it later."))
    body = MarkdownField(
        _l("What ideas you look for, and what happens with them"),
        profile="letter",
        maximum=12000,
        rows=10,
        required=False,
    )
    opens_at = DateTimeField(_l("Opens"), required=False)
    closes_at = DateTimeField(
        _l("Closes for new ideas"),
        description=_l("The second itself is closed: what arrives at 18:00:00 is late."),
        required=False,
    )
    supports_close_at = DateTimeField(
        _l("Support and discussion end"),
        description=_l("Empty: together with the ideas."),
        required=False,
    )
    answer_days = IntegerField(
        _l("Days until an idea is answered"), minimum=1, maximum=365, default=30
    )
    edit_hours = IntegerField(
        _l("Hours in which a published idea may be changed"), minimum=0, maximum=2160, default=24
    )
    supports_each = IntegerField(
        _l("Supports for each person"),
        description=_l("Empty: as many as they like."),
        minimum=1,
        maximum=1000,
        required=False,
    )
    submit_kinds = MultiChoiceField(
        _l("Who may send ideas"),
        description=_l("None marked: everybody with an account."),
        required=False,
        inline=True,
    )
    support_kinds = MultiChoiceField(
        _l("Who may support"),
        description=_l("None marked: everybody with an account."),
        required=False,
        inline=True,
    )
    languages = MultiChoiceField(
        _l("Languages of ideas"),
        description=_l("None marked: every language of the site."),
        required=False,
        inline=True,
    )
    naming = ChoiceField(_l("Names of authors"), coerce=Naming)
    is_premoderated = CheckField(_l("Every idea is read before everybody can see it"))
    takes_organisations = CheckField(_l("Organisations may support too"))
    takes_places = CheckField(_l("An idea may say where"))
    takes_files = CheckField(_l("An idea may show pictures and documents"))
    contact_name = TextField(_l("Contact: name or service"), maximum=120, required=False)
    contact_email = EmailField(_l("Contact: e-mail"), required=False, autocomplete="off")
    revision = HiddenField()

    def __init__(
        self, call: Call | None = None, template: Template | None = None, **kwargs: Any
    ) -> None:
        filled: dict[str, Any] = {
            "naming": Naming.NAMED,
            "takes_organisations": True,
            "takes_places": True,
            "takes_files": True,
        }
        if template is not None:
            filled |= template.brief | self._usual_window()
        if call is not None:
            filled = {name: getattr(call, name) for name in (*_SETTINGS, *CALL_WORDS, "revision")}
        super().__init__(data=filled, **kwargs)
        self.language.choices = _languages()
        self.languages.choices = _languages()
        kinds = [(kind.value, label) for kind, label in KIND_LABELS.items()]
        self.submit_kinds.choices = list(kinds)
        self.support_kinds.choices = list(kinds)
        self.naming.choices = [(one.value, label) for one, label in NAMING_LABELS.items()]
        if call is not None:
            for name in ("opens_at", "closes_at", "supports_close_at"):
                self[name].zone = call.time_zone

    @staticmethod
    def _usual_window() -> dict[str, datetime]:
        """From the next full hour on, for six weeks, until 18:00: a beginning to change."""
        here = clock.now().astimezone(ZoneInfo(current_app.config["TIMEZONE"]))
        opens = (here + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        closes = (here + timedelta(weeks=6)).replace(hour=18, minute=0, second=0, microsecond=0)
        return {"opens_at": opens.astimezone(UTC), "closes_at": closes.astimezone(UTC)}

    def brief(self, time_zone: str) -> Brief:
        """What was filled in."""
        lists = ("languages", "submit_kinds", "support_kinds")
        given: dict[str, Any] = {
            name: self[name].data for name in (*_SETTINGS, *CALL_WORDS) if name not in lists
        }
        given |= {name: tuple(self[name].data or ()) for name in lists}
        given["naming"] = given["naming"] or Naming.NAMED
        return Brief(time_zone=time_zone, **given)


_SETTINGS = (
    "language",
    "opens_at",
    "closes_at",
    "supports_close_at",
    "languages",
    "submit_kinds",
    "support_kinds",
    "supports_each",
    "takes_organisations",
    "takes_places",
    "takes_files",
    "is_premoderated",
    "naming",
    "answer_days",
    "edit_hours",
    "contact_name",
    "contact_email",
)


class TranslationForm(Form):
    """All words of a call in another language."""

    title = TextField(_l("Title"), maximum=160)
    summary = TextAreaField(_l("Summary"), maximum=400, rows=3, required=False)
    body = MarkdownField(
        _l("What ideas you look for, and what happens with them"),
        profile="letter",
        maximum=12000,
        rows=10,
        required=False,
    )
    mark = ChoiceField(_l("How far it may be trusted"), coerce=TranslationMark)
    revision = HiddenField()

    def __init__(self, call: Call, present: CallTranslation | None, **kwargs: Any) -> None:
        filled: dict[str, Any] = {"revision": call.revision, "mark": TranslationMark.HUMAN}
        if present is not None:
            filled |= {name: getattr(present, name) for name in (*CALL_WORDS, "mark")}
        super().__init__(data=filled, **kwargs)
        self.mark.choices = [(mark.value, label) for mark, label in MARK_LABELS.items()]

    def words(self) -> dict[str, str]:
        """What was written."""
        return {name: self[name].data or "" for name in CALL_WORDS}


class HostsForm(Form):
    """Which organisations ask."""

    organisation_ids = MultiChoiceField(_l("Organisations that ask and answer"), required=False)

    def __init__(
        self, offered: Sequence[tuple[int, str]], chosen: list[str], **kwargs: Any
    ) -> None:
        super().__init__(data={"organisation_ids": chosen}, **kwargs)
        self.organisation_ids.choices = [(str(ident), name) for ident, name in offered]

    def ids(self) -> list[int]:
        """The chosen ids."""
        return [int(value) for value in self.organisation_ids.data or () if str(value).isdigit()]


class CoverForm(Form):
    """A picture on top."""

    file = FileField(_l("Picture"), accept=".jpg,.jpeg,.png,.webp")


class ReasonForm(Form):
    """A reason everybody reads."""

    reason = TextAreaField(_l("Reason"), maximum=2000, rows=4)


# --- rows of parts ----------------------------------------------------------------------------


class RowsForm(Form):
    """As many rows as there are, and some blank ones; a row without a name is left out."""

    keys: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The fields of each row by column."""
        for number, key in enumerate(self.keys, 1):
            found = {name: self[f"{key}_{name}"] for name in self.columns}
            yield {"number": number, "is_new": key.startswith("n"), **found}

    def ident(self, key: str) -> int | None:
        """The id of the row that stays; None for a new one."""
        return int(key[1:]) if key.startswith("r") else None


def _keys(rows: Sequence[Any], blank: int = BLANK_ROWS) -> tuple[str, ...]:
    return (*(f"r{row.id}" for row in rows), *(f"n{number}" for number in range(1, blank + 1)))


def _others(call: Call) -> list[str]:
    return [locale for locale in locales() if locale != call.language]


def categories_form(call: Call) -> RowsForm:
    """The categories with their names in each language."""
    fields: dict[str, Any] = {}
    filled: dict[str, Any] = {}
    keys = _keys(call.categories)
    others = _others(call)
    for number, key in enumerate(keys, 1):
        fields[f"{key}_name"] = TextField(
            _("Category %(number)d", number=number), maximum=80, required=False
        )
        for locale in others:
            fields[f"{key}_name_{locale}"] = TextField(
                _(
                    "Category %(number)d, %(language)s",
                    number=number,
                    language=language_name(locale),
                ),
                maximum=80,
                required=False,
            )
    for row in call.categories:
        filled[f"r{row.id}_name"] = row.name
        filled |= {f"r{row.id}_name_{locale}": row.names.get(locale, "") for locale in others}
    columns = ("name", *(f"name_{locale}" for locale in others))
    made = type("CategoriesForm", (RowsForm,), {**fields, "keys": keys, "columns": columns})
    form: RowsForm = made(data=filled)
    return form


def categories_of(form: RowsForm, call: Call) -> list[CategoryBrief]:
    """What was filled in."""
    return [
        CategoryBrief(
            name=form[f"{key}_name"].data.strip(),
            names={locale: form[f"{key}_name_{locale}"].data or "" for locale in _others(call)},
            id=form.ident(key),
        )
        for key in form.keys
        if (form[f"{key}_name"].data or "").strip()
    ]


def criteria_form(call: Call) -> RowsForm:
    """What is scored, with its weight."""
    fields: dict[str, Any] = {}
    filled: dict[str, Any] = {}
    keys = _keys(call.criteria)
    others = _others(call)
    for number, key in enumerate(keys, 1):
        fields[f"{key}_name"] = TextField(
            _("Criterion %(number)d", number=number), maximum=80, required=False
        )
        for locale in others:
            fields[f"{key}_name_{locale}"] = TextField(
                _(
                    "Criterion %(number)d, %(language)s",
                    number=number,
                    language=language_name(locale),
                ),
                maximum=80,
                required=False,
            )
        fields[f"{key}_weight"] = IntegerField(
            _("Weight of criterion %(number)d", number=number),
            minimum=1,
            maximum=10,
            required=False,
        )
        fields[f"{key}_reversed"] = CheckField(
            _("Low is better in criterion %(number)d, like a cost", number=number)
        )
    for row in call.criteria:
        filled |= {
            f"r{row.id}_name": row.name,
            f"r{row.id}_weight": row.weight,
            f"r{row.id}_reversed": row.is_reversed,
        }
        filled |= {f"r{row.id}_name_{locale}": row.names.get(locale, "") for locale in others}
    columns = ("name", *(f"name_{locale}" for locale in others), "weight", "reversed")
    made = type("CriteriaForm", (RowsForm,), {**fields, "keys": keys, "columns": columns})
    form: RowsForm = made(data=filled)
    return form


def criteria_of(form: RowsForm, call: Call) -> list[CriterionBrief]:
    """What was filled in."""
    return [
        CriterionBrief(
            name=form[f"{key}_name"].data.strip(),
            weight=form[f"{key}_weight"].data or 1,
            is_reversed=bool(form[f"{key}_reversed"].data),
            names={locale: form[f"{key}_name_{locale}"].data or "" for locale in _others(call)},
            id=form.ident(key),
        )
        for key in form.keys
        if (form[f"{key}_name"].data or "").strip()
    ]


def fields_form(call: Call) -> RowsForm:
    """The call's own questions."""
    fields: dict[str, Any] = {}
    filled: dict[str, Any] = {}
    keys = _keys(call.fields, 2)
    others = _others(call)
    for number, key in enumerate(keys, 1):
        fields[f"{key}_label"] = TextField(
            _("Question %(number)d", number=number), maximum=200, required=False
        )
        for locale in others:
            fields[f"{key}_label_{locale}"] = TextField(
                _(
                    "Question %(number)d, %(language)s",
                    number=number,
                    language=language_name(locale),
                ),
                maximum=200,
                required=False,
            )
        fields[f"{key}_hint"] = TextField(
            _("Hint to question %(number)d", number=number), maximum=300, required=False
        )
        fields[f"{key}_kind"] = SelectField(
            _("What question %(number)d asks for", number=number),
            choices=[(kind.value, label) for kind, label in FIELD_LABELS.items()],
            default=FieldKind.SHORT.value,
        )
        fields[f"{key}_options"] = TextAreaField(
            _("Choices of question %(number)d, one on each line", number=number),
            maximum=4000,
            rows=3,
            required=False,
        )
        for locale in others:
            fields[f"{key}_options_{locale}"] = TextAreaField(
                _(
                    "The same choices in the same order, %(language)s (%(number)d)",
                    number=number,
                    language=language_name(locale),
                ),
                maximum=4000,
                rows=3,
                required=False,
            )
        fields[f"{key}_required"] = CheckField(
            _("Question %(number)d must be answered", number=number)
        )
        fields[f"{key}_public"] = CheckField(
            _("Everybody reads the answers to question %(number)d", number=number)
        )
    for row in call.fields:
        filled |= {
            f"r{row.id}_label": row.label,
            f"r{row.id}_hint": row.hint,
            f"r{row.id}_kind": row.kind.value,
            f"r{row.id}_options": "\n".join(row.options),
            f"r{row.id}_required": row.is_required,
            f"r{row.id}_public": row.is_public,
        }
        for locale in others:
            filled[f"r{row.id}_label_{locale}"] = row.labels.get(locale, "")
            filled[f"r{row.id}_options_{locale}"] = "\n".join(row.option_labels.get(locale) or [])
    columns = (
        "label",
        *(f"label_{locale}" for locale in others),
        "hint",
        "kind",
        "options",
        *(f"options_{locale}" for locale in others),
        "required",
        "public",
    )
    made = type("FieldsForm", (RowsForm,), {**fields, "keys": keys, "columns": columns})
    form: RowsForm = made(data=filled)
    return form


def fields_of(form: RowsForm, call: Call) -> list[FieldBrief]:
    """What was filled in."""
    hints = {f"r{row.id}": dict(row.hints) for row in call.fields}
    return [
        FieldBrief(
            kind=FieldKind(form[f"{key}_kind"].data),
            label=form[f"{key}_label"].data.strip(),
            hint=form[f"{key}_hint"].data or "",
            options=_lines(form[f"{key}_options"].data),
            is_required=bool(form[f"{key}_required"].data),
            is_public=bool(form[f"{key}_public"].data),
            labels={locale: form[f"{key}_label_{locale}"].data or "" for locale in _others(call)},
            hints=hints.get(key, {}),
            option_labels={
                locale: list(lines)
                for locale in _others(call)
                if (lines := _lines(form[f"{key}_options_{locale}"].data))
            },
            id=form.ident(key),
        )
        for key in form.keys
        if (form[f"{key}_label"].data or "").strip()
    ]


def _lines(typed: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (typed or "").splitlines() if line.strip())


# --- one idea ---------------------------------------------------------------------------------


class MoveForm(Form):
    """The next state and why."""

    state = SelectField(_l("Where it stands next"))
    reason = TextAreaField(_l("Reason, read by everybody"), maximum=2000, rows=3)

    def __init__(self, states: Sequence[IdeaState], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state.choices = [(state.value, STATE_LABELS[state]) for state in states]


class AnswerForm(Form):
    """The official answer and what becomes of the idea with it."""

    outcome = ChoiceField(_l("What becomes of the idea"))
    organisation_id = SelectField(_l("Answer for"), coerce=int)
    language = SelectField(_l("Language of the answer"))
    body = MarkdownField(_l("Words of the answer"), profile="letter", maximum=10000, rows=10)
    revision = HiddenField()

    def __init__(self, call: Call, idea: Idea | None = None, **kwargs: Any) -> None:
        filled: dict[str, Any] = {"outcome": IdeaState.UNDER_REVIEW.value}
        if idea is not None:
            filled["language"] = idea.language
            if idea.answer is not None:
                filled |= {
                    "outcome": idea.answer.outcome.value,
                    "organisation_id": idea.answer.organisation_id,
                    "language": idea.answer.language,
                    "body": idea.answer.body,
                    "revision": idea.answer.revision,
                }
        super().__init__(data=filled, **kwargs)
        self.outcome.choices = [(state.value, STATE_LABELS[state]) for state in OUTCOMES]
        self.organisation_id.choices = [
            (host.organisation_id, host.organisation.name) for host in call.hosts
        ]
        self.language.choices = _languages()


class NoteForm(Form):
    """What only officers read."""

    body = TextAreaField(_l("Note, read by officers only"), maximum=4000, rows=3)


class OfficersForm(Form):
    """Who works on it."""

    officers = MultiChoiceField(_l("Who works on it"), coerce=int, required=False)

    def __init__(self, offered: Sequence[Any], chosen: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(data={"officers": list(chosen)}, **kwargs)
        self.officers.choices = [(person.id, person.display_name) for person in offered]


class CategoryForm(Form):
    """Where it is sorted."""

    category_id = SelectField(_l("Category"), coerce=int)

    def __init__(self, choices: Sequence[tuple[int, str]], chosen: int = 0, **kwargs: Any) -> None:
        super().__init__(data={"category_id": chosen}, **kwargs)
        self.category_id.choices = [(0, _("Without a category")), *choices]


def score_form(lines: Sequence[ScoreLine], locale: str, **options: Any) -> Form:
    """0 to 5 for each criterion; empty takes one's score back."""
    fields: dict[str, Any] = {}
    filled: dict[str, Any] = {}
    values = [("", _("Not scored")), *((str(value), str(value)) for value in range(6))]
    for line in lines:
        criterion = line.criterion
        fields[f"c{criterion.id}"] = SelectField(
            criterion.name_in(locale),
            description=criterion.hint
            or (_("5 is very expensive.") if criterion.is_reversed else _("5 is the best.")),
            choices=values,
            required=False,
        )
        filled[f"c{criterion.id}"] = "" if line.mine is None else str(line.mine)
    made = type("ScoreForm", (Form,), fields)
    form: Form = made(data=filled, scope="score", **options)
    return form


def scores_of(form: Form, lines: Sequence[ScoreLine]) -> dict[int, int | None]:
    """What was given, by criterion id."""
    found: dict[int, int | None] = {}
    for line in lines:
        value = form[f"c{line.criterion.id}"].data
        found[line.criterion.id] = int(value) if str(value or "").isdigit() else None
    return found


class MergeForm(Form):
    """Into which one, and why."""

    into = IntegerField(
        _l("Number of the idea it goes into"),
        description=_l("The number stands in the address of each idea."),
        minimum=1,
        maximum=2_147_483_647,
    )
    reason = TextAreaField(_l("Reason, read by everybody"), maximum=2000, rows=3)


class SplitForm(Form):
    """The part that stands by itself from now on."""

    title = TextField(_l("Title of the new idea"), maximum=120)
    body = MarkdownField(_l("The words that belong to it"), profile="letter", maximum=8000, rows=8)
    category_id = SelectField(_l("Category"), coerce=int, required=False)
    reason = TextAreaField(_l("Reason, read by everybody"), maximum=2000, rows=3)

    def __init__(self, choices: Sequence[tuple[int, str]], idea: Idea, **kwargs: Any) -> None:
        super().__init__(data={"body": idea.body, "category_id": idea.category_id or 0}, **kwargs)
        self.category_id.choices = [(0, _("Without a category")), *choices]


class OwnerForm(Form):
    """Who builds it."""

    organisation_id = SelectField(_l("Organisation that builds it"), coerce=int)

    def __init__(self, offered: Sequence[tuple[int, str]], chosen: int = 0, **kwargs: Any) -> None:
        super().__init__(data={"organisation_id": chosen}, **kwargs)
        self.organisation_id.choices = [(0, _("Nobody yet")), *offered]


class MilestoneForm(Form):
    """A step on the way."""

    title = TextField(_l("What will be done"), maximum=200)
    due_on = DateField(_l("Promised for"), required=False)


class PostForm(Form):
    """How it goes."""

    body = MarkdownField(_l("How it goes"), profile="letter", maximum=8000, rows=6)
    language = SelectField(_l("Language you write it in"))
    photo = FileField(_l("Photo"), accept=".jpg,.jpeg,.png,.webp", required=False)
    photo_text = TextField(
        _l("What the photo shows"),
        description=_l("For people who cannot see it."),
        maximum=300,
        required=False,
    )
    is_delivery = CheckField(_l("With this, the idea is done"))

    def __init__(self, language: str, **kwargs: Any) -> None:
        super().__init__(data={"language": language}, **kwargs)
        self.language.choices = _languages()


class PromoteForm(Form):
    """What it becomes, and perhaps in what it is added."""

    target = SelectField(_l("Add it to"), coerce=int)

    def __init__(self, choices: Sequence[tuple[int, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target.choices = list(choices)


# --- many, and files --------------------------------------------------------------------------

BULK = {
    "assign": _l("Assign people"),
    "move": _l("Give the next state"),
    "answer": _l("Draft the same answer"),
    "publish": _l("Publish their answers"),
    "sort": _l("Put into a category"),
    "let_in": _l("Publish what waits"),
}


class ImportForm(Form):
    """A file of ideas."""

    file = FileField(
        _l("File"),
        description=_l(
            "CSV or XLSX with a first row that names the columns, or a Decidim export, CSV or JSON."
            " Up to 20 MB."
        ),
        accept=".csv,.xlsx,.json,.txt",
    )
