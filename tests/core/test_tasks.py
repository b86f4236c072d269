"""Tasks: what did not get its turn to write comes back."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from engage.core import tasks
from engage.core.db import db
from engage.core.errors import Unavailable


@pytest.fixture
def queue(app, monkeypatch):
    """The queue of the application, which notes what is put in it instead of keeping it."""
    made = tasks.Queue(app)
    made.pushed = []
    monkeypatch.setattr(made, "push", lambda *call: made.pushed.append(call))
    return made


@pytest.fixture
def busy(monkeypatch):
    """Two tasks that find the database taken; the second runs by the clock."""

    def wait(*_args, **_named):
        raise Unavailable

    found = {name: tasks.Task(wait) for name in ("once", "clock")}
    monkeypatch.setattr(tasks, "_tasks", {**tasks._tasks, **found})
    monkeypatch.setattr(tasks, "_periodic", {**tasks._periodic, "clock": 1})


def test_a_task_that_could_not_write_is_put_back(queue, busy):
    queue._perform("once", [3], {"by": "x"})
    assert queue.pushed == [("once", [3], {"by": "x"}, tasks.RETRY)]


def test_a_task_of_the_clock_is_not_put_back(queue, busy):
    queue._perform("clock", [], {})
    assert queue.pushed == []


def test_any_other_failure_is_told(queue, monkeypatch):
    monkeypatch.setattr(tasks, "_tasks", {"broken": tasks.Task(lambda: 1 / 0)})
    with pytest.raises(ZeroDivisionError):
        queue._perform("broken", [], {})
    assert queue.pushed == []


# --- what comes back, and what is wrong ------------------------------------------------------


@pytest.fixture
def outcome(queue, monkeypatch, caplog):
    """Perform some work as a task: "back" when it is queued again, else its error is raised."""

    def perform(work):
        monkeypatch.setattr(tasks, "_tasks", {"work": tasks.Task(work)})
        queue._perform("work", [], {})
        assert queue.pushed.pop() == ("work", [], {}, tasks.RETRY)
        [said] = [record for record in caplog.records if record.name == tasks.__name__]
        assert said.exc_info, "the log says where"
        return "back"

    return perform


@pytest.fixture
def small(tmp_path):
    """An SQLite of our own that waits for nobody."""
    engine = create_engine(f"sqlite:///{tmp_path / 'small.db'}", connect_args={"timeout": 0})
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (words TEXT)")
    yield engine
    engine.dispose()


def test_what_is_locked_comes_back(outcome, small):
    with small.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")

        def write():
            with small.begin() as connection:
                connection.exec_driver_sql("INSERT INTO t VALUES ('x')")

        assert outcome(write) == "back"


@pytest.mark.parametrize(
    "statements",
    [
        ["SELECT nothing FROM t"],
        ["SELEKT 1"],
        ["SELECT * FROM nowhere"],
        ["PRAGMA max_page_count=2", "INSERT INTO t VALUES (zeroblob(100000))"],  # as a full disk
    ],
)
def test_what_is_wrong_is_told_once(outcome, small, queue, statements):
    def work():
        with small.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    with pytest.raises(OperationalError):
        outcome(work)
    assert queue.pushed == []


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "SET LOCAL lock_timeout = '50ms'; LOCK TABLE mails",
        "SELECT pg_terminate_backend(pg_backend_pid())",
    ],
)
def test_a_taken_or_broken_postgresql_comes_back(outcome, statement):
    with db.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE mails")

        def work():
            with db.engine.begin() as connection:
                connection.exec_driver_sql(statement)

        assert outcome(work) == "back"


@pytest.mark.postgresql
def test_a_statement_too_slow_for_postgresql_is_told_once(outcome, queue):
    def work():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout = '50ms'; SELECT pg_sleep(9)")

    with pytest.raises(OperationalError):
        outcome(work)
    assert queue.pushed == []
