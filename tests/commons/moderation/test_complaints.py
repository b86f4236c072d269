"""Complaints: free, once each, never answered by the person who decided."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engage.commons.moderation import queries
from engage.commons.moderation.models import Complaint, ComplaintState, Decision, Outcome
from engage.commons.moderation.service import complaining, deciding
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.outbox import Mail
from tests.factories.accounts import make_user
from tests.factories.moderation import make_case, make_decision

pytestmark = pytest.mark.usefixtures("speaking")
WHY = "I wrote about the paragraph, not about a person."


@pytest.fixture
def author(app):
    return make_user()


@pytest.fixture
def decision(notes, moderator, author) -> Decision:
    notes.add(author_id=author.id)
    made = make_decision(make_case(1), moderator)
    deciding.send_letters(made.id)
    return made


def complain(decision, report_id=None, actor=None, text=WHY) -> Complaint:
    return complaining.complain(decision.id, report_id, actor=actor, text=text)


def review(
    complaint, actor, reverse=True, rule="within_rules", words="You are right."
) -> Complaint:
    return complaining.review(complaint.id, actor=actor, reverse=reverse, rule=rule, words=words)


def subjects(address: str) -> list[str]:
    found = select(Mail.subject).where(Mail.to_address == address).order_by(Mail.id)
    return list(db.session.scalars(found))


def _answer_it_anyway(complaint: Complaint, moderator) -> None:
    db.session.get(Complaint, complaint.id).reviewer_id = moderator.id
    db.session.flush()


def test_one_complaint_each(decision, author) -> None:
    assert (
        complain(decision, actor=author).id
        == complain(decision, actor=author, text="And again!").id
    )
    (report,) = queries.reports(queries.case(decision.case_id))
    assert complain(decision, report.id).id != complain(decision).id


def test_the_decider_does_not_answer(decision, author, moderator) -> None:
    complaint = complain(decision, actor=author)
    with pytest.raises(NotAllowed):
        review(complaint, moderator)
    with pytest.raises(IntegrityError), transactional():
        _answer_it_anyway(complaint, moderator)


def test_turning_round_restores_and_tells_everybody(notes, decision, author, second) -> None:
    complaint = complain(decision, actor=author)
    review(complaint, second)
    assert not notes.rows[1].is_hidden
    assert db.session.get(Complaint, complaint.id).state is ComplaintState.REVERSED
    assert db.session.get(Decision, decision.id, populate_existing=True).reversed_at is not None
    assert queries.standing_decision(queries.case(decision.case_id)).outcome is Outcome.KEEP
    to_author, to_reporter = subjects(author.email), subjects("ann@example.org")
    assert any(words.startswith("You were right") for words in to_author)
    assert any(words.startswith("What you wrote is back") for words in to_author)
    assert any(words.startswith("What you reported stays") for words in to_reporter)


def test_upholding_tells_only_who_complained(notes, decision, author, second) -> None:
    review(
        complain(decision, actor=author), second, reverse=False, rule="", words="It names a clerk."
    )
    assert notes.rows[1].is_hidden
    assert any(words.startswith("Our decision stands") for words in subjects(author.email))
    assert len(subjects("ann@example.org")) == 2  # receipt and first answer


def test_a_reporter_may_be_right_too(notes, moderator, second, author) -> None:
    notes.add(author_id=author.id)
    case = make_case(1)
    kept = make_decision(case, moderator, outcome=Outcome.KEEP, rule="within_rules")
    deciding.send_letters(kept.id)
    (report,) = queries.reports(case)
    review(complain(kept, report.id), second, rule="insult", words="It does insult a clerk.")
    assert notes.rows[1].is_hidden
    assert any(
        words.startswith("We have hidden what you wrote") for words in subjects(author.email)
    )


def test_two_reviewers(decision, author, second) -> None:
    complaint = complain(decision, actor=author)
    review(complaint, second, reverse=False, rule="")
    with pytest.raises(Conflict):
        review(complaint, second)


@pytest.mark.parametrize("over", [{"words": " "}, {"rule": "insult"}, {"rule": ""}])
def test_an_answer_needs_words_and_a_fitting_rule(notes, decision, author, second, over) -> None:
    with pytest.raises(Invalid):
        review(complain(decision, actor=author), second, **over)
    assert notes.rows[1].is_hidden


def test_not_before_the_letters_and_not_about_what_was_undone(notes, moderator) -> None:
    notes.add()
    made = make_decision(make_case(1), moderator)
    with pytest.raises(NotAllowed):
        complain(made)
    deciding.undo(made.id, actor=moderator)
    with pytest.raises(NotAllowed):
        complain(made)


def test_a_report_of_another_case_opens_nothing(notes, decision) -> None:
    notes.add()
    other = make_case(2, email="bob@example.org")
    (report,) = queries.reports(other)
    with pytest.raises(Missing):
        complain(decision, report.id)
    with pytest.raises(Missing):
        complaining.complain(987654, None, actor=None, text=WHY)


@pytest.mark.parametrize("text", ["", "   ", "no", "x" * 4001])
def test_a_complaint_says_why(decision, text) -> None:
    with pytest.raises(Invalid):
        complain(decision, text=text)
