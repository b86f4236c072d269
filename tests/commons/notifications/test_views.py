"""The list, preferences with and without signing in, one-click unsubscribe."""

from __future__ import annotations

from sqlalchemy import select

from engage.commons.notifications import queries, tokens
from engage.commons.notifications.models import Notification, Rhythm
from engage.core.db import db
from tests.factories.accounts import make_user
from tests.factories.notifications import make_notification


def test_the_bell_counts_what_is_not_read(client, sign_in) -> None:
    reader = make_user()
    sign_in(reader)
    bell = '.topbar a.tool[href="/en/me/notifications"]'
    assert "not read" not in client.get("/en/me/profile").words(bell)
    for number in range(2):
        make_notification(reader, key=f"bell-{number}")
    assert "2 not read" in client.get("/en/me/profile").words(bell)


def test_index_lists_ones_own(client, sign_in) -> None:
    reader, other = make_user(), make_user()
    mine, theirs = make_notification(reader), make_notification(other)
    sign_in(reader)
    page = client.get("/en/me/notifications", status=200)
    assert mine.title in page.text
    assert theirs.title not in page.text
    assert "1 is new to you." in page.text


def test_index_needs_an_account(client) -> None:
    assert "/login" in client.get("/en/me/notifications").location


def test_index_has_an_empty_state_and_pages(client, sign_in) -> None:
    reader = make_user()
    sign_in(reader)
    assert "Nothing yet" in client.get("/en/me/notifications").text
    for _n in range(25):
        make_notification(reader)
    assert len(client.get("/en/me/notifications?page=2").select("ul.tasks li")) == 5


def test_index_asks_the_same_with_1_and_30_rows(client, sign_in, queries) -> None:
    reader = make_user()
    sign_in(reader)
    make_notification(reader)
    client.get("/en/me/notifications")
    with queries() as one:
        client.get("/en/me/notifications")
    for _n in range(30):
        make_notification(reader)
    with queries() as many:
        client.get("/en/me/notifications")
    assert len(one) == len(many) <= 12, many


def test_follow_marks_as_read_and_leads_there(client, sign_in) -> None:
    reader = make_user()
    row = make_notification(reader, url="/en/me/preferences")
    sign_in(reader)
    client.get("/en/me/notifications")
    answer = client.submit(f"/en/me/notifications/{row.id}")
    assert answer.location.endswith("/en/me/preferences")
    assert db.session.get(Notification, row.id, populate_existing=True).is_read


def test_follow_of_somebody_elses_is_not_found(client, sign_in) -> None:
    reader, other = make_user(), make_user()
    make_notification(reader)
    row = make_notification(other)
    sign_in(reader)
    page = client.get("/en/me/notifications")
    form = dict(page.values(page.form("/en/me/notifications/read")))
    client.post(f"/en/me/notifications/{row.id}", form, status=404)


def test_read_all(client, sign_in) -> None:
    reader = make_user()
    make_notification(reader)
    sign_in(reader)
    client.get("/en/me/notifications")
    client.submit("/en/me/notifications/read")
    assert db.session.scalar(queries.unread(reader)) == 0


def test_preferences_of_the_signed_in(client, sign_in) -> None:
    reader = make_user()
    sign_in(reader)
    client.get("/en/me/preferences")
    answer = client.submit({"answers": "weekly", "replies": "in_app", "consultations": "daily"})
    assert answer.status == 303
    assert queries.rhythm_for(reader, "answers") is Rhythm.WEEKLY
    assert queries.rhythm_for(reader, "replies") is Rhythm.IN_APP


def test_preferences_by_a_link_from_a_mail(client) -> None:
    reader = make_user()
    url = f"/en/me/preferences?token={tokens.preferences_token(reader)}"
    page = client.get(url, status=200)
    assert reader.email not in page.body  # a forwarded mail gives no address away
    assert client.submit({"answers": "in_app"}).status == 303
    assert queries.rhythm_for(reader, "answers") is Rhythm.IN_APP
    assert "/login" in client.get("/en/me/notifications").location  # and opens nothing else


def test_preferences_refuse_a_forged_link(client) -> None:
    client.get("/en/me/preferences?token=WzEsIngiXQ.forged", status=404)
    assert "/login" in client.get("/en/me/preferences").location


def test_preferences_with_a_strange_answer_keep_the_form(client, sign_in) -> None:
    reader = make_user()
    sign_in(reader)
    client.get("/en/me/preferences")
    assert client.submit({"answers": "hourly"}).status == 422


def test_unsubscribe_at_once_needs_no_session_and_no_token_of_ours(client) -> None:
    reader = make_user()
    url = f"/en/me/unsubscribe/{tokens.unsubscribe_token(reader, 'answers')}"
    client.post(url, {"List-Unsubscribe": "One-Click"}, status=200)
    assert queries.rhythm_for(reader, "answers") is Rhythm.IN_APP


def test_unsubscribe_asks_before_it_acts(client) -> None:
    reader = make_user()
    url = f"/en/me/unsubscribe/{tokens.unsubscribe_token(reader, 'answers')}"
    client.get(url, status=200)
    assert queries.rhythm_for(reader, "answers") is Rhythm.IMMEDIATE
    assert "no longer write" in client.submit({}).text
    assert queries.rhythm_for(reader, "answers") is Rhythm.IN_APP


def test_unsubscribe_with_a_forged_token(client) -> None:
    client.get("/en/me/unsubscribe/forged", status=404)
    client.post("/en/me/unsubscribe/forged", {"List-Unsubscribe": "One-Click"}, status=404)


def test_trail_page_and_file(client, sign_in) -> None:
    sign_in(make_user())
    assert "My trail" in client.get("/en/me/trail", status=200).h1
    client.get("/en/me/trail?after=nonsense", status=200)
    assert client.get("/en/me/trail.csv", status=200).headers["Content-Type"].startswith("text/csv")


def test_a_notification_never_comes_twice(app) -> None:
    reader = make_user()
    make_notification(reader, key="k")
    assert len(db.session.scalars(select(Notification)).all()) == 1
