"""Tasks: what did not get its turn to write comes back."""

from __future__ import annotations

import pytest

from engage.core import tasks
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
