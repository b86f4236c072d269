"""Run the checks and the suite: `check.py` for all, `check.py lint` for the checks alone.

The suite runs twice, on SQLite and on a PostgreSQL cluster made for this run and thrown away.
Everything runs even when something has failed; the exit code tells. The last line is pytest's.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
IN_CI = os.environ.get("ENGAGE_CI") == "1"
CHECKS = (
    ("ruff", [BIN / "ruff", "check", "--quiet", "."]),
    ("ruff format", [BIN / "ruff", "format", "--check", "--output-format", "concise", "."]),
    ("mypy", [BIN / "mypy", "config.py", "engage"]),
    ("djlint", [BIN / "djlint", "templates", "--lint", "--quiet"]),
)
# what does not depend on the database runs once, on SQLite
ONCE = "browser or attack or pure or sqlite"


def main() -> int:
    started = time.monotonic()
    failed = failed_checks()
    if failed:
        say(f"checks failed: {', '.join(failed)}")
    if "lint" not in sys.argv[1:]:
        with tempfile.TemporaryDirectory(prefix="engage-templates-") as compiled:
            os.environ["TESTS_COMPILED"] = compiled  # see tests/compiled.py
            failed += suites(started)
    return 1 if failed else 0


def suites(started: float) -> list[str]:
    failed = []
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        say("Chromium is not installed: NO BROWSER TEST RUNS" + (", which fails" * IN_CI))
    if not pytest("SQLite", "not postgresql", {}):
        failed.append("SQLite")
        say("tests failed on SQLite")
    binaries = postgresql_binaries()
    if binaries is None:
        say("PostgreSQL is not installed: its run is left out")
        return [*failed, "PostgreSQL"] if IN_CI else failed
    with cluster(binaries) as url:
        minutes = (time.monotonic() - started) / 60
        say(f"{minutes:.1f} minutes so far" + (f"; failed: {', '.join(failed)}" if failed else ""))
        if not pytest("PostgreSQL", f"not ({ONCE})", {"ENGAGE_TEST_DATABASE_URL": url}):
            failed.append("PostgreSQL")
    return failed


def say(text: str) -> None:
    print(f"== {text}", flush=True)


def failed_checks() -> list[str]:
    """The names of the checks that find something; all run at once, each tells its own."""
    failed = []
    with ThreadPoolExecutor() as side_by_side:
        for (name, _command), done in zip(CHECKS, side_by_side.map(check, CHECKS), strict=True):
            say(name)
            print(done.stdout, end="", flush=True)
            if done.returncode:
                failed.append(name)
    return failed


def check(one: tuple[str, list[str | Path]]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        one[1], cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def pytest(name: str, marks: str, extra: dict[str, str]) -> bool:
    say(f"tests on {name}")
    env = {key: value for key, value in os.environ.items() if not key.startswith("ENGAGE_")}
    kept = ("ENGAGE_ATTACK_DATA", "ENGAGE_TEST_DATA", "ENGAGE_TEST_TOOLS", "ENGAGE_CI")
    env |= {key: os.environ[key] for key in kept if key in os.environ}
    env |= extra
    # the second run, and every server a test starts, finds what the first has compiled
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [BIN / "python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", marks]
    # tests/conftest.py puts the long files first, so that no worker is left alone with one
    command.append("--no-loadscope-reorder")
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0


def postgresql_binaries() -> Path | None:
    """The newest installed server's programs; Debian keeps them off the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextlib.contextmanager
def cluster(binaries: Path) -> Iterator[str]:
    """A PostgreSQL server of our own on a free loopback port; yields the database's URL."""
    place = Path(tempfile.mkdtemp(prefix="engage-pg-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(place, owner.pw_uid, owner.pw_gid)
        as_owner = ["runuser", "-u", "postgres", "--"]
    port = free_port()
    settings = {
        "fsync": "off",
        "full_page_writes": "off",
        "listen_addresses": "127.0.0.1",
        "max_connections": "200",
        "port": str(port),
        "shared_buffers": "64MB",
        "unix_socket_directories": str(place),
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    data, log = place / "data", place / "log"

    def run(program: str, *arguments: str | Path) -> None:
        command = [*as_owner, str(binaries / program), *map(str, arguments)]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{program}: {done.stdout}{done.stderr}")

    try:
        run("initdb", "-D", data, "-U", "engage", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            for name in ("engage", "engage_gw0", "engage_gw1"):
                run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "engage", name)
            yield f"postgresql+psycopg://engage@127.0.0.1:{port}/engage"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
