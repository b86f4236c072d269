"""One means one: parallel reactions and comments, and the proof that the test would notice.

Every burst starts at a barrier, in threads with connections of their own. The control takes the
lock and the constraint away and must break.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from engage.commons.accounts.models import User
from engage.commons.comments import counts, queries, service
from engage.commons.comments.models import Comment, Reaction, ReactionValue
from engage.core.audit import broken_links
from engage.core.db import db, transactional
from tests.factories.accounts import make_user
from tests.factories.comments import make_comment, make_thread

MANY = 8


def burst(app: Flask, act: Callable[[int, threading.Barrier], None]) -> list[BaseException]:
    """Run `act(number, barrier)` MANY times at once; answers what went wrong."""
    barrier, failures = threading.Barrier(MANY), []

    def run(number: int) -> None:
        try:
            with app.test_request_context("/en/"):
                act(number, barrier)
        except BaseException as error:  # told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.rollback()
    db.session.expire_all()
    return failures


@pytest.mark.usefixtures("inside")
def test_one_person_reacting_many_times_at_once_counts_once(app: Flask) -> None:
    comment, user = make_comment(make_thread(), make_user()), make_user()

    def act(_number: int, barrier: threading.Barrier) -> None:
        actor = db.session.get_one(User, user.id)
        barrier.wait(10)
        service.react(comment.id, actor=actor, value=ReactionValue.AGREE)

    assert burst(app, act) == []
    assert db.session.scalar(select(func.count()).select_from(Reaction)) == 1
    assert queries.comment(comment.id).agree_count == 1
    assert list(counts.drifts()) == []


@pytest.mark.usefixtures("inside")
def test_many_people_at_once_are_all_counted(app: Flask) -> None:
    thread = make_thread()
    comment = make_comment(thread, make_user())
    people = [make_user().id for _number in range(MANY)]

    def act(number: int, barrier: threading.Barrier) -> None:
        actor = db.session.get_one(User, people[number])
        barrier.wait(10)
        service.react(comment.id, actor=actor, value=ReactionValue.AGREE)
        service.react_to_subject(thread.id, actor=actor, value=ReactionValue.AGREE)
        service.post_comment(thread.id, actor=actor, body=f"From {number}")
        service.reply(comment.id, actor=actor, body=f"Again {number}")

    assert burst(app, act) == []
    found = queries.thread(thread.id)
    assert (found.comments_count, found.agree_count) == (1 + 2 * MANY, MANY)
    assert queries.comment(comment.id).agree_count == MANY
    assert queries.comment(comment.id).replies_count == MANY
    assert list(counts.drifts()) == []
    assert list(broken_links()) == []


@pytest.fixture
def without_constraint(app: Flask) -> Iterator[None]:
    """The table of reactions as a careless design would have it."""
    with db.engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE loose_reactions (comment_id INTEGER, user_id INTEGER)")
        )
    yield
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE loose_reactions"))


@pytest.mark.usefixtures("inside", "without_constraint")
def test_control_without_lock_and_constraint_the_same_burst_counts_many(app: Flask) -> None:
    comment, user = make_comment(make_thread(), make_user()), make_user()
    values = {"c": comment.id, "u": user.id}

    def act(_number: int, barrier: threading.Barrier) -> None:
        look = text("SELECT 1 FROM loose_reactions WHERE comment_id = :c AND user_id = :u")
        seen = db.session.execute(look, values).first()
        counted = (
            db.session.scalar(select(Comment.agree_count).where(Comment.id == comment.id)) or 0
        )
        db.session.rollback()
        barrier.wait(10)
        if seen is None:
            with transactional():
                db.session.execute(text("INSERT INTO loose_reactions VALUES (:c, :u)"), values)
                row = db.session.get_one(Comment, comment.id)
                row.agree_count = counted + 1

    burst(app, act)
    rows: Any = db.session.scalar(text("SELECT count(*) FROM loose_reactions"))
    assert rows > 1, "the burst no longer collides, so the tests above prove nothing"
    assert queries.comment(comment.id).agree_count != rows
