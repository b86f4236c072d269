"""What officers do with ideas, from reading to delivered; merging, splitting, promoting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from engage.commons.accounts.models import User
from engage.commons.notifications.models import Notification
from engage.core import clock
from engage.core.access import ALLOWED, Decision, denied
from engage.core.audit import AuditEntry
from engage.core.db import db
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.events import listen
from engage.programmes.ideas import notices, queries, receivers
from engage.programmes.ideas.events import IdeaPromoted
from engage.programmes.ideas.models import (
    Idea,
    IdeaMerge,
    IdeaNote,
    IdeaPair,
    IdeaState,
    IdeaStep,
    PairState,
    Promotion,
)
from engage.programmes.ideas.receivers import Link, Receiver
from engage.programmes.ideas.service import authors, deeds, merging, supporting, working, writing
from engage.programmes.ideas.service.writing import IdeaDraft
from tests.factories.accounts import make_member, make_organisation, make_staff, make_user
from tests.factories.ideas import make_call, make_idea

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def organiser() -> User:
    return make_staff("organiser")


def told(user: User) -> set[str]:
    """Titles of what a person was told, after the worker has been round."""
    notices.hand_out()
    return set(
        db.session.scalars(select(Notification.title).where(Notification.user_id == user.id))
    )


def answer(idea: Idea, organiser: User, **over: Any) -> None:
    values: dict[str, Any] = {
        "body": "We will build it in spring.",
        "outcome": IdeaState.ACCEPTED,
        "organisation_id": db.session.scalar(
            select(queries.CallHost.organisation_id).where(queries.CallHost.call_id == idea.call_id)
        ),
        "language": "en",
        "actor": organiser,
    }
    working.save_answer(idea.id, **{**values, **over})


# --- who may ------------------------------------------------------------------------------------


def test_only_organisers_hosts_and_the_assigned_work_on_an_idea(organiser: User) -> None:
    host = make_organisation()
    call = make_call(hosts=(host,))
    idea = make_idea(call)
    speaker, member, analyst = make_user(), make_user(), make_staff("analyst")
    make_member(speaker, host, role="editor")
    make_member(member, host, role="member")
    for stranger in (make_user(), member, analyst):
        with pytest.raises(NotAllowed):
            working.add_note(idea.id, body="x", actor=stranger)
    for officer in (organiser, speaker):
        working.add_note(idea.id, body="Look at the plan.", actor=officer)
    assert db.session.scalar(select(func.count()).select_from(IdeaNote)) == 2
    with pytest.raises(Invalid):
        working.assign(idea.id, officer_ids=[member.id], actor=organiser)
    working.assign(idea.id, officer_ids=[speaker.id], actor=organiser)
    assert any("You work on an idea" in title for title in told(speaker))


def test_nobody_works_on_a_draft(organiser: User) -> None:
    with pytest.raises(Missing):
        working.add_note(make_idea(state="draft").id, body="x", actor=organiser)


# --- states and answers -------------------------------------------------------------------------


def test_a_move_needs_a_reason_fits_the_machine_and_is_told(organiser: User) -> None:
    call, author, supporter = make_call(), make_user(), make_user()
    idea = make_idea(call, author=author)
    supporting.support(idea.id, actor=supporter)
    with pytest.raises(Invalid):
        working.move_idea(idea.id, state=IdeaState.UNDER_REVIEW, reason=" ", actor=organiser)
    with pytest.raises(Conflict):
        working.move_idea(idea.id, state=IdeaState.IN_PROGRESS, reason="x", actor=organiser)
    working.move_idea(
        idea.id, state=IdeaState.UNDER_REVIEW, reason="The harbour office looks.", actor=organiser
    )
    step = queries.public_steps(idea.id)[-1]
    assert (step.state, step.reason) == (IdeaState.UNDER_REVIEW, "The harbour office looks.")
    for person in (author, supporter):
        assert any("Under review" in title for title in told(person))
    assert len(told(author)) == 1, "told once, however often the worker comes round"


def test_an_answer_is_drafted_apart_and_moves_the_idea_when_published(organiser: User) -> None:
    author = make_user()
    idea = make_idea(author=author)
    answer(idea, organiser)
    assert queries.detail(queries.get_idea(idea.id, None), None, clock.now()).answer is None
    assert db.session.get_one(Idea, idea.id).state is IdeaState.PUBLISHED
    working.publish_answer(idea.id, revision=1, actor=organiser)
    shown = queries.detail(queries.get_idea(idea.id, None), None, clock.now())
    assert shown.answer is not None
    assert shown.idea.state is IdeaState.ACCEPTED
    assert shown.idea.answered_at is not None
    assert any("answered" in title for title in told(author))
    db.session.expire_all()
    working.publish_answer(idea.id, actor=organiser)
    assert sum("answered" in title for title in told(author)) == 1


def test_two_officers_answering_at_once_do_not_overwrite_each_other(organiser: User) -> None:
    idea = make_idea()
    answer(idea, organiser)
    with pytest.raises(Conflict) as stale:
        answer(idea, make_staff("organiser"), body="Another answer")
    assert stale.value.kept == "Another answer"
    answer(idea, organiser, body="Second", revision=1)
    with pytest.raises(Conflict):
        working.publish_answer(idea.id, revision=1, actor=organiser)


def test_answers_are_given_for_hosts_only(organiser: User) -> None:
    idea = make_idea()
    with pytest.raises(Invalid) as refused:
        answer(idea, organiser, organisation_id=make_organisation().id)
    assert set(refused.value.fields) == {"organisation_id"}


def test_many_are_moved_at_once_and_those_it_does_not_fit_are_named(organiser: User) -> None:
    call = make_call()
    fits = [make_idea(call) for _number in range(3)]
    declined = make_idea(call, state="delivered")
    bulk = working.move_ideas(
        [*(idea.id for idea in fits), declined.id, 999_999],
        state=IdeaState.UNDER_REVIEW,
        reason="This week.",
        actor=organiser,
    )
    assert bulk.done == 3
    assert {ident for ident, _why in bulk.left} == {declined.id, 999_999}
    db.session.expire_all()
    assert {db.session.get_one(Idea, idea.id).state for idea in fits} == {IdeaState.UNDER_REVIEW}
    moved = select(func.count()).where(AuditEntry.action == "idea.under_review")
    assert db.session.scalar(moved) == 3
    with pytest.raises(Invalid):
        working.move_ideas([], state=IdeaState.UNDER_REVIEW, reason="x", actor=organiser)


def test_the_same_answer_to_many_is_drafted_then_published(organiser: User) -> None:
    host = make_organisation()
    call = make_call(hosts=(host,))
    ideas = [make_idea(call) for _number in range(3)]
    answer(ideas[0], organiser, body="Its own")
    ids = [idea.id for idea in ideas]
    drafted = working.save_answers(
        ids,
        body="Thank you; not now.",
        outcome=IdeaState.DECLINED,
        organisation_id=host.id,
        language="en",
        actor=organiser,
    )
    assert (drafted.done, [ident for ident, _why in drafted.left]) == (2, [ids[0]])
    assert working.publish_answers(ids, actor=organiser).done == 3
    db.session.expire_all()
    states = [db.session.get_one(Idea, ident).state for ident in ids]
    assert states == [IdeaState.ACCEPTED, IdeaState.DECLINED, IdeaState.DECLINED]


def test_scores_are_weighted_turned_round_and_follow_changes(organiser: User) -> None:
    call = make_call(criteria=("Feasibility", "Cost"))
    feasibility, cost = call.criteria
    cost.is_reversed, cost.weight = True, 3
    db.session.commit()
    idea, other = make_idea(call), make_staff("organiser")
    working.score_idea(idea.id, values={feasibility.id: 5, cost.id: 5}, actor=organiser)
    # (5 * 1 + 0 * 3) / 4
    assert db.session.get_one(Idea, idea.id).score == 1.25
    working.score_idea(idea.id, values={cost.id: 0}, actor=other)
    assert db.session.get_one(Idea, idea.id).score == round((5 + 0 + 15) / 7, 2)
    with pytest.raises(Invalid):
        working.score_idea(idea.id, values={cost.id: 6}, actor=organiser)
    with pytest.raises(Invalid):
        working.score_idea(idea.id, values={999_999: 1}, actor=organiser)
    working.score_idea(idea.id, values={feasibility.id: None, cost.id: None}, actor=organiser)
    assert db.session.get_one(Idea, idea.id).score == 5.0


# --- merging ------------------------------------------------------------------------------------


def test_a_merge_leads_on_keeps_history_and_tells_its_people(organiser: User) -> None:
    call, author, supporter = make_call(), make_user(), make_user()
    idea, into = make_idea(call, author=author), make_idea(call)
    supporting.support(idea.id, actor=supporter)
    merging.merge_idea(idea.id, into_id=into.id, reason="Both ask for shade.", actor=organiser)
    found = queries.get_idea(idea.id, None)
    assert found.state is IdeaState.MERGED
    assert queries.standing_target(found).id == into.id
    assert [one.id for one in queries.merged_here(into.id)] == [idea.id]
    for person in (author, supporter):
        assert any("Merged" in title for title in told(person))
    merging.unmerge_idea(idea.id, reason="They differ after all.", actor=organiser)
    db.session.expire_all()
    assert queries.get_idea(idea.id, None).state is IdeaState.PUBLISHED
    assert db.session.scalars(select(IdeaMerge)).one().undone_at is not None
    merging.merge_idea(idea.id, into_id=into.id, reason="Again.", actor=organiser)


def test_merges_into_itself_or_in_a_circle_are_refused_and_change_nothing(
    organiser: User,
) -> None:
    call = make_call()
    one, two, three = (make_idea(call) for _number in range(3))
    with pytest.raises(Invalid) as itself:
        merging.merge_idea(one.id, into_id=one.id, reason="x", actor=organiser)
    assert "itself" in str(itself.value.fields["into"])
    merging.merge_idea(one.id, into_id=two.id, reason="x", actor=organiser)
    merging.merge_idea(two.id, into_id=three.id, reason="x", actor=organiser)
    with pytest.raises(Invalid) as circle:
        merging.merge_idea(three.id, into_id=one.id, reason="x", actor=organiser)
    assert "circle" in str(circle.value.fields["into"])
    db.session.expire_all()
    assert db.session.get_one(Idea, three.id).state is IdeaState.PUBLISHED
    assert queries.standing_target(db.session.get_one(Idea, one.id)).id == three.id
    assert db.session.scalar(select(func.count()).select_from(IdeaMerge)) == 2


@pytest.mark.parametrize("state", ["hidden", "withdrawn", "draft", "submitted"])
def test_nothing_goes_into_what_nobody_sees(state: str, organiser: User) -> None:
    call = make_call()
    idea, into = make_idea(call), make_idea(call, state=state)
    with pytest.raises(Invalid):
        merging.merge_idea(idea.id, into_id=into.id, reason="x", actor=organiser)
    elsewhere = make_idea()
    with pytest.raises(Invalid):
        merging.merge_idea(idea.id, into_id=elsewhere.id, reason="x", actor=organiser)


def test_a_split_part_belongs_to_the_same_author(organiser: User) -> None:
    author = make_user()
    idea = make_idea(author=author)
    part = merging.split_idea(
        idea.id,
        title="Lights along the mole",
        body="The second half.",
        category_id=None,
        reason="Two wishes in one.",
        actor=organiser,
    )
    assert (part.author_id, part.split_from_id) == (author.id, idea.id)
    assert part.state is IdeaState.PUBLISHED
    assert any("stands by itself" in title for title in told(author))


def test_the_machine_and_people_fill_the_queue_of_duplicates_once(organiser: User) -> None:
    call = make_call(categories=())
    words = IdeaDraft(title="Shade trees along the quay wall", body="Summer is hot.")
    first = writing.submit_idea(call.id, words, actor=make_user())
    second = writing.submit_idea(call.id, words, actor=make_user())
    pair = db.session.scalars(select(IdeaPair)).one()
    assert (pair.idea_id, pair.other_id, pair.reported_by_id) == (first.id, second.id, None)
    person = make_user()
    merging.report_pair(second.id, first.id, actor=person)
    other = make_idea(call)
    merging.report_pair(first.id, other.id, actor=person)
    assert db.session.scalar(select(func.count()).select_from(IdeaPair)) == 2
    merging.dismiss_pair(pair.id, actor=organiser)
    db.session.expire_all()
    assert db.session.get_one(IdeaPair, pair.id).state is PairState.DISMISSED
    with pytest.raises(Invalid):
        merging.report_pair(first.id, first.id, actor=person)
    with pytest.raises(Missing):
        merging.report_pair(first.id, make_idea(call, state="hidden").id, actor=person)


# --- deeds --------------------------------------------------------------------------------------


def test_the_owner_tells_how_it_goes_until_it_is_done(organiser: User) -> None:
    firm, builder, supporter = make_organisation(), make_user(), make_user()
    make_member(builder, firm, role="editor")
    idea = make_idea(state="accepted")
    supporting.support(idea.id, actor=supporter)
    with pytest.raises(NotAllowed):
        deeds.post_progress(idea.id, body="x", language="en", actor=builder)
    deeds.set_owner(idea.id, organisation_id=firm.id, actor=organiser)
    step = deeds.add_milestone(
        idea.id, title="Dig", due_on=clock.now().date() + timedelta(days=9), actor=builder
    )
    deeds.post_progress(idea.id, body="We began.", language="en", actor=builder)
    db.session.expire_all()
    assert db.session.get_one(Idea, idea.id).state is IdeaState.IN_PROGRESS
    with pytest.raises(Invalid):
        deeds.finish_milestone(
            idea.id,
            milestone_id=step.id,
            done_on=clock.now().date() + timedelta(days=1),
            actor=builder,
        )
    deeds.finish_milestone(idea.id, milestone_id=step.id, done_on=clock.now().date(), actor=builder)
    last = deeds.post_progress(
        idea.id, body="It stands.", language="en", is_delivery=True, actor=builder
    )
    db.session.expire_all()
    found = db.session.get_one(Idea, idea.id)
    assert (found.state, found.delivered_at is not None) == (IdeaState.DELIVERED, True)
    assert any("It is done" in title for title in told(supporter))
    with pytest.raises(Conflict):
        deeds.remove_post(idea.id, post_id=last.id, actor=builder)
    trail = queries.bollards(queries.get_idea(idea.id, None))
    assert [one.state for one in trail] == ["done"] * len(trail)


def test_what_was_not_accepted_is_not_built(organiser: User) -> None:
    idea = make_idea()
    with pytest.raises(Conflict):
        deeds.set_owner(idea.id, organisation_id=make_organisation().id, actor=organiser)
    with pytest.raises(Conflict):
        deeds.add_milestone(idea.id, title="Dig", due_on=None, actor=organiser)


@pytest.fixture
def receiver() -> Iterator[list[str]]:
    """A feature further right that takes ideas, as hackathons will."""
    made: list[str] = []

    def promote(idea: Idea, *, actor: User, target_id: int | None) -> int:
        if target_id is None:
            made.append(idea.title)
            return len(made)
        return target_id

    def load(ids: Any, user: User | None) -> dict[int, Link]:
        return {ident: Link(f"Challenge {ident}", f"/en/challenges/{ident}") for ident in ids}

    def can(user: User | None, idea: Idea) -> Decision:
        return ALLOWED if "quay" not in idea.title else denied("Not this one.")

    receivers.add(Receiver("challenge", "Challenge", promote, load, can, lambda _user: [(7, "7")]))
    yield made
    receivers.remove("challenge")


def test_an_idea_becomes_what_a_registered_receiver_makes_of_it(
    receiver: list[str], organiser: User
) -> None:
    heard: list[IdeaPromoted] = []
    listen(IdeaPromoted, heard.append)
    author = make_user()
    idea = make_idea(author=author)
    deeds.promote_idea(idea.id, kind="challenge", actor=organiser)
    deeds.promote_idea(idea.id, kind="challenge", target_id=7, actor=organiser)
    deeds.promote_idea(idea.id, kind="challenge", target_id=7, actor=organiser)
    assert receiver == [idea.title]
    assert db.session.scalar(select(func.count()).select_from(Promotion)) == 2
    assert [one.url for one in queries.promotions(idea.id)] == [
        "/en/challenges/1",
        "/en/challenges/7",
    ]
    assert [event.target_id for event in heard] == [1, 7]
    assert any("became more" in title for title in told(author))
    with pytest.raises(Invalid):
        deeds.promote_idea(idea.id, kind="challenge", target_id=8, actor=organiser)
    with pytest.raises(Missing):
        deeds.promote_idea(idea.id, kind="ballot", actor=organiser)
    with pytest.raises(NotAllowed):
        deeds.promote_idea(make_idea(title="A quay").id, kind="challenge", actor=organiser)


def test_a_receiver_that_is_gone_takes_its_links_along(
    receiver: list[str], organiser: User
) -> None:
    idea = make_idea()
    deeds.promote_idea(idea.id, kind="challenge", actor=organiser)
    receivers.remove("challenge")
    assert queries.promotions(idea.id) == []


# --- people who leave ---------------------------------------------------------------------------


def test_a_closed_account_leaves_ideas_and_counts_but_no_name() -> None:
    call, author = make_call(), make_user()
    idea = make_idea(call, author=author)
    draft_id = make_idea(call, author=author, state="draft").id
    supporting.support(make_idea(call).id, actor=author)
    invited = authors.invite_co_author(idea.id, email="friend@example.org", actor=author)
    friend = make_user(email="friend@example.org")
    authors.accept_invitation(invited.id, actor=friend)
    for person in (author, friend):
        authors.forget(person.id)
        supporting.forget(person.id)
    db.session.expire_all()
    assert db.session.get(Idea, draft_id) is None
    found = queries.get_idea(idea.id, None)
    assert (found.author_id, list(found.co_authors)) == (None, [])
    assert list(supporting.drifts()) == []


def test_only_the_invited_address_becomes_a_co_author() -> None:
    author = make_user()
    idea = make_idea(author=author)
    invited = authors.invite_co_author(idea.id, email="friend@example.org", actor=author)
    with pytest.raises(NotAllowed):
        authors.accept_invitation(invited.id, actor=make_user())
    friend = make_user(email="friend@example.org")
    with clock.at(clock.now() + timedelta(days=15)), pytest.raises(Conflict):
        authors.accept_invitation(invited.id, actor=friend)
    authors.accept_invitation(invited.id, actor=friend)
    assert [row.user_id for row in queries.get_idea(idea.id, None).co_authors] == [friend.id]
    with pytest.raises(NotAllowed):
        authors.invite_co_author(idea.id, email="x@example.org", actor=friend)
    authors.leave(idea.id, actor=friend)
    steps = db.session.scalar(select(func.count()).select_from(IdeaStep))
    assert steps == 0
