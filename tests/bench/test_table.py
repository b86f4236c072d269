"""The table of `make bench`: what is called missed, and that its references really measure."""

from __future__ import annotations

import smtplib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from bench import bare, instance, others, table
from bench.table import Bound, Line


def test_a_value_on_its_bound_is_not_missed() -> None:
    wanted = (Bound("ratio", least=0.6), Bound("p99", most=250), Bound("queries", most=0))
    assert Line("page", 1, ratio=0.6, p99=250, queries=0, wanted=wanted).missed() == []
    late = Line("page", 1, ratio=0.59, p99=250.1, queries=1, wanted=wanted)
    assert late.missed() == ["ratio", "p99", "queries"]
    assert Line("page", 1, wanted=wanted).missed() == [], "what was not measured is not judged"


def test_the_table_says_what_is_missed_and_counts_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        Line("quick", 50, wanted=(Bound("figure", least=40),)),
        Line("slow", 50, p99=31, wanted=(Bound("p99", most=30),)),
        Line("reference", 50),
    ]
    assert table.show(lines) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in told if "MISSED p99" in line] == ["slow"]
    assert told[-1].startswith("1 of 2 lines")


@pytest.fixture
def sink() -> Iterator[int]:
    port = instance.free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.sink", str(port)], cwd=config.ROOT)
    try:
        others._wait_for_sink(port)
        yield port
    finally:
        process.kill()
        process.wait()


def test_the_sink_counts_every_letter(sink: int) -> None:
    rate = bare.smtp(sink, 0.2, 5000)
    with smtplib.SMTP("127.0.0.1", sink) as relay:
        count, took = relay.docmd("XCOUNT")[1].split()
        assert int(count) >= rate * 0.2 - 1 > 0
        assert float(took) > 0
        relay.docmd("XNEW")
        relay.sendmail("a@example.org", ["b@example.org"], "..\r\n.dot\r\nlast")
        assert relay.docmd("XCOUNT")[1].split()[0] == b"1"


@pytest.mark.parametrize("writers", [1, 4])
def test_inserts_are_all_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writers: int
) -> None:
    file = tmp_path / "bare.sqlite3"
    monkeypatch.setenv("BENCH_REFERENCE_URL", f"sqlite:///{file}")
    rate = bare.insert(writers, 0.2)
    found = sqlite3.connect(file).execute("SELECT count(*), count(DISTINCT number) FROM bare")
    rows, who = found.fetchone()
    assert 0 < rate <= rows / 0.2
    assert 1 <= who <= writers
