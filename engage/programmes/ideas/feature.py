"""Ideas: what they register."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import Flask

from engage.commons.accounts import export
from engage.commons.accounts.events import AccountClosed
from engage.commons.accounts.export import ExportSource
from engage.commons.accounts.models import User
from engage.commons.comments import threads
from engage.commons.comments.events import CommentPublished, CommentRemoved
from engage.commons.moderation import kinds as moderation
from engage.commons.moderation.kinds import Kind, Subject
from engage.commons.notifications import topics
from engage.commons.notifications.models import Rhythm
from engage.commons.notifications.topics import Topic
from engage.commons.notifications.trail import sources
from engage.core import desk as office_desk
from engage.core import nav, pagecache, slots
from engage.core.errors import explain_constraint
from engage.core.events import listen
from engage.core.i18n import _l, locale_now
from engage.core.nav import NavItem
from engage.core.tasks import every
from engage.programmes.ideas import (
    commands,
    desk,
    filters,
    notices,
    office_queries,
    queries,
    reading,
    trail,
)
from engage.programmes.ideas import staff as _staff  # noqa: F401  its routes are on office_bp
from engage.programmes.ideas import submitting as _submitting  # noqa: F401  its routes are on bp
from engage.programmes.ideas.models import (
    LIVE,
    STANDING_LABELS,
    STATE_LABELS,
    STATE_TONES,
    Idea,
    IdeaState,
)
from engage.programmes.ideas.notices import idea_url
from engage.programmes.ideas.service import authors, supporting, writing
from engage.programmes.ideas.threads import THREAD_KIND, load_places
from engage.programmes.ideas.views import bp
from engage.programmes.ideas.workroom import bp as office_bp


@every(minutes=1)
def tick() -> None:
    """Hand out the news that could not be queued when it was written."""
    notices.hand_out()


def register(app: Flask) -> None:
    """Bind pages, registries, listeners and menu entries."""
    app.register_blueprint(bp)
    app.register_blueprint(office_bp)
    app.cli.add_command(commands.ideas)
    threads.kinds.add(threads.ThreadKind(THREAD_KIND, load_places))
    moderation.add(
        Kind(
            "idea",
            _l("Idea"),
            load=_subjects,
            hide=_hide,
            restore=writing.restore_idea,
        )
    )
    sources.add(trail.source)
    export.sources.add(ExportSource("ideas", _own))
    listen(AccountClosed, _account_closed)
    listen(CommentPublished, _comment_counted)
    listen(CommentRemoved, _comment_counted)
    topics.add(
        Topic(
            "ideas",
            _l("Ideas I support"),
            _l("When one is answered, decided on, merged or done."),
            Rhythm.DAILY,
            order=35,
        )
    )
    for name in ("uq_idea_supports_person", "uq_idea_supports_idea_id_organisation_id"):
        explain_constraint(name, _l("You support this idea already. It counts once."))
    pagecache.known_parameters(*filters.PARAMETERS)
    nav.add(NavItem("ideas", _l("Ideas"), "ideas.index", "ideas", order=20))
    nav.add(
        NavItem(
            "ideas",
            _l("Ideas"),
            "ideas_office.index",
            "ideas",
            order=15,
            area="office",
            roles=frozenset({"organiser", "analyst"}),
            count=lambda _user: office_queries.waiting_count(),
        )
    )
    office_desk.add(desk.SECTION)
    slots.fill("layout.me", desk.menu_entry, order=41)
    nav.add(NavItem("ideas", _l("My ideas"), "ideas.mine", "ideas", order=15, area="me"))
    slots.fill("home.me", reading.waiting)
    app.jinja_env.globals.update(
        idea_state_label=STATE_LABELS.__getitem__,
        idea_state_tone=STATE_TONES.__getitem__,
        call_standing_label=STANDING_LABELS.__getitem__,
        call_tone=reading.STANDING_TONES.__getitem__,
        call_words=reading.standing_words,
        idea_step_words=reading.step_words,
    )


def _account_closed(event: AccountClosed) -> None:
    authors.forget(event.user_id)
    supporting.forget(event.user_id)


def _comment_counted(event: CommentPublished | CommentRemoved) -> None:
    supporting.follow_comments(event.thread_id)


def _hide(idea_id: int, *, actor: User | None, reason: str) -> None:
    writing.hide_idea(idea_id, actor=actor, reason=reason)


def _subjects(ids: Collection[int]) -> Mapping[int, Subject]:
    return {
        ident: Subject(
            id=ident,
            title=idea.title,
            text=f"{idea.title}\n\n{idea.body}",
            html=idea.body_html,
            url=idea_url(idea),
            author_id=idea.author_id,
            language=idea.language,
            is_hidden=idea.state not in LIVE and idea.state is not IdeaState.SUBMITTED,
        )
        for ident, idea in queries.ideas_by_ids(ids).items()
        # nobody but its people ever saw a draft
        if idea.state is not IdeaState.DRAFT
    }


def _own(user: User) -> dict[str, list[Mapping[str, Any]]]:
    """What a person wrote and what they support."""
    found = queries.everything_of(user.id)
    return {
        "ideas": [_own_idea(idea) for idea, _supports in found if idea.author_id == user.id],
        "supports": [
            {
                "idea": idea.title,
                "address": idea_url(idea, locale=locale_now()),
                "for_organisation": support.organisation_id is not None,
                "supported_at": support.supported_at,
            }
            for idea, supports in found
            for support in supports
        ],
    }


def _own_idea(idea: Idea) -> Mapping[str, Any]:
    return {
        "address": idea_url(idea, locale=locale_now()),
        "title": idea.title,
        "text": idea.body,
        "answers": idea.answers,
        "place": idea.place_name,
        "latitude": idea.latitude,
        "longitude": idea.longitude,
        "state": idea.state,
        "language": idea.language,
        "created_at": idea.created_at,
        "published_at": idea.published_at,
        "answered_at": idea.answered_at,
    }
