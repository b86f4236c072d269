"""The demonstration's own words: complete in both languages, and true to one another."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from engage.commons.moderation.rules import RULES
from engage.portal.demo import content
from engage.portal.demo.content import Remark

pytestmark = pytest.mark.pure


def everything_said() -> Iterator[Remark]:
    waiting = list(content.remarks())
    for told in content.consultations():
        waiting += content.remarks_of(told)
    while waiting:
        remark = waiting.pop()
        yield remark
        waiting += remark.replies


def numbers(text: str) -> list[str]:
    """The numbers of the paragraphs as readers see them."""
    found, chapter, place = [], 0, 0
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("#"):
            chapter, place = chapter + 1, 0
        else:
            place += 1
            found.append(f"{chapter}.{place}")
    return found


def test_both_languages_have_the_same_paragraphs() -> None:
    assert numbers(content.plan("en")) == numbers(content.plan("fr"))
    assert len(numbers(content.plan("en"))) >= 40


@pytest.mark.parametrize("language", content.LANGUAGES)
def test_the_second_version_changes_what_it_says(language: str) -> None:
    first = content.plan(language)
    second = content.revision().applied(language, first)
    assert second != first
    before, after = set(numbers(first)), set(numbers(second))
    assert after - before == {"5.7"}
    assert before - after == {"9.4"}


def test_the_second_version_refuses_words_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="not exactly once"):
        content.revision().applied("en", "Something else entirely.")


def test_everybody_who_speaks_exists() -> None:
    known = {person.key for person in (*content.people(), *content.guests())}
    groups = {group.key for group in content.groups()}
    for remark in everything_said():
        assert remark.by in known, remark.body
        assert not remark.speaks_for or remark.speaks_for in groups, remark.body
        assert remark.answer is None or remark.answer[0] in known
        assert remark.hidden is None or remark.hidden[0] in RULES


def test_nothing_happens_in_the_future() -> None:
    for remark in everything_said():
        assert remark.days > 0
        later = [remark.answer and remark.answer[1], remark.hidden and remark.hidden[1]]
        assert all(remark.days > after for after in later if after), remark.body


def test_people_are_invented_and_cannot_be_written_to() -> None:
    for person in (*content.people(), *content.guests()):
        assert person.email.endswith("@example.org")


def test_all_kinds_of_people_take_part() -> None:
    said = {p.key: p.kind for p in (*content.people(), *content.guests())}
    assert {said[remark.by] for remark in everything_said()} == {
        "resident",
        "business",
        "authority",
        "association",
        "researcher",
    }
