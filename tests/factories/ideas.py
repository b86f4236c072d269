"""Calls and ideas for tests: each call adds one with plausible content, in the state asked for."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.comments.models import Thread
from engage.core import clock
from engage.core.db import db, transactional
from engage.programmes.ideas.models import (
    DECIDED,
    LIVE,
    Call,
    CallHost,
    CallState,
    Category,
    Criterion,
    Idea,
    IdeaState,
)
from engage.programmes.ideas.similar import index_idea
from engage.programmes.ideas.threads import THREAD_KIND
from tests.factories.accounts import make_organisation, make_user

_number = count(1)


def make_call(
    *,
    state: CallState | str = CallState.PUBLISHED,
    opens: float = -7,
    closes: float = 7,
    hosts: tuple[Organisation, ...] | None = None,
    categories: tuple[str, ...] = ("Energy", "Mobility"),
    criteria: tuple[str, ...] = ("Feasibility", "Impact"),
    **over: Any,
) -> Call:
    """A call whose window lies `opens` to `closes` days from now, asked by one organisation."""
    number, now = next(_number), clock.now()
    values: dict[str, Any] = {
        "title": f"Ideas for the quay {number}",
        "slug": f"ideas-for-the-quay-{number}",
        "summary": "What would make the harbour better?",
        "language": "en",
        "state": CallState(state),
        "time_zone": "Europe/Paris",
        "opens_at": now + timedelta(days=opens),
        "closes_at": now + timedelta(days=closes),
        "published_at": now + timedelta(days=opens) if state != CallState.DRAFT else None,
        "translations": [],
        "fields": [],
    }
    values.update(over)
    asking = hosts if hosts is not None else (make_organisation(),)
    with transactional():
        call = Call(**values)
        call.hosts = [
            CallHost(organisation_id=host.id, position=position)
            for position, host in enumerate(asking)
        ]
        call.categories = [
            Category(name=name, position=place) for place, name in enumerate(categories)
        ]
        call.criteria = [
            Criterion(name=name, position=place) for place, name in enumerate(criteria)
        ]
        db.session.add(call)
        db.session.flush()
    return call


def make_idea(
    call: Call | None = None,
    *,
    state: IdeaState | str = IdeaState.PUBLISHED,
    author: User | None = None,
    **over: Any,
) -> Idea:
    """An idea in this state; the author is a new resident unless told."""
    state, number, now = IdeaState(state), next(_number), clock.now()
    call = call or make_call()
    person = author or make_user()
    values: dict[str, Any] = {
        "title": f"More benches along basin {number}",
        "body": "So that people can rest and look at the ships.",
        "language": "en",
        "author_id": person.id,
        "author_kind": person.kind or StakeholderKind.RESIDENT,
        "created_at": now,
        "answers": {},
        "supports_by_kind": {},
    }
    if state is not IdeaState.DRAFT:
        values |= {"submitted_at": now, "moved_at": now}
    if state in LIVE or state is IdeaState.MERGED:
        values |= {"published_at": now, "due_at": now + timedelta(days=call.answer_days)}
    if state in DECIDED:
        values |= {"decided_at": now}
    values.update(over)
    values.setdefault("body_html", f"<p>{values['body']}</p>")
    values.setdefault("slug", f"idea-{number}")
    with transactional():
        thread = Thread(kind=THREAD_KIND, created_at=now, host_ids=[])
        db.session.add(thread)
        db.session.flush()
        idea = Idea(call_id=call.id, thread_id=thread.id, state=state, **values)
        db.session.add(idea)
        db.session.flush()
        index_idea(idea)
    return idea
