"""What changed between two versions of a text, paragraph by paragraph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engage.commons.documents import queries
from engage.commons.documents.diffing import Piece, readable, word_diff
from engage.commons.documents.matching import match, normal
from engage.commons.documents.models import Change, Paragraph, Section


@dataclass(frozen=True)
class DiffRow:
    """What became of one paragraph between two versions, with the words that went and came."""

    change: Change | Literal["removed"]
    old: Paragraph | None
    new: Paragraph | None
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class DiffSection:
    """A chapter of the newer version, or one that is gone, with its rows in reading order."""

    number: int
    title: str
    old_title: str | None
    rows: list[DiffRow] = field(default_factory=list)


@dataclass(frozen=True)
class Diff:
    """Two versions, paragraph by paragraph."""

    sections: list[DiffSection]
    counts: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        """Is nothing different?"""
        return not any(count for change, count in self.counts.items() if change != "same")


def paragraph_diff(old_version_id: int, new_version_id: int) -> Diff:
    """What changed from one version to the other: two queries.

    Paragraphs are told apart by their keys, so it holds across any number of versions between.
    """
    old, new = queries.numbered(old_version_id), queries.numbered(new_version_id)
    before = {p.key: p for p in old}
    kept = [p for p in new if p.key in before]
    # the same keys in another order: what the longest common order leaves out was moved
    order = match([p.key for p in old], [p.key for p in kept]).matches
    moved = {p.key for p, found in zip(kept, order, strict=True) if found.change is Change.MOVED}
    after = {p.key for p in new}
    lost: defaultdict[str | None, list[Paragraph]] = defaultdict(list)
    anchor: str | None = None
    for paragraph in old:
        if paragraph.key in after:
            anchor = paragraph.key
        else:
            lost[anchor].append(paragraph)
    rows: list[DiffRow] = [_gone(p) for p in lost[None]]
    for paragraph in new:
        rows.append(_row(before.get(paragraph.key), paragraph, paragraph.key in moved))
        rows += [_gone(p) for p in lost[paragraph.key]]
    counts = dict.fromkeys(("same", "edited", "moved", "new", "removed"), 0)
    for row in rows:
        counts[str(row.change)] += 1
    return Diff(_by_chapter(rows), counts)


def _gone(paragraph: Paragraph) -> DiffRow:
    words = readable(paragraph.body, paragraph.kind)
    return DiffRow("removed", paragraph, None, (Piece("del", words),))


def _row(before: Paragraph | None, paragraph: Paragraph, is_moved: bool) -> DiffRow:
    words = readable(paragraph.body, paragraph.kind)
    if before is None:
        return DiffRow(Change.NEW, None, paragraph, (Piece("ins", words),))
    if normal(before.body) != normal(paragraph.body):
        pieces = word_diff(readable(before.body, before.kind), words)
        return DiffRow(Change.EDITED, before, paragraph, tuple(pieces))
    change = Change.MOVED if is_moved else Change.SAME
    return DiffRow(change, before, paragraph, (Piece("same", words),))


def _by_chapter(rows: Sequence[DiffRow]) -> list[DiffSection]:
    sections: list[DiffSection] = []
    here: Section | None = None
    for row in rows:
        if row.new is not None and (here is None or row.new.section_id != here.id):
            here = row.new.section
            sections.append(DiffSection(here.number, here.title, _old_title(rows, here)))
        elif row.old is not None and not sections:
            # what went at the very start belongs to the first chapter there is
            first = next((r.new.section for r in rows if r.new), row.old.section)
            here = first
            sections.append(DiffSection(first.number, first.title, _old_title(rows, first)))
        sections[-1].rows.append(row)
    return sections


def _old_title(rows: Sequence[DiffRow], section: Section) -> str | None:
    """What most of a chapter's paragraphs stood under before, when that was something else."""
    titles: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if row.new is not None and row.old is not None and row.new.section_id == section.id:
            titles[row.old.section.title] += 1
    if not titles:
        return None
    most = max(titles, key=lambda title: titles[title])
    return most if most != section.title else None
