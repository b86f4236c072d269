"""A kind of contribution in memory, two moderators, and the words of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from engage.commons.accounts.models import User
from tests.factories.accounts import make_staff
from tests.factories.moderation import Notes, notes_kind


@pytest.fixture
def notes(app: Flask) -> Iterator[Notes]:
    from engage.commons.moderation import kinds

    before = dict(kinds._kinds)
    yield notes_kind()
    kinds._kinds.clear()
    kinds._kinds.update(before)


@pytest.fixture
def speaking(app: Flask) -> Iterator[None]:
    """Services write letters with addresses in them: give them a request's words."""
    with app.test_request_context("/en/", base_url="http://localhost"):
        yield


@pytest.fixture
def moderator(app: Flask) -> User:
    return make_staff("moderator", display_name="Mona Reed")


@pytest.fixture
def second(app: Flask) -> User:
    return make_staff("moderator", display_name="Sam Okoye")


@pytest.fixture
def as_moderator(moderator: User, sign_in: Callable[[User], object]) -> User:
    sign_in(moderator)
    return moderator
