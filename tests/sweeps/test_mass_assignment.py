"""A field nobody asked for changes nothing: every form, with a field named like every column there is."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from itsdangerous import TimestampSigner
from sqlalchemy import Column, Enum, Table, func, select
from sqlalchemy.orm import ColumnProperty

from engage.core import clock
from engage.core.db import Model, db
from engage.core.limits import limiter
from tests.core import attack
from tests.pages import Page, PageClient
from tests.sweeps.forms import Form, forms, walkers, ways
from tests.sweeps.world import build

# the state of the site is kept and put back as SQLite does it; the forms are the same elsewhere
pytestmark = pytest.mark.sqlite

# forms that nobody can send without a device in the hand; what they refuse is compared all the same
NEEDS_A_DEVICE = {
    "accounts.passkey_login",
    "accounts.new_passkey",
    "accounts.authenticator",
    "accounts.remove_authenticator",
    "accounts.recovery_codes",
}
# the frame of every form
OURS = frozenset({"csrf_token", "idempotency_key"})

# where the hash of all that was sent is kept: of course it differs
SENT = "sent_forms"

Rows = dict[str, list[tuple[Any, ...]]]
Values = Mapping[str, Any]


class Sender:
    """Sends forms from the same state of the site every time, and says what each has changed."""

    def __init__(self, readers: Mapping[str, PageClient]) -> None:
        self.readers = readers
        self.cookies = {who: dict(reader.http._cookies or {}) for who, reader in readers.items()}
        self.kept = sqlite3.connect(":memory:")
        db.session.rollback()
        with db.engine.connect() as connection:
            connection.connection.driver_connection.backup(self.kept)  # type: ignore[union-attr]
        self.before = self.rows()

    def send(self, form: Form, values: Values) -> tuple[Page, Rows]:
        return self.answer(form, values), self.rows()

    def answer(self, form: Form, values: Values) -> Page:
        """What is answered, for who does not ask what has changed."""
        limiter.reset()
        with db.engine.connect() as connection:
            self.kept.backup(connection.connection.driver_connection)  # type: ignore[arg-type]
        reader = self.readers[form.who]
        reader.http._cookies = dict(self.cookies[form.who])
        body = {name: _anew(value) for name, value in values.items()}
        return reader.post(form.action, body, unchecked=True, offsite=True)

    def rows(self) -> Rows:
        """Every row of every table, in the order they were put there."""
        with db.engine.connect() as connection:
            held: Any = connection.connection.driver_connection
            return {
                name: held.execute(f'SELECT * FROM "{name}" ORDER BY {_order(table)}').fetchall()
                for name, table in Model.metadata.tables.items()
                if name != SENT
            }

    def close(self) -> None:
        self.kept.close()


def _order(table: Table) -> str:
    """By when a row came; by its key where a table is kept in the order of that."""
    if table.dialect_options["sqlite"]["with_rowid"]:
        return "rowid"
    return ", ".join(f'"{column.name}"' for column in table.primary_key)


def _anew(value: Any) -> Any:
    # a file is read to its end when it is sent
    return (io.BytesIO(value[0].getvalue()), value[1]) if isinstance(value, tuple) else value


@pytest.fixture
def wanted(app: Flask) -> dict[str, list[str]]:
    """Every name a careless form could write by, and values worth writing."""
    found: dict[str, list[str]] = {name: ["1", ""] for name in attack.own("mass_assign")}
    for mapper in Model.registry.mappers:
        for attribute in mapper.attrs:
            values = ["admin", ""]
            if isinstance(attribute, ColumnProperty) and isinstance(attribute.columns[0], Column):
                values = _values(attribute.columns[0])
                found.setdefault(attribute.columns[0].name, values)
            found.setdefault(attribute.key, values)
    return {name: values for name, values in found.items() if name not in OURS}


def _values(column: Column[Any]) -> list[str]:
    """What the column would take and most rows do not have; and nothing, which might empty it."""
    if isinstance(column.type, Enum):
        return [column.type.enums[-1], ""]
    for key in column.foreign_keys:
        return [str(db.session.scalars(select(func.max(key.column))).one()), ""]
    try:
        kind = column.type.python_type.__name__
    except NotImplementedError:
        kind = "str"
    by_kind = {
        "bool": "y",
        "int": "77",
        "datetime": "2001-01-01T00:00:00+00:00",
        "date": "2001-01-01",
        "dict": '{"a": 1}',
        "list": '["admin"]',
    }
    return [by_kind.get(kind, "put in from outside"), ""]


def test_every_kind_of_name_is_tried(wanted: dict[str, list[str]]) -> None:
    assert len(wanted) > 200
    for name in ("id", "state", "roles", "author_id", "confirmed_at", "verified_at", "is_admin"):
        assert name in wanted


def test_fields_nobody_asked_for_change_nothing(
    app: Flask, wanted: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the links in mails are stamped by a clock of their own
    stamp = TimestampSigner("any").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: stamp)
    with clock.at(clock.now()):
        world = build()
        readers = walkers(app, world)
        found = list(forms(app, world, readers))
        sender = Sender(readers)
        taken: set[tuple[object, ...]] = set()
        refused: dict[tuple[object, ...], tuple[Form, Values, str]] = {}
        wrong: list[str] = []
        for form in found:
            if form.key in taken:
                continue
            for values in form.attempts(ways(world)):
                page, plain = sender.send(form, values)
                if page.status < 400:
                    taken.add(form.key)
                    wrong += _compared(sender, form, values, plain, wanted)
                    break
            else:
                words = "; ".join(page.errors) or page.h1
                refused.setdefault(form.key, (form, values, f"{page.status} {words}"))
        for key, (form, values, why) in refused.items():
            if key not in taken:
                wrong += _compared(sender, form, values, sender.send(form, values)[1], wanted)
                if form.endpoint not in NEEDS_A_DEVICE:
                    wrong.append(f"{form}: never taken, so nothing is known of it: {why}")
        sender.close()
    assert len(taken) > 70, "the walk has found hardly any form"
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


def _compared(
    sender: Sender, form: Form, values: Values, plain: Rows, wanted: dict[str, list[str]]
) -> Iterator[str]:
    """What the form does otherwise when it carries names it does not ask for."""
    names = [name for name in wanted if name not in values and name not in form.names]
    again: list[Rows] = []

    def otherwise(rows: Rows) -> list[str]:
        if rows == plain:
            return []
        if not again:
            again.append(sender.send(form, values)[1])
        return list(_otherwise(rows, plain, again[0]))

    def differences(extra: Mapping[str, str]) -> Iterator[str]:
        """The single names that make a difference, found by halves."""
        page, rows = sender.send(form, {**extra, **values})
        changed = otherwise(rows)
        if page.status < 500 and not changed:
            return
        if len(extra) == 1:
            [(name, value)] = extra.items()
            if page.status >= 500:
                yield f"{form}: breaks with {name}={value!r}"
            elif rows != sender.before:  # else all of the form was refused
                yield f"{form}: {name}={value!r} changes {', '.join(changed)}"
            return
        middle = len(extra) // 2
        for part in (list(extra)[:middle], list(extra)[middle:]):
            yield from differences({name: extra[name] for name in part})

    for turn in (0, 1):
        yield from differences({name: wanted[name][turn] for name in names})


def _otherwise(rows: Rows, plain: Rows, again: Rows) -> Iterator[str]:
    """The cells that differ, but for those that are never twice the same: keys, salts, hashes."""
    for table, kept in rows.items():
        names = [column.name for column in Model.metadata.tables[table].columns]
        if len(kept) != len(plain[table]):
            yield f"the number of {table}"
            continue
        for row, first, second in zip(kept, plain[table], again[table], strict=True):
            for name, sent, once, twice in zip(names, row, first, second, strict=True):
                if once == twice != sent:
                    yield f"{table}.{name} from {once!r} to {sent!r}"
