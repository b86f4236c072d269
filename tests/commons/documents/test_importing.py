"""Texts as people send them become numbered paragraphs; hostile ones become a clear refusal."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from flask import Flask

from engage.commons.documents import importing, unpacking
from engage.commons.documents.importing import read_text, read_upload
from engage.commons.documents.models import ParagraphKind, SourceFormat
from engage.commons.documents.numbering import Split, markdown_of
from engage.core.errors import Invalid
from engage.core.richtext import plain, render

MD = SourceFormat.MARKDOWN


def bodies(split: Split) -> list[tuple[str | None, str]]:
    return [(p.number, p.body) for c in split.chapters for p in c.pieces]


def titles(split: Split) -> list[str]:
    return [f"{c.number} {c.title}" for c in split.chapters]


# --- Markdown ---------------------------------------------------------------------------


def test_markdown_is_cut_at_its_headings():
    split = read_text("# Plan\n\nWhy.\n\n## One\n\nFirst.\n\nSecond.\n\n## Two\n\nThird.", MD)
    assert split.title == "Plan"
    assert titles(split) == ["1 Introduction", "2 One", "3 Two"]
    assert bodies(split) == [
        ("1.1", "Why."),
        ("2.1", "First."),
        ("2.2", "Second."),
        ("3.1", "Third."),
    ]


def test_lists_tables_quotes_and_code_are_one_paragraph_each():
    text = "# A\n\n- one\n- two\n  - three\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> said\n> twice\n\n```\nx = 1\n```\n"
    split = read_text(text, MD)
    assert [p.kind for p in split.chapters[0].pieces] == [
        ParagraphKind.LIST,
        ParagraphKind.TABLE,
        ParagraphKind.QUOTE,
        ParagraphKind.CODE,
    ]
    assert [p.number for p in split.chapters[0].pieces] == ["1.1", "1.2", "1.3", "1.4"]


def test_subheadings_have_no_number():
    split = read_text("# A\n\nx\n\n## Sub\n\ny\n\n### Deeper\n\nz\n\n# B\n\nw", MD)
    assert [(p.number, p.level) for p in split.chapters[0].pieces] == [
        ("1.1", None),
        (None, 3),
        ("1.2", None),
        (None, 4),
        ("1.3", None),
    ]


def test_a_text_without_headings_is_one_section():
    assert bodies(read_text("One.\n\nTwo.", MD)) == [("1.1", "One."), ("1.2", "Two.")]


def test_numbers_the_text_gives_itself_are_not_doubled():
    split = read_text(
        "# 1. Where\n\n1.1 First.\n\n1.2. Second.\n\n# 2 What\n\n2030 is the year.", MD
    )
    assert titles(split) == ["1 Where", "2 What"]
    assert bodies(split) == [("1.1", "First."), ("1.2", "Second."), ("2.1", "2030 is the year.")]


def test_references_are_written_out():
    split = read_text(
        "# A\n\nSee [the plan][p] and [that].\n\n[p]: https://p.example\n[that]: /x\n", MD
    )
    assert bodies(split) == [("1.1", "See [the plan](<https://p.example>) and [that](</x>).")]


def test_comments_and_rules_are_not_text():
    assert bodies(read_text("# A\n\n<!-- todo -->\n\none\n\n---\n\ntwo", MD)) == [
        ("1.1", "one"),
        ("1.2", "two"),
    ]


def test_the_editor_gets_back_what_it_cut_up():
    text = "# A & *b*\n\nx **y** [z](https://z.example)\n\n- one\n- two\n\n## Sub\n\n> q\n\n# B\n\n```\n# no heading\n```"
    split = read_text(text, MD)
    assert read_text(markdown_of(split), MD, is_titled=False).chapters == split.chapters


def test_one_section_with_subheadings_stays_one_in_the_editor():
    split = read_text("# T\n\n## A\n\n### B\n\nwords", MD)
    assert (split.title, titles(split)) == ("T", ["1 A"])
    assert read_text(markdown_of(split), MD, is_titled=False).chapters == split.chapters


def test_line_ends_and_signs_of_other_systems():
    assert bodies(read_text("\ufeff# A\r\n\r\none\u2028line\r\rtwo\0", MD))[0][0] == "1.1"


# --- HTML -------------------------------------------------------------------------------


def test_html_keeps_words_and_drops_the_rest():
    page = """<html><head><title>x</title><style>p{}</style></head><body onload=alert(1)>
    <h1>Plan</h1><nav><a href=/>Home</a></nav><h2>One</h2>
    <p>Hi <b>bold</b> &amp; <i>it</i> <a href="https://a.example" onclick=x>link</a> <a href="javascript:alert(1)">bad</a></p>
    <script>alert(1)</script><ul><li>a<ol><li>b</li></ol></li><li><p>c</p></li></ul>
    <table><tr><th>A<th>B<tr><td>1<td>2|3</table><blockquote><p>q</p><p>r</p></blockquote><pre>x
 y</pre><h3>Sub</h3>loose words<br>second line</body>"""
    split = read_text(page, SourceFormat.HTML)
    assert split.title == "Plan"
    assert titles(split) == ["1 One"]
    assert bodies(split) == [
        ("1.1", "Hi **bold** & *it* [link](<https://a.example>) bad"),
        ("1.2", "- a\n    1. b\n- c"),
        ("1.3", "| A | B |\n| --- | --- |\n| 1 | 2\\|3 |"),
        ("1.4", "> q\n>\n> r"),
        ("1.5", "```\nx\n y\n```"),
        (None, "Sub"),
        ("1.6", "loose words\\\nsecond line"),
    ]


def test_words_that_look_like_markup_stay_words():
    source = (
        "<p># not a heading</p><p>1. no list</p><p>a *star* and _line_ [x](y) &lt;b&gt; `c`</p>"
    )
    texts = [plain(body) for _number, body in bodies(read_text(source, SourceFormat.HTML))]
    assert texts == ["# not a heading", "1. no list", "a *star* and _line_ [x](y) <b> `c`"]
    for _number, body in bodies(read_text(source, SourceFormat.HTML)):
        assert render(body, profile="plan").startswith("<p>")


def test_deep_html_costs_nothing():
    source = "<div>" * 100_000 + "words" + "<b>" * 50_000
    assert bodies(read_text(source, SourceFormat.HTML)) == [("1.1", "words")]


# --- DOCX -------------------------------------------------------------------------------


def word_file() -> bytes:
    document = docx.Document()
    document.add_heading("The plan", 0)
    document.add_paragraph("Why we write it.")
    document.add_heading("First part", 1)
    paragraph = document.add_paragraph("Plain, ")
    paragraph.add_run("bold").bold = True
    paragraph.add_run(" and ")
    paragraph.add_run("slanted").italic = True
    hidden = paragraph.add_run(" secret")
    hidden.font.hidden = True
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("two", style="List Bullet")
    document.add_heading("A detail", 2)
    document.add_paragraph("Somebody said this.", style="Quote")
    style = document.styles.add_style("Our heading", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 1"]
    document.add_paragraph("Second part", style="Our heading")
    table = document.add_table(2, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Year", "Sockets"
    table.cell(1, 0).text, table.cell(1, 1).text = "2028", "12"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_word_file():
    source_format, split = read_upload(word_file(), "Plan final.DOCX")
    assert source_format is SourceFormat.DOCX
    assert split.title == "The plan"
    assert titles(split) == ["1 Introduction", "2 First part", "3 Second part"]
    assert bodies(split) == [
        ("1.1", "Why we write it."),
        ("2.1", "Plain, **bold** and *slanted*"),
        ("2.2", "- one\n- two"),
        (None, "A detail"),
        ("2.3", "> Somebody said this."),
        ("3.1", "| Year | Sockets |\n| --- | --- |\n| 2028 | 12 |"),
    ]


def test_tracked_changes_are_read_as_accepted():
    body = (
        f"<w:document {_W}><w:body><w:p><w:r><w:t>We </w:t></w:r><w:del><w:r><w:delText>never</w:delText>"
        "<w:t>never</w:t></w:r></w:del><w:ins><w:r><w:t>always</w:t></w:r></w:ins><w:r><w:t> answer.</w:t>"
        "</w:r></w:p></w:body></w:document>"
    )
    assert bodies(read_upload(zipped({"word/document.xml": body}), "a.docx")[1]) == [
        ("1.1", "We always answer.")
    ]


def test_headings_are_known_by_name_where_no_style_is_described():
    head = '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    text = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    body = "".join(
        (head.format("Today"), text.format("Trucks wait."), head.format("Soon"), text.format("No."))
    )
    body = f"<w:document {_W}><w:body>{body}</w:body></w:document>"
    assert bodies(read_upload(zipped({"word/document.xml": body}), "a.docx")[1]) == [
        ("1.1", "Trucks wait."),
        ("2.1", "No."),
    ]


# --- ODT --------------------------------------------------------------------------------

_ODT = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 xmlns:xlink="http://www.w3.org/1999/xlink"><office:automatic-styles>
 <style:style style:name="T1"><style:text-properties fo:font-weight="bold"/></style:style>
 <text:list-style style:name="L1"><text:list-level-style-number text:level="1"/></text:list-style>
 </office:automatic-styles><office:body><office:text>
 <text:h text:outline-level="1">First part</text:h>
 <text:p>Two<text:s text:c="3"/>words <text:span text:style-name="T1">bold</text:span> <text:a xlink:href="https://a.example">link</text:a><text:note><text:note-body><text:p>footnote</text:p></text:note-body></text:note></text:p>
 <text:list text:style-name="L1"><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>
 <table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table>
 </office:text></office:body></office:document-content>"""


def zipped(parts: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_an_opendocument_text():
    _format, split = read_upload(zipped({"content.xml": _ODT}), "plan.odt")
    assert titles(split) == ["1 First part"]
    assert bodies(split) == [
        ("1.1", "Two words **bold** [link](<https://a.example>)"),
        ("1.2", "1. one\n2. two"),
        ("1.3", "| A |\n| --- |\n| 1 |"),
    ]


# --- hostile and broken -----------------------------------------------------------------

_LOL = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><d>&j;</d>"
)
_XXE = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><d>&x;</d>'
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _spoiled(data: bytes, part: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(part)
        at = info.header_offset + 30 + len(part) + info.compress_size // 2
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _cases() -> dict[str, tuple[bytes, str]]:
    good = word_file()
    deep = (
        f"<w:document {_W}><w:body>"
        + "<w:sdt>" * 5_000
        + "</w:sdt>" * 5_000
        + "</w:body></w:document>"
    )
    return {
        "empty": (b"", "a.docx"),
        "not a zip": (b"PK\x03\x04 nonsense", "a.docx"),
        "words": (b"hello", "a.docx"),
        "cut off": (good[: len(good) // 2], "a.docx"),
        "one byte wrong": (_spoiled(good, "word/document.xml"), "a.docx"),
        "no document in it": (zipped({"other.xml": "<a/>"}), "a.docx"),
        "another kind of XML": (zipped({"word/document.xml": "<a/>"}), "a.docx"),
        "broken XML": (zipped({"word/document.xml": "<a><b></a>"}), "a.docx"),
        "not XML": (zipped({"word/document.xml": b"\xff\xfe\x00junk"}), "a.docx"),
        "entity bomb": (zipped({"word/document.xml": _LOL}), "a.docx"),
        "outside entity": (zipped({"word/document.xml": _XXE}), "a.docx"),
        "outside entity in styles": (
            zipped(
                {
                    "word/document.xml": f"<w:document {_W}><w:body/></w:document>",
                    "word/styles.xml": _XXE,
                }
            ),
            "a.docx",
        ),
        "zip bomb": (zipped({"word/document.xml": b"<w>" + b" " * (40 << 20)}), "a.docx"),
        "small zip bomb": (zipped({"word/document.xml": b"<w>" + b"x" * (20 << 20)}), "a.docx"),
        "very deep": (zipped({"word/document.xml": deep}), "a.docx"),
        "many entries": (zipped({f"{i}": "" for i in range(5_000)}, zipfile.ZIP_STORED), "a.docx"),
        "old or locked office file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.docx"),
        "old Word": (b"\xd0\xcf\x11\xe0", "a.doc"),
        "odt bomb": (zipped({"content.xml": _LOL}), "a.odt"),
        "odt of nothing": (zipped({"content.xml": "<a/>"}), "a.odt"),
        "a picture": (b"\x89PNG\r\n\x1a\n", "a.png"),
        "no ending": (b"words", "README"),
        "binary called text": (bytes(range(256)) * 40 + b"\0" * 100, "a.md"),
        "only headings": (b"# One\n\n# Two", "a.md"),
        "only blanks": (b" \n\n\t", "a.md"),
        "ten megabytes": (b"word " * 2_000_000, "a.md"),
        "too large a file": (b"x" * (importing.MAX_UPLOAD + 1), "a.docx"),
    }


@pytest.mark.parametrize("name", sorted(_cases()))
def test_what_cannot_be_read_is_refused_with_words(app: Flask, name: str):
    data, sent_as = _cases()[name]
    with pytest.raises(Invalid) as refusal:
        read_upload(data, sent_as)
    assert len(str(refusal.value.fields["file"])) > 20


def test_ten_megabytes_are_refused_unread(app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "read_markdown", lambda _text: pytest.fail("read"))
    with pytest.raises(Invalid, match="too long"):
        read_text("word " * 2_000_000, MD)


def test_sizes_are_bounded_while_unpacking_too(monkeypatch: pytest.MonkeyPatch):
    """A directory may lie about sizes."""
    data = bytearray(zipped({"word/document.xml": b"<a>" + bytes(range(97, 123)) * 4_000}))
    monkeypatch.setattr(unpacking, "MAX_PART", 50_000)
    with pytest.raises(unpacking.Unreadable):
        unpacking.Archive(bytes(data)).part("word/document.xml")


def test_too_many_paragraphs_and_too_long_ones(app: Flask):
    with pytest.raises(Invalid, match="too long for one document"):
        read_text("x\n\n" * (importing.MAX_PARAGRAPHS + 1), MD)
    with pytest.raises(Invalid, match=r"Paragraph 2\.1 is too long"):
        read_text("# A\n\nx\n\n# B\n\n" + "word " * 5_000, MD)
    with pytest.raises(Invalid, match="heading of section 1"):
        read_text("# " + "x" * 400 + "\n\nx", MD)


def test_old_encodings_are_understood(app: Flask):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        _format, split = read_upload(
            "# \u00c9t\u00e9\n\nd\u00e9j\u00e0 vu".encode(encoding), "a.txt"
        )
        assert bodies(split) == [("1.1", "d\u00e9j\u00e0 vu")]
