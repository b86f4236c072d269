"""ABIF, the Aggregated Ballot Information Format: "27: DGM/5 > SBJ/2 = [Adam Muñoz]/1".

Source: electowiki.org/wiki/ABIF. Where a file declares its candidates ("=DGM:[Doña ...]"), a bare
token that is not declared is a mistake; a name in brackets declares itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engage.commons.voting.formats.contest import Contest, FileError, Option, Refused, Sheet
from engage.commons.voting.formats.decoding import text_of
from engage.commons.voting.methods.profile import NONE, Order
from engage.commons.voting.methods.result import Sentence, say

_NAME = r'\[[^\]\n]*\]|"(?:[^"\\\n]|\\.)*"|[^\s\[\]"{}:=>,/*#](?:[^\[\]"{}:=>,/*#\n]*)'
_VOTES = re.compile(r"([0-9]{1,9})\s*[:*]\s*")
_DECLARED = re.compile(rf"=?\s*({_NAME})\s*:\s*({_NAME})?\s*\Z")
_META = re.compile(r'\{\s*"?(\w+)"?\s*:\s*"?(.*?)"?\s*\}\s*\Z')
_PART = re.compile(rf"\s*({_NAME})\s*(?:[/*]\s*(-?[0-9]{{1,9}}(?:\.0+)?))?\s*")
_MORE = re.compile(r":\s*\{.*\}\s*\Z")
_COMMENT = re.compile(r'((?:\[[^\]]*\]|"(?:[^"\\]|\\.)*"|[^#\["])*)#.*\Z')


@dataclass(frozen=True, slots=True)
class _Part:
    """One option on a paper. `sign` stands before it, `mark` after it."""

    name: str
    declares: bool
    mark: int | None
    sign: str


def read(data: str | bytes) -> Contest:
    """The contest. Raises FileError with the line where the file is not of this shape."""
    contest = Contest(options=[], sheets=[])
    names: dict[str, str] = {}
    lines: list[tuple[int, int, list[_Part]]] = []
    for number, raw in enumerate(text_of(data).split("\n"), start=1):
        line = _without_comment(raw).strip()
        if not line or (number == 1 and line.startswith("ABIF")):
            continue
        if line.startswith("{"):
            if meta := _META.match(line):
                contest.meta[meta[1]] = meta[2]
        elif (votes := _VOTES.match(line)) and not line.startswith("="):
            rest = _MORE.sub("", line[votes.end() :])
            lines.append((number, int(votes[1]), _parts(rest, number)))
        elif declared := _DECLARED.match(line):
            token = _bare(declared[1])
            if token in names:
                raise FileError(say("the option “%(name)s” is there twice.", name=token), number)
            names[token] = _bare(declared[2] or declared[1])
        else:
            raise FileError(say("this is no line of the ABIF format."), number)
    contest.title = contest.meta.get("title", "")
    is_open = not names
    places = {token: place for place, token in enumerate(names)}
    for number, count, parts in lines:
        _take(contest, number, count, parts, names, places, is_open)
    if not names:
        raise FileError(say("the file names no option."))
    contest.options = [Option(token, name) for token, name in names.items()]
    return contest


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    found = _COMMENT.match(line)
    return found[1] if found else line


def _bare(name: str) -> str:
    name = name.strip()
    if name[:1] == "[":
        return name[1:-1].strip()
    if name[:1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def _parts(text: str, line: int) -> list[_Part]:
    found: list[_Part] = []
    at = 0
    text = text.strip()
    while at < len(text):
        sign = ""
        if found:
            sign = text[at]
            if sign not in ">=,":
                raise FileError(
                    say("“%(rest)s” cannot be read as a paper.", rest=text[at : at + 40]), line
                )
            at += 1
        part = _PART.match(text, at)
        if not part or not _bare(part[1]):
            raise FileError(
                say("“%(rest)s” cannot be read as a paper.", rest=text[at : at + 40]), line
            )
        mark = None if part[2] is None else int(part[2].partition(".")[0])
        found.append(_Part(_bare(part[1]), part[1][0] in '["', mark, sign))
        at = part.end()
    return found


def _take(
    contest: Contest,
    line: int,
    count: int,
    parts: list[_Part],
    names: dict[str, str],
    places: dict[str, int],
    is_open: bool,
) -> None:
    fault = _fault(parts, names, is_open)
    if fault:
        contest.refused.append(Refused(line, count, *fault))
        return
    for part in parts:
        names.setdefault(part.name, part.name)
        places.setdefault(part.name, len(places))
    marks = {places[part.name]: part.mark for part in parts if part.mark is not None}
    is_marked = len(marks) == len(parts)
    contest.sheets.append(
        Sheet(count, _order(parts, places, is_marked), marks if is_marked else None, line)
    )


def _fault(parts: list[_Part], names: dict[str, str], is_open: bool) -> tuple[str, Sentence] | None:
    seen: set[str] = set()
    for part in parts:
        if part.name in seen:
            return "ranked-twice", say("option “%(name)s” is there twice.", name=part.name)
        seen.add(part.name)
        if not (is_open or part.declares or part.name in names):
            return "unknown-option", say("there is no option “%(name)s”.", name=part.name)
        if part.mark is not None and part.mark <= NONE:
            return "bad-mark", say("“%(name)s” must be given a whole number.", name=part.name)
    return None


def _order(parts: list[_Part], places: dict[str, int], is_marked: bool) -> Order:
    """As the signs say; papers of marks with commas alone by their marks, highest first."""
    levels: dict[int, list[int]] = {}
    if is_marked and all(part.sign in ("", ",") for part in parts):
        for part in parts:
            levels.setdefault(-(part.mark or 0), []).append(places[part.name])
    else:
        level = 0
        for part in parts:
            level += part.sign == ">"
            levels.setdefault(level, []).append(places[part.name])
    return tuple(tuple(sorted(levels[level])) for level in sorted(levels))
