"""`make bench`: Engage against references measured in the same run on the same machine.

`python -m bench --seconds 10 --runs 3 --scale 10` is what `make bench` does; smaller numbers give
a quick look. Prints one table and adds a line per figure to bench/results.jsonl. On PostgreSQL:
set ENGAGE_DATABASE_URL (the database is filled when it is empty) and BENCH_REFERENCE_URL.
"""

import argparse
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

import config
from bench import load
from bench.load import Figure

RESULTS = config.ROOT / "bench" / "results.jsonl"


@dataclass(frozen=True)
class Target:
    """Something to measure, and the reference and ratio it should reach."""

    name: str
    path: str
    server: str  # reference | warm | cold
    against: str = ""
    wanted: float = 0.0
    signed_in: bool = False
    form: str = ""
    connections: int = 16


def main() -> int:
    options = arguments()
    if not load.is_there():
        print("wrk is not installed (Debian: apt-get install wrk).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="engage-bench-") as name:
        folder = Path(name)
        env = environment(folder)
        say("filling the database through the services")
        fill(env, options.scale)
        with servers(env) as addresses:
            targets, cookies, notes = prepare(env, addresses)
            if options.only:
                targets = [t for t in targets if re.search(options.only, t.name) or not t.against]
            figures = run(targets, addresses, cookies, options, folder)
        report(targets, figures, notes, options)
    failed = [t.name for t in targets if figures[t.name].errors]
    if failed:
        print(f"\nerrors in: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=int, default=int(os.environ.get("BENCH_SCALE", "10")))
    parser.add_argument("--only", help="a regular expression over the names")
    return parser.parse_args()


def say(text: str) -> None:
    print(f"== {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path) -> dict[str, str]:
    """Production settings on loopback, data in a folder of this run."""
    reference = os.environ.get("BENCH_REFERENCE_URL", f"sqlite:///{folder / 'reference.sqlite3'}")
    return {
        **os.environ,
        "ENGAGE_ENV": "production",
        "ENGAGE_SECRET_KEY": secrets.token_hex(32),
        "ENGAGE_BASE_URL": "http://127.0.0.1",
        "ENGAGE_DATA_DIR": str(folder / "data"),
        "ENGAGE_LOG_LEVEL": "WARNING",
        "BENCH_REFERENCE_URL": reference,
    }


def fill(env: dict[str, str], scale: int) -> None:
    loading = {**env, "ENGAGE_ENV": "development", "ENGAGE_DEMONSTRATION": "1"}
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    for command in (["db", "upgrade"], ["demo", "load", "--scale", str(scale)]):
        subprocess.run([*flask, *command], cwd=config.ROOT, env=loading, check=True)
    code = "from bench import reference; reference.fill()"
    subprocess.run([sys.executable, "-c", code], cwd=config.ROOT, env=env, check=True)


@contextmanager
def servers(env: dict[str, str]) -> Iterator[dict[str, str]]:
    """The references, Engage, and Engage without its page cache; yields their addresses."""
    kinds = {
        "reference": ("bench.reference", {}),
        "warm": ("bench.site", {}),
        "cold": ("bench.site", {"ENGAGE_PAGE_CACHE_SECONDS": "0"}),
    }
    started: dict[str, subprocess.Popen[bytes]] = {}
    addresses = {}
    try:
        for kind, (module, extra) in kinds.items():
            port = free_port()
            addresses[kind] = f"http://127.0.0.1:{port}"
            started[kind] = subprocess.Popen(
                [sys.executable, "-m", "bench.server", module, str(port)],
                cwd=config.ROOT,
                env={**env, **extra},
            )
            wait_for(addresses[kind] + ("/hello" if kind == "reference" else "/healthz"))
        yield addresses
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait()


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def prepare(
    env: dict[str, str], addresses: dict[str, str]
) -> tuple[list[Target], dict[str, str], dict[str, dict[str, int]]]:
    """The targets with real addresses, the cookies of people signed in, queries and bytes."""
    with httpx.Client(base_url=addresses["reference"]) as person:
        token = person.get("/sign-in").text
        cookies = {"reference": f"session={person.cookies['session']}"}
    write1 = urlencode({"csrf_token": token})

    pages, thread_id, cookie = look_around(env)
    name, _, value = cookie.partition("=")
    jar = httpx.Cookies()
    jar.set(name, value, domain="127.0.0.1")
    form_page = f"/en/comments/threads/{thread_id}/new"
    with httpx.Client(base_url=addresses["cold"], cookies=jar) as person:
        fields = hidden_fields(person.get(form_page).raise_for_status().text)
        cookies["site"] = f"{name}={person.cookies.get(name)}"
    fields.pop("idempotency_key", None)
    comment = urlencode({**fields, "stance": "neutral"})

    targets = [
        Target("hello", "/hello", "reference"),
        Target("page40", "/page40", "reference"),
        Target("rows", "/rows", "reference"),
        Target("write1", "/write1", "reference", form=write1),
    ]
    for page, path in pages.items():
        targets += [
            Target(f"{page}, warm", path, "warm", "page40", 1.0),
            Target(f"{page}, cold", path, "cold", "rows", 0.8),
            Target(f"{page}, signed in", path, "cold", "rows", 0.6, signed_in=True),
        ]
    targets += [
        Target("home, warm, 64 connections", pages["home"], "warm", "page40", 1.0, connections=64),
        Target("comment", form_page, "cold", "write1", 0.5, signed_in=True, form=comment),
    ]
    return targets, cookies, weigh(env, pages)


def look_around(env: dict[str, str]) -> tuple[dict[str, str], int, str]:
    """Real addresses: the largest open consultation, its text, its fullest conversation."""
    code = "from bench import facts; facts.main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=config.ROOT, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    return found["pages"], found["thread_id"], found["cookie"]


def weigh(env: dict[str, str], pages: dict[str, str]) -> dict[str, dict[str, int]]:
    """Queries and bytes of each page, anonymous and cold."""
    code = f"from bench import facts; facts.weigh({pages!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=config.ROOT, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    weights: dict[str, dict[str, int]] = json.loads(done.stdout.splitlines()[-1])
    return weights


def hidden_fields(page: str) -> dict[str, str]:
    found = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name:
            found[name.group(1)] = value.group(1) if value else ""
    return found


def run(
    targets: list[Target],
    addresses: dict[str, str],
    cookies: dict[str, str],
    options: argparse.Namespace,
    folder: Path,
) -> dict[str, Figure]:
    """Rounds over all targets, so that a noisy minute touches references and pages alike."""
    seen: dict[str, list[Figure]] = {target.name: [] for target in targets}
    for target in targets:
        httpx.get(addresses[target.server] + target.path, follow_redirects=True)
    for number in range(options.runs):
        for target in targets:
            say(f"run {number + 1} of {options.runs}: {target.name}")
            is_reference = target.server == "reference"
            needs_cookie = target.signed_in or (is_reference and target.form)
            seen[target.name].append(
                load.measure(
                    addresses[target.server] + target.path,
                    seconds=options.seconds,
                    connections=target.connections,
                    cookie=cookies["reference" if is_reference else "site"] if needs_cookie else "",
                    form=target.form,
                    folder=folder,
                )
            )
    return {name: load.middle(figures) for name, figures in seen.items()}


def report(
    targets: list[Target],
    figures: dict[str, Figure],
    notes: dict[str, dict[str, int]],
    options: argparse.Namespace,
) -> None:
    head = ("name", "rps", "p50 ms", "p99 ms", "reference", "ratio", "wanted", "queries", "bytes")
    rows = []
    at = int(time.time())
    with RESULTS.open("a") as kept:
        for target in targets:
            figure = figures[target.name]
            base = figures.get(target.against)
            ratio = figure.rps / base.rps if base and base.rps else None
            note: dict[str, Any] = dict(notes.get(target.name.partition(",")[0], {}))
            if target.server == "warm":
                note["queries"] = 0
            rows.append(
                (
                    target.name,
                    f"{figure.rps:,.0f}",
                    f"{figure.p50:.1f}",
                    f"{figure.p99:.1f}",
                    target.against,
                    f"{ratio:.2f}" if ratio is not None else "",
                    f"{target.wanted:.2f}" if target.wanted else "",
                    str(note.get("queries", "")),
                    str(note.get("bytes", "")),
                )
            )
            line = {"at": at, **asdict(figure), "name": target.name, "against": target.against}
            line |= {"ratio": ratio, "wanted": target.wanted, **note, "scale": options.scale}
            line |= {"seconds": options.seconds, "runs": options.runs}
            kept.write(json.dumps(line) + "\n")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = [cell.ljust(w) if n in (0, 4) else cell.rjust(w) for n, (cell, w) in
                 enumerate(zip(row, widths, strict=True))]  # fmt: skip
        print("  ".join(cells).rstrip())


if __name__ == "__main__":
    raise SystemExit(main())
