"""What database and mail cost without any framework: the references `insert` and `smtp`.

`python -m bench.bare insert WRITERS SECONDS` and `... smtp PORT SECONDS BYTES` print how many a
second.
"""

import os
import smtplib
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

TEXT = "A remark of ordinary length, as people write them about a paragraph of a plan. " * 4


def insert(writers: int, seconds: float) -> float:
    """Rows a second, each its own durable transaction, by threads with a connection each."""
    url = os.environ["BENCH_REFERENCE_URL"]
    connect, statement = _driver(url)
    # SQLite has one writer: queued here, or its busy handler's sleeps would be measured
    turn = threading.Lock() if url.startswith("sqlite") else nullcontext()
    first = connect()
    first.execute("CREATE TABLE IF NOT EXISTS bare (number integer, text text)")
    first.commit()
    first.close()
    written = [0] * writers
    ready = threading.Barrier(writers + 1)

    def write(number: int) -> None:
        own = connect()
        ready.wait()
        while time.perf_counter() < until[0]:
            with turn:
                own.execute(statement, (number, TEXT))
                own.commit()
            written[number] += 1
        own.close()

    until = [0.0]
    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    until[0] = began + seconds
    ready.wait()
    for thread in threads:
        thread.join()
    return sum(written) / (time.perf_counter() - began)


def _driver(url: str) -> tuple[Callable[[], Any], str]:
    """How to connect, every commit on disk; and the statement in the driver's own marks."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        assert parts.database is not None
        return lambda: _sqlite(Path(str(parts.database))), "INSERT INTO bare VALUES (?, ?)"
    import psycopg

    dsn = parts.set(drivername="postgresql").render_as_string(hide_password=False)
    durable = "-c synchronous_commit=on"
    return lambda: psycopg.connect(dsn, options=durable), "INSERT INTO bare VALUES (%s, %s)"


def _sqlite(file: Path) -> sqlite3.Connection:
    made = sqlite3.connect(file, timeout=60)
    made.execute("PRAGMA journal_mode=WAL")
    made.execute("PRAGMA synchronous=FULL")
    return made


def smtp(port: int, seconds: float, size: int) -> float:
    """Letters a second: one connection, bytes prepared before."""
    head = "From: a@example.org\r\nTo: b@example.org\r\nSubject: A letter\r\n\r\n"
    lines = "x" * 70 + "\r\n"
    letter = (head + lines * max(1, (size - len(head)) // len(lines))).encode()
    sent = 0
    with smtplib.SMTP("127.0.0.1", port) as relay:
        began = time.perf_counter()
        while time.perf_counter() < began + seconds:
            relay.sendmail("a@example.org", ["b@example.org"], letter)
            sent += 1
        return sent / (time.perf_counter() - began)


def main() -> None:
    what, *numbers = sys.argv[1:]
    if what == "insert":
        print(insert(int(numbers[0]), float(numbers[1])))
    else:
        print(smtp(int(numbers[0]), float(numbers[1]), int(numbers[2])))


if __name__ == "__main__":
    main()
