"""`make bench`: Engage against references measured in the same run on the same machine.

`python -m bench --seconds 10 --runs 3 --scale 10` is what `make bench` does; smaller numbers give
a quick look, and `--only` names what to measure. Prints one table, with MISSED behind what is not
as wanted, and adds a line per figure to bench/results.jsonl. On PostgreSQL: set
ENGAGE_DATABASE_URL (the database is filled when it is empty), BENCH_REFERENCE_URL and, to see how
pages grow, BENCH_SMALL_URL. Other servers: `python -m bench.servers`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx

from bench import instance, load, others, pages, table
from bench.instance import say
from bench.table import Line

IDEAS = 100  # hundreds of ideas, each with twenty supports, at any --scale
# what --only looks for; the pages choose by the name of each
PARTS = {
    "insert": "insert, 1 writer",
    "mail": "smtp, mail hand-over",
    "export": "CSV export",
    "growth": "growth",
    "start": "start, idle memory",
}


def main() -> int:
    options = arguments()
    if not load.is_there():
        print("wrk is not installed (Debian: apt-get install wrk).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="engage-bench-") as name:
        lines, broken = measure(Path(name), options)
    missed = table.show(lines)
    run = {"scale": options.scale, "seconds": options.seconds, "runs": options.runs}
    table.keep(lines, run)
    failed = [line.name for line in lines if line.errors] + broken
    if failed:
        print(f"\nerrors in: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or (options.strict and missed) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=int, default=int(os.environ.get("BENCH_SCALE", "10")))
    parser.add_argument("--only", help="a regular expression over the names")
    parser.add_argument("--strict", action="store_true", help="fail when something is missed")
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> tuple[list[Line], list[str]]:
    """Fill the databases, then one part after the other.

    Answers the lines, and the parts that broke: what the others measured is not lost with them.
    """
    env = instance.environment(folder)
    say("filling the database through the services")
    instance.fill(env, options.scale)
    instance.fill_reference(env)
    say("filling it with ideas and supports")
    instance.run_code(env, f"from bench import facts; facts.fill_ideas({IDEAS})")
    facts = instance.ask(env, "look()")
    parts: dict[str, Callable[[], list[Line]]] = {
        # first what must not see the comments that the pages' part posts
        "growth": lambda: others.growth(env, options, facts, folder),
        "export": lambda: others.export(env, options, facts),
        "pages": lambda: pages.lines(env, options, folder, facts),
        "insert": lambda: others.inserts(env, options),
        "mail": lambda: others.letters(env, options),
        "start": lambda: others.start(env, options),
    }
    found: dict[str, list[Line]] = {}
    broken: list[str] = []
    for part, run in parts.items():
        if part in PARTS and options.only and not re.search(options.only, PARTS[part]):
            continue
        try:
            found[part] = run()
        except (subprocess.SubprocessError, SystemExit, httpx.HTTPError, OSError) as failure:
            say(f"{part} broke: {failure}")
            broken.append(part)
    filled = [
        Line("filled: comments in all", facts["comments"], ""),
        Line("filled: comments of the page “thread”", facts["in_thread"], ""),
        Line("filled: ideas in all", facts["ideas"], ""),
        Line("filled: supports in all", facts["supports"], ""),
    ]
    return [*filled, *(line for part in ("pages", *PARTS) for line in found.get(part, []))], broken


if __name__ == "__main__":
    raise SystemExit(main())
