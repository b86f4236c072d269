"""The package as syntax trees: what the architecture tests read instead of importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engage import FEATURES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "engage"
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
FLOORS = ("commons", "programmes", "portal")


@dataclass(frozen=True)
class Import:
    """One imported name: `from engage.core.db import db` is target engage.core.db, name db."""

    target: str
    name: str | None
    line: int
    type_only: bool


@dataclass(frozen=True)
class Module:
    """A file of ours. `feature` is "core", "commons.comments", ... or "" for the root files."""

    path: Path
    dotted: str

    @property
    def where(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def feature(self) -> str:
        return feature_of(self.dotted)

    @property
    def layer(self) -> str:
        """The file's role inside its feature: models, policy, service, ..."""
        return layer_of(self.dotted)

    @property
    def is_view(self) -> bool:
        """Does it hold routes?"""
        return any(
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in {"route", "get", "post"}
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef)
            for decorator in node.decorator_list
        )

    @property
    def tree(self) -> ast.Module:
        return parsed(self.path)

    def imports(self) -> Iterator[Import]:
        """Every import, function-level ones included."""
        guarded = _type_only(self.tree)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, None, node.lineno, node in guarded)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    stem = self.dotted.split(".")
                    stem = stem[: len(stem) - node.level + (self.path.name == "__init__.py")]
                    base = ".".join([*stem, base]).rstrip(".")
                for alias in node.names:
                    inner = f"{base}.{alias.name}"
                    whole = inner in known_modules()
                    yield Import(
                        inner if whole else base,
                        None if whole else alias.name,
                        node.lineno,
                        node in guarded,
                    )


def feature_of(dotted: str) -> str:
    parts = dotted.split(".")
    if parts[0] != "engage" or len(parts) < 2:
        return ""
    if parts[1] in FLOORS:
        return ".".join(parts[1:3])
    return parts[1]


def layer_of(dotted: str) -> str:
    parts = dotted.split(".")
    return parts[3] if len(parts) > 3 and parts[1] in FLOORS else ""


def order() -> tuple[str, ...]:
    """core and the features from left to right."""
    named = tuple(f.removeprefix("engage.") for f in FEATURES)
    return named if named[0] == "core" else ("core", *named)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def modules() -> tuple[Module, ...]:
    return tuple(
        Module(
            path, ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
    )


@cache
def known_modules() -> frozenset[str]:
    return frozenset(m.dotted for m in modules())


def _type_only(tree: ast.Module) -> set[ast.stmt]:
    guarded: set[ast.stmt] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            guarded.update(child for child in ast.walk(node) if isinstance(child, ast.stmt))
    return guarded


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """(dotted name as written, call) for every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def templates() -> list[str]:
    """Template names as Jinja loads them."""
    return sorted(
        p.relative_to(TEMPLATES).as_posix()
        for p in TEMPLATES.rglob("*")
        if p.suffix in {".html", ".txt", ".xml"}
    )
