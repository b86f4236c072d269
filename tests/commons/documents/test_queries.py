"""Reads of plan texts: right, and in a constant number of queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments import queries as comments
from engage.commons.comments.models import Thread, ThreadTally
from engage.commons.documents import comparing, queries
from engage.commons.documents.models import Paragraph
from engage.commons.documents.threads import paragraph_places
from engage.core import clock
from engage.core.access import denied
from engage.core.db import db, transactional
from engage.core.errors import Missing
from tests.factories.accounts import make_staff
from tests.factories.documents import (
    PLAN,
    PLAN_2,
    change_owner,
    long_plan,
    make_document,
    make_draft,
    make_plan,
)


def say(paragraph: Paragraph, count: int, **tallies: tuple[int, int]) -> None:
    """Let that many comments stand there; by kind (comments, agree of ten)."""
    with transactional():
        thread = db.session.get_one(Thread, paragraph.thread_id)
        thread.comments_count = count
        for kind, (number, agree) in tallies.items():
            db.session.add(
                ThreadTally(
                    thread_id=thread.id,
                    kind=StakeholderKind(kind),
                    comments=number,
                    agree=agree,
                    disagree=10 - agree,
                )
            )


def by_number(version_id: int) -> dict[str, Paragraph]:
    return {p.number: p for p in queries.numbered(version_id) if p.number}


def first(document: Any) -> int:
    return queries.get_version(document.id, 1).id


# --- reading ----------------------------------------------------------------------------


def test_the_contents_count_comments(app: Flask):
    document = make_plan()
    rows = by_number(first(document))
    say(rows["1.1"], 3)
    say(rows["2.1"], 4)
    say(rows["2.4"], 5)
    assert [(e.number, e.comments) for e in queries.version_outline(first(document))] == [
        (1, 3),
        (2, 9),
    ]


def test_a_chapter_with_its_margin(app: Flask):
    document = make_plan()
    say(by_number(first(document))["2.1"], 34, business=(2, 4), resident=(7, 9))
    [chapter] = queries.paragraphs_with_tallies(first(document), 2)
    assert (chapter.number, chapter.title) == (2, "Cleaner, quieter quays")
    shown = [(i.paragraph.number, i.comments) for i in chapter.items]
    assert shown == [("2.1", 34), ("2.2", 0), ("2.3", 0), (None, 0), ("2.4", 0)]
    assert [(t.kind.value, t.share) for t in chapter.items[0].tallies] == [
        ("resident", 90),
        ("business", 40),
    ]
    assert chapter.items[3].is_subheading
    assert queries.paragraphs_with_tallies(first(document), 99) == []


def test_old_and_new_wordings_know_each_other(app: Flask):
    document = make_plan(PLAN, PLAN_2, PLAN_2.replace("by June 2028", "by May 2028"))
    old, middle = by_number(first(document)), by_number(queries.get_version(document.id, 2).id)
    say(old["2.1"], 3)
    say(middle["2.1"], 2)
    say(old["1.1"], 8)
    current = document.current_version_id
    assert current is not None
    items = {
        i.paragraph.number: i for s in queries.paragraphs_with_tallies(current) for i in s.items
    }
    earlier = items["2.1"].earlier
    assert earlier is not None
    assert (earlier.version, earlier.anchor, earlier.comments) == (2, "p2-1", 5)
    assert items["1.1"].earlier is None
    assert items["1.1"].comments == 8
    before = {
        i.paragraph.number: i
        for s in queries.paragraphs_with_tallies(first(document))
        for i in s.items
    }
    newer = before["2.1"].newer
    assert newer is not None
    assert (newer.version, newer.chapter, newer.number) == (3, 2, "2.1")
    assert before["1.1"].newer is None
    assert before["2.3"].newer is None  # taken out


@pytest.mark.parametrize("version", [1, 2])
def test_reading_takes_the_same_queries_for_one_paragraph_and_for_thirty(
    app: Flask, queries: Callable[[], Any], version: int
):
    from engage.commons.documents import queries as read

    counts = []
    for size in (1, 30):
        text = long_plan(size)
        document = make_plan(text, text.replace("Paragraph", "Piece"))
        found = read.get_version(document.id, version)
        for row in read.numbered(found.id):
            say(row, 2, resident=(2, 5))
        db.session.expunge_all()
        with queries() as sent:
            document = read.get_document(document.id)
            found = read.get_version(document.id, version)
            read.version_outline(found.id)
            for section in read.paragraphs_with_tallies(found.id):
                for item in section.items:
                    assert item.paragraph.body_html
                    assert [t.share for t in item.tallies] == [50]
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 6


# --- versions ---------------------------------------------------------------------------


def test_drafts_are_for_staff(app: Flask):
    document = make_plan()
    make_draft(document, PLAN_2)
    assert [v.number for v in queries.versions(document.id)] == [1]
    assert [v.number for v in queries.versions(document.id, make_staff("analyst"))] == [2, 1]
    with pytest.raises(Missing):
        queries.get_version(document.id, 2)
    assert queries.get_version(document.id, 2, make_staff("organiser")).number == 2


def test_what_is_not_there_is_missing(app: Flask):
    with pytest.raises(Missing):
        queries.get_document(99)
    with pytest.raises(Missing):
        queries.get_version(make_document().id, 1)


# --- what changed -----------------------------------------------------------------------


def test_a_diff_paragraph_by_paragraph(app: Flask):
    document = make_plan(PLAN, PLAN_2)
    diff = comparing.paragraph_diff(first(document), queries.get_version(document.id, 2).id)
    assert dict(diff.counts) == {"same": 4, "edited": 1, "moved": 0, "new": 1, "removed": 1}
    assert [(s.number, s.old_title) for s in diff.sections] == [(1, None), (2, None)]
    rows = [
        (str(r.change), r.old and r.old.number, r.new and r.new.number)
        for r in diff.sections[1].rows
    ]
    assert rows == [
        ("edited", "2.1", "2.1"),
        ("same", "2.2", "2.2"),
        ("removed", "2.3", None),
        ("same", "2.4", "2.3"),
        ("new", None, "2.4"),
    ]
    edited = diff.sections[1].rows[0]
    assert [(p.kind, p.text) for p in edited.pieces if p.kind != "same"] == [
        ("del", "the ferry berths"),
        ("ins", "berths 7 to 9 by June 2028"),
    ]


def test_a_diff_across_several_versions_and_backwards(app: Flask):
    document = make_plan(PLAN, PLAN_2, PLAN)
    one, three = first(document), queries.get_version(document.id, 3).id
    forward = comparing.paragraph_diff(one, three)
    assert forward.counts["edited"] == 0
    # taken out in version 2, so what came back is another paragraph
    assert (forward.counts["new"], forward.counts["removed"]) == (1, 1)
    back = comparing.paragraph_diff(queries.get_version(document.id, 2).id, one)
    assert (back.counts["new"], back.counts["removed"], back.counts["edited"]) == (1, 1, 1)


def test_a_moved_paragraph_and_a_renamed_section(app: Flask):
    text = "# A\n\nFirst thing said here.\n\nSecond matter entirely.\n\n# B\n\nThird topic of all."
    changed = (
        "# A\n\nSecond matter entirely.\n\nFirst thing said here.\n\n# C\n\nThird topic of all."
    )
    document = make_plan(text, changed)
    diff = comparing.paragraph_diff(first(document), queries.get_version(document.id, 2).id)
    assert (diff.counts["moved"], diff.counts["same"]) == (1, 2)
    assert diff.sections[1].old_title == "B"


def test_nothing_changed(app: Flask):
    document = make_plan(PLAN, PLAN)
    diff = comparing.paragraph_diff(first(document), queries.get_version(document.id, 2).id)
    assert diff.is_empty


def test_everything_changed(app: Flask):
    document = make_plan("# A\n\nOne two three.", "# B\n\nFour five six seven.")
    diff = comparing.paragraph_diff(first(document), queries.get_version(document.id, 2).id)
    assert not diff.is_empty
    assert sum(len(s.rows) for s in diff.sections) in {1, 2}


@pytest.mark.parametrize("sizes", [(1, 30)])
def test_a_diff_takes_two_queries(app: Flask, queries: Callable[[], Any], sizes: tuple[int, int]):
    from engage.commons.documents import queries as read

    for size in sizes:
        text = long_plan(size)
        document = make_plan(text, text.replace("number", "figure"))
        one, two = first(document), read.get_version(document.id, 2).id
        db.session.expunge_all()
        with queries() as sent:
            for section in comparing.paragraph_diff(one, two).sections:
                for row in section.rows:
                    assert row.new is not None
                    assert row.new.thread is not None
        assert len(sent) == 2


# --- where threads hang -----------------------------------------------------------------


def places(*threads: int | None) -> list[Any]:
    now = clock.now()
    rows = [db.session.get_one(Thread, ident) for ident in threads]
    found = comments.places(rows, None, now)
    return [found.get(row.id) for row in rows]


def test_a_paragraph_is_a_place(app: Flask):
    document = make_plan()
    change_owner(document, host_ids=(7,), answer_days=30, allows_guests=True)
    [place] = places(by_number(first(document))["2.1"].thread_id)
    assert str(place.title) == "Paragraph 2.1"
    assert place.context == "Draft plan"
    assert place.url == f"/en/office/documents/{document.id}?chapter=2#p2-1"
    assert place.commenting
    assert (place.host_ids, place.answer_days, place.allows_guests) == ((7,), 30, True)
    assert place.newer_url is None


def test_the_whole_text_is_a_place(app: Flask):
    document = make_plan()
    [place] = places(document.thread_id)
    assert str(place.title) == "The text as a whole"
    assert place.url == f"/en/office/documents/{document.id}#whole"


def test_a_superseded_wording_is_closed_and_leads_on(app: Flask):
    document = make_plan(PLAN, PLAN_2)
    old = by_number(first(document))
    edited, removed, kept = places(old["2.1"].thread_id, old["2.3"].thread_id, old["2.4"].thread_id)
    assert not edited.commenting
    assert "replaced" in str(edited.commenting.reason)
    assert edited.url == f"/en/office/documents/{document.id}?version=1&chapter=2#p2-1"
    assert edited.newer_url == f"/en/office/documents/{document.id}?chapter=2#p2-1"
    assert not removed.commenting
    assert removed.newer_url is None
    # the same words under a new number: the discussion goes on
    assert kept.commenting
    assert str(kept.title) == "Paragraph 2.3"
    assert kept.url.endswith("?chapter=2#p2-3")


def test_a_place_follows_its_owner(app: Flask):
    document = make_plan()
    closed = denied("The window is closed.")
    change_owner(document, is_visible=False, commenting=closed)
    [place] = places(by_number(first(document))["1.1"].thread_id)
    assert not place.is_visible
    assert place.commenting is closed


def test_places_of_many_threads_take_a_constant_number_of_queries(
    app: Flask, queries: Callable[[], Any]
):
    from engage.commons.documents import queries as read

    counts = []
    for size in (1, 30):
        text = long_plan(size)
        document = make_plan(text, text.replace("Paragraph", "Piece"))
        threads = [p.thread_id for p in read.numbered(first(document)) if p.thread_id]
        db.session.expunge_all()
        with queries() as sent:
            assert len(paragraph_places(threads, None, clock.now())) == size
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 3
