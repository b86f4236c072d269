"""Links in letters and receipts that work without an account."""

from __future__ import annotations

from engage.core import signing
from engage.core.errors import Missing

_RECEIPT = "moderation.receipt"
_COMPLAINT = "moderation.complaint"


def receipt_token(report_id: int) -> str:
    """Shows one reporter the receipt of one report."""
    return signing.signed(_RECEIPT, report_id)


def read_receipt(token: str) -> int:
    """The report's id. Missing for a forged token."""
    content = signing.read(_RECEIPT, token)
    if not isinstance(content, int):
        raise Missing
    return content


def complaint_token(decision_id: int, report_id: int | None = None) -> str:
    """Lets the author (no report) or one reporter complain about one decision."""
    return signing.signed(_COMPLAINT, [decision_id, report_id])


def read_complaint(token: str) -> tuple[int, int | None]:
    """(decision id, report id or None for the author). Missing for a forged token."""
    content = signing.read(_COMPLAINT, token)
    if not (isinstance(content, list) and len(content) == 2 and isinstance(content[0], int)):
        raise Missing
    return content[0], content[1]
