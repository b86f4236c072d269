"""`flask tally`: one object on stdout, one line on stderr, no server and no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engage.commons.voting.commands import tally

pytestmark = pytest.mark.pure

STV = "3 2\n4 1 2 0\n3 1 3 0\n2 2 0\n1 3 0\n0\nAnna\nBert\nCleo\nTitle\n"


def run(*arguments: Any) -> Result:
    """Outside any application: whatever asked for a database would fail."""
    return CliRunner().invoke(tally, [str(argument) for argument in arguments])


@pytest.fixture
def ballots(tmp_path: Path) -> Path:
    path = tmp_path / "votes.json"
    path.write_text('{"options": ["A", "B=1"], "ballots": [[3, [1]], [2, [2, 1]]]}')
    return path


def test_json_is_one_object_and_nothing_else(ballots: Path) -> None:
    answer = run("irv", ballots, "--json")
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert answer.stdout.count("\n") == 1
    assert answer.stderr == ""
    assert (found["method"], found["winners"], found["totals"]) == (
        "irv", ["A"], {"A": "3", "B=1": "2"},
    )  # fmt: skip


def test_words_without_json(ballots: Path) -> None:
    answer = run("plurality", ballots)
    assert answer.exit_code == 0
    assert "A wins.\nA has 3 of 5 votes.\n" in answer.stdout
    assert "* A    3\n  B=1  2\n" in answer.stdout


def test_it_is_a_command_of_the_site(app: Flask, ballots: Path) -> None:
    answer = app.test_cli_runner().invoke(args=["tally", "borda", str(ballots), "--json"])
    assert json.loads(answer.stdout)["winners"] == ["A"]


def test_seats_of_the_file_and_of_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "ward.blt"
    path.write_text(STV)
    found = json.loads(run("stv-scottish", path, "--json").stdout)
    assert (found["seats"], found["winners"]) == (2, ["Anna", "Bert"])
    found = json.loads(run("stv-scottish", path, "--json", "--seats", 1).stdout)
    assert (found["seats"], found["winners"]) == (1, ["Anna"])
    # the seats of a file do not stop a method that has but one winner
    assert json.loads(run("irv", path, "--json").stdout)["seats"] == 1


def test_options_of_the_method(ballots: Path) -> None:
    answer = run(
        "schulze", ballots, "--json", "--option", "default=B=1", "--option", "quorum=2.5",
        "--option", "majority.A=1.4", "--option", "seed=a.b=c",
    )  # fmt: skip
    found = json.loads(answer.stdout)
    assert found["options_used"] == {
        "default": "B=1", "majority.A": "1.4", "quorum": "2.5", "seed": "a.b=c",
    }  # fmt: skip
    answer = run("schulze", ballots, "--option", "default=A", "--option", "majority.B=1=2")
    assert answer.exit_code == 0


def test_papers_that_cannot_be_counted_are_named(tmp_path: Path) -> None:
    path = tmp_path / "votes.json"
    path.write_text('{"options": ["A", "B"], "ballots": [[3, [1]], [2, [2, 2]], [1, [3]]]}')
    answer = run("plurality", path, "--json")
    assert answer.exit_code == 0
    assert answer.stderr == (
        "Paper 2: option 2 is there twice.\nPaper 3: there is no option 3.\n"
    )  # fmt: skip
    assert json.loads(answer.stdout)["invalid"] == {
        "count": 3, "why": {"ranked-twice": 2, "unknown-option": 1},
    }  # fmt: skip


def test_very_many_of_them_are_not_all_named(tmp_path: Path) -> None:
    path = tmp_path / "votes.json"
    path.write_text(json.dumps({"options": ["A"], "ballots": [[1, [2]]] * 500}))
    answer = run("irv", path, "--json")
    assert len(answer.stderr.splitlines()) == 21
    assert answer.stderr.endswith("... and 480 more papers that cannot be counted.\n")
    assert json.loads(answer.stdout)["winners"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["first", "{}"], "There is no method “first”. There are: plurality,"),
        (["irv", "{}", "--option", "skip=yes"], "irv has no option “skip”. It has: seed."),
        (["irv", "{}", "--option", "seed"], "--option wants NAME=VALUE"),
        (["irv", "{}", "--option", "seed=1", "--option", "seed=2"], "“seed” is given twice"),
        (["irv", "{}", "--seats", "2"], "irv has one winner"),
        (["stv-scottish", "{}", "--seats", "two"], "--seats wants a whole number"),
        (["stv-scottish", "{}", "--seats", "0"], "must be at least 1"),
        (["schulze", "{}", "--option", "default=C"], "the ballot has no option “C”"),
        (["score", "{}"], "this method wants a number for each option"),
        (["irv", "{}.blt"], "No such file"),
        (["irv", "/"], "must end with one of"),
        (["irv", "/etc/hostname"], "must end with one of: .abif, .blt, .json"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_mistakes_are_one_line_on_stderr(
    ballots: Path, arguments: list[str], words: str, more: list[str]
) -> None:
    answer = run(*(one.replace("{}", str(ballots)) for one in arguments), *more)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert words in answer.stderr
    assert answer.stderr.startswith("Error: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["empty.blt", "empty.abif", "empty.json", "empty.pb"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    answer = run("plurality", tmp_path / name, "--json")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (
        2,
        "",
        "Error: The file is empty.\n",
    )


def test_nobody_voted(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text('{"options": ["A", "B"], "ballots": []}')
    for method in ("plurality", "borda", "irv", "stv-scottish", "schulze", "ranked-pairs"):
        found = json.loads(run(method, path, "--json").stdout)
        assert (found["winners"], found["totals"]) == ([], {"A": "0", "B": "0"})


def test_ten_thousand_options(tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    names = [f"o{index}" for index in range(10_000)]
    path.write_text(json.dumps({"options": names, "ballots": [[2, [9_999, 1]], [1, [1]]]}))
    assert json.loads(run("plurality", path, "--json").stdout)["winners"] == ["o9998"]
    answer = run("irv", path, "--json")
    assert answer.exit_code == 2
    assert answer.stderr == (
        "Error: irv can count at most 1000 options; this ballot has 10000.\n"
    )  # fmt: skip
