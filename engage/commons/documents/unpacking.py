"""Opening office files without being hurt: archives and XML with strict limits."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from engage.core.errors import Text
from engage.core.i18n import _l

MAX_ENTRIES = 4_000
MAX_PART = 24 * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 250
MAX_ELEMENTS = 600_000
MAX_DEPTH = 120


class Unreadable(Exception):
    """The file cannot be read; `message` says why to the person who sent it."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message


BROKEN = _l("We cannot read this file: it is damaged. Open it, save it again and retry.")
_TOO_LARGE = _l(
    "This file unpacks to far more than a text needs. Save it again without pictures and retry."
)
_LOCKED = _l("This file is protected by a password. Save it without one and retry.")
_FOREIGN = _l("This file contains definitions that no text needs, so we do not open it.")


class Archive:
    """A zip of XML parts. Sizes are judged from the directory first, and again while unpacking."""

    def __init__(self, data: bytes) -> None:
        if data.startswith(b"\xd0\xcf\x11\xe0"):
            # an OLE container: an encrypted or an old office file
            raise Unreadable(_LOCKED)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
            raise Unreadable(BROKEN) from error
        if len(infos) > MAX_ENTRIES or sum(i.file_size for i in infos) > MAX_UNPACKED:
            raise Unreadable(_TOO_LARGE)
        self._infos = {info.filename: info for info in infos}

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def part(self, name: str) -> bytes:
        """One part, unpacked. Raises Unreadable when it is absent, damaged or a bomb."""
        info = self._infos.get(name)
        if info is None:
            raise Unreadable(BROKEN)
        if info.flag_bits & 0x1:
            raise Unreadable(_LOCKED)
        is_bomb = info.file_size > MAX_RATIO * max(info.compress_size, 1_000)
        if info.file_size > MAX_PART or is_bomb:
            raise Unreadable(_TOO_LARGE)
        try:
            with self._zip.open(info) as handle:
                data = handle.read(MAX_PART + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            ValueError,
            OSError,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise Unreadable(BROKEN) from error
        if len(data) > MAX_PART:
            raise Unreadable(_TOO_LARGE)
        return data

    def xml(self, name: str) -> Element:
        """One part as a tree. Raises Unreadable for DTDs, entities and broken XML."""
        return parse(self.part(name))


class _Counted(TreeBuilder):
    """A tree builder that gives up on trees no text has."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def start(self, tag: str, attrs: dict[Any, Any], /) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise Unreadable(_TOO_LARGE)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def parse(data: bytes) -> Element:
    """XML as a tree. Raises Unreadable for DTDs, entities, monsters and broken XML."""
    parser = DefusedXMLParser(target=_Counted(), forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise Unreadable(_FOREIGN) from error
    except (ParseError, ValueError, LookupError, AssertionError) as error:
        raise Unreadable(BROKEN) from error
    return root
