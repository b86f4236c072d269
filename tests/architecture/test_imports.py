"""Which way imports go: leftwards between features, downwards inside one, never in a circle."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from tests.architecture.source import (
    FLOORS,
    PACKAGE,
    Module,
    calls,
    feature_of,
    known_modules,
    layer_of,
    modules,
    order,
)

pytestmark = pytest.mark.pure

# what a file of a feature may take from its own feature; absent kinds are registries and pure
# calculation, which everybody above the models may use
DOWNWARDS = {
    "models": set(),
    "events": {"models"},
    "policy": {"models"},
    "queries": {"models", "policy"},
    "notices": {"models", "policy", "queries"},
    "service": {"models", "policy", "queries", "notices", "events"},
    "forms": {"models", "policy", "queries"},
    "views": {"models", "policy", "queries", "service", "forms", "events"},
    "staff": {"models", "policy", "queries", "service", "forms", "events", "views"},
    "feature": {
        "models",
        "policy",
        "queries",
        "service",
        "forms",
        "events",
        "notices",
        "views",
        "staff",
    },
}
KINDS = frozenset(DOWNWARDS)
NOT_FOR_NEIGHBOURS = frozenset({"views", "staff", "forms", "feature", "notices"})
# names of flask that belong to HTTP; below the views nobody knows that there is a request
HTTP_NAMES = frozenset(
    {
        "request",
        "session",
        "g",
        "redirect",
        "abort",
        "flash",
        "make_response",
        "render_template",
        "jsonify",
    }
)
BELOW_VIEWS = frozenset({"models", "events", "policy", "queries", "notices", "service"})
WITHOUT_SQL = frozenset({"views", "staff", "forms", "feature", "events"})


def role_of(module: Module) -> str:
    """The layer of a file. Whatever holds routes is a view, however it is called."""
    if module.layer in KINDS or not module.layer:
        return module.layer
    return "views" if module.is_view else module.layer


def test_every_feature_is_a_folder_and_every_folder_a_feature() -> None:
    folders = {
        f"{floor}.{path.name}"
        for floor in FLOORS
        for path in (PACKAGE / floor).iterdir()
        if path.is_dir() and any(path.glob("*.py"))
    }
    assert folders == set(order()) - {"core"}


def test_features_import_only_leftwards() -> None:
    rank = {name: place for place, name in enumerate(order())}
    wrong = []
    for module in modules():
        if not module.feature:
            continue
        for found in module.imports():
            if not found.target.startswith("engage"):
                continue
            theirs = feature_of(found.target)
            if not theirs:
                wrong.append(f"{module.where}:{found.line} imports the application itself")
            elif rank[theirs] > rank[module.feature]:
                wrong.append(f"{module.where}:{found.line} reaches right to {found.target}")
    assert not wrong, "\n".join(wrong)


def test_neighbours_take_only_what_is_offered() -> None:
    wrong = []
    for module in modules():
        for found in module.imports():
            theirs = feature_of(found.target)
            if not theirs or theirs in {"core", module.feature} or not module.feature:
                continue
            if layer_of(found.target) in NOT_FOR_NEIGHBOURS:
                wrong.append(f"{module.where}:{found.line} takes {found.target}")
            if (found.name or layer_of(found.target)).startswith("_"):
                wrong.append(
                    f"{module.where}:{found.line} takes the private {found.target}.{found.name}"
                )
    assert not wrong, "\n".join(wrong)


def test_layers_inside_a_feature_point_downwards() -> None:
    wrong = []
    for module in modules():
        ours = role_of(module)
        if ours not in KINDS:
            continue
        for found in module.imports():
            if feature_of(found.target) != module.feature:
                continue
            theirs = layer_of(found.target)
            is_shape = theirs == "service" and ours == "forms" and (found.name or "")[:1].isupper()
            if theirs in KINDS and theirs not in DOWNWARDS[ours] | {ours} and not is_shape:
                wrong.append(f"{module.where}:{found.line} ({ours}) reaches up to {theirs}")
    assert not wrong, "\n".join(wrong)


def test_registries_and_calculations_know_nothing_of_http() -> None:
    wrong = []
    for module in modules():
        if not module.layer or role_of(module) in KINDS:
            continue
        for found in module.imports():
            if feature_of(found.target) == module.feature and layer_of(found.target) in {
                "views",
                "staff",
                "forms",
                "feature",
            }:
                wrong.append(f"{module.where}:{found.line} reaches up to {found.target}")
    assert not wrong, "\n".join(wrong)


def test_no_circles() -> None:
    edges: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        for found in module.imports():
            if (
                found.target in known_modules()
                and not found.type_only
                and found.target != module.dotted
            ):
                edges[module.dotted].add(found.target)
    edges.pop("engage", None)  # the factory knows everybody, nobody knows it
    assert not (knots := _knots(edges)), "\n".join(" <-> ".join(sorted(k)) for k in knots)


def test_the_request_goes_no_deeper_than_the_view() -> None:
    wrong = []
    for module in modules():
        if module.layer not in BELOW_VIEWS:
            continue
        wrong += [
            f"{module.where}:{found.line} imports flask.{found.name}"
            for found in module.imports()
            if found.target in {"flask", "flask_login", "flask_security"}
            and (found.name in HTTP_NAMES or found.name == "current_user")
        ]
        wrong += [
            f"{module.where}:{found.line} asks who is reading instead of being told"
            for found in module.imports()
            if found.target == "engage.core.access" and found.name == "current_user"
        ]
    assert not wrong, "\n".join(wrong)


def test_sql_comes_no_higher_than_the_queries() -> None:
    wrong = []
    for module in modules():
        if role_of(module) not in WITHOUT_SQL:
            continue
        wrong += [
            f"{module.where}:{found.line} imports {found.target}.{found.name or ''}"
            for found in module.imports()
            if not found.type_only
            and (
                (found.target.split(".")[0] == "sqlalchemy" and found.name != "Select")
                or (found.target == "engage.core.db" and found.name in {"db", "lock", "stream"})
            )
        ]
    assert not wrong, "\n".join(wrong)


def test_policies_and_models_load_nothing() -> None:
    wrong = [
        f"{module.where}:{call.lineno} {name}"
        for module in modules()
        if module.layer in {"policy", "models"}
        for name, call in calls(module.tree)
        if "db.session" in name
    ]
    assert not wrong, "\n".join(wrong)


def test_queries_and_forms_do_not_write() -> None:
    writes = {
        "db.session.add",
        "db.session.add_all",
        "db.session.delete",
        "db.session.flush",
        "db.session.merge",
    }
    wrong = [
        f"{module.where}:{call.lineno} {name}"
        for module in modules()
        if module.layer in {"queries", "forms", "policy"}
        for name, call in calls(module.tree)
        if name in writes or name in {"insert", "update", "delete", "transactional"}
    ]
    assert not wrong, "\n".join(wrong)


def test_service_functions_name_their_actor() -> None:
    """A write has an actor, keyword-only, so that no caller can forget or misplace it."""
    wrong = []
    for module in modules():
        if module.layer != "service":
            continue
        for node in module.tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if any(a.arg == "actor" for a in node.args.args):
                wrong.append(f"{module.where}:{node.lineno} {node.name}: actor is not keyword-only")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_named_for_refusing_nothing() -> None:
    refused = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert not [m.where for m in modules() if m.path.stem in refused]


def test_packages_hold_no_code() -> None:
    assert not [
        m.where
        for m in modules()
        if m.path.name == "__init__.py" and m.dotted != "engage" and m.path.read_text().strip()
    ]


def _knots(edges: dict[str, set[str]]) -> list[set[str]]:
    """Strongly connected groups of more than one module (Tarjan)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for target in sorted(edges.get(node, ())):
            if target not in number:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], number[target])
        if low[node] == number[node]:
            group = set()
            while True:
                top = stack.pop()
                group.add(top)
                if top == node:
                    break
            if len(group) > 1:
                found.append(group)

    for node in sorted(edges):
        if node not in number:
            visit(node)
    return found
