"""What authors do: keep a draft, send it, change it, take it back; and letting ideas in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from sqlalchemy import delete, select

from engage.commons.accounts.models import Organisation, User
from engage.commons.accounts.queries import organisations_spoken_for
from engage.commons.comments.models import Thread
from engage.commons.comments.service import open_thread
from engage.core import audit, clock, files
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed, Text
from engage.core.i18n import _l, locale_now, locales
from engage.core.richtext import neutral, render
from engage.programmes.ideas import notices, policy, similar
from engage.programmes.ideas.models import (
    KIND_OF_ORGANISATION,
    LIVE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Call,
    CallField,
    CoAuthor,
    FieldKind,
    Idea,
    IdeaAttachment,
    IdeaRevision,
    IdeaState,
    Naming,
)
from engage.programmes.ideas.service.calls import slug_of
from engage.programmes.ideas.service.moving import call_of, enter, locked, mention, move
from engage.programmes.ideas.threads import THREAD_KIND

SHORTEST_TITLE = 4
MOST_DRAFTS = 50  # of one person in one call


@dataclass(frozen=True)
class IdeaDraft:
    """What a person writes. `answers` by `CallField.key`."""

    title: str = ""
    body: str = ""
    category_id: int | None = None
    language: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    organisation_id: int | None = None
    hides_author: bool = False
    place_name: str = ""
    latitude: float | None = None
    longitude: float | None = None


# --- drafts ---------------------------------------------------------------------------------


def save_draft(
    call_id: int,
    draft: IdeaDraft,
    *,
    idea_id: int | None = None,
    revision: int | None = None,
    actor: User,
) -> Idea:
    """Keep what is written so far, complete or not; only its people see it.

    Raises Invalid for what cannot be kept, NotAllowed, Missing, Conflict when `revision` is stale.
    """
    with transactional():
        if idea_id is None:
            idea = _new(call_of(call_id), actor)
            call = call_of(call_id)
        else:
            idea, call = _own_draft(idea_id, actor)
            _refuse_stale(idea, revision, draft)
        _write(idea, call, draft, actor)
        idea.revision += idea_id is not None
        db.session.flush()
    return idea


def send_idea(idea_id: int, *, revision: int | None = None, actor: User) -> Idea:
    """Send a draft: public at once, or after a look where the call wants that.

    Raises Invalid with every field that is still wrong, NotAllowed, Conflict when it was sent
    already or the call has closed meanwhile (its words are kept).
    """
    now = clock.now()
    with transactional():
        idea, call = locked(idea_id)
        people = co_author_ids(idea_id)
        if not policy.is_author(actor, idea, people):
            raise Missing
        if idea.state is not IdeaState.DRAFT:
            raise _sent_already(idea)
        if revision is not None and revision != idea.revision:
            _refuse_stale(idea, revision, IdeaDraft(idea.title, idea.body))
        if idea.author_id != actor.id:
            raise NotAllowed(_l("Only the person who started an idea can send it."))
        _still_open(call, idea, actor, now)
        require(policy.can_submit(actor, call, now))
        if wrong := shortcomings(idea, call):
            raise Invalid(wrong)
        _refuse_twice(idea)
        idea.submitted_at = now
        idea.author_kind = _kind(idea.organisation_id, actor)
        if call.is_premoderated:
            move(idea, IdeaState.SUBMITTED, actor=actor)
            notices.tell_author(idea, "received", key="received")
        else:
            move(idea, IdeaState.PUBLISHED, actor=actor)
            enter(idea, call, by=actor.display_name)
    return idea


def submit_idea(call_id: int, draft: IdeaDraft, *, actor: User) -> Idea:
    """Write and send in one step. Raises what `save_draft` and `send_idea` raise."""
    with transactional():
        require(policy.can_submit(actor, call_of(call_id), clock.now()))
        idea = save_draft(call_id, draft, actor=actor)
        return send_idea(idea.id, actor=actor)


def discard_draft(idea_id: int, *, actor: User) -> None:
    """Throw a draft away, files and all."""
    with transactional():
        idea, _call = _own_draft(idea_id, actor)
        if idea.author_id != actor.id:
            raise NotAllowed(_l("Only the person who started an idea can throw it away."))
        rows = db.session.scalars(
            select(IdeaAttachment).where(IdeaAttachment.idea_id == idea_id)
        ).all()
        stored = [db.session.get_one(files.StoredFile, row.file_id) for row in rows]
        for row in rows:
            db.session.delete(row)
        db.session.flush()
        for kept in stored:
            files.forget(kept, actor=actor)
        audit.record("idea.discarded", idea, actor=actor)
        thread_id = idea.thread_id
        db.session.execute(delete(Idea).where(Idea.id == idea_id))
        db.session.execute(delete(Thread).where(Thread.id == thread_id))


# --- published ideas ------------------------------------------------------------------------


def edit_idea(idea_id: int, draft: IdeaDraft, *, revision: int, actor: User) -> Idea:
    """Change one's idea while it may be changed; the words before stay readable.

    Raises Invalid, NotAllowed, Missing, Conflict (the text kept in it) when stale.
    """
    now = clock.now()
    with transactional():
        idea, call = locked(idea_id)
        people = co_author_ids(idea_id)
        if not policy.can_see_idea(actor, idea, call, people):
            raise Missing
        require(policy.can_edit(actor, idea, call, now, people))
        _refuse_stale(idea, revision, draft)
        before = (idea.title, idea.body, idea.body_html)
        _write(idea, call, draft, actor)
        if wrong := shortcomings(idea, call):
            raise Invalid(wrong)
        if idea.published_at is not None and before[:2] != (idea.title, idea.body):
            db.session.add(
                IdeaRevision(
                    idea_id=idea.id,
                    number=idea.revision,
                    title=before[0],
                    body=before[1],
                    body_html=before[2],
                    written_at=idea.edited_at or idea.published_at,
                    replaced_at=now,
                    editor_id=actor.id,
                )
            )
            similar.index_idea(idea)
            mention(idea, actor.display_name)
        idea.revision += 1
        idea.edited_at = now
        audit.record("idea.edited", idea, actor=actor, revision=idea.revision)
        db.session.flush()
    return idea


def withdraw_idea(idea_id: int, *, actor: User) -> Idea:
    """Take one's idea back, before it was decided on. Support and comments stay in the records."""
    with transactional():
        idea, call = locked(idea_id)
        if not policy.can_see_idea(actor, idea, call, co_author_ids(idea_id)):
            raise Missing
        require(policy.can_withdraw(actor, idea))
        move(idea, IdeaState.WITHDRAWN, actor=actor)
    return idea


# --- letting in, hiding ---------------------------------------------------------------------


def let_in(idea_id: int, *, actor: User) -> Idea:
    """Publish an idea that waits for it. Raises NotAllowed, Conflict when it no longer waits."""
    with transactional():
        idea, call = locked(idea_id)
        require(_may_let_in(actor, call))
        if idea.state is not IdeaState.SUBMITTED:
            raise Conflict(_l("This idea does not wait any more."))
        move(idea, IdeaState.PUBLISHED, actor=actor)
        author = db.session.get(User, idea.author_id) if idea.author_id else None
        enter(idea, call, by=author.display_name if author else "")
        notices.tell_author(idea, "let_in", key="let-in")
    return idea


def refuse(idea_id: int, *, reason: str, actor: User) -> Idea:
    """Do not publish an idea that waits, and tell its author why."""
    with transactional():
        idea, call = locked(idea_id)
        require(_may_let_in(actor, call))
        if idea.state is not IdeaState.SUBMITTED:
            raise Conflict(_l("This idea does not wait any more."))
        if not reason.strip():
            raise Invalid({"reason": _l("Say why. The author reads it.")})
        idea.rested, idea.hidden_reason = idea.state, reason.strip()
        move(idea, IdeaState.HIDDEN, actor=actor, reason=reason, is_public=False)
        notices.tell_author(idea, "refused", key="refused", reason=reason.strip())
    return idea


def hide_idea(idea_id: int, *, actor: User | None, reason: str) -> Idea:
    """Take an idea out of sight. Rights are judged by moderation, who calls."""
    with transactional():
        idea = lock(Idea, idea_id)
        idea.hidden_reason = str(reason)
        if idea.state in (IdeaState.HIDDEN, IdeaState.WITHDRAWN, IdeaState.DRAFT):
            return idea
        idea.rested = idea.state
        move(idea, IdeaState.HIDDEN, actor=actor, is_public=False)
    return idea


def restore_idea(idea_id: int, *, actor: User | None) -> Idea:
    """Show a hidden idea again, where it stood before."""
    with transactional():
        idea, call = locked(idea_id)
        if idea.state is not IdeaState.HIDDEN:
            return idea
        back = idea.rested or IdeaState.PUBLISHED
        if back is IdeaState.MERGED:
            # what it went into may have gone since: let officers merge it anew
            back, idea.merged_into_id = IdeaState.PUBLISHED, None
        idea.hidden_reason = idea.rested = None
        move(idea, back, actor=actor, is_public=False)
        if back in LIVE and idea.published_at is None:
            enter(idea, call, by="")
    return idea


# --- files ----------------------------------------------------------------------------------


def attach_file(idea_id: int, *, upload: Any, title: str, actor: User) -> IdeaAttachment:
    """Show a picture or offer a document. Raises Invalid (`file`, `title`), NotAllowed, Missing."""
    with transactional():
        idea, call = _editable(idea_id, actor)
        if not call.takes_files:
            raise NotAllowed(_l("This call takes no files."))
        title = " ".join(neutral(title).split())
        if not title:
            raise Invalid({"title": _l("Say what it shows.")})
        if len(title) > 200:
            raise Invalid({"title": _l("Use at most 200 characters.")})
        present = db.session.scalars(
            select(IdeaAttachment.position).where(IdeaAttachment.idea_id == idea_id)
        ).all()
        if len(present) >= policy.MOST_FILES:
            raise Invalid({"file": _l("Six files are enough. Remove one first.")})
        stored = files.store(upload, purpose="attachment", actor=actor)
        attachment = IdeaAttachment(
            idea_id=idea.id,
            file_id=stored.id,
            title=title,
            position=max(present, default=-1) + 1,
        )
        db.session.add(attachment)
        db.session.flush()
        audit.record("idea.file_added", idea, actor=actor, file=stored.id)
    return attachment


def detach_file(idea_id: int, *, attachment_id: int, actor: User) -> None:
    """Take a file away again, for good."""
    with transactional():
        idea, _call = _editable(idea_id, actor)
        attachment = db.session.get(IdeaAttachment, attachment_id)
        if attachment is None or attachment.idea_id != idea_id:
            raise Missing
        stored = db.session.get_one(files.StoredFile, attachment.file_id)
        db.session.delete(attachment)
        db.session.flush()
        files.forget(stored, actor=actor)
        audit.record("idea.file_removed", idea, actor=actor, file=stored.id)


# --- judging --------------------------------------------------------------------------------


def shortcomings(idea: Idea, call: Call) -> dict[str, Text]:
    """What still keeps an idea from being sent, by field; empty when nothing does."""
    wrong: dict[str, Text] = {}
    if len(idea.title) < SHORTEST_TITLE:
        wrong["title"] = _l("Say your idea in one sentence.")
    if not idea.body.strip():
        wrong["body"] = _l("Say what should happen and why.")
    if call.categories and idea.category_id is None:
        wrong["category_id"] = _l("Choose a category.")
    for asked in call.fields:
        if asked.is_required and idea.answers.get(asked.key) in (None, "", []):
            wrong[asked.key] = _l("Answer this question.")
    return wrong


def co_author_ids(idea_id: int) -> tuple[int, ...]:
    """The accounts of accepted co-authors."""
    found = db.session.scalars(
        select(CoAuthor.user_id).where(
            CoAuthor.idea_id == idea_id,
            CoAuthor.accepted_at.is_not(None),
            CoAuthor.user_id.is_not(None),
        )
    )
    return tuple(ident for ident in found if ident is not None)


def clean_answers(
    asked: Sequence[CallField], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Text]]:
    """The answers in the shape they are kept, and what is wrong with the others, by key."""
    kept: dict[str, Any] = {}
    wrong: dict[str, Text] = {}
    for question in asked:
        value = given.get(question.key)
        if value in (None, "", []):
            continue
        try:
            kept[question.key] = _clean(question, value)
        except ValueError as problem:
            wrong[question.key] = problem.args[0]
    return kept, wrong


def _clean(question: CallField, value: Any) -> Any:
    kind = question.kind
    if kind is FieldKind.YES_NO:
        return value is True or str(value) in ("1", "yes", "true", "on")
    if kind is FieldKind.NUMBER:
        try:
            number = float(str(value).replace("\u00a0", "").replace(" ", "").replace(",", "."))
        except ValueError:
            raise ValueError(_l("Enter a number.")) from None
        if not isfinite(number) or abs(number) > 1e12:
            raise ValueError(_l("Enter a number."))
        return int(number) if number == int(number) else number
    if kind is FieldKind.SINGLE:
        if value not in question.options:
            raise ValueError(_l("Choose one of the answers."))
        return value
    if kind is FieldKind.MULTIPLE:
        chosen = [value] if isinstance(value, str) else list(value)
        if set(chosen) - set(question.options):
            raise ValueError(_l("Choose among the answers."))
        return [option for option in question.options if option in chosen]
    longest = 300 if kind is FieldKind.SHORT else 4000
    said = neutral(str(value)).strip()
    if len(said) > longest:
        raise ValueError(_l("Use at most %(count)s characters.", count=longest))
    return " ".join(said.split()) if kind is FieldKind.SHORT else said


def _new(call: Call, actor: User) -> Idea:
    require(policy.can_submit(actor, call, clock.now()))
    drafts = db.session.scalars(
        select(Idea.id).where(
            Idea.author_id == actor.id, Idea.call_id == call.id, Idea.state == IdeaState.DRAFT
        )
    ).all()
    if len(drafts) >= MOST_DRAFTS:
        raise Conflict(
            _l("You have fifty drafts here."), _l("Send one or throw one away, then go on.")
        )
    thread = open_thread(THREAD_KIND, host_ids=[host.organisation_id for host in call.hosts])
    idea = Idea(
        call_id=call.id,
        thread_id=thread.id,
        author_id=actor.id,
        author_kind=actor.kind,
        language=locale_now(),
        title="",
        state=IdeaState.DRAFT,
        created_at=clock.now(),
        answers={},
        supports_by_kind={},
        revision=1,
    )
    db.session.add(idea)
    return idea


def _write(idea: Idea, call: Call, draft: IdeaDraft, actor: User) -> None:
    """Put the words into a locked row, or raise Invalid with all that cannot be kept."""
    wrong: dict[str, Text] = {}
    title = " ".join(neutral(draft.title).split())
    if len(title) > LONGEST_TITLE:
        wrong["title"] = _l(
            "A title has at most %(most)s characters; yours has %(count)s.",
            most=LONGEST_TITLE,
            count=f"{len(title):,}",
        )
    body = neutral(draft.body).strip()
    if len(body) > LONGEST_TEXT:
        wrong["body"] = _l(
            "The text has at most %(most)s characters; yours has %(count)s.",
            most=f"{LONGEST_TEXT:,}",
            count=f"{len(body):,}",
        )
    if draft.category_id is not None and draft.category_id not in {
        category.id for category in call.categories
    }:
        wrong["category_id"] = _l("Choose one of the categories.")
    language = draft.language or idea.language
    if language not in (call.languages or locales()):
        wrong["language"] = _l("Choose one of the languages of this call.")
    answers, unfit = clean_answers(call.fields, draft.answers)
    wrong |= unfit
    _check_voice(draft, idea, actor, wrong)
    place = _place(draft, call, wrong)
    if wrong:
        raise Invalid(wrong)
    idea.title, idea.slug = title, slug_of(title)
    idea.body, idea.body_html = body, render(body, profile="letter")
    idea.category_id = draft.category_id
    idea.language = language
    idea.answers = answers
    idea.organisation_id = draft.organisation_id
    idea.hides_author = draft.hides_author and call.naming is Naming.CHOICE
    idea.place_name, idea.latitude, idea.longitude = place
    db.session.flush()


def _check_voice(draft: IdeaDraft, idea: Idea, actor: User, wrong: dict[str, Text]) -> None:
    if draft.organisation_id is None or draft.organisation_id == idea.organisation_id:
        return
    if draft.organisation_id not in {found.id for found in organisations_spoken_for(actor)}:
        wrong["organisation_id"] = _l("You do not write for this organisation.")


def _place(
    draft: IdeaDraft, call: Call, wrong: dict[str, Text]
) -> tuple[str, float | None, float | None]:
    if not call.takes_places:
        return "", None, None
    name = " ".join(neutral(draft.place_name).split())
    if len(name) > 200:
        wrong["place_name"] = _l("Use at most 200 characters.")
    latitude, longitude = draft.latitude, draft.longitude
    if latitude is None or longitude is None:
        return name, None, None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        wrong["place_name"] = _l("This place is not on the map.")
        return name, None, None
    return name, round(latitude, 6), round(longitude, 6)


def _kind(organisation_id: int | None, actor: User) -> Any:
    if organisation_id is None:
        return actor.kind
    return KIND_OF_ORGANISATION[db.session.get_one(Organisation, organisation_id).kind]


def _own_draft(idea_id: int, actor: User) -> tuple[Idea, Call]:
    idea, call = locked(idea_id)
    if not policy.is_author(actor, idea, co_author_ids(idea_id)):
        raise Missing
    if idea.state is not IdeaState.DRAFT:
        raise _sent_already(idea)
    return idea, call


def _editable(idea_id: int, actor: User) -> tuple[Idea, Call]:
    idea, call = locked(idea_id)
    people = co_author_ids(idea_id)
    if not policy.can_see_idea(actor, idea, call, people):
        raise Missing
    require(policy.can_edit(actor, idea, call, clock.now(), people))
    return idea, call


def _may_let_in(actor: User, call: Call) -> Any:
    hosts: Collection[int] = [host.organisation_id for host in call.hosts]
    speaks = {found.id for found in organisations_spoken_for(actor)}
    return policy.can_work(actor, hosts=hosts, speaks=speaks)


def _still_open(call: Call, idea: Idea, actor: User, now: Any) -> None:
    decision = policy.can_submit(actor, call, now)
    if not decision and not call.window.contains(now):
        raise Conflict(decision.reason, decision.hint, kept=f"{idea.title}\n\n{idea.body}")


def _sent_already(idea: Idea) -> Conflict:
    return Conflict(
        _l("This idea was sent already."),
        _l("Look at its page. You can change it there for a while."),
        url=notices.idea_url(idea),
    )


def _refuse_twice(idea: Idea) -> None:
    before = db.session.scalar(
        select(Idea)
        .where(
            Idea.call_id == idea.call_id,
            Idea.author_id == idea.author_id,
            Idea.id != idea.id,
            Idea.state.in_((IdeaState.SUBMITTED, *LIVE)),
            Idea.title == idea.title,
            Idea.body == idea.body,
        )
        .limit(1)
    )
    if before is not None:
        raise Conflict(
            _l("You have sent exactly this idea before; it counts once."),
            _l("Open it, or write what is new about this one."),
            url=notices.idea_url(before),
            kept=idea.body,
        )


def _refuse_stale(idea: Idea, revision: int | None, draft: IdeaDraft) -> None:
    if revision is not None and revision != idea.revision:
        raise Conflict(
            _l("This idea was changed in another window while you were writing."),
            _l("Look at the words that stand there now, then change them again. Yours are below."),
            url=notices.idea_url(idea),
            kept=f"{draft.title}\n\n{draft.body}",
        )
