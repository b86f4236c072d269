"""With a Redis: the queue, the limits and the shared pages of several machines."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import config as settings
from engage import create_app
from engage.core import limits, tasks
from engage.core.checkup import GOOD, redis
from engage.core.pagecache import RedisShelf
from tests.core.test_pagecache import Site, layered
from tests.instances import leashed

DONE: list[str] = []


@tasks.task
def note(word: str) -> None:
    DONE.append(word)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no redis-server here (Debian: apt-get install redis-server)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    process = subprocess.Popen(
        leashed(*words, "--save", "", "--appendonly", "no"), stdout=subprocess.DEVNULL
    )
    for _ in range(100):
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"redis://127.0.0.1:{port}/0"
    made(tmp_path_factory.mktemp("after"), None)  # the one limiter of this process forgets it
    process.terminate()
    process.wait(10)


def made(folder: Path, redis_url: str | None) -> Flask:
    chosen = settings.load(
        {"ENGAGE_DATA_DIR": str(folder), "ENGAGE_BASE_URL": "http://localhost"}, "test"
    )
    chosen.REDIS_URL = redis_url
    chosen.TASKS_INLINE = False  # type: ignore[attr-defined]
    return create_app(chosen)


@pytest.fixture
def shared(address: str, tmp_path: Path) -> Flask:
    """An application as one of several machines runs it."""
    return made(tmp_path, address)


def test_what_one_machine_queues_another_does(shared: Flask) -> None:
    with shared.app_context():
        note.later("landed")
        queue = shared.extensions["engage_queue"]
        assert queue.pending() == 1
        assert DONE == []
    queue.huey.execute(queue.huey.dequeue())
    assert DONE == ["landed"]
    assert queue.pending() == 0
    queue.close()


def test_a_later_task_waits_for_its_hour(shared: Flask) -> None:
    with shared.app_context():
        note.later("soon", delay=0.2)
        huey = shared.extensions["engage_queue"].huey
        task = huey.dequeue()
        assert task is None or not huey.ready_to_run(task)


def test_machines_share_pages(address: str) -> None:
    site = Site()
    first = layered(site, shelf=RedisShelf(address)).get("/en/")
    second = layered(site, shelf=RedisShelf(address)).get("/en/")
    assert len(site.entered) == 1, "the second machine took it from the first"
    assert second.data == first.data


def test_machines_count_requests_together(shared: Flask) -> None:
    assert shared.config["RATELIMIT_STORAGE_URI"].startswith("redis://")
    with shared.app_context():
        storage = limits.limiter.storage
        assert storage.check()
        assert storage.incr("engage-test", 60) == 1
        assert storage.incr("engage-test", 60) == 2


def test_doctor_asks_it(shared: Flask) -> None:
    with shared.app_context():
        assert redis().state == GOOD
