"""A page that anonymous readers share is made once: the next of them costs the database nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from engage.core import pagecache
from tests.pages import Page, PageClient
from tests.sweeps.test_access_matrix import address
from tests.sweeps.world import World, build, cases, readable


@pytest.fixture
def cache(app: Flask, monkeypatch: pytest.MonkeyPatch) -> pagecache.PageCache:
    """The application's own page cache, switched on, and its clock stopped."""
    found: pagecache.PageCache = app.extensions["engage_pagecache"]
    monkeypatch.setattr(found, "seconds", 2.0)
    for kept in ("_pages", "_unshared"):
        monkeypatch.setattr(found, kept, type(getattr(found, kept))())
    # slow machines are given the time they need
    monkeypatch.setattr(pagecache, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    return found


@pytest.fixture
def world(app: Flask) -> World:
    return build()


def test_the_second_anonymous_reader_costs_no_query(
    app: Flask,
    world: World,
    cache: pagecache.PageCache,
    client: PageClient,
    queries: Callable[[], Any],
) -> None:
    wrong: list[str] = []
    shared = set()
    for rule in readable(app):
        if not app.view_functions[rule.endpoint].access_mark.cached:  # type: ignore[attr-defined]
            continue
        shared.add(rule.endpoint)
        found = 0
        for case in cases(rule, world):
            url = address(app, rule.endpoint, case)
            with queries() as asked:
                first = client.get(url)
            if first.status != 200:
                continue
            found += 1
            with queries() as sent:
                second = client.get(url)
                known = {"If-None-Match": second.headers.get("ETag", "")}
                third = client.get(url, headers=known)
            where = f"{rule.endpoint} ({case.label}) {url}"
            wrong += [f"{where}: {said}" for said in faults(first, second, third, sent)]
            if not asked and second.is_html:
                # else nothing is proved by a second reader asking nothing
                wrong.append(f"{where}: not even the first reader asked anything")
        if not found:
            wrong.append(f"{rule.endpoint} is seen by no anonymous reader of this world")
    assert len(shared) > 15, f"hardly any route is shared: {sorted(shared)}"
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


def faults(first: Page, second: Page, third: Page, sent: list[str]) -> list[str]:
    """What is wrong with a page shown three times, the third time to who has it already."""
    wrong = []
    if sent:
        wrong.append(f"the second and third reader sent {len(sent)} statements: {sent[0][:120]}")
    if second.status != 200 or second.body != first.body:
        wrong.append("the second reader got another page")
    if not second.headers.get("ETag"):
        wrong.append("no ETag")
    if third.status != 304 or third.body:
        wrong.append(f"{third.status} for who has it already, with {len(third.body)} characters")
    if "s-maxage" not in third.headers.get("Cache-Control", ""):
        wrong.append("304 without its time")
    return wrong


def test_who_is_signed_in_gets_a_page_of_their_own(
    world: World,
    cache: pagecache.PageCache,
    client: PageClient,
    sign_in: Callable[[Any], Any],
    queries: Callable[[], Any],
) -> None:
    shared = client.get("/en/")
    sign_in(world.people["resident"])
    with queries() as sent:
        own = client.get("/en/")
    assert sent
    assert own.body != shared.body
    assert own.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in own.headers
