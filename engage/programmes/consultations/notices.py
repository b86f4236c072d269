"""Who is told that a consultation moved: its followers, its hosts, and in the end all who wrote."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy import Select, or_, select

from engage.commons.accounts.models import Membership, MembershipRole, User
from engage.commons.documents.models import Document
from engage.commons.notifications.service import tell
from engage.core import clock
from engage.core.db import db, lock, transactional
from engage.core.tasks import task
from engage.programmes.consultations import queries
from engage.programmes.consultations.models import (
    Consultation,
    ConsultationBulletin,
    ConsultationFollow,
    ConsultationHost,
    ConsultationVoice,
    Occasion,
)

TOPIC = "consultations"
_BATCH = 100


def put_on_the_board(
    consultation: Consultation,
    occasion: Occasion,
    *,
    key: str | None = None,
    document_id: int | None = None,
) -> None:
    """Note a piece of news inside the present transaction; the worker hands it out after it.

    The same key is news once.
    """
    key = key or occasion.value
    with transactional():
        known = select(ConsultationBulletin.id).where(
            ConsultationBulletin.consultation_id == consultation.id,
            ConsultationBulletin.key == key,
        )
        if db.session.scalar(known) is not None:
            return
        db.session.add(
            ConsultationBulletin(
                consultation_id=consultation.id,
                occasion=occasion,
                key=key,
                document_id=document_id,
            )
        )
        db.session.flush()
        hand_out.later()


@task
def hand_out() -> None:
    """Tell everybody concerned about all waiting news, in batches; safe to run twice at once."""
    waiting = (
        select(ConsultationBulletin.id)
        .where(ConsultationBulletin.done_at.is_(None))
        .order_by(ConsultationBulletin.id)
    )
    for bulletin_id in db.session.scalars(waiting).all():
        while _hand_out_batch(bulletin_id):
            pass


def _hand_out_batch(bulletin_id: int) -> bool:
    """Tell the next people; False when nobody is left."""
    with transactional():
        bulletin = lock(ConsultationBulletin, bulletin_id)
        if bulletin.done_at is not None:
            return False
        consultation = queries.consultation_with_words(bulletin.consultation_id)
        people = db.session.scalars(
            _audience(consultation.id, bulletin.occasion)
            .where(User.id > bulletin.last_user_id)
            .order_by(User.id)
            .limit(_BATCH)
        ).all()
        for user in people:
            _tell(user, bulletin, consultation)
        if people:
            bulletin.last_user_id = people[-1].id
        else:
            bulletin.done_at = clock.now()
        return bool(people)


def _audience(consultation_id: int, occasion: Occasion) -> Select[User]:
    followers = select(ConsultationFollow.user_id).where(
        ConsultationFollow.consultation_id == consultation_id
    )
    speakers = (
        select(Membership.user_id)
        .join(ConsultationHost, ConsultationHost.organisation_id == Membership.organisation_id)
        .where(
            ConsultationHost.consultation_id == consultation_id,
            Membership.accepted_at.is_not(None),
            Membership.role.in_((MembershipRole.LEAD, MembershipRole.EDITOR)),
        )
    )
    concerned = [User.id.in_(followers), User.id.in_(speakers)]
    if occasion is Occasion.ANSWERED:
        writers = select(ConsultationVoice.user_id).where(
            ConsultationVoice.consultation_id == consultation_id,
            ConsultationVoice.user_id.is_not(None),
        )
        concerned.append(User.id.in_(writers))
    return select(User).where(User.closed_at.is_(None), User.active, or_(*concerned))


def _tell(user: User, bulletin: ConsultationBulletin, consultation: Consultation) -> None:
    words = consultation.words_in(user.locale)
    context: dict[str, Any] = {
        "title": words.title,
        "opens_at": consultation.opens_at,
        "closes_at": consultation.closes_at,
        "time_zone": consultation.time_zone,
        "answer_days": consultation.answer_days,
        "reason": consultation.change_reason,
        "excerpt": words.summary,
    }
    # the path alone: the worker has no request, and the reader's language is put in front of it
    where: dict[str, Any] = {
        "address": consultation.address,
        "locale": user.locale,
        "_external": False,
    }
    url = url_for("consultations.detail", **where)
    if bulletin.occasion is Occasion.ANSWERED:
        url = url_for("consultations.outcome", **where)
    elif bulletin.document_id is not None:
        document = db.session.get_one(Document, bulletin.document_id)
        context["document"] = document.title
        url = url_for("consultations.document", document_id=document.id, **where)
    tell(
        user,
        topic=TOPIC,
        template=f"consultations/{bulletin.occasion.value}",
        context=context,
        url=url,
        key=f"consultation-{consultation.id}-{bulletin.key}",
    )
