"""Every page asks the database as often for thirty rows as for one, and at most twelve times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from engage.commons.accounts.models import OrganisationKind, StakeholderKind
from engage.commons.comments.models import Thread
from engage.commons.documents import queries as reads
from engage.core import clock
from engage.core.db import db
from tests.factories.accounts import (
    make_member,
    make_organisation,
    make_user,
    signed_in_cookie,
)
from tests.factories.comments import make_answer, make_comment, make_reaction
from tests.factories.consultations import make_consultation, make_text
from tests.factories.documents import PLAN, PLAN_2, make_version
from tests.pages import PageClient
from tests.sweeps.test_access_matrix import address
from tests.sweeps.world import World, build, cases, readable

READERS = ("anonymous", "author", "moderator", "organiser", "admin")
AT_MOST = 12
KEPT_IN_THE_PROCESS = "FROM settings"  # read once in two seconds; each time only in tests


Asked = dict[str, list[str]]


@pytest.fixture(scope="module")
def asked(
    app: Flask, queries: Callable[[], Any], empty: Callable[[], None]
) -> dict[str, tuple[Asked, Asked]]:
    """What the pages of every reader ask for with one row and with thirty: a large world takes its
    time to build, so all of them read the same."""
    with app.app_context():
        one = measured(app, build(rows=1), queries, {})
        empty()
        thirty = measured(app, build(rows=30), queries, one)
        empty()
    return {who: (one[who], thirty[who]) for who in READERS}


def measured(
    app: Flask, world: World, queries: Callable[[], Any], before: dict[str, Asked]
) -> dict[str, Asked]:
    """For each reader the statements of each page they are shown."""
    found: dict[str, Asked] = {}
    for who in READERS:
        client = PageClient(app)
        if who != "anonymous":
            signed_in_cookie(client.http, world.people[who])
        found[who] = measure(app, world, client, queries, before.get(who, {}))
    return found


def measure(
    app: Flask, world: World, client: PageClient, queries: Callable[[], Any], before: Asked
) -> Asked:
    def statements(url: str) -> list[str] | None:
        with queries() as sent:
            page = client.get(url, offsite=True, unchecked=True)
        if page.status != 200:
            return None
        return [statement for statement in sent if KEPT_IN_THE_PROCESS not in statement]

    asked = {}
    for rule in readable(app):
        for case in cases(rule, world):
            url = address(app, rule.endpoint, case)
            name = f"{rule.endpoint} ({case.label})"
            first = statements(url)
            # what is loaded once is loaded now: where that might be the difference, count again
            enough = min(AT_MOST, len(before.get(name, ())))
            counted = first if first is not None and len(first) <= enough else statements(url)
            if counted is not None:
                asked[name] = counted
    return asked


@pytest.mark.parametrize("who", READERS)
def test_the_number_of_rows_costs_no_query(asked: dict[str, tuple[Asked, Asked]], who: str) -> None:
    one, thirty = asked[who]
    assert len(one) > 10
    wrong = []
    for page, statements in sorted(thirty.items()):
        before = one.get(page, [])
        if page in one and len(statements) > len(before):
            extra = [s for s in set(statements) if statements.count(s) > before.count(s)]
            wrong.append(
                f"{page}: {len(before)} queries with 1 row, {len(statements)} with 30; more often: "
                + " | ".join(" ".join(s.split())[:160] for s in extra[:2])
            )
        if len(statements) > AT_MOST:
            wrong.append(f"{page}: {len(statements)} queries")
    assert not wrong, f"{len(wrong)} as {who}:\n" + "\n".join(wrong)


def test_a_thread_costs_no_more_in_its_dearest_state(
    client: PageClient, sign_in: Callable[[Any], Any], queries: Callable[[], Any]
) -> None:
    """An officer who leads an authority reads a superseded wording, full of answers and replies."""
    port = make_organisation(kind=OrganisationKind.AUTHORITY)
    officer = make_user(kind=StakeholderKind.AUTHORITY)
    make_member(officer, port)
    asked = make_consultation(hosts=(port,))
    text = make_text(asked)
    old = make_version(text, PLAN)
    paragraph = next(p for p in reads.numbered(old.id) if p.number == "2.1")
    thread = db.session.get_one(Thread, paragraph.thread_id)
    for _number in range(30):
        top = make_comment(thread, make_user(), due_at=clock.now())
        make_answer(make_comment(thread, make_user(), parent=top), port)
        make_reaction(top, officer)
    make_version(text, PLAN_2)
    sign_in(officer)
    address = f"/en/comments/threads/{thread.id}"
    client.get(address)
    with queries() as sent:
        page = client.get(address, status=200)
    assert "The text has changed since" in page.text
    statements = [statement for statement in sent if KEPT_IN_THE_PROCESS not in statement]
    assert len(statements) <= AT_MOST, "\n".join(statements)
