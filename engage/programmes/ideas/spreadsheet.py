"""Spreadsheets without a library: one sheet of text and numbers out, the first sheet in.

The format is ECMA-376, part 1, chapter 18 (SpreadsheetML); cells hold inline strings, which no
program takes for formulae.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from engage.commons.documents.unpacking import BROKEN, Archive, Unreadable
from engage.core.i18n import _l
from engage.core.richtext import neutral

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 20_000
MOST_COLUMNS = 200
_LONGEST_CELL = 32_767
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_FILES = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="Ideas" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def written(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook with one sheet."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name, content in _FILES.items():
            archive.writestr(name, _HEAD + content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write((_HEAD + '<worksheet xmlns="' + _MAIN[1:-1] + '"><sheetData>').encode())
            for number, row in enumerate(_with(header, rows), 1):
                cells = "".join(_cell(value) for value in row)
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
    return made.getvalue()


def _with(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield header
    yield from rows


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, datetime):
        value = value.isoformat(timespec="seconds")
    words = escape(neutral(str(value))[:_LONGEST_CELL])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{words}</t></is></c>'


# --- reading ----------------------------------------------------------------------------------


def read(data: bytes) -> list[list[str]]:
    """The rows of the first sheet as text, formulae by their last results.

    Raises Unreadable for what is no spreadsheet, a bomb, or larger than anybody reads.
    """
    archive = Archive(data)
    shared = _shared(archive) if "xl/sharedStrings.xml" in archive else []
    dated = _date_styles(archive) if "xl/styles.xml" in archive else set()
    rows: list[list[str]] = []
    for row in archive.xml(_first_sheet(archive)).iter(f"{_MAIN}row"):
        cells: dict[int, str] = {}
        for place, cell in enumerate(row.findall(f"{_MAIN}c")):
            at = _column(cell.get("r"), place)
            if at >= MOST_COLUMNS:
                raise Unreadable(_l("This table has too many columns."))
            cells[at] = _text(cell, shared, dated)
        rows.append([cells.get(at, "") for at in range(max(cells, default=-1) + 1)])
        if len(rows) > MOST_ROWS + 1:
            raise Unreadable(
                _l("This table has more than %(most)s rows. Split it.", most=f"{MOST_ROWS:,}")
            )
    return rows


def _first_sheet(archive: Archive) -> str:
    if "xl/workbook.xml" not in archive or "xl/_rels/workbook.xml.rels" not in archive:
        raise Unreadable(_l("This is no spreadsheet. Save it as XLSX or CSV and retry."))
    sheet = archive.xml("xl/workbook.xml").find(f"{_MAIN}sheets/{_MAIN}sheet")
    wanted = sheet.get(f"{_RELATION}id") if sheet is not None else None
    for relation in archive.xml("xl/_rels/workbook.xml.rels"):
        if relation.get("Id") == wanted:
            target = (relation.get("Target") or "").lstrip("/")
            return target if target.startswith("xl/") else f"xl/{target}"
    raise Unreadable(BROKEN)


def _shared(archive: Archive) -> list[str]:
    return [_joined(item) for item in archive.xml("xl/sharedStrings.xml")]


def _joined(item: Element) -> str:
    # rich text comes in runs; phonetic hints are not part of the words
    parts = [node.text or "" for node in item.findall(f"{_MAIN}t")]
    parts += [node.text or "" for node in item.findall(f"{_MAIN}r/{_MAIN}t")]
    return "".join(parts)


def _date_styles(archive: Archive) -> set[int]:
    """Numbers of the cell styles that show a number as a date."""
    root = archive.xml("xl/styles.xml")
    formats = {
        int(found.get("numFmtId") or 0): found.get("formatCode") or ""
        for found in root.iter(f"{_MAIN}numFmt")
    }
    dated = set()
    for place, style in enumerate(root.findall(f"{_MAIN}cellXfs/{_MAIN}xf")):
        number = int(style.get("numFmtId") or 0)
        code = re.sub(r'"[^"]*"|\[[^\]]*\]', "", formats.get(number, ""))
        if 14 <= number <= 22 or re.search(r"[dmy]", code, re.IGNORECASE):
            dated.add(place)
    return dated


def _column(reference: str | None, place: int) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference or "")
    if letters is None:
        return place
    number = 0
    for letter in letters.group():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _text(cell: Element, shared: list[str], dated: set[int]) -> str:
    kind = cell.get("t") or "n"
    if kind == "inlineStr":
        held = cell.find(f"{_MAIN}is")
        return _joined(held) if held is not None else ""
    value = cell.findtext(f"{_MAIN}v") or ""
    if kind == "s":
        place = int(value) if value.isdigit() else -1
        return shared[place] if 0 <= place < len(shared) else ""
    if kind == "e":
        return ""
    if (
        kind == "n"
        and value
        and (cell.get("s") or "").isdigit()
        and int(cell.get("s") or 0) in dated
    ):
        return _date(value)
    return value[:-2] if kind == "n" and value.endswith(".0") else value


def _date(value: str) -> str:
    try:
        days = float(value)
        return (datetime(1899, 12, 30) + timedelta(days=days)).isoformat(timespec="seconds")  # noqa: DTZ001  a spreadsheet's dates know no zone
    except (ValueError, OverflowError):
        return value
