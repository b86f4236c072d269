"""Files of papers: what they say is read, what they cannot mean is named with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engage.commons.voting.formats import abif, blt, plain
from engage.commons.voting.formats.contest import Contest, FileError
from engage.commons.voting.methods import catalogue

pytestmark = pytest.mark.pure

BLT = """4 2
-2
3 1 3 4 0
4 1 3 2 0
2 4 1=3 0
1 2 0
(a1) 2 2=4=3 1 0  # from the hall
1 3 - 2 4 0
0
"Adam"
"Basil"
"Char \\"Lotte\\""
"Donald"
"A title"
"""


def orders(contest: Contest) -> list[tuple[int, Any]]:
    return [(sheet.count, sheet.order) for sheet in contest.sheets]


def names(contest: Contest) -> list[str]:
    return [option.id for option in contest.options]


# BLT


def test_blt_passes_over_who_has_withdrawn() -> None:
    contest = blt.read(BLT)
    assert names(contest) == ["Adam", 'Char "Lotte"', "Donald"]
    assert (contest.seats, contest.title) == (2, "A title")
    assert orders(contest) == [
        (3, ((0,), (1,), (2,))),
        (4, ((0,), (1,))),
        (2, ((2,), (0, 1))),
        (1, ()),
        (2, ((1, 2), (0,))),
        (1, ((1,), (2,))),
    ]


def test_blt_without_line_ends_and_with_lines_that_do_not_end_in_0() -> None:
    one = blt.read('2 1 3 1 2 0 2 2 0 0 "A" "B" "T"')
    other = blt.read("2 1\n3 1 2\n2 2\n0\nA\nB\nT\n")
    assert orders(one) == orders(other) == [(3, ((0,), (1,))), (2, ((1,),))]
    assert names(one) == names(other) == ["A", "B"]


def test_blt_numbers_whose_name_is_missing_or_shared() -> None:
    assert names(blt.read('3 1\n1 1 0\n0\n"A"\n"A"\n"B"\n"T"')) == ["1", "2", "B"]
    assert names(blt.read("3 1\n1 1 0\n0\n")) == ["1", "2", "3"]
    assert names(blt.read('2 1\n1 1 0\n0\n"2"\n"2"\n')) == ["1", "2"]
    assert names(blt.read('3 1\n1 1 0\n0\n"3"\n"A"\n"A"\n')) == ["1", "2", "3"]


def test_blt_names_papers_that_cannot_be_counted() -> None:
    contest = blt.read("2 1\n1 1 0\n3 3 1 0\n2 1 1 0\n0\n")
    assert [(r.line, r.count, r.reason) for r in contest.refused] == [
        (3, 3, "unknown-option"),
        (4, 2, "ranked-twice"),
    ]
    assert contest.refused[0].why.words() == "there is no option 3."
    found = catalogue.get("plurality").tally(contest.profile("choice")).as_dict()
    assert found["invalid"] == {"count": 5, "why": {"unknown-option": 3, "ranked-twice": 2}}


@pytest.mark.parametrize(
    "encoded", [BLT.encode(), b"\xef\xbb\xbf" + BLT.encode(), BLT.encode("utf-16")]
)
def test_blt_in_other_encodings(encoded: bytes) -> None:
    assert names(blt.read(encoded)) == names(blt.read(BLT))
    assert names(blt.read(encoded.replace(b"\n", b"\r\n") if encoded[:1] != b"\xff" else encoded))


def test_blt_in_latin_1() -> None:
    assert names(blt.read('1 1\n1 1 0\n0\n"Renée"\n'.encode("latin-1"))) == ["Renée"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The file is empty."),
        ("  \n ", "The file is empty."),
        ("x 1\n0\n", "Line 1: “x” is no number of candidates."),
        ("2\n", "ends too early"),
        ("0 1\n0\n", "there must be a candidate"),
        ("2 0\n0\n", "there must be a seat"),
        ("2 1\n-5\n1 1 0\n0\n", "Line 2: there is no option 5."),
        ("1 1\n-1\n0\n", "Every candidate has withdrawn."),
        ("2 1\n1 1 0\n2 x 0\n0\n", "Line 3: “x” is no number of a candidate."),
        ("2 1\n1.5 1 0\n0\n", "Line 2: “1.5” is no number of papers."),
        ("2 1\n1 1 0\n", "ends too early"),
        ('2 1\n1 1 0\n2 1 "A"\n', "Line 3: this paper does not end with 0."),
    ],
)
def test_blt_says_where_it_is_wrong(text: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        blt.read(text)
    assert words in str(caught.value)


# ABIF


def test_abif_ranks_scores_and_names() -> None:
    contest = abif.read(
        'ABIF 1.0\n# a comment\n{"title": "A vote"}\n{version: 3}\n'
        '=DGM:[Doña García Márquez]\n=SBJ:[Steven B. Jensen]\n="蘇業":[Sue Ye (蘇業)]\n=Write-in:[W # x]\n'
        '27: DGM/5 > SBJ/2 >  "蘇業"/1 > Write-in/0  # told\n'
        '26: SBJ/5 > DGM/3 =  "蘇業"/3 > [Adam Muñoz]/1\n'
        "7: DGM/1, SBJ/4\n"
        "4:\n"
        '3: SBJ>DGM: {"precinct": 51}\n'
        "2 * DGM=SBJ\n"
    )
    assert names(contest) == ["DGM", "SBJ", "蘇業", "Write-in", "Adam Muñoz"]
    assert [option.name for option in contest.options][2:4] == ["Sue Ye (蘇業)", "W # x"]
    assert contest.title == "A vote"
    assert contest.meta["version"] == "3"
    assert orders(contest) == [
        (27, ((0,), (1,), (2,), (3,))),
        (26, ((1,), (0, 2), (4,))),
        (7, ((1,), (0,))),
        (4, ()),
        (3, ((1,), (0,))),
        (2, ((0, 1),)),
    ]
    assert contest.sheets[0].marks == {0: 5, 1: 2, 2: 1, 3: 0}
    assert contest.sheets[4].marks is None


def test_abif_without_declarations_takes_what_comes() -> None:
    contest = abif.read("42:Memphis>New Orleans\n3:Nashville\n")
    assert names(contest) == ["Memphis", "New Orleans", "Nashville"]


def test_abif_names_papers_that_cannot_be_counted() -> None:
    contest = abif.read("=A:[Anna]\n=B:[Bert]\n3:A>C\n2:A>B>A\n1:B\n")
    assert [(r.line, r.count, r.reason) for r in contest.refused] == [
        (3, 3, "unknown-option"),
        (4, 2, "ranked-twice"),
    ]
    assert len(contest.sheets) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n\n", "The file is empty."),
        ("# only words\n", "The file names no option."),
        ("A>B\n", "Line 1: this is no line of the ABIF format."),
        ("2:A>>B\n", "Line 1: “>B” cannot be read as a paper."),
        ("2:A>\n", "cannot be read as a paper"),
        ("2:A/x\n", "cannot be read as a paper"),
        ("=A:[x]\n=A:[y]\n1:A\n", "Line 2: the option “A” is there twice."),
        ("2:A\n", ""),
    ],
)
def test_abif_says_where_it_is_wrong(text: str, words: str) -> None:
    if not words:
        assert names(abif.read(text)) == ["A"]
        return
    with pytest.raises(FileError) as caught:
        abif.read(text)
    assert words in str(caught.value)


# plain JSON


def written(ballots: Any, **more: Any) -> str:
    return json.dumps({"options": ["A", "B", "C"], "ballots": ballots, **more})


def test_plain_papers_of_every_kind() -> None:
    contest = plain.read(
        written([[3, [1, 2]], [2, [[2, 3], 1]], [1, []], [4, {"C": 1, "A": 2, "B": 0}], [1, {}]])
    )
    assert orders(contest) == [
        (3, ((0,), (1,))),
        (2, ((1, 2), (0,))),
        (1, ()),
        (4, ((2,), (0,))),
        (1, ()),
    ]
    assert contest.sheets[3].marks == {2: 1, 0: 2, 1: 0}
    assert contest.sheets[0].marks is None


def test_plain_money_and_seats() -> None:
    contest = plain.read(
        written([], budget="100.50", costs={"A": 1, "B": 2.5, "C": "3"}, seats=2, title="T")
    )
    assert (str(contest.budget), contest.seats, contest.title) == ("201/2", 2, "T")
    assert [str(cost) for cost in contest.costs or []] == ["1", "5/2", "3"]
    assert plain.read(written([])).costs is None


def test_plain_names_papers_that_cannot_be_counted() -> None:
    contest = plain.read(
        written([[1, [4]], [2, [1, 1]], [3, [0]], [4, {"Z": 1}], [5, {"A": "x"}], [6, {"A": 1.5}], [7, [2]]])
    )  # fmt: skip
    assert [(r.line, r.count, r.reason) for r in contest.refused] == [
        (1, 1, "unknown-option"),
        (2, 2, "ranked-twice"),
        (3, 3, "unknown-option"),
        (4, 4, "unknown-option"),
        (5, 5, "bad-mark"),
        (6, 6, "bad-mark"),
    ]
    assert [sheet.line for sheet in contest.sheets] == [7]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The file is empty."),
        ("{", "Line 1: this is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "must hold an object"),
        ('{"options": []}', "“options” must be a list of names."),
        ('{"options": ["A", 2], "ballots": []}', "every option needs a name"),
        ('{"options": ["A", "\\ud800"], "ballots": []}', "every option needs a name"),
        ('{"options": ["A", "A"], "ballots": []}', "the option “A” is there twice."),
        ('{"options": ["A"]}', "“ballots” must be a list"),
        (written([[1]]), "Paper 1: a ballot is [count, paper]."),
        (written([[1, [1]], [-1, [1]]]), "Paper 2: the count must be a whole number from 0."),
        (written([[True, [1]]]), "the count must be a whole number"),
        (written([[1.5, [1]]]), "the count must be a whole number"),
        (written([[1, "A"]]), "Paper 1: a paper is a list or an object."),
        (written([[1, ["A"]]]), "options are named by their numbers"),
        (written([[1, [[[1]]]]]), "options are named by their numbers"),
        (written([], seats=0), "“seats” must be a whole number from 1."),
        (written([], budget="much"), "“budget” must be an amount"),
        (written([], budget=-1), "“budget” must be an amount"),
        (written([], costs={"A": 1}), "the cost of every option"),
        ('{"options": ["A"], "ballots": [[' + "9" * 5000 + ", [1]]]}", "a number that is too long"),
    ],
)
def test_plain_says_where_it_is_wrong(text: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        plain.read(text)
    assert words.lower() in str(caught.value).lower()


def test_more_papers_than_can_be_counted() -> None:
    with pytest.raises(FileError, match="At most"):
        plain.read(written([[10**30, [1]]])).profile("ranks")


def test_what_a_method_wants_and_the_paper_does_not_hold() -> None:
    with pytest.raises(FileError, match="Paper 1: this method wants a number"):
        plain.read(written([[1, [1]]])).profile("scores")
    with pytest.raises(FileError, match="Paper 1: this method wants rankings"):
        plain.read(written([[1, {"A": -3}]])).profile("ranks")


@pytest.mark.parametrize("read", [blt.read, abif.read, plain.read])
@pytest.mark.parametrize(
    "data", [b"\0\1\2", b"\xff\xfe\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\n" * 9]
)
def test_what_is_no_file_of_papers(read: Callable[[bytes], Contest], data: bytes) -> None:
    with pytest.raises(FileError):
        read(data)
