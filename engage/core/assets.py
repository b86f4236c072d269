"""Static files: addresses that change with the content, kept by browsers for a year.

`asset_url("css/public.css")` is `/static/<hash>/css/public.css`. The hash stands before the path,
so that ES modules may import each other relatively: all scripts share the hash of the whole tree,
and a change to one gives all of them new addresses together. `css_bundle("public")` is one file
made of those that `static/css/bundles.json` lists. Bodies are compressed once, then kept in
memory. There is no build step.
"""

import gzip
import hashlib
import json
import mimetypes
import posixpath
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
from flask import Flask, current_app
from werkzeug.http import parse_accept_header, parse_etags

from engage.core.security import BARE_POLICY, front_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/static/"
# what browsers and feed readers ask for that have not read a page
_UNASKED = {"/favicon.ico": "img/favicon.svg"}
# somebody who opens a drawing by its address gets a picture, not a page
_DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_FOREVER = "public, max-age=31536000, immutable"
_SHORTLY = "public, max-age=300"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".ico": "image/x-icon",
}
_COMPRESSIBLE = (".css", ".js", ".mjs", ".svg", ".json", ".webmanifest", ".txt", ".html", ".ico")
_BUNDLE = ".bundle.css"
LOOK_EVERY = 1.0  # seconds, where files are watched
_SCRIPTS = (".js", ".mjs")
_MODULE_IMPORT = re.compile(r"""^\s*(?:import|export)\b[^"';]*["'](\.{1,2}/[^"']+)["']""", re.M)
_CSS_URL = re.compile(r"""url\(\s*(["']?)(?!data:|https?:|/|#)([^"')]+)\1\s*\)""")
_CSS_TOKEN = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\([^)]*\))|/\*.*?\*/|\s+""", re.DOTALL
)
_CSS_EDGES = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\([^)]*\))|\s*([{};,])\s*""")


def digest(*parts: bytes) -> str:
    """Twelve letters that stand for the content."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()[:12]


def squeezed(css: str) -> str:
    """CSS without comments and needless white space."""
    css = _CSS_TOKEN.sub(lambda m: m.group(1) or ("" if m.group().startswith("/*") else " "), css)
    return _CSS_EDGES.sub(lambda m: m.group(1) or m.group(2), css).strip()


@dataclass
class Asset:
    """One servable file: its bytes, plain and compressed."""

    path: str
    body: bytes
    hash: str
    quality: int
    _made: dict[str, bytes] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        suffix = Path(self.path).suffix
        return (
            _TYPES.get(suffix) or mimetypes.guess_type(self.path)[0] or "application/octet-stream"
        )

    def encoded(self, encoding: str) -> bytes:
        """The body as `br`, `gzip` or `identity`."""
        if encoding == "identity":
            return self.body
        if encoding not in self._made:
            self._made[encoding] = (
                brotli.compress(self.body, quality=self.quality)
                if encoding == "br"
                else gzip.compress(self.body, min(self.quality, 9), mtime=0)
            )
        return self._made[encoding]

    def best(self, accepts: str) -> str:
        """The encoding to answer with."""
        if len(self.body) < 256 or not self.path.endswith(_COMPRESSIBLE):
            return "identity"
        return best_encoding(accepts)


def best_encoding(accepts: str) -> str:
    """`br`, `gzip` or `identity`, by an Accept-Encoding header."""
    if "q=0" in accepts:  # rare: somebody forbids or ranks
        wanted = parse_accept_header(accepts)
        return next((name for name in ("br", "gzip") if wanted.quality(name) > 0), "identity")
    if "br" in accepts:
        return "br"
    return "gzip" if "gzip" in accepts else "identity"


class Assets:
    """The static tree. `watch`: look for changes at each call, for people who edit it."""

    def __init__(self, root: Path, *, watch: bool = False) -> None:
        self.root = root.resolve()
        self.watch = watch
        self._kept: dict[str, Asset] = {}
        self._tree: str | None = None
        self._urls: dict[str, str] = {}
        self._seen: tuple[int, int] = (0, 0)
        self._looked_at = 0.0
        self._mutex = threading.RLock()

    def get(self, path: str) -> Asset | None:
        """The file at a path relative to the tree, None when there is none."""
        with self._mutex:
            if self.watch:
                self._forget_if_changed()
            if path not in self._kept:
                body = self._read(path)
                if body is None:
                    return None
                name = self._script_hash() if path.endswith(_SCRIPTS) else digest(body)
                self._kept[path] = Asset(path, body, name, quality=5 if self.watch else 11)
            return self._kept[path]

    def url(self, path: str) -> str:
        """The address of a file. Raises FileNotFoundError for a name nobody made."""
        if self.watch:
            self._forget_if_changed()
        url = self._urls.get(path)
        if url is None:
            asset = self.get(path)
            if asset is None:
                raise FileNotFoundError(f"static/{path}")
            url = self._urls[path] = f"{PREFIX}{asset.hash}/{path}"
        return url

    def bundle_url(self, name: str) -> str:
        """The address of a bundle of style sheets."""
        return self.url(f"css/{name}{_BUNDLE}")

    def module_urls(self, path: str) -> list[str]:
        """The addresses of the modules a script imports, those of its imports too."""
        found: dict[str, None] = {}

        def follow(at: str) -> None:
            asset = self.get(at)
            if asset is None:
                return
            for match in _MODULE_IMPORT.finditer(asset.body.decode()):
                name = posixpath.normpath(posixpath.join(posixpath.dirname(at), match.group(1)))
                if name not in found and name != path:
                    found[name] = None
                    follow(name)

        follow(path)
        return [self.url(name) for name in found]

    def _file(self, path: str) -> Path | None:
        try:
            place = (self.root / path).resolve()
            is_ours = place.is_relative_to(self.root) and place.is_file()
        except (OSError, ValueError):  # a name no file system would take
            return None
        return place if is_ours and not place.name.startswith(".") else None

    def _read(self, path: str) -> bytes | None:
        if "\x00" in path or len(path) > 300:
            return None
        if path.endswith(".css") and not path.startswith("vendor/"):
            css = self._style(path)
            return None if css is None else squeezed(css).encode()
        place = self._file(path)
        return None if place is None else place.read_bytes()

    def _style(self, path: str) -> str | None:
        """A style sheet with its urls made absolute; a bundle is the files it lists."""
        if path.startswith("css/") and path.endswith(_BUNDLE):
            names = self._bundles().get(path[4 : -len(_BUNDLE)])
            if names is None:
                return None
            parts = []
            for name in names:
                part = self._style(f"css/{name}")
                if part is None:
                    raise FileNotFoundError(f"static/css/{name}, named in static/css/bundles.json")
                parts.append(part)
            return "\n".join(parts)
        place = self._file(path)
        if place is None:
            return None

        def absolute(found: re.Match[str]) -> str:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(path), found.group(2)))
            name, mark, rest = name.partition("#")
            return f'url("{self.url(name)}{mark}{rest}")'

        return _CSS_URL.sub(absolute, place.read_text())

    def _bundles(self) -> dict[str, list[str]]:
        listed: dict[str, list[str]] = json.loads((self.root / "css/bundles.json").read_text())
        return listed

    def _script_hash(self) -> str:
        if self._tree is None:
            scripts = sorted(path for path in self.root.rglob("*") if path.suffix in _SCRIPTS)
            parts: list[bytes] = []
            for path in scripts:
                parts += [str(path.relative_to(self.root)).encode(), path.read_bytes()]
            self._tree = digest(*parts)
        return self._tree

    def _forget_if_changed(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        times = [path.stat().st_mtime_ns for path in self.root.rglob("*") if path.is_file()]
        seen = (len(times), max(times, default=0))
        if seen != self._seen:
            self._seen, self._tree = seen, None
            self._kept.clear()
            self._urls.clear()


class StaticFront:
    """Answers /static/ before the application is entered."""

    def __init__(self, inner: "WSGIApplication", assets: Assets) -> None:
        self.inner = inner
        self.assets = assets

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        path = PREFIX + _UNASKED[path] if path in _UNASKED else path
        method = environ["REQUEST_METHOD"]
        if not path.startswith(PREFIX) or method not in ("GET", "HEAD"):
            return self.inner(environ, start_response)
        rest = path[len(PREFIX) :]
        given, _, inside = rest.partition("/")
        asset = self.assets.get(inside) if len(given) == 12 and inside else None
        is_current = asset is not None and asset.hash == given
        asset = asset or self.assets.get(rest)
        if asset is None:
            return self.inner(environ, start_response)
        return _answer(environ, start_response, asset, is_current=is_current)


def _answer(
    environ: "WSGIEnvironment", start_response: "StartResponse", asset: Asset, *, is_current: bool
) -> Iterable[bytes]:
    encoding = asset.best(environ.get("HTTP_ACCEPT_ENCODING", ""))
    etag = f"{digest(asset.body)}-{encoding}"
    headers = [
        ("Cache-Control", _FOREVER if is_current else _SHORTLY),
        ("ETag", f'"{etag}"'),
        ("Vary", "Accept-Encoding"),
        *front_headers(
            environ.get("wsgi.url_scheme", "http"),
            _DRAWING_POLICY if asset.path.endswith(".svg") else BARE_POLICY,
        ),
    ]
    if parse_etags(environ.get("HTTP_IF_NONE_MATCH")).contains_weak(etag):
        start_response("304 Not Modified", headers)
        return []
    body = asset.encoded(encoding)
    headers += [("Content-Type", asset.content_type), ("Content-Length", str(len(body)))]
    if encoding != "identity":
        headers.append(("Content-Encoding", encoding))
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def register(app: Flask) -> None:
    """Serve static/ and give templates `asset_url`, `css_bundle` and `module_urls`."""
    assets = Assets(Path(app.root_path) / "static", watch=app.config["NAME"] == "development")
    app.extensions["engage_assets"] = assets
    app.wsgi_app = StaticFront(app.wsgi_app, assets)  # type: ignore[method-assign]
    app.jinja_env.globals.update(
        asset_url=assets.url, css_bundle=assets.bundle_url, module_urls=assets.module_urls
    )


def asset_url(path: str) -> str:
    """The fingerprinted address of a static file, for Python code."""
    assets: Assets = current_app.extensions["engage_assets"]
    return assets.url(path)
