"""Reports, claims, decisions, undo, letters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engage.commons.accounts.events import AccountClosed, GuestClaimed
from engage.commons.moderation import queries
from engage.commons.moderation.models import UNDO, Case, CaseState, Outcome, Report, Snapshot
from engage.commons.moderation.service import deciding
from engage.commons.notifications.models import Notification
from engage.core import audit, clock
from engage.core.audit import AuditEntry
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.events import announce
from engage.core.outbox import Mail
from tests.factories.accounts import make_guest, make_user
from tests.factories.moderation import WORDS, make_case, make_decision, make_report

pytestmark = pytest.mark.usefixtures("speaking")


def mails(template: str) -> list[Mail]:
    return list(db.session.scalars(select(Mail).where(Mail.template == template).order_by(Mail.id)))


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# --- reports -----------------------------------------------------------------------------


def test_a_report_opens_a_case_keeps_the_words_and_is_thanked_for(notes) -> None:
    author = make_user()
    notes.add(author_id=author.id)
    report = make_report(1)
    case = queries.case(report.case_id)
    assert case.state is CaseState.OPEN
    assert case.author_id == author.id
    assert case.due_at - case.opened_at == timedelta(hours=24)
    assert queries.first_snapshot(case).text == "Whoever signed paragraph 1 is an idiot."
    (mail,) = mails("moderation/report_received")
    assert mail.to_address == "ann@example.org"
    assert report.reference in mail.subject


def test_a_reporter_with_an_account_is_told_there(notes) -> None:
    notes.add()
    reporter = make_user()
    report = make_report(1, actor=reporter)
    assert (report.name, report.email, report.reporter_id) == ("", "", reporter.id)
    assert db.session.scalar(select(Notification.user_id)) == reporter.id


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [
        ({}, {"explanation": "Said in other words."}, True),
        ({}, {"email": " Ann@Example.org "}, True),
        ({}, {"email": "bob@example.org"}, False),
        (
            {"ground": "children", "name": "", "email": "", "explanation": "Look at  THIS"},
            {"ground": "children", "name": "", "email": "", "explanation": "look at this"},
            True,
        ),
        (
            {"ground": "children", "name": "", "email": "", "explanation": "Look at this"},
            {"ground": "children", "name": "", "email": "", "explanation": "And at that"},
            False,
        ),
    ],
)
def test_one_person_reports_one_thing_once(notes, first, again, same) -> None:
    notes.add()
    one, other = make_report(1, **first), make_report(1, **again)
    assert (one.id == other.id) is same
    assert count(Report) == (1 if same else 2)
    assert queries.case(one.case_id).reports_count == count(Report)
    assert count(Case) == 1


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"ground": ""}, "ground"),
        ({"ground": "boring"}, "ground"),
        ({"explanation": " "}, "explanation"),
        ({"explanation": "x" * 4001}, "explanation"),
        ({"good_faith": False}, "good_faith"),
        ({"name": ""}, "name"),
        ({"email": ""}, "email"),
        ({"email": "not an address"}, "email"),
        ({"ground": "children", "email": "not an address"}, "email"),
    ],
)
def test_an_incomplete_notice_is_refused(notes, over, field) -> None:
    notes.add()
    with pytest.raises(Invalid) as refused:
        make_report(1, **over)
    assert field in refused.value.fields
    assert count(Case) == 0


def test_offences_against_children_may_be_reported_without_a_name(notes) -> None:
    notes.add()
    assert make_report(1, ground="children", name="", email="").email == ""
    assert mails("moderation/report_received") == []


@pytest.mark.parametrize("hidden", [True, None])
def test_what_readers_cannot_see_cannot_be_reported(notes, hidden) -> None:
    if hidden:
        notes.add(is_hidden=True)
    with pytest.raises(Missing):
        make_report(1)


def test_later_edits_do_not_change_what_was_reported(notes) -> None:
    notes.add()
    case = make_case(1)
    notes.edit(1, "How nice the quay is.")
    make_report(1, email="bob@example.org")
    texts = db.session.scalars(select(Snapshot.text).order_by(Snapshot.id)).all()
    assert texts == ["Whoever signed paragraph 1 is an idiot.", "How nice the quay is."]
    assert queries.first_snapshot(case).text == texts[0]


# --- claims ------------------------------------------------------------------------------


def test_a_claim_keeps_others_away_until_it_is_given_back(notes, moderator, second) -> None:
    notes.add()
    case = make_case(1)
    deciding.claim(case.id, actor=moderator)
    with pytest.raises(Conflict, match="Mona Reed"):
        deciding.claim(case.id, actor=second)
    deciding.give_back(case.id, actor=second)  # not theirs: nothing happens
    assert queries.case(case.id).claimed_by_id == moderator.id
    deciding.give_back(case.id, actor=moderator)
    deciding.claim(case.id, actor=second)
    assert queries.case(case.id).claimed_by_id == second.id


def test_a_forgotten_claim_lapses(notes, moderator, second) -> None:
    notes.add()
    case = make_case(1)
    with clock.at(clock.now() - timedelta(hours=3)):
        deciding.claim(case.id, actor=moderator)
    deciding.claim(case.id, actor=second)


def test_nobody_moderates_their_own_words(notes, moderator) -> None:
    notes.add(author_id=moderator.id)
    case = make_case(1)
    for act in (
        lambda: deciding.claim(case.id, actor=moderator),
        lambda: make_decision(case, moderator),
        lambda: deciding.open_case("note", 1, actor=moderator),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_residents_moderate_nothing(notes) -> None:
    notes.add()
    case = make_case(1)
    for act in (
        lambda user: deciding.claim(case.id, actor=user),
        lambda user: deciding.give_back(case.id, actor=user),
        lambda user: make_decision(case, user),
        lambda user: deciding.open_case("note", 1, actor=user),
    ):
        with pytest.raises(NotAllowed):
            act(make_user())


# --- decisions ---------------------------------------------------------------------------


def test_hiding_takes_effect_at_once_and_letters_wait(notes, moderator) -> None:
    author = make_user()
    notes.add(author_id=author.id)
    case = make_case(1)
    decision = make_decision(case, moderator)
    assert notes.rows[1].is_hidden
    assert notes.reasons[1] == "insult"
    assert queries.case(case.id).state is CaseState.DECIDED
    assert decision.letters_at is None
    assert mails("moderation/hidden") == []
    assert deciding.send_due_letters() == 0
    with clock.at(decision.decided_at + UNDO):
        assert deciding.send_due_letters() == 1
        assert deciding.send_due_letters() == 0
    (letter,) = mails("moderation/hidden")
    assert letter.to_address == author.email
    assert WORDS in letter.body_text
    assert "3.2" in letter.body_text
    assert "/moderation/complaints/" in letter.body_text
    (answer,) = mails("moderation/report_answered")
    assert answer.to_address == "ann@example.org"
    assert db.session.scalars(select(Report)).one().answered_at is not None


def test_the_author_never_learns_who_reported(notes, moderator) -> None:
    author, reporter = make_user(), make_user(display_name="Zebedee Quill")
    notes.add(author_id=author.id)
    case = make_case(1)
    make_report(1, actor=reporter)
    deciding.send_letters(make_decision(queries.case(case.id), moderator).id)
    (letter,) = mails("moderation/hidden")
    told = db.session.scalars(select(Notification).where(Notification.user_id == author.id)).one()
    for words in (letter.subject, letter.body_text, letter.body_html, told.title, told.excerpt):
        assert not any(
            name in words
            for name in ("Zebedee", "Quill", "Ann Walker", "ann@example.org", reporter.email)
        )


def test_guests_get_their_letter_by_mail(notes, moderator) -> None:
    guest = make_guest(email="guest@example.org", locale="fr")
    notes.add(guest_id=guest.id)
    deciding.send_letters(make_decision(make_case(1), moderator).id)
    (letter,) = mails("moderation/hidden")
    assert (letter.to_address, letter.locale) == ("guest@example.org", "fr")


def test_leaving_it_published_answers_the_reporter_alone(notes, moderator) -> None:
    author = make_user()
    notes.add(author_id=author.id)
    case = make_case(1)
    decision = make_decision(case, moderator, outcome=Outcome.KEEP, rule="within_rules")
    deciding.send_letters(decision.id)
    assert not notes.rows[1].is_hidden
    assert len(mails("moderation/report_answered")) == 1
    assert db.session.scalar(select(Notification).where(Notification.user_id == author.id)) is None


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"rule": "within_rules"}, "rule"),
        ({"rule": "nonsense"}, "rule"),
        ({"words": "  "}, "words"),
        ({"words": "x" * 4001}, "words"),
        ({"outcome": Outcome.KEEP}, "rule"),
    ],
)
def test_a_decision_needs_a_rule_and_words(notes, moderator, over, field) -> None:
    notes.add()
    case = make_case(1)
    with pytest.raises(Invalid) as refused:
        make_decision(case, moderator, **over)
    assert field in refused.value.fields
    assert not notes.rows[1].is_hidden


def test_the_slower_moderator_is_told_who_was_quicker_and_when(notes, moderator, second) -> None:
    notes.add()
    case = make_case(1)
    version = case.version
    make_decision(case, moderator)
    with pytest.raises(Conflict) as told:
        make_decision(case, second, version=version, outcome=Outcome.KEEP, rule="within_rules")
    assert "Mona Reed" in str(told.value.message)
    assert told.value.url.endswith(f"/office/moderation/{case.id}")
    assert notes.rows[1].is_hidden


def test_a_new_report_while_reading_is_a_conflict_that_keeps_the_words(notes, moderator) -> None:
    notes.add()
    case = make_case(1)
    version = case.version
    make_report(1, email="bob@example.org")
    with pytest.raises(Conflict) as told:
        make_decision(case, moderator, version=version)
    assert told.value.kept == WORDS


def test_undo_restores_and_writes_to_nobody(notes, moderator) -> None:
    notes.add(author_id=make_user().id)
    case = make_case(1)
    decision = make_decision(case, moderator)
    deciding.undo(decision.id, actor=moderator)
    assert not notes.rows[1].is_hidden
    case = queries.case(case.id)
    assert (case.state, case.claimed_by_id) == (CaseState.OPEN, moderator.id)
    with clock.at(clock.now() + timedelta(hours=1)):
        assert deciding.send_due_letters() == 0
    assert mails("moderation/hidden") == []
    make_decision(case, moderator, outcome=Outcome.KEEP, rule="in_context")


@pytest.mark.parametrize("later", [UNDO, timedelta(days=1)])
def test_undo_is_over_after_ten_minutes(notes, moderator, later) -> None:
    notes.add()
    decision = make_decision(make_case(1), moderator)
    with clock.at(decision.decided_at + later), pytest.raises(NotAllowed):
        deciding.undo(decision.id, actor=moderator)
    assert notes.rows[1].is_hidden


def test_undo_belongs_to_the_decider_and_ends_with_the_letters(notes, moderator, second) -> None:
    notes.add()
    decision = make_decision(make_case(1), moderator)
    with pytest.raises(NotAllowed):
        deciding.undo(decision.id, actor=second)
    assert deciding.send_letters(decision.id, actor=second)
    with pytest.raises(NotAllowed):
        deciding.undo(decision.id, actor=moderator)


def test_reporting_again_reopens_the_same_case(notes, moderator) -> None:
    notes.add()
    case = make_case(1)
    make_decision(case, moderator, outcome=Outcome.KEEP, rule="within_rules")
    again = make_report(1)
    assert again.case_id == case.id
    case = queries.case(case.id)
    assert (case.state, case.round, case.reports_count) == (CaseState.OPEN, 2, 1)
    assert count(Report) == 2


def test_a_moderator_may_look_without_a_report(notes, moderator) -> None:
    author = make_user()
    notes.add(author_id=author.id)
    case = deciding.open_case("note", 1, actor=moderator)
    assert case.held_by(clock.now()) == moderator.id
    decision = make_decision(case, moderator)
    assert decision.by_notice is False
    deciding.send_letters(decision.id)
    assert "nobody reported it" in mails("moderation/hidden")[0].body_text


def test_several_are_decided_and_one_conflict_stops_only_itself(notes, moderator, second) -> None:
    cases = []
    for _n in range(3):
        cases.append(make_case(notes.add().id))
    deciding.claim(cases[1].id, actor=second)
    done = deciding.decide_many(
        {case.id: case.version for case in cases},
        actor=moderator,
        outcome=Outcome.HIDE,
        rule="advertising",
        words="The same text many times.",
    )
    assert [row.is_hidden for row in notes.rows.values()] == [True, False, True]
    assert len(done.decided) == 2
    assert list(done.left) == [cases[1].id]


def test_every_step_is_in_the_record_and_the_chain_holds(notes, moderator) -> None:
    notes.add()
    case = make_case(1)
    deciding.claim(case.id, actor=moderator)
    decision = make_decision(queries.case(case.id), moderator)
    deciding.send_letters(decision.id)
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [act for act in acts if act.startswith("moderation.")] == [
        "moderation.reported",
        "moderation.decided",
        "moderation.letters_sent",
    ]
    assert list(audit.broken_links()) == []
    assert [event.what for event in queries.history(case)] == [
        "reported",
        "claimed",
        "decided",
        "letters_sent",
    ]


# --- leaving -----------------------------------------------------------------------------


def test_a_reporter_who_leaves_takes_their_name_along(notes) -> None:
    notes.add()
    reporter = make_user()
    make_report(1)
    report = make_report(1, actor=reporter)
    assert queries.reports_by(reporter)[0]["reference"] == report.reference
    for _n in range(2):
        with transactional():
            announce(AccountClosed(reporter.id))
    row = db.session.get(Report, report.id, populate_existing=True)
    assert (row.reporter_id, row.reporter_key) == (None, f"gone:{report.id}")
    assert count(Report) == 2
    assert queries.reports_by(reporter) == []


def test_a_guest_who_gets_an_account_cannot_decide_about_their_own_words(notes, moderator) -> None:
    guest = make_guest()
    notes.add(guest_id=guest.id)
    case = make_case(1)
    with transactional():
        announce(GuestClaimed(guest.id, moderator.id))
    with pytest.raises(NotAllowed):
        make_decision(queries.case(case.id), moderator)
