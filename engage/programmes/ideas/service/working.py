"""What officers do: read, assign, note, score, move with a reason, answer; one by one or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, or_, select

from engage.commons.accounts.models import (
    Membership,
    MembershipRole,
    Organisation,
    Role,
    User,
)
from engage.commons.accounts.queries import carries_role, organisations_spoken_for
from engage.core import audit, clock
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, EngageError, Invalid, Missing, NotAllowed, Text
from engage.core.i18n import _l, locales
from engage.core.richtext import plain, render
from engage.programmes.ideas import notices
from engage.programmes.ideas.models import (
    GIVEN,
    LIVE,
    OUTCOMES,
    TRANSITIONS,
    Call,
    CallHost,
    Category,
    Criterion,
    Idea,
    IdeaAnswer,
    IdeaNote,
    IdeaOfficer,
    IdeaScore,
    IdeaState,
    Occasion,
    StepKind,
)
from engage.programmes.ideas.ranking import weighted_score
from engage.programmes.ideas.service.merging import may_work
from engage.programmes.ideas.service.moving import call_of, move, write_step
from engage.programmes.ideas.service.writing import let_in

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Bulk:
    """What became of many: how many were done, and why the others were not."""

    done: int = 0
    left: list[tuple[int, Text]] = field(default_factory=list)


# --- one idea -------------------------------------------------------------------------------


def mark_read(idea_id: int, *, actor: User) -> Idea:
    """Note that somebody of those who answer has read it; the author sees the day."""
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        if idea.read_at is None and idea.author_id != actor.id:
            idea.read_at = clock.now()
            audit.record("idea.read", idea, actor=actor)
    return idea


def move_idea(idea_id: int, *, state: IdeaState, reason: str, actor: User) -> Idea:
    """Give an idea its next state, with the reason the public reads; its people are told.

    Raises Invalid (`state`, `reason`), NotAllowed, Missing, Conflict.
    """
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        if state not in GIVEN:
            raise Invalid({"state": _l("Choose one of the states.")})
        if not reason.strip():
            raise Invalid({"reason": _l("Say why. Everybody will read it.")})
        if state is IdeaState.DELIVERED:
            raise Invalid(
                {"state": _l("Tell that it is done in a progress post, with a photo if you can.")}
            )
        move(idea, state, actor=actor, reason=reason)
        now = clock.now()
        idea.read_at = idea.read_at or now
        notices.put_on_the_board(
            idea,
            Occasion.MOVED,
            key=f"moved-{state.value}-{now:%Y%m%d%H%M%S%f}",
            details={"state": state.value, "reason": reason.strip()},
        )
    return idea


def add_note(idea_id: int, *, body: str, actor: User) -> IdeaNote:
    """Tell the other officers something; never public."""
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        body = body.strip()
        if not body or len(body) > 4000:
            raise Invalid({"body": _l("Write a note of at most 4,000 characters.")})
        note = IdeaNote(idea_id=idea.id, author_id=actor.id, body=body)
        db.session.add(note)
        db.session.flush()
        audit.record("idea.noted", idea, actor=actor)
    return note


def remove_note(idea_id: int, *, note_id: int, actor: User) -> None:
    """Take one's own note back."""
    with transactional():
        note = db.session.get(IdeaNote, note_id)
        if note is None or note.idea_id != idea_id:
            raise Missing
        if note.author_id != actor.id:
            raise NotAllowed(_l("Only the person who wrote a note can remove it."))
        db.session.delete(note)
        db.session.flush()
        audit.record("idea.note_removed", ("idea", idea_id), actor=actor)


def score_idea(idea_id: int, *, values: Mapping[int, int | None], actor: User) -> Idea:
    """Give one's scores by criterion id, 0 to 5; None takes one back. The mean follows at once."""
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        known = {row.id for row in call_of(idea.call_id).criteria}
        if set(values) - known:
            raise Invalid({"": _l("Score by the criteria of this call.")})
        if any(value is not None and not 0 <= value <= 5 for value in values.values()):
            raise Invalid({"": _l("Give scores from 0 to 5.")})
        present = {
            row.criterion_id: row
            for row in db.session.scalars(
                select(IdeaScore).where(
                    IdeaScore.idea_id == idea_id, IdeaScore.officer_id == actor.id
                )
            )
        }
        for criterion_id, value in values.items():
            row = present.get(criterion_id)
            if value is None:
                if row is not None:
                    db.session.delete(row)
            elif row is None:
                db.session.add(
                    IdeaScore(
                        idea_id=idea_id,
                        criterion_id=criterion_id,
                        officer_id=actor.id,
                        value=value,
                    )
                )
            else:
                row.value, row.scored_at = value, clock.now()
        db.session.flush()
        idea.score = _mean(idea_id)
        audit.record("idea.scored", idea, actor=actor)
        db.session.flush()
    return idea


def _mean(idea_id: int) -> float | None:
    rows = db.session.execute(
        select(IdeaScore.value, Criterion.weight, Criterion.is_reversed)
        .join(Criterion, Criterion.id == IdeaScore.criterion_id)
        .where(IdeaScore.idea_id == idea_id)
    ).all()
    return weighted_score([(value, weight, reverse) for value, weight, reverse in rows])


def set_category(idea_id: int, *, category_id: int | None, actor: User) -> Idea:
    """Sort an idea anew."""
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        if category_id is not None:
            category = db.session.get(Category, category_id)
            if category is None or category.call_id != idea.call_id:
                raise Invalid({"category_id": _l("Choose one of the categories.")})
        if idea.category_id != category_id:
            audit.record(
                "idea.sorted", idea, actor=actor, before=idea.category_id, after=category_id
            )
            idea.category_id = category_id
            db.session.flush()
    return idea


def assign(idea_id: int, *, officer_ids: Sequence[int], actor: User) -> Idea:
    """Let these people, and nobody else, work on it; who is new is told. Empty for nobody."""
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        wanted = set(officer_ids)
        offered = {person.id: person for person in possible_officers(idea.call_id)}
        if wanted - set(offered):
            raise Invalid({"officers": _l("Choose people who may work on this call.")})
        before = set(
            db.session.scalars(select(IdeaOfficer.user_id).where(IdeaOfficer.idea_id == idea_id))
        )
        if before == wanted:
            return idea
        db.session.execute(
            delete(IdeaOfficer).where(
                IdeaOfficer.idea_id == idea_id, IdeaOfficer.user_id.in_(before - wanted)
            )
        )
        now = clock.now()
        db.session.add_all(
            IdeaOfficer(idea_id=idea_id, user_id=ident, assigned_at=now)
            for ident in sorted(wanted - before)
        )
        db.session.flush()
        write_step(
            idea,
            StepKind.ASSIGNED,
            actor=actor,
            is_public=False,
            details={"officers": sorted(wanted)},
        )
        audit.record("idea.assigned", idea, actor=actor, officers=sorted(wanted))
        newcomers = [offered[ident] for ident in sorted(wanted - before) if ident != actor.id]
        notices.tell_assigned(newcomers, idea, f"{now:%Y%m%d%H%M%S}")
    return idea


def possible_officers(call_id: int) -> list[User]:
    """Who may work on a call: organisers, and who speaks for one of its hosts."""
    hosts = select(CallHost.organisation_id).where(CallHost.call_id == call_id)
    speakers = select(Membership.user_id).where(
        Membership.organisation_id.in_(hosts),
        Membership.accepted_at.is_not(None),
        Membership.role.in_((MembershipRole.LEAD, MembershipRole.EDITOR)),
    )
    known = db.session.scalars(
        select(User).where(
            or_(User.id.in_(speakers), carries_role(Role.ORGANISER.value)),
            User.closed_at.is_(None),
            User.active,
        )
    )
    return sorted(known, key=lambda user: (user.display_name, user.id))


# --- answers --------------------------------------------------------------------------------


def save_answer(
    idea_id: int,
    *,
    body: str,
    outcome: IdeaState,
    organisation_id: int,
    language: str,
    revision: int | None = None,
    actor: User,
) -> IdeaAnswer:
    """Keep the draft of an answer, or correct a published one in the open.

    `outcome` is what the idea becomes when it is published. Raises Invalid, NotAllowed, Missing,
    Conflict (the text kept in it) when somebody saved another one meanwhile.
    """
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        call = call_of(idea.call_id)
        answer = db.session.scalar(select(IdeaAnswer).where(IdeaAnswer.idea_id == idea_id))
        if (answer.revision if answer else None) != revision:
            raise Conflict(
                _l("Somebody saved an answer to this idea while you were writing."),
                _l("Below is what you typed. Open the present answer and bring in your changes."),
                url=notices.office_url(idea),
                kept=body,
            )
        _check_answer(idea, call, body, outcome, organisation_id, language, actor, answer)
        now = clock.now()
        if answer is None:
            answer = IdeaAnswer(idea_id=idea.id, drafted_at=now, revision=0)
            db.session.add(answer)
        answer.body, answer.body_html = body.strip(), render(body, profile="letter")
        answer.organisation_id, answer.language = organisation_id, language
        answer.author_id, answer.changed_at = actor.id, now
        if not answer.is_published:
            answer.outcome = outcome
        answer.revision += 1
        db.session.flush()
        audit.record(
            "idea.answer_saved",
            idea,
            actor=actor,
            outcome=answer.outcome.value,
            published=answer.is_published,
        )
    return answer


def publish_answer(idea_id: int, *, revision: int | None = None, actor: User) -> IdeaAnswer:
    """Let everybody read the answer; the idea moves to its outcome, its people are told.

    `revision` is the one that was read before pressing; None takes what stands there.
    """
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        answer = db.session.scalar(select(IdeaAnswer).where(IdeaAnswer.idea_id == idea_id))
        if answer is None:
            raise Conflict(_l("There is no draft of an answer yet."), _l("Write one first."))
        if answer.is_published:
            return answer
        if revision is not None and answer.revision != revision:
            raise Conflict(
                _l("The draft was changed after you read it."), _l("Read it again, then publish.")
            )
        if idea.state not in LIVE:
            raise Conflict(_l("This idea is not public, so it cannot be answered now."))
        now = clock.now()
        answer.published_at = now
        idea.answered_at = now
        idea.read_at = idea.read_at or now
        organisation = db.session.get_one(Organisation, answer.organisation_id)
        write_step(idea, StepKind.ANSWERED, actor=actor, details={"organisation": organisation.id})
        if answer.outcome is not idea.state:
            move(idea, answer.outcome, actor=actor)
        audit.record("idea.answer_published", idea, actor=actor)
        notices.put_on_the_board(
            idea,
            Occasion.ANSWERED,
            key=f"answered-{answer.id}",
            details={
                "state": answer.outcome.value,
                "organisation": organisation.name,
                "excerpt": plain(answer.body, limit=notices.EXCERPT),
            },
        )
        db.session.flush()
    return answer


def _check_answer(
    idea: Idea,
    call: Call,
    body: str,
    outcome: IdeaState,
    organisation_id: int,
    language: str,
    actor: User,
    answer: IdeaAnswer | None,
) -> None:
    wrong: dict[str, Text] = {}
    if not body.strip():
        wrong["body"] = _l("Write the answer.")
    if len(body) > 10_000:
        wrong["body"] = _l("Use at most 10,000 characters.")
    if outcome not in OUTCOMES:
        wrong["outcome"] = _l("Choose what becomes of the idea.")
    elif (
        (answer is None or not answer.is_published)
        and outcome is not idea.state
        and idea.state in LIVE
        and not TRANSITIONS.allows(idea.state, outcome)
    ):
        wrong["outcome"] = _l("This does not fit where the idea stands now.")
    hosts = {host.organisation_id for host in call.hosts}
    mine = {found.id for found in organisations_spoken_for(actor)}
    if organisation_id not in (hosts if actor.has_role(Role.ORGANISER) else hosts & mine):
        wrong["organisation_id"] = _l("Answer for an organisation that asks in this call.")
    if language not in locales():
        wrong["language"] = _l("Choose one of the languages of this site.")
    if wrong:
        raise Invalid(wrong)


# --- many at once ---------------------------------------------------------------------------


def move_ideas(idea_ids: Sequence[int], *, state: IdeaState, reason: str, actor: User) -> Bulk:
    """Give many ideas the same next state and reason; those it does not fit are named."""
    if not reason.strip():
        raise Invalid({"reason": _l("Say why. Everybody will read it.")})
    return _each(idea_ids, lambda ident: move_idea(ident, state=state, reason=reason, actor=actor))


def assign_ideas(idea_ids: Sequence[int], *, officer_ids: Sequence[int], actor: User) -> Bulk:
    """Assign the same officers to many ideas, beside those they have."""

    def one(ident: int) -> None:
        present = db.session.scalars(
            select(IdeaOfficer.user_id).where(IdeaOfficer.idea_id == ident)
        ).all()
        assign(ident, officer_ids=sorted({*present, *officer_ids}), actor=actor)

    if not officer_ids:
        raise Invalid({"officers": _l("Choose who works on them.")})
    return _each(idea_ids, one)


def sort_ideas(idea_ids: Sequence[int], *, category_id: int | None, actor: User) -> Bulk:
    """Put many ideas into a category."""
    return _each(idea_ids, lambda ident: set_category(ident, category_id=category_id, actor=actor))


def let_many_in(idea_ids: Sequence[int], *, actor: User) -> Bulk:
    """Publish many ideas that wait for it."""
    return _each(idea_ids, lambda ident: let_in(ident, actor=actor))


def save_answers(
    idea_ids: Sequence[int],
    *,
    body: str,
    outcome: IdeaState,
    organisation_id: int,
    language: str,
    actor: User,
) -> Bulk:
    """Draft the same answer to many ideas; those that have an answer or a draft are left."""

    def one(ident: int) -> None:
        has_one = db.session.scalar(
            select(func.count()).select_from(IdeaAnswer).where(IdeaAnswer.idea_id == ident)
        )
        if has_one:
            raise Conflict(_l("It has an answer or a draft already."))
        save_answer(
            ident,
            body=body,
            outcome=outcome,
            organisation_id=organisation_id,
            language=language,
            actor=actor,
        )

    return _each(idea_ids, one)


def publish_answers(idea_ids: Sequence[int], *, actor: User) -> Bulk:
    """Publish the drafts of many answers."""
    return _each(idea_ids, lambda ident: publish_answer(ident, actor=actor))


def _each(idea_ids: Sequence[int], act: Callable[[int], object]) -> Bulk:
    """Do it to each in a savepoint of one transaction: what does not fit leaves the others alone.

    What is wrong with the words themselves is wrong for all, and nothing is done.
    """
    wanted = list(dict.fromkeys(idea_ids))
    if not wanted:
        raise Invalid({"ideas": _l("Choose at least one idea.")})
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid({"ideas": _l("Choose at most 500 ideas at once.")})
    done, left = 0, []
    with transactional():
        for ident in wanted:
            try:
                with db.session.begin_nested():
                    act(ident)
            except (Conflict, NotAllowed, Missing) as refusal:
                left.append((ident, _why(refusal)))
            except Invalid as wrong:
                if "outcome" not in wrong.fields and "category_id" not in wrong.fields:
                    raise
                left.append((ident, next(iter(wrong.fields.values()))))
            else:
                done += 1
    return Bulk(done, left)


def _why(refusal: EngageError) -> Text:
    return refusal.message or _l("It is not there any more.")
