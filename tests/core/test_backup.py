"""One file out, the same instance back; people who left stay gone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import inspect, select, text

import config as settings
from engage import create_app
from engage.core import backup as backups
from engage.core import clock, erasures
from engage.core.backup import BackupError, backup, restore
from engage.core.db import Model, db, transactional
from engage.core.settings import Setting
from tests.instances import own_database


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Flask]:
    """An instance of its own, with something in it."""
    if os.environ.get("ENGAGE_TEST_DATABASE_URL") and shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump here")
    with own_database("backup") as url:
        env = {"ENGAGE_DATA_DIR": str(tmp_path / "data"), "ENGAGE_BASE_URL": "http://localhost"}
        if url:
            env["ENGAGE_TEST_DATABASE_URL"] = url
        made = create_app(settings.load(env, "test"))
        with made.app_context():
            made.extensions["alembic"].upgrade()
        with made.app_context():
            with transactional():
                db.session.add(Setting(name="greeting", value="hello", changed_at=clock.now()))
            uploads = tmp_path / "data/files/ab"
            uploads.mkdir(parents=True)
            (uploads / "plan.pdf").write_bytes(b"%PDF" + b"x" * 100_000)
            yield made
            db.session.close()
            db.engine.dispose()


def rows() -> dict[str, str]:
    """Each table's rows as a hash."""
    found = {}
    with db.engine.connect() as connection:
        for name in sorted(inspect(connection).get_table_names()):
            content = connection.execute(text(f'SELECT * FROM "{name}"')).all()
            found[name] = hashlib.sha256(repr(sorted(map(repr, content))).encode()).hexdigest()
    return found


@pytest.mark.parametrize("name", ["engage.tar", "engage.tar.gz"])
def test_what_comes_back_is_what_went_out(instance: Flask, tmp_path: Path, name: str) -> None:
    before = rows()
    made = backup(tmp_path / name)
    assert made.path.stat().st_mode & 0o077 == 0
    with transactional():
        db.session.execute(Setting.__table__.delete())  # type: ignore[attr-defined]
    shutil.rmtree(tmp_path / "data/files")
    db.session.close()
    restore(tmp_path / name, replace=True)
    assert rows() == before
    assert (tmp_path / "data/files/ab/plan.pdf").stat().st_size == 100_004
    assert db.session.scalar(select(Setting.value)) == "hello"


def test_an_instance_with_data_is_not_overwritten_by_accident(
    instance: Flask, tmp_path: Path
) -> None:
    made = backup(tmp_path / "engage.tar")
    with pytest.raises(BackupError, match="--replace"):
        restore(made.path)


def test_a_running_instance_is_not_touched(
    instance: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(tmp_path / "engage.tar")
    monkeypatch.setattr(backups, "is_running", lambda: True)
    with pytest.raises(BackupError, match="stop it first"):
        restore(made.path, replace=True)


def damage(path: Path, how: str) -> None:
    raw = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(raw[: len(raw) // 2])
    elif how == "flipped":
        raw[raw.index(b"%PDF") + 50] ^= 1
        path.write_bytes(raw)
    elif how == "nonsense":
        path.write_bytes(b"not a tar at all")
    elif how == "smuggled":
        with tarfile.open(path, "a") as tar:
            entry = tarfile.TarInfo("../../evil")
            entry.size = 4
            tar.addfile(entry, io.BytesIO(b"evil"))
    elif how == "other":
        with tarfile.open(path, "w") as tar:
            body = json.dumps({"format": 99, "parts": {}}).encode()
            entry = tarfile.TarInfo("manifest.json")
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))


@pytest.mark.parametrize("how", ["cut", "flipped", "nonsense", "smuggled", "other"])
def test_a_damaged_backup_changes_nothing(instance: Flask, tmp_path: Path, how: str) -> None:
    made = backup(tmp_path / "engage.tar")
    damage(made.path, how)
    before = rows()
    with pytest.raises(BackupError):
        restore(made.path, replace=True)
    assert rows() == before
    assert (tmp_path / "data/files/ab/plan.pdf").exists()
    assert not list((tmp_path / "data").glob("restore-*"))


def test_a_full_disk_leaves_no_half_backup(
    instance: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_add_text", full)
    with pytest.raises(OSError, match="No space"):
        backup(tmp_path / "engage.tar")
    assert not list(tmp_path.glob("engage.tar*"))


def test_people_who_left_since_stay_gone(
    instance: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[int] = []
    monkeypatch.setitem(erasures._erasers, "user", erased.append)
    with transactional():
        erasures.note("user", 7)
    made = backup(tmp_path / "engage.tar")
    with transactional():
        erasures.note("user", 9)
        assert erasures.noted() == [("user", 7)], "only what is on disk is noted"
    restore(made.path, replace=True)
    assert erased == [7, 9]
    assert erasures.noted() == [("user", 7), ("user", 9)]


def test_a_closed_account_does_not_come_back(instance: Flask, tmp_path: Path) -> None:
    from engage.commons.accounts import service
    from engage.commons.accounts.models import User
    from tests.factories.accounts import make_user

    with instance.test_request_context("/en/"):
        person = make_user(email="ann.smith@example.org", display_name="Ann Smith")
        made = backup(tmp_path / "engage.tar")
        service.close_account(actor=person)
    db.session.close()
    report = restore(made.path, replace=True)
    assert report.notes == ["1 closed accounts were erased again"]
    db.session.expire_all()
    again = db.session.scalars(select(User)).one()
    assert again.closed_at is not None
    assert "ann" not in again.email
    assert again.display_name != "Ann Smith"


def test_the_commands(instance: Flask, tmp_path: Path) -> None:
    runner = instance.test_cli_runner()
    made = runner.invoke(args=["backup", str(tmp_path / "out.tar.gz")])
    assert made.exit_code == 0, made.output
    assert "Backed up" in made.output
    refused = runner.invoke(args=["restore", str(tmp_path / "out.tar.gz")])
    assert refused.exit_code == 1
    assert "--replace" in refused.output
    back = runner.invoke(args=["restore", str(tmp_path / "out.tar.gz"), "--replace"])
    assert back.exit_code == 0, back.output


def test_an_unused_database_is_empty(instance: Flask) -> None:
    assert not backups.is_empty()
    with transactional():
        for table in reversed(Model.metadata.sorted_tables):
            db.session.execute(table.delete())
    assert backups.is_empty()
