"""Large files are read as small ones are: in other steps, to the same end."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage.commons.voting.formats import blt, bulk, files, plain
from engage.commons.voting.formats.contest import Contest, FileError

pytestmark = pytest.mark.pure

quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is large, and read in steps of a few papers."""
    monkeypatch.setattr(bulk, "LARGE", 0)
    monkeypatch.setattr(bulk, "CHUNK", 64)


def told(contest: Contest) -> Any:
    """What a count sees."""
    profile = contest.profile("ranks")
    assert profile.ranks is not None
    rows = zip(profile.ranks.tolist(), profile.counts.tolist(), strict=True)
    refused = [(one.line, one.count, one.reason) for one in contest.refused]
    shape = (contest.options, contest.seats, contest.title, contest.unit)
    return sorted((dense(row), n) for row, n in rows), refused, shape


def dense(row: list[int]) -> list[int]:
    levels = sorted(set(row) - {0})
    return [levels.index(rank) + 1 if rank else 0 for rank in row]


def outcome(read: Any) -> Any:
    try:
        return told(read())
    except FileError as fault:
        return str(fault)


def papers(dice: random.Random, m: int, *, wrong: bool) -> list[Any]:
    made: list[Any] = []
    for _ in range(dice.randint(0, 12)):
        paper: list[Any] = dice.sample(range(1, m + 1), dice.randint(0, m))
        if len(paper) > 2 and dice.random() < 0.3:
            paper[0:2] = [paper[0:2]]
        if wrong and dice.random() < 0.2:
            paper.append(dice.choice([0, 1, m + 1, [], [[]], 7.5, "A", None, 123456789012]))
        if wrong and dice.random() < 0.05:
            paper = dice.choice([{"o1": 2, "o2": 1}, 3, "x"])
        made.append([dice.choice([0, 1, 1, 1, 12, 305, 40_000]), paper])
        if wrong and dice.random() < 0.05:
            made[-1] = dice.choice([[1], [1, [1], 2], [[1], [1]], [1, [1], [1]], 5, [-1, [1]]])
    return made


@quick
@given(st.randoms(use_true_random=False), st.booleans())
def test_json_as_paper_by_paper(tmp_path: Path, dice: random.Random, wrong: bool) -> None:
    m = dice.choice([1, 3, 5, 12, 300])
    around = {"options": [f"o{index}" for index in range(1, m + 1)], "seats": 2}
    text = json.dumps(
        {**around, "ballots": papers(dice, m, wrong=wrong), "title": "ballots"},
        separators=dice.choice([(",", ":"), (", ", ": "), (",\n\t ", " : ")]),
    )
    if wrong and dice.random() < 0.3:
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(["", ",", "]", "[", " ", "0", "}", "-"]) + text[at + 1 :]
    path = tmp_path / "votes.json"
    path.write_text(text)
    assert outcome(lambda: files.read(path)) == outcome(lambda: plain.read(text))


@quick
@given(st.randoms(use_true_random=False), st.booleans())
def test_blt_as_paper_by_paper(tmp_path: Path, dice: random.Random, wrong: bool) -> None:
    m = dice.choice([1, 3, 12, 300])
    lines = [f"{m} 2"]
    for _ in range(dice.randint(0, 15)):
        paper = dice.sample(range(1, m + 1), dice.randint(0, m))
        lines.append(" ".join(map(str, [dice.choice([1, 1, 2, 305]), *paper, 0])))
        if wrong and dice.random() < 0.1:
            lines.append(
                dice.choice(["", "-1", "1 1 1 0", "2 99999 0", "1 1", "1 01 0", "(a) 1 1 0"])
            )
    lines += ["0", *(f'"Name {index}"' for index in range(m)), '"Title"']
    text = "\n".join(lines) + "\n"
    if wrong and dice.random() < 0.3:
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(["", "0", " ", "\n", "x", "#"]) + text[at + 1 :]
    path = tmp_path / "votes.blt"
    path.write_text(text)
    assert outcome(lambda: files.read(path)) == outcome(lambda: blt.read(text))


def test_everyday_files_are_read_in_large_steps(tmp_path: Path) -> None:
    ballots = ([[1, [1, [2, 3]]], [20, [3]], [1, []]] * 10 + [[3, [2, 2]]]) * 4
    path = tmp_path / "votes.json"
    path.write_text(json.dumps({"options": ["A", "B", "C"], "ballots": ballots}))
    contest = files.read(path)
    assert len(contest.blocks) > 1
    # the step that holds a wrong paper is looked at paper by paper, which is then named
    assert [one.line for one in contest.refused] == [31, 62, 93, 124]
    path = tmp_path / "votes.blt"
    path.write_text("3 1\n" + "1 2 1 0\n5 3 0\n1 0\n" * 30 + "0\nA\nB\nC\n")
    contest = files.read(path)
    assert len(contest.blocks) > 1
    assert contest.blocks[1].line > contest.blocks[0].line
    assert [option.id for option in contest.options] == ["A", "B", "C"]


def test_approvals_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "votes.json"
    path.write_text(json.dumps({"options": ["A", "B"], "ballots": [[2, [2, 1]], [1, [2]]] * 20}))
    contest = files.read(path)
    assert contest.blocks
    profile = contest.profile("approvals")
    assert profile.marks is not None
    assert sorted(zip(profile.marks.tolist(), profile.counts.tolist(), strict=True)) == [
        ([0, 1], 20),
        ([1, 1], 40),
    ]
    with pytest.raises(FileError, match="Paper 1: this method wants a number for each option"):
        contest.profile("scores")
