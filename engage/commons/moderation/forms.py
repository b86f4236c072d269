"""Shapes of what people send: a report, a complaint, a decision, an answer to a complaint."""

from __future__ import annotations

from typing import Any

from engage.commons.moderation.models import Outcome
from engage.commons.moderation.notice import Notice
from engage.commons.moderation.rules import GROUNDS, RULES, Rule, rules_for
from engage.core.forms import (
    CheckField,
    ChoiceField,
    EmailField,
    Form,
    HiddenField,
    SelectField,
    TextAreaField,
    TextField,
)
from engage.core.i18n import _, _l


def _offered(rules: list[Rule]) -> list[tuple[str, Any]]:
    return [("", _("Choose a rule"))] + [
        (rule.key, f"{rule.number} {rule.title}") for rule in rules
    ]


OUTCOMES = (
    (
        Outcome.KEEP.value,
        _l("Leave it published"),
        _l("Those who reported it get your reason."),
    ),
    (
        Outcome.HIDE.value,
        _l("Hide it"),
        _l("With reasons. The author may complain; a second person decides then."),
    ),
)


class ReportForm(Form):
    """`named`: somebody is signed in, and need not say who they are."""

    ground = ChoiceField(
        _l("What is wrong?"), choices=[(ground.key, ground.label) for ground in GROUNDS.values()]
    )
    explanation = TextAreaField(
        _l("Explain it to us"),
        description=_l("Which words, and why. Moderators read this; the author does not."),
        maximum=4000,
        minimum=5,
        rows=4,
    )
    name = TextField(
        _l("Your name"),
        description=_l("May stay empty only if it concerns sexual abuse of children."),
        maximum=120,
        required=False,
        autocomplete="name",
    )
    email = EmailField(
        _l("Your e-mail address"),
        description=_l("We send the receipt and our decision there, nothing else."),
        required=False,
    )
    good_faith = CheckField(
        _l("What I say here is true and complete, as far as I know."),
        required=True,
        missing=_l("Confirm that what you tell us is true as far as you know."),
    )

    def __init__(self, *, named: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.named = named
        if named:
            del self.name
            del self.email
        else:
            # needed for all grounds but one, which the service knows: not "optional"
            self.name.is_needed = self.email.is_needed = True

    def notice(self, address: str, locale: str) -> Notice:
        """What was sent, as the service takes it."""
        return Notice(
            ground=self.ground.data or "",
            explanation=self.explanation.data or "",
            address=address,
            name="" if self.named else self["name"].data or "",
            email="" if self.named else self["email"].data or "",
            good_faith=bool(self.good_faith.data),
            locale=locale,
        )


class ComplaintForm(Form):
    """Why somebody disagrees."""

    text = TextAreaField(_l("Why do you disagree?"), maximum=4000, minimum=5, rows=6)


class ActForm(Form):
    """Carries the two keys every POST needs."""


class DecisionForm(Form):
    """`seen` tells which letters were looked at, `version` which state of the case."""

    version = HiddenField()
    seen = HiddenField()
    outcome = ChoiceField(_l("Decision"), choices=OUTCOMES)
    rule = SelectField(_l("Rule"))
    words = TextAreaField(
        _l("In your words"),
        description=_l("The author and those who reported it read this."),
        maximum=4000,
        rows=5,
        required=False,
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule.offer(_offered(sorted(RULES.values(), key=lambda rule: rule.number)))


class SeveralForm(Form):
    """One decision for many cases."""

    outcome = ChoiceField(_l("Decision"), choices=OUTCOMES)
    rule = SelectField(_l("Rule"))
    words = TextAreaField(
        _l("In your words"),
        description=_l("Every author, and everybody who reported one of them, reads this."),
        maximum=4000,
        rows=5,
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule.offer(_offered(sorted(RULES.values(), key=lambda rule: rule.number)))


class ReviewForm(Form):
    """A second person's answer; the rule is needed only to turn the decision round."""

    verdict = ChoiceField(
        _l("What do you say?"),
        choices=[
            ("uphold", _l("The decision stands"), _l("Only who complained gets a letter.")),
            (
                "reverse",
                _l("Turn it round"),
                _l("At once. Author and reporters get letters right away."),
            ),
        ],
    )
    rule = SelectField(_l("Rule, if you turn it round"), required=False)
    words = TextAreaField(
        _l("In your words"),
        description=_l("Everybody concerned reads this."),
        maximum=4000,
        rows=5,
    )

    def __init__(self, *, for_outcome: Outcome, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule.offer(_offered(rules_for(for_outcome)))
