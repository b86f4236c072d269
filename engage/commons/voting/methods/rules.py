"""A method and its own options: what may be chosen, what was, and what is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.result import Result, Sentence, joined, say

Paper = Literal["choice", "ranks", "approvals", "scores", "points", "stance"]
Kind = Literal["choice", "whole", "number", "option", "text"]

_WHOLE = re.compile(r"[0-9]{1,18}\Z")
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18}|/[0-9]{1,18})?\Z")


class RuleError(ValueError):
    """An option of a method, or a number given to it, that cannot be. `sentence` says which."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence.words()


@dataclass(frozen=True, slots=True)
class Rule:
    """One option of a method.

    `kind` "option" names an option of the ballot. With `each` the rule is given once per option of
    the ballot, as NAME.ID. A default of None: unset unless given.
    """

    name: str
    kind: Kind
    default: str | None
    words: Sentence
    choices: tuple[str, ...] = ()
    least: int = 0
    each: bool = False


SEED = Rule("seed", "text", "", say("The text from which the order between equals is drawn."))


class Rules:
    """The options of one count, all valid: `used` is what is frozen with the ballot."""

    def __init__(self, used: Mapping[str, str], options: Sequence[str]) -> None:
        self.used = dict(used)
        self._options = options

    def __getitem__(self, name: str) -> str:
        return self.used[name]

    def get(self, name: str) -> str | None:
        """The value, None where it is not set."""
        return self.used.get(name)

    def yes(self, name: str) -> bool:
        """Of a choice between yes and no."""
        return self.used[name] == "yes"

    def whole(self, name: str) -> int | None:
        """A whole number, None where it is not set."""
        value = self.used.get(name)
        return None if value is None else int(value)

    def number(self, name: str) -> Fraction | None:
        """A number, exactly as written; None where it is not set."""
        value = self.used.get(name)
        return None if value is None else Fraction(value)

    def option(self, name: str) -> int | None:
        """The index (from 0) of the ballot's option named, None where it is not set."""
        value = self.used.get(name)
        return None if value is None else self._options.index(value)

    def each(self, name: str) -> dict[int, Fraction]:
        """Index of an option -> the number given for it."""
        start = f"{name}."
        return {
            self._options.index(key.removeprefix(start)): Fraction(value)
            for key, value in self.used.items()
            if key.startswith(start)
        }


class Count(Protocol):
    """A method's rule as a pure function: no clock, no chance, no database."""

    def __call__(
        self,
        profile: Profile,
        rules: Rules,
        *,
        seats: int = 1,
        budget: Fraction | None = None,
        costs: Sequence[Fraction] | None = None,
        seed: str = "",
    ) -> Result:
        """Count."""


@dataclass(frozen=True, slots=True)
class Method:
    """A way to count: which papers it takes, its options, its rule in a sentence, the function.

    `weighs`: where papers give points, approvals count as many times.
    """

    name: str
    label: Sentence
    paper: Paper
    tells: Callable[[Rules, int], Sentence]
    count: Count
    options: tuple[Rule, ...] = ()
    takes_seats: bool = False
    takes_budget: bool = False
    weighs: bool = False
    most_options: int | None = None

    def rules(self, given: Mapping[str, str], options: Sequence[str]) -> Rules:
        """The options to count by, defaults filled in. Raises RuleError by name."""
        known = {rule.name: rule for rule in (*self.options, SEED)}
        used = {r.name: r.default for r in known.values() if r.default is not None}
        for key, value in given.items():
            name, dot, ident = key.partition(".")
            rule = known.get(name)
            if rule is None or rule.each != bool(dot):
                raise RuleError(self._unknown(key, known.values()))
            if rule.each and ident not in options:
                raise RuleError(
                    say("%(name)s: the ballot has no option “%(option)s”.", name=key, option=ident)
                )
            used[key] = _checked(rule, key, value, options)
        return Rules(dict(sorted(used.items())), options)

    def tally(
        self,
        profile: Profile,
        given: Mapping[str, str] | None = None,
        *,
        seats: int = 1,
        budget: Fraction | None = None,
        costs: Sequence[Fraction] | None = None,
    ) -> Result:
        """Count `profile` under the options `given`. Raises RuleError when something cannot be.

        Papers already refused when the profile was made are counted in the result's `invalid`.
        """
        rules = self.rules(given or {}, profile.options)
        self._refuse(profile, seats, budget, costs)
        result = self.count(
            profile, rules, seats=seats, budget=budget, costs=costs, seed=rules["seed"]
        )
        if profile.refused:
            sums = dict(result.invalid or {})
            for why, papers in profile.refused.items():
                sums[why] = sums.get(why, 0) + papers
            result.invalid = sums
        return result

    def _refuse(
        self,
        profile: Profile,
        seats: int,
        budget: Fraction | None,
        costs: Sequence[Fraction] | None,
    ) -> None:
        if not profile.options:
            raise RuleError(say("There is nothing to vote on: the ballot has no options."))
        if seats < 1:
            raise RuleError(say("The number of seats must be at least 1."))
        if seats > 1 and not self.takes_seats:
            raise RuleError(
                say("%(method)s has one winner: it cannot fill %(seats)s seats.",
                    method=self.name, seats=seats)
            )  # fmt: skip
        if self.takes_budget and (budget is None or costs is None):
            raise RuleError(
                say("%(method)s needs a budget and the cost of every option.", method=self.name)
            )
        if self.most_options is not None and len(profile.options) > self.most_options:
            raise RuleError(
                say(
                    "%(method)s can count at most %(most)s options; this ballot has %(here)s.",
                    method=self.name,
                    most=self.most_options,
                    here=len(profile.options),
                )
            )

    def _unknown(self, key: str, known: Sequence[Rule] | object) -> Sentence:
        rules = [*self.options, SEED]
        names = [f"{rule.name}.ID" if rule.each else rule.name for rule in rules]
        return say(
            "%(method)s has no option “%(name)s”. It has: %(known)s.",
            method=self.name,
            name=key,
            known=joined(names),
        )


def _checked(rule: Rule, key: str, value: str, options: Sequence[str]) -> str:
    if rule.kind == "choice" and value not in rule.choices:
        raise RuleError(
            say("%(name)s cannot be “%(value)s”. It is one of: %(choices)s.",
                name=key, value=value, choices=joined(rule.choices))
        )  # fmt: skip
    if rule.kind == "option" and value not in options:
        raise RuleError(
            say("%(name)s: the ballot has no option “%(option)s”.", name=key, option=value)
        )
    if rule.kind == "whole" and not (_WHOLE.match(value) and int(value) >= rule.least):
        raise RuleError(
            say("%(name)s cannot be “%(value)s”. It is a whole number from %(least)s.",
                name=key, value=value, least=rule.least)
        )  # fmt: skip
    if rule.kind == "number" and not _is_number(value, rule.least):
        raise RuleError(
            say("%(name)s cannot be “%(value)s”. It is a number from %(least)s, as 3, 0.5 or 1/3.",
                name=key, value=value, least=rule.least)
        )  # fmt: skip
    return value


def _is_number(value: str, least: int) -> bool:
    if not _NUMBER.match(value):
        return False
    try:
        return Fraction(value) >= least
    except ZeroDivisionError:
        return False
