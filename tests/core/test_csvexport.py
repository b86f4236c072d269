"""Exports: no cell a spreadsheet would run, and every value back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.core.csvexport import lines, neutral
from tests.core import attack

LEADS = set("=+-@\t\r\n|＝＋－＠")


def _back(cells: list[str]) -> list[list[str]]:
    text = b"".join(lines(["h"] * len(cells), [cells])).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def _undone(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell


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


def test_rows_are_sent_in_portions() -> None:
    chunks = list(lines(["n"], ([n] for n in range(450)), size=200))
    assert len(chunks) == 3
    assert b"".join(chunks).count(b"\r\n") == 451
