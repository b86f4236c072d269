"""Uploads: what is taken, what it becomes, how it is kept and served."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import secrets
import socketserver
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import GifImagePlugin, Image, PngImagePlugin
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import create_environ, run_wsgi_app

from engage.core import clock, files, sniffing
from engage.core import storage as storages
from engage.core.db import db, transactional
from engage.core.errors import Invalid, Missing, Unavailable
from engage.core.files import StoredFile, harmless_name, store
from engage.core.storage import Bucket, Folder
from tests.core import attack

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-" + "TEST-FILE!$H+H*"


def png(width: int = 8, height: int = 6, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), 128 if mode == "L" else (32, 96, 160)).save(out, "PNG")
    return out.getvalue()


def sent(data: bytes, name: str, media_type: str = "application/octet-stream") -> FileStorage:
    return FileStorage(io.BytesIO(data), filename=name, content_type=media_type)


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Iterator[Folder]:
    kept = app.extensions.get("engage_storage")
    place = Folder(tmp_path / "files")
    storages.use(app, place)
    yield place
    if kept is None:
        app.extensions.pop("engage_storage", None)
    else:
        storages.use(app, kept)


def on_disk(folder: Folder) -> list[Path]:
    return [path for path in folder.root.rglob("*") if path.is_file()]


# --- the corpus -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    place = tmp_path_factory.mktemp("corpus")
    script = attack.data() / "upload_corpus.py"
    subprocess.run([sys.executable, str(script), str(place)], check=True, capture_output=True)
    return place, json.loads((place / "manifest.json").read_text("utf-8"))


def test_every_file_of_the_corpus_gets_what_its_manifest_expects(
    app: Flask, folder: Folder, corpus: tuple[Path, list[dict[str, Any]]]
):
    place, manifest = corpus
    assert len(manifest) >= 70
    wrong: list[str] = []
    for row in manifest:
        data = (place / row["file"]).read_bytes()
        before = len(on_disk(folder))
        try:
            file = store(
                sent(data, row["send_name"], row["send_type"]), purpose="attachment", actor=None
            )
        except Invalid as refusal:
            words = str(refusal.fields["file"])
            outcome = "reject" if len(words) > 20 else f"reject without words: {words}"
            outcome += "" if len(on_disk(folder)) == before else " but kept"
        else:
            kept = folder.read(file.key)
            assert file.size == len(kept)
            assert re.fullmatch(r"[0-9a-f]{40}", file.key)
            assert not re.search(r'[\x00-\x1f<>:"/\\|?*]', file.name), row
            outcome = "strip" if file.is_image else "attach"
            if file.is_image:
                _is_bare_picture(kept, row)
        expected = {"accept": "strip" if row["send_type"].startswith("image/") else "attach"}.get(
            row["expect"], row["expect"]
        )
        if row["file"] == "av.bin":
            expected = "attach"  # no scanner is configured here
        if outcome != expected:
            wrong.append(f"{row['file']} ({row['attack']}): {outcome}, not {expected}")
    assert wrong == []


def _is_bare_picture(data: bytes, row: dict[str, Any]) -> None:
    assert b"<script" not in data, row
    assert b"Exif" not in data, row
    assert b"PK\x05\x06" not in data, row
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert not picture.getexif(), row
        assert set(picture.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
            "background",
            "timestamp",
            "loop",
            "duration",
        }


def test_bombs_are_refused_before_they_are_unpacked(
    app: Flask,
    folder: Folder,
    corpus: tuple[Path, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
):
    """Decoding a refused picture would be the attack; so it must not begin."""

    def never(_self: Image.Image) -> None:
        raise AssertionError("unpacked")

    for reader in (PngImagePlugin.PngImageFile, GifImagePlugin.GifImageFile):
        monkeypatch.setattr(reader, "load", never)
    place, _manifest = corpus
    for name, sent_as in (
        ("bomb_px.png", "map.png"),
        ("lie_px.png", "map.png"),
        ("frames.gif", "x.gif"),
    ):
        with pytest.raises(Invalid) as refusal:
            store(sent((place / name).read_bytes(), sent_as), purpose="cover", actor=None)
        assert "pixels" in str(refusal.value.fields["file"])


# --- pictures ---------------------------------------------------------------------------


def test_a_picture_is_turned_upright_and_shrunk(app: Flask, folder: Folder):
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Camera of a resident"
    Image.new("RGB", (1200, 900), (10, 20, 30)).save(out, "JPEG", exif=exif)
    file = store(sent(out.getvalue(), "me.jpg"), purpose="logo", actor=None)
    assert (file.width, file.height) == (450, 600)
    assert b"Camera" not in folder.read(file.key)


def test_transparency_stays(app: Flask, folder: Folder):
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (1, 2, 3, 0)).save(out, "PNG")
    file = store(sent(out.getvalue(), "logo.png"), purpose="logo", actor=None)
    with Image.open(io.BytesIO(folder.read(file.key))) as picture:
        assert picture.convert("RGBA").getpixel((0, 0)) == (1, 2, 3, 0)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA", "I;16"])
def test_every_common_kind_of_pixel_is_understood(app: Flask, folder: Folder, mode: str):
    out = io.BytesIO()
    Image.new(mode, (5, 5)).save(out, "PNG")
    assert store(sent(out.getvalue(), "a.png"), purpose="cover", actor=None).is_image


def test_a_gif_becomes_its_first_picture(app: Flask, folder: Folder):
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(
        out, "GIF", save_all=True, append_images=[Image.new("RGB", (9, 9), (200, 0, 0))]
    )
    file = store(sent(out.getvalue(), "a.gif"), purpose="cover", actor=None)
    assert (file.type, file.name) == ("image/png", "a.png")


def test_an_ending_that_lies_is_told(app: Flask, folder: Folder):
    for data, name in (
        (png(), "a.pdf"),
        (png(), "a.jpg"),
        (b"%PDF-1.4\n", "a.docx"),
        (b"hello", "a.png"),
    ):
        with pytest.raises(Invalid):
            store(sent(data, name), purpose="attachment", actor=None)
    assert on_disk(folder) == []


def test_a_purpose_takes_only_what_fits_it(app: Flask, folder: Folder):
    with pytest.raises(Invalid, match="does not fit here"):
        store(sent(b"%PDF-1.4\n", "a.pdf"), purpose="cover", actor=None)


def test_a_file_over_its_limit_is_refused(app: Flask, folder: Folder):
    data = b"%PDF-1.4\n" + b"x" * files.PURPOSES["attachment"].max_bytes
    with pytest.raises(Invalid, match="too large"):
        store(sent(data, "a.pdf"), purpose="attachment", actor=None)
    assert on_disk(folder) == []


def test_two_gigabytes_are_refused_at_the_door(app: Flask):
    """The answer comes from the announced length; the body is never read."""

    class Endless(io.RawIOBase):
        def readinto(self, _buffer: Any) -> int:
            raise AssertionError("read")

    environ = create_environ(
        "/en/login", method="POST", content_type="multipart/form-data; boundary=x"
    )
    environ |= {"wsgi.input": Endless(), "CONTENT_LENGTH": str(2 << 30)}
    _body, status, _headers = run_wsgi_app(app.wsgi_app, environ)
    assert status.startswith("413")


# --- names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("photo.png", "photo.png"),
        (
            "Progetto citt\u00e0 \u2013 \u6e2f\u53e3.PNG",
            "Progetto citt\u00e0 \u2013 \u6e2f\u53e3.png",
        ),
        ("../../app/static/x.png", "x.png"),
        ("C:\\x.png", "x.png"),
        ("x.png\0.html", "x-png-html.png"),
        ("invoice\u202egnp.exe", "invoicegnp-exe.png"),
        ("x\r\nX-Injected: 1.png", "x_X-Injected_ 1.png"),
        ("=cmd|'/c calc'!A1.png", "c calc'!A1.png"),
        ("=1+1.png", "1+1.png"),
        ("CON", "CON-file.png"),
        ("", "file.png"),
        ("..", "file.png"),
        (".htaccess", "htaccess.png"),
        ("e\u0301.png", "\u00e9.png"),
        ("a" * 300 + ".png", "a" * 120 + ".png"),
    ],
)
def test_names_are_made_harmless(given: str, made: str):
    assert harmless_name(given, sniffing.PNG) == made


# --- serving ----------------------------------------------------------------------------


def test_a_picture_is_shown_and_anything_else_is_a_sealed_download(app: Flask, folder: Folder):
    picture = store(sent(png(), "quay.png"), purpose="cover", actor=None)
    paper = store(sent(b"%PDF-1.4\n<script>", "Plan \u6e2f.pdf"), purpose="attachment", actor=None)
    client = app.test_client()
    shown = client.get(f"/files/{picture.key}")
    assert shown.status_code == 200
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.data == folder.read(picture.key)
    taken = client.get(f"/files/{paper.key}")
    assert taken.headers["Content-Type"] == "application/pdf"
    assert taken.headers["Content-Disposition"] == (
        "attachment; filename=\"Plan .pdf\"; filename*=UTF-8''Plan%20%E6%B8%AF.pdf"
    )
    for answer in (shown, taken):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers


def test_a_file_the_browser_has_is_not_sent_again(app: Flask, folder: Folder):
    file = store(sent(png(), "quay.png"), purpose="cover", actor=None)
    client = app.test_client()
    tag = client.get(f"/files/{file.key}").headers["ETag"]
    again = client.get(f"/files/{file.key}", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head(f"/files/{file.key}").content_length == file.size


def test_unknown_and_hostile_keys_are_missing(app: Flask, folder: Folder):
    client = app.test_client()
    for key in ("x", "0" * 40, "..%2f..%2fetc%2fpasswd", "%00", "." * 40):
        assert client.get(f"/files/{key}").status_code == 404
    for text in attack.upstream("path_traversal"):
        with pytest.raises(Missing):
            folder.read(text)


def test_a_source_is_for_staff_only(app: Flask, folder: Folder):
    file = store(sent(b"# Plan", "plan.md"), purpose="source", actor=None)
    assert app.test_client().get(f"/files/{file.key}").status_code == 404


def test_forgetting_removes_row_and_bytes(app: Flask, folder: Folder):
    file = store(sent(png(), "quay.png"), purpose="cover", actor=None)
    files.forget(file, actor=None)
    assert on_disk(folder) == []
    assert db.session.scalar(select(func.count()).select_from(StoredFile)) == 0


# --- faults -----------------------------------------------------------------------------


def test_a_full_disk_is_said_and_leaves_nothing(
    app: Flask, folder: Folder, monkeypatch: pytest.MonkeyPatch
):
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storages.os, "fsync", full)
    with pytest.raises(Unavailable, match="could not keep your file"):
        store(sent(png(), "quay.png"), purpose="cover", actor=None)
    assert on_disk(folder) == []
    assert db.session.scalar(select(func.count()).select_from(StoredFile)) == 0
    monkeypatch.undo()
    assert store(sent(png(), "quay.png"), purpose="cover", actor=None).id


def test_bytes_without_a_row_are_swept_after_a_day(app: Flask, folder: Folder, frozen: Any):
    kept = store(sent(png(), "a.png"), purpose="cover", actor=None)
    folder.put("cd" + "0" * 38, b"left behind", "text/plain")
    (folder.root / "cd" / ".half.part").write_bytes(b"half")
    assert files.sweep() == 0
    with frozen(clock.now() + timedelta(days=2)):
        assert files.sweep() == 2
    assert [path.name for path in on_disk(folder)] == [kept.key]


# --- the virus scanner ------------------------------------------------------------------


class _Scanner(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        received = self.request.makefile("rb")
        assert received.read(10) == b"zINSTREAM\0"
        body = b""
        while length := struct.unpack(">I", received.read(4))[0]:
            body += received.read(length)
        found = b"EICAR-STANDARD-ANTIVIRUS" in body
        self.request.sendall(b"stream: Eicar-Test FOUND\0" if found else b"stream: OK\0")


@pytest.fixture
def scanner(app: Flask) -> Iterator[None]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Scanner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app.config["CLAMD_URL"] = f"tcp://127.0.0.1:{server.server_address[1]}"
        yield
        app.config.pop("CLAMD_URL")
        server.shutdown()


def test_a_configured_scanner_has_its_say(app: Flask, folder: Folder, scanner: None):
    with pytest.raises(Invalid, match="virus scanner"):
        store(sent(EICAR.encode(), "cv.txt"), purpose="attachment", actor=None)
    assert store(sent(b"plain words", "cv.txt"), purpose="attachment", actor=None).id


def test_a_scanner_that_is_away_lets_nothing_through(app: Flask, folder: Folder):
    app.config["CLAMD_URL"] = "tcp://127.0.0.1:1"
    try:
        with pytest.raises(Unavailable):
            store(sent(b"plain words", "cv.txt"), purpose="attachment", actor=None)
    finally:
        app.config.pop("CLAMD_URL")
    assert on_disk(folder) == []


# --- S3 ---------------------------------------------------------------------------------


@pytest.fixture
def bucket(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    boto3 = pytest.importorskip("boto3")
    from moto.server import ThreadedMotoServer

    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    name = f"engage-{port}-{secrets.token_hex(4)}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
    )
    place = storages.open_storage(f"s3://{name}/one/site", endpoint)
    assert isinstance(place, Bucket)
    kept = app.extensions.get("engage_storage")
    storages.use(app, place)
    yield place
    server.stop()
    app.extensions.pop("engage_storage", None)
    if kept is not None:
        storages.use(app, kept)


def test_a_bucket_keeps_files_as_a_folder_does(app: Flask, bucket: Bucket):
    file = store(sent(b"%PDF-1.4\n", "plan.pdf"), purpose="attachment", actor=None)
    answer = app.test_client().get(f"/files/{file.key}")
    assert answer.data == b"%PDF-1.4\n"
    assert answer.headers["Content-Disposition"] == "attachment; filename=plan.pdf"
    bucket.check()
    assert list(bucket.written_before(clock.now() + timedelta(days=2))) == [file.key]
    assert list(bucket.written_before(clock.now() - timedelta(days=2))) == []
    files.forget(file, actor=None)
    with pytest.raises(Missing):
        bucket.read(file.key)
    with pytest.raises(OSError, match="does not answer"):
        storages.open_storage("s3://not-there", bucket._client.meta.endpoint_url).check()


def test_a_bucket_that_is_gone_is_said(app: Flask, bucket: Bucket):
    lost = storages.open_storage("s3://not-there", bucket._client.meta.endpoint_url)
    storages.use(app, lost)
    with pytest.raises(Unavailable):
        store(sent(png(), "a.png"), purpose="cover", actor=None)


def test_the_row_follows_the_transaction(app: Flask, folder: Folder):
    def fail_later() -> None:
        with transactional():
            store(sent(png(), "a.png"), purpose="cover", actor=None)
            raise RuntimeError("something failed later")

    with pytest.raises(RuntimeError, match="later"):
        fail_later()
    assert db.session.scalar(select(func.count()).select_from(StoredFile)) == 0
