"""Support: one each, undoable, exact under bursts; and the proof that the bursts would notice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from engage.commons.accounts import export
from engage.commons.accounts.models import OrganisationKind, StakeholderKind, User
from engage.commons.comments import service as comments
from engage.core import clock
from engage.core.audit import broken_links
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Missing, NotAllowed
from engage.programmes.ideas import queries, ranking
from engage.programmes.ideas.models import Call, Idea, IdeaState, Support
from engage.programmes.ideas.service import merging, supporting
from tests.factories.accounts import make_member, make_organisation, make_staff, make_user
from tests.factories.ideas import make_call, make_idea

pytestmark = pytest.mark.usefixtures("inside")
MANY = 8


def counted(idea_id: int) -> tuple[int, int, dict[str, Any]]:
    db.session.expire_all()
    idea = db.session.get_one(Idea, idea_id)
    return idea.supports_count, idea.organisations_count, idea.supports_by_kind


def test_support_counts_once_by_kind_and_can_be_taken_back() -> None:
    idea, person = make_idea(), make_user(kind=StakeholderKind.BUSINESS)
    for _time in range(2):
        supporting.support(idea.id, actor=person)
    assert counted(idea.id) == (1, 0, {"business": [1, 0]})
    for _time in range(2):
        supporting.unsupport(idea.id, actor=person)
    assert counted(idea.id) == (0, 0, {})
    assert list(supporting.drifts()) == []


def test_an_organisation_supports_once_whoever_presses_and_beside_its_people() -> None:
    idea = make_idea()
    firm = make_organisation(kind=OrganisationKind.RESEARCH)
    one, other = make_user(), make_user()
    for person in (one, other):
        make_member(person, firm)
        supporting.support(idea.id, organisation_id=firm.id, actor=person)
    supporting.support(idea.id, actor=one)
    assert counted(idea.id) == (2, 1, {"researcher": [0, 1], "resident": [1, 0]})
    with pytest.raises(NotAllowed):
        supporting.support(idea.id, organisation_id=firm.id, actor=make_user())
    supporting.unsupport(idea.id, organisation_id=firm.id, actor=other)
    assert counted(idea.id)[1] == 0


def test_an_organisation_that_may_not_support() -> None:
    idea = make_idea(make_call(takes_organisations=False))
    person, firm = make_user(), make_organisation()
    make_member(person, firm)
    with pytest.raises(NotAllowed):
        supporting.support(idea.id, organisation_id=firm.id, actor=person)


def test_after_closing_nothing_is_counted_or_taken_back() -> None:
    call = make_call(closes=1)
    idea, person = make_idea(call), make_user()
    supporting.support(idea.id, actor=person)
    with clock.at(clock.now() + timedelta(days=2)):
        for verb in (supporting.support, supporting.unsupport):
            with pytest.raises(NotAllowed) as refused:
                verb(idea.id, actor=person if verb is supporting.unsupport else make_user())
            assert "over" in str(refused.value.message)
    assert counted(idea.id)[0] == 1


def test_support_may_end_later_than_the_ideas() -> None:
    now = clock.now()
    call = make_call(opens=-9, closes=-2, supports_close_at=now + timedelta(days=1))
    idea = make_idea(call)
    supporting.support(idea.id, actor=make_user())
    assert counted(idea.id)[0] == 1


@pytest.mark.parametrize("state", ["hidden", "withdrawn", "submitted", "draft"])
def test_what_is_not_shown_does_not_exist_for_supporters(state: str) -> None:
    idea = make_idea(state=state)
    with pytest.raises(Missing):
        supporting.support(idea.id, actor=make_user())


@pytest.mark.parametrize("state", ["declined", "delivered"])
def test_what_is_finished_is_supported_no_more(state: str) -> None:
    with pytest.raises(NotAllowed):
        supporting.support(make_idea(state=state).id, actor=make_user())


def test_supporting_a_merged_idea_leads_to_the_one_it_went_into() -> None:
    call = make_call()
    idea, into, last = make_idea(call), make_idea(call), make_idea(call)
    organiser = make_staff("organiser")
    merging.merge_idea(idea.id, into_id=into.id, reason="same", actor=organiser)
    merging.merge_idea(into.id, into_id=last.id, reason="same", actor=organiser)
    with pytest.raises(Conflict) as refused:
        supporting.support(idea.id, actor=make_user())
    assert refused.value.url is not None
    assert f"/{last.id}-" in refused.value.url


def test_only_the_kinds_a_call_asks_support() -> None:
    idea = make_idea(make_call(support_kinds=["association"]))
    with pytest.raises(NotAllowed):
        supporting.support(idea.id, actor=make_user())
    supporting.support(idea.id, actor=make_user(kind=StakeholderKind.ASSOCIATION))


def test_a_limited_number_of_supports_is_given_back_by_taking_one() -> None:
    call, person = make_call(supports_each=2), make_user()
    ideas = [make_idea(call) for _number in range(3)]
    for idea in ideas[:2]:
        supporting.support(idea.id, actor=person)
    assert queries.supports_left(call, person) == 0
    with pytest.raises(Conflict) as refused:
        supporting.support(ideas[2].id, actor=person)
    assert "2" in str(refused.value.message)
    supporting.unsupport(ideas[0].id, actor=person)
    supporting.support(ideas[2].id, actor=person)
    assert queries.supports_left(call, person) == 0


def test_supporters_move_only_by_their_own_click() -> None:
    call = make_call()
    idea, into = make_idea(call), make_idea(call)
    mover, stayer, both = make_user(), make_user(), make_user()
    for person in (mover, stayer, both):
        supporting.support(idea.id, actor=person)
    supporting.support(into.id, actor=both)
    merging.merge_idea(idea.id, into_id=into.id, reason="same", actor=make_staff("organiser"))
    assert (counted(idea.id)[0], counted(into.id)[0]) == (3, 1)
    supporting.take_over(idea.id, actor=mover)
    supporting.take_over(idea.id, actor=both)
    assert (counted(idea.id)[0], counted(into.id)[0]) == (1, 2)
    with pytest.raises(NotAllowed):
        supporting.take_over(idea.id, actor=mover)
    assert list(supporting.drifts()) == []


def test_moving_is_possible_with_all_supports_given() -> None:
    call, person = make_call(supports_each=1), make_user()
    idea, into = make_idea(call), make_idea(call)
    supporting.support(idea.id, actor=person)
    merging.merge_idea(idea.id, into_id=into.id, reason="same", actor=make_staff("organiser"))
    supporting.take_over(idea.id, actor=person)
    assert counted(into.id)[0] == 1


def test_breadth_prefers_many_kinds_to_many_of_one() -> None:
    assert ranking.breadth({"resident": [100, 0]}) == 100_000
    assert ranking.breadth({kind.value: [20, 0] for kind in StakeholderKind}) == 500_000
    assert ranking.breadth({}) == 0


def test_a_comment_moves_the_ideas_count_and_hiding_it_moves_it_back() -> None:
    idea = make_idea()
    said = comments.post_comment(idea.thread_id, actor=make_user(), body="Yes, please.")
    db.session.expire_all()
    assert db.session.get_one(Idea, idea.id).comments_count == 1
    comments.hide_comment(said.id, actor=None, reason="x")
    db.session.expire_all()
    assert db.session.get_one(Idea, idea.id).comments_count == 0
    assert list(supporting.drifts()) == []


def test_drift_is_found_named_and_repaired() -> None:
    idea = make_idea()
    supporting.support(idea.id, actor=make_user())
    with transactional():
        db.session.execute(update(Idea).values(supports_count=7, breadth=3))
    (drift,) = supporting.drifts()
    assert drift.columns == {"supports_count": (7, 1), "breadth": (3, 1000)}
    supporting.repair([drift])
    assert list(supporting.drifts()) == []


# --- bursts -----------------------------------------------------------------------------------


def burst(app: Flask, act: Callable[[int, threading.Barrier], None]) -> list[BaseException]:
    """Run `act(number, barrier)` MANY times at once; answers what went wrong."""
    barrier, failures = threading.Barrier(MANY), []

    def run(number: int) -> None:
        try:
            with app.test_request_context("/en/"):
                act(number, barrier)
        except BaseException as error:  # told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.rollback()
    db.session.expire_all()
    return failures


def test_many_people_at_once_are_all_counted(app: Flask) -> None:
    idea_id = make_idea().id
    kinds = tuple(StakeholderKind)
    people = [make_user(kind=kinds[n % len(kinds)]).id for n in range(MANY)]

    def act(number: int, barrier: threading.Barrier) -> None:
        actor = db.session.get_one(User, people[number])
        barrier.wait(10)
        supporting.support(idea_id, actor=actor)
        if number % 2:
            supporting.unsupport(idea_id, actor=actor)
            supporting.support(idea_id, actor=actor)

    assert burst(app, act) == []
    assert counted(idea_id)[0] == MANY
    assert list(supporting.drifts()) == []
    assert list(broken_links()) == []


def test_one_person_pressing_many_times_at_once_counts_once(app: Flask) -> None:
    idea_id, person = make_idea().id, make_user().id

    def act(_number: int, barrier: threading.Barrier) -> None:
        actor = db.session.get_one(User, person)
        barrier.wait(10)
        supporting.support(idea_id, actor=actor)

    assert burst(app, act) == []
    assert counted(idea_id)[0] == 1
    assert list(supporting.drifts()) == []


def test_a_burst_over_many_ideas_never_exceeds_what_one_person_has(app: Flask) -> None:
    call = make_call(supports_each=3)
    ideas = [make_idea(call).id for _number in range(MANY)]
    call_id, person = call.id, make_user().id

    def act(number: int, barrier: threading.Barrier) -> None:
        actor = db.session.get_one(User, person)
        barrier.wait(10)
        supporting.support(ideas[number], actor=actor)

    refused = burst(app, act)
    assert len(refused) == MANY - 3
    assert all(isinstance(error, Conflict) for error in refused)
    assert queries.supports_given(call_id, person) == 3
    assert list(supporting.drifts()) == []


@pytest.fixture
def without_constraint(app: Flask) -> Iterator[None]:
    """The table of supports as a careless design would have it."""
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE loose_supports (idea_id INTEGER, user_id INTEGER)"))
    yield
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE loose_supports"))


@pytest.mark.usefixtures("without_constraint")
def test_control_without_lock_and_constraint_the_same_burst_counts_many(app: Flask) -> None:
    idea_id, person = make_idea().id, make_user().id
    values = {"i": idea_id, "u": person}

    def act(_number: int, barrier: threading.Barrier) -> None:
        look = text("SELECT 1 FROM loose_supports WHERE idea_id = :i AND user_id = :u")
        seen = db.session.execute(look, values).first()
        kept = db.session.scalar(select(Idea.supports_count).where(Idea.id == idea_id)) or 0
        db.session.rollback()
        barrier.wait(10)
        if seen is None:
            with transactional():
                db.session.execute(text("INSERT INTO loose_supports VALUES (:i, :u)"), values)
                db.session.get_one(Idea, idea_id).supports_count = kept + 1

    burst(app, act)
    rows = db.session.scalar(text("SELECT count(*) FROM loose_supports")) or 0
    assert rows > 1, "the burst no longer collides, so the tests above prove nothing"
    assert counted(idea_id)[0] != rows


def test_the_database_has_the_last_word() -> None:
    idea, person = make_idea(), make_user()
    supporting.support(idea.id, actor=person)
    call_id = db.session.scalar(select(Call.id))
    with pytest.raises(Exception, match=r"(?i)unique"), transactional():
        db.session.add(
            Support(
                idea_id=idea.id,
                call_id=call_id,
                user_id=person.id,
                kind=person.kind,
                supported_at=clock.now(),
            )
        )
    assert db.session.scalar(select(func.count()).select_from(Support)) == 1


def test_the_merged_one_keeps_its_state_after_a_support_is_taken_back() -> None:
    call = make_call()
    idea, into, person = make_idea(call), make_idea(call), make_user()
    supporting.support(idea.id, actor=person)
    merging.merge_idea(idea.id, into_id=into.id, reason="same", actor=make_staff("organiser"))
    supporting.unsupport(idea.id, actor=person)
    db.session.expire_all()
    found = db.session.get_one(Idea, idea.id)
    assert (found.state, found.supports_count) == (IdeaState.MERGED, 0)


def test_the_copy_of_ones_data_holds_what_one_wrote_and_supports() -> None:
    person, organisation = make_user(), make_organisation()
    make_member(person, organisation)
    call = make_call()
    own, draft = make_idea(call, author=person), make_idea(call, author=person, state="draft")
    other, strange = make_idea(call), make_idea(call)
    for ident in (own.id, other.id):
        supporting.support(ident, actor=person)
    supporting.support(other.id, actor=person, organisation_id=organisation.id)
    supporting.support(strange.id, actor=make_user())
    copy = export.collect(person)
    assert [row["title"] for row in copy["ideas"]] == [own.title, draft.title]
    assert [row["state"] for row in copy["ideas"]] == ["published", "draft"]
    assert [(row["idea"], row["for_organisation"]) for row in copy["supports"]] == [
        (own.title, False),
        (other.title, False),
        (other.title, True),
    ]
    nobody = export.collect(make_user())
    assert nobody["ideas"] == nobody["supports"] == []
