"""One idea into another, one into two, and the queue of those that look alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select, update

from engage.commons.accounts.models import User
from engage.commons.accounts.queries import organisations_spoken_for
from engage.commons.comments.service import open_thread
from engage.core import audit, clock
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from engage.core.events import announce
from engage.core.i18n import _l
from engage.core.richtext import neutral, render
from engage.programmes.ideas import notices, policy, similar
from engage.programmes.ideas.events import IdeaMerged
from engage.programmes.ideas.models import (
    LIVE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Idea,
    IdeaMerge,
    IdeaOfficer,
    IdeaPair,
    IdeaState,
    Occasion,
    PairState,
    StepKind,
)
from engage.programmes.ideas.service.calls import slug_of
from engage.programmes.ideas.service.moving import call_of, enter, move, note_pair, write_step
from engage.programmes.ideas.threads import THREAD_KIND


def merge_idea(idea_id: int, *, into_id: int, reason: str, actor: User) -> Idea:
    """Let an idea go into another of the same call; answers the one it went into.

    Its page leads on from now on, its people are told, and their support moves only by their own
    click. Raises Invalid (`into`, `reason`), NotAllowed, Missing, Conflict.
    """
    if idea_id == into_id:
        raise Invalid({"into": _l("An idea cannot be merged into itself. Choose another one.")})
    with transactional():
        # always in one order, so that two who merge at once never wait for each other
        rows = {ident: lock(Idea, ident) for ident in sorted((idea_id, into_id))}
        idea, into = rows[idea_id], rows[into_id]
        may_work(actor, idea)
        _check(idea, into, reason)
        now = clock.now()
        idea.rested = idea.state
        idea.merged_into_id = into.id
        db.session.add(
            IdeaMerge(
                idea_id=idea.id,
                into_id=into.id,
                reason=reason.strip(),
                by_id=actor.id,
                merged_at=now,
            )
        )
        move(idea, IdeaState.MERGED, actor=actor, reason=reason, details={"into": into.id})
        write_step(
            into, StepKind.MERGED_HERE, actor=actor, reason=reason, details={"idea": idea.id}
        )
        db.session.execute(
            update(IdeaPair)
            .where(
                IdeaPair.idea_id == min(idea_id, into_id),
                IdeaPair.other_id == max(idea_id, into_id),
            )
            .values(state=PairState.MERGED, settled_at=now)
            .execution_options(synchronize_session=False)
        )
        notices.put_on_the_board(
            idea,
            Occasion.MERGED,
            key=f"merged-{into.id}-{now:%Y%m%d%H%M%S}",
            details={"other": into.title, "reason": reason.strip(), "state": "merged"},
        )
        announce(IdeaMerged(idea.id, into.id))
    return into


def unmerge_idea(idea_id: int, *, reason: str, actor: User) -> Idea:
    """Take a merge back: the idea stands by itself again, where it stood before.

    Support that people moved by their own click stays where they put it.
    """
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        if idea.state is not IdeaState.MERGED:
            raise Conflict(_l("This idea is not merged."))
        if not reason.strip():
            raise Invalid({"reason": _l("Say why. Everybody will read it.")})
        standing = db.session.scalar(
            select(IdeaMerge).where(IdeaMerge.idea_id == idea_id, IdeaMerge.undone_at.is_(None))
        )
        now = clock.now()
        if standing is not None:
            standing.undone_at = now
        back = idea.rested if idea.rested in LIVE else IdeaState.PUBLISHED
        assert back is not None  # LIVE holds no None
        idea.merged_into_id = idea.rested = None
        move(idea, back, actor=actor, reason=reason)
        notices.put_on_the_board(
            idea,
            Occasion.UNMERGED,
            key=f"unmerged-{now:%Y%m%d%H%M%S}",
            details={"reason": reason.strip(), "state": back.value},
        )
    return idea


def split_idea(
    idea_id: int,
    *,
    title: str,
    body: str,
    category_id: int | None,
    reason: str,
    actor: User,
) -> Idea:
    """Make a second idea from a part of one: same author, same call; answers the new one.

    The first keeps its words, its support and its comments. Raises Invalid, NotAllowed, Missing.
    """
    with transactional():
        idea = lock(Idea, idea_id)
        may_work(actor, idea)
        call = call_of(idea.call_id)
        if idea.state not in LIVE:
            raise Conflict(_l("This idea is not public, so it cannot be split."))
        title, body = " ".join(neutral(title).split()), neutral(body).strip()
        wrong: dict[str, Any] = {}
        if not 4 <= len(title) <= LONGEST_TITLE:
            wrong["title"] = _l("Give it a title of 4 to 120 characters.")
        if not body or len(body) > LONGEST_TEXT:
            wrong["body"] = _l("Take over the words that belong to it, 8,000 characters at most.")
        if category_id is not None and category_id not in {row.id for row in call.categories}:
            wrong["category_id"] = _l("Choose one of the categories.")
        if not reason.strip():
            wrong["reason"] = _l("Say why. Everybody will read it.")
        if wrong:
            raise Invalid(wrong)
        now = clock.now()
        thread = open_thread(THREAD_KIND, host_ids=[host.organisation_id for host in call.hosts])
        part = Idea(
            call_id=idea.call_id,
            thread_id=thread.id,
            split_from_id=idea.id,
            state=IdeaState.SUBMITTED,
            title=title,
            slug=slug_of(title),
            body=body,
            body_html=render(body, profile="letter"),
            category_id=category_id if category_id is not None else idea.category_id,
            language=idea.language,
            author_id=idea.author_id,
            author_kind=idea.author_kind,
            organisation_id=idea.organisation_id,
            hides_author=idea.hides_author,
            author_name=idea.author_name,
            answers={},
            supports_by_kind={},
            created_at=now,
            submitted_at=now,
            revision=1,
        )
        db.session.add(part)
        db.session.flush()
        move(part, IdeaState.PUBLISHED, actor=actor, reason=reason, details={"from": idea.id})
        enter(part, call, by="")
        write_step(idea, StepKind.SPLIT, actor=actor, reason=reason, details={"idea": part.id})
        audit.record("idea.split", idea, actor=actor, part=part.id)
        notices.tell_author(part, "split", key="split", reason=reason.strip(), other=idea.title)
    return part


# --- duplicates -----------------------------------------------------------------------------


def report_pair(idea_id: int, other_id: int, *, actor: User) -> IdeaPair:
    """Say that two public ideas are the same; officers look at it. Said twice is noted once."""
    if idea_id == other_id:
        raise Invalid({"other": _l("Choose another idea than this one.")})
    with transactional():
        ideas = {
            idea.id: idea
            for idea in db.session.scalars(select(Idea).where(Idea.id.in_((idea_id, other_id))))
        }
        if len(ideas) != 2 or any(not idea.is_live for idea in ideas.values()):
            raise Missing
        one, other = ideas[idea_id], ideas[other_id]
        if one.call_id != other.call_id:
            raise Invalid({"other": _l("Choose an idea of the same call.")})
        if actor.suspended_at is not None:
            raise NotAllowed(_l("Your account is suspended."))
        alike = similar.likeness(
            similar.shingles_of(one.title),
            set(similar.words_of(f"{one.title} {one.body}")),
            other.title,
            other.body,
        )
        note_pair(one.call_id, one.id, other.id, alike, actor.id)
        pair = db.session.scalars(
            select(IdeaPair).where(
                IdeaPair.idea_id == min(idea_id, other_id),
                IdeaPair.other_id == max(idea_id, other_id),
            )
        ).one()
        audit.record("idea.pair_reported", one, actor=actor, other=other.id)
    return pair


def dismiss_pair(pair_id: int, *, actor: User) -> IdeaPair:
    """Officers say that two ideas are not the same; the pair leaves the queue for good."""
    with transactional():
        pair = lock(IdeaPair, pair_id)
        idea = lock(Idea, pair.idea_id)
        may_work(actor, idea)
        if pair.state is PairState.OPEN:
            pair.state, pair.settled_at = PairState.DISMISSED, clock.now()
            db.session.flush()
            audit.record("idea.pair_dismissed", idea, actor=actor, other=pair.other_id)
    return pair


# --- inside ---------------------------------------------------------------------------------


def may_work(person: User, idea: Idea) -> None:
    """Raise NotAllowed unless this person works on the idea, Missing for somebody's draft."""
    if idea.state is IdeaState.DRAFT:
        raise Missing
    call = call_of(idea.call_id)
    require(
        policy.can_work(
            person,
            hosts=[host.organisation_id for host in call.hosts],
            speaks=[found.id for found in organisations_spoken_for(person)],
            officer_ids=officer_ids(idea.id),
        )
    )


def officer_ids(idea_id: int) -> list[int]:
    """The accounts that work on an idea."""
    return list(
        db.session.scalars(select(IdeaOfficer.user_id).where(IdeaOfficer.idea_id == idea_id))
    )


def _check(idea: Idea, into: Idea, reason: str) -> None:
    if idea.call_id != into.call_id:
        raise Invalid({"into": _l("Choose an idea of the same call.")})
    if idea.state is IdeaState.MERGED:
        raise Conflict(
            _l("This idea was merged before."),
            _l("Take that merge back first."),
        )
    if into.state is IdeaState.MERGED:
        if _leads_to(into, idea.id):
            raise Invalid(
                {"into": _l("That one was merged into this one: they would go in a circle.")}
            )
        raise Invalid({"into": _l("That idea was merged itself. Choose the one it went into.")})
    if not into.is_live:
        raise Invalid({"into": _l("Choose an idea that everybody can see.")})
    if not reason.strip():
        raise Invalid({"reason": _l("Say why. Everybody will read it.")})


def _leads_to(idea: Idea, wanted: int) -> bool:
    seen: set[int] = set()
    here: int | None = idea.merged_into_id
    while here is not None and here not in seen:
        if here == wanted:
            return True
        seen.add(here)
        here = db.session.scalar(select(Idea.merged_into_id).where(Idea.id == here))
    return False


def pairs_of(idea_id: int) -> list[IdeaPair]:
    """The open pairs an idea stands in."""
    return list(
        db.session.scalars(
            select(IdeaPair).where(
                or_(IdeaPair.idea_id == idea_id, IdeaPair.other_id == idea_id),
                IdeaPair.state == PairState.OPEN,
            )
        )
    )
