"""What we took from others is listed, unchanged, and comes with its licence."""

from __future__ import annotations

import base64
import hashlib
import json

from tests.architecture.source import STATIC

VENDOR = STATIC / "vendor"


def manifest() -> dict[str, str]:
    """File below static/vendor -> its sha384 as in a subresource-integrity attribute."""
    listed = json.loads((VENDOR / "manifest.json").read_text())
    return {name: entry if isinstance(entry, str) else entry["sha384"] for name, entry in listed.items()}


def test_files_are_what_the_manifest_says() -> None:
    wrong = []
    for name, promised in manifest().items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        if promised.removeprefix("sha384-") not in {base64.b64encode(digest).decode(), digest.hex()}:
            wrong.append(name)
    assert not wrong, wrong


def test_every_file_is_listed() -> None:
    there = {
        p.relative_to(VENDOR).as_posix()
        for p in VENDOR.rglob("*")
        if p.is_file() and p.suffix in {".js", ".css", ".mjs"}
    }
    assert there == {name for name in manifest() if name.endswith((".js", ".css", ".mjs"))}


def test_every_folder_has_its_version_and_licence() -> None:
    for folder in VENDOR.iterdir():
        if folder.is_dir():
            assert any(c.isdigit() for c in folder.name), f"{folder.name} names no version"
            assert any(p.name.upper().startswith("LICEN") for p in folder.iterdir()), f"{folder.name}: no licence"
