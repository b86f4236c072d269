"""The office side: queue, one case, letters before they leave, several, complaints."""

from __future__ import annotations

import pytest

from engage.commons.moderation import kinds, tokens
from engage.commons.moderation import queries as reads
from engage.commons.moderation.models import CaseState, Outcome
from engage.commons.moderation.service import complaining, deciding
from engage.core.db import db
from tests.factories.accounts import make_staff, make_user
from tests.factories.moderation import WORDS, make_case, make_decision

HOME = "/en/office/moderation"


@pytest.fixture
def case(app, notes):
    notes.add(author_id=make_user(locale="fr", display_name="Otto Author").id)
    with app.test_request_context("/en/", base_url="http://localhost"):
        return make_case(1)


@pytest.fixture
def speak(app):
    return lambda: app.test_request_context("/en/", base_url="http://localhost")


@pytest.mark.parametrize("roles", [(), ("organiser",), ("analyst",), ("communications",)])
def test_index_is_for_moderators(client, sign_in, roles) -> None:
    sign_in(make_staff(*roles) if roles else make_user())
    client.get(HOME, status=403)
    client.get(f"{HOME}/complaints", status=403)


def test_index_lists_what_waits(client, as_moderator, case) -> None:
    page = client.get(HOME, status=200)
    assert case.title in page.text
    assert "1 waiting" in page.text
    assert "It insults or harasses a person" in page.text


def test_index_is_empty_with_words(client, as_moderator, notes) -> None:
    assert "Nothing waits" in client.get(HOME, status=200).text
    assert "Nothing is decided yet" in client.get(f"{HOME}?state=decided").text


def test_index_asks_the_same_for_1_and_25_rows(
    client, as_moderator, notes, case, speak, queries
) -> None:
    client.get(HOME)
    with queries() as one:
        client.get(HOME)
    with speak():
        for _n in range(24):
            make_case(notes.add(author_id=make_user().id).id)
    with queries() as many:
        client.get(HOME)
    assert len(one) == len(many) <= 14, many


def test_case_shows_words_reports_rules_and_history(client, as_moderator, case) -> None:
    page = client.get(f"{HOME}/{case.id}", status=200)
    for words in ("Whoever signed paragraph 1", "Ann Walker", "3.2", "Otto Author", "Reported"):
        assert words in page.text
    assert page.select("[data-key=h]")
    assert page.select("[data-key=p]")


def test_case_shows_the_letters_before_anything_is_sent(client, as_moderator, case, notes) -> None:
    client.get(f"{HOME}/{case.id}")
    page = client.submit("#decide", {"outcome": "hide", "rule": "insult", "words": WORDS})
    assert page.status == 200
    assert "Letters before they go out" in page.text
    assert not notes.rows[1].is_hidden
    assert len(page.select(".letter")) == 2
    sent = client.submit("#decide", {})
    assert sent.status == 303
    assert notes.rows[1].is_hidden
    page = sent.follow()
    assert "until then you can undo it" in page.text
    assert page.select("[data-key=z]")


def test_case_shows_them_again_when_a_word_changed(client, as_moderator, case, notes) -> None:
    client.get(f"{HOME}/{case.id}")
    client.submit("#decide", {"outcome": "hide", "rule": "insult", "words": WORDS})
    page = client.submit("#decide", {"words": "Other words."})
    assert page.status == 200
    assert "Other words." in page.text
    assert not notes.rows[1].is_hidden


def test_case_begins_from_the_rules_own_words(client, as_moderator, case) -> None:
    client.get(f"{HOME}/{case.id}")
    page = client.submit("#decide", {"outcome": "hide", "rule": "insult", "words": ""})
    assert page.select("textarea[name=words]")[0].text.strip()


def test_case_with_a_rule_that_does_not_fit(client, as_moderator, case) -> None:
    client.get(f"{HOME}/{case.id}")
    assert client.submit("#decide", {"outcome": "hide", "rule": "within_rules"}).status == 422
    assert client.submit("#decide", {"outcome": None, "rule": ""}).status == 422


def test_the_second_of_two_moderators_sees_what_happened(
    client, as_moderator, second, case, notes, speak
) -> None:
    client.get(f"{HOME}/{case.id}")
    client.submit("#decide", {"outcome": "hide", "rule": "insult", "words": WORDS})
    with speak():
        make_decision(reads.case(case.id), second, outcome=Outcome.KEEP, rule="within_rules")
    page = client.submit("#decide", {})
    assert page.status == 409
    assert "Sam Okoye" in page.text
    assert not notes.rows[1].is_hidden


def test_claim_give_back_undo_send(client, as_moderator, case, notes) -> None:
    client.get(f"{HOME}/{case.id}")
    page = client.submit(f"{HOME}/{case.id}/claim").follow()
    assert "Claimed by you" in page.text
    client.submit(f"{HOME}/{case.id}/give-back").follow()
    client.get(f"{HOME}/{case.id}")
    client.submit("#decide", {"outcome": "hide", "rule": "insult", "words": WORDS})
    client.submit("#decide", {}).follow()
    decision = reads.standing_decision(reads.case(case.id))
    page = client.submit(f"{HOME}/decisions/{decision.id}/undo").follow()
    assert "Nobody was written to" in page.text
    assert not notes.rows[1].is_hidden
    client.submit("#decide", {"outcome": "hide", "rule": "insult", "words": WORDS})
    client.submit("#decide", {}).follow()
    decision = reads.standing_decision(reads.case(case.id))
    page = client.submit(f"{HOME}/decisions/{decision.id}/send").follow()
    assert "The letters left on" in page.text
    assert not page.select("[data-key=z]")


def test_own_words_cannot_be_decided(client, as_moderator, notes, speak) -> None:
    notes.add(author_id=as_moderator.id)
    with speak():
        own = make_case(1)
    page = client.get(f"{HOME}/{own.id}", status=200)
    assert "This is your own contribution." in page.text
    assert not page.select("#decide")


def test_look_into_opens_a_case_without_a_report(client, as_moderator, notes) -> None:
    notes.add()
    client.get("/en/moderation/report?kind=note&id=1")
    page = client.submit(f"{HOME}/open").follow()
    assert "Claimed by you" in page.text
    assert "Nobody reported it" in page.text


def test_consider_offers_a_case_and_leads_to_the_one_there_is(client, as_moderator, notes) -> None:
    note = notes.add()
    page = client.get(f"{HOME}/open?kind=note&id={note.id}", status=200)
    assert "Nobody has reported it" in page.text
    assert reads.case_of("note", note.id) is None  # looking opens nothing
    opened = client.submit(f"{HOME}/open").follow()
    assert "Claimed by you" in opened.text
    again = client.get(f"{HOME}/open?kind=note&id={note.id}", status=303)
    assert again.headers["Location"] == opened.url


@pytest.mark.parametrize("asked", ["", "?kind=note", "?kind=note&id=99", "?kind=none&id=1"])
def test_consider_finds_nothing(client, as_moderator, notes, asked) -> None:
    client.get(f"{HOME}/open{asked}", status=404)


def test_single_keys_are_a_choice(client, as_moderator, case) -> None:
    page = client.get(f"{HOME}/{case.id}")
    assert page.has("[data-behaviour=shortcuts]")
    assert page.has('a[href="/en/me/profile#uses_shortcuts"]')
    client.get("/en/me/profile").submit({"uses_shortcuts": None})
    page = client.get(f"{HOME}/{case.id}")
    assert not page.has("[data-behaviour=shortcuts]")
    assert "Single keys are off." in page.text


def test_several_at_once(client, as_moderator, notes, case, speak) -> None:
    with speak():
        other = make_case(notes.add().id)
    page = client.get(f"{HOME}/several", status=200)
    form = next(f for f in page.forms if "several" in (f.get("action") or "several"))
    assert form is not None
    values = {"outcome": "hide", "rule": "advertising", "words": "The same text twice."}
    boxes = [box.get("value") for box in page.select("input[name=case]")]
    assert client.submit("Decide the chosen ones", values).status == 422
    done = client.submit("Decide the chosen ones", {**values, "case": boxes})
    assert done.status == 303, done.text
    assert all(row.is_hidden for row in notes.rows.values())
    assert reads.case(other.id).state is CaseState.DECIDED


def test_complaint_is_answered_by_a_second_person(
    client, sign_in, moderator, second, notes, case, speak
) -> None:
    with speak():
        decision = make_decision(case, moderator)
        deciding.send_letters(decision.id)
        complaint = complaining.complain(
            decision.id, None, actor=None, text="I meant the paragraph."
        )
    url = f"{HOME}/complaints/{complaint.id}"
    sign_in(moderator)
    page = client.get(url, status=200)
    assert "You took the decision yourself." in page.text
    assert not page.select("textarea")
    assert "somebody else answers" in client.get(f"{HOME}/complaints").text
    sign_in(second)
    client.get(url)
    words = "You are right."
    done = client.submit(
        "Send my answer", {"verdict": "reverse", "rule": "within_rules", "words": words}
    )
    assert done.status == 303
    assert not notes.rows[1].is_hidden
    assert words in client.get(url).text


@pytest.mark.parametrize("path", ["/987654", "/complaints/987654"])
def test_nothing_there(client, as_moderator, notes, path) -> None:
    client.get(HOME + path, status=404)


def test_a_kind_that_left_leaves_its_cases_readable(
    client, as_moderator, second, notes, case, speak
) -> None:
    """A feature is taken out of the site: its cases stay, by the title they were opened with."""
    client.get("/en/")
    with speak():
        other = make_case(notes.add(author_id=make_user().id).id)
        gone = make_decision(other, second)
        deciding.send_letters(gone.id)
        kept = make_decision(
            make_case(notes.add(author_id=make_user().id).id),
            second,
            outcome=Outcome.KEEP,
            rule="within_rules",
        )
        late = make_decision(make_case(notes.add(author_id=make_user().id).id), second)
        complaint = complaining.complain(gone.id, None, actor=None, text="I was quoting him.")
    receipt = tokens.receipt_token(reads.reports(case)[0].id)
    del kinds._kinds["note"]

    assert case.title in client.get(HOME, status=200).text
    assert case.title in client.get(f"{HOME}/several", status=200).text
    page = client.get(f"{HOME}/{case.id}", status=200)
    assert case.title in page.text
    assert "It is no longer there." in page.text
    assert other.title in client.get(f"{HOME}/complaints", status=200).text
    client.get(f"{HOME}/complaints/{complaint.id}", status=200)
    client.get("/en/moderation/log", status=200)
    client.get(f"/en/moderation/receipts/{receipt}", status=200)
    client.get(f"/en/moderation/complaints/{tokens.complaint_token(gone.id)}", status=200)
    with speak():
        assert deciding.send_letters(kept.id)
        assert deciding.send_letters(late.id), "what was decided is still told"


def test_a_case_whose_words_are_gone_can_leave_the_queue(
    client, as_moderator, notes, case, speak
) -> None:
    del kinds._kinds["note"]
    page = client.get(f"{HOME}/{case.id}", status=200)
    answers = {"outcome": "keep", "rule": "within_rules", "words": "It is gone already."}
    shown = page.submit("form#decide", answers)
    assert shown.submit("form#decide", answers).status == 303
    db.session.expire_all()
    assert reads.case(case.id).state is CaseState.DECIDED
    with speak():
        decision = reads.standing_decision(reads.case(case.id))
        assert decision.changed is False
        assert deciding.send_letters(decision.id), "who reported it is told"
