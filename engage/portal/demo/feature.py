"""The demonstration: `flask demo load`, `flask demo accounts`, and who can be signed in as."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from engage.commons.accounts import demo as accounts
from engage.core.errors import EngageError
from engage.portal.demo import service
from engage.portal.demo.cast import PASSWORD

commands = AppGroup("demo", help="The demonstration: one story, told with invented people.")


@commands.command("load")
@click.option(
    "--scale",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="1 is the story; 50 brings the plan to 100 000 comments.",
)
@with_appcontext
def load_command(scale: int) -> None:
    """Load the story, or what is missing of it."""
    # addresses inside letters and notices are made as in a request to this site
    with current_app.test_request_context("/en/", base_url=current_app.config["BASE_URL"]):
        try:
            service.load(scale, lambda line: click.echo(f"  {line}", err=True))
        except EngageError as error:
            raise click.ClickException(f"{error.message} {error.hint or ''}".strip()) from None


@commands.command("accounts")
@with_appcontext
def accounts_command() -> None:
    """Print who can be signed in as."""
    known = service.accounts()
    if not known:
        click.echo("No demonstration is loaded here.")
        return
    click.echo("The demonstration's accounts. Press one on the sign-in page, or use the password")
    click.echo(f'"{PASSWORD}":')
    for account in known:
        click.echo(f"  {account.email:<28} {account.name:<16} {account.text}")


def register(app: Flask) -> None:
    """Offer the commands, and the accounts to the sign-in page."""
    app.cli.add_command(commands)
    accounts.offer(service.accounts)
