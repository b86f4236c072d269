"""Every template compiles, uses macros that exist, and says nothing outside the catalogues."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from flask import Flask
from jinja2 import nodes

from tests.architecture.source import ROOT, STATIC, TEMPLATES, modules, templates

pytestmark = pytest.mark.pure

# words that are the same in every language
SAME_EVERYWHERE = frozenset(
    {"Engage", "Markdown", "CSV", "DOCX", "ODT", "HTML", "PDF", "JSON", "AGPL", "en", "fr"}
)
# name -> why its words stay as they are
NOT_TRANSLATED = {
    "admin/style.html": "specimens of what people write, in the words of the mock",
    "errors/_bare.html": "shown when even choosing a language failed",
}
# a person who cannot read the page's language must still find their own
VISIBLE_ATTRIBUTES = ("alt", "title", "placeholder", "aria-label", "aria-description", "content")
LAYOUTS = ("layouts/public.html", "layouts/focus.html", "layouts/office.html", "layouts/print.html")
SEEN_ONLY_BY_MACHINES = ("content",)


@cache
def tree(app: Flask, name: str) -> nodes.Template:
    """Read by many tests and changed by none."""
    return app.jinja_env.parse((TEMPLATES / name).read_text(encoding="utf-8"), name, name)


@pytest.mark.parametrize("name", templates())
def test_compiles(app: Flask, name: str) -> None:
    app.jinja_env.get_template(name)


def literals(tree: ast.Module) -> Iterator[str]:
    """Strings of a module, docstrings left out."""
    said = {n.value for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in said:
            yield node.value


def test_names_found_in_python_exist() -> None:
    known = set(templates())
    wrong = [
        f"{module.where}: {text}"
        for module in modules()
        for text in literals(module.tree)
        if re.fullmatch(r"[\w/-]+/[\w-]+\.(html|txt|xml)", text)
        and text not in known
        and not text.startswith(("text/", "application/", "word/", "xl/"))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_template_is_used(app: Flask) -> None:
    """A page nobody shows is a page nobody mends."""
    sources = "\n".join(m.path.read_text() for m in modules()) + "\n".join(
        (TEMPLATES / name).read_text() for name in templates()
    )
    unused = []
    for name in templates():
        if name.startswith("mail/"):
            notice = name.split("/")[-2]
            if not re.search(rf"[\"'/]{notice}[\"']", sources):
                unused.append(name)
        elif name not in sources and not name.startswith("errors/"):
            unused.append(name)
    assert not unused, "\n".join(unused)


def test_macros_are_imported_by_names_that_exist_and_are_used(app: Flask) -> None:
    wrong = []
    for name in templates():
        text = (TEMPLATES / name).read_text()
        for node in tree(app, name).find_all(nodes.FromImport):
            assert isinstance(node.template, nodes.Const)
            offered = {m.name for m in tree(app, node.template.value).find_all(nodes.Macro)}
            offered |= {
                t.name
                for a in tree(app, node.template.value).find_all(nodes.Assign)
                if isinstance(t := a.target, nodes.Name)
            }
            for one in node.names:
                theirs, ours = one if isinstance(one, tuple) else (one, one)
                if theirs not in offered:
                    wrong.append(f"{name}:{node.lineno} {node.template.value} has no {theirs}")
                if len(re.findall(rf"\b{ours}\b", text)) < 2:
                    wrong.append(f"{name}:{node.lineno} imports {ours} and never uses it")
    assert not wrong, "\n".join(wrong)


def test_pages_extend_a_layout(app: Flask) -> None:
    wrong = []
    for name in templates():
        stem = name.rpartition("/")[2]
        if not name.endswith(".html") or stem.startswith("_"):
            continue
        if name.startswith(("layouts/", "components/", "mail/")):
            continue
        parents = [e.template for e in tree(app, name).find_all(nodes.Extends)]
        if not parents:
            wrong.append(f"{name} extends nothing")
        for parent in parents:
            layout = str(parent.value) if isinstance(parent, nodes.Const) else LAYOUTS[0]
            if not (layout.startswith(LAYOUTS) or layout.rpartition("/")[2].startswith("_")):
                wrong.append(f"{name} extends {layout}")
    assert not wrong, "\n".join(wrong)


def test_no_inline_style_or_script() -> None:
    patterns = {
        r"\sstyle\s*=": "style attribute",
        r"<style\b": "style element",
        r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)": "inline script",
        r"\son[a-z]+\s*=\s*[\"']": "event attribute",
        r"javascript:": "javascript address",
        r"https?://(?!www\.w3\.org/)[\w{]": "address of another site",
    }
    wrong = []
    for name in templates():
        if name.startswith("mail/"):
            continue
        text = re.sub(r"\{#.*?#\}", "", (TEMPLATES / name).read_text(), flags=re.S)
        for pattern, what in patterns.items():
            for match in re.finditer(pattern, text):
                line = text.count("\n", 0, match.start()) + 1
                wrong.append(f"{name}:{line} {what}")
    assert not wrong, "\n".join(wrong)


def test_mails_have_all_three_parts() -> None:
    folders = {name.rpartition("/")[0] for name in templates() if name.startswith("mail/")}
    parts = {"subject.txt", "body.txt", "body.html"}
    wrong = [
        f"{folder} lacks {sorted(missing)}"
        for folder in sorted(folders)
        if any(n.startswith(folder + "/subject") for n in templates())
        and (
            missing := parts
            - {n.rpartition("/")[2] for n in templates() if n.startswith(folder + "/")}
        )
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", templates())
def test_every_visible_word_can_be_translated(app: Flask, name: str) -> None:
    if name in NOT_TRANSLATED:
        return
    plain = "".join(_written(tree(app, name)))
    wrong = []
    if not name.endswith(".txt"):
        plain = re.sub(r"<!--.*?-->|<!doctype[^>]*>|<\?xml.*?\?>", "", plain, flags=re.S | re.I)
        for attribute in VISIBLE_ATTRIBUTES:
            if attribute in SEEN_ONLY_BY_MACHINES:
                continue
            wrong += re.findall(rf"\s{attribute}=\"([^\"]*[A-Za-z]{{2,}}[^\"]*)\"", plain)
        plain = re.sub(r"<(script|style|svg|code|pre)\b.*?</\1>", "", plain, flags=re.S)
        plain = re.sub(r"<[^>]*>", "\0", plain)
        plain = re.sub(r"&\w+;", " ", plain)
    for piece in plain.split("\0"):
        words = [w for w in re.findall(r"[A-Za-zÀ-ÿ]{2,}", piece) if w not in SAME_EVERYWHERE]
        if words:
            wrong.append(" ".join(piece.split()))
    assert not wrong, f"{name}: not in the catalogues: {wrong}"


def _written(node: nodes.Node) -> Iterator[str]:
    """The literal text of a template in order, a NUL where something is put in."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Output):
        for child in node.nodes:
            yield from _written(child) if isinstance(child, nodes.TemplateData) else ("\0",)
    elif not isinstance(node, nodes.Expr):
        for child in node.iter_child_nodes():
            yield from _written(child)


def test_component_style_sheets_belong_to_components() -> None:
    components = {p.stem for p in (TEMPLATES / "components").glob("*.html")}
    sheets = {p.stem for p in (STATIC / "css" / "components").glob("*.css")}
    assert sheets <= {c.replace("_", "-") for c in components} | components, sheets - components


def test_behaviours_exist_and_are_used() -> None:
    asked = set()
    for name in templates():
        for value in re.findall(r"data-behaviour=\"([\w -]+)\"", (TEMPLATES / name).read_text()):
            asked.update(value.split())
    for module in modules():
        asked.update(
            re.findall(r"""data-behaviour["']?[:=,]\s*["']([\w-]+)["']""", module.path.read_text())
        )
    offered = {p.stem for p in (STATIC / "js" / "behaviours").glob("*.js")}
    assert asked == offered, (
        f"asked for, not there: {asked - offered}; there, never asked for: {offered - asked}"
    )


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    wrong = [
        p.relative_to(ROOT).as_posix()
        for p in (STATIC / "css").rglob("*.css")
        if re.search(r"@import\s+(url\()?[\"']?https?:|url\([\"']?(https?:)?//", p.read_text())
    ]
    assert not wrong, wrong
