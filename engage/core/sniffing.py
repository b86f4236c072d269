"""What a file really is, told from its bytes; pictures made anew from their pixels alone."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageOps

from engage.core.errors import Text
from engage.core.i18n import _l


class Refused(Exception):
    """The file is not taken; `message` is for the person who sent it."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message


Family = Literal["image", "document", "archive", "text"]


@dataclass(frozen=True, slots=True)
class FileType:
    """A type we take: how it is called, how it is served, which extensions agree with it."""

    name: str
    family: Family
    media_type: str
    extensions: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
PNG = FileType("png", "image", "image/png", ("png",))
JPEG = FileType("jpeg", "image", "image/jpeg", ("jpg", "jpeg"))
WEBP = FileType("webp", "image", "image/webp", ("webp",))
GIF = FileType("gif", "image", "image/gif", ("gif",))
PDF = FileType("pdf", "document", "application/pdf", ("pdf",))
DOCX = FileType("docx", "document", _OFFICE + "wordprocessingml.document", ("docx",))
XLSX = FileType("xlsx", "document", _OFFICE + "spreadsheetml.sheet", ("xlsx",))
PPTX = FileType("pptx", "document", _OFFICE + "presentationml.presentation", ("pptx",))
ODT = FileType("odt", "document", _ODF + "text", ("odt",))
ODS = FileType("ods", "document", _ODF + "spreadsheet", ("ods",))
ZIP = FileType("zip", "archive", "application/zip", ("zip",))
TEXT = FileType("txt", "text", "text/plain", ("txt", "md", "markdown"))
CSV = FileType("csv", "text", "text/csv", ("csv",))

TYPES = (PNG, JPEG, WEBP, GIF, PDF, DOCX, XLSX, PPTX, ODT, ODS, ZIP, TEXT, CSV)
_BY_EXTENSION = {extension: kind for kind in TYPES for extension in kind.extensions}
ENDINGS = frozenset(_BY_EXTENSION)
# a part that must be in the archive for its extension to agree; names are never compressed
_INSIDE = {
    DOCX: b"word/",
    XLSX: b"xl/",
    PPTX: b"ppt/",
    ODT: b"opendocument.text",
    ODS: b"opendocument.spreadsheet",
}

_EMPTY = _l("This file is empty. Choose another one.")
_BROKEN = _l("We cannot read this picture: it is damaged or cut off. Save it again and retry.")
_UNKNOWN = _l(
    "We do not take files of this kind. Send a picture (PNG, JPEG, WebP), a PDF, "
    "an office document or plain text."
)
_DISAGREE = _l(
    "The ending of the file's name does not fit what is inside. Save it again in the right format."
)
_DRAWING = _l("We do not take SVG drawings. Save it as PNG or PDF.")
_TOO_MANY_PIXELS = _l("This picture has too many pixels. Make it smaller and try again.")


def extension_of(name: str) -> str:
    """What follows the last dot, lower case; "" when there is nothing."""
    return name.rpartition(".")[2].strip().lower() if "." in name else ""


def sniff(data: bytes, name: str) -> FileType:
    """The type of `data` sent as `name`. Raises Refused when it is none of ours or they disagree."""
    if not data:
        raise Refused(_EMPTY)
    extension = extension_of(name)
    claimed = _BY_EXTENSION.get(extension)
    picture = _picture_type(data)
    if picture is not None:
        # An ending nobody knows is harmless, as the picture is made anew and named by us.
        if claimed is not None and claimed is not picture:
            raise Refused(_DISAGREE)
        return picture
    if extension in {"svg", "svgz"} or _is_drawing(data):
        raise Refused(_DRAWING)
    if claimed is None:
        raise Refused(_UNKNOWN)
    if not _agrees(data, claimed):
        raise Refused(_BROKEN if claimed.family == "image" else _DISAGREE)
    return claimed


def _picture_type(data: bytes) -> FileType | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    return None


def _is_drawing(data: bytes) -> bool:
    head = data[:4096].lstrip(b"\xef\xbb\xbf\x00\t\r\n ").lower()
    return head.startswith(b"<svg") or (
        head.startswith((b"<?xml", b"<!doctype svg")) and b"<svg" in head
    )


def _agrees(data: bytes, kind: FileType) -> bool:
    if kind is PDF:
        return data.startswith(b"%PDF-")
    if kind is ZIP or kind in _INSIDE:
        inside = _INSIDE.get(kind, b"")
        return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) and inside in data
    if kind.family == "text":
        return _is_text(data)
    return False


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # older spreadsheets write one byte per character; there is no telling more
        return not any(byte < 9 or 13 < byte < 27 for byte in data[:65536])
    return True


# --- pictures ---------------------------------------------------------------------------

MAX_PIXELS = 40_000_000
MAX_SIDE = 16_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made anew."""

    data: bytes
    kind: FileType
    width: int
    height: int


def remake(data: bytes, kind: FileType, *, largest: int) -> Picture:
    """The same pixels without anything else, no side longer than `largest`.

    Metadata, comments, trailing bytes and further frames are gone; the camera's orientation is
    applied first. Size is judged from the header, before anything is unpacked. Raises Refused.
    """
    if kind is PNG:
        data = _only_pixels(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _remade(data, kind, largest)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(_TOO_MANY_PIXELS) from error
    except Exception as error:  # Pillow's readers raise whatever the broken byte leads to
        raise Refused(_BROKEN) from error


def _remade(data: bytes, kind: FileType, largest: int) -> Picture:
    # only the reader of the sniffed format: some of the others start programs
    with Image.open(io.BytesIO(data), formats=[kind.name.upper()]) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
            raise Refused(_TOO_MANY_PIXELS)
        if kind is JPEG:
            opened.draft("RGB", (largest, largest))
        opened.load()
        turned = ImageOps.exif_transpose(opened)
        if max(turned.size) > largest:
            turned.thumbnail((largest, largest))
        has_alpha = turned.mode in {"RGBA", "LA", "PA"} or "transparency" in turned.info
        plain = turned.convert("RGBA" if has_alpha and kind is not JPEG else "RGB")
    # a new image of the same pixels: nothing that hung on the old one can follow
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    out = io.BytesIO()
    if kind is JPEG:
        bare.save(out, "JPEG", quality=86, optimize=True, progressive=True)
    elif kind is WEBP:
        bare.save(out, "WEBP", quality=86, method=4)
    else:
        kind = PNG
        bare.save(out, "PNG", optimize=True)
    return Picture(out.getvalue(), kind, *bare.size)


_PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def _only_pixels(data: bytes) -> bytes:
    """A PNG reduced to the parts that make its picture: text parts can hide a bomb."""
    kept = [data[:8]]
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        end = at + 12 + length
        if end > len(data):
            break
        name = data[at + 4 : at + 8]
        if name in _PIXEL_CHUNKS:
            kept.append(data[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end
    raise Refused(_BROKEN)
