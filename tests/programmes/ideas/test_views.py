"""The pages of calls and ideas, fetched, filled in and checked as people would."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from PIL import Image
from sqlalchemy import func, select

from engage.commons.accounts.models import StakeholderKind
from engage.core import clock
from engage.core.db import db, transactional
from engage.programmes.ideas.models import (
    Call,
    CallField,
    Category,
    CoAuthor,
    FieldKind,
    Idea,
    IdeaAttachment,
    IdeaRevision,
    IdeaState,
    Support,
)
from engage.programmes.ideas.service import authors
from engage.programmes.ideas.tokens import invitation_token
from tests.factories.accounts import make_member, make_organisation, make_user
from tests.factories.ideas import make_call, make_idea

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TITLE = "Sockets for the fishing boats"
BODY = "Forty boats run their generators all night. One cabinet per pontoon would do."


def ideas_now() -> list[Idea]:
    return list(db.session.scalars(select(Idea).order_by(Idea.id)))


def supports_now() -> int:
    return db.session.scalar(select(func.count()).select_from(Support)) or 0


def categories_of(call: Call) -> list[int]:
    return list(db.session.scalars(select(Category.id).where(Category.call_id == call.id)))


def filled(call: Call, **over: Any) -> dict[str, Any]:
    return {
        "title": TITLE,
        "body": BODY,
        "category_id": str(categories_of(call)[0]),
        "language": "en",
        **over,
    }


def write(client: Any, call: Call, **over: Any) -> Any:
    return client.get(f"/en/ideas/new?call={call.id}").submit(filled(call, **over))


def refetch(idea: Idea) -> Idea:
    return db.session.get_one(Idea, idea.id, populate_existing=True)


# --- calls and lists ------------------------------------------------------------------------


def test_a_call_says_until_when_what_is_promised_and_how_it_goes(client: Any) -> None:
    call = make_call(answer_days=21, supports_each=3)
    make_idea(call, title="A bench by the lock")
    page = client.get(f"/en/calls/{call.address}", status=200)
    assert page.h1 == call.title
    for words in ("Takes ideas until", "within 21 days", "support 3 ideas", "A bench by the lock"):
        assert words in page.text
    assert client.get(f"/en/calls/{call.id}").location == f"/en/calls/{call.address}"


def test_drafts_of_calls_are_nowhere(client: Any) -> None:
    call = make_call(state="draft", title="A secret call")
    assert client.get(f"/en/calls/{call.address}").status == 404
    assert client.get(f"/en/ideas?call={call.id}").status == 404
    assert "A secret call" not in client.get("/en/calls").text


def test_the_list_is_shared_by_anonymous_readers_and_leads_them_to_sign_in(client: Any) -> None:
    idea = make_idea(title=TITLE)
    page = client.get("/en/ideas", status=200)
    assert "s-maxage" in page.headers["Cache-Control"]
    assert not page.has("form[method=post]")
    asked = client.get(page.one("a.support").get("href"))
    assert asked.location.startswith("/en/login?next=")
    assert str(idea.id) in asked.location


def test_only_live_ideas_are_listed(client: Any) -> None:
    call = make_call()
    for state in IdeaState:
        make_idea(call, state=state, title=f"Idea that is {state.value}.")
    text = client.get(f"/en/ideas?call={call.id}").text
    for state in (IdeaState.DRAFT, IdeaState.SUBMITTED, IdeaState.HIDDEN, IdeaState.WITHDRAWN):
        assert f"Idea that is {state.value}." not in text
    assert "Idea that is declined." in text
    assert "Idea that is merged." not in text


def test_every_idea_is_on_one_page_of_a_random_order(client: Any) -> None:
    call = make_call()
    wanted = {f"/en/ideas/{make_idea(call).address}" for _number in range(25)}
    first = client.get(f"/en/ideas?call={call.id}")
    following = first.one("a[rel=next]").get("href")
    second = client.get(following)
    third = client.get(second.one("a[rel=next]").get("href"))
    pages = [[a.get("href") for a in page.select(".idea .t a")] for page in (first, second, third)]
    assert [len(page) for page in pages] == [12, 12, 1]
    assert {href for page in pages for href in page} == wanted
    other = client.get(first.click("Shuffle again").url)
    assert [a.get("href") for a in other.select(".idea .t a")] != pages[0]


def test_the_list_is_narrowed_by_what_the_address_says(client: Any) -> None:
    call = make_call()
    energy, mobility = categories_of(call)
    make_idea(call, title="Sun on the roofs", category_id=energy)
    make_idea(call, title="A lit cycle link", category_id=mobility, state="accepted")
    base = f"/en/ideas?call={call.id}"
    assert "A lit cycle link" not in client.get(f"{base}&category={energy}").text
    assert "Sun on the roofs" not in client.get(f"{base}&state=accepted").text
    found = client.get(f"{base}&q=cycle")
    assert "1 idea" in found.words("[role=status] h2")
    nothing = client.get(f"{base}&q=zeppelin", status=200)
    assert "Nothing fits these filters" in nothing.text


def test_the_board_has_a_column_for_each_status_with_its_count(client: Any) -> None:
    call = make_call()
    for _number in range(14):
        make_idea(call)
    make_idea(call, state="in_progress", title="A lit cycle link")
    page = client.get(f"/en/ideas?call={call.id}&view=board", status=200)
    columns = {c.get("aria-label"): c for c in page.select(".boardcols section")}
    assert "Show all 14" in page.text
    assert "A lit cycle link" in "".join(columns["In progress"].itertext())
    assert len(columns) == 7


def test_pins_and_list_of_the_map_carry_the_same_numbers(client: Any) -> None:
    call = make_call()
    for number in range(3):
        make_idea(call, latitude=50.9 + number / 100, longitude=1.8, supports_count=number)
    make_idea(call, place_name="Somewhere along the quay")
    make_idea(call, title="Nowhere in particular")
    page = client.get(f"/en/ideas?call={call.id}&view=map", status=200)
    pins = [a.get("href") for a in page.select(".planmap a")]
    assert pins == ["#pin-1", "#pin-2", "#pin-3"]
    assert "Somewhere along the quay" in page.text
    assert "Nowhere in particular" not in page.text


# --- one idea -------------------------------------------------------------------------------


def test_an_idea_shows_its_way_its_supporters_and_its_picture_for_other_sites(client: Any) -> None:
    idea = make_idea(
        title=TITLE,
        supports_count=3,
        organisations_count=1,
        supports_by_kind={"resident": [2, 0], "business": [0, 1]},
    )
    page = client.get(f"/en/ideas/{idea.address}", status=200)
    assert page.h1 == TITLE
    assert "2" in page.words("#support .fig")
    assert "people support it" in page.text
    assert "and 1 organisation" in page.text
    image = page.one('meta[property="og:image"]').get("content")
    assert image == f"http://localhost/en/ideas/{idea.id}/card.png"
    drawn = client.get(f"/en/ideas/{idea.id}/card.png", status=200)
    assert Image.open(io.BytesIO(drawn.response.get_data())).size == (1200, 630)


@pytest.mark.parametrize("state", ["draft", "hidden", "submitted", "withdrawn"])
def test_what_is_not_public_is_not_there(client: Any, state: str) -> None:
    idea = make_idea(state=state)
    for end in (idea.address, f"{idea.id}/history", f"{idea.id}/card.png", f"{idea.id}/alike"):
        assert client.get(f"/en/ideas/{end}").status == 404


def test_a_merged_idea_leads_on_and_support_moves_only_by_a_click(
    client: Any, sign_in: Any
) -> None:
    call, person = make_call(), make_user()
    target = make_idea(call, title="Night trucks wait at the rest area")
    merged = make_idea(
        call,
        title="Trucks elsewhere",
        state="merged",
        merged_into_id=target.id,
        supports_count=1,
        supports_by_kind={"resident": [1, 0]},
    )
    with transactional():
        db.session.add(
            Support(
                idea_id=merged.id,
                call_id=call.id,
                user_id=person.id,
                kind=StakeholderKind.RESIDENT,
                supported_at=clock.now(),
            )
        )
    sign_in(person)
    page = client.get(f"/en/ideas/{merged.address}").follow()
    assert page.h1 == target.title
    assert "“Trucks elsewhere” was merged into this one" in page.text
    assert refetch(target).supports_count == 0
    page.click("Move my support here").submit()
    assert refetch(target).supports_count == 1
    assert client.get(f"/en/ideas/{merged.address}?show=merged").h1 == "Trucks elsewhere"


# --- writing --------------------------------------------------------------------------------


def test_an_idea_is_written_checked_and_sent(client: Any, sign_in: Any) -> None:
    call, person = make_call(), make_user()
    sign_in(person)
    check = write(client, call, place_name="Dock Road", point="50.968, 1.852").follow()
    assert "Your idea is not sent yet." in check.text
    assert TITLE in check.text
    (draft,) = ideas_now()
    assert draft.state is IdeaState.DRAFT
    shown = check.submit().follow()
    assert shown.h1 == TITLE
    assert "Your idea is published" in shown.text
    sent = refetch(draft)
    assert sent.state is IdeaState.PUBLISHED
    assert (sent.place_name, sent.latitude, sent.longitude) == ("Dock Road", 50.968, 1.852)
    assert client.get(f"/en/ideas/{sent.id}/check").follow().h1 == TITLE


def test_a_place_others_have_named_is_chosen_from_a_list(client: Any, sign_in: Any) -> None:
    call, person = make_call(), make_user()
    sign_in(person)
    assert not client.get(f"/en/ideas/new?call={call.id}").has("#known_place")
    make_idea(call, place_name="Eastern mole", latitude=50.9, longitude=1.8)
    make_idea(call, state=IdeaState.HIDDEN, place_name="Nowhere", latitude=1.0, longitude=1.0)
    offered = client.get(f"/en/ideas/new?call={call.id}").select("#known_place option")
    assert [option.get("value") for option in offered] == ["", "Eastern mole"]
    write(client, call, known_place="Eastern mole").follow().submit()
    (sent,) = (idea for idea in ideas_now() if idea.author_id == person.id)
    assert (sent.place_name, sent.latitude, sent.longitude) == ("Eastern mole", 50.9, 1.8)
    assert write(client, call, known_place="Nowhere").status == 422


def test_a_title_of_5000_characters_is_refused_and_nothing_typed_is_lost(
    client: Any, sign_in: Any
) -> None:
    call = make_call()
    sign_in(make_user())
    page = write(client, call, title="x" * 5000)
    assert page.status == 422
    assert page.errors == ["Shorten this to 120 characters. It has 5,000."]
    assert page.one("#title").get("value") == "x" * 5000
    assert BODY in page.one("#body").text
    assert ideas_now() == []


def test_an_idea_sent_twice_counts_once(client: Any, sign_in: Any) -> None:
    call = make_call()
    sign_in(make_user())
    check = write(client, call).follow()
    first, second = check.submit(), check.submit()
    assert first.location == second.location
    again = write(client, call).follow().submit()
    assert again.status == 409
    assert "exactly this idea before" in again.text
    assert BODY in again.text
    assert [idea.state for idea in ideas_now()] == [IdeaState.PUBLISHED, IdeaState.DRAFT]


def test_a_draft_is_kept_as_it_is_and_gone_on_with(client: Any, sign_in: Any) -> None:
    call = make_call()
    sign_in(make_user())
    form = client.get(f"/en/ideas/new?call={call.id}")
    kept = form.submit("Keep as a draft", {"title": "Only a", "body": ""}).follow()
    assert "Your draft is kept" in kept.text
    assert kept.one("#title").get("value") == "Only a"
    check = kept.submit(filled(call, title=TITLE)).follow()
    assert TITLE in check.text
    assert len(ideas_now()) == 1
    mine = client.get("/en/ideas/mine")
    assert "Not sent" in mine.text
    assert "Not sent" in client.get("/en/me").text


def test_a_draft_is_kept_while_it_is_written(client: Any, sign_in: Any) -> None:
    call = make_call()
    sign_in(make_user())
    asked = {"HX-Request": "true", "Accept": "application/json"}
    page = client.get(f"/en/ideas/new?call={call.id}")
    sent = page.values(page.form()) | {"title": "Sockets", "step": "keep"}
    first = client.post(f"/en/ideas/new?call={call.id}", sent, headers=asked, status=200).json
    following = sent | {
        "title": "Sockets for",
        "revision": first["revision"],
        "idempotency_key": first["key"],
    }
    second = client.post(first["action"], following, headers=asked, status=200).json
    (idea,) = ideas_now()
    assert idea.title == "Sockets for"
    assert second["action"] == first["action"] == f"/en/ideas/{idea.id}/draft"
    stale = following | {"title": "Lost?", "idempotency_key": second["key"]}
    refused = client.post(first["action"], stale, headers=asked)
    assert refused.status == 409
    assert refetch(idea).title == "Sockets for"


def test_what_is_missing_is_said_where_it_is_missing(client: Any, sign_in: Any) -> None:
    call = make_call()
    with transactional():
        asked = CallField(
            call_id=call.id,
            kind=FieldKind.SINGLE,
            label="Who would build it?",
            options=["The port", "The city"],
            is_required=True,
        )
        db.session.add(asked)
        db.session.flush()
    sign_in(make_user())
    page = write(client, call, category_id="", body="")
    assert page.status == 422
    assert len(page.errors) == 3
    done = page.submit(filled(call, **{asked.key: "The city"})).follow()
    assert "The city" in done.text
    assert ideas_now()[0].answers == {asked.key: "The city"}


@pytest.mark.parametrize(
    ("point", "says"),
    [("by the lock", "two numbers"), ("91, 1", "not on the earth"), ("50.9; 1.8", "")],
)
def test_a_point_is_two_numbers(client: Any, sign_in: Any, point: str, says: str) -> None:
    call = make_call()
    sign_in(make_user())
    page = write(client, call, point=point)
    assert page.status == (422 if says else 303)
    if says:
        assert says in page.errors[0]


def test_similar_ideas_stand_under_the_title_and_on_the_check_page(
    client: Any, sign_in: Any
) -> None:
    call = make_call()
    make_idea(call, title="Sockets for fishing boats at the quay")
    sign_in(make_user())
    typed = f"/en/ideas/similar?call={call.id}&title=Sockets for the fishing boat"
    assert "Sockets for fishing boats at the quay" in client.fragment(typed).text
    assert client.fragment(f"/en/ideas/similar?call={call.id}&title=Zep").body.strip() == ""
    assert client.get(typed).location.startswith("/en/ideas?")
    check = write(client, call).follow()
    assert "Sockets for fishing boats at the quay" in check.text
    assert check.submit().status == 303


@pytest.mark.parametrize(("opens", "closes", "says"), [(2, 9, "not opened"), (-9, -2, "closed")])
def test_outside_its_window_a_call_says_why_and_keeps_what_was_typed(
    client: Any, sign_in: Any, opens: int, closes: int, says: str
) -> None:
    call = make_call()
    sign_in(make_user())
    form = client.get(f"/en/ideas/new?call={call.id}")
    with transactional():
        row = db.session.get_one(Call, call.id)
        row.opens_at = clock.now() + timedelta(days=opens)
        row.closes_at = clock.now() + timedelta(days=closes)
    page = form.submit(filled(call))
    assert page.status == 409
    assert says in page.text
    assert BODY in page.one("#typed").text
    assert client.get(f"/en/ideas/new?call={call.id}", status=200).h1


def test_an_edit_keeps_what_it_said_before(client: Any, sign_in: Any) -> None:
    person = make_user()
    idea = make_idea(author=person, title="Sockets for boats", body="Old words.")
    sign_in(person)
    form = client.get(f"/en/ideas/{idea.id}/edit", status=200)
    stale = client.get(f"/en/ideas/{idea.id}/edit")
    chosen = form.select("#category_id option")[1].get("value")
    assert form.submit({"body": "New words, and better ones.", "category_id": chosen}).status == 303
    assert refetch(idea).body == "New words, and better ones."
    assert db.session.scalar(select(IdeaRevision.body)) == "Old words."
    history = client.get(f"/en/ideas/{idea.id}/history")
    assert "Old words." in history.text
    late = stale.submit({"body": "Written in another window.", "category_id": chosen})
    assert late.status == 409
    assert "New words, and better ones." in late.text
    assert "Written in another window." in late.one("#typed").text


def test_after_its_time_an_idea_stands(client: Any, sign_in: Any) -> None:
    person = make_user()
    idea = make_idea(author=person, published_at=clock.now() - timedelta(days=3))
    sign_in(person)
    page = client.get(f"/en/ideas/{idea.id}/edit")
    assert page.status == 403
    assert "time to change this idea is over" in page.text


def test_an_author_withdraws_and_a_stranger_does_not(client: Any, sign_in: Any) -> None:
    person = make_user()
    idea = make_idea(author=person)
    sign_in(make_user())
    assert client.get(f"/en/ideas/{idea.id}/withdraw").status == 404
    sign_in(person)
    client.get(f"/en/ideas/{idea.id}/withdraw").submit("Withdraw it")
    assert refetch(idea).state is IdeaState.WITHDRAWN


# --- pictures and co-authors ----------------------------------------------------------------


def picture(name: str = "sketch.png", data: bytes = b"") -> tuple[io.BytesIO, str]:
    held = io.BytesIO(data)
    if not data:
        Image.new("RGB", (9, 9), (154, 68, 9)).save(held, "PNG")
        held.seek(0)
    return held, name


def test_a_picture_comes_with_the_idea_and_can_go_again(client: Any, sign_in: Any) -> None:
    call = make_call()
    sign_in(make_user())
    form = client.get(f"/en/ideas/new?call={call.id}")
    sent = {**filled(call), "upload": picture(), "upload_title": "The quay"}
    form.submit(sent, content_type="multipart/form-data")
    (idea,) = ideas_now()
    files = client.get(f"/en/ideas/{idea.id}/files", status=200)
    assert "The quay" in files.text
    files.submit("Remove The quay")
    assert db.session.scalar(select(func.count()).select_from(IdeaAttachment)) == 0


def test_a_broken_picture_is_refused_and_the_words_stay(client: Any, sign_in: Any) -> None:
    call = make_call()
    sign_in(make_user())
    form = client.get(f"/en/ideas/new?call={call.id}")
    sent = {**filled(call), "upload": picture(data=b"no picture at all")}
    page = form.submit(sent, content_type="multipart/form-data")
    assert page.status == 422
    assert page.one("#title").get("value") == TITLE
    assert ideas_now() == []


@pytest.mark.parametrize("answer", ["Yes, put my name there", "No, thank you"])
def test_a_co_author_is_asked_and_answers(client: Any, sign_in: Any, answer: str) -> None:
    person, friend = make_user(), make_user(display_name="Noor of the lock")
    idea = make_idea(author=person)
    sign_in(person)
    page = client.get(f"/en/ideas/{idea.id}/co-authors")
    assert page.submit("Send the invitation", {"email": "not an address"}).status == 422
    page.submit("Send the invitation", {"email": friend.email})
    invitation = db.session.scalar(select(CoAuthor))
    assert invitation is not None
    sign_in(friend)
    assert "co-author" in client.get("/en/ideas/mine").text
    client.get(f"/en/ideas/invitations/{invitation_token(invitation)}").submit(answer)
    named = "Noor of the lock" in client.get(f"/en/ideas/{idea.address}").text.split("Comments")[0]
    accepted = db.session.get_one(CoAuthor, invitation.id, populate_existing=True).accepted_at
    assert bool(accepted) is named_is(answer)
    assert named or not named_is(answer)


def named_is(answer: str) -> bool:
    return answer.startswith("Yes")


def test_an_invitation_is_for_its_own_address(client: Any, sign_in: Any, app: Any) -> None:
    person = make_user()
    idea = make_idea(author=person)
    with app.test_request_context("/en/"):
        invitation = authors.invite_co_author(idea.id, email="other@example.org", actor=person)
    sign_in(make_user())
    page = client.get(f"/en/ideas/invitations/{invitation_token(invitation)}", status=200)
    assert page.submit("Yes, put my name there").status == 403


# --- support --------------------------------------------------------------------------------


def test_support_is_given_and_taken_back(client: Any, sign_in: Any) -> None:
    idea = make_idea(title=TITLE)
    sign_in(make_user())
    page = client.get(f"/en/ideas/{idea.address}")
    shown = page.submit(f"/en/ideas/{idea.id}/support").follow()
    assert shown.one("button.support").get("aria-pressed") == "true"
    assert refetch(idea).supports_count == 1
    page.submit(f"/en/ideas/{idea.id}/support")  # the first page once more: still one
    assert supports_now() == 1
    shown.submit(f"/en/ideas/{idea.id}/support")
    assert refetch(idea).supports_count == 0


def test_in_place_the_button_alone_comes_back(client: Any, sign_in: Any) -> None:
    idea = make_idea(title=TITLE)
    sign_in(make_user())
    client.get("/en/ideas")
    page = client.page.submit(f"/en/ideas/{idea.id}/support", headers={"HX-Request": "true"})
    assert page.is_fragment
    assert page.one("button").get("aria-pressed") == "true"
    assert page.submit(headers={"HX-Request": "true"}).one("button").get("aria-pressed") == "false"


def test_back_to_the_list_it_was_pressed_on(client: Any, sign_in: Any) -> None:
    idea = make_idea()
    sign_in(make_user())
    address = f"/en/ideas?call={idea.call_id}&sort=newest"
    answer = client.get(address).submit(f"/en/ideas/{idea.id}/support")
    assert answer.location == address
    evil = client.get(address).submit(
        f"/en/ideas/{idea.id}/support", {"back": "https://evil.example/"}
    )
    assert evil.location == f"/en/ideas/{idea.address}"


def test_support_for_an_organisation_stands_by_its_name(client: Any, sign_in: Any) -> None:
    member, body = make_user(), make_organisation(name="Channel Chamber of Trade")
    make_member(member, body)
    idea = make_idea()
    sign_in(member)
    page = client.get(f"/en/ideas/{idea.id}/support", status=200)
    page.submit("Support Channel Chamber of Trade")
    assert refetch(idea).organisations_count == 1
    assert body.name in client.get(f"/en/ideas/{idea.id}/supporters").text
    sign_in(make_user())
    forged = client.get(f"/en/ideas/{idea.id}/support").submit({"organisation_id": str(body.id)})
    assert forged.status == 403
    assert supports_now() == 1


@pytest.mark.parametrize(
    ("state", "status", "says"),
    [
        ("hidden", 404, "cannot find"),
        ("merged", 409, "was merged into"),
        ("declined", 403, "finished"),
    ],
)
def test_an_idea_that_left_meanwhile_takes_no_support(
    client: Any, sign_in: Any, state: str, status: int, says: str
) -> None:
    call = make_call()
    idea, other = make_idea(call), make_idea(call)
    sign_in(make_user())
    page = client.get(f"/en/ideas/{idea.address}")
    with transactional():
        row = db.session.get_one(Idea, idea.id)
        row.state = IdeaState(state)
        row.merged_into_id = other.id if state == "merged" else None
    answer = page.submit(f"/en/ideas/{idea.id}/support")
    assert answer.status == status
    assert says in answer.text
    assert supports_now() == 0


def test_support_after_closing_is_refused_in_words(client: Any, sign_in: Any) -> None:
    call = make_call()
    idea = make_idea(call)
    sign_in(make_user())
    page = client.get(f"/en/ideas/{idea.address}")
    with clock.at(call.closes_at + timedelta(seconds=1)):
        answer = page.submit(f"/en/ideas/{idea.id}/support")
        assert answer.status in {302, 403}  # the session may have ended meanwhile
    ended = make_call(opens=-20, closes=-1)
    late = make_idea(ended)
    refused = client.get(f"/en/ideas/{late.address}")
    assert "The time for support is over." in refused.text
    assert not refused.has("button.support")
    assert supports_now() == 0


# --- to take away ---------------------------------------------------------------------------


def test_the_feed_is_atom_and_tells_what_is_new(client: Any) -> None:
    make_idea(title="Benches & lamps <soon>")
    feed = client.get("/en/ideas.atom", status=200)
    assert feed.headers["Content-Type"].startswith("application/atom+xml")
    root = fromstring(feed.body)
    titles = [e.text for e in root.iter("{http://www.w3.org/2005/Atom}title")]
    assert "Benches & lamps <soon>" in titles


@pytest.mark.parametrize("fmt", ["csv", "json", "xlsx"])
def test_everything_public_can_be_taken_away(client: Any, fmt: str) -> None:
    idea = make_idea(title=TITLE)
    make_idea(state="hidden", title="Out of sight")
    answer = client.get(f"/en/ideas.{fmt}?call={idea.call_id}", status=200)
    data = answer.response.get_data()
    if fmt == "xlsx":
        assert data[:2] == b"PK"
    else:
        assert TITLE.encode() in data
        assert b"Out of sight" not in data


def test_home_offers_open_calls(client: Any) -> None:
    call = make_call(title="Ideas for a cleaner, smarter port")
    make_call(title="A call that ended", opens=-9, closes=-1)
    home = client.get("/en/")
    assert call.title in home.text
    assert "A call that ended" not in home.text


def test_pages_speak_french(client: Any) -> None:
    idea = make_idea(title=TITLE)
    page = client.get(f"/fr/ideas/{idea.address}", status=200)
    assert page.lang == "fr"
    assert not re.search(r"\bIts way so far\b|\bShare it\b", page.text)
