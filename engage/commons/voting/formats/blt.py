"""BLT, the format of STV programs: numbers of candidates, papers, names.

As Hill, Wichmann and Woodall describe it (The Computer Journal 30, 1987), with what OpenSTV,
OpaVote and OpenTally add: comments from # on, papers' names in brackets, "=" between equals, "-" for
a rank left out. A withdrawn candidate ("-2") is no option, and papers pass over them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engage.commons.voting.formats.contest import (
    Contest,
    FileError,
    Option,
    Refused,
    Sheet,
    fault_of,
)
from engage.commons.voting.formats.decoding import text_of
from engage.commons.voting.methods.profile import Order
from engage.commons.voting.methods.result import say

_TOKEN = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\(([^)\n]*)\)|#[^\n]*|([^\s"#()]+)')
_WHOLE = re.compile(r"[0-9]{1,9}(\.0*)?\Z")
_LEVEL = re.compile(r"[0-9]{1,9}(=[0-9]{1,9})*\Z")


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    line: int
    quoted: bool = False


def read(data: str | bytes) -> Contest:
    """The contest. Raises FileError with the line where the file is not of this shape."""
    reader = _Reader(_words(text_of(data)))
    size, seats = reader.whole("candidates"), reader.whole("seats")
    if size < 1:
        raise FileError(say("there must be a candidate."), reader.line)
    if seats < 1:
        raise FileError(say("there must be a seat."), reader.line)
    withdrawn = reader.withdrawn(size)
    papers = reader.papers()
    names = [word.text.strip() for word in reader.rest()]
    shown = _names(names[:size], size)
    kept = [number for number in range(size) if number + 1 not in withdrawn]
    if not kept:
        raise FileError(say("every candidate has withdrawn."))
    contest = Contest(
        options=[Option(shown[number], shown[number]) for number in kept],
        sheets=[],
        seats=seats,
        title=names[size] if len(names) > size else "",
    )
    place = {number: index for index, number in enumerate(kept)}
    for count, order, line in papers:
        fault = fault_of(order, size)
        if fault:
            contest.refused.append(Refused(line, count, *fault))
            continue
        left = (tuple(sorted(place[i] for i in level if i in place)) for level in order)
        contest.sheets.append(Sheet(count, tuple(level for level in left if level), line=line))
    return contest


def _words(text: str) -> Iterator[_Word]:
    for number, line in enumerate(text.split("\n"), start=1):
        for found in _TOKEN.finditer(line):
            quoted, _name, bare = found.groups()
            if quoted is not None:
                yield _Word(re.sub(r"\\(.)", r"\1", quoted), number, quoted=True)
            elif bare is not None:
                yield _Word(bare, number)


def _names(given: list[str], size: int) -> list[str]:
    """What results call the candidates: their name; their number where it is missing or shared."""
    made = []
    for number in range(1, size + 1):
        name = given[number - 1] if number <= len(given) else ""
        made.append(name if name and given.count(name) == 1 else str(number))
    if len(set(made)) < size:  # a name that looks like somebody's number
        made = [str(number) for number in range(1, size + 1)]
    return made


class _Reader:
    """The words of a file, taken from the front."""

    def __init__(self, words: Iterator[_Word]) -> None:
        self._words = list(words)
        self._next = 0
        self.line = 0

    def _peek(self) -> _Word | None:
        return self._words[self._next] if self._next < len(self._words) else None

    def _take(self) -> _Word:
        word = self._peek()
        if word is None:
            raise FileError(say("the file ends too early: papers end with a line of 0."), self.line)
        self._next += 1
        self.line = word.line
        return word

    def whole(self, what: str) -> int:
        word = self._take()
        if word.quoted or not _WHOLE.match(word.text):
            raise FileError(
                say("“%(word)s” is no number of %(what)s.", word=word.text[:40], what=what),
                word.line,
            )
        return int(word.text.partition(".")[0])

    def withdrawn(self, size: int) -> set[int]:
        found = set()
        while (word := self._peek()) and not word.quoted and re.match(r"-[0-9]+\Z", word.text):
            self._take()
            number = int(word.text[1:])
            if not 1 <= number <= size:
                raise FileError(say("there is no option %(number)s.", number=number), word.line)
            found.add(number)
        return found

    def papers(self) -> list[tuple[int, Order, int]]:
        """(count, order, line) of each, up to the single 0 that ends them."""
        by_lines = self._ends_at_lines()
        found: list[tuple[int, Order, int]] = []
        while True:
            count, line = self.whole("papers"), self.line
            if count == 0:
                return found
            order: list[tuple[int, ...]] = []
            while True:
                word = self._peek()
                if word is None or word.quoted or (by_lines and word.line != line):
                    if by_lines and word is not None:
                        break
                    raise FileError(say("this paper does not end with 0."), line)
                self._take()
                if word.text == "0":
                    break
                if word.text == "-":
                    continue
                if not _LEVEL.match(word.text):
                    raise FileError(
                        say("“%(word)s” is no number of a candidate.", word=word.text[:40]),
                        word.line,
                    )
                order.append(tuple(int(one) - 1 for one in word.text.split("=")))
            found.append((count, tuple(order), line))

    def _ends_at_lines(self) -> bool:
        """Do papers end with their lines, because some line of them does not end with a 0?"""
        last: _Word | None = None
        for word in self._words[self._next :]:
            if last is not None and word.line != last.line and last.text != "0":
                return True
            if word.quoted or (word.text == "0" and (last is None or word.line != last.line)):
                return False
            last = word
        return False

    def rest(self) -> list[_Word]:
        """Names and title: quoted, or one to a line."""
        left = self._words[self._next :]
        if any(word.quoted for word in left):
            return left
        lines: dict[int, list[str]] = {}
        for word in left:
            lines.setdefault(word.line, []).append(word.text)
        return [_Word(" ".join(words), line) for line, words in lines.items()]
