"""Pabulib files: read, refused with their line, and written so that they count alike."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.commons.voting.formats import pabulib
from engage.commons.voting.formats.contest import Contest, FileError, Option, Sheet
from engage.commons.voting.methods import catalogue
from tests.commons.voting.budgets import wieliczka

pytestmark = pytest.mark.pure


def file(
    kind: str = "approval",
    projects: str = "1;600;Trees\n2;800;A park\n4;1400;Lamps\n",
    votes: str = "voter_id;vote\n1;1,2\n2;4\n",
    meta: str = "",
) -> str:
    return (
        f"META\nkey;value\ndescription;A town\nbudget;2500\nvote_type;{kind}\n{meta}"
        f"PROJECTS\nproject_id;cost;name\n{projects}VOTES\n{votes}"
    )


def counted(method: str, contest: Contest, **rules: str) -> dict[str, Any]:
    chosen = catalogue.get(method)
    return chosen.tally(
        contest.profile(chosen.paper, weighs=chosen.weighs),
        rules,
        budget=contest.budget if chosen.takes_budget else None,
        costs=contest.costs if chosen.takes_budget else None,
    ).as_dict()


def test_approvals() -> None:
    contest = pabulib.read(file())
    assert contest.title == "A town"
    assert contest.budget == 2500
    assert contest.options[1] == Option("2", "A park", Fraction(800))
    assert [sheet.marks for sheet in contest.sheets] == [{0: 1, 1: 1}, {2: 1}]
    assert counted("budget-greedy", contest)["totals"] == {"1": "1", "2": "1", "4": "1"}


def test_bytes_in_any_usual_encoding_and_line_ends() -> None:
    text = file(projects="1;600;Forêt\n2;12,50;Été\n4;1 400.5;x\n")
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("latin-1")):
        contest = pabulib.read(data.replace(b"\n", b"\r\n"))
        assert contest.options[0].name == "Forêt"
        assert contest.costs == [600, Fraction("12.5"), Fraction("1400.5")]


def test_spaces_quotation_marks_and_columns_in_any_order() -> None:
    text = (
        "meta\nkey; value\ndescription; A; B\nBudget; 2500\nvote_type; approval\n\n"
        'Projects\ncost; project_id; category; name\n600; 1; "culture, sport"; "The ""park""; new"\n'
        '800; 2; none;\nVotes\nage; vote; voter_id\n34; "1, 2"; 7\n; ; 8\nnone; none; 9\n'
    )
    contest = pabulib.read(text)
    assert contest.title == "A; B"
    assert [option.name for option in contest.options] == ['The "park"; new', ""]
    assert [sheet.marks for sheet in contest.sheets] == [{0: 1, 1: 1}, {}, {}]


def test_a_choice_of_one() -> None:
    contest = pabulib.read(file("choose-1", votes="voter_id;vote\n1;2\n2;1,2\n3;\n"))
    assert [(one.line, one.reason) for one in contest.refused] == [(14, "more-than-one")]
    assert counted("plurality", contest)["totals"] == {"1": "0", "2": "1", "4": "0"}
    assert counted("budget-greedy", contest)["totals"] == {"1": "0", "2": "1", "4": "0"}


def test_rankings() -> None:
    contest = pabulib.read(file("ordinal", votes="voter_id;vote\n1;4,1\n2;4\n3;2,1,4\n"))
    assert contest.sheets[0].order == ((2,), (0,))
    assert counted("borda", contest)["totals"] == {"1": "2", "2": "2", "4": "4"}
    # a budget takes what is ranked as chosen
    assert counted("budget-mes", contest)["totals"] == {"1": "2", "2": "1", "4": "3"}


@pytest.mark.parametrize("kind", ["cumulative", "scoring"])
def test_points(kind: str) -> None:
    contest = pabulib.read(file(kind, votes="voter_id;vote;points\n1;1,2;3,2\n2;4;5.0\n3;;\n"))
    assert [sheet.marks for sheet in contest.sheets] == [{0: 3, 1: 2}, {2: 5}, {}]
    assert counted("budget-greedy", contest)["totals"] == {"1": "3", "2": "2", "4": "5"}
    assert counted("score", contest)["totals"] == {"1": "3", "2": "2", "4": "5"}
    # Phragmén knows no points: chosen is chosen
    assert counted("budget-phragmen", contest)["totals"] == {"1": "1", "2": "1", "4": "1"}


def test_a_default_score_is_given_to_what_is_not_named() -> None:
    votes = "voter_id;vote;points\n1;1;3\n"
    contest = pabulib.read(file("scoring", votes=votes, meta="default_score;1\n"))
    assert contest.sheets[0].marks == {0: 3, 1: 1, 2: 1}
    again = pabulib.read(pabulib.write(contest))
    assert again.sheets[0].marks == contest.sheets[0].marks


@pytest.mark.parametrize(
    ("kind", "votes", "reason", "words"),
    [
        ("approval", "9;1,7\n", "unknown-option", "there is no project “7”."),
        ("approval", "9;1,2,1\n", "option-twice", "project 1 is there twice."),
        ("ordinal", "9;2,2\n", "option-twice", "project 2 is there twice."),
        ("scoring", "9;1,2;3\n", "points-missing", "1 points for 2 projects."),
        ("cumulative", "9;1;lots\n", "bad-mark", "“lots” is no whole number."),
        ("cumulative", "9;1;2.5\n", "bad-mark", "“2.5” is no whole number."),
    ],
)
def test_a_vote_that_says_nothing_is_named(kind: str, votes: str, reason: str, words: str) -> None:
    head = "voter_id;vote;points\n" if kind in pabulib.WITH_POINTS else "voter_id;vote\n"
    good = "1;1;5\n" if kind in pabulib.WITH_POINTS else "1;1\n"
    contest = pabulib.read(file(kind, votes=head + good + votes + good))
    assert len(contest.sheets) == 2
    [refused] = contest.refused
    assert (refused.line, refused.reason, refused.why.words()) == (14, reason, words)
    found = counted("budget-greedy", contest)
    assert found["invalid"] == {"count": 1, "why": {reason: 1}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The file is empty."),
        ("a,b\n1,2\n", "Line 1: a Pabulib file begins with the section META."),
        ("META\nkey;value\nbudget;1\n", "The section PROJECTS is missing."),
        (file().replace("budget;2500\n", ""), "META has no budget."),
        (file().replace("2500", "lots"), "Line 4: the budget “lots” is no amount."),
        (file("veto"), "Line 5: the vote type “veto” is not known"),
        (file(projects="1;600;A\n2;0;B\n"), "Line 9: project 2 must cost more than 0, not “0”."),
        (file(projects="1;-6;A\n"), "Line 8: project 1 must cost more than 0, not “-6”."),
        (file(projects="1;;A\n"), "Line 8: project 1 must cost more than 0, not “”."),
        (
            file(projects="1;6;A\n2;7;B\n1;8;C\n"),
            "Line 10: project 1 is there twice, first on line 8",
        ),
        (file(projects=";6;A\n"), "Line 8: a project has no project_id."),
        (file(projects='"1,2";6;A\n'), "Line 8: the project_id “1,2” holds a comma."),
        (file(projects=""), "PROJECTS lists none."),
        (file(projects="1;6;A;B\n"), "Line 8: 4 fields in a table of 3 columns."),
        (file(votes="voter;vote\n1;1\n"), "Line 12: VOTES has no column “voter_id”."),
        (file(votes="voter_id;vote;vote\n"), "Line 12: the column “vote” is there twice."),
        (file() + "META\nkey;value\n", "Line 15: the section META is there twice."),
        (file(projects='1;600;"A\n2;7;B\n'), "The section VOTES is missing."),
    ],
)
def test_a_file_that_cannot_be_counted_says_where(text: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        pabulib.read(text)
    assert str(caught.value).startswith(words)


def test_a_quotation_mark_never_closed_in_a_large_file() -> None:
    many = "".join(f"{number};1,2\n" for number in range(30_000))
    with pytest.raises(FileError, match="Line 9: a field here is too long"):
        pabulib.read(file(projects='1;6;A\n2;7;"B\n', votes="voter_id;vote\n" + many))


def test_wieliczka_written_and_read_counts_alike() -> None:
    contest = wieliczka()
    assert (contest.budget, contest.refused) == (1_000_000, [])
    assert contest.options[29].name.startswith("Sensoryczna ścieżka dla dzieci")
    assert 'Parku "Stok pod Baranem"' in contest.options[29].name
    rules = {"completion": "add1", "stop": "overspend"}
    found = counted("budget-mes", contest, **rules)
    text = pabulib.write(contest, winners=found["winners"])
    again = pabulib.read(text)
    assert again.costs == contest.costs
    assert counted("budget-mes", again, **rules)["digest"] == found["digest"]
    rows = text[text.index("PROJECTS") : text.index("VOTES")].splitlines()[2:]
    selected = [row.partition(";")[0] for row in rows if row.endswith(";1")]
    assert sorted(selected) == sorted(found["winners"])
    # votes carry a number in the file, no name of a voter
    assert text.splitlines()[-1].startswith("6586;")


names = st.text(
    st.characters(
        blacklist_characters=",\r\n", blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")
    ),
    min_size=1,
    max_size=6,
).filter(lambda name: name.lower() != "none" and "\ufeff" not in name)


@settings(deadline=None)
@given(
    st.lists(names, min_size=1, max_size=4, unique=True),
    st.lists(st.tuples(st.integers(1, 3), st.lists(st.integers(0, 4), min_size=4, max_size=4))),
    st.sampled_from(["approval", "ordinal", "scoring"]),
)
def test_whatever_is_written_counts_alike_when_read(
    idents: list[str], rows: list[tuple[int, list[int]]], kind: str
) -> None:
    sheets = []
    for number, row in rows:
        marks = {place: mark for place, mark in enumerate(row[: len(idents)]) if mark}
        if kind == "ordinal":
            order = tuple((place,) for place in sorted(marks, key=lambda i: (marks[i], i)))
            sheets.append(Sheet(number, order))
        elif kind == "approval":
            sheets.append(Sheet(number, None, dict.fromkeys(marks, 1)))
        else:
            sheets.append(Sheet(number, None, marks))
    costs = [Fraction("7.25"), Fraction(3), Fraction(1), Fraction("0.01")]
    contest = Contest(
        options=[Option(i, f'“{i}”; "x"', c) for i, c in zip(idents, costs, strict=False)],
        sheets=sheets,
        budget=Fraction("9.5"),
        meta={"vote_type": kind},
    )
    again = pabulib.read(pabulib.write(contest))
    assert [option.id for option in again.options] == idents
    methods = ["budget-greedy", "budget-mes", "budget-phragmen"]
    for method in [*methods, *(["borda"] if kind == "ordinal" else [])]:
        assert counted(method, again)["digest"] == counted(method, contest)["digest"]


def test_what_the_format_cannot_say_is_refused() -> None:
    tied = Contest([Option("1", "", Fraction(1))], [Sheet(1, ((0,),), line=4)], budget=Fraction(1))
    tied.options.append(Option("2", "", Fraction(1)))
    tied.sheets.append(Sheet(1, ((0, 1),), line=5))
    with pytest.raises(FileError, match="Line 5: a Pabulib file cannot hold rankings with ties"):
        pabulib.write(tied)
    with pytest.raises(FileError, match="needs a budget"):
        pabulib.write(Contest([Option("1")], [], budget=Fraction(1)))
    with pytest.raises(FileError, match="cannot stand in a vote"):
        pabulib.write(Contest([Option("a,b", "", Fraction(1))], [], budget=Fraction(1)))
    with pytest.raises(FileError, match="no end as a decimal"):
        pabulib.write(Contest([Option("a", "", Fraction(1, 3))], [], budget=Fraction(1)))
