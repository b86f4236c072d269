"""The comments of a consultation as a table for everybody: what the pages show, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engage.commons.comments.exporting import EXPORT_HEADER, export_rows
from engage.core.i18n import _
from engage.programmes.consultations import queries


def header() -> list[str]:
    """Column titles in the language being spoken; the thread's number becomes its place."""
    titles = [str(title) for title in EXPORT_HEADER]
    return [titles[0], titles[1], _("Place"), *titles[3:]]


def rows(consultation_id: int) -> Iterator[tuple[Any, ...]]:
    """Published comments with their official answers, streamed: memory stays flat."""
    places = queries.place_names(consultation_id)
    for row in export_rows(queries.thread_ids(consultation_id)):
        yield (row.id, row.receipt, places.get(row.thread_id, ""), *row[3:])
