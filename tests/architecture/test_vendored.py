"""What we took from others is listed, unchanged, and comes with its licence."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from tests.architecture.source import STATIC

pytestmark = pytest.mark.pure

VENDOR = STATIC / "vendor"


def manifest() -> dict[str, str]:
    """File below static/vendor -> its sha384 as in a subresource-integrity attribute."""
    listed = json.loads((VENDOR / "manifest.json").read_text())
    return {
        name: digest for library in listed.values() for name, digest in library["files"].items()
    }


def test_files_are_what_the_manifest_says() -> None:
    wrong = []
    for name, promised in manifest().items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        if promised.removeprefix("sha384-") not in {
            base64.b64encode(digest).decode(),
            digest.hex(),
        }:
            wrong.append(name)
    assert not wrong, wrong


def test_every_file_is_listed() -> None:
    there = {
        p.relative_to(VENDOR).as_posix()
        for p in VENDOR.rglob("*")
        if p.is_file() and p.suffix in {".js", ".css", ".mjs"}
    }
    assert there == {name for name in manifest() if name.endswith((".js", ".css", ".mjs"))}


def test_every_library_names_its_version_source_and_licence() -> None:
    listed = json.loads((VENDOR / "manifest.json").read_text())
    for name, library in listed.items():
        assert all(library[fact] for fact in ("version", "source", "licence")), name
        assert (VENDOR / library["licence_file"]).is_file(), f"{name}: no licence text"
        assert all(library["version"] in path for path in library["files"]), (
            f"{name}: version not in its path"
        )
