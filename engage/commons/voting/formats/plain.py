"""Plain JSON: {"options": ["A", ...], "ballots": [[count, PAPER], ...]}.

PAPER is a list of options by number (from 1) in order of preference, those of equal rank in a list
of theirs; or an object from option to number: marks for methods that want them, otherwise ranks (1
is best; 0 and null are not ranked). May also hold "seats", "budget", "costs" (option -> cost, or a
list) and "title".
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from engage.commons.voting.formats.contest import (
    Contest,
    FileError,
    Option,
    Refused,
    Sheet,
    fault_of,
)
from engage.commons.voting.formats.decoding import text_of
from engage.commons.voting.methods.profile import NONE, Order
from engage.commons.voting.methods.result import Sentence, say

# no mark that can be counted is higher
_MOST = 10**9


class _PaperFault(Exception):
    """A paper that cannot be counted."""

    def __init__(self, reason: str, why: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason
        self.why = why


def read(data: str | bytes) -> Contest:
    """The contest. Raises FileError where the file is not of this shape."""
    text = text_of(data)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(
            say("this is not JSON: %(fault)s.", fault=error.msg), error.lineno
        ) from None
    except RecursionError:
        raise FileError(say("this is not JSON: it is nested too deeply.")) from None
    except ValueError:  # a number of thousands of digits
        raise FileError(say("this is not JSON: it holds a number that is too long.")) from None
    if not isinstance(found, dict):
        raise FileError(say("the file must hold an object with “options” and “ballots”."))
    names = _names(found.get("options"))
    contest = Contest(
        options=[Option(name, name, cost) for name, cost in _priced(names, found.get("costs"))],
        sheets=[],
        unit="paper",
    )
    contest.title = str(found.get("title") or "")
    contest.budget = _amount(found.get("budget"), "budget")
    contest.seats = _seats(found.get("seats"))
    ballots = found.get("ballots")
    if not isinstance(ballots, list):
        raise FileError(say("“ballots” must be a list of [count, paper]."))
    take_papers(contest, ballots, 1)
    return contest


def take_papers(contest: Contest, ballots: list[Any], first: int) -> None:
    """Add papers to the contest, the first of them numbered `first`."""
    places = {option.id: place for place, option in enumerate(contest.options)}
    for number, ballot in enumerate(ballots, start=first):
        _take(contest, ballot, number, places)


def _names(found: Any) -> list[str]:
    if not isinstance(found, list) or not found:
        raise FileError(say("“options” must be a list of names."))
    seen: set[str] = set()
    for name in found:
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise FileError(say("every option needs a name of visible signs."))
        if name in seen:
            raise FileError(say("the option “%(name)s” is there twice.", name=name))
        seen.add(name)
    return found


def _priced(names: list[str], costs: Any) -> list[tuple[str, Fraction | None]]:
    if costs is None:
        return [(name, None) for name in names]
    if isinstance(costs, list) and len(costs) == len(names):
        costs = dict(zip(names, costs, strict=True))
    if not isinstance(costs, dict) or set(costs) != set(names):
        raise FileError(say("“costs” must give the cost of every option and of no other."))
    return [(name, _amount(costs[name], "costs")) for name in names]


def _amount(value: Any, what: str) -> Fraction | None:
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            amount = Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            amount = Fraction(-1)
        if amount >= 0:
            return amount
    raise FileError(say("“%(what)s” must be an amount of 0 or more.", what=what))


def _seats(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise FileError(say("“seats” must be a whole number from 1."))
    return value


def _take(contest: Contest, ballot: Any, number: int, places: dict[str, int]) -> None:
    if not isinstance(ballot, list) or len(ballot) != 2:
        raise FileError(say("a ballot is [count, paper]."), number, "paper")
    count, paper = ballot
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise FileError(say("the count must be a whole number from 0."), number, "paper")
    if isinstance(paper, list):
        order = _order(paper, number)
        fault = fault_of(order, len(places))
        if fault:
            contest.refused.append(Refused(number, count, *fault))
        else:
            contest.sheets.append(Sheet(count, order=order, line=number))
    elif isinstance(paper, dict):
        try:
            marks = _marks(paper, places)
        except _PaperFault as fault_in:
            contest.refused.append(Refused(number, count, fault_in.reason, fault_in.why))
        else:
            contest.sheets.append(Sheet(count, _ranked(marks), marks, number))
    else:
        raise FileError(say("a paper is a list or an object."), number, "paper")


def _order(paper: list[Any], number: int) -> Order:
    levels = []
    for level in paper:
        members = level if isinstance(level, list) else [level]
        for option in members:
            if not isinstance(option, int) or isinstance(option, bool):
                raise FileError(say("options are named by their numbers, from 1."), number, "paper")
        if members:
            levels.append(tuple(sorted(option - 1 for option in members)))
    return tuple(levels)


def _marks(paper: dict[str, Any], places: dict[str, int]) -> dict[int, int]:
    marks = {}
    for name, value in paper.items():
        if name not in places:
            raise _PaperFault("unknown-option", say("there is no option “%(name)s”.", name=name))
        if value is None:
            continue
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, float) and value.is_integer():
            value, is_whole = int(value), True
        if not is_whole or not NONE < value <= _MOST:
            raise _PaperFault(
                "bad-mark", say("“%(name)s” must be given a whole number.", name=name)
            )
        marks[places[name]] = value
    return marks


def _ranked(marks: dict[int, int]) -> Order | None:
    """The numbers read as ranks; None where one of them cannot be a rank."""
    levels: dict[int, list[int]] = {}
    for option, rank in marks.items():
        if rank < 0:
            return None
        if rank:
            levels.setdefault(rank, []).append(option)
    return tuple(tuple(sorted(levels[rank])) for rank in sorted(levels))
