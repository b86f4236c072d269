"""Bytes of a file as text, whichever of the usual encodings they came in."""

from __future__ import annotations

import codecs

from engage.commons.voting.formats.contest import FileError
from engage.commons.voting.methods.result import say

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def text_of(data: str | bytes) -> str:
    """The text, lines ended by a line feed. UTF-8, UTF-16 with its mark, otherwise Latin-1.

    Raises FileError for a file that is empty or no text.
    """
    text = data if isinstance(data, str) else _decoded(data)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise FileError(say("the file is empty."))
    if "\0" in text:
        raise FileError(say("this is no text file."))
    return text


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # what older programs of Windows write is Latin-1 with more signs
        return data.decode("cp1252", errors="replace")
