"""Finding the people a text names: `@Marie Dupont`."""

from __future__ import annotations

import re

MOST = 10  # people one comment may call
_LONGEST = 6  # words of a display name
_AT = re.compile(r"(?<![\w@.])@(?=\w)")
_WORD = re.compile(r"[^\s@]+")


def candidates(markdown: str) -> list[list[str]]:
    """For each `@`, the names that may follow it, the longest first.

    Display names hold blanks, so the words after the sign are tried six, five ... one at a time.
    """
    found = []
    for sign in list(_AT.finditer(markdown))[:MOST]:
        line = markdown[sign.end() : sign.end() + 120].splitlines()[0]
        words = _WORD.findall(line.partition("@")[0])[:_LONGEST]
        names = []
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count])
            names += [name] if name == (bare := name.rstrip(".,;:!?)…'\"*_")) else [name, bare]
        found.append([name for name in names if 0 < len(name) <= 80])
    return found
