"""What no load generator asks for: rows, letters, a table, growth, memory, the first page."""

import argparse
import csv
import io
import os
import smtplib
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx

import config
from bench import instance
from bench.instance import FLASK, Env, family, memory, say
from bench.table import Bound, Line

LETTERS_A_SECOND = 100  # put into the outbox for each second asked for
OF_IDEAS = {"ideas", "idea"}  # pages that grow by ideas; the others by comments
GROWN = 10  # times as many rows as the smaller database


def inserts(env: Env, options: argparse.Namespace) -> list[Line]:
    """The reference `insert`, from one writer and from sixteen."""
    lines = []
    for writers in (1, 16):
        name = f"insert, {writers} writer{'s' if writers > 1 else ''}"
        lines.append(Line(name, _bare(env, options, name, "insert", writers, options.seconds)))
    return lines


def _bare(env: Env, options: argparse.Namespace, name: str, *arguments: object) -> float:
    command = [sys.executable, "-m", "bench.bare", *map(str, arguments)]
    found = []
    for number in range(options.runs):
        say(f"run {number + 1} of {options.runs}: {name}")
        done = subprocess.run(
            command, cwd=config.ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True
        )
        found.append(float(done.stdout))
    return median(found)


# --- letters ------------------------------------------------------------------------------------


def letters(env: Env, options: argparse.Namespace) -> list[Line]:
    """The reference `smtp`, and the worker handing over the outbox to the same sink."""
    port = instance.free_port()
    posting = {**env, "ENGAGE_MAIL_URL": f"smtp://127.0.0.1:{port}"}
    number = LETTERS_A_SECOND * options.seconds
    rates, grown = [], []
    with instance.process([sys.executable, "-m", "bench.sink", str(port)], env):
        _wait_for_sink(port)
        for run in range(options.runs):
            say(f"run {run + 1} of {options.runs}: mail hand-over")
            size = int(instance.ask(posting, f"post_letters({number})"))
            rate, more = _handed_over(posting, port, number)
            rates.append(rate)
            grown.append(more)
        bare = _bare(env, options, "smtp", "smtp", port, options.seconds, size)
    rate = median(rates)
    return [
        Line("smtp", bare, more={"letter_bytes": size}),
        Line(
            "mail hand-over",
            rate,
            against="smtp",
            ratio=rate / bare,
            wanted=(Bound("ratio", least=0.6),),
            more={"letters": number},
        ),
        Line("mail hand-over: worker's memory grown", median(grown), "MiB"),
    ]


def _wait_for_sink(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            smtplib.SMTP("127.0.0.1", port).quit()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _handed_over(env: Env, port: int, number: int) -> tuple[float, float]:
    """Letters a second between the first and the last; MiB the worker grew by meanwhile."""
    with smtplib.SMTP("127.0.0.1", port) as sink:
        sink.docmd("XNEW")
        with instance.process([*FLASK, "worker"], env) as worker:
            until = time.monotonic() + 300
            before, taken, took = 0.0, 0, 0.0
            while taken < number:
                if time.monotonic() > until:
                    raise SystemExit(f"the worker handed over {taken} of {number} letters")
                time.sleep(0.1)
                count, seconds = sink.docmd("XCOUNT")[1].split()
                taken, took = int(count), float(seconds)
                if taken >= number / 10 and not before:
                    before = memory(worker.pid, "VmRSS")
            grown = memory(worker.pid, "VmHWM") - before
    return (taken - 1) / took, max(grown, 0.0)


# --- the table of comments ------------------------------------------------------------------------


def export(env: Env, options: argparse.Namespace, facts: dict[str, Any]) -> list[Line]:
    """The comments of the largest consultation as CSV, one reader, by a server just started."""
    first, speed, grown = [], [], []
    rows, size = 0, 0
    with instance.serving(env, "bench.site", "/healthz") as (address, pid):
        for number in range(options.runs):
            say(f"run {number + 1} of {options.runs}: CSV export")
            httpx.get(address + facts["pages"]["home"])
            processes = family(pid)
            for process in processes:
                instance.forget_peak(process)
            before = {process: memory(process, "VmRSS") for process in processes}
            parts, at, took = _download(address + facts["table"])
            peaks = [memory(process, "VmHWM") - before[process] for process in processes]
            body = b"".join(parts).decode("utf-8-sig")
            rows, size = sum(1 for _ in csv.reader(io.StringIO(body, newline=""))) - 1, len(body)
            first.append(at)
            speed.append(rows / took)
            grown.append(max(peaks))
    more = {"rows": rows}
    return [
        Line(
            "CSV export: first byte", median(first), "s", wanted=(Bound("figure", most=1),),
            more=more,
        ),
        Line("CSV export: rows", median(speed), against=f"{rows:,} in all", more=more),
        Line(
            "CSV export: peak memory over idle", max(grown), "MiB", bytes=size,
            more=more,
        ),
    ]  # fmt: skip


def _download(url: str) -> tuple[list[bytes], float, float]:
    """What came, after how many seconds it began, and how long it all took."""
    began = time.perf_counter()
    first = 0.0
    parts = []
    with httpx.stream("GET", url, timeout=120) as answer:
        answer.raise_for_status()
        for part in answer.iter_raw():
            first = first or time.perf_counter() - began
            parts.append(part)
    return parts, first, time.perf_counter() - began


# --- growth ---------------------------------------------------------------------------------------


def growth(
    env: Env, options: argparse.Namespace, facts: dict[str, Any], folder: Path
) -> list[Line]:
    """How long a page takes to be drawn with ten times the comments, anonymous and cold."""
    small = instance.smaller(env, folder)
    if options.scale < GROWN:
        say(f"growth is left out: it compares with a tenth, from --scale {GROWN} on")
        return []
    if small is None:
        say("growth is left out: BENCH_SMALL_URL names no second database")
        return []
    say("filling a smaller database through the services")
    instance.fill(small, 1)
    instance.run_code(small, f"from bench import facts; facts.multiply({options.scale // GROWN})")
    tenth = facts["ideas"] // GROWN // 100
    instance.run_code(small, f"from bench import facts; facts.fill_ideas({tenth})")
    less = instance.ask(small, "look()")
    taken: dict[str, list[tuple[float, float]]] = {page: [] for page in facts["pages"]}
    for number in range(options.runs):
        say(f"run {number + 1} of {options.runs}: growth")
        here = instance.ask(env, f"take_time({facts['pages']!r})")
        there = instance.ask(small, f"take_time({less['pages']!r})")
        for page, pairs in taken.items():
            pairs.append((here[page], there[page]))
    return [
        Line(
            f"growth: {page}",
            median(here for here, _ in pairs),
            "ms",
            against=_sizes("ideas" if page in OF_IDEAS else "comments", less, facts),
            ratio=median(here / there for here, there in pairs),
            wanted=(Bound("ratio", most=1.3),),
        )
        for page, pairs in taken.items()
    ]


def _sizes(what: str, less: dict[str, Any], facts: dict[str, Any]) -> str:
    return f"{less[what]:,} {what}, not {facts[what]:,}"


# --- the machine's share ------------------------------------------------------------------------


def start(env: Env, options: argparse.Namespace) -> list[Line]:
    """`make run` as it is deployed: seconds to the first page; memory once it is idle."""
    first, shared, counted = [], [], []
    for number in range(options.runs + 1):
        say(f"run {number} of {options.runs}: start")
        port = instance.free_port()
        own = {**env, "PORT": str(port), "ENGAGE_BASE_URL": f"http://127.0.0.1:{port}"}
        began = time.perf_counter()
        with instance.process([sys.executable, "-m", "engage.core.supervise"], own) as site:
            instance.wait_for(f"http://127.0.0.1:{port}/en/")
            if not number:
                continue  # it compiled what a restart finds
            first.append(time.perf_counter() - began)
            time.sleep(10)  # the worker loads, then nobody asks for anything
            processes = family(site.pid)
            shared.append(sum(memory(process, "Pss") for process in processes))
            counted.append(sum(memory(process, "VmRSS") for process in processes))
    return [
        Line("restart: first page", median(first), "s", wanted=(Bound("figure", most=3),)),
        Line(
            "idle memory of site and worker",
            median(shared),
            "MiB",
            wanted=(Bound("figure", most=350),),
            more={"processors": os.cpu_count(), "counting_shared_pages_each": median(counted)},
        ),
    ]
