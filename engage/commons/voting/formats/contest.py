"""What a file of papers holds, whatever its format: options, papers, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from engage.commons.voting.methods.arrays import Matrix, Whole, np
from engage.commons.voting.methods.profile import MOST_PAPERS, Order, Profile
from engage.commons.voting.methods.result import Sentence, say
from engage.commons.voting.methods.rules import Paper

Unit = Literal["line", "paper"]

_WANTS_NUMBERS = say("this method wants a number for each option, and the paper holds none.")


class FileError(ValueError):
    """A file that cannot be counted. `line` (from 1) is where, 0 for the whole.

    In files without lines that mean something, `unit` says that the number is that of a paper.
    """

    def __init__(self, sentence: Sentence, line: int = 0, unit: Unit = "line") -> None:
        super().__init__(sentence, line)
        self.sentence = sentence
        self.line = line
        self.unit = unit

    def __str__(self) -> str:
        return placed(self.sentence, self.line, self.unit).words() if self.line else self._whole()

    def _whole(self) -> str:
        words = self.sentence.words()
        return words[:1].upper() + words[1:]


def placed(fault: Sentence, line: int, unit: Unit) -> Sentence:
    """A fault with the place it is at."""
    if unit == "paper":
        return say("Paper %(line)s: %(fault)s", line=line, fault=fault.words())
    return say("Line %(line)s: %(fault)s", line=line, fault=fault.words())


@dataclass(frozen=True, slots=True)
class Option:
    """`id` is what results call it."""

    id: str
    name: str = ""
    cost: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paper, or `count` equal ones: an order of preference, marks, or both.

    `line` is the line of the file, or the number of the paper where lines mean nothing.
    """

    count: int
    order: Order | None = None
    marks: Mapping[int, int] | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Many papers of a large file as ranks: `counts[i]` of what row i of `ranks` says.

    `line` is that of the first one.
    """

    counts: Whole
    ranks: Matrix
    line: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A paper that says nothing countable: `why` for people, `reason` for sums."""

    line: int
    count: int
    reason: str
    why: Sentence


@dataclass(slots=True)
class Contest:
    """The papers of one file. `refused` were left out; they are named, never silently dropped."""

    options: list[Option]
    sheets: list[Sheet]
    budget: Fraction | None = None
    seats: int | None = None
    title: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    unit: Unit = "line"
    blocks: list[Block] = field(default_factory=list)

    @property
    def costs(self) -> list[Fraction] | None:
        """The cost of every option, None where one has none."""
        found = [option.cost for option in self.options if option.cost is not None]
        return found if len(found) == len(self.options) else None

    def profile(self, paper: Paper, *, weighs: bool = False) -> Profile:
        """The papers as a method with papers of that kind reads them.

        Rankings want an order, scores and points want marks; approvals take either (everything
        ranked is approved, every mark but 0 too; with `weighs` a mark stays what it is). Raises
        FileError where a paper has neither.
        """
        papers = sum(sheet.count for sheet in self.sheets)
        if papers + sum(int(block.counts.sum()) for block in self.blocks) > MOST_PAPERS:
            raise FileError(say("at most %(most)s papers can be counted.", most=MOST_PAPERS))
        names = [option.id for option in self.options]
        refused: dict[str, int] = {}
        for one in self.refused:
            refused[one.reason] = refused.get(one.reason, 0) + one.count
        if self.blocks:
            return self._of_blocks(names, paper, refused)
        if paper in ("ranks", "choice", "stance"):
            return Profile.from_orders(names, self._orders(), refused=refused)
        if paper == "approvals":
            approvals = self._approvals(weighs)
            return Profile.from_papers(names, approvals, blank=0, refused=refused)
        return Profile.from_papers(names, self._marks(), refused=refused)

    def _of_blocks(self, names: list[str], paper: Paper, refused: dict[str, int]) -> Profile:
        if paper in ("scores", "points"):
            raise FileError(_WANTS_NUMBERS, self.blocks[0].line, self.unit)
        blocks = self.blocks
        if self.sheets:
            few = Profile.from_orders(names, self._orders())
            assert few.ranks is not None
            blocks = [*blocks, Block(few.counts, few.ranks, 0)]
        counts = np.concatenate([block.counts for block in blocks])
        kind = np.result_type(*(block.ranks.dtype for block in blocks))
        ranks = np.empty((len(counts), len(names)), dtype=kind)
        start = 0
        for block in blocks:
            ranks[start : start + len(block.counts)] = block.ranks
            start += len(block.counts)
        if paper == "approvals":
            return Profile.from_marks(names, (ranks > 0).view(np.int8), counts, refused=refused)
        return Profile.from_ranks(names, ranks, counts, refused=refused)

    def _orders(self) -> Iterator[tuple[int, Order]]:
        for sheet in self.sheets:
            if sheet.order is None:
                raise FileError(
                    say("this method wants rankings, and the paper holds none."),
                    sheet.line,
                    self.unit,
                )
            yield sheet.count, sheet.order

    def _marks(self) -> Iterator[tuple[int, Mapping[int, int]]]:
        for sheet in self.sheets:
            if sheet.marks is None:
                raise FileError(_WANTS_NUMBERS, sheet.line, self.unit)
            yield sheet.count, sheet.marks

    def _approvals(self, weighs: bool) -> Iterator[tuple[int, Mapping[int, int]]]:
        for sheet in self.sheets:
            if sheet.marks is not None and weighs:
                yield sheet.count, sheet.marks
            elif sheet.marks is not None:
                yield sheet.count, {option: 1 for option, mark in sheet.marks.items() if mark}
            else:
                levels = sheet.order or ()
                yield sheet.count, {option: 1 for level in levels for option in level}


def fault_of(order: Order, options: int) -> tuple[str, Sentence] | None:
    """What is wrong with a ranking of `options` options, if anything: (reason, why)."""
    seen: set[int] = set()
    for level in order:
        for option in level:
            if not 0 <= option < options:
                return "unknown-option", say("there is no option %(number)s.", number=option + 1)
            if option in seen:
                return "ranked-twice", say("option %(number)s is there twice.", number=option + 1)
            seen.add(option)
    return None
