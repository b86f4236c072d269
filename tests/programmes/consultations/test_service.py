"""Writes: each promise, each refusal, each line in the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments.models import Thread
from engage.commons.notifications.models import Notification
from engage.core.audit import AuditEntry
from engage.core.db import db
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.programmes.consultations import notices, queries
from engage.programmes.consultations.models import (
    Consultation,
    ConsultationBulletin,
    ConsultationFollow,
    ConsultationState,
    ConsultationVoice,
    Occasion,
    Theme,
    TranslationMark,
)
from engage.programmes.consultations.service import following, lifecycle, parts, writing
from engage.programmes.consultations.service.writing import Brief, slug_of
from tests.factories.accounts import (
    make_guest,
    make_member,
    make_organisation,
    make_staff,
    make_user,
)
from tests.factories.consultations import make_consultation, make_text

S = ConsultationState
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BRIEF = Brief(
    title="Smart port strategy 2027–2032",
    language="en",
    time_zone="Europe/Paris",
    summary="Five years, two ports, one plan.",
    body="**Read** it.",
    opens_at=NOW + timedelta(days=1),
    closes_at=NOW + timedelta(days=15),
    themes=(Theme.ENERGY, Theme.MOBILITY),
)


@pytest.fixture
def organiser(app: Flask) -> Any:
    return make_staff("organiser")


def fresh(consultation_id: int) -> Consultation:
    db.session.expire_all()
    return db.session.get_one(Consultation, consultation_id)


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


# --- writing --------------------------------------------------------------------------


def test_a_brief_becomes_a_draft_with_a_thread(organiser: Any) -> None:
    made = writing.create_consultation(BRIEF, actor=organiser)
    assert made.state is S.DRAFT
    assert made.slug == "smart-port-strategy-2027-2032"
    assert "<strong>Read</strong>" in made.body_html
    assert db.session.get(Thread, made.thread_id).kind == "consultations.consultation"
    assert acts() == ["consultation.created"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "  "}, "title"),
        ({"language": "xx"}, "language"),
        ({"answer_days": 0}, "answer_days"),
        ({"closes_at": NOW}, "closes_at"),
    ],
)
def test_a_brief_that_makes_no_sense_is_refused(
    organiser: Any, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        writing.create_consultation(replace(BRIEF, **change), actor=organiser)
    assert field in refused.value.fields


def test_residents_create_nothing(app: Flask) -> None:
    with pytest.raises(NotAllowed):
        writing.create_consultation(BRIEF, actor=make_user())


def test_a_stale_edit_keeps_what_was_typed_and_what_is_there(app: Flask, organiser: Any) -> None:
    made = writing.create_consultation(BRIEF, actor=organiser)
    started_from = made.revision
    with app.test_request_context("/en/"):
        writing.edit_consultation(
            made.id, replace(BRIEF, title="First"), revision=started_from, actor=organiser
        )
        with pytest.raises(Conflict) as stale:
            writing.edit_consultation(
                made.id, replace(BRIEF, title="Second"), revision=started_from, actor=organiser
            )
    assert "Second" in (stale.value.kept or "")
    assert stale.value.url
    assert fresh(made.id).title == "First"


def test_changed_words_outdate_their_translations(app: Flask, organiser: Any) -> None:
    made = writing.create_consultation(BRIEF, actor=organiser)
    writing.translate_consultation(
        made.id,
        language="fr",
        mark=TranslationMark.HUMAN,
        words={"title": "Stratégie", "summary": "Cinq ans."},
        revision=made.revision,
        actor=organiser,
    )
    reader = queries.consultation_with_words(made.id)
    assert reader.words_in("fr").title == "Stratégie"
    assert "strategie" in reader.search_text
    # a setting is no word
    writing.edit_consultation(
        made.id, replace(BRIEF, answer_days=20), revision=reader.revision, actor=organiser
    )
    assert queries.consultation_with_words(made.id).words_in("fr").language == "fr"
    writing.edit_consultation(
        made.id, replace(BRIEF, summary="Other."), revision=reader.revision, actor=organiser
    )
    db.session.expire_all()
    reader = queries.consultation_with_words(made.id)
    assert reader.words_in("fr").language == "en"


def test_a_public_window_is_not_moved_by_an_edit(organiser: Any) -> None:
    running = make_consultation(S.OPEN)
    before = running.closes_at
    writing.edit_consultation(running.id, BRIEF, revision=running.revision, actor=organiser)
    assert fresh(running.id).closes_at == before


def test_a_copy_takes_words_and_hosts_but_no_dates_and_no_comments(organiser: Any) -> None:
    source = make_consultation(
        S.ANSWERED, themes=(Theme.ENERGY,), steps=[{"title": {"en": "We read"}}]
    )
    make_text(source)
    twin = writing.copy_consultation(source.id, actor=organiser)
    twin = queries.get_detail(twin.id, organiser)
    assert twin.state is S.DRAFT
    assert (twin.opens_at, twin.closes_at, twin.outcome) == (None, None, "")
    assert [host.organisation_id for host in twin.hosts]
    assert [row.theme for row in twin.themes] == [Theme.ENERGY]
    assert twin.steps == source.steps
    assert not twin.documents
    assert twin.thread_id != source.thread_id


def test_steps_need_words_in_the_first_language(organiser: Any) -> None:
    made = make_consultation(S.DRAFT)
    with pytest.raises(Invalid):
        writing.set_steps(
            made.id,
            steps=[{"title": {"fr": "Nous lisons"}, "text": {}}],
            milestones=[],
            revision=made.revision,
            actor=organiser,
        )


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("L'été à Boulogne-sur-Mer !", "l-ete-a-boulogne-sur-mer"),
        ("港", ""),
        ("a" * 100, "a" * 60),
        ("one two " * 20, "one-two-one-two-one-two-one-two-one-two-one-two-one-two-one"),
    ],
)
def test_slugs_are_plain_and_short(title: str, slug: str) -> None:
    assert slug_of(title) == slug


# --- the life of a consultation -------------------------------------------------------


def ready(organiser: Any) -> Consultation:
    made = writing.create_consultation(BRIEF, actor=organiser)
    parts.add_host(made.id, organisation_id=make_organisation().id, role="asks", actor=organiser)
    return made


def test_a_draft_says_all_that_is_missing(organiser: Any) -> None:
    bare = Brief(title="Quay", language="en", time_zone="Europe/Paris")
    made = writing.create_consultation(bare, actor=organiser)
    with pytest.raises(Invalid) as refused:
        lifecycle.schedule_consultation(made.id, actor=organiser)
    assert set(refused.value.fields) == {"summary", "opens_at", "closes_at", "hosts"}


def test_a_window_that_is_over_cannot_be_scheduled(frozen: Any, organiser: Any) -> None:
    with frozen(NOW):
        made = ready(organiser)
    with frozen(NOW + timedelta(days=20)), pytest.raises(Invalid):
        lifecycle.schedule_consultation(made.id, actor=organiser)


def test_it_opens_and_closes_by_itself_once(app: Flask, frozen: Any, organiser: Any) -> None:
    with frozen(NOW), app.test_request_context("/en/"):
        made = ready(organiser)
        lifecycle.schedule_consultation(made.id, actor=organiser)
        assert lifecycle.advance_due(NOW) == 0
        opens, closes = BRIEF.opens_at, BRIEF.closes_at
        assert opens is not None
        assert closes is not None
        assert lifecycle.advance_due(opens) == 1
        assert lifecycle.advance_due(opens) == 0, "the tick may come twice"
        assert fresh(made.id).state is S.OPEN
        assert lifecycle.advance_due(closes - timedelta(seconds=1)) == 0
        assert lifecycle.advance_due(closes) == 1
        assert lifecycle.advance_due(closes + timedelta(hours=1)) == 0
        assert fresh(made.id).state is S.CLOSED
    assert acts().count("consultation.open") == 1
    assert acts().count("consultation.closed") == 1
    bulletins = list(db.session.scalars(select(ConsultationBulletin.occasion)))
    assert bulletins == [Occasion.OPENED, Occasion.CLOSED]


def test_a_worker_that_slept_through_the_window_records_both_ends(
    app: Flask, frozen: Any, organiser: Any
) -> None:
    with frozen(NOW), app.test_request_context("/en/"):
        made = ready(organiser)
        lifecycle.schedule_consultation(made.id, actor=organiser)
        lifecycle.advance_due(NOW + timedelta(days=30))
    assert fresh(made.id).state is S.CLOSED
    assert acts()[-2:] == ["consultation.open", "consultation.closed"]


def test_before_it_opens_it_can_be_taken_back(frozen: Any, organiser: Any) -> None:
    with frozen(NOW):
        made = ready(organiser)
        lifecycle.schedule_consultation(made.id, actor=organiser)
        lifecycle.unschedule_consultation(made.id, actor=organiser)
        assert fresh(made.id).state is S.DRAFT


def test_after_it_opened_it_cannot_be_taken_back_even_before_the_tick(
    app: Flask, frozen: Any, organiser: Any
) -> None:
    with frozen(NOW):
        made = ready(organiser)
        lifecycle.schedule_consultation(made.id, actor=organiser)
    with (
        frozen(NOW + timedelta(days=2)),
        app.test_request_context("/en/"),
        pytest.raises(NotAllowed),
    ):
        lifecycle.unschedule_consultation(made.id, actor=organiser)


def test_more_time_needs_a_reason_and_a_later_time(app: Flask, organiser: Any) -> None:
    running = make_consultation(S.OPEN)
    closes = running.closes_at
    with pytest.raises(Invalid) as refused:
        lifecycle.extend_consultation(running.id, closes_at=closes, reason=" ", actor=organiser)
    assert set(refused.value.fields) == {"reason", "closes_at"}
    with app.test_request_context("/en/"):
        lifecycle.extend_consultation(
            running.id, closes_at=closes + timedelta(days=3), reason="The storm.", actor=organiser
        )
    now_running = fresh(running.id)
    assert now_running.is_extended
    assert not now_running.is_closed_early
    assert now_running.change_reason == "The storm."


def test_a_closed_one_gets_no_more_time(app: Flask, organiser: Any) -> None:
    over = make_consultation(
        S.OPEN, closes_at=NOW - timedelta(days=300), opens_at=NOW - timedelta(days=310)
    )
    with app.test_request_context("/en/"), pytest.raises(NotAllowed):
        lifecycle.extend_consultation(
            over.id, closes_at=NOW + timedelta(days=900), reason="Late.", actor=organiser
        )


def test_closing_early_takes_effect_in_that_second(app: Flask, frozen: Any, organiser: Any) -> None:
    with frozen(NOW), app.test_request_context("/en/"):
        running = make_consultation(S.OPEN)
        lifecycle.close_consultation(running.id, reason="The plan is withdrawn.", actor=organiser)
        closed = fresh(running.id)
        assert closed.state is S.CLOSED
        assert closed.closes_at == NOW
        assert closed.is_closed_early
        with pytest.raises(NotAllowed):
            lifecycle.close_consultation(running.id, reason="Again.", actor=organiser)


def test_the_outcome_answers_once_and_can_be_corrected(app: Flask, organiser: Any) -> None:
    over = make_consultation(S.CLOSED)
    with app.test_request_context("/en/"):
        lifecycle.publish_outcome(over.id, outcome="We **name** the berths.", actor=organiser)
        first = fresh(over.id)
        assert first.state is S.ANSWERED
        assert "<strong>name</strong>" in first.outcome_html
        answered_at = first.answered_at
        lifecycle.publish_outcome(over.id, outcome="We name berths 7 to 9.", actor=organiser)
    assert fresh(over.id).answered_at == answered_at
    lifecycle.archive_consultation(over.id, actor=organiser)
    assert fresh(over.id).state is S.ARCHIVED


def test_an_open_one_has_no_outcome_yet(organiser: Any) -> None:
    running = make_consultation(S.OPEN)
    with pytest.raises(NotAllowed):
        lifecycle.publish_outcome(running.id, outcome="Early.", actor=organiser)


# --- hosts and texts ------------------------------------------------------------------


def test_hosts_are_verified_and_named_once(organiser: Any) -> None:
    made = make_consultation(S.DRAFT, hosts=())
    unknown, known = make_organisation(verified_at=None), make_organisation()
    with pytest.raises(Invalid):
        parts.add_host(made.id, organisation_id=unknown.id, role="", actor=organiser)
    parts.add_host(made.id, organisation_id=known.id, role=" leads ", actor=organiser)
    with pytest.raises(Invalid):
        parts.add_host(made.id, organisation_id=known.id, role="", actor=organiser)
    thread = db.session.get_one(Thread, made.thread_id)
    assert thread.host_ids == [known.id], "who owes answers in the threads follows"


def test_the_last_host_of_a_public_one_stays(organiser: Any) -> None:
    host = make_organisation()
    running = make_consultation(S.OPEN, hosts=(host,))
    with pytest.raises(Conflict):
        parts.remove_host(running.id, organisation_id=host.id, actor=organiser)
    draft = make_consultation(S.DRAFT, hosts=(host,))
    parts.remove_host(draft.id, organisation_id=host.id, actor=organiser)


def test_texts_change_places(organiser: Any) -> None:
    made = make_consultation(S.DRAFT)
    one, two, three = (make_text(made, title=str(n)) for n in range(3))
    parts.move_document(made.id, document_id=three.id, up=True, actor=organiser)
    parts.move_document(made.id, document_id=one.id, up=True, actor=organiser)
    db.session.expire_all()
    shown = queries.get_detail(made.id, organiser)
    assert [row.document_id for row in shown.documents] == [one.id, three.id, two.id]


def test_somebody_elses_text_is_missing(organiser: Any) -> None:
    made, other = make_consultation(S.DRAFT), make_consultation(S.DRAFT)
    foreign = make_text(other)
    for act in (
        lambda: parts.move_document(made.id, document_id=foreign.id, up=True, actor=organiser),
        lambda: parts.remove_document(made.id, document_id=foreign.id, actor=organiser),
        lambda: queries.part(made.id, foreign.id),
    ):
        with pytest.raises(Missing):
            act()


# --- who takes part, who is told ------------------------------------------------------


def test_everybody_counts_once(app: Flask) -> None:
    one, user, body = (
        make_consultation(),
        make_user(kind=StakeholderKind.BUSINESS),
        make_organisation(),
    )
    guest = make_guest(email="kim@example.org")
    again = make_guest(email="kim@example.org")
    seen = {"kind": StakeholderKind.RESIDENT, "at": NOW}
    for _time in range(2):
        following.note_voice(one.id, user_id=user.id, guest_id=None, organisation_id=None, **seen)
    following.note_voice(one.id, user_id=user.id, guest_id=None, organisation_id=body.id, **seen)
    following.note_voice(one.id, user_id=None, guest_id=guest.id, organisation_id=None, **seen)
    following.note_voice(one.id, user_id=None, guest_id=again.id, organisation_id=None, **seen)
    taken = queries.participation(one.id)
    assert (taken.people, taken.organisations) == (2, 1)
    assert sum(percent for _kind, _count, percent in taken.kinds) == 100


def test_a_guest_who_turns_out_to_have_an_account_is_one_person(app: Flask) -> None:
    one, user, guest = make_consultation(), make_user(), make_guest()
    seen = {"kind": StakeholderKind.RESIDENT, "at": NOW, "organisation_id": None}
    following.note_voice(one.id, user_id=user.id, guest_id=None, **seen)
    following.note_voice(one.id, user_id=None, guest_id=guest.id, **seen)
    following.claim_voice(guest.id, user.id)
    voices = set(db.session.scalars(select(ConsultationVoice.voice)))
    assert voices == {f"u{user.id}"}


def test_following_twice_is_following_once(app: Flask) -> None:
    one, user = make_consultation(), make_user()
    following.follow(one.id, actor=user)
    following.follow(one.id, actor=user)
    assert db.session.scalar(select(func.count()).select_from(ConsultationFollow)) == 1
    following.unfollow(one.id, actor=user)
    following.unfollow(one.id, actor=user)
    assert not queries.follows(one.id, user)


def test_a_draft_cannot_be_followed_because_it_is_not_there(app: Flask) -> None:
    with pytest.raises(Missing):
        following.follow(make_consultation(S.DRAFT).id, actor=make_user())


def told() -> list[tuple[int, str]]:
    return sorted(db.session.execute(select(Notification.user_id, Notification.title)).all())


def test_followers_and_hosts_are_told_once_and_in_their_language(
    app: Flask, frozen: Any, organiser: Any
) -> None:
    body, lead, follower, stranger = (
        make_organisation(),
        make_user(),
        make_user(locale="fr"),
        make_user(),
    )
    make_member(lead, body)
    one = make_consultation(
        S.SCHEDULED, hosts=(body,), title="Quay", opens_at=NOW, closes_at=NOW + timedelta(days=9)
    )
    following.follow(one.id, actor=follower)
    with frozen(NOW):
        lifecycle.advance_due(NOW)
        notices.hand_out()
        notices.hand_out()
    seen = told()
    assert [user for user, _title in seen] == sorted([lead.id, follower.id])
    assert all("Quay" in title for _user, title in seen)
    assert stranger.id not in [user for user, _title in seen]
    addresses = dict(db.session.execute(select(Notification.user_id, Notification.url)).all())
    assert addresses[follower.id].startswith("/fr/consultations/")


def test_a_killed_worker_goes_on_where_it_stopped(
    app: Flask, monkeypatch: pytest.MonkeyPatch, organiser: Any
) -> None:
    one = make_consultation(S.CLOSED, hosts=())
    people = [make_user() for _number in range(5)]
    for user in people:
        following.follow(one.id, actor=user)
    monkeypatch.setattr(notices, "_BATCH", 2)
    monkeypatch.setattr(notices.hand_out, "fn", lambda: None)
    lifecycle.publish_outcome(one.id, outcome="Done.", actor=organiser)
    bulletin = db.session.scalar(select(ConsultationBulletin.id))
    assert bulletin is not None
    assert notices._hand_out_batch(bulletin)
    assert len(told()) == 2
    # the worker dies here; another takes over
    while notices._hand_out_batch(bulletin):
        pass
    assert [user for user, _title in told()] == sorted(user.id for user in people)


def test_everybody_who_wrote_hears_what_came_of_it(app: Flask, organiser: Any) -> None:
    one, writer = make_consultation(S.CLOSED, hosts=()), make_user()
    following.note_voice(
        one.id,
        user_id=writer.id,
        guest_id=None,
        organisation_id=None,
        kind=StakeholderKind.RESIDENT,
        at=NOW,
    )
    lifecycle.publish_outcome(one.id, outcome="Done.", actor=organiser)
    notices.hand_out()
    assert [user for user, _title in told()] == [writer.id]


def test_a_second_version_is_news_and_the_first_is_not(app: Flask) -> None:
    one, follower = make_consultation(hosts=()), make_user()
    text = make_text(one, title="Draft plan")
    following.follow(one.id, actor=follower)
    parts.tell_new_version(text.id, 1)
    parts.tell_new_version(text.id, 2)
    parts.tell_new_version(text.id, 2)
    notices.hand_out()
    assert [title for _user, title in told()] == ["New version of “Draft plan”"]
