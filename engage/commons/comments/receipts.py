"""The number a person is given for what they sent: short enough to say on the telephone."""

from __future__ import annotations


def receipt_number(comment_id: int) -> str:
    """`C-000123-45`: the comment's id and two check digits (ISO 7064, MOD 97-10).

    They tell whether it was misheard: no single wrong or swapped digit gives another number.
    """
    return f"C-{comment_id:06d}-{98 - comment_id * 100 % 97:02d}"
