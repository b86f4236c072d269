"""A world that is put back is the one that was built."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import inspect, select

from engage.core import clock
from engage.core.db import Model, db
from engage.core.files import StoredFile
from engage.core.storage import storage
from tests.factories.accounts import make_user
from tests.sweeps import world as worlds
from tests.sweeps.test_access_matrix import rows
from tests.sweeps.world import World, build


def names(world: World) -> dict[str, object]:
    return {
        name: inspect(held).identity if isinstance(held, Model) else held
        for name, held in (world.people | world.things).items()
    }


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "_kept", {})


def test_every_row_and_every_file_is_put_back(app: Flask, empty: Callable[[], None]) -> None:
    first = build()
    named, written = names(first), rows()
    assert sum(map(len, written.values())) > 200
    keys = db.session.scalars(select(StoredFile.key)).all()
    assert keys
    empty()
    for key in keys:
        storage().delete(key)
    again = build()
    assert again is not first
    assert names(again) == named
    assert rows() == written
    assert all(storage().read(key) for key in keys)


def test_what_is_done_in_one_world_is_not_done_in_the_next(
    app: Flask, empty: Callable[[], None]
) -> None:
    first = build()
    first.people["admin"].display_name = "Somebody else"
    db.session.commit()
    make_user()
    empty()
    again = build()
    assert again.people["admin"].display_name != "Somebody else"
    # and what is added has a number of its own
    assert make_user().id not in {person.id for person in again.people.values()}


def test_who_has_looked_before_sees_it_too(app: Flask, empty: Callable[[], None]) -> None:
    build()
    empty()
    assert db.session.scalars(select(StoredFile.key)).first() is None
    assert build().people["admin"].email


def test_an_old_world_is_built_anew(app: Flask, empty: Callable[[], None]) -> None:
    build()
    [before] = worlds._kept.values()
    empty()
    with clock.at(clock.now() + timedelta(minutes=3)):
        build()
    [after] = worlds._kept.values()
    assert after is not before


def test_a_world_beside_something_else_is_not_kept(app: Flask) -> None:
    make_user()
    build()
    assert worlds._kept == {}


def test_a_world_that_cannot_be_named_is_not_kept(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(world: World) -> None:
        world.things["odd"] = object()

    monkeypatch.setattr(worlds, "_inhabitants", [*worlds._inhabitants, odd])
    build()
    assert worlds._kept == {}
