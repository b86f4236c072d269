"""Every endpoint carries exactly one access mark, and its address agrees with it."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest
from flask import Flask

from tests.architecture.source import modules

pytestmark = pytest.mark.pure

MARKS = {"public", "signed_in", "staff"}
UNMARKED = {"static"}  # Flask's own file view; the guard lets it through by name


def test_every_endpoint_has_its_mark(app: Flask) -> None:
    wrong = [
        f"{endpoint} ({view.__module__}.{view.__name__})"
        for endpoint, view in app.view_functions.items()
        if endpoint not in UNMARKED and not hasattr(view, "access_mark")
    ]
    assert not wrong, "no access mark: " + ", ".join(sorted(wrong))


def test_marks_stand_directly_under_the_route() -> None:
    """One mark per view, below every route decorator, so that what is registered is what is marked."""
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            names = [_decorator(d) for d in node.decorator_list]
            routes = [n for n, name in enumerate(names) if name in {"route", "get", "post"}]
            marks = [n for n, name in enumerate(names) if name in MARKS]
            if not routes:
                continue
            if len(marks) != 1:
                wrong.append(
                    f"{module.where}:{node.lineno} {node.name} has {len(marks)} access marks"
                )
            elif marks[0] != routes[-1] + 1:
                wrong.append(
                    f"{module.where}:{node.lineno} {node.name}: the mark belongs right below the route"
                )
    assert not wrong, "\n".join(wrong)


# officers who answer for their organisation work in the office without a site role
OPEN_OFFICE = {"comments_office.index", "comments_office.answer"} | {
    f"ideas_office.{word}"
    for word in [
        "index",
        "call",
        "insight",
        "ideas",
        "bulk",
        "idea",
        "alike",
        "deeds_of",
        "history",
        "mark_read",
        "let_in",
        "refuse",
        "move",
        "answer",
        "note",
        "remove_note",
        "officers",
        "category",
        "scores",
        "merge",
        "unmerge",
        "split",
        "duplicates",
        "dismiss",
        "owner",
        "milestone",
        "milestone_step",
        "post",
        "remove_post",
        "promote",
    ]
}


def test_the_office_is_for_staff_and_staff_pages_are_in_the_office(app: Flask) -> None:
    wrong = []
    for rule in app.url_map.iter_rules():
        mark = getattr(app.view_functions[rule.endpoint], "access_mark", None)
        if mark is None:
            continue
        inside = "/office" in rule.rule
        if inside and mark.gate != "staff" and rule.endpoint not in OPEN_OFFICE:
            wrong.append(f"{rule.rule} is in the office but open to {mark.gate}")
        if mark.gate == "staff" and not inside:
            wrong.append(f"{rule.rule} is for staff but not in the office")
    assert not wrong, "\n".join(wrong)


def test_pages_kept_for_everybody_only_answer_reads(app: Flask) -> None:
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for rule in app.url_map.iter_rules():
        methods[rule.endpoint] |= rule.methods or set()
    wrong = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if getattr(getattr(view, "access_mark", None), "cached", False)
        and methods[endpoint] - {"GET", "HEAD", "OPTIONS"}
    ]
    assert not wrong, wrong


def test_marks_name_roles_that_exist(app: Flask) -> None:
    from engage.commons.accounts.models import Role

    known = {str(role) for role in Role}
    wrong = [
        f"{endpoint}: {set(mark.roles) - known}"
        for endpoint, view in app.view_functions.items()
        if (mark := getattr(view, "access_mark", None)) and set(mark.roles) - known
    ]
    assert not wrong, wrong


def _decorator(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
