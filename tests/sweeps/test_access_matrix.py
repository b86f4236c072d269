"""Nobody sees or does what they may not: every route x every kind of person x every state of what it
shows. Who may enter which route is written down in tests/sweeps/access.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, url_for
from sqlalchemy import select

from engage.core import clock
from engage.core.db import Model, db
from engage.core.idempotency import new_key
from engage.core.limits import limiter
from tests.factories.accounts import signed_in_cookie
from tests.pages import Page, PageClient
from tests.sweeps.access import ACCESS, Entry, marked
from tests.sweeps.world import EVERYBODY, Case, World, build, cases, readable, writable

# where a person is led who has to sign in first
SIGN_IN = re.compile(r"/en/login(\?|$)")
SAYS_SO = re.compile(r"<h1[^>]*>\s*Please sign in\s*</h1>")
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)")
FIELDS = ("body", "title", "text", "words", "reason", "name", "explanation")


def refusals(entry: Entry, who: str, case: Case) -> set[int | str]:
    """The answers that are right for who may not: statuses, or "sign in"; none for who may."""
    if who == "anonymous" and who not in entry.may:
        return {"sign in"}
    if who not in entry.may:
        return {403}
    return set() if who in case.seen_by else set(case.refusal)


def expected(entry: Entry, who: str, case: Case) -> set[int | str]:
    """The answers that are right for a reader."""
    welcome: set[int | str] = {200, 302, 303, 204}
    if "everybody" in entry.who:
        welcome.add("sign in")
    return refusals(entry, who, case) or welcome


def answer(page: Page) -> int | str:
    """Its status; "sign in" where it leads to signing in, or says so beside the words sent."""
    if page.status in {302, 303} and SIGN_IN.match(page.location or ""):
        return "sign in"
    return "sign in" if page.status == 403 and SAYS_SO.search(page.body) else page.status


def address(app: Flask, endpoint: str, case: Case) -> str:
    with app.test_request_context("/en/", base_url="http://localhost"):
        return url_for(endpoint, **case.values)


@pytest.fixture
def world(app: Flask) -> World:
    return build()


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_sees_exactly_what_they_may(
    app: Flask, world: World, client: PageClient, sign_in: Callable[[Any], Any], who: str
) -> None:
    if who != "anonymous":
        sign_in(world.people[who])
    wrong = []
    for rule in readable(app):
        for case in cases(rule, world):
            url = address(app, rule.endpoint, case)
            try:
                page = client.get(url, offsite=True)
            except Exception as error:  # every page is reported, not the first
                wrong.append(f"{rule.endpoint} {case.label}: {type(error).__name__} {error}")
                continue
            got = answer(page)
            right = expected(ACCESS[rule.endpoint], who, case)
            if got not in right:
                wrong.append(
                    f"{rule.endpoint} ({case.label}) {url}: {got}, not {sorted(map(str, right))}"
                )
    assert not wrong, f"{len(wrong)} as {who}:\n" + "\n".join(wrong)


def test_who_may_enter_is_written_down(app: Flask) -> None:
    """The marks in the code, against the table that says who may."""
    methods: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        methods.setdefault(rule.endpoint, set()).update(rule.methods or set())
    wrong = []
    for endpoint, found in sorted(methods.items()):
        mark = getattr(app.view_functions[endpoint], "access_mark", None)
        if mark is None:
            continue  # tests/architecture/test_access.py says which may have none
        is_marked, written = marked(endpoint, found, mark), ACCESS.get(endpoint)
        if written is None:
            wrong.append(
                f"{endpoint} is not in tests/sweeps/access.py. Is it meant to be entered by these?"
                f" Then add\n    {is_marked}"
            )
        elif written != is_marked:
            wrong.append(
                f"{endpoint} has changed. Written down:\n    {written}\nbut marked:\n    {is_marked}"
            )
    wrong += [
        f"{endpoint} is there no more: take its line out of tests/sweeps/access.py"
        for endpoint in ACCESS
        if endpoint not in methods
    ]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
    assert list(ACCESS) == sorted(ACCESS), "the lines of tests/sweeps/access.py are out of order"


def test_nobody_does_what_they_may_not(
    app: Flask, world: World, queries: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every POST by everybody who may not, with their own valid token: refused before the form is
    read, and nothing is written."""
    monkeypatch.setattr(limiter, "enabled", False)  # so many presses in a minute are an attack
    wrong: list[str] = []
    sent = 0
    with clock.at(clock.now()):  # who is seen just now is not noted again
        people = {who: Person(app, world, who) for who in EVERYBODY}
        before = rows()
        for rule in writable(app):
            entry = ACCESS[rule.endpoint]
            for case in cases(rule, world):
                url = address(app, rule.endpoint, case)
                for who, person in people.items():
                    right = refusals(entry, who, case)
                    if not right:
                        continue
                    sent += 1
                    where = f"{rule.endpoint} ({case.label}) {url} as {who}"
                    with queries() as asked:
                        page = person.press(url)
                    if answer(page) not in right:
                        wrong.append(f"{where}: {answer(page)}, not {sorted(map(str, right))}")
                    if any(WRITES.match(statement) for statement in asked):
                        changed = sorted(
                            name for name, now in rows().items() if now != before[name]
                        )
                        if changed:
                            wrong.append(f"{where}: changes {', '.join(changed)}")
                            before = rows()
    assert sent > 300, f"only {sent} presses"
    assert not wrong, f"{len(wrong)} of {sent}:\n" + "\n".join(wrong)


class Person:
    """Somebody of the world with a browser, and a form of their own open in it."""

    def __init__(self, app: Flask, world: World, who: str) -> None:
        self.client = PageClient(app)
        if who != "anonymous":
            signed_in_cookie(self.client.http, world.people[who])
        page = self.client.get("/en/login" if who == "anonymous" else "/en/me", status=200)
        self.token = page.select('[name="csrf_token"]')[0].get("value")

    def press(self, url: str) -> Page:
        """Send what a form there might send, words for every field that forms have."""
        words = dict.fromkeys(FIELDS, "Words of somebody who may not.")
        keys = {"csrf_token": self.token, "idempotency_key": new_key()}
        return self.client.post(url, {**words, **keys}, unchecked=True, offsite=True)


def rows() -> dict[str, list[Any]]:
    """Every row of every table."""
    with db.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table))))
            for name, table in Model.metadata.tables.items()
        }


def test_every_route_is_swept(app: Flask, world: World) -> None:
    missing = []
    for rule in [*readable(app), *writable(app)]:
        try:
            cases(rule, world)
        except AssertionError as error:
            missing.append(str(error))
    assert not missing, "\n".join(missing)


def test_things_that_are_not_there_are_not_found(
    app: Flask, world: World, client: PageClient, sign_in: Callable[[Any], Any]
) -> None:
    """A number nobody has: 404, never 500, for the person who may see everything."""
    sign_in(world.people["admin"])
    wrong = []
    for rule in readable(app):
        numbers = [name for name in rule.arguments if name.endswith("id")]
        if not numbers:
            continue
        for absent in (987_654_321, 2**62, 2**80):
            for case in cases(rule, world)[:1]:
                values = {**case.values, **dict.fromkeys(numbers, absent)}
                page = client.get(address(app, rule.endpoint, Case("absent", values)))
                if page.status != 404:
                    wrong.append(f"{page.url}: {page.status}")
    assert not wrong, "\n".join(wrong)
