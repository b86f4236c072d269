"""Links in letters and receipts that work without an account."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from engage.core.errors import Missing


def receipt_token(report_id: int) -> str:
    """Shows one reporter the receipt of one report."""
    return str(_signer("receipt").dumps(report_id))


def read_receipt(token: str) -> int:
    """The report's id. Missing for a forged token."""
    content = _read("receipt", token)
    if not isinstance(content, int):
        raise Missing
    return content


def complaint_token(decision_id: int, report_id: int | None = None) -> str:
    """Lets the author (no report) or one reporter complain about one decision."""
    return str(_signer("complaint").dumps([decision_id, report_id]))


def read_complaint(token: str) -> tuple[int, int | None]:
    """(decision id, report id or None for the author). Missing for a forged token."""
    content = _read("complaint", token)
    if not (isinstance(content, list) and len(content) == 2 and isinstance(content[0], int)):
        raise Missing
    return content[0], content[1]


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        [*current_app.config.get("SECRET_KEY_FALLBACKS", ()), current_app.config["SECRET_KEY"]],
        salt=f"moderation.{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def _read(purpose: str, token: str) -> Any:
    try:
        return _signer(purpose).loads(token)
    except BadSignature:
        raise Missing from None
