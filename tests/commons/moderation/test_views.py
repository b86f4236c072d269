"""The public side: reporting with and without an account, receipts, complaints, the log."""

from __future__ import annotations

import pytest
from flask import Flask

from engage.commons.moderation import queries, tokens
from engage.commons.moderation.service import complaining, deciding
from tests.factories.accounts import make_user
from tests.factories.moderation import make_case, make_decision

URL = "/en/moderation/report?kind=note&id=1"
GIVEN = {
    "ground": "insult",
    "explanation": "It calls a clerk an idiot.",
    "name": "Ann Walker",
    "email": "ann@example.org",
    "good_faith": True,
}


@pytest.fixture
def decided(app: Flask, notes, moderator):
    """A decision whose letters have left."""
    notes.add(author_id=make_user(display_name="Otto Author").id)
    with app.test_request_context("/en/", base_url="http://localhost"):
        decision = make_decision(make_case(1), moderator)
        deciding.send_letters(decision.id)
    return decision


def test_report_without_an_account_leads_to_a_receipt(client, notes) -> None:
    notes.add()
    assert "Whoever signed" in client.get(URL, status=200).text
    receipt = client.submit({**GIVEN}).follow()
    assert receipt.h1 == "Thank you, we have your report"
    assert "R-" in receipt.text
    assert "It calls a clerk an idiot." in receipt.text


def test_report_with_an_account_asks_for_no_name(client, sign_in, notes) -> None:
    notes.add()
    sign_in(make_user())
    page = client.get(URL)
    assert not page.select("input[name=email]")
    assert (
        client.submit({k: GIVEN[k] for k in ("ground", "explanation", "good_faith")}).status == 303
    )


def test_report_keeps_what_was_typed(client, notes) -> None:
    notes.add()
    client.get(URL)
    page = client.submit({**GIVEN, "ground": None, "good_faith": False})
    assert page.status == 422
    assert "It calls a clerk an idiot." in page.text
    assert page.select("input[name=name]")[0].get("value") == "Ann Walker"


def test_report_sent_twice_is_one_report(client, notes) -> None:
    notes.add()
    page = client.get(URL)
    first, second = page.submit({**GIVEN}), page.submit({**GIVEN})
    assert first.location == second.location


@pytest.mark.parametrize(
    "query",
    [
        "kind=note&id=2",
        "kind=nothing&id=1",
        "kind=note",
        "kind=note&id=x",
        "kind=note&id=" + "9" * 40,
    ],
)
def test_report_of_nothing_is_not_found(client, notes, query) -> None:
    notes.add()
    client.get(f"/en/moderation/report?{query}", status=404)


def test_report_of_the_hidden_is_not_found(client, notes) -> None:
    notes.add(is_hidden=True)
    client.get(URL, status=404)


def test_report_explains_itself_without_a_contribution(client) -> None:
    assert client.get("/en/moderation/report", status=200).h1 == "Report something"


def test_receipt_follows_the_case(client, decided) -> None:
    (report,) = queries.reports(queries.case(decided.case_id))
    page = client.get(f"/en/moderation/receipts/{tokens.receipt_token(report.id)}", status=200)
    assert "It is hidden now" in page.text
    assert "Otto Author" not in page.text
    client.get("/en/moderation/receipts/forged", status=404)
    client.get(f"/en/moderation/receipts/{tokens.complaint_token(decided.id)}", status=404)


def test_complain_as_the_author(client, decided) -> None:
    url = f"/en/moderation/complaints/{tokens.complaint_token(decided.id)}"
    page = client.get(url, status=200)
    assert "Whoever signed paragraph 1" in page.text
    assert "Ann Walker" not in page.text
    assert "Mona Reed" not in page.text
    assert client.submit({"text": ""}).status == 422
    answer = client.submit({"text": "I meant the paragraph, not a person."}).follow()
    assert "A second person is looking at it" in answer.text
    assert not answer.select("textarea")


def test_complain_with_a_forged_or_foreign_address(client, decided) -> None:
    for token in ("forged", tokens.receipt_token(1), tokens.complaint_token(987654)):
        client.get(f"/en/moderation/complaints/{token}", status=404)


def test_complain_shows_the_answer(app, client, decided, second) -> None:
    with app.test_request_context("/en/", base_url="http://localhost"):
        complaint = complaining.complain(decided.id, None, actor=None, text="I disagree with it.")
        complaining.review(
            complaint.id, actor=second, reverse=False, rule="", words="It names a clerk."
        )
    page = client.get(f"/en/moderation/complaints/{tokens.complaint_token(decided.id)}")
    assert "The decision stands" in page.text
    assert "It names a clerk." in page.text


def test_log_lists_final_decisions_without_names(app, client, notes, moderator, decided) -> None:
    notes.add()
    with app.test_request_context("/en/", base_url="http://localhost"):
        make_decision(make_case(2), moderator)  # can still be undone
    page = client.get("/en/moderation/log", status=200)
    assert len(page.select("tbody tr")) == 1
    assert "It insults a person" in page.text
    for name in ("Otto Author", "Ann Walker", "Mona Reed", "Whoever signed", "stays welcome"):
        assert name not in page.body


def test_log_filters_and_has_an_empty_state(client, decided) -> None:
    assert len(client.get("/en/moderation/log?show=hide").select("tbody tr")) == 1
    assert "No decision yet" in client.get("/en/moderation/log?show=keep").text
    client.get("/en/moderation/log?show=nonsense&page=-1", status=200)


def test_log_asks_the_same_for_1_and_20_rows(
    app, client, notes, moderator, decided, queries
) -> None:
    with queries() as one:
        client.get("/en/moderation/log")
    with app.test_request_context("/en/", base_url="http://localhost"):
        for _n in range(20):
            row = notes.add()
            deciding.send_letters(make_decision(make_case(row.id), moderator).id)
    with queries() as many:
        client.get("/en/moderation/log")
    assert len(one) == len(many), many
