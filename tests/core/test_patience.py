"""How long a silent PostgreSQL is waited for, by who is waiting."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engage.core import patience
from engage.core.db import db

pytestmark = pytest.mark.postgresql


def test_a_command_in_a_request_of_its_own_is_in_no_hurry(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "IN_REQUEST", 0.3)
    slow = text("SELECT pg_sleep(1)")
    with app.test_request_context("/en/"):
        with patience.nobody_waits(), db.engine.connect() as connection:
            connection.execute(slow)
        with pytest.raises(OperationalError), db.engine.connect() as connection:
            connection.execute(slow)
