"""The catalogues of every enabled language are complete, current and fit their originals."""

from __future__ import annotations

import re
import string

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask

from tests.architecture.source import ROOT

pytestmark = pytest.mark.pure

KEYWORDS = {
    "_": None,
    "_l": None,
    "_n": (1, 2),
    "gettext": None,
    "say": None,
    "say_many": (1, 2),
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
METHODS = [
    ("engage/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
OPTIONS = {
    "templates/**.html": {"trimmed": "true", "silent": "false"},
    "templates/**.txt": {"trimmed": "true", "silent": "false"},
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")


def wanted() -> dict[object, str]:
    """Message id (singular, or singular and plural) -> where it is first used."""
    found: dict[object, str] = {}
    for folder in ("engage", "templates"):
        methods = [(p.removeprefix(folder + "/"), m) for p, m in METHODS if p.startswith(folder)]
        options = {
            p.removeprefix(folder + "/"): o for p, o in OPTIONS.items() if p.startswith(folder)
        }
        for name, line, message, _comments, context in extract_from_dir(
            ROOT / folder, methods, options, keywords=KEYWORDS
        ):
            found.setdefault((context, message), f"{folder}/{name}:{line}")
    return found


def catalogue(locale: str) -> Catalog:
    path = ROOT / "translations" / locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=locale)


@pytest.fixture(scope="module")
def messages() -> dict[object, str]:
    return wanted()


@pytest.fixture(params=["fr"])
def language(request: pytest.FixtureRequest) -> Catalog:
    return catalogue(request.param)


def test_enabled_languages_are_tested(app: Flask) -> None:
    assert set(app.config["LOCALES"]) == {"en", "fr"}


def test_nothing_is_missing(messages: dict[object, str], language: Catalog) -> None:
    missing = []
    for (context, message), where in messages.items():  # type: ignore[misc]
        singular = message[0] if isinstance(message, tuple) else message
        entry = language.get(singular, context)
        if entry is None:
            missing.append(f"{where}: {singular!r} is not in the catalogue")
        elif not (all(entry.string) if isinstance(entry.string, tuple) else entry.string):
            missing.append(f"{where}: {singular!r} is not translated")
        elif isinstance(message, tuple) and not isinstance(entry.string, tuple):
            missing.append(f"{where}: {singular!r} lacks its plural")
    assert not missing, f"{len(missing)} messages:\n" + "\n".join(missing[:60])


def test_nothing_is_fuzzy(language: Catalog) -> None:
    assert not [m.id for m in language if m.id and m.fuzzy]


def test_placeholders_match(language: Catalog) -> None:
    wrong = []
    for entry in language:
        if not entry.id:
            continue
        ids = entry.id if isinstance(entry.id, tuple) else (entry.id,)
        texts = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        allowed = {name for one in ids for name in PLACEHOLDER.findall(one)}
        for text in texts:
            used = set(PLACEHOLDER.findall(text))
            if used - allowed or (len(ids) == 1 and used != allowed):
                wrong.append(f"{ids[0]!r}: {sorted(allowed)} became {sorted(used)}")
            if text.count("<") != ids[-1].count("<") and text.count("<") != ids[0].count("<"):
                wrong.append(f"{ids[0]!r}: markup differs")
    assert not wrong, "\n".join(wrong)


def test_no_glued_or_formatted_messages() -> None:
    """`_("a" + b)` and `_(f"...")` never match a catalogue."""
    import ast

    from tests.architecture.source import modules

    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"_", "_l", "_n"}
                and node.args
                and not isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
            ):
                wrong.append(f"{module.where}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


def test_sentences_end_as_their_originals(language: Catalog) -> None:
    """A question stays a question: the last mark of a message is kept."""
    wrong = []
    for entry in language:
        if not entry.id or isinstance(entry.id, tuple):
            continue
        original, text = entry.id.rstrip(), str(entry.string).rstrip()
        if original[-1:] in ".?!…:" and text and text[-1:] in string.ascii_letters:
            wrong.append(f"{original!r} -> {text!r}")
    assert not wrong, "\n".join(wrong[:30])
