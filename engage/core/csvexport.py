"""Tables for spreadsheets: streamed, and never a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import Response, stream_with_context

# = + - @ and their full-width twins, tab, line breaks and the pipe start a formula somewhere
_FORMULA = tuple("=+-@\t\r\n|\uff1d\uff0b\uff0d\uff20")
_BLANK = ' \u00a0\ufeff\u200b\u200c\u200d\u2060"'
# where a program that splits at another sign than the comma may see a new cell in the middle of
# a text (docs/decisions/0008); what stands there already as an apostrophe gets another one
_INSIDE = re.compile(f"(\r\n|[;\t|\r\n])(?=[{_BLANK}]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|')")


def neutral(value: Any) -> str:
    """A cell's text; whatever a spreadsheet might run gets an apostrophe in front.

    In front of the text, and inside it wherever a spreadsheet with another separator begins a new
    cell. Nothing else is changed: `(^|\\r\\n|[;\\t|\\r\\n])'` replaced by its group gives the text.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    text = _INSIDE.sub(r"\1'", str(value))
    if (
        text.lstrip(_BLANK).startswith(_FORMULA)
        or text.startswith(_FORMULA)
        or text.startswith("'")
    ):
        return "'" + text
    return text


def lines(header: Sequence[Any], rows: Iterable[Sequence[Any]], size: int = 200) -> Iterator[bytes]:
    """CSV in UTF-8 with a byte order mark (spreadsheets ask for it), `size` rows a chunk.

    Every cell is quoted: programs that try several separators at once keep the columns then.
    """
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow([neutral(str(cell)) for cell in header])
    for number, row in enumerate(rows, 1):
        writer.writerow([neutral(cell) for cell in row])
        if number % size == 0:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def stream(filename: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Response:
    """A download that starts at once and keeps memory flat."""
    # the database and the language are still needed while the rows leave
    answer = Response(stream_with_context(lines(header, rows)), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    answer.headers["X-Accel-Buffering"] = "no"
    return answer
