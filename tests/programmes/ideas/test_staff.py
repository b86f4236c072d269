"""The office pages: a call prepared and published, ideas worked on, files brought in; and who may not."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from engage.core import clock
from engage.core.db import db, transactional
from engage.programmes.ideas.models import (
    Call,
    CallField,
    CallState,
    Category,
    Criterion,
    Idea,
    IdeaAnswer,
    IdeaImport,
    IdeaNote,
    IdeaPair,
    IdeaState,
    PairState,
)
from tests.factories.accounts import make_member, make_organisation, make_staff, make_user
from tests.factories.ideas import make_call, make_idea

OFFICE = "/en/office/ideas"


@pytest.fixture
def office(client: Any, sign_in: Any) -> Any:
    sign_in(make_staff("organiser"))
    return client


def fresh(one: Any) -> Any:
    db.session.expire_all()
    return db.session.get_one(type(one), one.id)


def press(page: Any, ending: str, **fields: Any) -> Any:
    """Send the page's form whose address ends like this."""
    action = next(
        action for form in page.forms if (action := form.get("action") or "").endswith(ending)
    )
    return page.submit(action, fields)


def test_a_call_is_prepared_from_a_template_and_published(office: Any) -> None:
    host, now = make_organisation(), clock.now()
    page = office.get(f"{OFFICE}/calls/new?from=few")
    page.submit(
        {
            "title": "Ideas for the north quay",
            "summary": "What should stand there?",
            "language": "en",
        }
    )
    call = db.session.scalars(select(Call)).one()
    assert call.supports_each == 3
    base = f"{OFFICE}/calls/{call.id}"
    assert "Before it can be published" in office.get(base).text
    office.get(f"{base}/hosts").submit({"organisation_ids": [str(host.id)]})
    office.get(f"{base}/categories").submit({"n1_name": "Play", "n1_name_fr": "Jeux"})
    office.get(f"{base}/questions").submit(
        {
            "n1_label": "Who would build it?",
            "n1_kind": "single",
            "n1_options": "The port\nThe town",
            "n1_options_fr": "Le port\nLa ville",
            "n1_public": "y",
        }
    )
    office.get(f"{base}/criteria").submit({"n1_name": "Beauty", "n1_weight": "2"})
    db.session.expire_all()
    named = {one.name: one.names for one in db.session.scalars(select(Category))}
    assert named["Play"] == {"fr": "Jeux"}
    question = db.session.scalars(select(CallField)).one()
    assert question.options_in("fr") == [("The port", "Le port"), ("The town", "La ville")]
    weights = {one.name: one.weight for one in db.session.scalars(select(Criterion))}
    assert weights["Beauty"] == 2
    with transactional():
        kept = db.session.get_one(Call, call.id)
        kept.opens_at, kept.closes_at = now, now + timedelta(days=9)
    office.get(f"{base}/publish").submit("Publish it")
    assert fresh(call).state is CallState.PUBLISHED
    twin = office.get(base).submit("Make a copy").follow()
    assert twin.status == 200
    assert db.session.scalar(select(func.count()).select_from(Call)) == 2


@pytest.mark.parametrize("state", list(CallState))
def test_every_page_of_a_call_opens_in_every_state(office: Any, state: CallState) -> None:
    call = make_call(state=state)
    if state is not CallState.DRAFT:
        make_idea(call)
    for path in (
        "",
        "/edit",
        "/hosts",
        "/categories",
        "/questions",
        "/criteria",
        "/cover",
        "/publish",
        "/imports",
        "/ideas",
        "/ideas?view=board",
        "/duplicates",
        "/insight",
        "/translations/fr",
    ):
        assert office.get(f"{OFFICE}/calls/{call.id}{path}").status == 200, path


@pytest.mark.parametrize("state", [s for s in IdeaState if s is not IdeaState.DRAFT])
def test_an_ideas_desk_opens_in_every_state(office: Any, state: IdeaState) -> None:
    call = make_call()
    into = make_idea(call).id if state is IdeaState.MERGED else None
    idea = make_idea(call, state=state, merged_into_id=into)
    assert office.get(f"{OFFICE}/{idea.id}").status == 200


def test_only_those_who_work_there_get_in(client: Any, sign_in: Any) -> None:
    host = make_organisation()
    call = make_call(hosts=(host,))
    idea = make_idea(call)
    speaker, member = make_user(), make_user()
    make_member(speaker, host, role="editor")
    make_member(member, host, role="member")
    for user, may_read, may_prepare in (
        (make_user(), False, False),
        (member, False, False),
        (make_staff("moderator"), False, False),
        (speaker, True, False),
        (make_staff("analyst"), True, False),
        (make_staff("organiser"), True, True),
    ):
        sign_in(user)
        assert (client.get(f"{OFFICE}/{idea.id}").status == 200) is may_read
        assert (client.get(f"{OFFICE}/calls/{call.id}/ideas").status == 200) is may_read
        assert (client.get(f"{OFFICE}/calls/{call.id}/edit").status == 200) is may_prepare
        assert (client.get(f"{OFFICE}/calls/{call.id}/imports").status == 200) is may_prepare


def test_an_answer_is_saved_then_published_from_the_desk(office: Any) -> None:
    idea = make_idea()
    page = office.get(f"{OFFICE}/{idea.id}")
    words = {"body": "We build it.", "outcome": "accepted"}
    press(page, "/answer", **words, do="save")
    assert db.session.scalars(select(IdeaAnswer)).one().published_at is None
    press(office.get(f"{OFFICE}/{idea.id}"), "/answer", **words, do="publish")
    assert fresh(idea).state is IdeaState.ACCEPTED


def test_a_form_of_the_desk_that_is_wrong_keeps_what_was_typed(office: Any) -> None:
    idea = make_idea()
    page = press(office.get(f"{OFFICE}/{idea.id}"), "/move", state="under_review", reason="")
    assert page.status == 422
    assert page.errors
    assert fresh(idea).state is IdeaState.PUBLISHED


def test_notes_scores_and_officers_from_the_desk(office: Any) -> None:
    idea, officer = make_idea(), make_staff("organiser")
    press(office.get(f"{OFFICE}/{idea.id}"), "/notes", body="Look at the plan.")
    assert db.session.scalars(select(IdeaNote)).one().body == "Look at the plan."
    criterion = db.session.scalars(
        select(Criterion.id).where(Criterion.call_id == idea.call_id)
    ).first()
    press(office.get(f"{OFFICE}/{idea.id}"), "/scores", **{f"c{criterion}": "4"})
    assert fresh(idea).score == 4.0
    press(office.get(f"{OFFICE}/{idea.id}"), "/officers", officers=[str(officer.id)])
    assert officer.display_name in office.get(f"{OFFICE}/{idea.id}").text


def test_many_are_moved_after_saying_what_exactly(office: Any) -> None:
    call = make_call()
    ideas = [make_idea(call) for _number in range(3)]
    page = office.get(f"{OFFICE}/calls/{call.id}/ideas")
    asked = press(page, "/bulk", ids=[str(one.id) for one in ideas[:2]], do="move")
    assert "2 ideas are ticked" in asked.text
    press(asked, "/bulk", state="under_review", reason="This week.")
    states = [fresh(one).state for one in ideas]
    assert states == [IdeaState.UNDER_REVIEW, IdeaState.UNDER_REVIEW, IdeaState.PUBLISHED]


def test_pairs_are_merged_or_dismissed(office: Any) -> None:
    call = make_call()
    one, other, third = (make_idea(call) for _number in range(3))
    for twin in (other, third):
        db.session.add(IdeaPair(call_id=call.id, idea_id=one.id, other_id=twin.id, likeness=80))
    db.session.commit()
    page = office.get(f"{OFFICE}/calls/{call.id}/duplicates")
    pair = db.session.scalars(select(IdeaPair).order_by(IdeaPair.id)).first()
    assert pair is not None
    press(page, f"/{pair.id}/dismiss")
    assert fresh(pair).state is PairState.DISMISSED
    form = office.get(f"{OFFICE}/{third.id}/merge?into={one.id}")
    form.submit({"into": str(one.id), "reason": "The same."})
    assert fresh(third).merged_into_id == one.id
    refused = office.get(f"{OFFICE}/{one.id}/merge").submit(
        {"into": str(one.id), "reason": "Again."}
    )
    assert "itself" in " ".join(refused.errors)


def test_a_file_is_previewed_brought_in_and_taken_back(office: Any) -> None:
    call = make_call()
    data = io.BytesIO(b"title,text\nBenches,To rest\n,No title\n")
    office.get(f"{OFFICE}/calls/{call.id}/imports").submit({"file": (data, "ideas.csv")})
    read = db.session.scalars(select(IdeaImport)).one()
    address = f"{OFFICE}/calls/{call.id}/imports/{read.id}"
    page = office.get(address)
    assert "The title is missing." in page.text
    press(page, "/run")
    assert db.session.scalars(select(Idea)).one().title == "Benches"
    press(office.get(address), "/undo")
    assert db.session.scalars(select(Idea)).all() == []
