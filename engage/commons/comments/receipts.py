"""The number a person is given for what they sent: short enough to say on the telephone."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"C-?([0-9]{1,15})-?([0-9]{2})", re.IGNORECASE)


def receipt_number(comment_id: int) -> str:
    """`C-000123-45`: the comment's id and two check digits (ISO 7064, MOD 97-10)."""
    return f"C-{comment_id:06d}-{98 - comment_id * 100 % 97:02d}"


def read_receipt_number(text: str) -> int | None:
    """The comment's id, None for anything mistyped: every single wrong or swapped digit is noticed."""
    found = _SHAPE.fullmatch(text.strip().replace(" ", ""))
    if found is None:
        return None
    ident = int(found[1])
    return ident if receipt_number(ident)[-2:] == found[2] else None
