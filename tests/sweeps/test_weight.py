"""Pages stay light: what a phone on a bad network has to fetch before it can read."""

from __future__ import annotations

import gzip
from urllib.parse import urljoin

from flask import Flask

from tests.pages import Page, PageClient
from tests.sweeps.test_access_matrix import address
from tests.sweeps.world import build, cases, readable

KILOBYTE = 1024
SCRIPTS_AND_STYLES = 30 * KILOBYTE
HTML = 20 * KILOBYTE
HTML_WITH_COMMENTS = 30 * KILOBYTE
MANY_COMMENTS = ("comments.", "consultations.document")


def weight(body: bytes) -> int:
    return len(gzip.compress(body, 6))


def assets_of(page: Page) -> set[str]:
    scripts = [e.get("src") for e in page.select("script[src]")]
    styles = [
        e.get("href") for e in page.select('link[rel="stylesheet"], link[rel="modulepreload"]')
    ]
    return {urljoin(page.url, a) for a in scripts + styles if a}


def test_public_pages_keep_to_the_budget(app: Flask, client: PageClient) -> None:
    world = build(rows=30)
    known: dict[str, int] = {}
    wrong = []
    for rule in readable(app):
        if app.view_functions[rule.endpoint].access_mark.gate != "public":  # type: ignore[attr-defined]
            continue
        for case in cases(rule, world):
            page = client.get(address(app, rule.endpoint, case), offsite=True)
            if page.status != 200 or not page.is_html:
                continue
            assets = assets_of(page)
            for asset in assets - known.keys():
                answer = client.http.get(asset)
                assert answer.status_code == 200, f"{asset} answers {answer.status_code}"
                known[asset] = weight(answer.get_data())
            total = sum(known[a] for a in assets)
            if total > SCRIPTS_AND_STYLES:
                heavy = sorted(((known[a], a) for a in assets), reverse=True)[:4]
                wrong.append(f"{page.url}: {total} bytes of scripts and styles; heaviest {heavy}")
            limit = HTML_WITH_COMMENTS if rule.endpoint.startswith(MANY_COMMENTS) else HTML
            if (size := weight(page.response.get_data())) > limit:
                wrong.append(f"{page.url}: {size} bytes of HTML")
    assert not wrong, "\n".join(wrong)


def test_everything_a_page_names_is_there(app: Flask, client: PageClient) -> None:
    """Style sheets, scripts, icons and pictures answer 200, can be kept for long and are not text/html."""
    world = build()
    wanted: dict[str, str] = {}
    for rule in readable(app):
        for case in cases(rule, world)[:1]:
            page = client.get(address(app, rule.endpoint, case), offsite=True)
            if page.status == 200 and page.is_html:
                for element in page.select("[src], link[href]"):
                    name = element.get("src") or element.get("href") or ""
                    if element.get("rel") not in {"canonical", "alternate"} and not name.startswith(
                        "data:"
                    ):
                        wanted.setdefault(urljoin(page.url, name), page.url)
    wrong = []
    for asset, seen_on in wanted.items():
        answer = client.http.get(asset)
        if answer.status_code != 200:
            wrong.append(f"{asset} (on {seen_on}) answers {answer.status_code}")
        elif "/static/" in asset and "max-age=31536000" not in answer.headers.get(
            "Cache-Control", ""
        ):
            wrong.append(f"{asset} cannot be kept: {answer.headers.get('Cache-Control')!r}")
    assert not wrong, "\n".join(wrong)
