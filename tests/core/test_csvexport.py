"""Exports: no cell a spreadsheet would run, and every value back as it was."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.core.csvexport import lines, neutral
from tests.core import attack

pytestmark = pytest.mark.pure

LEADS = set("=+-@\t\r\n|＝＋－＠")


def _back(cells: list[str]) -> list[list[str]]:
    text = b"".join(lines(["h"] * len(cells), [cells])).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def _undone(cell: str) -> str:
    return re.sub(r"(^|\r\n|[;\t|\r\n])'", r"\1", cell)


@pytest.mark.parametrize("case", attack.cases("csv_export"))
def test_no_cell_starts_a_formula(case: str) -> None:
    header, row = _back([case, "after"])
    assert len(header) == len(row) == 2
    assert row[0][:1] not in LEADS
    assert _undone(row[0]) == case
    assert row[1] == "after"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=60))
def test_every_text_comes_back(text: str) -> None:
    assert _undone(_back([text, "x"])[1][0]) == text
    assert neutral(text)[:1] not in LEADS


def _as_excel(data: bytes, separator: str) -> list[list[str]]:
    """The cells of a program that splits at `separator`, whatever the file meant.

    As Excel does it: a quote opens only at the very start of a cell; what follows the closing
    one, up to the next separator or line end, belongs to the cell, quotes and all.
    """
    text = data.decode("utf-8-sig")
    rows: list[list[str]] = [[]]
    at, end = 0, len(text)
    while at < end:
        cell = ""
        if text[at] == '"':
            at += 1
            while at < end and (text[at] != '"' or text[at : at + 2] == '""'):
                cell += text[at]
                at += 2 if text[at] == '"' else 1
            at += 1
        while at < end and text[at] not in f"{separator}\r\n":
            cell += text[at]
            at += 1
        rows[-1].append(cell)
        if text[at : at + 1] in {"\r", "\n"}:
            rows.append([])
        at += 2 if text[at : at + 2] == "\r\n" else 1
    return [row for row in rows if row]


BLANK = ' \u00a0\ufeff\u200b\u200c\u200d\u2060"'
CELL_STARTS = [
    ';=HYPERLINK("http://127.0.0.1/";"click")',
    "Good plan;=1+1",
    "Good plan\n=1+1",
    "Good plan\r\n=1+1",
    "Good plan\r=1+1",
    'Good "plan";"=1+1"',
    'Good plan";"=1+1',
    "Good plan;  =1+1",
    "Good plan; \t=1+1",
    "Good plan\n\n\n=1+1",
    "Good plan\n;=1+1",
    "Good plan;\n=1+1",
    "Good plan\t=1+1",
    "Good plan|=1+1",
    "Good plan;＝1+1",
    "Good plan;+33 3 21",
    "Good plan;@SUM(1)",
    "a;b;c;-1",
    "'=1+1;'=1+1",
    "\ufeff;\u200b=1+1",
    ";;;;=1",
    ";",
    '";',
    '"',
    "=1;",
    "a\n",
    "- first point\n- second point\n\n+ third",
]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("case", CELL_STARTS + attack.cases("csv_export"))
def test_no_separator_makes_a_formula(case: str, separator: str) -> None:
    """A French Excel splits at semicolons: no cell it sees may start a formula either."""
    places = [["2026-11-22", case, "after"], [case, "x", case], ["x", "y", case], [case, case, "z"]]
    data = b"".join(lines(["when", "text", "more"], places))
    for row in _as_excel(data, separator):
        for cell in row:
            assert not cell.lstrip(BLANK).startswith(tuple("=+-@＝＋－＠")), (row, cell)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1:]
    assert [[_undone(cell) for cell in row] for row in rows] == places


PIECES = ["=1", "+", "-2", "@", ";", ",", "\t", "|", "\r", "\n", "\r\n", '"', '""', "'", " ", "a", "\ufeff", "＝"]  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), min_size=3, max_size=3),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_no_mixture_makes_a_formula(cells: list[str], separator: str) -> None:
    data = b"".join(lines(["a", "b", "c"], [cells, cells]))
    for row in _as_excel(data, separator):
        for cell in row:
            assert not cell.lstrip(BLANK).startswith(tuple("=+-@＝＋－＠")), (row, cell)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1:]
    assert [[_undone(cell) for cell in row] for row in rows] == [cells, cells]


def test_every_cell_is_quoted_and_numbers_stay_numbers() -> None:
    [text] = [part.decode("utf-8-sig") for part in lines(["n", "t"], [[-5, "a,b"], [None, True]])]
    assert text == '"n","t"\r\n"-5","a,b"\r\n"","yes"\r\n'


def test_rows_are_sent_in_portions() -> None:
    chunks = list(lines(["n"], ([n] for n in range(450)), size=200))
    assert len(chunks) == 3
    assert b"".join(chunks).count(b"\r\n") == 451
