"""Templates compiled once, for every application and every server the tests of a run make.

The processes that share a run, and both runs of scripts/check.py, find what the first has compiled.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache

# what is kept belongs to the source it was made of: a template that changes is compiled anew
SAID_BY = "TESTS_COMPILED"  # whoever made the folder tells the processes it starts, and removes it
if SAID_BY in os.environ:
    FOLDER = Path(os.environ[SAID_BY])
else:
    FOLDER = Path(tempfile.mkdtemp(prefix="engage-templates-"))
    os.environ[SAID_BY] = str(FOLDER)
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
