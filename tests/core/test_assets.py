"""Static files: addresses follow content, bundles, encodings, caching."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from werkzeug.test import Client

from engage.core.assets import Assets, StaticFront, best_encoding, squeezed

pytestmark = pytest.mark.pure


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "css/bundles.json": json.dumps({"public": ["tokens.css", "components/card.css"]}),
        "css/tokens.css": "/* ink */ :root { --ink: #123; }\n",
        "css/components/card.css": ".card { background: url('../../img/quay.svg#top'); }",
        "js/main.js": 'import { start } from "./behaviours/theme.js";\nstart();\n',
        "js/behaviours/theme.js": 'import "../dom.js";\nexport function start() {}\n' + "//" * 200,
        "js/dom.js": "export const here = 1;\n",
        "img/quay.svg": "<svg xmlns='http://www.w3.org/2000/svg'>" + " " * 400 + "</svg>",
        ".secret": "no",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def front(tree: Path) -> Client:
    def missing(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return [b"from the application"]

    return Client(StaticFront(missing, Assets(tree)))


def test_an_address_changes_with_the_content_only(tree: Path) -> None:
    before = Assets(tree).url("css/tokens.css")
    assert Assets(tree).url("css/tokens.css") == before
    (tree / "css/tokens.css").write_text(":root { --ink: #124; }")
    assert Assets(tree).url("css/tokens.css") != before


def test_scripts_share_one_hash_so_that_relative_imports_resolve(tree: Path) -> None:
    assets = Assets(tree)
    main, theme = assets.url("js/main.js"), assets.url("js/behaviours/theme.js")
    assert main.split("/")[2] == theme.split("/")[2]
    (tree / "js/dom.js").write_text("export const here = 2;\n")
    assert Assets(tree).url("js/main.js") != main


def test_module_urls_follow_imports(tree: Path) -> None:
    names = [url.split("/", 3)[3] for url in Assets(tree).module_urls("js/main.js")]
    assert names == ["js/behaviours/theme.js", "js/dom.js"]


def test_a_bundle_is_its_files_with_absolute_urls(tree: Path) -> None:
    assets = Assets(tree)
    body = assets.get("css/public.bundle.css")
    assert body is not None
    picture = assets.url("img/quay.svg")
    assert (
        body.body.decode()
        == f':root{{--ink: #123}}.card{{background: url("{picture}#top")}}'.replace("}", ";}")
    )
    assert assets.get("css/nobody.bundle.css") is None


def test_a_name_nobody_made_fails_where_it_is_written(tree: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Assets(tree).url("css/absent.css")


def test_a_current_address_is_kept_for_ever_an_old_one_shortly(tree: Path) -> None:
    client = front(tree)
    address = Assets(tree).url("js/main.js")
    current = client.get(address)
    assert current.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert current.headers["Content-Type"] == "text/javascript; charset=utf-8"
    old = client.get("/static/000000000000/js/main.js")
    assert old.status_code == 200
    assert "immutable" not in old.headers["Cache-Control"]
    bare = client.get("/static/js/main.js")
    assert bare.status_code == 200
    assert "immutable" not in bare.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("accepts", "encoding", "unpack"),
    [("gzip, br", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)],
)
def test_text_is_sent_compressed(tree: Path, accepts: str, encoding: str, unpack: Any) -> None:
    answer = front(tree).get("/static/js/behaviours/theme.js", headers={"Accept-Encoding": accepts})
    assert answer.headers["Content-Encoding"] == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert unpack(answer.data) == (tree / "js/behaviours/theme.js").read_bytes()


def test_a_known_etag_answers_304_without_a_body(tree: Path) -> None:
    client = front(tree)
    first = client.get("/static/img/quay.svg")
    again = client.get("/static/img/quay.svg", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "sandbox" in first.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "../conftest.py",
        "css/../../etc/passwd",
        ".secret",
        "css",
        "absent.css",
        "a\x00b",
        "/etc/passwd",
    ],
)
def test_nothing_outside_the_tree_is_served(tree: Path, path: str) -> None:
    assert Assets(tree).get(path) is None


def test_a_path_outside_falls_through_to_the_application(tree: Path) -> None:
    assert front(tree).get("/static/absent.css").data == b"from the application"
    assert front(tree).post("/static/js/main.js").status_code == 404


def test_people_who_edit_see_their_change(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engage.core.assets.LOOK_EVERY", 0)
    assets = Assets(tree, watch=True)
    before = assets.url("css/public.bundle.css")
    (tree / "css/tokens.css").write_text(":root { --ink: #999999; }")
    assert assets.url("css/public.bundle.css") != before


@pytest.mark.parametrize(
    ("css", "short"),
    [
        ("a  >  b { color : red ; }", "a > b{color : red;}"),
        ('i::after { content: "  /* kept */  "; }', 'i::after{content: "  /* kept */  ";}'),
        ("a{b:url( x y.png )}", "a{b:url( x y.png )}"),
        ("a /* gone */ b{}", "a b{}"),
        ("@media (width < 40rem) { a :hover { b: calc(1px + 2px) } }", None),
    ],
)
def test_squeezing_keeps_meaning(css: str, short: str | None) -> None:
    made = squeezed(css)
    if short is None:
        assert made == "@media (width < 40rem){a :hover{b: calc(1px + 2px)}}"
    else:
        assert made.replace("  ", " ") == short.replace("  ", " ")


@pytest.mark.parametrize(
    ("accepts", "chosen"),
    [
        ("", "identity"),
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, gzip;q=0", "identity"),
    ],
)
def test_best_encoding(accepts: str, chosen: str) -> None:
    assert best_encoding(accepts) == chosen


@pytest.mark.parametrize("path", ["/static/js/main.js", "/static/img/quay.svg"])
def test_files_carry_what_every_answer_carries(tree: Path, path: str) -> None:
    plain = front(tree).get(path)
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in plain.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in plain.headers
    secure = front(tree).get(path, base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    known = {"If-None-Match": secure.headers["ETag"]}
    again = front(tree).get(path, base_url="https://localhost", headers=known)
    assert again.status_code == 304
    assert again.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_a_drawing_opened_by_its_address_is_sealed(tree: Path) -> None:
    policy = front(tree).get("/static/img/quay.svg").headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy


def test_the_icon_browsers_ask_for_unasked(app: Flask) -> None:
    answer = app.test_client().get("/favicon.ico")
    assert answer.status_code == 200
    assert answer.content_type.startswith("image/svg+xml")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert b"<svg" in answer.data
