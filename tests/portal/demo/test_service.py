"""Loading the demonstration: the whole story is there, once, and only where it may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from engage.commons.comments.models import Comment, CommentState, OfficialAnswer, Thread
from engage.commons.documents.models import Version
from engage.commons.moderation.models import Case
from engage.core import audit, clock, settings
from engage.core.db import db
from engage.core.errors import NotAllowed
from engage.portal.demo import crowd, service
from engage.portal.demo import ideas as proposals
from engage.programmes.consultations.models import Consultation, ConsultationState
from engage.programmes.ideas import queries
from engage.programmes.ideas.models import (
    Call,
    Idea,
    IdeaRevision,
    IdeaState,
    ProgressPost,
    Support,
)
from engage.programmes.ideas.service import supporting


@pytest.fixture
def demonstration(app: Flask) -> Iterator[None]:
    app.config["DEMONSTRATION"] = True
    with app.test_request_context("/en/", base_url="http://localhost"):
        yield
    app.config["DEMONSTRATION"] = False


def quiet(_line: str) -> None:
    """Nobody watches."""


def test_the_story_is_whole(app: Flask, demonstration: None) -> None:
    told: list[str] = []
    service.load(1, told.append)
    assert any("consultations" in line for line in told)
    states = Counter(
        consultation.state_at(clock.now())
        for consultation in db.session.scalars(select(Consultation))
    )
    assert states == {
        ConsultationState.OPEN: 1,
        ConsultationState.ANSWERED: 1,
        ConsultationState.CLOSED: 1,
        ConsultationState.SCHEDULED: 1,
        ConsultationState.DRAFT: 1,
    }
    comments = Counter(db.session.scalars(select(Comment.state)))
    assert comments[CommentState.HIDDEN] == 1
    assert comments[CommentState.HELD] == 1
    assert comments[CommentState.PUBLISHED] > 50
    assert (db.session.scalar(select(func.count()).select_from(OfficialAnswer)) or 0) > 15
    assert db.session.scalar(select(func.max(Version.number))) == 2
    waiting = [case for case in db.session.scalars(select(Case)) if case.reports_count]
    assert len(waiting) == 1
    # whoever looks at it first finds it in time, and has most of a day to decide
    assert waiting[0].due_at > clock.now() + timedelta(hours=18)
    assert not list(audit.broken_links())
    latest = db.session.scalar(select(func.max(Comment.received_at)))
    assert latest is not None
    assert latest <= clock.now()

    for name in ("contact.email", "legal.protection_officer"):
        assert str(settings.value(name)).endswith("@example.org"), "a demonstration writes nobody"
    assert all(settings.value(f"legal.{part}") for part in ("publisher", "director", "hosting"))
    legal = app.test_client().get("/en/legal").text
    assert "Engage, a demonstration" in legal
    assert "mailto:contact@example.org" in legal
    assert "mailto:data.protection@example.org" in app.test_client().get("/fr/privacy").text

    before = crowd.comments_now()
    service.load(1, quiet)
    assert crowd.comments_now() == before

    service.load(2, quiet)
    assert crowd.comments_now() == 2 * crowd.PER_SCALE
    counted = db.session.scalar(select(func.sum(Thread.comments_count)))
    shown = select(func.count()).select_from(Comment).where(Comment.state == CommentState.PUBLISHED)
    assert counted == db.session.scalar(shown)

    accounts = service.accounts()
    assert {account.email.partition("@")[0] for account in accounts} >= {"admin", "resident"}
    printed = app.test_cli_runner().invoke(args=["demo", "accounts"]).output
    assert all(account.email in printed for account in accounts)


def test_nothing_is_loaded_outside_of_a_demonstration(app: Flask) -> None:
    with pytest.raises(NotAllowed):
        service.load(1, quiet)
    assert service.accounts() == []


def test_the_command_says_so(app: Flask) -> None:
    answer = app.test_cli_runner().invoke(args=["demo", "load"])
    assert answer.exit_code == 1
    assert "not a demonstration" in answer.output


def test_the_call_for_ideas_is_whole_in_every_state(app: Flask, demonstration: None) -> None:
    service.load(1, quiet)
    states = Counter(db.session.scalars(select(Idea.state)))
    assert set(states) == set(IdeaState), "every state of the machine"
    assert sum(states.values()) == 60
    languages = Counter(db.session.scalars(select(Idea.language)))
    assert min(languages["en"], languages["fr"]) > 20
    assert list(supporting.drifts()) == []
    late = select(func.max(Support.supported_at))
    assert (db.session.scalar(late) or clock.now()) <= clock.now()
    delivered = db.session.scalars(select(Idea).where(Idea.state == IdeaState.DELIVERED)).all()
    assert all(idea.delivered_at and idea.answered_at for idea in delivered)
    told = db.session.scalars(select(ProgressPost).where(ProgressPost.is_delivery)).all()
    assert {post.idea_id for post in told} == {idea.id for idea in delivered}
    assert all(post.photo_id and post.photo_text for post in told), "delivered with a photo"
    changed = set(db.session.scalars(select(IdeaRevision.idea_id)))
    assert changed == {idea.id for idea in delivered}, "their words before stay readable"
    with app.test_request_context("/en/"):
        call = db.session.scalars(select(Call)).one()
        assert queries.call_figures(call.id).ideas == 54

    service.load(2, quiet)
    assert proposals.ideas_now() == 2 * proposals.PER_SCALE
    assert list(supporting.drifts()) == []
