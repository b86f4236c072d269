"""A test that says it needs no database and takes one all the same is told."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from engage.core import patience
from engage.core.db import db
from tests.purity import NotPure, unwatched, watched


def ask_through_the_pool() -> None:
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def ask_through_a_session() -> None:
    db.session.scalar(text("SELECT 1"))


def ask_sqlite() -> None:
    sqlite3.connect(":memory:").close()


def ask_postgresql() -> None:
    psycopg.connect("host=127.0.0.1 port=1", connect_timeout=1)


def ask_a_child() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


WAYS = [ask_through_the_pool, ask_through_a_session, ask_sqlite, ask_postgresql, ask_a_child]


@pytest.mark.parametrize("ask", WAYS)
def test_every_way_to_a_database_is_seen(app: Flask, ask: Callable[[], None]) -> None:
    with pytest.raises(NotPure), watched("this test"):
        ask()


def test_what_was_swallowed_is_told(app: Flask) -> None:
    told = pytest.raises(NotPure, match="this test is marked pure")
    with told, watched("this test"), suppress(Exception):
        ask_through_the_pool()


def test_what_is_given_to_a_test_is_not_its_doing(app: Flask) -> None:
    with watched("this test"), unwatched():
        ask_through_the_pool()
    ask_through_the_pool()


@pytest.mark.postgresql
def test_a_connection_is_still_one_of_ours(app: Flask) -> None:
    with watched("this test"), unwatched():
        db.engine.dispose()
        with db.engine.connect() as connection:
            assert type(connection.connection.driver_connection) is patience.Connection
