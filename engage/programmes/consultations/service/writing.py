"""Preparing a consultation: its words, its settings, its translations, a copy of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from engage.commons.comments.service import open_thread
from engage.core import audit, clock, richtext
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.i18n import _l, locales
from engage.programmes.consultations import policy
from engage.programmes.consultations.filters import fold
from engage.programmes.consultations.models import (
    RICH_WORDS,
    Consultation,
    ConsultationHost,
    ConsultationTheme,
    ConsultationTranslation,
    Theme,
    TranslationMark,
    Words,
)
from engage.programmes.consultations.threads import THREAD_KIND

WRITTEN = ("title", "summary", "body", "audience", "decides", "paper")


@dataclass(frozen=True)
class Brief:
    """What an organiser fills in. Instants are aware; `time_zone` is how they are told."""

    title: str
    language: str
    time_zone: str
    summary: str = ""
    body: str = ""
    audience: str = ""
    decides: str = ""
    paper: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    answer_days: int = 30
    allows_guests: bool = False
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    themes: tuple[Theme, ...] = ()


def create_consultation(brief: Brief, *, actor: Any) -> Consultation:
    """Start a draft. Raises Invalid, NotAllowed."""
    with transactional():
        require(policy.can_create(actor))
        _check(brief)
        thread = open_thread(THREAD_KIND)
        consultation = Consultation(
            thread_id=thread.id, created_by_id=getattr(actor, "id", None), translations=[]
        )
        _apply(consultation, brief)
        db.session.add(consultation)
        db.session.flush()
        audit.record("consultation.created", consultation, actor=actor)
    return consultation


def edit_consultation(
    consultation_id: int, brief: Brief, *, revision: int, actor: Any
) -> Consultation:
    """Save a whole brief. The window is only taken while it may still be set.

    `revision` is the one the editor started from: a stale one raises Conflict, which carries
    what was typed. Raises Invalid, NotAllowed, Missing. Translations of changed words become
    outdated.
    """
    with transactional():
        consultation = _locked(consultation_id)
        now = clock.now()
        require(policy.can("edit", actor, consultation, now))
        _refuse_stale(consultation, revision, brief.title, brief.summary, brief.body)
        _check(brief)
        before = {name: getattr(consultation, name) for name in (*WRITTEN, "language")}
        keeps_window = not policy.can("set_window", actor, consultation, now)
        _apply(consultation, brief, keeps_window=keeps_window)
        changed = sorted(name for name, old in before.items() if getattr(consultation, name) != old)
        if changed:
            for translation in consultation.translations:
                translation.mark = TranslationMark.OUTDATED
        consultation.revision += 1
        consultation.updated_at = now
        _index(consultation)
        audit.record("consultation.edited", consultation, actor=actor, changed=changed)
    return consultation


def translate_consultation(
    consultation_id: int,
    *,
    language: str,
    mark: TranslationMark,
    words: dict[str, str],
    revision: int,
    actor: Any,
) -> ConsultationTranslation:
    """Save all words in another language. Raises Invalid, NotAllowed, Conflict when stale."""
    with transactional():
        consultation = _locked(consultation_id)
        require(policy.can("edit", actor, consultation, clock.now()))
        _refuse_stale(consultation, revision, words.get("title"), words.get("summary"))
        if language not in locales() or language == consultation.language:
            raise Invalid({"language": _l("Choose a language the original is not written in.")})
        if not words.get("title", "").strip():
            raise Invalid({"title": _l("Write the title in this language.")})
        translation = next(
            (found for found in consultation.translations if found.language == language), None
        )
        if translation is None:
            translation = ConsultationTranslation(language=language)
            consultation.translations.append(translation)
        _write_words(translation, words)
        translation.mark = mark
        translation.updated_at = clock.now()
        consultation.revision += 1
        _index(consultation)
        audit.record(
            "consultation.translated", consultation, actor=actor, language=language, mark=mark.value
        )
    return translation


def copy_consultation(consultation_id: int, *, actor: Any) -> Consultation:
    """A new draft with the same words, hosts, steps and themes; no dates, texts or comments."""
    with transactional():
        source = _locked(consultation_id)
        require(policy.can("copy", actor, source, clock.now()))
        brief = Brief(
            **{
                field.name: getattr(source, field.name)
                for field in fields(Brief)
                if field.name not in ("opens_at", "closes_at", "themes")
            },
            themes=tuple(row.theme for row in source.themes),
        )
        copy = _locked(create_consultation(brief, actor=actor).id)
        copy.hosts = [
            ConsultationHost(
                organisation_id=host.organisation_id,
                position=host.position,
                role=host.role,
                role_translations=host.role_translations,
            )
            for host in source.hosts
        ]
        copy.steps = source.steps
        for translation in source.translations:
            twin = ConsultationTranslation(language=translation.language, mark=translation.mark)
            _write_words(twin, {name: getattr(translation, name) for name in WRITTEN})
            copy.translations.append(twin)
        _index(copy)
        audit.record("consultation.copied", copy, actor=actor, source=source.id)
    return copy


def set_steps(
    consultation_id: int,
    *,
    steps: list[dict[str, Any]],
    milestones: list[dict[str, Any]],
    revision: int,
    actor: Any,
) -> Consultation:
    """Replace what happens with an answer, and the extra dates on the mooring line.

    The shapes are those of the columns; a step or date without a title in the consultation's
    own language is refused.
    """
    with transactional():
        consultation = _locked(consultation_id)
        require(policy.can("edit", actor, consultation, clock.now()))
        _refuse_stale(consultation, revision)
        language = consultation.language
        if any(not said["title"].get(language) for said in (*steps, *milestones)):
            raise Invalid({"": _l("Each step and each date needs a title in the first language.")})
        consultation.steps = steps
        consultation.milestones = sorted(milestones, key=lambda milestone: str(milestone["on"]))
        consultation.revision += 1
        consultation.updated_at = clock.now()
        audit.record("consultation.steps_set", consultation, actor=actor, steps=len(steps))
    return consultation


def slug_of(title: str) -> str:
    """A title as the readable end of an address: plain letters, at most 60 characters."""
    words = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")
    return words if len(words) <= 60 else words[:60].rpartition("-")[0] or words[:60]


def _locked(consultation_id: int) -> Consultation:
    """The consultation, locked, with everything a write here may touch."""
    lock(Consultation, consultation_id)
    consultation = db.session.scalar(
        select(Consultation)
        .where(Consultation.id == consultation_id)
        .options(
            selectinload(Consultation.translations),
            selectinload(Consultation.themes),
            selectinload(Consultation.hosts),
        )
        .execution_options(populate_existing=True)
    )
    if consultation is None:
        raise Missing
    return consultation


def _refuse_stale(consultation: Consultation, revision: int, *typed: str | None) -> None:
    if consultation.revision != revision:
        raise Conflict(
            _l("Somebody saved this consultation while you were editing."),
            _l("Below is what you typed. Open the present version and bring in your changes."),
            url=url_for("consultations_office.edit", consultation_id=consultation.id),
            kept="\n\n".join(text for text in typed if text),
        )


def _check(brief: Brief) -> None:
    wrong: dict[str, Any] = {}
    if not brief.title.strip():
        wrong["title"] = _l("Write a title.")
    if brief.language not in locales():
        wrong["language"] = _l("Choose one of the languages of this site.")
    if not 1 <= brief.answer_days <= 365:
        wrong["answer_days"] = _l("Promise an answer within 1 to 365 days.")
    if brief.opens_at and brief.closes_at and brief.closes_at <= brief.opens_at:
        wrong["closes_at"] = _l("It must close after it opens.")
    if wrong:
        raise Invalid(wrong)


def _apply(consultation: Consultation, brief: Brief, *, keeps_window: bool = False) -> None:
    consultation.language = brief.language
    _write_words(consultation, {name: getattr(brief, name) for name in WRITTEN})
    consultation.slug = slug_of(brief.title)
    for name in (
        "time_zone",
        "answer_days",
        "allows_guests",
        "contact_name",
        "contact_email",
        "contact_phone",
    ):
        setattr(consultation, name, getattr(brief, name))
    if not keeps_window:
        consultation.opens_at = brief.opens_at
        consultation.closes_at = brief.closes_at
    present = {row.theme: row for row in consultation.themes} if consultation.id else {}
    consultation.themes = [
        present.get(theme) or ConsultationTheme(theme=theme) for theme in sorted(set(brief.themes))
    ]
    _index(consultation)


def _write_words(row: Words, words: dict[str, str]) -> None:
    for name, text in words.items():
        setattr(row, name, text.strip())
        if name in RICH_WORDS:
            setattr(row, f"{name}_html", richtext.render(text, profile="letter"))


def _index(consultation: Consultation) -> None:
    rows: list[Words] = [consultation, *consultation.translations]
    consultation.search_text = fold(
        "\n".join(f"{row.title} {row.summary or ''} {row.audience or ''}" for row in rows)
    )
