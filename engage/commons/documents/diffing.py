"""What changed between two wordings, word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import Literal

from engage.commons.documents.models import ParagraphKind
from engage.core.richtext import plain

Kind = Literal["same", "del", "ins"]

# a word or a sign with the blanks after it: blanks of their own would be equal everywhere
_TOKEN = re.compile(r"\s+|\w+\s*|[^\w\s]\s*")
_SENTENCE_ENDS = re.compile(r"[.!?;:\n]\s*\Z")
# equal pairs of tokens; each round of the comparison may look at all of them
_MAX_WORK = 200_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that stayed, went or came."""

    kind: Kind
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """The pieces in reading order, what went before what came.

    "same" and "del" pieces together are `old`, "same" and "ins" pieces are `new`, to the letter.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    middle_before = before[start : len(before) - end]
    middle_after = after[start : len(after) - end]
    raw = [("same", before[:start])]
    raw += _middle(middle_before, middle_after)
    raw.append(("same", before[len(before) - end :] if end else []))
    return _joined(_calmed(raw))


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count


def _middle(before: list[str], after: list[str]) -> list[tuple[str, list[str]]]:
    """Compare words; texts too long or too monotonous for that by sentences, or not at all."""
    for units_before, units_after in (
        ([[token] for token in before], [[token] for token in after]),
        (_sentences(before), _sentences(after)),
    ):
        first = ["".join(unit) for unit in units_before]
        second = ["".join(unit) for unit in units_after]
        counts = Counter(second)
        if sum(counts[unit] for unit in first) <= _MAX_WORK:
            return _compared(units_before, units_after, first, second)
    return [("del", before), ("ins", after)]


def _sentences(tokens: list[str]) -> list[list[str]]:
    made: list[list[str]] = [[]]
    for token in tokens:
        made[-1].append(token)
        if _SENTENCE_ENDS.search(token):
            made.append([])
    return [sentence for sentence in made if sentence]


def _compared(
    units_before: list[list[str]],
    units_after: list[list[str]],
    first: list[str],
    second: list[str],
) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            found.append(("same", list(chain(*units_before[i1:i2]))))
        else:
            found.append(("del", list(chain(*units_before[i1:i2]))))
            found.append(("ins", list(chain(*units_after[j1:j2]))))
    return found


def _calmed(raw: list[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
    """A blank or a comma alone between two changes belongs to the change: easier to read."""
    pieces = [(kind, tokens) for kind, tokens in raw if tokens]
    gone: list[str] = []
    come: list[str] = []
    for index, (kind, tokens) in enumerate(pieces):
        is_last = index == len(pieces) - 1
        is_little = kind == "same" and not any(re.match(r"\w", token) for token in tokens)
        if kind == "del":
            gone += tokens
        elif kind == "ins":
            come += tokens
        elif is_little and (gone or come) and not is_last:
            gone += tokens
            come += tokens
        else:
            yield from _change(gone, come)
            gone, come = [], []
            yield "same", tokens
    yield from _change(gone, come)


def _change(gone: list[str], come: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What both sides of a change share at its ends is no change."""
    start = _common(gone, come)
    end = _common(gone[start:][::-1], come[start:][::-1])
    yield "same", gone[:start]
    yield "del", gone[start : len(gone) - end]
    yield "ins", come[start : len(come) - end]
    yield "same", gone[len(gone) - end :] if end else []


def _joined(pieces: Iterator[tuple[str, list[str]]]) -> list[Piece]:
    made: list[Piece] = []
    for kind, tokens in pieces:
        text = "".join(tokens)
        if not text:
            continue
        if made and made[-1].kind == kind:
            made[-1] = Piece(made[-1].kind, made[-1].text + text)
        else:
            made.append(Piece(kind, text))  # type: ignore[arg-type]
    return made


def readable(body: str, kind: ParagraphKind) -> str:
    """A paragraph's words without its markup, lists and tables line by line."""
    if kind is ParagraphKind.CODE:
        return "\n".join(line for line in body.split("\n") if not line.strip().startswith("```"))
    if kind not in {ParagraphKind.LIST, ParagraphKind.TABLE}:
        return plain(body)
    lines = []
    for line in body.split("\n"):
        if kind is ParagraphKind.TABLE and not re.sub(r"[|\s:\-]", "", line):
            continue
        words = plain(line.strip())
        if kind is ParagraphKind.TABLE:
            words = " \u00b7 ".join(part.strip() for part in words.strip("|").split("|"))
        if words:
            lines.append(words)
    return "\n".join(lines)
