"""Single homes: committing, the environment, the clock, trusted HTML, refusals."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import ROOT, TEMPLATES, calls, modules, templates

pytestmark = pytest.mark.pure

# Markup around text that no person typed: each with its reason
TRUSTED_MARKUP = {
    "engage/core/richtext.py": "the one place that makes Markup from user text, after cleaning it",
    "engage/core/slots.py": "joins what slots rendered through templates, escaping the rest",
    "engage/core/templating.py": "marks our own catalogue's words, filled in with escaping",
    "engage/core/forms.py": "fields draw themselves; WTForms escapes the attributes",
    "engage/commons/accounts/feature.py": "a rendered template",
    "engage/core/charts.py": "draws SVG from numbers, escapes labels itself",
}
CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "time.time",
    "func.now",
    "func.current_timestamp",
}


# a refused attempt rolls its request back and must still count
COMMITS = {
    "engage/core/db.py": {"commit", "rollback"},
}


def test_only_the_ground_commits() -> None:
    wrong = [
        f"{m.where}:{call.lineno} {name}()"
        for m in modules()
        for name, call in calls(m.tree)
        if name.rpartition(".")[2] in {"commit", "begin"} - COMMITS.get(m.where, set())
        and "session" in name
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_configuration_reads_the_environment() -> None:
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}:
                wrong.append(f"{module.where}:{node.lineno}")
        wrong += [
            f"{module.where}:{found.line}"
            for found in module.imports()
            if found.target == "os" and found.name in {"environ", "getenv"}
        ]
    assert not wrong, "\n".join(wrong)


def test_time_comes_from_the_clock() -> None:
    wrong = [
        f"{m.where}:{call.lineno} {name}()"
        for m in modules()
        if m.where != "engage/core/clock.py"
        for name, call in calls(m.tree)
        if name in CLOCKS
    ]
    assert not wrong, "\n".join(wrong)


def test_markup_is_made_only_from_what_we_wrote() -> None:
    wrong = [
        f"{m.where}:{call.lineno} {ast.unparse(call)[:80]}"
        for m in modules()
        if m.where not in TRUSTED_MARKUP
        for name, call in calls(m.tree)
        if name.rpartition(".")[2] == "Markup"
        and not (call.args and all(isinstance(a, ast.Constant) for a in call.args))
        and not (call.args and _is_rendered_template(call.args[0]))
    ]
    assert not wrong, "\n".join(wrong)


def _is_rendered_template(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {
        "render_template",
        "flask.render_template",
    }


def test_no_template_declares_text_safe() -> None:
    wrong = []
    for name in templates():
        for number, line in enumerate((TEMPLATES / name).read_text().splitlines(), 1):
            if "|safe" in line.replace(" ", "") or "autoescape false" in line:
                wrong.append(f"templates/{name}:{number}")
    assert not wrong, "\n".join(wrong)


def test_nobody_swallows_every_error() -> None:
    wrong = [
        f"{m.where}:{node.lineno}"
        for m in modules()
        for node in ast.walk(m.tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not wrong, "\n".join(wrong)


def test_refusals_below_views_are_errors_of_ours() -> None:
    wrong = [
        f"{m.where}:{call.lineno}"
        for m in modules()
        if m.layer not in {"views", "staff"}
        for name, call in calls(m.tree)
        if name in {"abort", "flask.abort"}
    ]
    assert not wrong, "\n".join(wrong)


def test_migrations_import_nothing_of_ours() -> None:
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in sorted((ROOT / "migrations").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engage"))
        or (isinstance(node, ast.Import) and any(a.name.startswith("engage") for a in node.names))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_print_debugging_or_leftover_notes() -> None:
    wrong = []
    for module in modules():
        for number, line in enumerate(module.path.read_text().splitlines(), 1):
            if any(mark in line for mark in ("TODO", "FIXME", "XXX", "breakpoint()")):
                wrong.append(f"{module.where}:{number} {line.strip()}")
    assert not wrong, "\n".join(wrong)
