"""Accounts from the shell."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from engage.commons.accounts import credentials, service
from engage.commons.accounts.models import Role
from engage.core.errors import Conflict, Invalid

group = AppGroup("user", help="Accounts.")


@group.command("create")
@click.argument("email")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="May be given several times.",
)
@click.option("--name", default="", help="How the person is called on the site.")
def create(email: str, roles: tuple[str, ...], name: str) -> None:
    """Make an account, or add roles to the one there is; print a one-time sign-in link."""
    try:
        user, link = service.create_from_shell(email=email, roles=list(roles), display_name=name)
    except Invalid as problem:
        raise click.ClickException(str(problem.message)) from None
    click.echo(f"{user.email}: {', '.join(user.roles) or 'no site roles'}")
    click.echo(f"Open this once to sign in, within three days:\n{link}")


@group.command("reset-second-step")
@click.argument("email")
@click.option("--reason", required=True, help="What happened; the person reads it in a mail.")
def reset_second_step(email: str, reason: str) -> None:
    """Take a lost app, recovery codes and passkeys away: the way back for the last administrator.

    The person is told by mail and signed out everywhere; the act stands in the record.
    """
    try:
        user = credentials.reset_second_step_from_shell(email=email, reason=reason)
    except (Conflict, Invalid) as problem:
        words = "; ".join(map(str, getattr(problem, "fields", {}).values()))
        raise click.ClickException(words or str(problem.message)) from None
    click.echo(f"{user.email} has no second step any more and is signed out everywhere.")
    if user.is_staff:
        click.echo("The office asks for a new one at the next sign-in.")
