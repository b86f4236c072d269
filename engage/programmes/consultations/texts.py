"""What the pages of a plan text show: a chapter, the table, what changed between versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from flask import url_for

from engage.commons.accounts.models import StakeholderKind
from engage.commons.documents import comparing
from engage.commons.documents import queries as documents
from engage.commons.documents.models import Document, Version
from engage.core import richtext
from engage.core.errors import Missing
from engage.core.i18n import language_name, locale_now
from engage.programmes.consultations.models import Consultation, ConsultationDocument
from engage.programmes.consultations.reading import frame

# up to so many words a text is read in one piece
SHORT = 1500


def document(
    consultation: Consultation, part: ConsultationDocument, now: datetime, args: Mapping[str, str]
) -> dict[str, Any]:
    """One chapter, or all of a short text. Raises Missing for a version or chapter there is not."""
    shown = _version(consultation, part, now, args.get("version"))
    version: Version = shown["version"]
    outline = documents.version_outline(version.id)
    numbers = [entry.number for entry in outline]
    asked = args.get("chapter", "")
    chapter: int | None
    if asked == "all" or (not asked and (version.words <= SHORT or len(outline) < 2)):
        chapter = None
    else:
        chapter = _whole_number(asked) if asked else numbers[0]
        if chapter not in numbers:
            raise Missing
    sections = documents.paragraphs_with_tallies(version.id, chapter)
    return {
        **shown,
        "outline": outline,
        "chapter": chapter,
        "sections": sections,
        "languages": _languages(consultation, part.document),
        "commented": sum(entry.comments for entry in outline),
    }


def table(
    consultation: Consultation, part: ConsultationDocument, now: datetime, args: Mapping[str, str]
) -> dict[str, Any]:
    """Every numbered paragraph with its comments by stakeholder kind."""
    shown = _version(consultation, part, now, args.get("version"))
    return {
        **shown,
        "sections": documents.paragraphs_with_tallies(shown["version"].id),
        "kinds": list(StakeholderKind),
        "excerpt": richtext.plain,
    }


def changes(
    consultation: Consultation, part: ConsultationDocument, now: datetime, args: Mapping[str, str]
) -> dict[str, Any]:
    """Two versions beside each other; without `from` and `to`, the last change."""
    shown = _version(consultation, part, now, None)
    versions: Sequence[Version] = shown["versions"]
    newest = versions[0].number
    new = _pick(versions, args.get("to") or str(newest))
    old = _pick(versions, args.get("from") or str(max(1, new.number - 1)))
    if old.number > new.number:
        old, new = new, old
    return {
        **shown,
        "old": old,
        "new": new,
        "diff": comparing.paragraph_diff(old.id, new.id) if old is not new else None,
    }


def _version(
    consultation: Consultation,
    part: ConsultationDocument,
    now: datetime,
    asked: str | None,
) -> dict[str, Any]:
    """The version asked for among the published ones, and the addresses around it."""
    text = part.document
    versions = documents.versions(text.id)
    if not versions:
        raise Missing
    version = _pick(versions, asked or str(versions[0].number))
    where: dict[str, Any] = {"address": consultation.address, "document_id": text.id}
    present = url_for("consultations.document", **where)
    is_current = version.id == text.current_version_id
    version_url = partial(_version_url, where)
    return {
        **frame(consultation, now),
        "document": text,
        "text_lang": "" if text.language == locale_now() else text.language,
        "version": version,
        "versions": versions,
        "is_current": is_current,
        "current_number": versions[0].number,
        "document_url": present,
        "version_url": version_url,
        "base": present if is_current else version_url(version.number),
        "table_url": url_for(
            "consultations.table", **where, version=None if is_current else version.number
        ),
        "changes_url": url_for("consultations.changes", **where) if len(versions) > 1 else "",
        "whole_count": text.thread.comments_count,
    }


def _version_url(where: Mapping[str, Any], number: int) -> str:
    return url_for("consultations.document", **where, version=number)


def _pick(versions: Sequence[Version], asked: str) -> Version:
    number = _whole_number(asked)
    for version in versions:
        if version.number == number:
            return version
    raise Missing


def _whole_number(asked: str) -> int:
    if not (asked.isascii() and asked.isdigit() and len(asked) < 6):
        raise Missing
    return int(asked)


def _languages(consultation: Consultation, text: Document) -> list[tuple[str, str, str]]:
    """(locale, its name, address) of the text in its other languages, if they are parts too."""
    return [
        (
            other.language,
            language_name(other.language),
            url_for("consultations.document", address=consultation.address, document_id=other.id),
        )
        for other in documents.in_other_languages(text)
    ]
