"""HTML as office programs and web pages write it, read into blocks. Nothing but words comes through."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from engage.commons.documents.blocks import (
    Block,
    BlockKind,
    Span,
    fence,
    inline,
    list_item,
    quote,
    table,
)

_SKIPPED = {"script", "style", "head", "template", "noscript", "svg", "math", "iframe", "object",
            "select", "textarea", "button", "nav"}  # fmt: skip
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_BREAKS = {"p", "div", "section", "article", "main", "header", "footer", "aside", "figure",
           "figcaption", "dl", "dt", "dd", "address", "center", "form", "fieldset", "hr", "body"}  # fmt: skip
_BOLD = {"b", "strong"}
_ITALIC = {"i", "em", "cite"}
_LISTS = {"ul": False, "ol": True, "menu": False}
_HREF = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>]{1,2000}\Z", re.IGNORECASE)


def read_html(source: str) -> list[Block]:
    """The blocks of an HTML text, in reading order."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    reader.finish()
    return reader.blocks


class _Reader(HTMLParser):
    """One pass, no tree: nesting is counted, so depth costs nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._spans: list[Span] = []
        self._skip: list[str] = []
        self._bold = self._italic = self._quote = self._pre = 0
        self._heading = 0
        self._hrefs: list[str | None] = []
        self._lists: list[int | None] = []  # the next number, None for bullets
        self._items: list[str] = []
        self._item_is_open = False
        self._tables = 0
        self._rows: list[list[str]] = []
        self._cell_is_open = False

    # --- tags ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skip:
            if tag in _SKIPPED:
                self._skip.append(tag)
            return
        if tag in _SKIPPED:
            self._skip.append(tag)
        elif tag == "br":
            self._spans.append(Span("\n"))
        elif tag in _BOLD:
            self._bold += 1
        elif tag in _ITALIC:
            self._italic += 1
        elif tag == "a":
            href = dict(attrs).get("href") or ""
            self._hrefs.append(href if _HREF.match(href) else None)
        else:
            self._start_block(tag)

    def _start_block(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._flush()
            self._heading = _HEADINGS[tag]
        elif tag in _LISTS:
            self._flush()
            self._lists.append(1 if _LISTS[tag] else None)
        elif tag == "li":
            self._flush()
            self._item_is_open = True
        elif tag == "blockquote":
            self._flush()
            self._quote += 1
        elif tag == "pre":
            self._flush()
            self._pre += 1
        elif tag == "table":
            self._flush()
            self._tables += 1
        elif tag == "tr" and self._tables:
            self._flush()
            self._rows.append([])
        elif tag in {"td", "th"} and self._tables:
            self._flush()
            self._cell_is_open = True
        elif tag in _BREAKS:
            self._flush()

    def handle_endtag(self, tag: str) -> None:
        if self._skip:
            if tag == self._skip[-1]:
                self._skip.pop()
            return
        if tag in _BOLD:
            self._bold = max(0, self._bold - 1)
        elif tag in _ITALIC:
            self._italic = max(0, self._italic - 1)
        elif tag == "a" and self._hrefs:
            self._hrefs.pop()
        else:
            self._end_block(tag)

    def _end_block(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._flush()
            self._heading = 0
        elif tag in _LISTS:
            self._flush()
            if self._lists:
                self._lists.pop()
            if not self._lists:
                self._close_list()
        elif tag == "li":
            self._flush()
            self._item_is_open = False
        elif tag == "blockquote":
            self._flush()
            self._quote = max(0, self._quote - 1)
        elif tag == "pre":
            self._flush()
            self._pre = max(0, self._pre - 1)
        elif tag in {"td", "th", "caption"} and self._tables:
            self._flush()
            self._cell_is_open = False
        elif tag == "table" and self._tables:
            self._flush()
            self._tables -= 1
            if not self._tables:
                self._close_table()
        elif tag in _BREAKS:
            self._flush()

    def handle_data(self, data: str) -> None:
        if self._skip:
            return
        text = data if self._pre else re.sub(r"\s+", " ", data)
        href = self._hrefs[-1] if self._hrefs else None
        self._spans.append(Span(text, bool(self._bold), bool(self._italic), href))

    # --- blocks ---

    def _flush(self) -> None:
        spans, self._spans = self._spans, []
        words = "".join(span.text for span in spans)
        if not words.strip():
            return
        if self._heading:
            self.blocks.append(Block("heading", " ".join(words.split()), self._heading))
        elif self._tables:
            if not self._rows:
                self._rows.append([])
            row = self._rows[-1]
            text = inline(spans)
            if row and not self._cell_is_open:
                row[-1] = f"{row[-1]} {text}".strip()
            else:
                row.append(text)
                self._cell_is_open = False
        elif self._pre:
            self._add("code", fence(words.strip("\n")))
        elif self._lists:
            self._add_item(inline(spans))
        else:
            text = inline(spans)
            self._add("quote" if self._quote else "text", quote(text) if self._quote else text)

    def _add_item(self, text: str) -> None:
        number = self._lists[-1]
        if not self._item_is_open and self._items:
            # a second paragraph of the same item
            self._items[-1] += f"\\\n{text}"
            return
        if number is not None:
            self._lists[-1] = number + 1
        self._items.append(list_item(text, depth=len(self._lists) - 1, number=number))
        self._item_is_open = False

    def _close_list(self) -> None:
        items, self._items = self._items, []
        if items:
            self._add("list", "\n".join(items))

    def _close_table(self) -> None:
        rows, self._rows = self._rows, []
        text = table(rows)
        if text:
            self._add("table", text)

    def _add(self, kind: BlockKind, text: str) -> None:
        last = self.blocks[-1] if self.blocks else None
        if kind == "quote" and last is not None and last.kind == "quote" and self._quote:
            self.blocks[-1] = Block("quote", f"{last.text}\n>\n{text}")
            return
        self.blocks.append(Block(kind, text))

    def finish(self) -> None:
        """Close what the source left open."""
        self._skip.clear()
        self._flush()
        self._close_list()
        self._close_table()
