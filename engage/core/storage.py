"""Where the bytes of files lie: a local folder, or an S3 bucket, by setting."""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from flask import Flask, current_app

from engage.core.errors import Missing, Unavailable
from engage.core.i18n import _l

_CHUNK = 256 * 1024


class Storage(Protocol):
    """Keys are our own random names; a key holds all of its bytes or is not there."""

    def put(self, key: str, data: bytes, media_type: str) -> None: ...
    def stream(self, key: str) -> Iterator[bytes]: ...
    def read(self, key: str) -> bytes: ...
    def delete(self, key: str) -> None: ...
    def check(self) -> None: ...
    def discard(self, name: str) -> None: ...
    def written_before(self, instant: datetime) -> Iterator[str]: ...


class Folder:
    """A folder on this machine. A file appears under its name only when it is whole and on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, key: str) -> Path:
        # keys are made by us, and what comes back in an address must look like one
        if not key or not all(c.isascii() and (c.isalnum() or c in "-_") for c in key):
            raise Missing
        return self.root / key[:2] / key

    def discard(self, name: str) -> None:
        """Remove whatever `written_before` named, wherever it lies."""
        for path in self.root.glob(f"??/{glob.escape(name)}"):
            path.unlink(missing_ok=True)

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Write all of it or nothing. Raises Unavailable when the disk refuses."""
        path = self._path(key)
        half = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            with half.open("xb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            half.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            half.unlink(missing_ok=True)
            current_app.logger.error("file storage refused a write: %s", error.strerror)
            raise Unavailable(
                _l("We could not keep your file: our storage is full or not working."), wait=60
            ) from error

    def stream(self, key: str) -> Iterator[bytes]:
        """The bytes, in pieces. Raises Missing."""
        try:
            handle = self._path(key).open("rb")
        except OSError as error:
            raise Missing from error

        def pieces() -> Iterator[bytes]:
            with handle:
                while piece := handle.read(_CHUNK):
                    yield piece

        return pieces()

    def read(self, key: str) -> bytes:
        """All bytes. Raises Missing."""
        return b"".join(self.stream(key))

    def delete(self, key: str) -> None:
        """Forget it; no error when it is gone already."""
        self._path(key).unlink(missing_ok=True)

    def written_before(self, instant: datetime) -> Iterator[str]:
        """Names of what was last written before `instant`, half-written parts included."""
        for path in self.root.glob("??/*"):
            # gone meanwhile: somebody else cleaned up
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < instant.timestamp():
                    yield path.name

    def check(self) -> None:
        """Raise OSError when nothing could be written here."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o750)
        probe = self.root / f".{secrets.token_hex(8)}.probe"
        try:
            probe.write_bytes(b"probe")
        finally:
            probe.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Bucket:
    """A private S3 bucket; readers never see its addresses."""

    def __init__(self, name: str, prefix: str, endpoint: str | None) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise RuntimeError("ENGAGE_FILES_URL names an S3 bucket: install engage[s3]") from error
        self._refusals: tuple[type[Exception], ...] = (BotoCoreError, ClientError)
        self.name = name
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        patience = Config(
            connect_timeout=3, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"}
        )
        self._client: Any = boto3.client("s3", endpoint_url=endpoint, config=patience)

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """One request: S3 shows an object only when it is whole. Raises Unavailable."""
        try:
            self._client.put_object(
                Bucket=self.name, Key=self.prefix + key, Body=data, ContentType=media_type
            )
        except self._refusals as error:
            current_app.logger.error("file storage refused a write: %s", type(error).__name__)
            raise Unavailable(
                _l("We could not keep your file: our storage is full or not working."), wait=60
            ) from error

    def stream(self, key: str) -> Iterator[bytes]:
        """The bytes, in pieces. Raises Missing, or Unavailable when the store is away."""
        try:
            answer = self._client.get_object(Bucket=self.name, Key=self.prefix + key)
        except self._refusals as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            if code in {"NoSuchKey", "404"}:
                raise Missing from error
            raise Unavailable(_l("We cannot reach our file storage right now.")) from error
        pieces: Iterator[bytes] = answer["Body"].iter_chunks(_CHUNK)
        return pieces

    def read(self, key: str) -> bytes:
        """All bytes. Raises Missing or Unavailable."""
        return b"".join(self.stream(key))

    def delete(self, key: str) -> None:
        """Forget it; no error when it is gone already."""
        self._client.delete_object(Bucket=self.name, Key=self.prefix + key)

    def discard(self, name: str) -> None:
        """Remove what `written_before` named."""
        self.delete(name)

    def written_before(self, instant: datetime) -> Iterator[str]:
        """Names of what was last written before `instant`."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=self.prefix):
            for item in page.get("Contents", ()):
                if item["LastModified"] < instant:
                    yield item["Key"].removeprefix(self.prefix)

    def check(self) -> None:
        """Raise OSError when the bucket does not answer."""
        try:
            self._client.head_bucket(Bucket=self.name)
        except self._refusals as error:
            raise OSError(f"bucket {self.name} does not answer: {type(error).__name__}") from error


def open_storage(url: str, endpoint: str | None = None) -> Storage:
    """The storage an `ENGAGE_FILES_URL` names: `file:///folder` or `s3://bucket/prefix`."""
    place = urlsplit(url)
    if place.scheme == "s3":
        return Bucket(place.netloc, unquote(place.path), endpoint)
    return Folder(Path(unquote(place.path)))


def storage() -> Storage:
    """This instance's storage."""
    kept: Storage | None = current_app.extensions.get("engage_storage")
    if kept is None:
        kept = open_storage(
            current_app.config["FILES_URL"], current_app.config.get("FILES_S3_ENDPOINT")
        )
        current_app.extensions["engage_storage"] = kept
    return kept


def use(app: Flask, other: Storage) -> None:
    """Keep files elsewhere from now on (tests, moving house)."""
    app.extensions["engage_storage"] = other
