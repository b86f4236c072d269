"""The common tongue of all readers: headings and paragraphs, each paragraph written in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "text", "list", "table", "quote", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a text in reading order. `level` counts a heading's depth from 1."""

    kind: BlockKind
    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A run of words that look the same; `text` is as people read it, not Markdown."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    href: str | None = None


_SPECIAL = re.compile(r"([\\`*\[\]<])|(?<!\w)(_)|(_)(?!\w)|(~)(?=~)|(&)(?=#?\w{1,32};)")
_AT_START = re.compile(r"^([ \t]*)(?:([#>+\-=|])|(\d{1,9})([.)]))(?=[ \t]|$|[#\-=|])", re.MULTILINE)


def escape(text: str) -> str:
    """Words as Markdown that shows exactly these words."""
    escaped = _SPECIAL.sub(lambda m: "\\" + m[0], text)
    return _AT_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", escaped)


def inline(spans: Sequence[Span]) -> str:
    """Runs as one Markdown paragraph; neighbours that look the same are joined first."""
    joined: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        last = joined[-1] if joined else None
        if last and _look(last) == _look(span):
            joined[-1] = Span(last.text + span.text, span.is_bold, span.is_italic, span.href)
        else:
            joined.append(span)
    return _tidy("".join(_marked(span) for span in joined))


def _look(span: Span) -> tuple[bool, bool, str | None]:
    return span.is_bold, span.is_italic, span.href


def _marked(span: Span) -> str:
    core = span.text.strip()
    if not core:
        return span.text
    # markers must touch the words, so the blanks around stay outside
    lead = span.text[: len(span.text) - len(span.text.lstrip())]
    trail = span.text[len(span.text.rstrip()) :]
    text = escape(core)
    marks = ("**" if span.is_bold else "") + ("*" if span.is_italic else "")
    text = f"{marks}{text}{marks[::-1]}"
    if span.href:
        target = re.sub(r"[\s<>]", "", span.href)
        text = f"[{text}](<{target}>)"
    return f"{lead}{text}{trail}"


def _tidy(text: str) -> str:
    """Blanks folded; a line break inside a paragraph becomes Markdown's hard one."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return "\\\n".join(line for line in lines if line)


def list_item(text: str, *, depth: int, number: int | None) -> str:
    """One item of a list, `depth` from 0; a number makes it an ordered one."""
    indent = "    " * min(depth, 5)
    marker = f"{number}. " if number is not None else "- "
    hanging = "\n" + indent + " " * len(marker)
    return indent + marker + text.replace("\n", hanging)


MAX_COLUMNS = 24


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of inline Markdown as a Markdown table, the first row its head; "" when empty."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        return ""
    width = min(max(len(row) for row in filled), MAX_COLUMNS)
    lines = [_row(filled[0], width), "|" + " --- |" * width]
    lines += [_row(row, width) for row in filled[1:]]
    return "\n".join(lines)


def _row(cells: Sequence[str], width: int) -> str:
    fitted = [*cells[:width], *[""] * (width - len(cells))]
    shown = [cell.replace("\\\n", " ").replace("\n", " ").replace("|", "\\|") for cell in fitted]
    return "| " + " | ".join(shown) + " |"


def quote(text: str) -> str:
    """Markdown as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def fence(text: str) -> str:
    """Words to be shown letter by letter."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}\n{text.rstrip()}\n{ticks}"
