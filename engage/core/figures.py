"""Several numbers in one statement: what stands beside the entries of a menu, or on the desk."""

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import Select, select

from engage.core.db import db

Key = TypeVar("Key")


def read(counts: Mapping[Key, Select[int]]) -> dict[Key, int]:
    """What each of these selects of one number says; one statement for all of them."""
    if not counts:
        return {}
    row = db.session.execute(select(*(count.scalar_subquery() for count in counts.values()))).one()
    return {key: int(number or 0) for key, number in zip(counts, row, strict=True)}
