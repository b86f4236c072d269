"""Voting: what it registers."""

from __future__ import annotations

from flask import Flask

from engage.commons.voting.commands import tally


def register(app: Flask) -> None:
    """Add the command that counts a file."""
    app.cli.add_command(tally)
