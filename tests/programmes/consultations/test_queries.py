"""Reads of consultations: the figures an organiser sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from engage.commons.comments.models import CommentState, Thread
from engage.core import clock
from engage.core.db import db
from engage.programmes.consultations import queries as reads
from engage.programmes.consultations.models import Consultation
from tests.factories.accounts import make_organisation, make_user
from tests.factories.comments import make_answer, make_comment
from tests.factories.consultations import make_consultation, make_text


@pytest.fixture
def busy(app: Flask) -> Consultation:
    """Six comments, in the general thread and beside a text; and one elsewhere."""
    asked, elsewhere = make_consultation(), make_consultation()
    text = make_text(asked)
    now = clock.now()
    general = db.session.get_one(Thread, asked.thread_id)
    on_text = db.session.get_one(Thread, text.thread_id)
    make_comment(general, due_at=now + timedelta(days=2))
    make_comment(on_text, due_at=now - timedelta(days=1))
    make_answer(make_comment(general, due_at=now), make_organisation())
    make_comment(general, make_user(), state=CommentState.HELD)
    make_comment(on_text, make_user(), state=CommentState.HIDDEN)
    make_comment(on_text, make_user(), state=CommentState.WITHDRAWN)
    make_comment(db.session.get_one(Thread, elsewhere.thread_id), due_at=now - timedelta(days=1))
    return asked


def test_figures_tell_what_can_be_read_and_what_is_owed(busy: Consultation, queries) -> None:
    with queries() as sent:
        found = reads.figures(busy.id, clock.now())
    assert found == reads.Figures(comments=3, unseen=2, waiting=2, overdue=1)
    assert reads.comments_total(busy.id) == 3
    assert len(sent) == 1


@pytest.mark.sqlite
def test_figures_never_walk_through_the_comments(app: Flask, busy: Consultation) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        reads.figures(busy.id, clock.now())
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    statement, parameters = asked[-1]
    with db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row[3] for row in plan if " comments " in f" {row[3]} "]
    assert steps
    assert all("ix_comments_unseen" in step or "ix_comments_waiting" in step for step in steps)
