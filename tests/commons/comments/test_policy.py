"""Who may do what, as a table of person x state x act; the Python answer equals the SQL one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from engage.commons.accounts.models import StakeholderKind, User
from engage.commons.comments import policy
from engage.commons.comments.models import Comment, CommentState
from engage.commons.comments.threads import Place
from engage.core.access import ALLOWED, denied
from engage.core.db import db
from tests.factories.accounts import make_staff, make_user
from tests.factories.comments import make_comment, make_thread

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPEN = Place(title="2.3", url="/", is_visible=True, commenting=ALLOWED)
CLOSED = Place(title="2.3", url="/", is_visible=True, commenting=denied("closed"))


def person(ident: int, *roles: str, suspended: bool = False) -> User:
    return User(
        id=ident,
        display_name="P",
        kind=StakeholderKind.RESIDENT,
        roles=list(roles),
        suspended_at=NOW if suspended else None,
    )


AUTHOR, READER = person(1), person(2)
MODERATOR, ORGANISER, ADMIN = person(3, "moderator"), person(4, "organiser"), person(5, "admin")
ANALYST = person(6, "analyst")
EVERYBODY = {
    "anonymous": None,
    "author": AUTHOR,
    "reader": READER,
    "moderator": MODERATOR,
    "organiser": ORGANISER,
    "analyst": ANALYST,
    "admin": ADMIN,
}


def comment(state: CommentState, age: timedelta = timedelta(minutes=1)) -> Comment:
    return Comment(id=9, author_id=1, state=state, received_at=NOW - age)


def allowed(act: object) -> set[str]:
    return {name for name, user in EVERYBODY.items() if act(user)}  # type: ignore[operator]


ALL = set(EVERYBODY)
PUBLISHED, HIDDEN = CommentState.PUBLISHED, CommentState.HIDDEN
HELD, WITHDRAWN = CommentState.HELD, CommentState.WITHDRAWN


@pytest.mark.parametrize(
    ("state", "seen_by"),
    [
        (PUBLISHED, ALL),
        (HIDDEN, ALL),
        (WITHDRAWN, ALL),
        (HELD, {"moderator", "admin"}),
    ],
)
def test_see(state: CommentState, seen_by: set[str]) -> None:
    assert allowed(lambda user: policy.can_see(user, comment(state))) == seen_by


@pytest.mark.parametrize(
    ("state", "read_by"),
    [
        (PUBLISHED, ALL),
        (HIDDEN, {"author", "moderator", "admin"}),
        (WITHDRAWN, {"moderator", "admin"}),
        (HELD, {"moderator", "admin"}),
    ],
)
def test_read_words(state: CommentState, read_by: set[str]) -> None:
    assert allowed(lambda user: policy.can_read_words(user, state, 1)) == read_by


def test_comment_where_it_is_open() -> None:
    assert allowed(lambda user: policy.can_comment(user, OPEN)) == ALL - {"anonymous"}
    assert allowed(lambda user: policy.can_comment(user, CLOSED)) == set()


def test_guests_where_they_are_let_in() -> None:
    guests = Place(title="2.3", url="/", is_visible=True, commenting=ALLOWED, allows_guests=True)
    assert policy.can_comment(None, guests)
    refused = policy.can_comment(None, OPEN)
    assert refused.reason
    assert refused.hint


def test_suspended_people_only_read() -> None:
    suspended = person(7, suspended=True)
    assert not policy.can_comment(suspended, OPEN)
    assert not policy.can_react(suspended, comment(PUBLISHED), OPEN)
    assert not policy.can_react_here(suspended, OPEN)


@pytest.mark.parametrize("state", [HELD, HIDDEN, WITHDRAWN])
def test_nothing_is_added_to_what_is_not_shown(state: CommentState) -> None:
    assert not policy.can_reply(READER, comment(state), OPEN)
    assert not policy.can_react(READER, comment(state), OPEN)


def test_react_to_others_only() -> None:
    may = allowed(lambda user: policy.can_react(user, comment(PUBLISHED), OPEN))
    assert may == ALL - {"anonymous", "author"}
    assert allowed(lambda user: policy.can_react(user, comment(PUBLISHED), CLOSED)) == set()


@pytest.mark.parametrize(
    ("state", "age", "place", "may"),
    [
        (PUBLISHED, timedelta(minutes=14, seconds=59), OPEN, True),
        (PUBLISHED, timedelta(minutes=15), OPEN, False),
        (PUBLISHED, timedelta(minutes=1), CLOSED, False),
        (HIDDEN, timedelta(minutes=1), OPEN, False),
        (WITHDRAWN, timedelta(minutes=1), OPEN, False),
    ],
)
def test_edit(state: CommentState, age: timedelta, place: Place, may: bool) -> None:
    who = allowed(lambda user: policy.can_edit(user, comment(state, age), place, NOW))
    assert who == ({"author"} if may else set())


def test_withdraw_own_at_any_time() -> None:
    old = comment(PUBLISHED, timedelta(days=400))
    assert allowed(lambda user: policy.can_withdraw(user, old)) == {"author"}
    assert allowed(lambda user: policy.can_withdraw(user, comment(WITHDRAWN))) == set()


def test_answer() -> None:
    nobody_speaks = allowed(lambda user: policy.can_answer(user, [7], []))
    assert nobody_speaks == {"organiser", "admin"}
    assert policy.can_answer(READER, [7, 8], {8})
    assert not policy.can_answer(READER, [7], {8})
    assert not policy.can_answer(None, [7], {7})


def test_moderate() -> None:
    assert allowed(policy.can_moderate) == {"moderator", "admin"}


@pytest.mark.usefixtures("inside")
def test_the_sql_answer_is_the_python_answer(app: Flask) -> None:
    thread = make_thread()
    rows = [make_comment(thread, make_user(), state=state) for state in CommentState]
    for user in (None, make_user(), make_staff("moderator"), make_staff("organiser")):
        found = set(db.session.scalars(select(Comment.id).where(policy.visible_to(user))))
        assert found == {row.id for row in rows if policy.can_see(user, row)}
