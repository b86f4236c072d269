"""Loading the demonstration: once, in order, with counts to watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import current_app
from sqlalchemy import select

from engage.commons.accounts.demo import DemoAccount
from engage.commons.documents.models import Document
from engage.core import clock
from engage.core.db import db
from engage.core.errors import NotAllowed
from engage.core.i18n import _l
from engage.portal.demo import content, crowd, office
from engage.portal.demo import ideas as proposals
from engage.portal.demo.cast import ON_SHOW, again, enter, is_on_stage
from engage.portal.demo.story import Story, agree_with_paragraphs
from engage.programmes.consultations.models import Consultation, ConsultationDocument

Progress = Callable[[str], None]


def accounts() -> list[DemoAccount]:
    """The accounts shown at start and on the sign-in page; empty until they exist."""
    if not current_app.config["DEMONSTRATION"] or not is_on_stage():
        return []
    known = {person.key: person for person in content.people()}
    return [DemoAccount(known[key].email, known[key].name, text) for key, text in ON_SHOW.items()]


def load(scale: int, progress: Progress) -> None:
    """The story at scale 1; more scale adds comments, two thousand for each step.

    Loading again adds only what is missing. Raises NotAllowed outside of a demonstration.
    """
    if not current_app.config["DEMONSTRATION"]:
        raise NotAllowed(
            _l("This instance is not a demonstration."),
            _l("Set ENGAGE_DEMONSTRATION=1 on a development instance; production refuses it."),
        )
    from engage.core import patience  # PostgreSQL's driver, which not everybody needs

    now = clock.now()
    with patience.nobody_waits():
        if is_on_stage():
            progress("The story is there already.")
        else:
            _tell(Story(cast=enter(now), now=now), progress)
        if scale > 1:
            _multiply(scale, progress)


def _tell(story: Story, progress: Progress) -> None:
    office.furnish(actor=story.cast.people["admin"])
    people = len(story.cast.people) + len(story.cast.crowd)
    progress(f"{people} people and {len(story.cast.groups)} organisations.")
    story.write()
    call = proposals.Tale(story)
    call.write()
    for done in story.timeline.play(story.now):
        if done % 40 == 0:
            progress(f"{done} things happened, {len(story.timeline)} to come.")
    progress(f"{agree_with_paragraphs(story)} readers agreed or disagreed with a paragraph.")
    progress(f"{call.support()} times somebody supported one of {proposals.ideas_now()} ideas.")
    progress(f"{len(story.consultations)} consultations, {crowd.comments_now()} comments.")


def _multiply(scale: int, progress: Progress) -> None:
    again()
    document, consultation_id = next(_plan_text())
    for done, wanted in crowd.fill(document, consultation_id, scale, clock.now()):
        progress(f"{done} of {wanted} further comments.")
    progress(f"{crowd.comments_now()} comments in all.")
    for done, wanted in proposals.fill(scale, clock.now(), crowd.writers()):
        progress(f"{done} of {wanted} further ideas.")


def _plan_text() -> Iterator[tuple[Document, int]]:
    title = content.consultations()[0]["en"]["title"]
    rows = db.session.execute(
        select(Document, Consultation.id)
        .join(ConsultationDocument, ConsultationDocument.document_id == Document.id)
        .join(Consultation, Consultation.id == ConsultationDocument.consultation_id)
        .where(Consultation.title == title, Document.language == "en")
    )
    return ((document, ident) for document, ident in rows)
