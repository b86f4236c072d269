"""Every page asks the database as often for thirty rows as for one, and at most twelve times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.pages import PageClient
from tests.sweeps.test_access_matrix import address
from tests.sweeps.world import World, build, cases, readable

READERS = ("anonymous", "author", "moderator", "organiser", "admin")
AT_MOST = 12
KEPT_IN_THE_PROCESS = "FROM settings"  # read once in two seconds; each time only in tests


def measure(
    app: Flask, world: World, client: PageClient, queries: Callable[[], Any]
) -> dict[str, list[str]]:
    asked = {}
    for rule in readable(app):
        for case in cases(rule, world):
            url = address(app, rule.endpoint, case)
            client.get(url, offsite=True, unchecked=True)  # what is loaded once is loaded now
            with queries() as sent:
                page = client.get(url, offsite=True, unchecked=True)
            if page.status == 200:
                asked[f"{rule.endpoint} ({case.label})"] = [
                    statement for statement in sent if KEPT_IN_THE_PROCESS not in statement
                ]
    return asked


@pytest.mark.parametrize("who", READERS)
def test_the_number_of_rows_costs_no_query(
    app: Flask,
    client: PageClient,
    sign_in: Callable[[Any], Any],
    queries: Callable[[], Any],
    empty: Callable[[], None],
    who: str,
) -> None:
    few = build(rows=1)
    if who != "anonymous":
        sign_in(few.people[who])
    one = measure(app, few, client, queries)
    empty()
    client = PageClient(app)
    many = build(rows=30)
    if who != "anonymous":
        from tests.factories.accounts import signed_in_cookie

        signed_in_cookie(client.http, many.people[who])
    thirty = measure(app, many, client, queries)

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
