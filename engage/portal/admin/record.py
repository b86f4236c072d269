"""The record of acts: who did what to which row, and whether the chain holds."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import Any

from flask import Response, render_template, request
from sqlalchemy import Select

from engage.core import audit, clock, csvexport
from engage.core.access import staff
from engage.core.audit import AuditEntry
from engage.core.i18n import LocalBlueprint
from engage.core.paging import page_number, paginate
from engage.portal.admin import queries

bp = LocalBlueprint("audit_office", __name__, url_prefix="/office/audit")

SHOWN_BREAKS = 20


@bp.get("")
@staff("admin", "analyst")
def index() -> str:
    """The entries; with `show=check` also the result of recomputing the whole chain."""
    chosen = _chosen()
    page = paginate(_entries(chosen), page=page_number(), per_page=50)
    is_checked = request.args.get("show") == "check"
    return render_template(
        "admin/audit.html",
        page=page,
        names=queries.names({entry.actor_id for entry in page.items if entry.actor_id}),
        actions=queries.actions(),
        chosen=chosen,
        is_filtered=any(chosen.values()),
        is_checked=is_checked,
        broken=list(islice(audit.broken_links(), SHOWN_BREAKS)) if is_checked else [],
        total=queries.entries_count() if is_checked else None,
        now=clock.now(),
    )


@bp.get("/audit.csv")
@staff("admin", "analyst")
def file() -> Response:
    """The same entries with their hashes, for a spreadsheet or a verifier."""
    header = [
        "id",
        "at",
        "actor_id",
        "action",
        "target_kind",
        "target_id",
        "details",
        "request_id",
        "previous",
        "hash",
    ]
    return csvexport.stream("audit.csv", header, queries.entry_rows(_entries(_chosen())))


def _chosen() -> dict[str, Any]:
    given = request.args
    return {
        "actor": given.get("actor", "").strip()[:100],
        "action": given.get("action", "").strip()[:80],
        "from": _day(given.get("from", "")),
        "to": _day(given.get("to", "")),
    }


def _entries(chosen: dict[str, Any]) -> Select[AuditEntry]:
    found = queries.entries(action=chosen["action"], since=chosen["from"], until=chosen["to"])
    if chosen["actor"]:
        found = found.where(AuditEntry.actor_id.in_(queries.people_named(chosen["actor"])))
    return found


def _day(text: str) -> date | None:
    """A day between 1970 and 2200, None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2200 else None
