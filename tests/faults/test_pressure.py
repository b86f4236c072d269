"""Slow clients and a full disk: others are served, nothing is half written, it heals by itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from engage.commons.comments.models import Comment
from engage.core.db import db
from tests.factories.accounts import make_user
from tests.factories.consultations import make_consultation
from tests.faults.test_kills import Hidden
from tests.faults.tools import TOOLS, needs_tools
from tests.instances import cookie_of, server

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("kind", ["headers", "body", "read"])
@needs_tools
def test_slow_clients_hold_nobody_up(tmp_path: Path, kind: str) -> None:
    with server(tmp_path, "slow") as site:
        site.start()
        done = subprocess.run(
            [
                # a page that reads what it is sent
                *(sys.executable, TOOLS / "slow_client.py", f"{site.url}/en/login"),
                *("--kind", kind),
                *("-c", "60", "-t", "5", "--probe", "/en/login"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        assert told["probe_fail"] == 0, told
        assert told["p95"] < 1, told
        assert httpx.get(f"{site.url}/healthz").status_code == 200


@needs_tools
def test_slow_senders_of_one_address_do_not_stop_others_from_writing(tmp_path: Path) -> None:
    with server(tmp_path, "senders") as site:
        site.start()
        lines = []
        for _ in range(40):
            line = socket.create_connection(("127.0.0.1", int(site.port)), timeout=20)
            line.sendall(
                b"POST /en/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nemail"
            )
            lines.append(line)
        other = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=site.url, transport=other, timeout=20) as person:
            for _ in range(8):
                # no token: refused, but as a form that was read
                assert person.post("/en/login", data={"email": "a"}).status_code == 400
                assert person.get("/en/consultations").status_code == 200
        for line in lines:
            line.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB; needs root."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("cannot mount a small file system here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.sqlite
def test_a_full_disk_refuses_says_so_and_heals(small_disk: Path) -> None:
    with server(small_disk, "disk") as site:
        app = site.application()
        with app.app_context():
            thread_id = make_consultation().thread_id
            cookie = cookie_of(app, make_user())
            db.session.close()
            db.engine.dispose()
        site.start()
        path = f"/en/comments/threads/{thread_id}/new"
        person = httpx.Client(base_url=site.url, cookies=cookie, timeout=20)

        def form_with(text: str) -> dict[str, str]:
            hidden = Hidden(person.get(path).text).fields
            return {**hidden, "body": text, "stance": "neutral"}

        before = form_with("Before the disk was full.")
        assert person.post(path, data=before).status_code == 303
        form = form_with("A long remark that must not be lost. " * 100)
        ballast = small_disk / "ballast"
        with ballast.open("wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            except OSError:
                pass
        refused = person.post(path, data=form)
        assert refused.status_code in (503, 507), (refused.status_code, site.log())
        assert person.get("/en/consultations").status_code == 200
        assert person.get("/readyz").status_code == 503

        ballast.unlink()
        assert person.post(path, data=form).status_code == 303, site.log()
        person.close()
        app = site.application()
        with app.app_context():
            assert db.session.scalar(select(func.count()).select_from(Comment)) == 2
            db.session.close()
            db.engine.dispose()
