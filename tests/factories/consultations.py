"""Consultations for tests: each call adds one with plausible content, in the state asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from engage.commons.accounts.models import Organisation
from engage.commons.comments.models import Thread
from engage.commons.documents.models import (
    Document,
    Paragraph,
    ParagraphKind,
    Section,
    SourceFormat,
    Version,
    VersionState,
)
from engage.core import clock
from engage.core.db import db, transactional
from engage.programmes.consultations.filters import fold
from engage.programmes.consultations.models import (
    Consultation,
    ConsultationDocument,
    ConsultationHost,
    ConsultationState,
    ConsultationTheme,
    Theme,
)
from engage.programmes.consultations.service.writing import slug_of
from engage.programmes.consultations.threads import OWNER_KIND, THREAD_KIND
from tests.factories.accounts import make_organisation

_number = count(1)

# from now: when it opens and closes, in days
_WINDOWS = {
    ConsultationState.DRAFT: (1, 15),
    ConsultationState.SCHEDULED: (1, 15),
    ConsultationState.OPEN: (-7, 7),
    ConsultationState.CLOSED: (-15, -1),
    ConsultationState.ANSWERED: (-45, -31),
    ConsultationState.ARCHIVED: (-400, -380),
}


def make_thread(kind: str) -> Thread:
    """An empty thread."""
    with transactional():
        thread = Thread(kind=kind, created_at=clock.now())
        db.session.add(thread)
        db.session.flush()
    return thread


def make_consultation(
    state: ConsultationState | str = ConsultationState.OPEN,
    *,
    hosts: tuple[Organisation, ...] | None = None,
    themes: tuple[Theme, ...] = (),
    **over: Any,
) -> Consultation:
    """A consultation in this state, its window around now, hosted by one organisation."""
    state, number, now = ConsultationState(state), next(_number), clock.now()
    opens, closes = _WINDOWS[state]
    values: dict[str, Any] = {
        "title": f"The quay of tomorrow {number}",
        "summary": "What should change along the water?",
        "language": "en",
        "state": state,
        "time_zone": "Europe/Paris",
        "opens_at": now + timedelta(days=opens),
        "closes_at": now + timedelta(days=closes),
        "answer_days": 30,
        "allows_guests": True,
        "steps": [],
        "milestones": [],
        "translations": [],
        "documents": [],
        "attachments": [],
    }
    values.update(over)
    values.setdefault("slug", slug_of(values["title"]))
    values.setdefault("search_text", fold(f"{values['title']} {values['summary']}"))
    if state is not ConsultationState.DRAFT:
        values.setdefault("published_at", now)
        values.setdefault("first_closes_at", values["closes_at"])
    if state in (ConsultationState.ANSWERED, ConsultationState.ARCHIVED):
        values.setdefault("answered_at", now)
        values.setdefault("outcome_at", now)
        values.setdefault("outcome", "We changed the plan.")
        values.setdefault("outcome_html", "<p>We changed the plan.</p>")
    with transactional():
        consultation = Consultation(thread_id=make_thread(THREAD_KIND).id, **values)
        consultation.themes = [ConsultationTheme(theme=theme) for theme in themes]
        consultation.hosts = [
            ConsultationHost(organisation_id=host.id, position=position, role="asks")
            for position, host in enumerate(hosts if hosts is not None else (make_organisation(),))
        ]
        db.session.add(consultation)
        db.session.flush()
    return consultation


def make_text(
    consultation: Consultation, *, chapters: int = 2, paragraphs: int = 3, **over: Any
) -> Document:
    """A plan text of this consultation with one published version of numbered paragraphs."""
    now: datetime = clock.now()
    values: dict[str, Any] = {"title": "Draft plan", "language": "en", "kind": OWNER_KIND}
    values.update(over)
    with transactional():
        document = Document(thread_id=make_thread("documents.document").id, **values)
        db.session.add(document)
        db.session.flush()
        version = Version(
            document_id=document.id,
            number=1,
            state=VersionState.PUBLISHED,
            source_format=SourceFormat.MARKDOWN,
            words=40 * chapters * paragraphs,
            published_at=now,
        )
        db.session.add(version)
        db.session.flush()
        document.current_version_id = version.id
        for chapter in range(1, chapters + 1):
            _add_chapter(version, chapter, paragraphs)
        db.session.add(
            ConsultationDocument(
                document_id=document.id,
                consultation_id=consultation.id,
                position=document.id,
            )
        )
        db.session.flush()
    return document


def _add_chapter(version: Version, chapter: int, paragraphs: int) -> None:
    section = Section(
        version_id=version.id, number=chapter, position=chapter, title=f"Chapter {chapter}"
    )
    db.session.add(section)
    db.session.flush()
    for place in range(1, paragraphs + 1):
        number = f"{chapter}.{place}"
        words = f"Paragraph {number} says what is planned along the quay."
        db.session.add(
            Paragraph(
                version_id=version.id,
                section_id=section.id,
                position=chapter * 100 + place,
                number=number,
                kind=ParagraphKind.TEXT,
                key=f"key{version.id}x{chapter}x{place}",
                body=words,
                body_html=f"<p>{words}</p>",
                words=len(words.split()),
                thread_id=make_thread("documents.paragraph").id,
            )
        )
    db.session.flush()
