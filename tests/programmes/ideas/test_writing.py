"""Drafts, sending, changing, withdrawing; letting in and hiding."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from engage.commons.accounts.models import MembershipRole, OrganisationKind, StakeholderKind
from engage.commons.comments.models import Thread
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.outbox import Mail
from engage.programmes.ideas import queries
from engage.programmes.ideas.models import (
    CallField,
    CallState,
    Category,
    FieldKind,
    Idea,
    IdeaState,
    IdeaStep,
    Naming,
)
from engage.programmes.ideas.service import writing
from engage.programmes.ideas.service.writing import IdeaDraft
from tests.factories.accounts import make_member, make_organisation, make_staff, make_user
from tests.factories.ideas import make_call, make_idea

TEXT = "Trucks wait with running engines. A plug at each place would end that."


pytestmark = pytest.mark.usefixtures("inside")


def draft(call: Any, **over: Any) -> IdeaDraft:
    values: dict[str, Any] = {
        "title": "Shore power at the truck park",
        "body": TEXT,
        "category_id": db.session.scalar(
            select(Category.id).where(Category.call_id == call.id).limit(1)
        ),
        "language": "en",
    }
    values.update(over)
    return IdeaDraft(**values)


def test_a_draft_may_be_unfinished_and_only_its_author_sees_it() -> None:
    call, author = make_call(), make_user()
    idea = writing.save_draft(call.id, IdeaDraft(title="Sho"), actor=author)
    assert idea.state is IdeaState.DRAFT
    assert queries.get_idea(idea.id, author).id == idea.id
    for other in (None, make_user(), make_staff("organiser"), make_staff("moderator")):
        with pytest.raises(Missing):
            queries.get_idea(idea.id, other)


def test_sending_names_everything_that_is_wrong_at_once() -> None:
    call, author = make_call(), make_user()
    with transactional():
        question = CallField(call_id=call.id, kind=FieldKind.SHORT, label="Who?", is_required=True)
        db.session.add(question)
    idea = writing.save_draft(call.id, IdeaDraft(title="Sho"), actor=author)
    with pytest.raises(Invalid) as refused:
        writing.send_idea(idea.id, actor=author)
    assert set(refused.value.fields) == {"title", "body", "category_id", question.key}
    assert db.session.get_one(Idea, idea.id).state is IdeaState.DRAFT


def test_a_sent_idea_is_public_found_owed_an_answer_and_in_the_audit() -> None:
    call, author = make_call(answer_days=20), make_user(kind=StakeholderKind.BUSINESS)
    now = clock.now()
    with clock.at(now):
        idea = writing.submit_idea(call.id, draft(call), actor=author)
    assert idea.state is IdeaState.PUBLISHED
    assert idea.author_kind is StakeholderKind.BUSINESS
    assert idea.due_at == now + timedelta(days=20)
    assert "<p>" in idea.body_html
    assert [s.title for s in queries.similar(call.id, "shore power for trucks")] == [idea.title]
    steps = db.session.scalars(select(IdeaStep).where(IdeaStep.idea_id == idea.id)).all()
    assert [step.state for step in steps] == [IdeaState.PUBLISHED]


def test_five_thousand_letters_are_no_title_and_the_message_counts_them() -> None:
    call, author = make_call(), make_user()
    with pytest.raises(Invalid) as refused:
        writing.save_draft(call.id, draft(call, title="ä" * 5000), actor=author)
    assert "5,000" in str(refused.value.fields["title"])
    assert db.session.scalar(select(func.count()).select_from(Idea)) == 0
    assert db.session.scalar(select(func.count()).select_from(Thread)) == 0


def test_the_same_idea_twice_counts_once() -> None:
    call, author = make_call(), make_user()
    first = writing.submit_idea(call.id, draft(call), actor=author)
    with pytest.raises(Conflict) as refused:
        writing.submit_idea(call.id, draft(call), actor=author)
    assert refused.value.url is not None
    assert str(first.id) in refused.value.url
    with pytest.raises(Conflict):
        writing.send_idea(first.id, actor=author)
    assert writing.submit_idea(call.id, draft(call), actor=make_user()).id != first.id


@pytest.mark.parametrize(("opens", "closes"), [(1, 2), (-3, -1)])
def test_outside_the_window_nothing_is_taken(opens: int, closes: int) -> None:
    call = make_call(opens=opens, closes=closes)
    with pytest.raises(NotAllowed):
        writing.submit_idea(call.id, draft(call), actor=make_user())
    assert db.session.scalar(select(func.count()).select_from(Idea)) == 0


def test_a_draft_sent_after_closing_keeps_its_words_in_the_refusal() -> None:
    call, author = make_call(closes=1), make_user()
    idea = writing.save_draft(call.id, draft(call), actor=author)
    with clock.at(clock.now() + timedelta(days=2)), pytest.raises(Conflict) as refused:
        writing.send_idea(idea.id, actor=author)
    assert TEXT in (refused.value.kept or "")


def test_only_the_kinds_a_call_asks_may_send() -> None:
    call = make_call(submit_kinds=["business"])
    with pytest.raises(NotAllowed):
        writing.submit_idea(call.id, draft(call), actor=make_user())
    writing.submit_idea(call.id, draft(call), actor=make_user(kind=StakeholderKind.BUSINESS))


def test_on_behalf_of_an_organisation_only_by_who_speaks_for_it() -> None:
    call, author = make_call(), make_user()
    firm = make_organisation(kind=OrganisationKind.BUSINESS)
    with pytest.raises(Invalid) as refused:
        writing.submit_idea(call.id, draft(call, organisation_id=firm.id), actor=author)
    assert set(refused.value.fields) == {"organisation_id"}
    make_member(author, firm, role=MembershipRole.EDITOR)
    idea = writing.submit_idea(call.id, draft(call, organisation_id=firm.id), actor=author)
    assert idea.author_kind is StakeholderKind.BUSINESS


def test_answers_are_checked_by_kind_and_kept_in_shape() -> None:
    call = make_call(categories=())
    asked = [
        CallField(call_id=call.id, kind=FieldKind.NUMBER, label="How many?", position=0),
        CallField(
            call_id=call.id, kind=FieldKind.MULTIPLE, label="When?", options=["day", "night"]
        ),
        CallField(call_id=call.id, kind=FieldKind.SINGLE, label="Where?", options=["a", "b"]),
    ]
    with transactional():
        db.session.add_all(asked)
        db.session.flush()
    number, multiple, single = (row.key for row in asked)
    kept, wrong = writing.clean_answers(asked, {number: "1 200,5", multiple: ["night", "day"]})
    assert kept == {number: 1200.5, multiple: ["day", "night"]}
    assert not wrong
    _kept, wrong = writing.clean_answers(asked, {number: "nan", multiple: ["dusk"], single: "c"})
    assert set(wrong) == {number, multiple, single}


def test_a_change_keeps_the_words_before_for_as_long_as_the_call_lets() -> None:
    call, author = make_call(edit_hours=2), make_user()
    now = clock.now()
    with clock.at(now):
        idea = writing.submit_idea(call.id, draft(call), actor=author)
    with clock.at(now + timedelta(hours=1)):
        idea = writing.edit_idea(
            idea.id, draft(call, body="Shorter."), revision=idea.revision, actor=author
        )
        (before,) = queries.revisions(idea.id)
        assert before.body == TEXT
        assert idea.body == "Shorter."
        with pytest.raises(Conflict) as stale:
            writing.edit_idea(idea.id, draft(call, body="Other"), revision=1, actor=author)
        assert "Other" in (stale.value.kept or "")
    with clock.at(now + timedelta(hours=2)), pytest.raises(NotAllowed):
        writing.edit_idea(idea.id, draft(call), revision=idea.revision, actor=author)


def test_nobody_changes_or_withdraws_somebody_elses_idea() -> None:
    call = make_call()
    idea = make_idea(call)
    for verb in (
        lambda who: writing.edit_idea(idea.id, draft(call), revision=1, actor=who),
        lambda who: writing.withdraw_idea(idea.id, actor=who),
    ):
        with pytest.raises(NotAllowed):
            verb(make_user())


def test_withdrawing_takes_an_idea_out_of_lists_until_it_is_decided() -> None:
    call, author = make_call(), make_user()
    idea = writing.submit_idea(call.id, draft(call), actor=author)
    writing.withdraw_idea(idea.id, actor=author)
    with pytest.raises(Missing):
        queries.get_idea(idea.id, None)
    decided = make_idea(call, state="accepted", author=author)
    with pytest.raises(NotAllowed):
        writing.withdraw_idea(decided.id, actor=author)


def test_premoderated_ideas_wait_and_their_authors_hear(client: Any) -> None:
    call, author = make_call(is_premoderated=True), make_user()
    idea = writing.submit_idea(call.id, draft(call), actor=author)
    assert idea.state is IdeaState.SUBMITTED
    assert idea.published_at is None
    with pytest.raises(Missing):
        queries.get_idea(idea.id, None)
    with pytest.raises(NotAllowed):
        writing.let_in(idea.id, actor=make_user())
    writing.let_in(idea.id, actor=make_staff("organiser"))
    assert queries.get_idea(idea.id, None).due_at is not None
    with pytest.raises(Conflict):
        writing.refuse(idea.id, reason="late", actor=make_staff("organiser"))
    templates = set(db.session.scalars(select(Mail.template)))
    assert {"ideas/received", "ideas/let_in"} <= templates


def test_a_refused_idea_needs_a_reason_and_its_author_reads_it() -> None:
    call, author = make_call(is_premoderated=True), make_user()
    idea = writing.submit_idea(call.id, draft(call), actor=author)
    organiser = make_staff("organiser")
    with pytest.raises(Invalid):
        writing.refuse(idea.id, reason=" ", actor=organiser)
    writing.refuse(idea.id, reason="It names a neighbour.", actor=organiser)
    assert idea.state is IdeaState.HIDDEN
    assert "ideas/refused" in set(db.session.scalars(select(Mail.template)))


def test_hiding_and_restoring_puts_an_idea_back_where_it_stood() -> None:
    idea = make_idea(state="in_progress")
    writing.hide_idea(idea.id, actor=None, reason="reported")
    with pytest.raises(Missing):
        queries.get_idea(idea.id, None)
    writing.restore_idea(idea.id, actor=None)
    assert queries.get_idea(idea.id, None).state is IdeaState.IN_PROGRESS


def test_names_are_hidden_as_the_call_says() -> None:
    call, author = make_call(naming=Naming.HIDDEN), make_user()
    idea = make_idea(call, author=author)
    loaded = queries.get_idea(idea.id, None)
    assert queries.author_name(loaded, loaded.call, None) is None
    assert queries.author_name(loaded, loaded.call, make_staff("organiser")) is not None
    chosen = make_call(naming=Naming.NAMED)
    shown = writing.submit_idea(chosen.id, draft(chosen, hides_author=True), actor=author)
    assert shown.hides_author is False, "a call that shows names takes no choice"


def test_a_thrown_away_draft_leaves_nothing() -> None:
    call, author = make_call(), make_user()
    idea = writing.save_draft(call.id, draft(call), actor=author)
    with pytest.raises(Missing):
        writing.discard_draft(idea.id, actor=make_user())
    writing.discard_draft(idea.id, actor=author)
    assert db.session.scalar(select(func.count()).select_from(Idea)) == 0
    assert db.session.scalar(select(func.count()).select_from(Thread)) == 0


def test_the_same_rule_in_python_and_in_sql() -> None:
    """What the policy allows to see is exactly what the queries find."""
    from engage.programmes.ideas import policy

    author = make_user()
    people = [None, make_user(), author, make_staff("organiser"), make_staff("moderator")]
    for call_state in CallState:
        call = make_call(state=call_state)
        for state in IdeaState:
            into = make_idea(call).id if state is IdeaState.MERGED else None
            idea = make_idea(call, state=state, author=author, merged_into_id=into)
            for person in people:
                try:
                    queries.get_idea(idea.id, person)
                    found = True
                except Missing:
                    found = False
                wanted = policy.can_see_idea(person, idea, call)
                assert found == wanted, (call_state, state, person and person.roles)
