"""Attack inputs kept beside the project: where they are, and what to do without them."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve()
DATA = Path(os.environ.get("ENGAGE_ATTACK_DATA") or HERE.parents[3] / "shared" / "attack")


def data() -> Path:
    """The folder of attack inputs. Absent: skipped aloud here, a failure in CI.

    What is missing inside a folder that is there is an error wherever it is read.
    """
    if _is_there():
        return DATA
    pytest.skip(_absent())


def upstream(name: str) -> list[str]:
    """The strings of a list taken from elsewhere."""
    path = data() / "upstream" / f"{name}.json"
    found = list(_strings(json.loads(path.read_text("utf-8"))))
    assert found, f"{path} holds nothing"
    return found


def own(name: str) -> list[Any]:
    """The cases of a list of ours, inside a test."""
    return _own(name)


def cases(name: str, *, longest: int | None = None) -> list[Any]:
    """The cases of a list of ours, for `parametrize`; without the folder one that skips aloud.

    An empty parametrisation would pass in silence: a list or a file that is missing stops the
    collection instead.
    """
    if not _is_there():
        return [pytest.param(*[None] * _WIDE.get(name, 1), marks=pytest.mark.skip(_absent()))]
    return [case for case in _own(name) if longest is None or len(case) <= longest]


# lists whose cases are pairs
_WIDE = {"identity": 2}


def _own(name: str) -> list[Any]:
    found = json.loads((data() / "own_lists.json").read_text("utf-8"))[name]["cases"]
    assert found, f"own_lists.json holds no case of {name}"
    return list(found)


def _is_there() -> bool:
    return (DATA / "upstream").is_dir()


def _absent() -> str:
    """What is said aloud when the folder is not there; in CI it is a failure."""
    message = f"attack inputs are absent: set ENGAGE_ATTACK_DATA (looked in {DATA})"
    if os.environ.get("CI") == "true" or os.environ.get("ENGAGE_CI") == "1":
        pytest.fail(message)
    print(f"\n!!! {message}", file=sys.__stderr__)
    return message


def script(name: str) -> ModuleType:
    """A script of the attack folder, imported."""
    spec = importlib.util.spec_from_file_location(name, data() / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def inputs() -> list[str]:
    """Every string of every list, once, in a stable order; placeholders made to fire."""
    fire = {
        "%js_alert%": "alert(1)",
        "%js_uri_alert%": "javascript:alert(1)",
        "%js_alert_only%": "alert(1)",
        "%js_alert_template%": "alert`1`",
        "%js_alert_entities%": "&#97;lert(1)",
        "%js_write%": "document.write(1)",
        "%html_alert_encoded%": "&lt;script&gt;alert(1)&lt;/script&gt;",
    }
    seen: dict[str, None] = {}
    for path in sorted((data() / "upstream").glob("*.json")):
        for text in _strings(json.loads(path.read_text(encoding="utf-8"))):
            seen[text] = None
            if "%" in text:
                armed = text
                for placeholder, shot in fire.items():
                    armed = armed.replace(placeholder, shot)
                seen[armed] = None
    assert seen, f"{DATA / 'upstream'} holds no list"
    return list(seen)
