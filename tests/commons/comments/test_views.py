"""Pages and fragments as readers meet them, without scripts unless said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import encode_multipart

from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments import exporting, pages, service
from engage.commons.comments import queries as reads
from engage.commons.comments.models import Comment, CommentState, Stance
from engage.commons.comments.receipts import receipt_number
from engage.core import clock
from engage.core.db import db, transactional
from tests.commons.accounts.mails import link
from tests.factories.accounts import make_member, make_organisation, make_staff, make_user
from tests.factories.comments import (
    change_place,
    make_answer,
    make_comment,
    make_thread,
)

CLOSES = datetime(2026, 12, 4, 17, tzinfo=UTC)


def only_comment() -> Comment:
    return db.session.scalars(
        select(Comment)
        .order_by(Comment.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one()


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Comment)) or 0


# --- reading -----------------------------------------------------------------------------


def test_thread_shows_comments_nested_with_their_marks(client: Any) -> None:
    thread, firm = make_thread(answer_days=30), make_organisation(name="Harbour Crane Ltd")
    author = make_user(display_name="Marie Dupont", kind=StakeholderKind.BUSINESS)
    top = make_comment(
        thread, author, body="More **light**.", stance=Stance.FOR, organisation_id=firm.id
    )
    reply = make_comment(thread, make_user(display_name="Ana Reply"), parent=top)
    make_comment(thread, make_user(display_name="Bo Deep"), parent=reply)
    page = client.get(f"/en/comments/threads/{thread.id}")
    assert page.has(f"#c{top.id} strong")
    assert "Harbour Crane Ltd" in page.text
    assert "writes for Harbour Crane Ltd" in page.text
    assert page.has(f".replies .replies #c{reply.id + 1}")
    assert "public" in page.headers["Cache-Control"]


def test_an_empty_thread_says_so(client: Any) -> None:
    page = client.get(f"/en/comments/threads/{make_thread().id}")
    assert "Nobody has written here yet" in page.text


@pytest.mark.parametrize("query", ["?sort=password", "?sort=newest", "?after=xx", "?page=-1"])
def test_odd_queries_are_answered(client: Any, query: str) -> None:
    thread = make_thread()
    make_comment(thread, make_user())
    client.get(f"/en/comments/threads/{thread.id}{query}", status=200)


def test_thirty_more_follow_as_page_and_as_fragment(client: Any) -> None:
    thread, author = make_thread(), make_user()
    for number in range(35):
        make_comment(thread, author, body=f"Voice number {number}.")
    page = client.get(f"/en/comments/threads/{thread.id}?sort=newest")
    assert len(page.select("article.comment")) == 30
    link = page.links["Show 30 more comments"]
    rest = client.get(link)
    assert len(rest.select("article.comment")) == 5
    fragment = client.fragment(link)
    assert fragment.is_fragment
    assert len(fragment.select("article.comment")) == 5
    assert not fragment.has("section.thread")
    whole = client.fragment(f"/en/comments/threads/{thread.id}")
    assert whole.is_fragment
    assert whole.has(f"section#thread-{thread.id}")


def test_many_replies_are_shown_on_the_comments_own_page(client: Any) -> None:
    thread, author = make_thread(), make_user()
    top = make_comment(thread, author)
    for _number in range(60):
        make_comment(thread, author, parent=top)
    page = client.get(f"/en/comments/threads/{thread.id}")
    assert len(page.select(".replies article")) == pages.FIRST_REPLIES
    own = page.click("Show 58 more replies")
    assert len(own.select(".replies article")) == pages.BRANCH
    later = own.click("Show later replies")
    assert len(later.select(".replies article")) == 10


def test_anonymous_readers_are_led_to_sign_in_and_back(client: Any) -> None:
    comment = make_comment(make_thread(), make_user())
    page = client.get(f"/en/comments/threads/{comment.thread_id}")
    assert not [f for f in page.forms if (f.get("method") or "") == "post"]
    answer = client.get(f"/en/comments/{comment.id}/react")
    assert answer.status == 302
    assert "next=" in (answer.location or "")


def test_the_present_words_are_linked(client: Any) -> None:
    thread = make_thread(newer_url="/en/help")
    make_comment(thread, make_user())
    page = client.get(f"/en/comments/threads/{thread.id}")
    assert "Read and comment on the present words" in page.links


def test_other_languages_are_marked(client: Any) -> None:
    comment = make_comment(make_thread(), make_user(), language="fr", body="Bonjour le quai")
    page = client.get(f"/en/comments/{comment.id}")
    assert page.one(f"#c{comment.id} .body").get("lang") == "fr"
    assert page.one(f"#c{comment.id} .body").get("dir") == "auto"


# --- what may not be seen ----------------------------------------------------------------


SECRET = "Zanzibar-47"


def addresses(comment: Comment) -> list[str]:
    base = f"/en/comments/{comment.id}"
    return [
        f"/en/comments/threads/{comment.thread_id}",
        f"/en/comments/threads/{comment.thread_id}?sort=newest",
        base,
        f"{base}/history",
        f"{base}/reply",
    ]


@pytest.mark.parametrize("state", [CommentState.HELD, CommentState.HIDDEN, CommentState.WITHDRAWN])
@pytest.mark.parametrize("who", ["anonymous", "reader", "organiser"])
def test_words_not_shown_are_nowhere(
    client: Any, sign_in: Callable[[Any], Any], state: CommentState, who: str
) -> None:
    thread = make_thread(allows_guests=True)
    comment = make_comment(thread, make_user(), state=state, body=SECRET, hidden_reason="insult")
    if who != "anonymous":
        sign_in(make_user() if who == "reader" else make_staff("organiser"))
    for address in addresses(comment):
        page = client.get(address)
        assert SECRET not in page.body, address
        if state is CommentState.HELD and "threads" not in address:
            assert page.status == 404
    if state is CommentState.HELD:
        marks = f'"c{comment.id}"', f'"#c{comment.id}"', f"/comments/{comment.id}"
        thread_page = client.get(addresses(comment)[0]).body
        assert not [mark for mark in marks if mark in thread_page]
    assert SECRET not in str(list(exporting.export_rows([thread.id])))


def test_a_hidden_comment_leaves_a_stub_with_the_reason(client: Any) -> None:
    comment = make_comment(
        make_thread(), make_user(), state=CommentState.HIDDEN, hidden_reason="insult"
    )
    page = client.get(f"/en/comments/{comment.id}")
    assert "The moderators have hidden this comment." in page.text
    assert "It insults a person" in page.text
    client.get(f"/en/comments/{comment.id}/history", status=404)


def test_a_withdrawn_comment_leaves_a_stub_without_a_name(client: Any) -> None:
    author = make_user(display_name="Nora Gone")
    comment = make_comment(make_thread(), author, state=CommentState.WITHDRAWN)
    page = client.get(f"/en/comments/{comment.id}")
    assert "withdrew" in page.text
    assert "Nora Gone" not in page.body


def test_moderators_see_what_is_held_and_hidden(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    for state in (CommentState.HELD, CommentState.HIDDEN):
        make_comment(thread, make_user(), state=state, body=f"{SECRET} {state}")
    sign_in(make_staff("moderator"))
    page = client.get(f"/en/comments/threads/{thread.id}")
    assert f"{SECRET} held" in page.text
    assert f"{SECRET} hidden" in page.text


def test_under_what_is_not_visible_nothing_exists(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    comment = make_comment(thread, make_user())
    change_place(thread, is_visible=False)
    for address in [*addresses(comment), f"/en/comments/threads/{thread.id}/new"]:
        client.get(address, status=404)
    sign_in(make_user())
    for address in [
        f"/en/comments/{comment.id}/react",
        f"/en/comments/threads/{thread.id}/reaction",
    ]:
        client.get(address, status=404)


def test_unknown_numbers(client: Any) -> None:
    for address in ("threads/999999", "999999", "999999/history", "held/nonsense"):
        client.get(f"/en/comments/{address}", status=404)


def test_a_guest_is_led_to_what_they_wrote(client: Any) -> None:
    thread = make_thread(allows_guests=True)
    client.get(f"/en/comments/threads/{thread.id}/new").submit(
        "Send my comment",
        {
            "body": "More light.",
            "display_name": "Lena",
            "email": "g@example.org",
            "kind": "resident",
        },
    )
    address = link("g@example.org", "/guests/")
    answer = client.get(address).submit()
    comment = only_comment()
    assert answer.location == f"/en/comments/{comment.id}#c{comment.id}"
    page = answer.follow()
    assert page.has(f"article#c{comment.id}")
    assert "Thank you, Lena. Your address is confirmed" in page.words(".flashes")
    assert "private" in page.headers["Cache-Control"]
    # said once; from then on the page is everybody's again
    again = client.get(f"/en/comments/{comment.id}")
    assert "Thank you" not in again.text
    assert "public" in again.headers["Cache-Control"]
    # the mail's link goes on leading there
    assert client.get(address).has(f'a[href="/en/comments/{comment.id}#c{comment.id}"]')
    # not to a place that is hidden meanwhile, whose title is nobody's to read
    change_place(thread, is_visible=False)
    hidden = client.get(address)
    assert not hidden.has(f'a[href="/en/comments/{comment.id}#c{comment.id}"]')
    assert "Paragraph 2.3" not in hidden.text


def test_an_organisation_page_shows_what_it_said(client: Any) -> None:
    thread, firm, other = make_thread(), make_organisation(), make_organisation()
    address = f"/en/organisations/{firm.slug}"
    assert "Nothing yet" in client.get(address).text
    said = make_comment(thread, make_user(), body="More **cranes**.", organisation_id=firm.id)
    asked = make_comment(thread, make_user(), body="Why?")
    make_answer(asked, firm)
    hidden = make_comment(thread, make_user(), organisation_id=firm.id, state=CommentState.HIDDEN)
    elsewhere = make_comment(thread, make_user(), organisation_id=other.id)
    page = client.get(address)
    assert "What it said here" in page.text
    assert "cranes" in page.words("article.comment .body strong")
    assert page.has(f'a[href="/en/comments/{said.id}#c{said.id}"]')
    assert page.has(f'a[href="/en/comments/{asked.id}#c{asked.id}"]')
    assert "Official answer" in page.text
    for absent in (hidden, elsewhere):
        assert not page.has(f'a[href="/en/comments/{absent.id}#c{absent.id}"]')
    assert "public" in page.headers["Cache-Control"]


def test_what_an_organisation_said_is_paged(client: Any, queries: Any) -> None:
    thread, firm = make_thread(), make_organisation()
    make_comment(thread, make_user(), organisation_id=firm.id)
    address = f"/en/organisations/{firm.slug}"
    client.get(address)
    with queries() as few:
        client.get(address)
    for _number in range(11):
        make_comment(thread, make_user(), organisation_id=firm.id)
    with queries() as many:
        page = client.get(address)
    assert len(page.select("article.comment")) == 10
    assert len(client.get(f"{address}?page=2").select("article.comment")) == 2
    assert len(many) <= len(few), many


def test_moderators_are_led_to_hiding_and_readers_to_reporting(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    comment = make_comment(thread, make_user())
    hidden = make_comment(thread, make_user(), state=CommentState.HIDDEN)
    reporting = f"/en/moderation/report?kind=comment&id={comment.id}"
    hiding = f"/en/office/moderation/open?kind=comment&id={comment.id}"
    deciding = f"/en/office/moderation/open?kind=comment&id={hidden.id}"
    for person in (None, make_user(), make_staff("organiser")):
        if person is not None:
            sign_in(person)
        page = client.get(f"/en/comments/threads/{thread.id}")
        assert page.has(f'a[href="{reporting}"]')
        assert "/office/moderation" not in page.text
    sign_in(make_staff("moderator"))
    page = client.get(f"/en/comments/threads/{thread.id}")
    assert page.has(f'a[href="{hiding}"]')
    assert page.has(f'a[href="{deciding}"]')
    assert not page.has(f'a[href="{reporting}"]')
    assert client.get(hiding).has('form[action="/en/office/moderation/open"]')


# --- writing -----------------------------------------------------------------------------


def test_write_read_receipt_change_withdraw(client: Any, sign_in: Any) -> None:
    thread, author = make_thread(answer_days=30, closes_at=CLOSES), make_user()
    sign_in(author)
    with clock.at(datetime(2026, 11, 20, 9, 0, 7, tzinfo=UTC)):
        page = client.get(f"/en/comments/threads/{thread.id}").click("Write a comment")
        done = page.submit({"body": "First **words**", "stance": "question"})
        assert done.status == 303
        shown = done.follow()
        comment = only_comment()
        assert receipt_number(comment.id) in shown.text
        assert "10:00:07" in shown.text
        assert "20 December 2026" in shown.text
        edited = shown.click("Change").submit({"body": "Second words"}).follow()
        assert "Second words" in edited.text
        history = edited.click("edited")
        assert "First words" in history.text
        gone = edited.click("Withdraw").submit()
        assert gone.status == 303
    assert only_comment().state is CommentState.WITHDRAWN


def test_a_preview_writes_nothing(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    sign_in(make_user())
    page = client.get(f"/en/comments/threads/{thread.id}/new")
    shown = page.submit({"body": "So **bold**", "preview": "body"})
    assert shown.has(".mdpreview strong")
    assert count() == 0


def test_errors_keep_what_was_typed(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    sign_in(make_user())
    page = client.get(f"/en/comments/threads/{thread.id}/new")
    refused = page.submit({"body": "x" * 4001, "stance": "against"})
    assert refused.status == 422
    assert refused.errors
    assert refused.values()["stance"] == ["against"]
    assert len(refused.values()["body"][0]) == 4001
    empty = page.submit({"body": ""})
    assert empty.status == 422


def test_ten_million_letters_are_told_the_limit(client: Any, sign_in: Any) -> None:
    """Read by the form, they come back with its limit; in parts, the page names what fits."""
    sign_in(make_user())
    page = client.get(f"/en/comments/threads/{make_thread().id}/new")
    words = "a" * 10_000_000
    values = {name: given[0] for name, given in page.values().items()} | {"body": words}
    refused = client.post(page.url, values)
    assert refused.status == 422
    assert "Shorten this to 4,000 characters. It has 10,000,000." in refused.errors
    assert len(refused.values()["body"][0]) == len(words)
    boundary, body = encode_multipart(values)
    kind = f"multipart/form-data; boundary={boundary}"
    late = client.post(page.url, body, content_type=kind)
    assert late.status == 413
    assert "texts of up to 2 MB" in late.text
    assert count() == 0


def test_the_page_after_a_comment_names_the_form_once(client: Any, sign_in: Any) -> None:
    """So the browser forgets its copy; a page that many readers share never says it."""
    address = f"/en/comments/threads/{make_thread().id}"
    sign_in(make_user())
    page = client.get(f"{address}/new")
    key = page.values()["idempotency_key"][0]
    receipt = page.submit({"body": "First words"}).follow()
    assert receipt.one("meta[name=engage-arrived]").get("content") == key
    assert receipt.headers["Cache-Control"] == "private, no-store"
    for after in (client.get(receipt.url), client.get(address), client.get(f"{address}/new")):
        assert not after.has("meta[name=engage-arrived]")


def test_a_guest_is_told_too_on_a_page_nobody_shares(client: Any) -> None:
    thread = make_thread(allows_guests=True)
    page = client.get(f"/en/comments/threads/{thread.id}/new")
    key = page.values()["idempotency_key"][0]
    guest = {"display_name": "Ann", "email": "ann@example.org", "kind": "resident"}
    sent = page.submit({"body": "Words", **guest})
    assert sent.status == 303
    shared = client.get(f"/en/comments/threads/{thread.id}")
    assert shared.one("meta[name=engage-arrived]").get("content") == key
    assert shared.headers["Cache-Control"] == "private, no-store"
    again = client.get(f"/en/comments/threads/{thread.id}")
    assert not again.has("meta[name=engage-arrived]")
    assert "public" in again.headers["Cache-Control"]


def test_sent_twice_is_written_once(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    sign_in(make_user())
    page = client.get(f"/en/comments/threads/{thread.id}/new")
    first = page.submit({"body": "Once"})
    second = page.submit({"body": "Once"})
    assert first.location == second.location
    assert count() == 1


def test_for_an_organisation(client: Any, sign_in: Any) -> None:
    author, firm = make_user(), make_organisation()
    make_member(author, firm)
    sign_in(author)
    page = client.get(f"/en/comments/threads/{make_thread().id}/new")
    shown = page.submit({"body": "We agree.", "organisation_id": str(firm.id)}).follow()
    assert firm.name in shown.text
    forged = client.get(f"/en/comments/threads/{make_thread().id}/new")
    assert forged.submit({"body": "No.", "organisation_id": "99999"}).status == 422


def test_reply_with_a_quotation(client: Any, sign_in: Any) -> None:
    comment = make_comment(
        make_thread(), make_user(display_name="Marie Dupont"), body="First thing"
    )
    sign_in(make_user())
    page = client.get(f"/en/comments/{comment.id}").click("Reply")
    shown = page.submit({"body": "Second thing", "quotes": True}).follow()
    assert "Marie Dupont wrote:" in shown.text
    assert "Second thing" in shown.text


def test_closed_says_so_and_keeps_the_text(client: Any, sign_in: Any) -> None:
    thread = make_thread(closes_at=CLOSES)
    sign_in(make_user())
    with clock.at(CLOSES - timedelta(seconds=5)):
        page = client.get(f"/en/comments/threads/{thread.id}/new")
    with clock.at(CLOSES):
        late = page.submit({"body": "My late words"})
    assert late.status == 409
    assert late.words("textarea") == "My late words"
    assert "4 December 2026 at 18:00" in late.text
    assert count() == 0


def test_a_stale_edit_shows_both_texts(client: Any, sign_in: Any) -> None:
    author = make_user()
    sign_in(author)
    client.get(f"/en/comments/threads/{make_thread().id}/new").submit({"body": "One"})
    comment = only_comment()
    mine, other = (client.get(f"/en/comments/{comment.id}/edit") for _tab in "ab")
    other.submit({"body": "From the other window"})
    stale = mine.submit({"body": "From this window"})
    assert stale.status == 409
    assert "From the other window" in stale.text
    assert "From this window" in stale.words("textarea")


def test_an_edit_after_its_time_keeps_the_text(client: Any, sign_in: Any) -> None:
    start = datetime(2026, 11, 20, 9, tzinfo=UTC)
    sign_in(make_user())
    with clock.at(start):
        client.get(f"/en/comments/threads/{make_thread().id}/new").submit({"body": "One"})
        form = client.get(f"/en/comments/{only_comment().id}/edit")
    with clock.at(start + timedelta(minutes=20)):
        late = form.submit({"body": "Too late"})
    assert late.status == 409
    assert "Too late" in late.words("textarea")


def test_nobody_elses_comment_is_changed(client: Any, sign_in: Any) -> None:
    comment = make_comment(make_thread(), make_user())
    sign_in(make_user())
    for act in ("edit", "withdraw"):
        client.get(f"/en/comments/{comment.id}/{act}", status=403)


def test_a_guest_writes_waits_and_is_published(client: Any) -> None:
    thread = make_thread(allows_guests=True)
    page = client.get(f"/en/comments/threads/{thread.id}").click("Write a comment")
    sent = page.submit(
        {
            "body": "A guest speaks",
            "display_name": "Zoé Visitor",
            "email": "zoe@example.org",
            "kind": "resident",
        }
    )
    waiting = sent.follow()
    comment = only_comment()
    assert comment.state is CommentState.HELD
    assert receipt_number(comment.id) in waiting.text
    assert "A guest speaks" in waiting.text
    assert "no-store" in waiting.headers["Cache-Control"]
    client.get(f"/en/comments/{comment.id}", status=404)
    with client.app.test_request_context("/en/"), transactional():
        service.publish_held(comment.guest_id or 0)
    assert client.get(waiting.url).status == 303
    assert "Zoé Visitor (guest)" in client.get(f"/en/comments/{comment.id}").text


def test_without_an_account_where_one_is_needed(client: Any) -> None:
    page = client.get(f"/en/comments/threads/{make_thread().id}/new", status=200)
    assert "Sign in to comment" in page.h1
    assert not page.has("textarea")


# --- with htmx ---------------------------------------------------------------------------


HX = {"HX-Request": "true"}


def test_htmx_posts_in_place(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    sign_in(make_user())
    form = client.fragment(f"/en/comments/threads/{thread.id}/new")
    assert form.is_fragment
    refused = form.submit({"body": ""}, headers=HX)
    assert refused.status == 422
    assert refused.is_fragment
    done = form.submit({"body": "In place"}, headers=HX)
    assert done.status == 200
    assert "In place" in done.text
    assert receipt_number(only_comment().id) in done.text
    count = done.select(f"#thread-{thread.id}-count[hx-swap-oob]")
    assert [found.text for found in count] == ["(1)"]


def test_htmx_reacts_in_place(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    comment = make_comment(thread, make_user())
    sign_in(make_user())
    page = client.get(f"/en/comments/threads/{thread.id}")
    token = page.values(f"/en/comments/{comment.id}/react")["csrf_token"][0]
    for value, pressed in (("agree", "true"), ("agree", "true"), ("none", "false")):
        done = client.post(
            f"/en/comments/{comment.id}/react",
            {"value": value, "csrf_token": token},
            headers=HX,
            status=200,
        )
        assert done.select("button.react")[0].get("aria-pressed") == pressed
    subject = client.post(
        f"/en/comments/threads/{thread.id}/reaction",
        {"value": "disagree", "csrf_token": token},
        headers=HX,
        status=200,
    )
    assert subject.select("button")[1].get("aria-pressed") == "true"
    assert reads.thread(thread.id).disagree_count == 1


def test_without_scripts_every_comment_has_its_own_buttons(client: Any, sign_in: Any) -> None:
    thread = make_thread()
    comments = [make_comment(thread, make_user()) for _number in range(2)]
    sign_in(make_user())
    page = client.get(f"/en/comments/threads/{thread.id}")
    keys = set()
    for comment in comments:
        form = f"/en/comments/{comment.id}/react"
        keys.add(page.values(form)["idempotency_key"][0])
        assert page.submit(form, {"value": "agree"}).status == 303
    assert len(keys) == 2
    for comment in comments:
        assert reads.comment(comment.id).agree_count == 1


def test_the_page_that_asks_before_reacting(client: Any, sign_in: Any) -> None:
    comment = make_comment(make_thread(), make_user())
    sign_in(make_user())
    page = client.get(f"/en/comments/{comment.id}/react")
    assert reads.comment(comment.id).agree_count == 0
    button = next(b for b in page.select("main form button") if b.get("value") == "helpful")
    assert button is not None
    page.submit({"value": "helpful"})
    assert reads.comment(comment.id).helpful_count == 1


def test_a_forged_token_changes_nothing(client: Any, sign_in: Any) -> None:
    comment = make_comment(make_thread(), make_user())
    sign_in(make_user())
    client.post(f"/en/comments/{comment.id}/react", {"value": "agree"}, status=400)
    client.post(f"/en/comments/threads/{comment.thread_id}/new", {"body": "Forged"}, status=400)
    assert count() == 1
    assert reads.comment(comment.id).agree_count == 0


# --- the office --------------------------------------------------------------------------


def test_an_officer_drafts_publishes_and_corrects(client: Any, sign_in: Any) -> None:
    port, officer = make_organisation(name="Two Harbours Port"), make_user()
    make_member(officer, port, "editor")
    thread = make_thread(answer_days=30, host_ids=(port.id,))
    comment = make_comment(
        thread, make_user(), body="When do the lamps come?", due_at=clock.now() + timedelta(days=3)
    )
    sign_in(officer)
    queue = client.get("/en/office/answers", status=200)
    page = queue.click("When do the lamps come?")
    draft = page.submit(".formcard", {"body": "In spring.", "action": "save"})
    assert draft.status == 303
    assert "In spring." not in client.get(f"/en/comments/threads/{thread.id}").text
    again = client.get(f"/en/office/answers/{comment.id}")
    assert again.submit(".formcard", {"body": "In April.", "action": "publish"}).status == 303
    shown = client.get(f"/en/comments/threads/{thread.id}")
    assert "In April." in shown.text
    assert "Two Harbours Port" in shown.text
    assert "When do the lamps come?" not in client.get("/en/office/answers").text
    fixed = client.get(f"/en/office/answers/{comment.id}")
    assert fixed.submit(".formcard", {"body": "In May.", "action": "publish"}).status == 303
    assert "In May." in client.get(f"/en/comments/{comment.id}").text


def test_two_officers_see_both_texts(client: Any, sign_in: Any) -> None:
    port = make_organisation()
    comment = make_comment(make_thread(host_ids=(port.id,)), make_user())
    sign_in(make_staff("organiser"))
    mine, other = (client.get(f"/en/office/answers/{comment.id}") for _tab in "ab")
    other.submit(".formcard", {"body": "Other words", "action": "save"})
    late = mine.submit(".formcard", {"body": "My words", "action": "save"})
    assert late.status == 409
    assert "Other words" in late.text
    assert "My words" in late.words("textarea")


def test_the_office_list_filters_and_pages(client: Any, sign_in: Any) -> None:
    port = make_organisation()
    thread = make_thread(answer_days=30, host_ids=(port.id,))
    now = clock.now()
    for number in range(25):
        make_comment(thread, make_user(), due_at=now + timedelta(days=number - 5, hours=1))
    drafted = make_comment(thread, make_user(), due_at=now + timedelta(days=50))
    make_answer(drafted, port, published_at=None)
    sign_in(make_staff("organiser"))
    rows = {
        show: len(client.get(f"/en/office/answers?show={show}").select("tbody tr"))
        for show in ("all", "overdue", "soon", "drafted", "nonsense")
    }
    assert rows == {"all": 20, "overdue": 5, "soon": 7, "drafted": 1, "nonsense": 20}
    assert len(client.get("/en/office/answers?page=2").select("tbody tr")) == 6


@pytest.mark.parametrize("who", ["anonymous", "resident", "moderator"])
def test_who_may_not_enter_the_office_list(client: Any, sign_in: Any, who: str) -> None:
    comment = make_comment(make_thread(), make_user())
    if who != "anonymous":
        sign_in(make_staff("moderator") if who == "moderator" else make_user())
    for address in ("/en/office/answers", f"/en/office/answers/{comment.id}"):
        page = client.get(address)
        assert page.status == (302 if who == "anonymous" else 403)


def test_officers_see_only_what_their_organisation_owes(client: Any, sign_in: Any) -> None:
    port, city, officer = make_organisation(), make_organisation(), make_user()
    make_member(officer, port)
    soon = clock.now() + timedelta(days=3)
    make_comment(make_thread(host_ids=(port.id,)), make_user(), due_at=soon, body="For the port")
    foreign = make_comment(
        make_thread(host_ids=(city.id,)), make_user(), due_at=soon, body="For the city"
    )
    sign_in(officer)
    page = client.get("/en/office/answers")
    assert "For the port" in page.text
    assert "For the city" not in page.text
    client.get(f"/en/office/answers/{foreign.id}", status=403)


# --- how many queries --------------------------------------------------------------------


@pytest.mark.parametrize("who", ["anonymous", "resident", "organiser"])
def test_a_thread_costs_the_same_with_one_and_with_thirty(
    client: Any, sign_in: Any, queries: Any, empty: Any, who: str, app: Flask
) -> None:
    sent = {}
    for rows in (1, 30):
        empty()
        port = make_organisation()
        thread = make_thread(answer_days=30, host_ids=(port.id,))
        for _row in range(rows):
            top = make_comment(thread, make_user(), organisation_id=port.id)
            make_answer(top, port)
            for _reply in range(2 if rows == 1 else 8):
                make_comment(thread, make_user(), parent=top)
        if who != "anonymous":
            sign_in(make_user() if who == "resident" else make_staff("organiser"))
        client.get(f"/en/comments/threads/{thread.id}")
        with queries() as statements:
            client.get(f"/en/comments/threads/{thread.id}?sort=newest", status=200)
        sent[rows] = list(statements)
    assert len(sent[1]) == len(sent[30]), "\n".join(sent[30])
    assert len(sent[30]) <= 12, "\n".join(sent[30])


def test_the_office_list_costs_the_same_with_one_and_with_thirty(
    client: Any, sign_in: Any, queries: Any, empty: Any
) -> None:
    sent = {}
    for rows in (1, 30):
        empty()
        port = make_organisation()
        thread = make_thread(answer_days=30, host_ids=(port.id,))
        for _row in range(rows):
            make_comment(thread, make_user(), due_at=clock.now())
        sign_in(make_staff("organiser"))
        client.get("/en/office/answers")
        with queries() as statements:
            client.get("/en/office/answers", status=200)
        sent[rows] = len(statements)
    assert sent[1] == sent[30]


def test_an_answer_is_said_once_and_pinned_when_its_comment_is_further_down(client: Any) -> None:
    thread, port = make_thread(), make_organisation()
    answered = make_comment(thread, make_user())
    make_answer(answered, port, body="The lamps come in May.")
    address = f"/en/comments/threads/{thread.id}?sort=newest"
    assert len(client.get(address).select("article.official")) == 1
    for _number in range(30):
        make_comment(thread, make_user())
    page = client.get(address)
    assert not page.has(f"#c{answered.id}")
    assert "The lamps come in May." in page.words("article.official")
    assert page.links["The comment it answers"].endswith(f"/comments/{answered.id}")


def test_officers_find_the_list_in_their_menu(client: Any, sign_in: Any) -> None:
    officer = make_user(kind=StakeholderKind.AUTHORITY)
    sign_in(officer)
    address = f"/en/comments/threads/{make_thread().id}"
    assert "Comments to answer" not in client.get(address).links
    make_member(officer, make_organisation(), "editor")
    assert client.get(address).links["Comments to answer"] == "/en/office/answers"
