"""From a row of blocks to numbered chapters: sections 1, 2 ..., paragraphs 2.1, 2.2 ..."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from engage.commons.documents.blocks import Block, escape
from engage.commons.documents.models import ParagraphKind

# the same word in both of the first languages
PREFACE = "Introduction"

_KINDS = {
    "text": ParagraphKind.TEXT,
    "list": ParagraphKind.LIST,
    "table": ParagraphKind.TABLE,
    "quote": ParagraphKind.QUOTE,
    "code": ParagraphKind.CODE,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, or a subheading, which has no number. `level` is a subheading's HTML level."""

    kind: ParagraphKind
    body: str
    number: str | None
    level: int | None = None


@dataclass(slots=True)
class Chapter:
    """A section with its pieces in order."""

    number: int
    title: str
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Split:
    """A text cut up. `title` is its own heading when it has exactly one above all others."""

    title: str | None
    chapters: list[Chapter]

    @property
    def paragraphs(self) -> int:
        """How many numbered paragraphs there are."""
        return sum(piece.number is not None for c in self.chapters for piece in c.pieces)


_OWN_CHAPTER_NUMBER = re.compile(r"(\d{1,3})(?:[.):]|\s+[-\u2013\u2014])?\s+(?=\S)")
_OWN_NUMBER = re.compile(r"(\d{1,3}\\?\.\d{1,3})\\?\.?\s+(?=\S)")


def split(blocks: Sequence[Block], *, is_titled: bool = True) -> Split:
    """Cut a text into chapters at its highest headings and number what is inside.

    One single heading above all others, at the very start, is the title, unless the text is said
    to have none (`is_titled=False`, what `markdown_of` writes). What stands before the
    first chapter becomes an introduction. Numbers the text gives itself are taken off where they
    are the ones we give.
    """
    rest = list(blocks)
    title = _title_of(rest) if is_titled else None
    if title is not None:
        rest = rest[1:]
    levels = sorted({block.level for block in rest if block.kind == "heading"})
    top = levels[0] if levels else 0
    chapters: list[Chapter] = []
    count = 0
    for block in rest:
        if block.kind == "heading" and block.level == top:
            number = len(chapters) + 1
            chapters.append(Chapter(number, _without_number(block.text, number)))
            count = 0
            continue
        if not chapters:
            chapters.append(Chapter(1, PREFACE))
        chapter = chapters[-1]
        if block.kind == "heading":
            depth = min(levels.index(block.level) + 2, 4)
            chapter.pieces.append(Piece(ParagraphKind.SUBHEADING, block.text, None, depth))
            continue
        count += 1
        number_text = f"{chapter.number}.{count}"
        body = _without_own(block.text, number_text)
        chapter.pieces.append(Piece(_KINDS[block.kind], body, number_text))
    return Split(title, chapters)


def _title_of(blocks: Sequence[Block]) -> str | None:
    if not blocks or blocks[0].kind != "heading":
        return None
    levels = [block.level for block in blocks if block.kind == "heading"]
    is_alone = levels.count(levels[0]) == 1 and min(levels) == levels[0]
    return blocks[0].text if is_alone and len(levels) > 1 else None


def _without_number(title: str, number: int) -> str:
    match = _OWN_CHAPTER_NUMBER.match(title)
    return title[match.end() :] if match and int(match[1]) == number else title


def _without_own(body: str, number: str) -> str:
    match = _OWN_NUMBER.match(body)
    return body[match.end() :] if match and match[1].replace("\\", "") == number else body


def markdown_of(split_text: Split) -> str:
    """The same text as one Markdown source, for the editor: `split` cuts it up alike, untitled."""
    parts: list[str] = []
    for chapter in split_text.chapters:
        parts.append(f"# {escape(chapter.title)}")
        for piece in chapter.pieces:
            if piece.kind is ParagraphKind.SUBHEADING:
                parts.append(f"{'#' * ((piece.level or 3) - 1)} {escape(piece.body)}")
            else:
                parts.append(piece.body)
    return "\n\n".join(parts) + "\n"
