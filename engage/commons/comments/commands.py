"""`flask comments ...`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from engage.commons.comments import counts
from engage.core import audit
from engage.core.db import db, transactional

comments = AppGroup("comments", help="Comments: proving the counters.")


@comments.command("recount")
@click.option("--fix", is_flag=True, help="Write the counted values where they differ.")
@click.option("--thread", "threads", type=int, multiple=True, help="Only this thread (repeatable).")
def recount(fix: bool, threads: tuple[int, ...]) -> None:
    """Count everything afresh and print only what differs from the counters kept."""
    chosen = list(threads) or None
    found = 0
    if fix:
        with transactional():
            for drift in counts.drifts(chosen):
                click.echo(_line(drift))
                counts.repair(drift)
                found += 1
            if found:
                audit.record("comments.recounted", ("thread", None), actor=None, rows=found)
    else:
        for drift in counts.drifts(chosen):
            click.echo(_line(drift))
            found += 1
        db.session.rollback()
    if found and not fix:
        raise SystemExit(1)


def _line(drift: counts.Drift) -> str:
    said = ", ".join(f"{name} {kept} -> {right}" for name, (kept, right) in drift.columns.items())
    return f"{drift.table} {drift.key}: {said}"
