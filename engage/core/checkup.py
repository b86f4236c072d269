"""Is this deployment well? One check each, used by /readyz, /metrics and `flask doctor`."""

import shutil
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import func, select, text

from engage.core import clock
from engage.core.db import db
from engage.core.outbox import Mail, MailState, outlived
from engage.core.storage import storage

GOOD, WARN, BAD = "good", "warn", "bad"
_BEAT = "engage-worker-beat"
_BEAT_LATE = 60.0  # seconds
_ROOM_BAD = 100 * 1024 * 1024
_ROOM_WARN = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Check:
    """One answer. `told` is for the operator, never for the public."""

    name: str
    state: str
    told: str


def run_dir() -> Path:
    """Where the processes of this machine leave word for each other."""
    folder: Path = current_app.config["DATA_DIR"] / "run"
    return folder


def is_draining() -> bool:
    """Has this machine been told to stop taking new work?"""
    return (run_dir() / "draining").exists()


def checked(name: str, check: Callable[[], Check]) -> Check:
    """The check's answer; one that breaks is a bad answer, not an error."""
    try:
        return check()
    except Exception as error:
        # a check looks at what may be broken in any way, and the others still have to be heard
        return Check(name, BAD, f"{type(error).__name__}: {error}".splitlines()[0][:300])


def database() -> Check:
    """Does it answer, and is it set up to keep what it acknowledges?"""
    began = time.perf_counter()
    with db.engine.connect() as connection:
        if db.engine.dialect.name == "sqlite":
            mode = connection.execute(text("PRAGMA journal_mode")).scalar()
            level = connection.execute(text("PRAGMA synchronous")).scalar()
            if mode != "wal" or level != 2:
                return Check("database", BAD, f"SQLite runs with {mode}, synchronous={level}")
            told = "SQLite, WAL, synchronous=FULL"
        else:
            level = connection.execute(text("SHOW synchronous_commit")).scalar()
            fsync = connection.execute(text("SHOW fsync")).scalar()
            version = connection.execute(text("SHOW server_version")).scalar()
            if fsync != "on" or level not in ("on", "remote_apply", "remote_write", "local"):
                told = f"PostgreSQL fsync={fsync}, synchronous_commit={level}: writes may be lost"
                return Check("database", WARN, told)
            told = f"PostgreSQL {version}"
    return Check("database", GOOD, f"{told}, {(time.perf_counter() - began) * 1000:.0f} ms")


@cache
def _scripts() -> ScriptDirectory:
    place = current_app.config["ALEMBIC"]["script_location"]
    return ScriptDirectory(place, version_locations=[place])


def schema_versions() -> set[str]:
    """What the database says it is at. Asked directly: Flask-Alembic keeps connections open."""
    with db.engine.connect() as connection:
        if not db.engine.dialect.has_table(connection, "alembic_version"):
            return set()
        return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


def known_versions() -> set[str]:
    """Every schema this code has ever had."""
    return {step.revision for step in _scripts().walk_revisions()}


def migrations() -> Check:
    """Is the schema the one this code was written for?"""
    current, heads = schema_versions(), set(_scripts().get_heads())
    if current == heads:
        return Check("migrations", GOOD, f"at {', '.join(sorted(heads)) or 'none'}")
    return Check("migrations", BAD, "the schema is not current: run `flask db upgrade`")


def disk() -> Check:
    """Is there room for what people send?"""
    free = shutil.disk_usage(current_app.config["DATA_DIR"]).free
    told = f"{free / 1024**3:.1f} GB free"
    state = BAD if free < _ROOM_BAD else WARN if free < _ROOM_WARN else GOOD
    return Check("disk", state, told)


def beat() -> None:
    """Leave word, through the queue itself, that a worker lives."""
    queue = current_app.extensions["engage_queue"]
    queue.huey.storage.put_data(_BEAT, clock.now().isoformat().encode())


def worker_age() -> float | None:
    """Seconds since a worker last left word; None when none ever did."""
    raw = current_app.extensions["engage_queue"].huey.storage.peek_data(_BEAT)
    if not isinstance(raw, bytes | memoryview):
        return None
    return (clock.now() - datetime.fromisoformat(bytes(raw).decode())).total_seconds()


def worker() -> Check:
    """Does a worker live, and does the queue move?"""
    age = worker_age()
    waiting = current_app.extensions["engage_queue"].pending()
    if age is None:
        return Check("worker", WARN, "no worker has run yet: start `flask worker`")
    if age > _BEAT_LATE:
        told = f"no word for {age:.0f} s, {waiting} tasks wait: start `flask worker`"
        return Check("worker", WARN, told)
    return Check("worker", GOOD, f"last word {age:.0f} s ago, {waiting} tasks wait")


def mail() -> Check:
    """Do letters leave?"""
    if not current_app.config["MAIL_SERVER"]:
        return Check("mail", WARN, "no relay (ENGAGE_MAIL_URL): letters stay in the outbox")
    late = clock.now() - timedelta(hours=1)
    stuck = db.session.scalar(
        select(func.count())
        .select_from(Mail)
        .where(Mail.state == MailState.QUEUED, Mail.created_at < late)
    )
    if stuck:
        return Check("mail", WARN, f"{stuck} letters have waited for more than an hour")
    return Check("mail", GOOD, f"relay {current_app.config['MAIL_SERVER']}")


def letters() -> Check:
    """Are old letters forgotten, as the privacy page promises?"""
    made = current_app.config
    over = db.session.scalar(
        select(func.count()).select_from(Mail).where(outlived(late=timedelta(days=2)))
    )
    if over:
        return Check("letters", WARN, f"{over} letters outlived their time: does the worker run?")
    told = f"forgotten after {made['MAIL_KEPT_DAYS']} days, failed ones after "
    return Check("letters", GOOD, told + f"{made['MAIL_FAILED_KEPT_DAYS']}")


def relay() -> Check:
    """Does the relay answer? Asked by the doctor only: it may be slow."""
    host, port = current_app.config["MAIL_SERVER"], current_app.config["MAIL_PORT"]
    if not host:
        return Check("relay", GOOD, "not used")
    kind = smtplib.SMTP_SSL if current_app.config["MAIL_USE_SSL"] else smtplib.SMTP
    with kind(host, port, timeout=5) as connection:
        code, _ = connection.noop()
    return Check("relay", GOOD if code == 250 else WARN, f"{host}:{port} answers {code}")


def redis() -> Check:
    """Does the shared cache answer?"""
    url = current_app.config["REDIS_URL"]
    if not url:
        return Check("redis", GOOD, "not used: one machine keeps its own counts and pages")
    import redis as library

    library.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2).ping()
    return Check("redis", GOOD, "answers")


def files() -> Check:
    """Can uploads be kept?"""
    storage().check()
    return Check("files", GOOD, current_app.config["FILES_URL"].partition("://")[0])


def clocks() -> Check:
    """Do this machine and the database agree on the time?"""
    if db.engine.dialect.name == "sqlite":
        return Check("clock", GOOD, "one clock")
    with db.engine.connect() as connection:
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs((clock.now() - theirs.astimezone(UTC)).total_seconds())
    told = f"{apart:.1f} s from the database's"
    return Check("clock", GOOD if apart < 2 else WARN, told)


def settings() -> Check:
    """Is this set up for the public?"""
    made = current_app.config
    notes = []
    if made["NAME"] != "production":
        notes.append(f"this is a {made['NAME']} instance (ENGAGE_ENV)")
    if not made["METRICS_TOKEN"]:
        notes.append("/metrics is off (ENGAGE_METRICS_TOKEN)")
    if made["PREFERRED_URL_SCHEME"] == "https" and not made["TRUSTED_PROXIES"]:
        notes.append("no proxy is trusted (ENGAGE_TRUSTED_PROXIES): is TLS ended in front of us?")
    return Check("settings", WARN if notes else GOOD, "; ".join(notes) or "fit for the public")


# what makes a machine unfit to answer, and what only makes it slower to act
READINESS: tuple[tuple[str, Callable[[], Check]], ...] = (
    ("database", database),
    ("migrations", migrations),
    ("disk", disk),
)
LATER: tuple[tuple[str, Callable[[], Check]], ...] = (
    ("worker", worker),
    ("mail", mail),
)
DOCTOR: tuple[tuple[str, Callable[[], Check]], ...] = (
    ("settings", settings),
    *READINESS,
    ("files", files),
    *LATER,
    ("letters", letters),
    ("relay", relay),
    ("redis", redis),
    ("clock", clocks),
)


def run(checks: tuple[tuple[str, Callable[[], Check]], ...]) -> list[Check]:
    """The answers, in order."""
    return [checked(name, check) for name, check in checks]
