"""What the living style sheet shows: one example of everything, made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engage.commons.accounts.models import StakeholderKind
from engage.core.charts import Series
from engage.core.forms import (
    CheckField,
    ChoiceField,
    DateTimeField,
    FileField,
    Form,
    MarkdownField,
    MultiChoiceField,
    SelectField,
    TextAreaField,
    TextField,
)
from engage.core.i18n import _, _l
from engage.core.paging import Page


class SampleForm(Form):
    """Every kind of field."""

    title = TextField(
        _l("Title of your idea"),
        description=_l("One sentence, like “Sockets for fishing boats”."),
        maximum=120,
    )
    change = TextAreaField(_l("What would change?"), maximum=1000, minimum=20, rows=4)
    theme = SelectField(
        _l("Theme"), choices=[("air", _l("Air and energy")), ("noise", _l("Noise"))]
    )
    picture = FileField(_l("A picture"), description=_l("JPEG or PNG, up to 5 MB."), required=False)
    kind = ChoiceField(
        _l("You are here as"),
        choices=[
            ("resident", _l("Resident"), _l("You live in one of the two towns.")),
            ("business", _l("Business"), _l("You speak for a company.")),
        ],
    )
    when = MultiChoiceField(
        _l("Tell me when"),
        choices=[("answer", _l("my idea gets an answer")), ("comment", _l("somebody comments"))],
        required=False,
    )
    at = DateTimeField(_l("Closes"), zone="Europe/Paris")
    body = MarkdownField(
        _l("Your comment on 2.3"), description=_l("Anyone can read what you write."), draft=False
    )
    agree = CheckField(_l("I may be named when the plan takes over my words"))


@dataclass(frozen=True)
class Crest:
    """An organisation as the components see one."""

    name: str
    mark: str | None


@dataclass(frozen=True)
class Step:
    """A phase as the components see one."""

    standing: str
    title: Any
    when: str
    text: Any = ""


@dataclass(frozen=True)
class Share:
    """How many of a group agree."""

    kind: str
    share: int | None


@dataclass(frozen=True)
class Sample:
    """All examples of one rendering."""

    form: Form
    bad: Form
    phases: list[Step]
    shares: list[Share]
    port: Crest
    cycle: Crest
    unmarked: Crest
    page: Page[int]
    written_at: datetime
    line: list[Series]
    months: list[str] = field(default_factory=list)
    kinds: tuple[str, ...] = tuple(str(kind) for kind in StakeholderKind)


def sample() -> Sample:
    """One example of everything."""
    data = {
        "title": "Sockets for fishing boats",
        "change": "Quieter nights.",
        "kind": "resident",
        "when": ["answer"],
        "at": datetime(2026, 12, 4, 17, tzinfo=UTC),
        "body": "Works on **one** season.",
    }
    bad = SampleForm(formdata=None, data={"change": "Better air"}, scope="bad")
    bad.change.errors = [_("Write at least %(least)s characters.", least=20)]
    bad.kind.errors = [_("Choose an answer to “%(field)s”.", field=bad.kind.label.text)]
    return Sample(
        form=SampleForm(formdata=None, data=data, scope="sample"),
        bad=bad,
        phases=[
            Step("done", _("Draft published"), "15 September 2026"),
            Step("now", _("Your comments"), _("until %(when)s", when="4 December 2026")),
            Step("next", _("We answer in public"), _("by %(day)s", day="15 January 2027")),
            Step("next", _("Councils decide"), "26 February 2027"),
        ],
        shares=[
            Share("resident", 72),
            Share("business", 43),
            Share("authority", 86),
            Share("researcher", 90),
        ],
        port=Crest("Two Harbours Port Authority", "port"),
        cycle=Crest("Opal Cycle Association", "cycle"),
        unmarked=Crest("Quay Neighbours", None),
        page=Page([1], 2, 20, 120),
        written_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        line=[Series(_("Both ports"), [47, 46, 47, 44, 40, 38, None, 36, 35, 33, 32, 31])],
        months=["Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"],
    )
