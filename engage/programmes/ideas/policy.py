"""Who may do what with calls and ideas, and when. Three questions: role, visible, window.

No rows are loaded here: callers bring what is judged. `speaks` are the ids of the verified
organisations a person speaks for; `hosts` those that ask in the call.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, true

from engage.commons.accounts.models import Role, User
from engage.core.access import ALLOWED, Decision, denied
from engage.core.i18n import _l, format_deadline
from engage.core.lifecycle import Phase
from engage.programmes.ideas.models import (
    GIVEN,
    LIVE,
    TRANSITIONS,
    Call,
    CallStanding,
    CallState,
    CoAuthor,
    Idea,
    IdeaState,
    Naming,
)

# Who prepares calls, and who may read what is being prepared.
KEEPERS = (Role.ORGANISER,)
READERS = (Role.ORGANISER, Role.ANALYST)
# live, and not finished
SUPPORTED = tuple(state for state in LIVE if state not in (IdeaState.DECLINED, IdeaState.DELIVERED))
MOST_FILES = 6
MOST_CO_AUTHORS = 10

_WHEN = {
    "edit": {CallState.DRAFT, CallState.PUBLISHED},
    "publish": {CallState.DRAFT},
    "unpublish": {CallState.PUBLISHED},
    "archive": {CallState.PUBLISHED},
    "reopen": {CallState.ARCHIVED},
    "copy": set(CallState),
    "import_ideas": {CallState.DRAFT, CallState.PUBLISHED},
}
CALL_ACTIONS = tuple(_WHEN)

_NEED_ACCOUNT = denied(
    _l("You need an account for this."), _l("Sign in or create an account; it takes two minutes.")
)
_SUSPENDED = denied(_l("Your account is suspended, so you cannot write at the moment."))
_NOT_YOURS = denied(_l("Only the people who wrote an idea can do this."))
_OFFICERS = denied(
    _l("Only the people who work on this call may do this."),
    _l("Ask an organiser to assign you to the idea."),
)


# --- calls --------------------------------------------------------------------------------


def is_keeper(user: User | None) -> bool:
    """May this person prepare and run calls?"""
    return user is not None and user.has_role(*KEEPERS)


def is_reader(user: User | None) -> bool:
    """May this person read what the office holds, and take it out as files?"""
    return user is not None and user.has_role(*READERS)


def can_create_call(user: User | None) -> Decision:
    """May this person start a call?"""
    if is_keeper(user):
        return ALLOWED
    return denied(
        _l("Only organisers prepare calls for ideas."),
        _l("Ask an administrator for the role of organiser."),
    )


def can(action: str, user: User | None, call: Call) -> Decision:
    """May this person do `action` (one of CALL_ACTIONS) to this call?"""
    if not is_keeper(user):
        return can_create_call(user)
    if call.state not in _WHEN[action]:
        return denied(
            _l("This step does not fit where the call stands now."),
            _l("Go back to the overview to see what comes next."),
        )
    return ALLOWED


def allowed_actions(user: User | None, call: Call) -> dict[str, bool]:
    """Every action and whether it is open to this person now; what templates show."""
    return {action: can(action, user, call).allowed for action in CALL_ACTIONS}


def can_see_call(user: User | None, call: Call) -> bool:
    """Drafts are for those who prepare them; everything else is public."""
    return call.state is not CallState.DRAFT or is_reader(user)


def calls_visible_to(user: User | None) -> ColumnElement[bool]:
    """The SQL twin of `can_see_call`."""
    return true() if is_reader(user) else Call.state != CallState.DRAFT


def can_submit(user: User | None, call: Call, now: datetime) -> Decision:
    """Send an idea: while the call is open, and only the stakeholder kinds it asks."""
    standing = call.standing_at(now)
    if standing is CallStanding.SOON and call.opens_at is not None:
        return denied(
            _l("This call has not opened yet."),
            _l("It opens %(when)s.", when=format_deadline(call.opens_at, call.time_zone)),
        )
    if standing is CallStanding.DRAFT:
        return denied(_l("This call is being prepared."))
    if standing is not CallStanding.OPEN:
        return denied(
            _l("This call is closed: it takes no new ideas."),
            _l("You can still read every idea and what became of it."),
        )
    if user is None:
        return _NEED_ACCOUNT
    if user.suspended_at is not None:
        return _SUSPENDED
    if call.submit_kinds and user.kind.value not in call.submit_kinds:
        return denied(
            _l("This call asks other people for their ideas."),
            _l("You can read and discuss them, and see which other calls are open."),
        )
    return ALLOWED


# --- seeing ---------------------------------------------------------------------------------


def is_author(user: User | None, idea: Idea, co_author_ids: Collection[int] = ()) -> bool:
    """Is this one of the idea's own people?"""
    return user is not None and (idea.author_id == user.id or user.id in co_author_ids)


def can_see_idea(
    user: User | None, idea: Idea, call: Call, co_author_ids: Collection[int] = ()
) -> bool:
    """Live ideas of public calls are for everybody, all others for their people and the office.

    Drafts are for their people alone. A merged one leads on to where it went.
    """
    if is_author(user, idea, co_author_ids):
        return True
    if idea.state is IdeaState.DRAFT:
        return False
    if is_reader(user) or (user is not None and user.has_role(Role.MODERATOR)):
        return True
    return can_see_call(user, call) and (idea.state in LIVE or idea.state is IdeaState.MERGED)


def ideas_visible_to(user: User | None) -> ColumnElement[bool]:
    """The SQL twin of `can_see_idea`; the statement joins `Call`."""
    public = and_(calls_visible_to(None), Idea.state.in_((*LIVE, IdeaState.MERGED)))
    if user is None:
        return public
    own = or_(
        Idea.author_id == user.id,
        Idea.id.in_(
            select(CoAuthor.idea_id).where(
                CoAuthor.user_id == user.id, CoAuthor.accepted_at.is_not(None)
            )
        ),
    )
    if is_reader(user) or user.has_role(Role.MODERATOR):
        return or_(own, Idea.state != IdeaState.DRAFT)
    return or_(own, public)


def is_listed() -> ColumnElement[bool]:
    """What lists, feeds and exports hold, whoever asks; the statement joins `Call`."""
    return and_(calls_visible_to(None), Idea.state.in_(LIVE))


def shows_author(user: User | None, idea: Idea, call: Call) -> bool:
    """May this reader see who an idea is from? Organisations always stand by their names."""
    if is_author(user, idea) or is_reader(user):
        return True
    return call.naming is not Naming.HIDDEN and not idea.hides_author


# --- authors --------------------------------------------------------------------------------


def editable_until(idea: Idea, call: Call) -> datetime | None:
    """The instant from which a published idea's words stand; None while it is not published."""
    if idea.published_at is None:
        return None
    return idea.published_at + timedelta(hours=call.edit_hours)


def can_edit(
    user: User | None,
    idea: Idea,
    call: Call,
    now: datetime,
    co_author_ids: Collection[int] = (),
) -> Decision:
    """Change one's own words: a draft always, a published idea for the time the call gives.

    Never once somebody has decided on it, and a draft only while it could be sent.
    """
    if not is_author(user, idea, co_author_ids):
        return _NOT_YOURS
    if user is not None and user.suspended_at is not None:
        return _SUSPENDED
    if idea.state is IdeaState.HIDDEN:
        return denied(_l("The moderators have hidden this idea, so it cannot be changed."))
    if idea.state in (IdeaState.DRAFT, IdeaState.SUBMITTED):
        return ALLOWED
    if idea.state not in (IdeaState.PUBLISHED, IdeaState.UNDER_REVIEW):
        return denied(_l("This idea was decided on, so its words stand."))
    until = editable_until(idea, call)
    if until is None or now >= until:
        return denied(
            _l("The time to change this idea is over."),
            _l("Write a comment under it, or withdraw it."),
        )
    return ALLOWED


def can_withdraw(user: User | None, idea: Idea) -> Decision:
    """Take an idea back: its first author, before it was decided on."""
    if user is None or idea.author_id != user.id:
        return denied(_l("Only the person who sent an idea can withdraw it."))
    if idea.state is IdeaState.HIDDEN:
        return ALLOWED
    if not TRANSITIONS.allows(idea.state, IdeaState.WITHDRAWN):
        return denied(_l("This idea was decided on, so it cannot be withdrawn any more."))
    return ALLOWED


def can_invite(user: User | None, idea: Idea, co_author_count: int) -> Decision:
    """Ask somebody to be a co-author: the first author, up to ten people."""
    if user is None or idea.author_id != user.id:
        return denied(_l("Only the person who sent an idea can invite co-authors."))
    if idea.state not in (
        IdeaState.DRAFT,
        IdeaState.SUBMITTED,
        IdeaState.PUBLISHED,
        IdeaState.UNDER_REVIEW,
    ):
        return denied(_l("This idea was decided on, so its authors stand."))
    if co_author_count >= MOST_CO_AUTHORS:
        return denied(_l("Ten co-authors are enough."))
    return ALLOWED


# --- supporters -----------------------------------------------------------------------------


def is_support_open(idea: Idea, call: Call, now: datetime) -> bool:
    """Is support of this idea counted now, whoever gives it?"""
    return (
        idea.state in SUPPORTED
        and call.state is CallState.PUBLISHED
        and call.support_window.contains(now)
    )


def can_support(
    user: User | None, idea: Idea, call: Call, now: datetime, *, for_organisation: bool = False
) -> Decision:
    """Support an idea: while the call lets people, live ideas only, the kinds it asks."""
    if idea.state is IdeaState.MERGED:
        return denied(
            _l("This idea was merged into another one."), _l("Support the one it went into.")
        )
    if idea.state not in LIVE:
        return denied(_l("This idea is not shown at the moment, so it cannot be supported."))
    if idea.state in (IdeaState.DECLINED, IdeaState.DELIVERED):
        return denied(_l("This idea is finished, so support is no longer counted."))
    if call.state is not CallState.PUBLISHED:
        return denied(_l("This call is put away."))
    phase = call.support_window.phase(now)
    if phase is not Phase.OPEN:
        return denied(
            _l("Support is not open yet.")
            if phase is Phase.BEFORE
            else _l("The time for support is over."),
            _l("You can read every idea and what became of it."),
        )
    if user is None:
        return _NEED_ACCOUNT
    if user.suspended_at is not None:
        return denied(_l("Your account is suspended, so you cannot take part at the moment."))
    if for_organisation:
        return ALLOWED if call.takes_organisations else denied(_l("Here only persons support."))
    if call.support_kinds and user.kind.value not in call.support_kinds:
        return denied(_l("In this call other people are asked for their support."))
    return ALLOWED


def can_comment(idea: Idea, call: Call, now: datetime) -> Decision:
    """Discuss an idea: as long as it may be supported, and when decided as long as it is worked on."""
    if idea.state not in LIVE:
        return denied(_l("This idea is not shown at the moment, so nothing can be added to it."))
    if call.state is not CallState.PUBLISHED:
        return denied(_l("This call is put away."), _l("You can still read everything."))
    if idea.state is IdeaState.IN_PROGRESS:
        return ALLOWED
    phase = call.support_window.phase(now)
    if phase is Phase.OPEN:
        return ALLOWED
    return denied(
        _l("This call has not opened yet.")
        if phase is Phase.BEFORE
        else _l("The discussion of this call is closed."),
        _l("You can still read every comment and the official answers."),
    )


def can_take_over(user: User | None, idea: Idea, into: Idea) -> Decision:
    """Move one's support from a merged idea to the one it went into: by one's own click only."""
    if user is None:
        return _NEED_ACCOUNT
    if idea.state is not IdeaState.MERGED or idea.merged_into_id != into.id:
        return denied(_l("These two ideas are not merged."))
    return ALLOWED


# --- officers -------------------------------------------------------------------------------


def can_work(
    user: User | None,
    *,
    hosts: Collection[int] = (),
    speaks: Collection[int] = (),
    officer_ids: Collection[int] = (),
) -> Decision:
    """Read and work on an idea in the office: organisers, who speaks for a host, who is assigned."""
    if user is None:
        return _NEED_ACCOUNT
    if is_keeper(user) or set(hosts) & set(speaks) or user.id in officer_ids:
        return ALLOWED
    return _OFFICERS


def can_open_desk(
    user: User | None, *, hosts: Collection[int], speaks: Collection[int]
) -> Decision:
    """See the office pages of a call: the office's readers and who speaks for a host."""
    if is_reader(user) or (user is not None and set(hosts) & set(speaks)):
        return ALLOWED
    return _OFFICERS


def can_own(user: User | None, idea: Idea, speaks: Collection[int]) -> Decision:
    """Tell how the work goes: organisers, and who speaks for the organisation that builds it."""
    if is_keeper(user) or (idea.owner_id is not None and idea.owner_id in speaks):
        return ALLOWED
    return denied(_l("Only the organisation that builds this idea tells how it goes."))


def next_states(idea: Idea) -> list[IdeaState]:
    """The states officers may give it by hand now, in the order of the board."""
    return [state for state in GIVEN if TRANSITIONS.allows(idea.state, state)]
