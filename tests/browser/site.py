"""A live, inhabited site on loopback for the browser tests: `python -m tests.browser.site FOLDER`.

Prints one line of JSON when it answers: its address, a session cookie for each kind of person,
and every page each of them can open. Stops when its standard input closes.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from werkzeug.serving import WSGIRequestHandler, make_server

import config as settings
from engage import create_app
from tests import compiled
from tests.sweeps.world import Case, World, build, cases, readable

# downloads, feeds and machines' addresses
NOT_DRAWN = re.compile(r"\.(csv|xlsx|json|atom|css|png)(\?|$)|^/(files|metrics|readyz)|/provider")
READERS = ("anonymous", "author", "moderator", "organiser", "admin")


class Quiet(WSGIRequestHandler):
    """Says nothing: its output belongs to the tests."""

    def log(self, *_args: Any) -> None:
        return


def pages(app: Flask, world: World) -> dict[str, list[str]]:
    """For each reader the pages worth looking at: what everybody sees is looked at once."""
    found: dict[str, list[str]] = {reader: [] for reader in READERS}
    for rule in readable(app):
        mark = app.view_functions[rule.endpoint].access_mark  # type: ignore[attr-defined]
        for case in cases(rule, world):
            reader = _reader(mark.gate, mark.roles, case)
            address = _address(app, rule.endpoint, case)
            if reader and not NOT_DRAWN.search(address):
                found[reader].append(address)
    return found


def _reader(gate: str, roles: tuple[str, ...], case: Case) -> str | None:
    for reader in READERS:
        entitled = (
            gate == "public"
            or (gate == "signed_in" and reader != "anonymous")
            or (
                gate == "staff"
                and (reader == "admin" or reader in roles or (not roles and reader == "moderator"))
            )
        )
        if entitled and reader in case.seen_by:
            return reader
    return None


def _address(app: Flask, endpoint: str, case: Case) -> str:
    with app.test_request_context("/en/", base_url="http://127.0.0.1"):
        return url_for(endpoint, **{"locale": "en", **case.values})


def cookies(app: Flask, world: World) -> dict[str, dict[str, str]]:
    """A signed-in session for each reader."""
    from tests.factories.accounts import signed_in_cookie

    made: dict[str, dict[str, str]] = {"anonymous": {}}
    name = app.config["SESSION_COOKIE_NAME"]
    for reader in READERS[1:]:
        http = app.test_client()
        signed_in_cookie(http, world.people[reader])
        cookie = http.get_cookie(name, domain="127.0.0.1")
        assert cookie is not None, f"no session for {reader}"
        made[reader] = {name: cookie.value}
    return made


def main(folder: str) -> None:
    data = Path(folder)
    app = create_app(
        settings.load({"ENGAGE_DATA_DIR": folder, "ENGAGE_BASE_URL": "http://127.0.0.1"}, "test")
    )
    app.config["DEBUG"] = False
    compiled.share_with(app)
    data.mkdir(parents=True, exist_ok=True)
    with app.app_context():
        app.extensions["alembic"].upgrade()
        world = build(rows=3)
        found, sessions = pages(app, world), cookies(app, world)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = {"url": f"http://127.0.0.1:{server.server_port}", "cookies": sessions, "pages": found}
    print(json.dumps(told), flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
