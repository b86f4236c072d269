"""OpenDocument texts read into blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from engage.commons.documents.blocks import Block, Span, inline, list_item, quote, table
from engage.commons.documents.unpacking import BROKEN, Archive, Unreadable

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
_T = f"{{{_NS}text:1.0}}"
_TABLE = f"{{{_NS}table:1.0}}"
_STYLE = f"{{{_NS}style:1.0}}"
_FO = f"{{{_NS}xsl-fo-compatible:1.0}}"
_OFFICE = f"{{{_NS}office:1.0}}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_HREF = re.compile(r"(?:https?://|mailto:|tel:)\S{1,2000}\Z", re.IGNORECASE)
_SKIPPED = {
    f"{_T}{name}"
    for name in ("tracked-changes", "note", "table-of-content", "sequence-decls", "bibliography", "alphabetical-index")
} | {f"{_OFFICE}annotation", f"{_OFFICE}forms"}  # fmt: skip
_MAX_BLANKS = 100


def read_odt(data: bytes) -> list[Block]:
    """The blocks of an OpenDocument text. Raises Unreadable."""
    archive = Archive(data)
    content = archive.xml("content.xml")
    text = content.find(f"{_OFFICE}body/{_OFFICE}text")
    if text is None:
        raise Unreadable(BROKEN)
    looks = _Looks(content)
    if "styles.xml" in archive:
        looks.add(archive.xml("styles.xml"))
    return list(_Reader(looks).read(text))


class _Looks:
    """Which styles are bold, italic, quotations, titles, numbered lists."""

    def __init__(self, root: Element) -> None:
        self.bold: set[str] = set()
        self.italic: set[str] = set()
        self.parents: dict[str, str] = {}
        self.ordered: set[tuple[str, int]] = set()
        self.add(root)

    def add(self, root: Element) -> None:
        for style in root.iter(f"{_STYLE}style"):
            name = style.get(f"{_STYLE}name", "")
            self.parents[name] = style.get(f"{_STYLE}parent-style-name", "")
            look = style.find(f"{_STYLE}text-properties")
            if look is not None and look.get(f"{_FO}font-weight") in {"bold", "700", "800", "900"}:
                self.bold.add(name)
            if look is not None and look.get(f"{_FO}font-style") in {"italic", "oblique"}:
                self.italic.add(name)
        for style in root.iter(f"{_T}list-style"):
            name = style.get(f"{_STYLE}name", "")
            for level in style.iter(f"{_T}list-level-style-number"):
                depth = level.get(f"{_T}level", "")
                if depth.isdigit() and len(depth) < 3:
                    self.ordered.add((name, int(depth) - 1))

    def is_a(self, name: str, wanted: str) -> bool:
        """Is a style that one, or made from it?"""
        for _generation in range(10):
            if name == wanted:
                return True
            name = self.parents.get(name, "")
        return False


class _Reader:
    def __init__(self, looks: _Looks) -> None:
        self.looks = looks

    def read(self, root: Element) -> Iterator[Block]:
        for child in root:
            if child.tag in _SKIPPED:
                continue
            if child.tag == f"{_T}h":
                yield from self._heading(child)
            elif child.tag == f"{_T}p":
                yield from self._paragraph(child)
            elif child.tag == f"{_T}list":
                items = list(self._items(child, 0, child.get(f"{_T}style-name", "")))
                if items:
                    yield Block("list", "\n".join(items))
            elif child.tag == f"{_TABLE}table":
                text = table(list(self._rows(child)))
                if text:
                    yield Block("table", text)
            else:
                yield from self.read(child)

    def _heading(self, element: Element) -> Iterator[Block]:
        level = element.get(f"{_T}outline-level", "1")
        words = " ".join("".join(span.text for span in self._spans(element)).split())
        if words:
            number = int(level) if level.isdigit() and len(level) < 3 else 1
            yield Block("heading", words, min(number, 9) + 1)

    def _paragraph(self, element: Element) -> Iterator[Block]:
        style = element.get(f"{_T}style-name", "")
        spans = list(self._spans(element))
        text = inline(spans)
        if not text:
            return
        if self.looks.is_a(style, "Title"):
            yield Block("heading", " ".join("".join(s.text for s in spans).split()), 1)
        elif self.looks.is_a(style, "Quotations"):
            yield Block("quote", quote(text))
        else:
            yield Block("text", text)

    def _items(self, element: Element, depth: int, style: str) -> Iterator[str]:
        for count, item in enumerate(element.findall(f"{_T}list-item"), 1):
            texts: list[str] = []
            below: list[str] = []
            for child in item:
                if child.tag in {f"{_T}p", f"{_T}h"}:
                    texts.append(inline(list(self._spans(child))))
                elif child.tag == f"{_T}list":
                    below += self._items(child, depth + 1, style)
            text = "\\\n".join(text for text in texts if text)
            number = count if (style, depth) in self.looks.ordered else None
            if text:
                yield list_item(text, depth=depth, number=number)
            yield from below

    def _rows(self, element: Element) -> Iterator[list[str]]:
        for row in element.iter(f"{_TABLE}table-row"):
            cells = []
            for cell in row.findall(f"{_TABLE}table-cell"):
                parts = [inline(list(self._spans(p))) for p in cell.iter(f"{_T}p")]
                cells.append(" ".join(part for part in parts if part))
            yield cells

    def _spans(
        self, element: Element, bold: bool = False, italic: bool = False, href: str | None = None
    ) -> Iterator[Span]:
        if element.text:
            yield Span(re.sub(r"\s+", " ", element.text), bold, italic, href)
        for child in element:
            if child.tag not in _SKIPPED:
                yield from self._child(child, bold, italic, href)
            if child.tail:
                yield Span(re.sub(r"\s+", " ", child.tail), bold, italic, href)

    def _child(self, child: Element, bold: bool, italic: bool, href: str | None) -> Iterator[Span]:
        if child.tag == f"{_T}span":
            style = child.get(f"{_T}style-name", "")
            yield from self._spans(
                child, bold or style in self.looks.bold, italic or style in self.looks.italic, href
            )
        elif child.tag == f"{_T}a":
            target = child.get(f"{_XLINK}href", "")
            yield from self._spans(child, bold, italic, target if _HREF.match(target) else href)
        elif child.tag == f"{_T}s":
            count = child.get(f"{_T}c", "1")
            blanks = int(count) if count.isdigit() and len(count) < 4 else 1
            yield Span(" " * min(blanks, _MAX_BLANKS), bold, italic, href)
        elif child.tag == f"{_T}tab":
            yield Span(" ", bold, italic, href)
        elif child.tag == f"{_T}line-break":
            yield Span("\n", bold, italic, href)
        elif child.tag.startswith(_T):
            yield from self._spans(child, bold, italic, href)
