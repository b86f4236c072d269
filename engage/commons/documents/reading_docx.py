"""Word files read into blocks: paragraphs by their styles, lists, tables, links; nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from engage.commons.documents.blocks import Block, Span, inline, list_item, quote, table
from engage.commons.documents.unpacking import BROKEN, Archive, Unreadable

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_REL = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_HEADING = re.compile(r"(?:heading|titre|\u00fcberschrift|titolo|t\u00edtulo|kop) ?([1-9])\Z")
_HREF = re.compile(r"(?:https?://|mailto:|tel:)\S{1,2000}\Z", re.IGNORECASE)
_TRUE = {None, "1", "true", "on"}
# deleted by tracked changes, drawn, computed, or hidden: none of it is the text
_SKIPPED = {f"{_W}{name}" for name in ("del", "moveFrom", "drawing", "pict", "object", "instrText", "delText", "footnoteReference", "endnoteReference", "commentReference", "fldData")}  # fmt: skip


@dataclass
class _Styles:
    """What the paragraphs' styles mean, and what the lists count."""

    # files of simpler programs name their styles and describe none
    are_described: bool = False
    headings: dict[str, int] = field(default_factory=dict)
    quotes: set[str] = field(default_factory=set)
    lists: dict[str, tuple[str, int]] = field(default_factory=dict)
    ordered: set[tuple[str, int]] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)


def read_docx(data: bytes) -> list[Block]:
    """The blocks of a Word file. Raises Unreadable."""
    archive = Archive(data)
    body = archive.xml("word/document.xml").find(f"{_W}body")
    if body is None:
        raise Unreadable(BROKEN)
    return list(_Reader(_styles(archive)).read(body))


def _styles(archive: Archive) -> _Styles:
    styles = _Styles()
    if "word/styles.xml" in archive:
        _read_styles(archive.xml("word/styles.xml"), styles)
        styles.are_described = True
    if "word/numbering.xml" in archive:
        _read_numbering(archive.xml("word/numbering.xml"), styles)
    if "word/_rels/document.xml.rels" in archive:
        for relation in archive.xml("word/_rels/document.xml.rels").iter(_REL):
            target = relation.get("Target", "")
            if relation.get("TargetMode") == "External" and _HREF.match(target):
                styles.links[relation.get("Id", "")] = target
    return styles


def _read_styles(root: Element, styles: _Styles) -> None:
    parents: dict[str, str] = {}
    for style in root.iter(f"{_W}style"):
        ident = style.get(f"{_W}styleId", "")
        name = _value(style.find(f"{_W}name")).lower()
        parents[ident] = _value(style.find(f"{_W}basedOn"))
        match = _HEADING.match(name)
        level = _number(style.find(f"{_W}pPr/{_W}outlineLvl"))
        if match:
            styles.headings[ident] = int(match[1]) + 1
        elif name == "title":
            styles.headings[ident] = 1
        elif level is not None and level < 9:
            styles.headings[ident] = level + 2
        if "quote" in name:
            styles.quotes.add(ident)
        numbered = style.find(f"{_W}pPr/{_W}numPr")
        if numbered is not None and ident not in styles.headings:
            styles.lists[ident] = _list_of(numbered)
    for ident in parents:
        _inherit(ident, parents, styles)


def _inherit(ident: str, parents: dict[str, str], styles: _Styles) -> None:
    ancestor = parents.get(ident, "")
    for _generation in range(10):
        if not ancestor or ident in styles.headings:
            return
        if ancestor in styles.headings:
            styles.headings[ident] = styles.headings[ancestor]
        ancestor = parents.get(ancestor, "")


def _read_numbering(root: Element, styles: _Styles) -> None:
    formats: dict[tuple[str, int], str] = {}
    for abstract in root.iter(f"{_W}abstractNum"):
        ident = abstract.get(f"{_W}abstractNumId", "")
        for level in abstract.iter(f"{_W}lvl"):
            depth = level.get(f"{_W}ilvl", "0")
            if depth.isdigit():
                formats[ident, int(depth)] = _value(level.find(f"{_W}numFmt"))
    for number in root.iter(f"{_W}num"):
        abstract_id = _value(number.find(f"{_W}abstractNumId"))
        for (owner, place), kind in formats.items():
            if owner == abstract_id and kind not in {"bullet", "none"}:
                styles.ordered.add((number.get(f"{_W}numId", ""), place))


def _value(element: Element | None) -> str:
    return element.get(f"{_W}val", "") if element is not None else ""


def _number(element: Element | None) -> int | None:
    value = _value(element)
    return int(value) if value.isdigit() and len(value) < 4 else None


def _list_of(numbered: Element) -> tuple[str, int]:
    depth = _number(numbered.find(f"{_W}ilvl")) or 0
    return _value(numbered.find(f"{_W}numId")), min(depth, 8)


class _Reader:
    """Reads the body once; list items that follow one another make one block."""

    def __init__(self, styles: _Styles) -> None:
        self.styles = styles
        self._items: list[str] = []
        self._counts: dict[int, int] = {}

    def read(self, body: Element) -> Iterator[Block]:
        for element in _flow(body):
            if element.tag == f"{_W}tbl":
                yield from self._list()
                text = table(self._rows(element))
                if text:
                    yield Block("table", text)
            else:
                yield from self._paragraph(element)
        yield from self._list()

    def _paragraph(self, element: Element) -> Iterator[Block]:
        spans = list(self._spans(element))
        text = inline(spans)
        style = _value(element.find(f"{_W}pPr/{_W}pStyle"))
        level = self.styles.headings.get(style)
        if not self.styles.are_described and (match := _HEADING.match(style.lower())):
            level = int(match[1]) + 1
        outline = _number(element.find(f"{_W}pPr/{_W}outlineLvl"))
        if level is None and outline is not None and outline < 9:
            level = outline + 2
        if not text:
            return
        if level is not None:
            yield from self._list()
            words = " ".join("".join(span.text for span in spans).split())
            yield Block("heading", words, level)
            return
        numbered = element.find(f"{_W}pPr/{_W}numPr")
        place = _list_of(numbered) if numbered is not None else self.styles.lists.get(style)
        if place is not None and place[0] not in {"", "0"}:
            self._item(text, place)
            return
        yield from self._list()
        if style in self.styles.quotes:
            yield Block("quote", quote(text))
        else:
            yield Block("text", text)

    def _item(self, text: str, place: tuple[str, int]) -> None:
        depth = place[1]
        number = None
        if place in self.styles.ordered:
            number = self._counts.get(depth, 0) + 1
            self._counts[depth] = number
        self._counts = {d: n for d, n in self._counts.items() if d <= depth}
        self._items.append(list_item(text, depth=depth, number=number))

    def _list(self) -> Iterator[Block]:
        items, self._items = self._items, []
        self._counts = {}
        if items:
            yield Block("list", "\n".join(items))

    def _rows(self, element: Element) -> list[list[str]]:
        rows = []
        for row in element.findall(f"{_W}tr"):
            cells = []
            for cell in row.findall(f"{_W}tc"):
                parts = [inline(list(self._spans(p))) for p in cell.iter(f"{_W}p")]
                cells.append(" ".join(part for part in parts if part))
            rows.append(cells)
        return rows

    def _spans(self, element: Element, href: str | None = None) -> Iterator[Span]:
        for child in element:
            if child.tag in _SKIPPED or child.tag == f"{_W}p":
                continue
            if child.tag == f"{_W}r":
                yield from self._run(child, href)
            elif child.tag == f"{_W}hyperlink":
                target = self.styles.links.get(child.get(f"{_R}id", ""))
                yield from self._spans(child, target or href)
            elif child.tag != f"{_W}pPr":
                # insertions, smart tags, content controls: their words are the text
                yield from self._spans(child, href)

    def _run(self, run: Element, href: str | None) -> Iterator[Span]:
        look = run.find(f"{_W}rPr")
        if _is_on(look, "vanish"):
            return
        bold, italic = _is_on(look, "b"), _is_on(look, "i")
        for part in run:
            if part.tag == f"{_W}t":
                yield Span(part.text or "", bold, italic, href)
            elif part.tag in {f"{_W}tab", f"{_W}noBreakHyphen"}:
                yield Span("-" if part.tag.endswith("Hyphen") else " ", bold, italic, href)
            elif part.tag == f"{_W}br" and part.get(f"{_W}type") is None:
                yield Span("\n", bold, italic, href)


def _flow(element: Element) -> Iterator[Element]:
    """Paragraphs and tables in reading order, whatever wraps them."""
    for child in element:
        if child.tag in {f"{_W}p", f"{_W}tbl"}:
            yield child
        elif child.tag not in _SKIPPED:
            yield from _flow(child)


def _is_on(look: Element | None, name: str) -> bool:
    flag = look.find(f"{_W}{name}") if look is not None else None
    return flag is not None and flag.get(f"{_W}val") in _TRUE
