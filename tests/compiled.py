"""Templates compiled once in a process, for every application and every server its tests make."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache

# what is kept belongs to the source it was made of: a template that changes is compiled anew
FOLDER = Path(tempfile.mkdtemp(prefix="engage-templates-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def share_with(app: Flask) -> None:
    """Let an application of this process use them."""
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(FOLDER))


def share_with_server(data: Path) -> None:
    """Let a server on this data folder use them: it looks where it would have left its own."""
    place = data / "run" / "templates"
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not place.exists():
        place.symlink_to(FOLDER)
