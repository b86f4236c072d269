"""One live site and one Chromium for all browser tests of a worker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Site:
    """Where the live site answers, the session of each reader, and the pages of each."""

    url: str
    cookies: dict[str, dict[str, str]]
    pages: dict[str, list[str]]


@pytest.fixture(scope="session", autouse=True)
def chromium_path() -> str:
    """The browser, under either of the names scripts/test.sh knows; asked for first of all."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing = "NO BROWSER WAS TRIED: Chromium is not installed (apt-get install chromium)"
        if os.environ.get("ENGAGE_CI") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with (folder / "errors.log").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.site", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout
        assert process.stdin
        line = process.stdout.readline()
        if not line:
            process.wait(10)
            pytest.fail(
                "the live site did not start:\n" + (folder / "errors.log").read_text()[-4000:]
            )
        yield Site(**json.loads(line))
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture(scope="package")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


class Window:
    """A browser window of one reader that notes whatever it should not hear or ask."""

    def __init__(
        self,
        browser: Browser,
        site: Site,
        reader: str,
        *,
        width: int,
        scheme: str,
        height: int = 900,
        scripts: bool = True,
    ) -> None:
        self.site = site
        self.said: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            locale="en-GB",
        )
        self.context.add_cookies(
            [
                {"name": name, "value": value, "url": site.url}
                for name, value in site.cookies[reader].items()
            ]
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(f"script error: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        own = (self.page.url, f"{self.site.url}/favicon.ico")
        is_the_page = message.text.startswith("Failed to load resource") and where in own
        # a page that says no answers 4xx on purpose, and Chromium asks for an icon of its own accord
        if message.type in {"error", "warning"} and not is_the_page:
            self.said.append(f"console {message.type}: {message.text} {where}")

    def _request(self, request: object) -> None:
        if not request.url.startswith((self.site.url, "data:", "blob:", "about:")):  # type: ignore[attr-defined]
            self.said.append(f"asked another origin: {request.url}")  # type: ignore[attr-defined]

    def _response(self, response: object) -> None:
        if response.status >= 500:  # type: ignore[attr-defined]
            self.said.append(f"{response.status} from {response.url}")  # type: ignore[attr-defined]

    def heard(self) -> list[str]:
        """What was noted since the last call."""
        said, self.said = self.said, []
        return said

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def window(chromium: Browser, site: Site) -> Iterator[object]:
    """`window("author", width=320, scheme="dark")` opens a window; all are closed at the end."""
    opened: list[Window] = []

    def open_window(
        reader: str = "anonymous", *, width: int = 1280, scheme: str = "light"
    ) -> Window:
        opened.append(Window(chromium, site, reader, width=width, scheme=scheme))
        return opened[-1]

    yield open_window
    for one in opened:
        one.close()
