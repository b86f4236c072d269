"""People who leave or arrive: names go with their account, decisions and their reasons stay."""

from __future__ import annotations

from sqlalchemy import String, cast, literal, update

from engage.commons.moderation.models import Case, Complaint, Report
from engage.core.db import db, transactional


def forget_reporter(user_id: int) -> None:
    """Cut reports and complaints of an account from its person; twice is harmless."""
    with transactional():
        db.session.execute(
            update(Report)
            .where(Report.reporter_id == user_id)
            .values(
                reporter_id=None,
                name="",
                email="",
                reporter_key=literal("gone:") + cast(Report.id, String),
            )
            .execution_options(synchronize_session=False)
        )
        db.session.execute(
            update(Complaint)
            .where(Complaint.user_id == user_id)
            .values(user_id=None)
            .execution_options(synchronize_session=False)
        )


def adopt_guest(guest_id: int, user_id: int) -> None:
    """Cases about what a guest wrote are about the account that claimed it."""
    with transactional():
        db.session.execute(
            update(Case)
            .where(Case.guest_id == guest_id, Case.author_id.is_(None))
            .values(author_id=user_id)
            .execution_options(synchronize_session=False)
        )
