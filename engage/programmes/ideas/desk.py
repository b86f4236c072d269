"""What ideas put on the desk: those that wait to be let in or answered, the most urgent first."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, url_for
from markupsafe import Markup

from engage.commons.accounts.models import StakeholderKind, User
from engage.core.desk import DeskItem, Section
from engage.core.i18n import _, _l, locale_now
from engage.programmes.ideas import office_queries as office
from engage.programmes.ideas.models import Idea, IdeaState


def _waiting(_user: Any, limit: int) -> list[DeskItem]:
    return [_item(idea) for idea in office.waiting(limit)]


def _item(idea: Idea) -> DeskItem:
    call = idea.call.words_in(locale_now()).title
    is_new = idea.state is IdeaState.SUBMITTED
    return DeskItem(
        title=idea.title,
        url=url_for("ideas_office.idea", idea_id=idea.id),
        detail=_("Waits to be published: %(call)s", call=call) if is_new else call,
        due_at=None if is_new else idea.due_at,
    )


def menu_entry(user: User | None) -> Markup | None:
    """The way to their calls for people who speak for an authority but are no staff."""
    if user is None or user.is_staff or user.kind is not StakeholderKind.AUTHORITY:
        return None
    if "ideas_in_menu" not in g:
        g.ideas_in_menu = office.is_asked_for_a_host(user)
    if not g.ideas_in_menu:
        return None
    return Markup(render_template("ideas/office/_menu.html"))  # noqa: S704  a template's output


SECTION = Section(
    key="ideas",
    title=_l("Ideas to answer"),
    empty=_l("Every idea that was promised an answer has one."),
    endpoint="ideas_office.index",
    icon="ideas",
    count=office.waiting_count,
    load=_waiting,
    roles=frozenset({"organiser"}),
    order=7,
)
