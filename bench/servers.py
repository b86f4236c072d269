"""`python -m bench.servers`: the references `hello` and `page40` under one WSGI server or another.

So that the choice of docs/decisions/0006-serving.md can be repeated. A server that is not
installed is named and left out: `pip install gunicorn waitress` beside us, never in
pyproject.toml.
"""

import argparse
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

from bench import instance, load, table
from bench.instance import say
from bench.load import Figure
from bench.table import Line

APP = "bench.reference:app"
# its own command tells of every request that waits
WAITRESS = """
import logging, sys, waitress
from bench.reference import app
logging.getLogger("waitress").setLevel(logging.ERROR)
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=4)
"""
QUIET = ["-b", "127.0.0.1:{port}", "--log-level", "error", APP]
# what must be importable, and how to begin; {port} is filled in
SERVERS = {
    "granian, 2 x 4": ("granian", ["-m", "bench.server", "bench.reference", "{port}"]),
    "gunicorn gthread, 2 x 4": (
        "gunicorn",
        ["-m", "gunicorn", "-k", "gthread", "-w", "2", "--threads", "4", *QUIET],
    ),
    "gunicorn sync, 2": ("gunicorn", ["-m", "gunicorn", "-k", "sync", "-w", "2", *QUIET]),
    "waitress, 1 x 4": ("waitress", ["-c", WAITRESS, "{port}"]),
}


def main() -> int:
    """Measure each, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.servers")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not load.is_there():
        print("wrk is not installed (Debian: apt-get install wrk).", file=sys.stderr)
        return 1
    lines = []
    with tempfile.TemporaryDirectory(prefix="engage-bench-") as name:
        folder = Path(name)
        # as many turns as threads, which is none: servers are compared, not our queue
        settings = {"WEB_CONCURRENCY": "2", "ENGAGE_WEB_THREADS": "4", "ENGAGE_WEB_TURNS": "4"}
        env = {**instance.environment(folder), **settings}
        for server, (module, command) in SERVERS.items():
            if importlib.util.find_spec(module) is None:
                say(f"{server} is left out: {module} is not installed")
                continue
            port = instance.free_port()
            filled = [sys.executable, *(part.replace("{port}", str(port)) for part in command)]
            with instance.process(filled, env):
                lines += _lines(server, f"http://127.0.0.1:{port}", options, folder)
    table.show(lines)
    table.keep(
        lines, {"seconds": options.seconds, "runs": options.runs, "processors": os.cpu_count()}
    )
    return 1 if any(line.errors for line in lines) else 0


def _lines(server: str, address: str, options: argparse.Namespace, folder: Path) -> list[Line]:
    instance.wait_for(f"{address}/hello")
    lines = []
    for page in ("hello", "page40"):
        found: list[Figure] = []
        for number in range(options.runs):
            say(f"run {number + 1} of {options.runs}: {server}, {page}")
            found.append(load.measure(f"{address}/{page}", seconds=options.seconds, folder=folder))
        figure = load.middle(found)
        lines.append(
            Line(
                f"{server}: {page}", figure.rps, p50=figure.p50, p99=figure.p99,
                errors=figure.errors,
            )
        )  # fmt: skip
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
