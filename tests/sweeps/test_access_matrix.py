"""Nobody sees what they may not: every route x every kind of person x every state of what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, url_for

from tests.pages import PageClient
from tests.sweeps.world import EVERYBODY, STAFF, Case, World, build, cases, readable

# where a person is led who has to sign in first
SIGN_IN = re.compile(r"/en/login(\?|$)")


def expected(gate: str, roles: tuple[str, ...], who: str, case: Case) -> set[int | str]:
    """The answers that are right: statuses, or "sign in"."""
    if gate != "public" and who == "anonymous":
        return {"sign in"}
    if gate == "staff":
        entitled = who == "admin" or (who in STAFF and (not roles or who in roles))
        if not entitled:
            return {403}
    if who in case.seen_by:
        return {200, 302, 303, 204, "sign in"} if gate == "public" else {200, 302, 303, 204}
    return set(case.refusal)


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
        mark = app.view_functions[rule.endpoint].access_mark  # type: ignore[attr-defined]
        for case in cases(rule, world):
            url = address(app, rule.endpoint, case)
            try:
                page = client.get(url, offsite=True)
            except Exception as error:  # every page is reported, not the first
                wrong.append(f"{rule.endpoint} {case.label}: {type(error).__name__} {error}")
                continue
            got: int | str = page.status
            if page.status in {302, 303} and SIGN_IN.match(page.location or ""):
                got = "sign in"
            right = expected(mark.gate, mark.roles, who, case)
            if got not in right:
                wrong.append(
                    f"{rule.endpoint} ({case.label}) {url}: {got}, not {sorted(map(str, right))}"
                )
    assert not wrong, f"{len(wrong)} as {who}:\n" + "\n".join(wrong)


def test_every_route_is_swept(app: Flask, world: World) -> None:
    missing = []
    for rule in readable(app):
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
