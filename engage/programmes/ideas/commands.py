"""What is done to ideas from the shell."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from werkzeug.datastructures import FileStorage

from engage.commons.accounts.queries import by_email
from engage.core.db import transactional
from engage.core.errors import EngageError
from engage.programmes.ideas.service import importing, supporting

ideas = AppGroup("ideas", help="Calls for ideas.")


@ideas.command("recount")
@click.option("--repair", is_flag=True, help="Write the counted values.")
@with_appcontext
def recount_command(repair: bool) -> None:
    """Compare the kept counts of supports and comments with a fresh count; print what differs."""
    with transactional():
        found = list(supporting.drifts())
        for drift in found:
            for name, (kept, counted) in drift.columns.items():
                click.echo(f"idea {drift.idea_id}: {name} is {kept}, counted {counted}")
        if repair:
            supporting.repair(found)
    if found and not repair:
        raise SystemExit(1)


@ideas.command("import")
@click.argument("call", type=int)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "email", required=True, help="The organiser who brings it in.")
@click.option("--run", is_flag=True, help="Bring the good rows in; without it they are only read.")
@with_appcontext
def import_command(call: int, file: Path, email: str, run: bool) -> None:
    """Read ideas from FILE (CSV, XLSX, a Decidim export) into CALL, naming each bad row."""
    organiser = by_email(email)
    if organiser is None:
        raise click.ClickException(f"Nobody here has the address {email}.")
    # words are told as in a request to this site
    with (
        current_app.test_request_context("/en/", base_url=current_app.config["BASE_URL"]),
        file.open("rb") as held,
    ):
        try:
            upload = FileStorage(held, filename=file.name)
            read = importing.preview_import(call, upload=upload, actor=organiser)
            for line in read.report:
                click.echo(f"row {line['row']}, {line['field']}: {line['message']}")
            if run:
                read = importing.run_import(read.id, actor=organiser)
        except EngageError as refused:
            raise click.ClickException(f"{refused.message} {refused.hint or ''}".strip()) from None
    state = "brought in" if read.imported_at else "good"
    click.echo(
        f"{read.rows_good} {state}, {read.rows_known} known already, {read.rows_bad} bad."
        f" Import {read.id}."
    )
