"""What a count answers: winners, every step on the way, and sentences that tell it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence not yet in anybody's language. Made by `say` or `say_many`."""

    text: str
    values: tuple[tuple[str, str], ...] = ()
    many: str | None = None
    num: int = 0

    def words(self) -> str:
        """The sentence in the language being spoken; English where none is."""
        from engage.core.i18n import _, _n

        values = dict(self.values)
        if self.many is not None:
            return _n(self.text, self.many, self.num, **values)
        return _(self.text, **values)

    def __str__(self) -> str:
        return self.words()


def say(text: str, **values: str | int | Fraction) -> Sentence:
    """A sentence with its values; `scripts/words.py` collects the text like that of `_`."""
    return Sentence(text, _written(values))


def say_many(one: str, many: str, num: int, **values: str | int | Fraction) -> Sentence:
    """The form that goes with `num`, which the text may name as %(num)s."""
    return Sentence(one, _written(values), many, num)


def _written(values: Mapping[str, str | int | Fraction]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value if isinstance(value, str) else exact(value)) for name, value in values.items()
    )


def exact(value: int | Fraction) -> str:
    """The number to its last digit: "7", "0.83333", or "25/3" where no decimal ends."""
    if isinstance(value, int):
        return _digits(value)
    if value.denominator == 1:
        return _digits(value.numerator)
    rest, places = value.denominator, {2: 0, 5: 0}
    for prime in places:
        while rest % prime == 0:
            rest //= prime
            places[prime] += 1
    if rest != 1:
        return f"{_digits(value.numerator)}/{_digits(value.denominator)}"
    digits = max(places.values())
    whole, part = divmod(abs(value.numerator) * 10**digits // value.denominator, 10**digits)
    return f"{'-' if value < 0 else ''}{_digits(whole)}.{_digits(part).zfill(digits)}"


def _digits(number: int) -> str:
    """A whole number in full; Python itself refuses to write more than 4,300 digits at once."""
    if abs(number) < 10**4000:
        return str(number)
    high, low = divmod(abs(number), 10**4000)
    return f"{'-' if number < 0 else ''}{_digits(high)}{low:04000d}"


def joined(names: Sequence[str]) -> str:
    """Names for a sentence."""
    return ", ".join(names)


@dataclass(frozen=True, slots=True)
class TieBreak:
    """How equal options were told apart.

    `kind` is "look-back" (an earlier round differs, `stage` is its number), "cheaper", "votes" or
    "lot" (the drawn order of `ties.py`). `chosen` was taken: elected, funded or, in a round that
    eliminates, eliminated.
    """

    kind: str
    options: tuple[str, ...]
    chosen: str
    stage: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.kind,
            "options": list(self.options),
            "chosen": self.chosen,
            "stage": self.stage,
        }


@dataclass(slots=True)
class Round:
    """One step of a count, told as what stands and what follows from it.

    `surplus` and `exhausted` stay None in methods that know neither. `more` holds what only one
    method has; its keys come last in the plain form.
    """

    number: int
    votes: Mapping[str, str]
    elected: Sequence[str] = ()
    eliminated: Sequence[str] = ()
    surplus: str | None = None
    exhausted: str | None = None
    tie_break: TieBreak | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "number": self.number,
            "votes": dict(self.votes),
            "elected": list(self.elected),
            "eliminated": list(self.eliminated),
            "surplus": self.surplus,
            "exhausted": self.exhausted,
            "tie_break": self.tie_break.as_dict() if self.tie_break else None,
            **self.more,
        }


@dataclass(slots=True)
class Result:
    """The whole answer of a count. Equal papers and equal rules give an equal `digest`.

    `invalid` maps a reason to the number of papers refused for it; None where a method refuses
    none. `more` holds what only one method has (`dropped`, `passes`).
    """

    method: str
    options_used: Mapping[str, str]
    seats: int
    winners: Sequence[str]
    totals: Mapping[str, str]
    rounds: Sequence[Round] = ()
    pairwise: Mapping[str, Mapping[str, int]] | None = None
    spent: str | None = None
    budget: str | None = None
    invalid: Mapping[str, int] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    explanation: Sequence[Sentence] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data in the published order of keys; `explanation` in the language being spoken."""
        plain = self._facts()
        digest = digest_of(plain)
        invalid = plain.pop("invalid", None)
        plain["explanation"] = [sentence.words() for sentence in self.explanation]
        plain["digest"] = digest
        if invalid is not None:
            plain["invalid"] = invalid
        return plain

    @property
    def digest(self) -> str:
        """SHA-256 of everything but the sentences."""
        return digest_of(self._facts())

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "method": self.method,
            "options_used": dict(self.options_used),
            "seats": self.seats,
            "winners": list(self.winners),
            "totals": dict(self.totals),
            "rounds": [step.as_dict() for step in self.rounds],
        }
        if self.pairwise is not None:
            facts["pairwise"] = {name: dict(row) for name, row in self.pairwise.items()}
        if self.budget is not None:
            facts["spent"] = self.spent
            facts["budget"] = self.budget
        facts.update(self.more)
        if self.invalid is not None:
            facts["invalid"] = {"count": sum(self.invalid.values()), "why": dict(self.invalid)}
        return facts


def digest_of(facts: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the one way to write `facts` as JSON."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
