"""docs/asvs.md claims nothing that no test shows, and counts itself right."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.architecture.source import ROOT

pytestmark = pytest.mark.pure

ROW = re.compile(r"\| (\d+\.\d+\.\d+) \| ([12]) \| .+ \| (.+) \| (.+) \| ([^|]+) \|$")
TEXT = (ROOT / "docs/asvs.md").read_text("utf-8")
ROWS = [found.groups() for line in TEXT.splitlines() if (found := ROW.match(line))]


def test_rows_are_read() -> None:
    assert len(ROWS) == len({row[0] for row in ROWS}) > 250


def test_the_summary_counts_the_rows() -> None:
    counted = Counter((result.strip("*"), level) for _id, level, _how, _test, result in ROWS)
    told = re.findall(r"^\| (met|partly|not met|not applicable) \| (\d+) \| (\d+) \|$", TEXT, re.M)
    assert {(name, "1"): int(one) for name, one, _two in told} | {
        (name, "2"): int(two) for name, _one, two in told
    } == dict(counted)


def test_what_is_met_names_its_test() -> None:
    bare = [ident for ident, _level, _how, test, result in ROWS if result == "met" and test == "–"]
    assert not bare


def test_every_test_named_exists() -> None:
    missing, file = [], ""
    for ident, _level, _how, tests, _result in ROWS:
        for named in re.findall(r"`([^`]+)`", tests):
            file, name = named.split("::") if "::" in named else (file, named)
            path = ROOT / "tests" / file
            if not path.is_file() or f"def {name}(" not in path.read_text("utf-8"):
                missing.append(f"{ident}: {named}")
    assert not missing, "\n".join(missing)
