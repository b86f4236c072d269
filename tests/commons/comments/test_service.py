"""Each rule of writing: what is kept, what is refused, who is told, what is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from engage.commons.accounts.events import AccountClosed, GuestClaimed, GuestConfirmed
from engage.commons.accounts.models import Guest, StakeholderKind
from engage.commons.comments import counts, pages, queries, service
from engage.commons.comments.models import (
    Comment,
    CommentRevision,
    CommentState,
    Reaction,
    ReactionValue,
    Stance,
    Thread,
    ThreadHost,
)
from engage.commons.notifications.models import Notification
from engage.core import clock
from engage.core.audit import AuditEntry, broken_links
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.events import announce
from engage.core.outbox import Mail
from tests.factories.accounts import make_member, make_organisation, make_staff, make_user
from tests.factories.comments import (
    change_place,
    close_place,
    make_answer,
    make_comment,
    make_reaction,
    make_thread,
)

pytestmark = pytest.mark.usefixtures("inside")
CLOSES = datetime(2026, 12, 4, 17, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GUEST = service.GuestDetails("zoe@example.org", "Zoé Visitor", StakeholderKind.BUSINESS)


def sound() -> None:
    """No counter has drifted and the chain of acts holds."""
    assert list(counts.drifts()) == []
    assert list(broken_links()) == []


def fresh(comment: Comment) -> Comment:
    return queries.comment(comment.id)


def notes(user: object) -> list[Notification]:
    return list(db.session.scalars(select(Notification).where(Notification.user_id == user.id)))  # type: ignore[attr-defined]


# --- posting -----------------------------------------------------------------------------


def test_a_comment_is_kept_with_its_words_rendered_and_counted() -> None:
    thread, author = make_thread(answer_days=30), make_user(kind=StakeholderKind.RESEARCHER)
    comment = service.post_comment(
        thread.id, actor=author, body="  More **light**, please. ", stance=Stance.FOR
    )
    assert comment.body == "More **light**, please."
    assert "<strong>light</strong>" in comment.body_html
    assert comment.state is CommentState.PUBLISHED
    assert comment.kind is StakeholderKind.RESEARCHER
    assert comment.due_at == comment.received_at + timedelta(days=30)
    found = queries.thread(thread.id)
    assert found.comments_count == 1
    tally = queries.tallies([thread.id])[thread.id][StakeholderKind.RESEARCHER]
    assert (tally.comments, tally.pro, tally.contra) == (1, 1, 0)
    assert db.session.scalar(select(AuditEntry.action)) == "comment.received"
    sound()


@pytest.mark.parametrize("body", ["", "   \n ", "\u200e\u202e"])
def test_nothing_is_no_comment(body: str) -> None:
    with pytest.raises(Invalid) as refused:
        service.post_comment(make_thread().id, actor=make_user(), body=body)
    assert "body" in refused.value.fields


def test_four_thousand_characters_and_no_more() -> None:
    thread, author = make_thread(), make_user()
    service.post_comment(thread.id, actor=author, body="x" * 4000)
    with pytest.raises(Invalid):
        service.post_comment(thread.id, actor=author, body="x" * 4001)
    sound()


def test_the_closing_second_is_outside_and_nothing_typed_is_lost() -> None:
    thread, author = make_thread(closes_at=CLOSES), make_user()
    with clock.at(CLOSES - SECOND):
        service.post_comment(thread.id, actor=author, body="Just in time.")
    with clock.at(CLOSES), pytest.raises(Conflict) as late:
        service.post_comment(thread.id, actor=author, body="One second late.")
    assert late.value.kept == "One second late."
    assert late.value.url
    sound()


def test_what_is_not_visible_cannot_be_written_under() -> None:
    thread = make_thread(is_visible=False)
    with pytest.raises(Missing):
        service.post_comment(thread.id, actor=make_user(), body="Hello")
    with pytest.raises(Missing):
        service.post_comment(thread.id + 999, actor=make_user(), body="Hello")


def test_a_suspended_person_cannot_write() -> None:
    with pytest.raises(NotAllowed):
        service.post_comment(
            make_thread().id, actor=make_user(suspended_at=clock.now()), body="Hello"
        )


def test_in_the_name_of_an_organisation_one_speaks_for() -> None:
    thread, author, firm = make_thread(), make_user(), make_organisation()
    make_member(author, firm, "editor")
    comment = service.post_comment(
        thread.id, actor=author, body="We agree.", organisation_id=firm.id
    )
    assert comment.organisation_id == firm.id


@pytest.mark.parametrize("role", [None, "member"])
def test_in_no_other_name(role: str | None) -> None:
    author, firm = make_user(), make_organisation()
    if role:
        make_member(author, firm, role)
    with pytest.raises(Invalid) as refused:
        service.post_comment(
            make_thread().id, actor=author, body="We agree.", organisation_id=firm.id
        )
    assert "organisation_id" in refused.value.fields


def test_nor_for_an_organisation_that_is_not_verified() -> None:
    author, firm = make_user(), make_organisation(verified_at=None)
    make_member(author, firm)
    with pytest.raises(Invalid):
        service.post_comment(make_thread().id, actor=author, body="Us.", organisation_id=firm.id)


def test_hosts_owe_no_answer_to_themselves() -> None:
    port, officer = make_organisation(), make_user()
    make_member(officer, port)
    thread = make_thread(answer_days=30, host_ids=(port.id,))
    comment = service.post_comment(
        thread.id, actor=officer, body="A note.", organisation_id=port.id
    )
    assert comment.due_at is None


def test_hosts_are_remembered_for_the_office() -> None:
    port, city = make_organisation(), make_organisation()
    thread = make_thread(host_ids=(port.id,))
    change_place(thread, host_ids=(port.id, city.id))
    service.post_comment(thread.id, actor=make_user(), body="Hello")
    hosts = set(db.session.scalars(select(ThreadHost.organisation_id)))
    assert hosts == {port.id, city.id}


# --- replying ----------------------------------------------------------------------------


def test_replies_nest_to_three_then_stand_beside_with_a_quotation() -> None:
    thread, author = make_thread(), make_user()
    first = service.post_comment(thread.id, actor=author, body="First")
    second = service.reply(first.id, actor=author, body="Second")
    third = service.reply(second.id, actor=author, body="Third")
    fourth = service.reply(third.id, actor=author, body="Fourth")
    assert [c.depth for c in (first, second, third, fourth)] == [0, 1, 2, 2]
    assert fourth.parent_id == second.id
    assert fourth.quoted_id == third.id
    assert {c.root_id for c in (second, third, fourth)} == {first.id}
    assert fresh(first).replies_count == 3
    assert fresh(second).replies_count == 2
    sound()


def test_a_reply_quotes_when_asked() -> None:
    thread, author = make_thread(), make_user()
    first = make_comment(thread, author)
    assert service.reply(first.id, actor=author, body="a").quoted_id is None
    assert service.reply(first.id, actor=author, body="b", quotes=True).quoted_id == first.id


def test_the_author_is_told_of_a_reply_once_and_not_of_their_own() -> None:
    author, other = make_user(locale="fr"), make_user(display_name="Bob Marin")
    first = make_comment(make_thread(), author)
    service.reply(first.id, actor=other, body="Why?")
    service.reply(first.id, actor=author, body="Because.")
    (note,) = notes(author)
    assert note.topic == "replies"
    assert note.url.startswith("/fr/comments/")
    assert notes(other) == []


@pytest.mark.parametrize("state", [CommentState.HIDDEN, CommentState.WITHDRAWN])
def test_what_is_not_shown_is_not_replied_to(state: CommentState) -> None:
    comment = make_comment(make_thread(), make_user(), state=state)
    with pytest.raises(NotAllowed):
        service.reply(comment.id, actor=make_user(), body="Hm")


def test_what_is_held_does_not_exist_for_others() -> None:
    comment = make_comment(make_thread(), make_user(), state=CommentState.HELD)
    with pytest.raises(Missing):
        service.reply(comment.id, actor=make_user(), body="Hm")


def test_only_questions_among_replies_await_an_answer() -> None:
    thread, author = make_thread(answer_days=10), make_user()
    first = service.post_comment(thread.id, actor=author, body="One")
    assert service.reply(first.id, actor=author, body="Two").due_at is None
    asked = service.reply(first.id, actor=author, body="Three?", stance=Stance.QUESTION)
    assert asked.due_at is not None


# --- mentions ----------------------------------------------------------------------------


def test_people_of_the_thread_are_told_when_named_and_nobody_else() -> None:
    thread = make_thread()
    marie = make_user(display_name="Marie Dupont")
    stranger = make_user(display_name="Paul Stranger")
    make_comment(thread, marie)
    author = make_user()
    body = "Thank you, @marie dupont! And @Paul Stranger, and @Nobody."
    comment = service.post_comment(thread.id, actor=author, body=body)
    assert [n.topic for n in notes(marie)] == ["replies"]
    assert notes(stranger) == []
    service.edit_comment(
        comment.id, actor=author, revision=1, body=body + " Again.", stance=Stance.NEUTRAL
    )
    assert len(notes(marie)) == 1


def test_a_reply_that_also_names_its_author_tells_once() -> None:
    marie = make_user(display_name="Marie Dupont")
    first = make_comment(make_thread(), marie)
    service.reply(first.id, actor=make_user(), body="@Marie Dupont, why?")
    assert len(notes(marie)) == 1


# --- editing -----------------------------------------------------------------------------


def test_the_words_before_are_kept() -> None:
    thread, author = make_thread(), make_user()
    comment = service.post_comment(thread.id, actor=author, body="One", stance=Stance.FOR)
    edited = service.edit_comment(
        comment.id, actor=author, revision=1, body="Two", stance=Stance.AGAINST
    )
    assert (edited.body, edited.revision) == ("Two", 2)
    assert edited.edited_at is not None
    (before,) = queries.revisions(comment.id)
    assert (before.body, before.stance, before.number) == ("One", Stance.FOR, 1)
    tally = queries.tallies([thread.id])[thread.id][author.kind]
    assert (tally.pro, tally.contra) == (0, 1)
    sound()


def test_the_same_words_are_no_edit() -> None:
    author = make_user()
    comment = service.post_comment(make_thread().id, actor=author, body="One")
    service.edit_comment(comment.id, actor=author, revision=1, body="One", stance=Stance.NEUTRAL)
    assert fresh(comment).edited_at is None


def test_a_stale_edit_loses_nothing() -> None:
    author = make_user()
    comment = service.post_comment(make_thread().id, actor=author, body="One")
    service.edit_comment(comment.id, actor=author, revision=1, body="Two", stance=Stance.NEUTRAL)
    with pytest.raises(Conflict) as stale:
        service.edit_comment(
            comment.id, actor=author, revision=1, body="Three", stance=Stance.NEUTRAL
        )
    assert stale.value.kept == "Three"
    assert fresh(comment).body == "Two"


def test_after_a_quarter_of_an_hour_words_stand() -> None:
    author, start = make_user(), datetime(2026, 11, 20, 9, tzinfo=UTC)
    with clock.at(start):
        comment = service.post_comment(make_thread().id, actor=author, body="One")
    with clock.at(start + timedelta(minutes=15)), pytest.raises(NotAllowed):
        service.edit_comment(comment.id, actor=author, revision=1, body="2", stance=Stance.NEUTRAL)


def test_after_the_window_too() -> None:
    thread, author = make_thread(), make_user()
    comment = service.post_comment(thread.id, actor=author, body="One")
    close_place(thread)
    with pytest.raises(NotAllowed):
        service.edit_comment(comment.id, actor=author, revision=1, body="2", stance=Stance.NEUTRAL)


def test_nobody_elses() -> None:
    comment = make_comment(make_thread(), make_user())
    for other in (make_user(), make_staff("moderator"), make_staff("admin")):
        with pytest.raises(NotAllowed):
            service.edit_comment(
                comment.id, actor=other, revision=1, body="2", stance=Stance.NEUTRAL
            )
        with pytest.raises(NotAllowed):
            service.withdraw_comment(comment.id, actor=other)


# --- leaving and coming back -------------------------------------------------------------


def test_withdrawing_leaves_a_stub_and_is_counted_out() -> None:
    thread, author = make_thread(answer_days=5), make_user()
    first = service.post_comment(thread.id, actor=author, body="One", stance=Stance.FOR)
    second = service.reply(first.id, actor=author, body="Two")
    service.withdraw_comment(second.id, actor=author)
    assert fresh(first).replies_count == 0
    service.withdraw_comment(first.id, actor=author)
    assert fresh(first).due_at is None
    assert queries.thread(thread.id).comments_count == 0
    with pytest.raises(NotAllowed):
        service.withdraw_comment(first.id, actor=author)
    sound()


def test_hiding_and_restoring() -> None:
    thread, author = make_thread(answer_days=5), make_user()
    comment = service.post_comment(thread.id, actor=author, body="One", stance=Stance.FOR)
    moderator = make_staff("moderator")
    service.hide_comment(comment.id, actor=moderator, reason="It insults a person.")
    hidden = fresh(comment)
    assert (hidden.state, hidden.hidden_reason) == (CommentState.HIDDEN, "It insults a person.")
    assert hidden.due_at is None
    assert queries.thread(thread.id).comments_count == 0
    service.hide_comment(comment.id, actor=moderator, reason="Another reason.")
    sound()
    service.restore_comment(comment.id, actor=moderator)
    back = fresh(comment)
    assert back.state is CommentState.PUBLISHED
    assert back.hidden_reason is None
    assert back.due_at == back.received_at + timedelta(days=5)
    sound()


def test_what_was_withdrawn_is_never_restored() -> None:
    author, moderator = make_user(), make_staff("moderator")
    comment = service.post_comment(make_thread().id, actor=author, body="One")
    service.withdraw_comment(comment.id, actor=author)
    service.hide_comment(comment.id, actor=moderator, reason="No.")
    service.restore_comment(comment.id, actor=moderator)
    assert fresh(comment).state is CommentState.WITHDRAWN
    sound()


# --- guests and closed accounts ----------------------------------------------------------


def test_a_guest_is_held_until_confirmed() -> None:
    thread = make_thread(allows_guests=True, answer_days=30)
    received = datetime(2026, 11, 20, 9, tzinfo=UTC)
    with clock.at(received):
        comment = service.post_comment(thread.id, actor=None, guest=GUEST, body="Hello")
    assert comment.state is CommentState.HELD
    assert queries.thread(thread.id).comments_count == 0
    assert comment.due_at is None
    sound()
    with transactional():
        announce(GuestConfirmed(comment.guest_id or 0))
    shown = fresh(comment)
    assert shown.state is CommentState.PUBLISHED
    assert shown.received_at == received
    assert shown.due_at == received + timedelta(days=30)
    assert queries.thread(thread.id).comments_count == 1
    with transactional():
        announce(GuestConfirmed(comment.guest_id or 0))
    assert queries.thread(thread.id).comments_count == 1
    sound()


def test_guests_stay_out_where_they_are_not_let_in() -> None:
    with pytest.raises(NotAllowed):
        service.post_comment(make_thread().id, actor=None, guest=GUEST, body="Hello")


def test_a_guest_says_who_they_are() -> None:
    with pytest.raises(Invalid):
        service.post_comment(make_thread(allows_guests=True).id, actor=None, body="Hello")
    assert db.session.scalar(select(func.count()).select_from(Guest)) == 0


def test_a_confirmed_guest_later_claims_with_an_account() -> None:
    thread, user = make_thread(allows_guests=True), make_user()
    comment = service.post_comment(thread.id, actor=None, guest=GUEST, body="Hello")
    with transactional():
        announce(GuestConfirmed(comment.guest_id or 0))
        announce(GuestClaimed(comment.guest_id or 0, user.id))
    claimed = fresh(comment)
    assert (claimed.author_id, claimed.guest_id) == (user.id, None)
    sound()


def test_a_closed_account_leaves_words_without_a_name() -> None:
    thread, user, other = make_thread(), make_user(), make_user()
    mine, theirs = make_comment(thread, user), make_comment(thread, other)
    make_reaction(theirs, user)
    service.react_to_subject(thread.id, actor=user, value=ReactionValue.AGREE)
    with transactional():
        announce(AccountClosed(user.id))
    assert fresh(mine).author_id is None
    assert fresh(theirs).agree_count == 1
    page = pages.thread_page(thread.id, user=None)
    assert {top.author_name for top in page.tops} == {None, other.display_name}
    sound()


# --- reactions ---------------------------------------------------------------------------


def test_one_person_one_reaction_changed_and_taken_back() -> None:
    comment, user = make_comment(make_thread(), make_user()), make_user()
    for value, expected in [
        ("agree", (1, 0, 0)),
        ("agree", (1, 0, 0)),
        ("disagree", (0, 1, 0)),
        ("helpful", (0, 0, 1)),
        (None, (0, 0, 0)),
        (None, (0, 0, 0)),
    ]:
        service.react(comment.id, actor=user, value=ReactionValue(value) if value else None)
        now = fresh(comment)
        assert (now.agree_count, now.disagree_count, now.helpful_count) == expected
        sound()
    assert db.session.scalar(select(func.count()).select_from(Reaction)) == 0


def test_reactions_feed_the_scores_by_kind() -> None:
    comment = make_comment(make_thread(), make_user())
    for kind in (StakeholderKind.RESIDENT, StakeholderKind.BUSINESS):
        make_reaction(comment, make_user(kind=kind))
    make_reaction(comment, make_user(), "disagree")
    now = fresh(comment)
    assert now.agreement == 1
    assert now.reactions_by_kind == {"resident": [1, 1], "business": [1, 0]}
    assert now.bridge > 0


def test_no_reaction_to_ones_own_or_where_it_is_closed() -> None:
    thread, author = make_thread(), make_user()
    comment = make_comment(thread, author)
    with pytest.raises(NotAllowed):
        make_reaction(comment, author)
    close_place(thread)
    with pytest.raises(NotAllowed):
        make_reaction(comment, make_user())
    with pytest.raises(NotAllowed):
        service.react_to_subject(thread.id, actor=make_user(), value=ReactionValue.AGREE)


def test_the_subject_itself() -> None:
    thread, user = make_thread(), make_user(kind=StakeholderKind.ASSOCIATION)
    for value, expected in [("agree", (1, 0)), ("disagree", (0, 1)), (None, (0, 0))]:
        service.react_to_subject(
            thread.id, actor=user, value=ReactionValue(value) if value else None
        )
        found = queries.thread(thread.id)
        assert (found.agree_count, found.disagree_count) == expected
        sound()
    with pytest.raises(Invalid):
        service.react_to_subject(thread.id, actor=user, value=ReactionValue.HELPFUL)


# --- official answers --------------------------------------------------------------------


def test_an_answer_is_drafted_then_published_and_its_author_told_both_ways() -> None:
    port, officer, author = make_organisation(), make_user(), make_user()
    make_member(officer, port)
    thread = make_thread(answer_days=30, host_ids=(port.id,))
    comment = service.post_comment(thread.id, actor=author, body="When?")
    draft = service.save_answer(
        comment.id, actor=officer, organisation_id=None, body="In spring.", revision=0
    )
    assert draft.published_at is None
    assert notes(author) == []
    service.publish_answer(comment.id, actor=officer, revision=draft.revision)
    assert fresh(comment).answered_at is not None
    (note,) = notes(author)
    assert note.topic == "answers"
    (mail,) = db.session.scalars(select(Mail).where(Mail.to_address == author.email))
    assert port.name in mail.subject
    assert "In spring." in mail.body_text
    service.publish_answer(comment.id, actor=officer, revision=draft.revision)
    assert len(notes(author)) == 1
    sound()


def test_a_confirmed_guest_is_told_by_mail() -> None:
    thread = make_thread(allows_guests=True, host_ids=(make_organisation().id,))
    comment = service.post_comment(thread.id, actor=None, guest=GUEST, body="When?")
    with transactional():
        guest = db.session.get_one(Guest, comment.guest_id)
        guest.confirmed_at = clock.now()
        announce(GuestConfirmed(guest.id))
    organiser = make_staff("organiser")
    service.save_answer(comment.id, actor=organiser, organisation_id=None, body="Soon.", revision=0)
    service.publish_answer(comment.id, actor=organiser, revision=1)
    mails = db.session.scalars(select(Mail).where(Mail.template == "comments/answered")).all()
    assert [mail.to_address for mail in mails] == [GUEST.email]
    assert "http://localhost/en/comments/" in mails[0].body_text


def test_two_officers_notice_each_other() -> None:
    port, organiser = make_organisation(), make_staff("organiser")
    comment = make_comment(make_thread(host_ids=(port.id,)), make_user())
    service.save_answer(comment.id, actor=organiser, organisation_id=None, body="A", revision=0)
    with pytest.raises(Conflict) as late:
        service.save_answer(
            comment.id, actor=make_staff("organiser"), organisation_id=None, body="B", revision=0
        )
    assert late.value.kept == "B"
    with pytest.raises(Conflict):
        service.publish_answer(comment.id, actor=organiser, revision=7)


def test_who_may_not_answer() -> None:
    port, other = make_organisation(), make_organisation()
    comment = make_comment(make_thread(host_ids=(port.id,)), make_user())
    stranger, member, elsewhere = make_user(), make_user(), make_user()
    make_member(member, port, "member")
    make_member(elsewhere, other)
    for user in (stranger, member, elsewhere, make_staff("moderator"), make_staff("analyst")):
        with pytest.raises(NotAllowed):
            service.save_answer(
                comment.id, actor=user, organisation_id=port.id, body="No", revision=0
            )


def test_nobody_answers_for_a_stranger() -> None:
    port, city = make_organisation(), make_organisation()
    comment = make_comment(make_thread(host_ids=(port.id,)), make_user())
    with pytest.raises(Invalid):
        service.save_answer(
            comment.id,
            actor=make_staff("organiser"),
            organisation_id=city.id,
            body="No",
            revision=0,
        )


def test_what_was_hidden_meanwhile_is_not_answered() -> None:
    port = make_organisation()
    comment = make_comment(make_thread(host_ids=(port.id,)), make_user())
    service.hide_comment(comment.id, actor=make_staff("moderator"), reason="x")
    with pytest.raises(Conflict):
        service.save_answer(
            comment.id, actor=make_staff("organiser"), organisation_id=None, body="A", revision=0
        )


# --- many at once ------------------------------------------------------------------------


def test_an_import_ends_with_the_counters_of_writing_one_by_one() -> None:
    threads = [make_thread(), make_thread()]
    people = [make_user() for _number in range(3)]
    firm = make_organisation()
    at = datetime(2026, 10, 1, tzinfo=UTC)
    rows = []
    for number in range(40):
        rows.append(
            service.ImportedComment(
                thread_id=threads[number % 2].id,
                kind=StakeholderKind.RESIDENT,
                body=f"Number {number % 7}",
                language="en",
                received_at=at + timedelta(minutes=number),
                author_id=people[number % 3].id,
                stance=list(Stance)[number % 4],
                key=f"c{number}",
                reply_to=f"c{number - 2}" if number % 5 > 1 else None,
                state=CommentState.HIDDEN if number == 9 else CommentState.PUBLISHED,
                answer_days=30,
                reactions=(
                    service.ImportedReaction(
                        people[(number + 1) % 3].id,
                        StakeholderKind.BUSINESS,
                        list(ReactionValue)[number % 3],
                    ),
                ),
                answer=service.ImportedAnswer(firm.id, None, "Yes.", "en", at + timedelta(days=3))
                if number == 5
                else None,
            )
        )
    assert service.import_comments(rows) == 40
    sound()
    assert (
        sum(
            t.comments_count
            for t in db.session.scalars(select(Thread).execution_options(populate_existing=True))
        )
        == 39
    )
    assert db.session.scalar(select(func.max(Comment.depth))) == 2


def test_an_import_is_all_or_nothing() -> None:
    thread = make_thread()
    row = service.ImportedComment(
        thread_id=thread.id,
        kind=StakeholderKind.RESIDENT,
        body="Fine",
        language="en",
        received_at=clock.now(),
    )
    lost = service.ImportedComment(
        thread_id=thread.id,
        kind=StakeholderKind.RESIDENT,
        body="Lost",
        language="en",
        received_at=clock.now(),
        reply_to="nowhere",
    )
    with pytest.raises(Invalid):
        service.import_comments([row, lost])
    assert db.session.scalar(select(func.count()).select_from(Comment)) == 0


def test_drift_is_found_and_repaired() -> None:
    thread, author = make_thread(), make_user()
    first = make_comment(thread, author)
    make_comment(thread, author, parent=first)
    make_reaction(first, make_user())
    make_answer(first, make_organisation())
    with transactional():
        found = db.session.get_one(Thread, thread.id)
        found.comments_count = 99
        first.replies_count, first.agree_count, first.bridge = 7, 0, 5
    drifted = list(counts.drifts())
    assert {(d.table, tuple(sorted(d.columns))) for d in drifted} == {
        ("threads", ("comments_count",)),
        ("comments", ("agree_count", "bridge", "replies_count")),
    }
    with transactional():
        counts.repair_all(drifted)
    sound()


def test_revisions_are_numbered_once() -> None:
    author = make_user()
    comment = service.post_comment(make_thread().id, actor=author, body="One")
    for number in range(1, 4):
        service.edit_comment(
            comment.id, actor=author, revision=number, body=f"No {number}", stance=Stance.NEUTRAL
        )
    numbers = db.session.scalars(select(CommentRevision.number).order_by(CommentRevision.number))
    assert list(numbers) == [1, 2, 3]
