"""A notice as somebody sends it, before it is a row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """What somebody reports: the fields of Article 16."""

    ground: str
    explanation: str
    address: str
    name: str
    email: str
    good_faith: bool
    locale: str
