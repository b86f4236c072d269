"""Reads: paging loses nothing, clocks and tables add up, exports stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from engage.commons.accounts import export
from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments import answers, exporting, pages, service, trail
from engage.commons.comments import queries as reads
from engage.commons.comments.models import Comment, CommentState, ReactionValue, Stance
from engage.commons.comments.pages import Sort
from engage.commons.moderation import kinds
from engage.commons.notifications.trail import TrailPage
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.paging import encode_position
from tests.factories.accounts import make_organisation, make_user
from tests.factories.comments import (
    change_place,
    make_answer,
    make_comment,
    make_reaction,
    make_thread,
)

pytestmark = pytest.mark.usefixtures("inside")
START = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = {
    Sort.ACROSS: "bridge",
    Sort.AGREED: "agreement",
    Sort.DISCUSSED: "replies_count",
    Sort.NEWEST: "received_at",
}


def read_through(thread_id: int, sort: Sort, limit: int, between: Any = None) -> list[int]:
    """Every top comment a reader meets who follows "more" to the end."""
    met: list[int] = []
    after = None
    while True:
        page = pages.thread_page(thread_id, user=None, sort=sort, after=after, limit=limit)
        met += [top.id for top in page.tops]
        if page.next is None:
            return met
        after = page.next
        if between:
            between()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    # few values, so that most rows tie
    values=st.lists(st.integers(-2, 2), min_size=1, max_size=17),
    limit=st.integers(1, 5),
    sort=st.sampled_from(list(Sort)),
)
def test_paging_loses_and_doubles_nothing(
    values: list[int], limit: int, sort: Sort, empty: Any
) -> None:
    empty()
    thread = make_thread()
    for value in values:
        comment = make_comment(thread)
        stored: Any = START + timedelta(seconds=value) if sort is Sort.NEWEST else value
        with transactional():
            db.session.execute(
                update(Comment).where(Comment.id == comment.id).values({COLUMNS[sort]: stored})
            )
    # others write while somebody reads: newcomers must not push rows out or in twice
    written: list[int] = []
    expected = set(db.session.scalars(text("SELECT id FROM comments")))

    def somebody_writes() -> None:
        written.append(make_comment(thread, received_at=START + timedelta(days=1)).id)

    met = read_through(thread.id, sort, limit, somebody_writes)
    assert len(met) == len(set(met))
    assert expected <= set(met)
    quiet = read_through(thread.id, sort, limit)
    keys = {
        row.id: (getattr(row, COLUMNS[sort]), row.id)
        for row in reads.comments_by_ids(quiet).values()
    }
    assert quiet == sorted(quiet, key=lambda ident: keys[ident], reverse=True)
    assert set(quiet) == expected | set(written)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        encode_position(["x", 1]),
        encode_position([1]),
        encode_position([1, 2, 3]),
        encode_position([1, "1; DROP TABLE comments"]),
        encode_position([START, 5]),
        encode_position([10**30, 5]),
    ],
)
@pytest.mark.parametrize("sort", [Sort.ACROSS, Sort.NEWEST])
def test_a_nonsense_position_is_the_beginning_or_a_place(token: str, sort: Sort) -> None:
    thread = make_thread()
    make_comment(thread)
    pages.thread_page(thread.id, user=None, sort=sort, after=token)


def test_agreed_across_groups_comes_before_loud_in_one() -> None:
    thread = make_thread()
    loud, across = make_comment(thread), make_comment(thread)
    for _number in range(6):
        make_reaction(loud, make_user())
    for kind in (StakeholderKind.RESIDENT, StakeholderKind.BUSINESS, StakeholderKind.AUTHORITY):
        make_reaction(across, make_user(kind=kind))
    by = {sort: pages.thread_page(thread.id, user=None, sort=sort).tops[0].id for sort in Sort}
    assert by[Sort.ACROSS] == across.id
    assert by[Sort.AGREED] == loud.id


def test_the_index_of_each_sort_is_used(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the plan's words are SQLite's")
    for sort, index in (
        (Sort.ACROSS, "ix_comments_bridge"),
        (Sort.NEWEST, "ix_comments_newest"),
        (Sort.AGREED, "ix_comments_agreement"),
        (Sort.DISCUSSED, "ix_comments_replies"),
    ):
        column = COLUMNS[sort]
        plan = db.session.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT id FROM comments WHERE thread_id = 1 AND depth = 0"
                f" AND state != 'held' AND ({column}, id) < (5, 9)"
                f" ORDER BY {column} DESC, id DESC LIMIT 31"
            )
        ).all()
        said = " ".join(row[-1] for row in plan)
        assert index in said
        assert "TEMP B-TREE" not in said


# --- who took part, how promises are kept -------------------------------------------------


def test_participation_by_kind() -> None:
    thread, other = make_thread(), make_thread()
    for kind, stance in (
        (StakeholderKind.RESIDENT, Stance.FOR),
        (StakeholderKind.RESIDENT, Stance.AGAINST),
        (StakeholderKind.BUSINESS, Stance.QUESTION),
    ):
        make_comment(thread, make_user(kind=kind), stance=stance)
    make_comment(other, make_user(kind=StakeholderKind.AUTHORITY))
    make_comment(thread, make_user(), state=CommentState.HIDDEN)
    found = reads.participation([thread.id])
    assert set(found) == set(StakeholderKind)
    resident = found[StakeholderKind.RESIDENT]
    assert (resident.comments, resident.pro, resident.contra) == (2, 1, 1)
    assert found[StakeholderKind.AUTHORITY].comments == 0
    assert reads.tallies([thread.id])[thread.id][StakeholderKind.RESIDENT].share == 50
    assert reads.tallies([thread.id])[thread.id][StakeholderKind.BUSINESS].share is None


def test_the_response_clock() -> None:
    port, city = make_organisation(), make_organisation()
    thread = make_thread(host_ids=(port.id,))
    elsewhere = make_thread(host_ids=(city.id,))
    for days, due in ((2, 10), (4, 10), (20, 10)):
        comment = make_comment(thread, received_at=START, due_at=START + timedelta(days=due))
        with clock.at(START + timedelta(days=days)):
            make_answer(comment, port)
    make_comment(thread, received_at=START, due_at=START + timedelta(days=10))
    make_comment(elsewhere, received_at=START, due_at=START + timedelta(days=90))
    now = START + timedelta(days=30)
    whole = answers.response_clock(now=now)
    assert (whole.in_time, whole.late, whole.waiting, whole.overdue) == (2, 1, 2, 1)
    assert whole.median_days == 4
    ports = answers.response_clock(now=now, host_ids=[port.id])
    assert (ports.answered, ports.waiting) == (3, 1)
    assert answers.response_clock(now=now, host_ids=[city.id]).median_days is None
    late = answers.response_clock(now=now, since=START + timedelta(days=10))
    assert (late.in_time, late.late) == (0, 1)
    assert db.session.scalar(answers.waiting([port.id])) == 1
    assert db.session.scalar(answers.waiting(None)) == 2


def test_latest_answers_newest_first_and_only_where_they_are_seen() -> None:
    port = make_organisation()
    seen, unseen = make_thread(), make_thread(is_visible=False)
    shown = []
    for number in range(3):
        comment = make_comment(seen, make_user())
        with clock.at(START + timedelta(days=number)):
            make_answer(comment, port)
        shown.append(comment.id)
    with clock.at(START + timedelta(days=9)):
        make_answer(make_comment(unseen), port)
        make_answer(make_comment(seen, state=CommentState.HIDDEN), port)
    make_answer(make_comment(seen), port, published_at=None)
    found = answers.latest_answers(2)
    assert [entry.comment.id for entry in found] == shown[:0:-1]
    assert found[0].place.title == "Paragraph 2.3"


def test_what_an_organisation_said_is_counted_where_it_is_seen() -> None:
    port, now = make_organisation(), clock.now()
    unseen, seen = make_thread(is_visible=False), make_thread()
    shown = []
    for day in range(6):
        at = START + timedelta(days=day)
        shown.append(make_comment(seen, organisation_id=port.id, received_at=at).id)
        make_comment(unseen, organisation_id=port.id, received_at=at + timedelta(days=9))
    make_answer(make_comment(unseen), port)
    with clock.at(START + timedelta(days=8)):
        answered = make_comment(seen)
        make_answer(answered, port)
    pages = [answers.statements_of(port.id, None, now, page=n, per_page=4) for n in (1, 2)]
    met = [one.comment.id for page in pages for one in page.items]
    assert met == [answered.id, *shown[::-1]], "no page has holes"
    assert [len(page.items) for page in pages] == [4, 3]
    assert {(page.total, page.pages) for page in pages} == {(7, 2)}
    change_place(seen, is_visible=False)
    nothing = answers.statements_of(port.id, None, now, page=1)
    assert (nothing.total, nothing.pages, list(nothing.items)) == (0, 1, [])


def test_thirty_answers_cost_what_one_costs(queries: Any) -> None:
    port, sent = make_organisation(), []
    thread = make_thread()
    for rows in (1, 29):
        for _row in range(rows):
            make_answer(make_comment(thread, make_user()), port)
        db.session.expire_all()
        with queries() as statements:
            answers.latest_answers(30)
        sent.append(len(statements))
    assert sent[0] == sent[1]


# --- export, trail, moderation, one's own data --------------------------------------------


def test_export_is_open_data_and_nothing_more() -> None:
    thread, firm = make_thread(), make_organisation(name="Crane Works")
    author = make_user(display_name="Marie Dupont", email="marie.secret@example.org")
    comment = make_comment(thread, author, body="=1+1", organisation_id=firm.id)
    make_answer(comment, firm)
    make_comment(thread, author, state=CommentState.HELD)
    (row,) = exporting.export_rows([thread.id])
    assert (row.author, row.organisation, row.text) == ("Marie Dupont", "Crane Works", "=1+1")
    assert row.answered_by == "Crane Works"
    assert len(row) == len(exporting.EXPORT_HEADER)
    assert "marie.secret" not in str(row)


def test_the_trail_says_what_became_of_it() -> None:
    port, author = make_organisation(), make_user()
    thread = make_thread()
    at = START
    for state in (CommentState.HIDDEN, CommentState.WITHDRAWN, CommentState.PUBLISHED):
        make_comment(thread, author, state=state, received_at=at)
    answered = make_comment(thread, author, received_at=at, due_at=at + timedelta(days=30))
    make_answer(answered, port)
    with clock.at(at + timedelta(days=1)):
        make_comment(thread, author, received_at=at, due_at=at + timedelta(days=30))
        items = trail.load(author, TrailPage(10))
        said = [str(item.state) for item in items]
    assert said == [
        "Waits for an answer",
        "Answered",
        "Published",
        "Withdrawn by you",
        "Hidden by the moderators",
    ]
    assert items[1].excerpt
    counted = trail.count(author)
    assert (counted.contributions, counted.answered) == (4, 1)
    assert trail.load(make_user(), TrailPage(10)) == []


def test_moderation_reaches_comments() -> None:
    author = make_user()
    comment = make_comment(make_thread(), author, body="Some **words**")
    kind = kinds.get("comment")
    subject = kind.load([comment.id])[comment.id]
    assert subject.author_id == author.id
    assert "<strong>" in subject.html
    assert not subject.is_hidden
    with transactional():
        kind.hide(comment.id, actor=None, reason="insult")
    assert kind.load([comment.id])[comment.id].is_hidden
    with transactional():
        kind.restore(comment.id, actor=None)
    assert not kind.load([comment.id])[comment.id].is_hidden


def test_the_copy_of_ones_data_holds_words_and_reactions() -> None:
    author = make_user()
    thread = make_thread()
    make_comment(thread, author, body="Mine")
    make_reaction(make_comment(thread, make_user()), author)
    service.react_to_subject(thread.id, actor=author, value=ReactionValue.DISAGREE)
    data = export.collect(author)
    assert [row["text"] for row in data["comments"]] == ["Mine"]
    reactions = [(row["to"], row["value"], bool(row["address"])) for row in data["reactions"]]
    assert reactions == [("comment", "agree", True), ("subject", "disagree", False)]
    assert all(row["reacted_at"] for row in data["reactions"])


def test_recount_prints_only_drift_and_mends(app: Flask) -> None:
    thread = make_thread()
    comment = make_comment(thread, make_user())
    runner = app.test_cli_runner()
    assert runner.invoke(args=["comments", "recount"]).output == ""
    with transactional():
        db.session.execute(update(Comment).where(Comment.id == comment.id).values(agree_count=5))
    found = runner.invoke(args=["comments", "recount"])
    assert found.exit_code == 1
    assert found.output == f"comments {comment.id}: agree_count 5 -> 0\n"
    assert runner.invoke(args=["comments", "recount", "--fix"]).exit_code == 0
    assert runner.invoke(args=["comments", "recount"]).output == ""


def test_threads_for_a_whole_plan_are_one_statement(queries: Any) -> None:
    with queries() as sent:
        found = service.open_threads("tests.place", 40)
    assert len(set(found)) == 40
    assert len([statement for statement in sent if statement.startswith("INSERT")]) == 1
