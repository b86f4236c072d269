"""Texts as people send them - Markdown, DOCX, ODT, HTML - read into blocks.

Nothing is trusted: every reader has its limits, and whatever does not fit raises Invalid with
words for the sender. The limits are generous for a plan and far below what would hurt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from engage.commons.documents.blocks import Block
from engage.commons.documents.models import SourceFormat
from engage.commons.documents.numbering import Split, split
from engage.commons.documents.reading_docx import read_docx
from engage.commons.documents.reading_html import read_html
from engage.commons.documents.reading_odt import read_odt
from engage.commons.documents.unpacking import Unreadable
from engage.core.errors import Invalid
from engage.core.i18n import _l
from engage.core.richtext import neutral, plain

MAX_TEXT = 1_500_000  # bytes of Markdown or HTML: some 250,000 words
MAX_UPLOAD = 12 * 1024 * 1024
MAX_PARAGRAPH = 20_000
MAX_PARAGRAPHS = 3_000
MAX_CHAPTERS = 300
MAX_TITLE = 300

_BY_ENDING = {
    "md": SourceFormat.MARKDOWN,
    "markdown": SourceFormat.MARKDOWN,
    "txt": SourceFormat.MARKDOWN,
    "docx": SourceFormat.DOCX,
    "odt": SourceFormat.ODT,
    "html": SourceFormat.HTML,
    "htm": SourceFormat.HTML,
}


def format_of(name: str) -> SourceFormat:
    """The format an upload's name tells. Raises Invalid for one we cannot read."""
    ending = name.rpartition(".")[2].strip().lower() if "." in name else ""
    found = _BY_ENDING.get(ending)
    if found is None:
        if ending == "doc":
            raise Invalid(
                {"file": _l("This is an old Word format. Save it as .docx and send that.")}
            )
        raise Invalid(
            {
                "file": _l(
                    "We cannot read this format. Send .docx, .odt, .html or .md, or paste the text."
                )
            }
        )
    return found


def read_upload(data: bytes, name: str) -> tuple[SourceFormat, Split]:
    """An uploaded text, cut up and numbered. Raises Invalid on `file`."""
    source_format = format_of(name)
    if not data:
        raise Invalid({"file": _l("This file is empty. Choose another one.")})
    if len(data) > MAX_UPLOAD:
        raise Invalid({"file": _too_long()})
    if source_format in {SourceFormat.DOCX, SourceFormat.ODT}:
        reader: Callable[[bytes], list[Block]] = (
            read_docx if source_format is SourceFormat.DOCX else read_odt
        )
        try:
            blocks = reader(data)
        except Unreadable as error:
            raise Invalid({"file": error.message}) from error
        return source_format, checked(blocks, field="file")
    return source_format, read_text(_decoded(data), source_format, field="file")


def read_text(
    text: str, source_format: SourceFormat, *, field: str = "text", is_titled: bool = True
) -> Split:
    """A pasted or typed text, cut up and numbered. Raises Invalid on `field`."""
    if len(text) > MAX_TEXT or len(text.encode("utf-8", "replace")) > MAX_TEXT:
        raise Invalid({field: _too_long()})
    text = neutral(text)
    if source_format is SourceFormat.HTML:
        return checked(read_html(text), field=field)
    return checked(read_markdown(text), field=field, is_titled=is_titled)


def _too_long() -> str:
    return str(
        _l("This text is too long for one document. Split it into parts, one document each.")
    )


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        # what old editors in western Europe wrote; every byte means something in it
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.count("\0") > 8:
            break
        return text
    raise Invalid({"file": _l("This file is not text. Send .docx, .odt, .html or .md.")})


def checked(blocks: Sequence[Block], *, field: str, is_titled: bool = True) -> Split:
    """Blocks cut up, within the limits. Raises Invalid on `field`, naming the place."""
    if not any(block.kind != "heading" for block in blocks):
        raise Invalid({field: _l("There is no text in it. Paste or send a text with paragraphs.")})
    made = split(blocks, is_titled=is_titled)
    if len(made.chapters) > MAX_CHAPTERS or made.paragraphs > MAX_PARAGRAPHS:
        raise Invalid({field: _too_long()})
    for chapter in made.chapters:
        if len(chapter.title) > MAX_TITLE:
            raise Invalid(
                {field: _l("The heading of section %(number)s is too long.", number=chapter.number)}
            )
        for piece in chapter.pieces:
            if len(piece.body.encode("utf-8", "replace")) > MAX_PARAGRAPH:
                raise Invalid(
                    {
                        field: _l(
                            "Paragraph %(number)s is too long to be discussed as one. "
                            "Divide it with empty lines.",
                            number=piece.number or chapter.number,
                        )
                    }
                )
    return made


# --- Markdown ---------------------------------------------------------------------------

_parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 20}).enable("table")
_parser.disable(["html_inline"])

_KINDS = {
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "blockquote_open": "quote",
    "fence": "code",
    "code_block": "code",
}


def read_markdown(text: str) -> list[Block]:
    """The top-level blocks of a Markdown text, each with the source lines it was written in."""
    env: dict[str, dict[str, dict[str, str]]] = {}
    lines = text.split("\n")
    blocks: list[Block] = []
    depth = 0
    tokens = _parser.parse(text, env)
    for index, token in enumerate(tokens):
        at_top, depth = depth == 0, depth + token.nesting
        if not at_top or token.nesting < 0 or token.map is None:
            continue
        block = _block(token, tokens[index + 1] if index + 1 < len(tokens) else token, lines)
        if block is not None and block.text.strip():
            blocks.append(block)
    references = env.get("references") or {}
    return [_resolved(block, references) for block in blocks] if references else blocks


def _block(token: Token, following: Token, lines: list[str]) -> Block | None:
    if token.type in {"hr", "html_block"}:
        # a rule separates nothing that numbers do not; HTML blocks are comments mostly
        return None if token.type == "hr" else _from_html(token.content)
    if token.type == "heading_open":
        return Block("heading", plain(following.content), int(token.tag[1]))
    assert token.map is not None
    source = "\n".join(lines[token.map[0] : token.map[1]]).strip("\n").rstrip()
    kind = _KINDS.get(token.type, "text")
    return Block(kind, source if kind in {"code", "list"} else source.lstrip())  # type: ignore[arg-type]


def _from_html(source: str) -> Block | None:
    found = read_html(source)
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    return Block("text", "\n\n".join(block.text for block in found))


_REFERENCE = re.compile(r"\[([^\[\]]{1,300})\](?:\[([^\[\]]{0,300})\])?(?![(\[:])")


def _resolved(block: Block, references: dict[str, dict[str, str]]) -> Block:
    """Write references out, as their definitions stay behind when a text is cut up."""

    def written_out(match: re.Match[str]) -> str:
        label = " ".join((match[2] or match[1]).split()).upper()
        target = references.get(label)
        return f"[{match[1]}](<{target['href']}>)" if target else match[0]

    if block.kind in {"code", "heading"}:
        return block
    return Block(block.kind, _REFERENCE.sub(written_out, block.text), block.level)
