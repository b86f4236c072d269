"""Large files of rankings, many papers in one step.

For plain JSON and BLT in their everyday shape; anything unusual is left to the readers that look at
one paper after another, which also find the words for what is wrong: a function here answers None
where it does not understand, and never understands differently.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engage.commons.voting.formats.contest import Block, Contest, FileError
from engage.commons.voting.methods.arrays import Bytes, Flags, Indices, Matrix, np

# smaller files are quick enough paper by paper
LARGE = 1 << 20
# bytes looked at together
CHUNK = 1 << 18
# what stands before and after the papers
_MOST_AROUND = 1 << 24

_START = re.compile(rb'"ballots"\s*:\s*\[')
_SPACE = b" \t\r\n"
_DIGIT, _COMMA, _OPEN, _CLOSE = range(4)
_KINDS = bytes.maketrans(b"0123456789,[]", bytes([_DIGIT] * 10 + [_COMMA, _OPEN, _CLOSE]))
_STEPS = bytes.maketrans(b"0123456789,[]", bytes([0] * 11 + [1, 255]))
# signs that may follow each other in lists of whole numbers
_NEIGHBOURS = bytes(
    first * 4 + second
    for first, seconds in (
        (_DIGIT, (_DIGIT, _COMMA, _CLOSE)),
        (_COMMA, (_DIGIT, _OPEN)),
        (_OPEN, (_DIGIT, _OPEN, _CLOSE)),
        (_CLOSE, (_COMMA, _CLOSE)),
    )
    for second in seconds
)

# papers in the words of the file, and the number of the first
Slow = Callable[[Contest, list[Any], int], None]


def _numbers(text: Bytes, is_digit: Flags) -> tuple[Indices, Indices] | None:
    """Where the whole numbers of a text end, and what they are.

    None where one has a leading 0 or more than eight digits. The text begins and ends with no digit.
    """
    if ((text[1:-1] == 48) & is_digit[2:] & ~is_digit[:-2]).any():
        return None
    last = np.flatnonzero(is_digit[:-1] > is_digit[1:]).astype(np.int32)
    digits = (text - 48) * is_digit
    values = digits.astype(np.uint16)
    values[1:] += digits[:-1] * np.uint16(10)
    made = values[last].astype(np.int32)
    reaches = is_digit[1:] & is_digit[:-1]
    for power in range(2, 9):
        # the digit so many places before the end belongs to the number
        reaches = reaches[1:] & is_digit[:-power]
        if not reaches.any():
            return last, made
        goes_on = np.flatnonzero(reaches[np.maximum(last - power, 0)] & (last >= power))
        made[goes_on] += digits[last[goes_on] - power] * np.int32(10**power)
    return None


def _block(values: Indices, heads: Indices, ranks: Indices, m: int, line: int) -> Block | None:
    """Papers as a matrix: `values` at `heads` are counts, those after them options with `ranks`.

    None where an option is unknown or named twice by one paper.
    """
    counts = values[heads].astype(np.int64)
    options = values - 1
    options[heads] = 0
    if int(options.min(initial=0)) < 0 or int(options.max(initial=0)) >= m:
        return None
    papers = len(heads)
    sizes = np.diff(heads, append=np.int32(len(options)))
    cells = np.repeat(np.arange(papers, dtype=np.int64) * m, sizes)
    cells += options
    cells[heads] = papers * m  # one cell more, for what is no option
    matrix = np.zeros(papers * m + 1, dtype=np.uint8 if m < 256 else np.uint16)
    matrix[cells] = ranks
    matrix = matrix[:-1]
    if np.count_nonzero(matrix) != len(options) - papers:
        return None
    return Block(counts, matrix.reshape(papers, m), line)


# plain JSON


def read_json(path: Path, empty: Callable[[bytes], Contest], slow: Slow) -> Contest | None:
    """The contest, if "options" come first and "ballots" is a list of rankings.

    `empty` reads the file without its papers, `slow` takes papers a step here does not understand.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = data[:_MOST_AROUND]
        starts = list(_START.finditer(head))
        if len(starts) != 1:
            return None
        before = head[: starts[0].end()]
        del head
        try:
            contest = empty(before + b"]}")
            tail = _papers(data, len(before), contest, slow)
            if tail is None:
                return None
            whole = empty(before + b"]" + tail)
        except (FileError, ValueError, RecursionError):
            return None
    if whole.options != contest.options:
        return None
    whole.blocks, whole.sheets, whole.refused = contest.blocks, contest.sheets, contest.refused
    return whole


def _papers(data: mmap.mmap, start: int, contest: Contest, slow: Slow) -> bytes | None:
    """Take the papers; the rest of the file from behind the bracket that ends them."""
    text = b"["
    number, size = 1, len(data)
    while start < size:
        raw = data[start : start + CHUNK]
        others = raw.translate(None, b"0123456789,[]" + _SPACE)
        # up to a bracket, so that no number is cut in two; the last piece up to what is no paper
        stop = raw.find(others[:1]) if others else raw.rfind(b"]") + 1
        if stop <= 0:
            return None
        _forget(data, start)
        start += stop
        raw = raw[:stop]
        stripped = raw.translate(None, _SPACE)
        if len(stripped) < len(raw) and _runs(raw) != _runs(stripped):
            return None  # a blank inside a number
        text += stripped
        piece = _Piece.of(text)
        if piece is None or (piece.end is None) == bool(others):
            return None
        body = text[1 : piece.whole]
        block = piece.block(len(contest.options), number)
        if block is not None:
            contest.blocks.append(block)
            number += len(block.counts)
        elif body.strip(b","):
            papers = json.loads(b"[" + body.strip(b",") + b"]")
            slow(contest, papers, number)
            number += len(papers)
        if piece.end is not None:
            return text[piece.end + 1 :] + data[start : start + _MOST_AROUND]
        text = b"]" + text[piece.whole :]
    return None


def _forget(data: mmap.mmap, start: int) -> None:
    """Pages already read need not stay in memory."""
    if hasattr(data, "madvise"):
        data.madvise(mmap.MADV_DONTNEED, 0, start // mmap.PAGESIZE * mmap.PAGESIZE or mmap.PAGESIZE)


def _runs(text: bytes) -> int:
    kinds = np.frombuffer(text, dtype=np.uint8) - 48 < 10
    return int(np.count_nonzero(kinds[:-1] > kinds[1:])) + int(kinds[-1])


@dataclass(slots=True)
class _Piece:
    """Papers without blanks, after the sign before them.

    `whole` is where the last complete paper ends, `end` the bracket that closes the list of papers.
    """

    text: Bytes
    kinds: Bytes
    depth: Matrix
    whole: int
    end: int | None

    @classmethod
    def of(cls, text: bytes) -> _Piece | None:
        """None where the signs do not follow each other as they must."""
        codes = text.translate(_KINDS)
        kinds = np.frombuffer(codes, dtype=np.uint8)
        pairs = kinds[:-1] * 4 + kinds[1:]
        if pairs.tobytes().translate(None, _NEIGHBOURS):
            return None
        steps = np.frombuffer(text.translate(_STEPS), dtype=np.int8).copy()
        steps[0] = 0
        depth = np.cumsum(steps, dtype=np.int8)
        if len(depth) and int(depth.max()) > 3:
            return None
        ends = np.flatnonzero(depth < 0)
        end = int(ends[0]) if len(ends) else None
        closed = np.flatnonzero((depth[:end] == 0) & (kinds[:end] == _CLOSE))
        whole = int(closed[-1]) + 1 if len(closed) else 1
        # something that is no paper, or a comma that promises another
        if end is not None and end != whole:
            return None
        return cls(np.frombuffer(text, dtype=np.uint8), kinds, depth, whole, end)

    def block(self, m: int, line: int) -> Block | None:
        """The papers, if each is [count, [options and groups of options]]."""
        text, kinds = self.text[: self.whole], self.kinds[: self.whole]
        depth = self.depth[: self.whole]
        is_digit = kinds == _DIGIT
        numbers = _numbers(text, is_digit)
        if numbers is None:
            return None
        last, values = numbers
        is_open = kinds == _OPEN
        is_paper = is_open & (depth == 1)
        papers = int(np.count_nonzero(is_paper))
        at = depth[last]
        heads = np.flatnonzero(at == 1).astype(np.int32)
        if (
            len(heads) != papers
            or int(np.count_nonzero(is_paper[:-1] & is_digit[1:])) != papers
            or int(np.count_nonzero(is_open & (depth == 2))) != papers
            or int(at.min(initial=1)) < 1
            or (kinds[last[heads] + 1] != _COMMA).any()
            or (kinds[last[heads] + 2] != _OPEN).any()
        ):
            return None
        steps = (at == 2).view(np.int8)
        if (at == 3).any():
            first = np.flatnonzero(is_digit[1:] > is_digit[:-1])
            steps |= (at == 3) & (kinds[first] == _OPEN)
        level = np.cumsum(steps, dtype=np.int32)
        level -= np.repeat(level[heads], np.diff(heads, append=np.int32(len(at))))
        return _block(values, heads, level, m, line)


# BLT

_HEADER = re.compile(rb"\s*([0-9]{1,5})[ \t]+([0-9]{1,9})[ \t\r]*\n(?!\s*-)")


def read_blt(path: Path, small: Callable[[bytes], Contest]) -> Contest | None:
    """The contest, if every paper has a line of its own that ends with 0 and nobody withdrew.

    `small` reads the file without its papers.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header = _HEADER.match(data)
        if header is None:
            return None
        found = _lines(data, header.end(), int(header[1]), header[0].count(b"\n") + 1)
        if found is None:
            return None
        blocks, end = found
        try:
            contest = small(header[0] + b"0" + data[end : end + _MOST_AROUND])
        except FileError:
            return None
    contest.blocks = blocks
    return contest


def _lines(data: mmap.mmap, start: int, m: int, line: int) -> tuple[list[Block], int] | None:
    """The papers, and where the 0 that ends them stands."""
    blocks = []
    while start < len(data):
        raw = data[start : start + CHUNK]
        others = raw.translate(None, b"0123456789" + _SPACE)
        stop = raw.rfind(b"\n", 0, raw.find(others[:1]) if others else len(raw)) + 1
        text = np.frombuffer(b"\n" + raw[:stop], dtype=np.uint8)
        numbers = _numbers(text, text - 48 < 10)
        if stop <= 0 or numbers is None:
            return None
        last, values = numbers
        is_end = text == 10
        of_line = np.cumsum(is_end, dtype=np.int32)[last]
        turns = of_line[1:] != of_line[:-1]
        is_first, is_last = np.append(True, turns), np.append(turns, True)
        if not len(last):
            is_first = is_last = np.zeros(0, dtype=bool)
        lone = np.flatnonzero(is_first & is_last & (values == 0))
        stays = int(lone[0]) if len(lone) else len(last)
        values, is_first, is_last = values[:stays], is_first[:stays], is_last[:stays]
        is_zero = values == 0
        if (is_zero != is_last).any():
            return None
        heads = np.flatnonzero(is_first[~is_zero]).astype(np.int32)
        values = values[~is_zero]
        ranks = np.arange(len(values), dtype=np.int32)
        ranks -= np.repeat(heads, np.diff(heads, append=np.int32(len(values))))
        block = _block(values, heads, ranks, m, line)
        if block is None:
            return None
        blocks.append(block)
        if len(lone):
            return blocks, start + int(last[lone[0]])
        if others:
            return None
        _forget(data, start)
        start += stop
        line += int(np.count_nonzero(is_end)) - 1
    return None
