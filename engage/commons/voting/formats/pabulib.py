"""Pabulib's .pb files: participatory budgets as published (pabulib.org, arXiv 2305.11035).

Three sections, META, PROJECTS and VOTES, each a table separated by semicolons; a field may stand in
quotation marks. Votes are approvals, a choice of one, rankings, or points; all five are read. A
vote that names a project twice, one that there is not, or as many points as projects it does not
name, is refused with its line; a fault in the tables before the votes refuses the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engage.commons.voting.formats.contest import Contest, FileError, Option, Refused, Sheet
from engage.commons.voting.formats.decoding import text_of
from engage.commons.voting.methods.profile import NONE
from engage.commons.voting.methods.result import Sentence, exact, joined, say

SECTIONS = ("META", "PROJECTS", "VOTES")
VOTE_TYPES = ("approval", "choose-1", "ordinal", "cumulative", "scoring")
WITH_POINTS = ("cumulative", "scoring")

_AMOUNT = re.compile(r"[0-9]{1,18}([.,][0-9]{1,9})?\Z")
_POINTS = re.compile(r"-?[0-9]{1,9}(\.0+)?\Z")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a table: its number, and its fields by the names of the columns."""

    line: int
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """A field; "" where it is missing or said to be none."""
        value = self.fields.get(name, "").strip()
        return "" if value.lower() == "none" else value


class _Bad(Exception):
    """What is wrong with one vote: the reason for sums, the words for people."""

    def __init__(self, reason: str, why: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason
        self.why = why


def read(data: str | bytes) -> Contest:
    """The contest. Raises FileError, with its line, where the file is none of Pabulib's."""
    tables = _tables(text_of(data))
    meta = {row.get("key").lower(): row.get("value") for row in tables["META"]}
    lines = {row.get("key").lower(): row.line for row in tables["META"]}
    kind = meta.get("vote_type", "approval").lower()
    if kind not in VOTE_TYPES:
        raise FileError(
            say(
                "the vote type “%(kind)s” is not known; it is one of: %(known)s.",
                kind=kind,
                known=joined(VOTE_TYPES),
            ),
            lines.get("vote_type", 0),
        )
    if "budget" not in meta:
        raise FileError(say("META has no budget."))
    budget = _amount(meta["budget"])
    if budget is None:
        raise FileError(
            say("the budget “%(value)s” is no amount.", value=meta["budget"]), lines["budget"]
        )
    options = list(_options(tables["PROJECTS"]))
    if not options:
        raise FileError(say("PROJECTS lists none."))
    contest = Contest(
        options=options,
        sheets=[],
        budget=budget,
        title=meta.get("description", ""),
        meta=meta,
    )
    places = {option.id: place for place, option in enumerate(options)}
    default = _default_score(meta, lines) if kind == "scoring" else 0
    for row in tables["VOTES"]:
        try:
            contest.sheets.append(_sheet(row, kind, places, default))
        except _Bad as bad:
            contest.refused.append(Refused(row.line, 1, bad.reason, bad.why))
    return contest


def _tables(text: str) -> dict[str, list[_Row]]:
    """The rows of each section."""
    found: dict[str, list[_Row]] = {}
    header: list[str] | None = None
    rows: list[_Row] | None = None
    section = ""
    for line, fields in _lines(text):
        word = fields[0].strip().upper()
        if word in SECTIONS and not any(field.strip() for field in fields[1:]):
            if word in found:
                raise FileError(say("the section %(name)s is there twice.", name=word), line)
            rows, header = found.setdefault(word, []), None
            section = word
        elif rows is None:
            raise FileError(say("a Pabulib file begins with the section META."), line)
        elif header is None:
            header = _header(section, fields, line)
        elif section == "META":  # a description may hold semicolons
            rows.append(
                _Row(line, dict(zip(header, [fields[0], "; ".join(fields[1:])], strict=False)))
            )
        elif len(fields) > len(header) and any(field.strip() for field in fields[len(header) :]):
            raise FileError(
                say(
                    "%(here)s fields in a table of %(wanted)s columns.",
                    here=len(fields),
                    wanted=len(header),
                ),
                line,
            )
        else:
            rows.append(_Row(line, dict(zip(header, fields, strict=False))))
    for section in SECTIONS:
        if section not in found:
            raise FileError(say("the section %(name)s is missing.", name=section))
    return found


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number and fields."""
    reader = csv.reader(io.StringIO(text), delimiter=";", skipinitialspace=True)
    line = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise FileError(say("a field here is too long."), line) from None
        # the reader's own limit belongs to the process, and others may raise it
        if any(len(field) > LONGEST for field in fields):
            raise FileError(say("a field here is too long."), line)
        if any(field.strip() for field in fields):
            yield line, fields
        line = reader.line_num + 1


# characters of one field: a quotation mark that is never closed takes in the rest of a file
LONGEST = 100_000

_WANTED = {
    "META": ("key", "value"),
    "PROJECTS": ("project_id", "cost"),
    "VOTES": ("voter_id", "vote"),
}


def _header(section: str, fields: Sequence[str], line: int) -> list[str]:
    names = [field.strip().lower() for field in fields]
    for wanted in _WANTED[section]:
        if wanted not in names:
            raise FileError(
                say("%(section)s has no column “%(name)s”.", section=section, name=wanted),
                line,
            )
    for name in names:
        if name and names.count(name) > 1:
            raise FileError(say("the column “%(name)s” is there twice.", name=name), line)
    return names


def _options(rows: Sequence[_Row]) -> Iterator[Option]:
    seen: dict[str, int] = {}
    for row in rows:
        ident = row.get("project_id")
        if not ident:
            raise FileError(say("a project has no project_id."), row.line)
        if "," in ident:
            raise FileError(say("the project_id “%(name)s” holds a comma.", name=ident), row.line)
        if ident in seen:
            raise FileError(
                say(
                    "project %(name)s is there twice, first on line %(line)s.",
                    name=ident,
                    line=seen[ident],
                ),
                row.line,
            )
        seen[ident] = row.line
        cost = _amount(row.get("cost"))
        if not cost:
            raise FileError(
                say(
                    "project %(name)s must cost more than 0, not “%(cost)s”.",
                    name=ident,
                    cost=row.get("cost"),
                ),
                row.line,
            )
        yield Option(ident, row.get("name"), cost)


def _amount(text: str) -> Fraction | None:
    text = re.sub(r"[\s\u00a0\u202f]", "", text)
    return Fraction(text.replace(",", ".")) if _AMOUNT.match(text) else None


def _default_score(meta: Mapping[str, str], lines: Mapping[str, int]) -> int:
    text = meta.get("default_score") or "0"
    if not _POINTS.match(text):
        raise FileError(
            say("default_score “%(value)s” is no whole number.", value=text),
            lines["default_score"],
        )
    return int(text.partition(".")[0])


def _sheet(row: _Row, kind: str, places: Mapping[str, int], default: int) -> Sheet:
    named = [ident.strip() for ident in row.get("vote").split(",")] if row.get("vote") else []
    chosen: list[int] = []
    for ident in named:
        if ident not in places:
            raise _Bad("unknown-option", say("there is no project “%(name)s”.", name=ident))
        if places[ident] in chosen:
            raise _Bad("option-twice", say("project %(name)s is there twice.", name=ident))
        chosen.append(places[ident])
    if kind == "ordinal":
        return Sheet(1, tuple((option,) for option in chosen), line=row.line)
    if kind == "approval":
        return Sheet(1, None, dict.fromkeys(chosen, 1), row.line)
    if kind == "choose-1":
        if len(chosen) > 1:
            raise _Bad("more-than-one", say("more than one project is chosen."))
        order = tuple((option,) for option in chosen)
        return Sheet(1, order, dict.fromkeys(chosen, 1), row.line)
    marks = dict(zip(chosen, _points(row, len(chosen)), strict=True))
    if default:
        marks = {option: marks.get(option, default) for option in places.values()}
    return Sheet(1, None, marks, row.line)


def _points(row: _Row, wanted: int) -> list[int]:
    given = [value.strip() for value in row.get("points").split(",")] if row.get("points") else []
    if len(given) != wanted:
        raise _Bad(
            "points-missing",
            say("%(here)s points for %(wanted)s projects.", here=len(given), wanted=wanted),
        )
    for value in given:
        if not _POINTS.match(value) or int(value.partition(".")[0]) <= NONE:
            raise _Bad("bad-mark", say("“%(value)s” is no whole number.", value=value))
    return [int(value.partition(".")[0]) for value in given]


def write(contest: Contest, *, winners: Sequence[str] | None = None) -> str:
    """The contest as a .pb file; read again, it is counted alike.

    One line for each paper, without anything that tells whose it is. With `winners` the projects
    say which are selected. Refused papers are not written. Raises FileError for what the format
    cannot say: a budget or cost that is missing, rankings with ties.
    """
    kind = _kind(contest)
    out = io.StringIO()
    table = csv.writer(out, delimiter=";", lineterminator="\n")
    if contest.budget is None or contest.costs is None:
        raise FileError(say("a Pabulib file needs a budget and the cost of every option."))
    papers = sum(sheet.count for sheet in contest.sheets)
    meta = {
        "description": contest.title,
        **contest.meta,
        "num_projects": str(len(contest.options)),
        "num_votes": str(papers),
        "budget": _decimal(contest.budget),
        "vote_type": kind,
    }
    meta.pop("default_score", None)  # every mark is written
    table.writerow(["META"])
    table.writerow(["key", "value"])
    table.writerows([name, _one_line(value)] for name, value in meta.items() if name)
    table.writerow(["PROJECTS"])
    header = ["project_id", "cost", "name"]
    table.writerow(header if winners is None else [*header, "selected"])
    won = set(winners or ())
    for option in contest.options:
        if "," in option.id or option.id != option.id.strip():
            raise FileError(say("the name “%(name)s” cannot stand in a vote.", name=option.id))
        fields = [option.id, _decimal(option.cost or Fraction(0)), _one_line(option.name)]
        table.writerow(fields if winners is None else [*fields, str(int(option.id in won))])
    table.writerow(["VOTES"])
    has_points = kind in WITH_POINTS
    table.writerow(["voter_id", "vote", "points"] if has_points else ["voter_id", "vote"])
    number = 0
    for sheet in contest.sheets:
        fields = _written(contest, sheet, kind)
        for _ in range(sheet.count):
            number += 1
            table.writerow([str(number), *fields])
    return out.getvalue()


def _kind(contest: Contest) -> str:
    """Which of the vote types can say all the papers."""
    known = contest.meta.get("vote_type", "").lower()
    if known in VOTE_TYPES:
        return known
    if any(sheet.marks is None for sheet in contest.sheets):
        return "ordinal"
    if all(mark == 1 for sheet in contest.sheets for mark in (sheet.marks or {}).values()):
        return "approval"
    return "scoring"


def _written(contest: Contest, sheet: Sheet, kind: str) -> list[str]:
    names = [option.id for option in contest.options]
    if kind == "ordinal":
        if sheet.order is None or any(len(level) != 1 for level in sheet.order):
            raise FileError(
                say("a Pabulib file cannot hold rankings with ties."), sheet.line, contest.unit
            )
        return [",".join(names[level[0]] for level in sheet.order)]
    marks = sheet.marks or {}
    if kind in WITH_POINTS:
        return [
            ",".join(names[option] for option in marks),
            ",".join(str(mark) for mark in marks.values()),
        ]
    return [",".join(names[option] for option, mark in marks.items() if mark)]


def _decimal(amount: Fraction) -> str:
    text = exact(amount)
    if "/" in text:
        raise FileError(say("the amount %(amount)s has no end as a decimal.", amount=text))
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())
