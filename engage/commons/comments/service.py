"""Every write to threads and comments.

The instant a comment counts as received is taken when the write enters here, before it waits for
its turn at the database: a queue of writers makes nobody late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from engage.commons.accounts import service as accounts
from engage.commons.accounts.models import Guest, StakeholderKind, User
from engage.commons.comments import answers, counts, notices, policy, queries
from engage.commons.comments.events import AnswerPublished, CommentPublished, CommentRemoved
from engage.commons.comments.imports import (
    ImportedAnswer,
    ImportedComment,
    ImportedReaction,
    ImportedSubjectReaction,
    import_comments,
    import_subject_reactions,
    insert_rows,
    reserved_ids,
)
from engage.commons.comments.models import (
    DEEPEST,
    TRANSITIONS,
    Comment,
    CommentRevision,
    CommentState,
    Mention,
    OfficialAnswer,
    Reaction,
    ReactionValue,
    Stance,
    Thread,
    ThreadHost,
    ThreadReaction,
)
from engage.commons.comments.threads import Place
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.events import announce
from engage.core.i18n import _l, locale_now
from engage.core.richtext import neutral, render

__all__ = [
    "GuestDetails",
    "ImportedAnswer",
    "ImportedComment",
    "ImportedReaction",
    "ImportedSubjectReaction",
    "anonymise",
    "answering_ids",
    "claim",
    "edit_comment",
    "hide_comment",
    "import_comments",
    "import_subject_reactions",
    "open_thread",
    "open_threads",
    "post_comment",
    "publish_answer",
    "publish_held",
    "react",
    "react_to_subject",
    "reply",
    "restore_comment",
    "save_answer",
    "set_hosts",
    "withdraw_comment",
]


@dataclass(frozen=True)
class GuestDetails:
    """Who somebody without an account says they are."""

    email: str
    display_name: str
    kind: StakeholderKind


# --- threads ------------------------------------------------------------------------------


def open_thread(kind: str, *, host_ids: Sequence[int] = ()) -> Thread:
    """A new, empty thread for something of a registered kind; joins the running transaction."""
    with transactional():
        thread = Thread(
            kind=kind,
            created_at=clock.now(),
            comments_count=0,
            agree_count=0,
            disagree_count=0,
            host_ids=[],
        )
        db.session.add(thread)
        db.session.flush()
        if host_ids:
            _remember_hosts(thread, host_ids)
    return thread


def open_threads(kind: str, count: int) -> list[int]:
    """Ids of `count` new threads, in order: one statement, for the paragraphs of a plan."""
    if count < 1:
        return []
    now = clock.now()
    row = {
        "kind": kind,
        "created_at": now,
        "comments_count": 0,
        "agree_count": 0,
        "disagree_count": 0,
        "host_ids": [],
    }
    with transactional():
        ids = reserved_ids(Thread, count)
        insert_rows(Thread, [{"id": ident, **row} for ident in ids])
    return list(ids)


def set_hosts(thread_ids: Sequence[int], host_ids: Sequence[int]) -> None:
    """Say which organisations owe answers in these threads, when an owner's hosts change."""
    with transactional():
        for thread in db.session.scalars(select(Thread).where(Thread.id.in_(thread_ids))):
            if thread.host_ids != list(host_ids):
                _remember_hosts(thread, host_ids)


def _remember_hosts(thread: Thread, host_ids: Sequence[int]) -> None:
    db.session.execute(delete(ThreadHost).where(ThreadHost.thread_id == thread.id))
    wanted = list(dict.fromkeys(host_ids))
    if wanted:
        db.session.execute(
            insert(ThreadHost),
            [{"thread_id": thread.id, "organisation_id": ident} for ident in wanted],
        )
    thread.host_ids = list(host_ids)
    db.session.flush()


# --- writing ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrival:
    """The instant something was sent, and the place it was sent to as its writer saw it then."""

    at: datetime
    place: Place


def post_comment(
    thread_id: int,
    *,
    actor: User | None,
    body: str,
    stance: Stance = Stance.NEUTRAL,
    organisation_id: int | None = None,
    guest: GuestDetails | None = None,
    language: str | None = None,
    arrived: Arrival | None = None,
) -> Comment:
    """Write under a thread's subject. A guest's comment is held until the guest confirms by mail.

    `arrived`: when it came and how the place stood for the writer then, where that is known.
    Raises Missing, NotAllowed (not this person), Invalid (the text), Conflict (the window closed;
    the text is kept in it).
    """
    thread = _thread(thread_id)
    if arrived is None:
        now = clock.now()
        arrived = Arrival(now, queries.place_of(thread, actor, now))
    return _write(
        thread,
        arrived.place,
        None,
        arrived.at,
        actor=actor,
        body=body,
        stance=stance,
        organisation_id=organisation_id,
        guest=guest,
        language=language,
    )


def reply(
    comment_id: int,
    *,
    actor: User | None,
    body: str,
    quotes: bool = False,
    stance: Stance = Stance.NEUTRAL,
    organisation_id: int | None = None,
    guest: GuestDetails | None = None,
    language: str | None = None,
) -> Comment:
    """Answer a comment, with or without showing an excerpt of it.

    Below the third level the reply stands beside what it answers, and always quotes it.
    Raises what `post_comment` raises.
    """
    received_at = clock.now()
    answered = queries.comment(comment_id)
    if not policy.can_see(actor, answered):
        raise Missing
    place = queries.place_of(answered.thread, actor, received_at)
    if not answered.is_published:
        require(policy.can_reply(actor, answered, place))
    return _write(
        answered.thread,
        place,
        answered,
        received_at,
        actor=actor,
        body=body,
        stance=stance,
        organisation_id=organisation_id,
        guest=guest,
        quotes=quotes,
        language=language,
    )


def _write(
    thread: Thread,
    place: Place,
    answered: Comment | None,
    received_at: datetime,
    *,
    actor: User | None,
    body: str,
    stance: Stance,
    organisation_id: int | None,
    guest: GuestDetails | None,
    language: str | None,
    quotes: bool = False,
) -> Comment:
    # all that can be judged and rendered before comes before: writers wait for one another
    body = _checked(body, policy.LONGEST)
    _still_open(place, body)
    require(policy.can_comment(actor, place))
    voice = _voice(organisation_id, actor)
    body_html = render(body, profile="comment")
    held = actor is None
    with transactional():
        admitted = _admit(guest, actor)
        comment = Comment(
            thread_id=thread.id,
            **_position(answered, quotes),
            author_id=actor.id if actor else None,
            guest_id=admitted.id if admitted else None,
            organisation_id=voice,
            kind=(actor or admitted).kind,  # type: ignore[union-attr]  # one of the two is there
            stance=stance,
            language=language or locale_now(),
            body=body,
            body_html=body_html,
            state=CommentState.HELD if held else CommentState.PUBLISHED,
            revision=1,
            received_at=received_at,
            published_at=None if held else received_at,
            reactions_by_kind={},
        )
        if not held:
            comment.due_at = _due(comment, place)
        db.session.add(comment)
        db.session.flush()
        if thread.host_ids != list(place.host_ids):
            _remember_hosts(thread, place.host_ids)
        if not held:
            counts.count_comment(comment, 1, received_at)
            _tell_people(comment, answered, place, actor.display_name if actor else "")
            announce(CommentPublished(comment.id, thread.id))
        audit.record("comment.received", comment, actor=actor, state=comment.state.value)
    return comment


def edit_comment(
    comment_id: int, *, actor: User, revision: int, body: str, stance: Stance
) -> Comment:
    """Change one's own words; those before stay readable in the history.

    `revision` is the one the person saw; Conflict when it has changed since, the text kept in it.
    """
    now = clock.now()
    with transactional():
        comment = lock(Comment, comment_id)
        thread = _thread(comment.thread_id)
        if not policy.can_see(actor, comment):
            raise Missing
        place = queries.place_of(thread, actor, now)
        body = _checked(body, policy.LONGEST)
        require(policy.can_edit(actor, comment, place, now))
        if comment.revision != revision:
            raise _stale(comment, body)
        if body == comment.body and stance is comment.stance:
            return comment
        db.session.add(
            CommentRevision(
                comment_id=comment.id,
                number=comment.revision,
                body=comment.body,
                body_html=comment.body_html,
                stance=comment.stance,
                written_at=comment.edited_at or comment.received_at,
                replaced_at=now,
            )
        )
        if stance is not comment.stance and comment.is_published:
            counts.count_stance(comment, comment.stance, stance)
        comment.body = body
        comment.body_html = render(body, profile="comment")
        comment.stance = stance
        comment.edited_at = now
        comment.revision += 1
        if comment.is_published:
            if comment.due_at is None and comment.answered_at is None:
                comment.due_at = _due(comment, place)
            _mention(comment, place, actor.display_name)
        audit.record("comment.edited", comment, actor=actor, revision=comment.revision)
        db.session.flush()
    return comment


def _stale(comment: Comment, body: str) -> Conflict:
    return Conflict(
        _l("This comment was changed in another window while you were writing."),
        _l("Look at the words that stand there now, then change them again. Yours are kept below."),
        url=notices.comment_url(comment.id),
        kept=body,
    )


def withdraw_comment(comment_id: int, *, actor: User) -> Comment:
    """Take one's own comment back. A stub stays, so that replies keep their place."""
    with transactional():
        comment = lock(Comment, comment_id)
        require(policy.can_withdraw(actor, comment))
        _leave(comment, CommentState.WITHDRAWN)
        audit.record("comment.withdrawn", comment, actor=actor)
        db.session.flush()
    return comment


def hide_comment(comment_id: int, *, actor: User | None, reason: str) -> Comment:
    """Put a stub with the reason in a comment's place. Rights are judged by moderation, who calls."""
    with transactional():
        comment = lock(Comment, comment_id)
        if comment.state is CommentState.WITHDRAWN:
            # nothing is left to hide, and a later restoring must not bring it back
            return comment
        comment.hidden_reason = str(reason)
        if comment.state is not CommentState.HIDDEN:
            _leave(comment, CommentState.HIDDEN)
        audit.record("comment.hidden", comment, actor=actor)
        db.session.flush()
    return comment


def restore_comment(comment_id: int, *, actor: User | None) -> Comment:
    """Show a hidden comment again, in the state it would have without the hiding."""
    with transactional():
        comment = lock(Comment, comment_id)
        if comment.state is not CommentState.HIDDEN:
            return comment
        comment.hidden_reason = None
        back = CommentState.PUBLISHED if comment.published_at else CommentState.HELD
        TRANSITIONS.check(comment.state, back)
        comment.state = back
        if back is CommentState.PUBLISHED:
            _enter(comment, None)
        audit.record("comment.restored", comment, actor=actor)
        db.session.flush()
    return comment


def _leave(comment: Comment, state: CommentState) -> None:
    was_published = comment.is_published
    TRANSITIONS.check(comment.state, state)
    comment.state = state
    comment.due_at = None
    db.session.flush()
    if was_published:
        counts.count_comment(comment, -1)
        announce(CommentRemoved(comment.id, comment.thread_id))


def _enter(comment: Comment, at: datetime | None) -> None:
    thread = _thread(comment.thread_id)
    place = queries.places([thread], None, clock.now()).get(thread.id)
    if place is not None and comment.answered_at is None:
        comment.due_at = _due(comment, place)
    db.session.flush()
    counts.count_comment(comment, 1, at)
    announce(CommentPublished(comment.id, comment.thread_id))


# --- guests and closed accounts -----------------------------------------------------------


def publish_held(guest_id: int) -> None:
    """A guest confirmed: publish what waited. Its instant of receipt stays."""
    with transactional():
        for waiting in queries.held_of_guest(guest_id):
            comment = lock(Comment, waiting.id)
            if comment.state is not CommentState.HELD:
                continue
            TRANSITIONS.check(comment.state, CommentState.PUBLISHED)
            comment.state = CommentState.PUBLISHED
            comment.published_at = clock.now()
            _enter(comment, comment.received_at)
            answered = db.session.get(Comment, comment.parent_id) if comment.parent_id else None
            place = queries.places([_thread(comment.thread_id)], None, clock.now()).get(
                comment.thread_id
            )
            guest = db.session.get(Guest, guest_id)
            if place is not None and guest is not None:
                _tell_people(comment, answered, place, guest.display_name)
            audit.record("comment.published", comment, actor=None, guest=guest_id)
        db.session.flush()


def claim(guest_id: int, user_id: int) -> None:
    """A guest turned out to have an account: what they wrote becomes the account's."""
    with transactional():
        db.session.execute(
            update(Comment)
            .where(Comment.guest_id == guest_id)
            .values(author_id=user_id, guest_id=None)
            .execution_options(synchronize_session=False)
        )
        audit.record("comments.claimed", ("guest", guest_id), actor=None, user=user_id)


def anonymise(user_id: int) -> None:
    """An account closes: words and counts stay, nothing leads to the person any more."""
    with transactional():
        for table, column in (
            (Comment, Comment.author_id),
            (Reaction, Reaction.user_id),
            (ThreadReaction, ThreadReaction.user_id),
        ):
            db.session.execute(
                update(table)
                .where(column == user_id)
                .values({column: None})
                .execution_options(synchronize_session=False)
            )
        db.session.execute(delete(Mention).where(Mention.user_id == user_id))
        db.session.execute(
            update(OfficialAnswer)
            .where(OfficialAnswer.author_id == user_id)
            .values(author_id=None)
            .execution_options(synchronize_session=False)
        )


# --- reactions ----------------------------------------------------------------------------


def react(comment_id: int, *, actor: User, value: ReactionValue | None) -> Comment:
    """Say one thing to a comment without words, something else instead, or nothing any more.

    Saying the same again changes nothing. The comment is locked, so its counters are exact; the
    UNIQUE constraint has the last word.
    """
    now = clock.now()
    with transactional():
        comment = lock(Comment, comment_id)
        if not policy.can_see(actor, comment):
            raise Missing
        place = queries.place_of(_thread(comment.thread_id), actor, now)
        require(policy.can_react(actor, comment, place))
        present = queries.reaction_of(comment.id, actor.id)
        old = present.value if present else None
        if old is value:
            return comment
        kind = present.kind if present else actor.kind
        if present is None:
            db.session.add(
                Reaction(
                    comment_id=comment.id,
                    user_id=actor.id,
                    value=value,
                    kind=kind,
                    reacted_at=now,
                )
            )
        elif value is None:
            db.session.delete(present)
        else:
            present.value, present.reacted_at = value, now
        counts.apply_reaction(comment, kind, old, value)
        audit.record("comment.reacted", comment, actor=actor, value=value.value if value else None)
        db.session.flush()
    return comment


def react_to_subject(thread_id: int, *, actor: User, value: ReactionValue | None) -> Thread:
    """Agree or disagree with what a thread is about, or take it back."""
    if value is ReactionValue.HELPFUL:
        raise Invalid(_l("Agree or disagree."))
    now = clock.now()
    with transactional():
        thread = lock(Thread, thread_id)
        place = queries.place_of(thread, actor, now)
        require(policy.can_react_here(actor, place))
        present = queries.thread_reaction_of(thread_id, actor.id)
        old = present.value if present else None
        if old is value:
            return thread
        kind = present.kind if present else actor.kind
        if present is None:
            db.session.add(
                ThreadReaction(
                    thread_id=thread_id,
                    user_id=actor.id,
                    value=value,
                    kind=kind,
                    reacted_at=now,
                )
            )
        elif value is None:
            db.session.delete(present)
        else:
            present.value, present.reacted_at = value, now
        db.session.flush()
        counts.count_subject_reaction(thread_id, kind, old, value)
        audit.record("thread.reacted", thread, actor=actor, value=value.value if value else None)
    return thread


# --- official answers ---------------------------------------------------------------------


def save_answer(
    comment_id: int, *, actor: User, organisation_id: int | None, body: str, revision: int
) -> OfficialAnswer:
    """Draft an answer, or change one (a published one shows when it was changed).

    `revision` is the one the officer saw, 0 for none; Conflict when a colleague was quicker.
    """
    now = clock.now()
    with transactional():
        comment = lock(Comment, comment_id)
        place = _may_answer(comment, actor, now)
        body = _checked(body, policy.LONGEST_ANSWER)
        answer = answers.answer_to(comment_id)
        if (answer.revision if answer else 0) != revision:
            raise _answered_meanwhile(body)
        voice = _answering_voice(organisation_id, place, actor)
        if answer is None:
            answer = OfficialAnswer(comment_id=comment_id, drafted_at=now, revision=0)
            db.session.add(answer)
        answer.organisation_id = voice
        answer.author_id = actor.id
        answer.body = body
        answer.body_html = render(body, profile="letter")
        answer.language = locale_now()
        answer.changed_at = now
        answer.revision += 1
        db.session.flush()
        audit.record("answer.saved", comment, actor=actor, revision=answer.revision)
    return answer


def publish_answer(comment_id: int, *, actor: User, revision: int) -> OfficialAnswer:
    """Pin the drafted answer; the comment's author is told. Publishing twice is once."""
    now = clock.now()
    with transactional():
        comment = lock(Comment, comment_id)
        place = _may_answer(comment, actor, now)
        answer = answers.answer_to(comment_id)
        if answer is None:
            raise Missing
        if answer.revision != revision:
            raise _answered_meanwhile(answer.body)
        if answer.published_at is not None:
            return answer
        answer.published_at = answer.changed_at = now
        comment.answered_at = now
        db.session.flush()
        audit.record("answer.published", comment, actor=actor, revision=revision)
        _tell_answered(answer, comment, place)
        announce(AnswerPublished(comment.id, comment.thread_id))
    return answer


def _may_answer(comment: Comment, actor: User, now: datetime) -> Place:
    place = queries.places([_thread(comment.thread_id)], actor, now).get(comment.thread_id)
    if place is None:
        raise Missing
    require(policy.can_answer(actor, place.host_ids, queries.spoken_for_ids(actor)))
    if not comment.is_published:
        raise Conflict(
            _l("This comment is not shown any more, so it cannot be answered."),
            _l("It was hidden or withdrawn meanwhile."),
        )
    return place


def _answering_voice(organisation_id: int | None, place: Place, actor: User) -> int:
    mine = queries.spoken_for_ids(actor)
    offered = answering_ids(place, mine, may_speak_for_all=actor.has_role("organiser"))
    if organisation_id is None and len(offered) == 1:
        return offered[0]
    if organisation_id not in offered:
        raise Invalid({"organisation_id": _l("Choose the organisation that answers.")})
    return organisation_id


def answering_ids(place: Place, mine: Iterable[int], *, may_speak_for_all: bool) -> list[int]:
    """The organisations somebody may answer for: hosts they speak for, all hosts for organisers."""
    own = set(mine)
    hosts = [ident for ident in place.host_ids if may_speak_for_all or ident in own]
    return hosts or (sorted(own) if may_speak_for_all else [])


def _answered_meanwhile(body: str) -> Conflict:
    return Conflict(
        _l("A colleague changed this answer while you were writing."),
        _l("Look at the present answer, then change it again. Your words are kept below."),
        kept=body,
    )


def _tell_answered(answer: OfficialAnswer, comment: Comment, place: Place) -> None:
    author = db.session.get(User, comment.author_id) if comment.author_id else None
    guest = db.session.get(Guest, comment.guest_id) if comment.guest_id else None
    organisation = queries.organisations([answer.organisation_id])[0]
    notices.tell_author_answered(
        answer, comment, place, organisation=organisation.name, author=author, guest=guest
    )


# --- what every write shares --------------------------------------------------------------


def _thread(thread_id: int) -> Thread:
    thread = db.session.get(Thread, thread_id)
    if thread is None:
        raise Missing
    return thread


def _checked(body: str, longest: int) -> str:
    text = neutral(body).strip()
    if not text:
        raise Invalid({"body": _l("Write something first.")})
    if len(text) > longest:
        raise Invalid(
            {
                "body": _l(
                    "This is %(count)s characters too long. Shorten it to %(most)s.",
                    count=len(text) - longest,
                    most=longest,
                )
            }
        )
    return text


def _still_open(place: Place, body: str) -> None:
    """A closed place answers with the words kept, so that nothing typed is lost."""
    if not place.commenting:
        raise Conflict(place.commenting.reason, place.commenting.hint, url=place.url, kept=body)


def _voice(organisation_id: int | None, actor: User | None) -> int | None:
    if organisation_id is None:
        return None
    if organisation_id not in queries.spoken_for_ids(actor):
        raise Invalid({"organisation_id": _l("You do not write for this organisation.")})
    return organisation_id


def _admit(guest: GuestDetails | None, actor: User | None) -> Guest | None:
    if actor is not None:
        return None
    if guest is None:
        raise Invalid({"email": _l("Tell us your name and e-mail address.")})
    return accounts.admit_guest(
        email=guest.email,
        display_name=guest.display_name,
        kind=guest.kind,
        locale=locale_now(),
    )


def _position(answered: Comment | None, quotes: bool) -> dict[str, int | None]:
    if answered is None:
        return {"parent_id": None, "root_id": None, "quoted_id": None, "depth": 0}
    too_deep = answered.depth >= DEEPEST
    return {
        "parent_id": answered.parent_id if too_deep else answered.id,
        "root_id": answered.root_id or answered.id,
        "quoted_id": answered.id if too_deep or quotes else None,
        "depth": min(answered.depth + 1, DEEPEST),
    }


def _due(comment: Comment, place: Place) -> datetime | None:
    """When an answer is owed: to every top comment, and to every question, where one is promised."""
    if place.answer_days is None or (comment.depth > 0 and comment.stance is not Stance.QUESTION):
        return None
    if comment.organisation_id is not None and comment.organisation_id in place.host_ids:
        return None
    return comment.received_at + timedelta(days=place.answer_days)


def _tell_people(comment: Comment, answered: Comment | None, place: Place, by: str) -> None:
    told: set[int] = set()
    if answered is not None and answered.author_id not in (None, comment.author_id):
        author = db.session.get(User, answered.author_id)
        if author is not None:
            notices.tell_author_replied(author, comment, place, by)
            told.add(author.id)
    _mention(comment, place, by, leave_out=told)


def _mention(comment: Comment, place: Place, by: str, leave_out: Iterable[int] = ()) -> None:
    """Tell the people named, once each, however often the text is edited."""
    named = queries.mentioned(comment.body, comment.thread_id, by=comment.author_id)
    if not named:
        return
    before = set(
        db.session.scalars(select(Mention.user_id).where(Mention.comment_id == comment.id))
    )
    fresh = [person for person in named if person.id not in before]
    db.session.add_all(Mention(comment_id=comment.id, user_id=person.id) for person in fresh)
    db.session.flush()
    skipped = set(leave_out)
    notices.tell_mentioned([p for p in fresh if p.id not in skipped], comment, place, by)
