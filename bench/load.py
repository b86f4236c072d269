"""wrk, driven and read."""

import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
ACCOUNTS = 50  # that sign in by turns: nobody may try ten times at once

# each request a fresh key and something of its own; the rest of the form as it was fetched
_POST = """
local n = 0
local made = tostring({}):gsub("%W", "")
local threads = 0
function setup(thread)
  thread:set("who", threads)
  threads = threads + 1
end
function request()
  n = n + 1
  local own = made .. "x" .. n .. "x" .. math.floor(os.clock() * 1e6)
  return wrk.format("POST", PATH, nil, FORM .. "&idempotency_key=" .. own .. EACH)
end
"""
REMARK = '"&body=Remark+" .. own'
PERSON = f'"&email=bench" .. (n % {ACCOUNTS}) .. "%40example.org"'
IN_TURN = 9000  # ideas that are supported by turns, so that each request has something to write
LATER = 40  # requests of a thread until a support is taken back
SUPPORT = '"&value=" .. (n % 2 == 1 and "yes" or "no")'


def in_turn(last: int) -> str:
    """The address, in Lua, of the idea whose support a request gives or takes back.

    Each run and each thread begins elsewhere.
    """
    begins = f"os.time() * 37 + who * {IN_TURN // 2}"
    place = f"math.floor((n + 1) / 2) - (n % 2 == 1 and 0 or {LATER})"
    return f'string.format("/en/ideas/%d/support", {last} - ({begins} + {place}) % {IN_TURN})'


@dataclass(frozen=True)
class Form:
    """What is posted: fields as they were fetched, and an expression in Lua for the rest."""

    fields: str
    each: str = REMARK
    path: str = "nil"  # in Lua; nil is the target's own


@dataclass(frozen=True)
class Figure:
    """What one target did: the median of several runs."""

    rps: float
    p50: float
    p99: float
    errors: int


def is_there() -> bool:
    return shutil.which("wrk") is not None


def measure(
    url: str,
    *,
    seconds: int,
    folder: Path,
    connections: int = 16,
    cookie: str = "",
    form: Form | None = None,
    header: str = "",
) -> Figure:
    """One run. `folder` takes the script that posts."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    if cookie:
        command += ["-H", f"Cookie: {cookie}"]
    if header:
        command += ["-H", header]
    if form:
        script = folder / f"post-{secrets.token_hex(4)}.lua"
        each = _POST.replace("EACH", form.each).replace("PATH", form.path)
        script.write_text(f"local FORM = {form.fields!r}\n{each}")
        command += ["-s", str(script), "-H", "Content-Type: application/x-www-form-urlencoded"]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    return read(done.stdout)


def read(told: str) -> Figure:
    """The figures in wrk's report."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    sockets = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    lost = sum(map(int, sockets.groups())) if sockets else 0
    return Figure(
        float(rate.group(1)) if rate else 0.0,
        _percentile(told, 50),
        _percentile(told, 99),
        (int(bad.group(1)) if bad else 0) + lost,
    )


def _percentile(told: str, which: int) -> float:
    found = re.search(rf"^\s+{which}%\s+([\d.]+)(us|ms|s|m)\s*$", told, re.MULTILINE)
    return float(found.group(1)) * _UNITS[found.group(2)] if found else 0.0


def middle(figures: list[Figure]) -> Figure:
    """The median run, errors added up."""
    return Figure(
        median(f.rps for f in figures),
        median(f.p50 for f in figures),
        median(f.p99 for f in figures),
        sum(f.errors for f in figures),
    )
