"""Real votes kept beside the project: where they are, and what to do without them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("ENGAGE_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")


def path(name: str) -> Path:
    """A file of real votes. Absent: skipped aloud here, a failure in CI."""
    if (DATA / "voting").is_dir():
        return DATA / "voting" / name
    message = f"real votes are absent: set ENGAGE_TEST_DATA (looked in {DATA})"
    if os.environ.get("CI") == "true" or os.environ.get("ENGAGE_CI") == "1":
        pytest.fail(message)
    print(f"\n!!! {message}", file=sys.__stderr__)
    pytest.skip(message)


def loaded(name: str) -> Any:
    """What a file of JSON holds; one of .jsonl as a list of its lines."""
    text = path(name).read_text("utf-8")
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)
