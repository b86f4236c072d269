"""What a consultation is made of: its hosts, its texts, its files, its picture."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from engage.commons.accounts.models import Organisation
from engage.commons.comments.service import set_hosts
from engage.commons.documents.models import Document
from engage.commons.documents.service import create_document
from engage.core import audit, clock, files
from engage.core.access import require
from engage.core.db import db, lock, scalar_ids, transactional
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.i18n import _l, locales
from engage.programmes.consultations import policy, queries
from engage.programmes.consultations.models import (
    Consultation,
    ConsultationAttachment,
    ConsultationDocument,
    ConsultationHost,
    Occasion,
)
from engage.programmes.consultations.notices import put_on_the_board
from engage.programmes.consultations.threads import OWNER_KIND


def add_host(
    consultation_id: int,
    *,
    organisation_id: int,
    role: str,
    role_translations: dict[str, str] | None = None,
    actor: Any,
) -> ConsultationHost:
    """Name an organisation that asks, and what it does. Only verified ones; each once."""
    with transactional():
        consultation = _editable(consultation_id, actor)
        organisation = db.session.get(Organisation, organisation_id)
        if organisation is None or not organisation.is_verified:
            raise Invalid({"organisation_id": _l("Choose a verified organisation.")})
        if db.session.get(ConsultationHost, (consultation_id, organisation_id)) is not None:
            raise Invalid({"organisation_id": _l("This organisation is named already.")})
        host = ConsultationHost(
            consultation_id=consultation.id,
            organisation_id=organisation.id,
            position=_next_position(ConsultationHost, consultation_id),
            role=role.strip(),
            role_translations={
                locale: text.strip()
                for locale, text in (role_translations or {}).items()
                if locale in locales() and text.strip()
            },
        )
        db.session.add(host)
        db.session.flush()
        _tell_threads(consultation_id)
        audit.record(
            "consultation.host_added", consultation, actor=actor, organisation=organisation.id
        )
    return host


def remove_host(consultation_id: int, *, organisation_id: int, actor: Any) -> None:
    """Take a host off. A public consultation keeps at least one."""
    with transactional():
        consultation = _editable(consultation_id, actor)
        host = db.session.get(ConsultationHost, (consultation_id, organisation_id))
        if host is None:
            raise Missing
        others = db.session.scalar(
            select(func.count())
            .select_from(ConsultationHost)
            .where(
                ConsultationHost.consultation_id == consultation_id,
                ConsultationHost.organisation_id != organisation_id,
            )
        )
        if not others and consultation.published_at is not None:
            raise Conflict(
                _l("Somebody has to ask: a public consultation keeps at least one host."),
                _l("Add the other organisation first."),
            )
        db.session.delete(host)
        db.session.flush()
        _tell_threads(consultation_id)
        audit.record(
            "consultation.host_removed", consultation, actor=actor, organisation=organisation_id
        )


def add_document(
    consultation_id: int,
    *,
    title: str,
    language: str,
    translation_of_id: int | None = None,
    actor: Any,
) -> Document:
    """Start a plan text as the last part; its versions are made in the documents' own pages.

    `translation_of_id` names the text of the same consultation that it renders in another language.
    """
    with transactional():
        consultation = _editable(consultation_id, actor)
        if translation_of_id is not None:
            _part(consultation_id, translation_of_id)
        document: Document = create_document(
            OWNER_KIND,
            title=title,
            language=language,
            translation_of_id=translation_of_id,
            actor=actor,
        )
        db.session.add(
            ConsultationDocument(
                document_id=document.id,
                consultation_id=consultation.id,
                position=_next_position(ConsultationDocument, consultation_id),
            )
        )
        db.session.flush()
        audit.record("consultation.document_added", consultation, actor=actor, document=document.id)
    return document


def remove_document(consultation_id: int, *, document_id: int, actor: Any) -> None:
    """Take a text out before anybody could comment on it; the text itself stays in the records."""
    with transactional():
        consultation = lock(Consultation, consultation_id)
        require(policy.can("remove_part", actor, consultation, clock.now()))
        part = _part(consultation_id, document_id)
        db.session.delete(part)
        db.session.flush()
        audit.record(
            "consultation.document_removed", consultation, actor=actor, document=document_id
        )


def move_document(consultation_id: int, *, document_id: int, up: bool, actor: Any) -> None:
    """Put a text one place earlier or later; at the end of the row nothing happens."""
    with transactional():
        consultation = _editable(consultation_id, actor)
        parts = list(
            db.session.scalars(
                select(ConsultationDocument)
                .where(ConsultationDocument.consultation_id == consultation_id)
                .order_by(ConsultationDocument.position, ConsultationDocument.document_id)
            )
        )
        places = [part.document_id for part in parts]
        if document_id not in places:
            raise Missing
        here = places.index(document_id)
        there = min(max(here + (-1 if up else 1), 0), len(parts) - 1)
        parts[here], parts[there] = parts[there], parts[here]
        for position, part in enumerate(parts):
            part.position = position
        db.session.flush()
        audit.record("consultation.document_moved", consultation, actor=actor, document=document_id)


def tell_new_version(document_id: int, number: int) -> None:
    """A version of one of our texts was published: followers are told, after the first."""
    with transactional():
        part = db.session.get(ConsultationDocument, document_id)
        if part is None or number < 2:
            return
        consultation = lock(Consultation, part.consultation_id)
        if consultation.published_at is None:
            return
        put_on_the_board(
            consultation,
            Occasion.NEW_VERSION,
            key=f"version-{document_id}-{number}",
            document_id=document_id,
        )


def add_attachment(
    consultation_id: int, *, upload: Any, title: str, language: str, actor: Any
) -> ConsultationAttachment:
    """Offer a file to read beside the texts. Raises Invalid for what is no allowed file."""
    with transactional():
        consultation = _editable(consultation_id, actor)
        if not title.strip():
            raise Invalid({"title": _l("Say what the file is.")})
        if language not in locales():
            raise Invalid({"language": _l("Choose the language of the file.")})
        stored = files.store(upload, purpose="attachment", actor=actor)
        attachment = ConsultationAttachment(
            consultation_id=consultation.id,
            file_id=stored.id,
            title=title.strip(),
            language=language,
            position=_next_position(ConsultationAttachment, consultation_id),
        )
        db.session.add(attachment)
        db.session.flush()
        audit.record("consultation.file_added", consultation, actor=actor, file=stored.id)
    return attachment


def remove_attachment(consultation_id: int, *, attachment_id: int, actor: Any) -> None:
    """Take a file out of the list."""
    with transactional():
        consultation = _editable(consultation_id, actor)
        attachment = db.session.get(ConsultationAttachment, attachment_id)
        if attachment is None or attachment.consultation_id != consultation_id:
            raise Missing
        db.session.delete(attachment)
        db.session.flush()
        audit.record(
            "consultation.file_removed", consultation, actor=actor, file=attachment.file_id
        )


def set_cover(consultation_id: int, *, upload: Any | None, actor: Any) -> None:
    """Show this picture on top; without one the drawing made from the number comes back."""
    with transactional():
        consultation = _editable(consultation_id, actor)
        consultation.cover_id = (
            files.store(upload, purpose="cover", actor=actor).id if upload else None
        )
        db.session.flush()
        audit.record("consultation.cover_set", consultation, actor=actor, own=bool(upload))


def _tell_threads(consultation_id: int) -> None:
    """Who owes answers changed: the threads that exist already hear of it."""
    hosts = scalar_ids(
        select(ConsultationHost.organisation_id)
        .where(ConsultationHost.consultation_id == consultation_id)
        .order_by(ConsultationHost.position)
    )
    set_hosts(scalar_ids(queries.thread_ids(consultation_id)), hosts)


def _editable(consultation_id: int, actor: Any) -> Consultation:
    consultation = lock(Consultation, consultation_id)
    require(policy.can("edit", actor, consultation, clock.now()))
    return consultation


def _part(consultation_id: int, document_id: int) -> ConsultationDocument:
    part = db.session.get(ConsultationDocument, document_id)
    if part is None or part.consultation_id != consultation_id:
        raise Missing
    return part


def _next_position(model: Any, consultation_id: int) -> int:
    last = db.session.scalar(
        select(func.max(model.position)).where(model.consultation_id == consultation_id)
    )
    return 0 if last is None else int(last) + 1
