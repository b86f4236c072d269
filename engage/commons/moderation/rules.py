"""The house rules, and what people can report: one table, read by forms, letters and the log."""

from dataclasses import dataclass
from typing import Any

from engage.commons.moderation.models import Outcome
from engage.core.i18n import _, _l


@dataclass(frozen=True)
class Rule:
    """`title` names it in lists; `says` is the rule; `letter` the words a moderator starts from."""

    key: str
    number: str
    title: Any
    says: Any
    letter: Any
    outcome: Outcome
    is_legal: bool = False


@dataclass(frozen=True)
class Ground:
    """What a reporter may say is wrong. `anonymous`: the law lets them leave out who they are."""

    key: str
    label: Any
    anonymous: bool = False


RULES = {
    rule.key: rule
    for rule in (
        Rule(
            "off_matter",
            "3.1",
            _l("It is about something else"),
            _l("Stay with the matter: write where your point belongs."),
            _l(
                "Your text is about something other than this plan. You are welcome to write"
                " it again where it belongs."
            ),
            Outcome.HIDE,
        ),
        Rule(
            "insult",
            "3.2",
            _l("It insults a person"),
            _l("Criticise the plan, not the person."),
            _l(
                "Your point about the plan is welcome. The words about a person are not:"
                " please write it again without them."
            ),
            Outcome.HIDE,
        ),
        Rule(
            "discrimination",
            "3.3",
            _l("It attacks people for who they are"),
            _l("Nobody is put down for origin, belief, gender, disability, age or love."),
            _l("Your text puts people down for who they are. That has no place here."),
            Outcome.HIDE,
        ),
        Rule(
            "personal_data",
            "3.4",
            _l("It gives away personal data"),
            _l("No addresses, telephone numbers, pictures or names of private persons."),
            _l(
                "Your text contains personal data of somebody. To protect that person we"
                " hid it. You are welcome to write it again without the data."
            ),
            Outcome.HIDE,
        ),
        Rule(
            "advertising",
            "3.5",
            _l("It is advertising or the same text many times"),
            _l("No advertising, no floods of the same text."),
            _l("Your text is advertising, or stands here several times already."),
            Outcome.HIDE,
        ),
        Rule(
            "threat",
            "3.6",
            _l("It threatens or calls for violence"),
            _l("No threats and no calls for violence."),
            _l("Your text threatens somebody or calls for violence."),
            Outcome.HIDE,
        ),
        Rule(
            "illegal",
            "3.7",
            _l("It is against the law"),
            _l("What the law forbids is forbidden here."),
            _l("We believe your text is against the law, because"),
            Outcome.HIDE,
            is_legal=True,
        ),
        Rule(
            "within_rules",
            "1.1",
            _l("It keeps to the rules"),
            _l("Everybody may say what they think of a plan, sharply too."),
            _l(
                "We looked at it with care. It is a sharp opinion on the plan, and keeps to"
                " the house rules. It stays."
            ),
            Outcome.KEEP,
        ),
        Rule(
            "in_context",
            "1.2",
            _l("It is fine in its context"),
            _l("We read a text together with what stands around it."),
            _l("Read together with what stands around it, the text keeps to the rules. It stays."),
            Outcome.KEEP,
        ),
    )
}

GROUNDS = {
    ground.key: ground
    for ground in (
        Ground("insult", _l("It insults or harasses a person")),
        Ground("discrimination", _l("It attacks people for who they are")),
        Ground("threat", _l("It threatens or calls for violence")),
        Ground("personal_data", _l("It gives away personal data, of me or somebody else")),
        Ground("advertising", _l("It is advertising, or the same text again and again")),
        Ground("off_matter", _l("It has nothing to do with the matter")),
        Ground("rights", _l("It uses my work, name or picture without permission")),
        Ground("fraud", _l("It pretends to be somebody else, or deceives")),
        Ground("children", _l("It concerns sexual abuse of children"), anonymous=True),
        Ground("illegal", _l("It is against the law for another reason")),
    )
}


def rules_for(outcome: Outcome) -> list[Rule]:
    return [rule for rule in RULES.values() if rule.outcome is outcome]


def house_rules() -> list[Rule]:
    """The rules people keep to, in their order, for the page that tells them."""
    return sorted(rules_for(Outcome.HIDE), key=lambda rule: rule.number)


def reason(kept: str | None) -> str:
    """What stands in place of hidden words: the rule kept with them, in the reader's language."""
    rule = RULES.get(kept or "")
    return f"{rule.title} ({_('rule %(number)s', number=rule.number)})" if rule else kept or ""
