"""Photograph the demonstration for the README: `make pictures` writes docs/images/*.png."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
IMAGES = ROOT / "docs" / "images"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# name, path, width, height, colours, who looks (a name on the sign-in page, or nobody)
SHOTS = (
    ("home", "/en/", 1280, 900, "light", ""),
    ("home-phone-dark-fr", "/fr/", 390, 844, "dark", ""),
    ("consultation", "/en/consultations/3", 1280, 900, "light", ""),
    ("plan", "/en/consultations/3/documents/3?chapter=5", 1280, 900, "light", "Léa Fournier"),
    ("plan-phone", "/en/consultations/3/documents/3?chapter=5", 390, 844, "light", ""),
    ("changes", "/en/consultations/3/documents/3/changes?from=1&to=2", 1280, 900, "light", ""),
    ("ideas", "/en/ideas?call=1", 1280, 900, "light", ""),
    ("idea", "/en/ideas/3", 1280, 900, "light", ""),
    ("trail", "/en/me/trail", 1280, 900, "light", "Léa Fournier"),
    ("moderation", "/en/office/moderation", 1280, 900, "light", "Mireille Dubois"),
    ("desk-dark", "/en/office/", 1280, 900, "dark", "Olivier Caron"),
)


@contextmanager
def site() -> Iterator[str]:
    """The demonstration on a free loopback port, in a folder of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ENGAGE_")}
        env = {**kept, "ENGAGE_DATA_DIR": folder, "PORT": str(port), "FLASK_APP": "wsgi"}
        for words in (["db", "upgrade"], ["demo", "load"]):
            subprocess.run([BIN / "flask", *words], cwd=ROOT, env=env, check=True)
        server = subprocess.Popen(
            [
                BIN / "granian",
                "--interface",
                "wsgi",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--workers",
                "1",
                "--blocking-threads",
                "4",
                "wsgi:app",
            ],
            cwd=ROOT,
            env=env,
        )
        base = f"http://127.0.0.1:{port}"
        try:
            _wait(base)
            yield base
        finally:
            server.terminate()
            server.wait(15)


def _wait(base: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(base + "/healthz", timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the site did not start")


def photograph(browser: Browser, base: str) -> None:
    for name, path, width, height, colours, who in SHOTS:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=colours
        )
        page = context.new_page()
        if who:
            page.goto(base + "/en/login")
            page.locator(f"li:has-text('{who}') button").click()
            page.wait_for_load_state()
        answer = page.goto(base + path)
        if answer is None or answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status if answer else 'nothing'}")
        if name == "plan":
            page.locator(".para a[href*='/comments/threads/']").first.click()
            page.wait_for_load_state("networkidle")
        page.screenshot(path=IMAGES / f"{name}.png")
        context.close()
        print(name)


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with site() as base, sync_playwright() as play:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        photograph(browser, base)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
