"""Files people send: taken by what they are, kept under names of ours, served so that they stay files."""

import hashlib
import re
import secrets
import socket
import struct
import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from flask import Blueprint, Flask, Response, current_app, request, url_for
from sqlalchemy import Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from engage.core import audit, clock
from engage.core.access import current_user, public
from engage.core.db import Model, after_commit, db, intpk, transactional
from engage.core.errors import Invalid, Missing, Unavailable
from engage.core.i18n import _l
from engage.core.richtext import neutral
from engage.core.sniffing import ENDINGS, FileType, Refused, extension_of, remake, sniff
from engage.core.storage import storage
from engage.core.tasks import every

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.datastructures import FileStorage

_MEGABYTE = 1024 * 1024


class Purpose(NamedTuple):
    """What a file is for: which families fit, how large, how wide a picture may stay, who reads it."""

    families: frozenset[str]
    max_bytes: int
    largest: int = 2_400
    is_private: bool = False


PURPOSES = {
    "cover": Purpose(frozenset({"image"}), 12 * _MEGABYTE, 2_400),
    "logo": Purpose(frozenset({"image"}), 4 * _MEGABYTE, 600),
    "attachment": Purpose(frozenset({"image", "document", "archive", "text"}), 25 * _MEGABYTE),
    "source": Purpose(frozenset({"document", "text"}), 12 * _MEGABYTE, is_private=True),
}


class StoredFile(Model):
    """A file we keep. `key` is its unguessable name in the storage and in its address.

    `name` is what the sender called it, made harmless. Pictures have `width` and `height`, and were
    made anew from their pixels.
    """

    __tablename__ = "stored_files"
    __table_args__ = (Index("ix_stored_files_uploaded_by_id", "uploaded_by_id"),)

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(40))
    width: Mapped[int | None]
    height: Mapped[int | None]
    # the ground knows no users: an id without a constraint, as in the audit log
    uploaded_by_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def is_image(self) -> bool:
        return self.width is not None

    @property
    def extension(self) -> str:
        """What people call the format: "PDF"."""
        return extension_of(self.name).upper()

    @property
    def url(self) -> str:
        return url_for("files.serve", key=self.key)


# --- names ------------------------------------------------------------------------------

_FORBIDDEN = re.compile(r"""[\x00-\x1f\x7f<>:"/\\|?*%;`$]+""")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
_LONGEST_NAME = 120


def harmless_name(sent: str, kind: FileType) -> str:
    """What the sender called it, safe in a folder, a header and a spreadsheet, ending as it is."""
    name = unicodedata.normalize("NFC", neutral(sent or "").replace("\n", "_"))
    name = re.split(r"[/\\]", name)[-1].strip(" .")
    stem, ending = name, extension_of(name)
    if ending in ENDINGS:
        stem = name[: -len(ending) - 1]
    if ending not in kind.extensions:
        ending = kind.extensions[0]
    stem = _FORBIDDEN.sub("_", stem).replace(".", "-").strip(" _-=+@")[:_LONGEST_NAME]
    if _RESERVED.fullmatch(stem):
        stem = f"{stem}-file"
    return f"{stem or 'file'}.{ending}"


# --- taking -----------------------------------------------------------------------------


def _bytes_of(upload: "FileStorage", limit: int, field: str) -> bytes:
    with upload.stream as stream:
        data: bytes = stream.read(limit + 1)
    if len(data) > limit:
        raise Invalid(
            {
                field: _l(
                    "This file is too large. The limit is %(size)s MB.", size=limit // _MEGABYTE
                )
            }
        )
    return data


def store(upload: "FileStorage", *, purpose: str, actor: Any, field: str = "file") -> StoredFile:
    """Keep an uploaded file. Raises Invalid on `field` with words for its sender, or Unavailable.

    The bytes are whole on disk before the row is; when the transaction fails later, `sweep`
    removes them.
    """
    rules = PURPOSES[purpose]
    data = _bytes_of(upload, rules.max_bytes, field)
    try:
        kind = sniff(data, upload.filename or "")
        if kind.family not in rules.families:
            raise Refused(_l("A file of this kind does not fit here. Choose another one."))
        scan(data)
        size: tuple[int | None, int | None] = (None, None)
        if kind.family == "image":
            picture = remake(data, kind, largest=rules.largest)
            data, kind, size = picture.data, picture.kind, (picture.width, picture.height)
    except Refused as refusal:
        raise Invalid({field: refusal.message}) from refusal
    return keep(
        data,
        kind,
        name=upload.filename or "",
        purpose=purpose,
        actor=actor,
        size=size,
    )


def keep(
    data: bytes,
    kind: FileType,
    *,
    name: str,
    purpose: str,
    actor: Any,
    size: tuple[int | None, int | None] = (None, None),
) -> StoredFile:
    """Keep bytes that were checked already. Raises Unavailable when the storage refuses."""
    key = secrets.token_hex(20)
    storage().put(key, data, kind.media_type)
    with transactional():
        file = StoredFile(
            key=key,
            name=harmless_name(name, kind),
            type=kind.media_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            purpose=purpose,
            width=size[0],
            height=size[1],
            uploaded_by_id=getattr(actor, "id", None),
        )
        db.session.add(file)
        db.session.flush()
        audit.record("file.stored", file, actor=actor, purpose=purpose, sha256=file.sha256)
    return file


def forget(file: StoredFile, *, actor: Any) -> None:
    """Delete the row, and the bytes once that is certain."""
    key, where = file.key, storage()
    with transactional():
        audit.record("file.deleted", file, actor=actor, sha256=file.sha256)
        db.session.delete(file)
        after_commit(lambda: where.delete(key))


def read(file: StoredFile) -> bytes:
    """All bytes of a file. Raises Missing."""
    return storage().read(file.key)


@every(minutes=1440)
def sweep() -> int:
    """Remove bytes no row points at, a day after they were written; answers how many.

    They are left behind when a transaction fails after its file was kept.
    """
    where, removed = storage(), 0
    for name in where.written_before(clock.now() - timedelta(days=1)):
        is_known = db.session.scalar(select(StoredFile.id).where(StoredFile.key == name))
        if is_known is None:
            where.discard(name)
            removed += 1
    return removed


# --- viruses ----------------------------------------------------------------------------

_FOUND = _l("Our virus scanner refused this file.")


def scan(data: bytes) -> None:
    """Ask the virus scanner, when one is configured (`CLAMD_URL`). Raises Refused or Unavailable.

    Speaks clamd's INSTREAM: a length before each piece, a zero at the end, one line back.
    """
    address = current_app.config.get("CLAMD_URL")
    if not address:
        return
    place = urlsplit(address)
    try:
        with socket.create_connection((place.hostname, place.port or 3310), timeout=20) as wire:
            wire.sendall(b"zINSTREAM\0")
            for start in range(0, len(data), _MEGABYTE):
                piece = data[start : start + _MEGABYTE]
                wire.sendall(struct.pack(">I", len(piece)) + piece)
            wire.sendall(struct.pack(">I", 0))
            answer = wire.recv(4096)
    except OSError as error:
        current_app.logger.error("virus scanner does not answer: %s", error)
        raise Unavailable(
            _l("We cannot check files for viruses right now, so we take none."), wait=60
        ) from error
    if not answer.rstrip(b"\0\n").endswith(b"OK"):
        raise Refused(_FOUND)


# --- serving ----------------------------------------------------------------------------

bp = Blueprint("files", __name__)

_SEALED = "default-src 'none'; frame-ancestors 'none'; sandbox"


_KEY = re.compile(r"[0-9a-f]{40}")


def _found(key: str) -> StoredFile:
    # PostgreSQL refuses to compare with some of what an address can hold
    if not _KEY.fullmatch(key):
        raise Missing
    file = db.session.scalar(select(StoredFile).where(StoredFile.key == key))
    if file is None:
        raise Missing
    if PURPOSES[file.purpose].is_private:
        user = current_user()
        if user is None or not (user.is_staff or user.id == file.uploaded_by_id):
            raise Missing
    return file


@bp.get("/files/<key>")
@public
def serve(key: str) -> "ResponseReturnValue":
    """The bytes: a picture we made in place, anything else only as a sealed download."""
    file = _found(key)
    is_private = PURPOSES[file.purpose].is_private
    response = Response(mimetype=file.type)
    response.set_etag(file.sha256)
    response.last_modified = file.created_at
    response.cache_control.public = not is_private
    if is_private:
        response.cache_control.private = True
    response.cache_control.max_age = 0 if is_private else 31_536_000
    response.cache_control.immutable = not is_private
    response.headers["Content-Security-Policy"] = _SEALED
    response.headers["X-Content-Type-Options"] = "nosniff"
    disposition = "inline" if file.is_image else "attachment"
    response.headers.set("Content-Disposition", disposition, **_file_name(file.name))
    response.make_conditional(request)
    if response.status_code != 304:
        response.content_length = file.size
        if request.method != "HEAD":
            response.response = storage().stream(file.key)
    return response


def _file_name(name: str) -> dict[str, str]:
    """`filename*` in UTF-8 for browsers of today, a plain ASCII `filename` for the others."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    plain = plain if plain.rpartition(".")[0].strip(" -_") else f"file.{extension_of(name)}"
    if plain == name:
        return {"filename": name}
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def register(app: Flask) -> None:
    """Offer the addresses of files."""
    app.register_blueprint(bp)
