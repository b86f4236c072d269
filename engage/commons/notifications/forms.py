"""The preference form, a field for each topic; and the form that is only a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engage.commons.notifications.models import Rhythm
from engage.commons.notifications.topics import Topic
from engage.core.forms import ChoiceField, Form
from engage.core.i18n import _l

RHYTHMS = (
    (Rhythm.IMMEDIATE.value, _l("By mail, right away")),
    (Rhythm.DAILY.value, _l("In one mail a day, at 07:00")),
    (Rhythm.WEEKLY.value, _l("In one mail a week, on Fridays")),
    (Rhythm.IN_APP.value, _l("No mail, only here")),
)


class EmptyForm(Form):
    """Carries the two keys every POST needs."""


def preferences_form(topics: Sequence[Topic], present: Mapping[str, Rhythm]) -> Any:
    """A form with one choice for each topic, the present one chosen."""
    fields = {
        topic.name: ChoiceField(topic.label, description=topic.hint, choices=list(RHYTHMS))
        for topic in topics
    }
    kind = type("PreferencesForm", (Form,), fields)
    return kind(data={name: rhythm.value for name, rhythm in present.items()})
