"""One file that holds an instance, and the way back.

A backup is a tar (gzipped when its name says so) of manifest.json, the database and the uploads,
every part with its sha256. Making one needs no pause. Restoring checks every hash before it
touches anything, refuses to run into an instance that has data, unless told to replace it, and
erases again whoever closed an account since.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

import config as settings
from engage.core import checkup, clock, erasures
from engage.core.db import Model, db

_FORMAT = 1
_CHUNK = 1024 * 1024


class BackupError(Exception):
    """What stands in the way, for the operator."""


@dataclass(frozen=True)
class Report:
    """What was written or read back."""

    path: Path
    parts: int
    size: int
    notes: list[str]


def backup(target: Path) -> Report:
    """Write the instance to `target`, which appears only when it is whole and on disk."""
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    mode: Any = "w:gz" if target.name.endswith(("gz", ".tgz")) else "w"
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="engage-backup-", dir=target.parent) as folder:
        dump = _dump(Path(folder))
        sources = {dump.name: dump}
        if erasures.ledger().exists():
            sources["erasures.jsonl"] = Path(shutil.copy(erasures.ledger(), folder))
        uploads = _uploads_folder()
        if uploads is None:
            notes.append("uploads are in a bucket and are not in this file: use its versioning")
        elif uploads.exists():
            found = sorted(path for path in uploads.rglob("*") if path.is_file())
            sources |= {f"files/{path.relative_to(uploads)}": path for path in found}
        manifest = {
            "format": _FORMAT,
            "made_at": clock.now().isoformat(),
            "database": _kind(),
            "migration": sorted(checkup.schema_versions()),
            "parts": {name: _digest(path) for name, path in sources.items()},
        }
        try:
            with part.open("wb") as raw:
                with tarfile.open(fileobj=raw, mode=mode) as tar:
                    _add_text(tar, "manifest.json", json.dumps(manifest, indent=1))
                    for name, path in sources.items():
                        tar.add(path, arcname=name, recursive=False)
                raw.flush()
                os.fsync(raw.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    target.chmod(0o600)
    return Report(target, len(sources), target.stat().st_size, notes)


def restore(source: Path, *, replace: bool = False) -> Report:
    """Bring an instance back. Raises BackupError, with nothing touched, when it cannot be right."""
    if not source.is_file():
        raise BackupError(f"{source} is not a file")
    if is_running():
        raise BackupError("Engage runs on this machine; stop it first")
    if not replace and not is_empty():
        raise BackupError("this instance has data; `--replace` throws it away")
    data_dir: Path = current_app.config["DATA_DIR"]
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=data_dir) as folder:
        manifest = _unpack(source, Path(folder))
        if manifest["database"] != _kind():
            raise BackupError(
                f"the backup holds a {manifest['database']} database, this instance uses {_kind()}"
            )
        if unknown := set(manifest["migration"]) - checkup.known_versions():
            raise BackupError(f"the backup is newer than this code (migration {unknown.pop()})")
        names = list(manifest["parts"])
        _load(Path(folder))
        uploads = _uploads_folder()
        if uploads is not None and any(name.startswith("files/") for name in names):
            uploads.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(uploads)
            shutil.move(Path(folder) / "files", uploads)
        kept = Path(folder) / "erasures.jsonl"
        others = kept.read_text().splitlines() if kept.exists() else []
        erasures.merge((kind, ident) for kind, ident in map(json.loads, others))
    current_app.extensions["alembic"].upgrade()
    erased = erasures.replay()
    notes = [f"{erased} closed accounts were erased again"] if erased else []
    return Report(source, len(names), source.stat().st_size, notes)


def is_running() -> bool:
    """Does a supervisor of this data folder live?"""
    word = current_app.config["DATA_DIR"] / "run" / "processes.json"
    try:
        os.kill(json.loads(word.read_text())["supervisor"], 0)
    except (OSError, ValueError, KeyError):
        return False
    return True


def is_empty() -> bool:
    """Has nobody used this database yet? True as well when it has no tables."""
    with db.engine.connect() as connection:
        names = set(db.engine.dialect.get_table_names(connection))
        for table in Model.metadata.sorted_tables:
            if (
                table.name in names
                and connection.execute(
                    text(f'SELECT 1 FROM "{table.name}" LIMIT 1')  # noqa: S608  our own table names
                ).first()
            ):
                return False
    return True


def _kind() -> str:
    return db.engine.dialect.name


def _uploads_folder() -> Path | None:
    place = urlsplit(current_app.config["FILES_URL"])
    return Path(place.path) if place.scheme == "file" else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_text(tar: tarfile.TarFile, name: str, content: str) -> None:
    raw = content.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(raw)
    entry.mtime = int(clock.now().timestamp())
    entry.mode = 0o600
    tar.addfile(entry, io.BytesIO(raw))


def _dump(folder: Path) -> Path:
    """The database at one instant, while others go on writing."""
    if _kind() == "sqlite":
        made = folder / "database.sqlite3"
        with (
            contextlib.closing(sqlite3.connect(_database_path())) as live,
            contextlib.closing(sqlite3.connect(made)) as copy,
        ):
            live.backup(copy, pages=2000, sleep=0.001)
            copy.execute("PRAGMA journal_mode=DELETE")
        return made
    made = folder / "database.pgdump"
    _postgresql("pg_dump", "--format=custom", "--no-owner", f"--file={made}")
    return made


def _load(folder: Path) -> None:
    """Put the dumped database in the place of ours."""
    db.session.close()
    db.engine.dispose()
    if _kind() == "sqlite":
        dumped = folder / "database.sqlite3"
        with contextlib.closing(sqlite3.connect(dumped)) as copy:
            if (told := copy.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                raise BackupError(f"the database in the backup is damaged: {told}")
        place = _database_path()
        for suffix in ("-wal", "-shm"):
            place.with_name(place.name + suffix).unlink(missing_ok=True)
        with dumped.open("rb+") as file:
            os.fsync(file.fileno())
        dumped.replace(place)
        return
    with db.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    _postgresql(
        "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction",
        f"--dbname={_url().database}", str(folder / "database.pgdump"),
    )  # fmt: skip


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Write the parts below `folder`, each checked; answers the manifest."""
    try:
        with tarfile.open(source) as tar:
            first = tar.next()
            if first is None or first.name != "manifest.json":
                raise BackupError(f"{source.name} is not a backup of Engage")
            manifest: dict[str, Any] = json.loads(_bytes(tar, first))
            if manifest.get("format") != _FORMAT:
                raise BackupError("the backup was made by another version of this command")
            missing = dict(manifest["parts"])
            while (entry := tar.next()) is not None:
                wanted = missing.pop(entry.name, None)
                place = (folder / entry.name).resolve()
                if (
                    wanted is None
                    or not entry.isfile()
                    or not place.is_relative_to(folder.resolve())
                ):
                    raise BackupError(f"the backup holds something it does not list: {entry.name}")
                if _write(tar, entry, place) != wanted:
                    raise BackupError(f"{entry.name} in the backup is damaged")
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise BackupError(f"{source.name} cannot be read: {error}") from error
    if missing:
        raise BackupError(f"the backup is cut off: {next(iter(missing))} is missing")
    return manifest


def _chunks(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[bytes]:
    content = tar.extractfile(entry)
    while content is not None and (chunk := content.read(_CHUNK)):
        yield chunk


def _bytes(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    return b"".join(_chunks(tar, entry))


def _write(tar: tarfile.TarFile, entry: tarfile.TarInfo, place: Path) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    whole = hashlib.sha256()
    with place.open("wb") as file:
        for chunk in _chunks(tar, entry):
            whole.update(chunk)
            file.write(chunk)
    return whole.hexdigest()


def _url() -> URL:
    return make_url(current_app.config["DATABASE_URL"])


def _database_path() -> Path:
    return Path(_url().database or "")


def _postgresql(program: str, *arguments: str) -> None:
    """Run a PostgreSQL tool on our database; the password travels in its environment."""
    url = _url()
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not installed (Debian: apt-get install postgresql-client)")
    given = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
        **{f"PG{name.upper()}": str(value) for name, value in url.query.items() if name == "host"},
    }
    env = settings.environment() | {name: value for name, value in given.items() if value}
    done = subprocess.run(  # noqa: S603  fixed programs
        [found, *arguments], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{program}: {done.stderr.strip()[:500]}")
