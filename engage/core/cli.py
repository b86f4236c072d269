"""Commands that run and look after an instance."""

import logging
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from engage.core import checkup, outbox, supervise, tasks
from engage.core.backup import BackupError, Report, backup, is_empty, restore
from engage.core.checkup import BAD, GOOD
from engage.core.db import db

log = logging.getLogger(__name__)


@click.command("serve")
@click.option("--alone", is_flag=True, help="Without the supervisor that restarts and drains.")
@click.option("--prepare", is_flag=True, help="Migrate first; load the demonstration once.")
@with_appcontext
def serve_command(alone: bool, prepare: bool) -> None:
    """Serve the site; the worker runs apart, with `flask worker`."""
    if not alone:
        db.engine.dispose()
        sys.exit(supervise.main(["site"], prepare=prepare))
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if prepare:
        try:
            prepare_instance(app)
        except OperationalError:
            log.exception("the database does not answer")
            sys.exit(1)  # it may come back: the supervisor tries again
        except Exception:
            # a setting, a migration, a disk: whatever it is, beginning anew would not mend it
            log.exception("this instance cannot be made ready")
            sys.exit(supervise.CANNOT_START)
    elif checkup.checked("migrations", checkup.migrations).state == BAD:
        click.echo("The schema is not current: run `flask db upgrade` first.", err=True)
        sys.exit(supervise.CANNOT_START)
    db.session.close()
    from engage.core.serve import die_with_parent, serve

    die_with_parent()
    serve(app, host=app.config["HOST"], port=app.config["PORT"])


def prepare_instance(app: Flask) -> None:
    """Bring the schema up to date; a demonstration gets its content once, and tells its accounts."""
    app.extensions["alembic"].upgrade()
    if not app.config["DEMONSTRATION"]:
        return
    demo: Any = app.cli.commands.get("demo")
    if demo is None:
        return
    commands = demo.commands
    if is_empty():
        click.echo("Loading the demonstration ...", err=True)
        commands["load"].main(args=[], prog_name="flask demo load", standalone_mode=False)
    if "accounts" in commands:
        commands["accounts"].main(args=[], prog_name="flask demo accounts", standalone_mode=False)


@click.command("worker")
@click.option("--wait", is_flag=True, help="Until the schema is current.")
@with_appcontext
def worker_command(wait: bool) -> None:
    """Do the background work: letters, timetables, clean-up. As many of these as you like."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    from engage.core.serve import die_with_parent

    die_with_parent()
    while wait and checkup.checked("migrations", checkup.migrations).state == BAD:
        time.sleep(0.2)
    db.session.close()
    consumer = app.extensions["engage_queue"].huey.create_consumer(
        workers=app.config["WORKER_THREADS"],
        worker_type="thread",
        periodic=True,
        max_delay=1.0,  # an idle queue is looked at every second
        graceful_signal="TERM",
    )
    tasks.stopping = consumer.stop_flag
    threading.Thread(target=_beat_for_ever, args=(app,), daemon=True).start()
    outbox.sweep.later()  # what another one left when it died need not wait for the clock
    consumer.run()


def _beat_for_ever(app: Flask) -> None:
    while True:
        try:
            with app.app_context():
                checkup.beat()
        except Exception:
            # each kind of queue fails in its own way; the sign of life comes again with the queue
            log.warning("the queue does not take our sign of life", exc_info=True)
        time.sleep(10)


@click.command("doctor")
@with_appcontext
def doctor_command() -> None:
    """Check this deployment and say what is wrong; exit code 1 when something is."""
    answers = checkup.run(checkup.DOCTOR)
    marks = {GOOD: ("ok  ", "green"), BAD: ("BAD ", "red")}
    for check in answers:
        mark, colour = marks.get(check.state, ("note", "yellow"))
        click.echo(f"{click.style(mark, fg=colour)} {check.name:<11} {check.told}")
    if any(check.state == BAD for check in answers):
        sys.exit(1)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup_command(file: Path) -> None:
    """Write database and uploads to FILE (.tar or .tar.gz). The site may go on running."""
    _tell("Backed up", lambda: backup(file.absolute()))


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--replace", is_flag=True, help="Throw the present data away.")
@with_appcontext
def restore_command(file: Path, replace: bool) -> None:
    """Bring back what `flask backup` wrote. Engage must be stopped."""
    _tell("Restored", lambda: restore(file.absolute(), replace=replace))


def _tell(done: str, work: Any) -> None:
    began = time.perf_counter()
    try:
        report: Report = work()
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    seconds = time.perf_counter() - began
    click.echo(
        f"{done}: {report.parts} parts, {report.size / 1e6:.1f} MB, {seconds:.1f} s ({report.path})"
    )
    for note in report.notes:
        click.echo(f"note: {note}")


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (
        serve_command, worker_command, doctor_command, backup_command, restore_command
    ):  # fmt: skip
        app.cli.add_command(command)
