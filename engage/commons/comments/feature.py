"""Comments: what they register."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import Flask

from engage.commons.accounts import export, guests
from engage.commons.accounts.events import AccountClosed, GuestClaimed, GuestConfirmed
from engage.commons.accounts.export import ExportSource
from engage.commons.accounts.models import User
from engage.commons.comments import answers, commands, forms, queries, service, staff, trail, views
from engage.commons.comments.models import CommentState
from engage.commons.comments.notices import comment_url
from engage.commons.comments.receipts import receipt_number
from engage.commons.moderation import kinds as moderation
from engage.commons.moderation.kinds import Kind, Subject
from engage.commons.notifications.trail import sources
from engage.core import clock, desk, nav, slots
from engage.core.desk import DeskItem
from engage.core.errors import explain_constraint
from engage.core.events import listen
from engage.core.i18n import _, _l
from engage.core.nav import NavItem
from engage.core.richtext import plain


def register(app: Flask) -> None:
    """Bind pages, the office list, moderation, the trail, the copy of one's data, and listeners."""
    app.register_blueprint(views.bp)
    app.register_blueprint(staff.bp)
    app.cli.add_command(commands.comments)
    app.jinja_env.globals["receipt_number"] = receipt_number
    app.jinja_env.globals["stances"] = dict(forms.STANCES)
    moderation.add(
        Kind("comment", _l("Comment"), load=_subjects, hide=_hide, restore=service.restore_comment)
    )
    sources.add(trail.source)
    export.sources.add(ExportSource("comments", _own_comments))
    export.sources.add(ExportSource("reactions", _own_reactions))
    guests.add("comments", _sent_by_guest)
    listen(GuestConfirmed, _publish_held)
    listen(GuestClaimed, _claim)
    listen(AccountClosed, _anonymise)
    for name in (
        "uq_comment_reactions_comment_id_user_id",
        "uq_thread_reactions_thread_id_user_id",
    ):
        explain_constraint(name, _l("You have said this already. It counts once."))
    slots.fill("layout.me", views.menu_entry, order=40)
    slots.fill("organisations.detail", views.statements)
    nav.add(
        NavItem(
            "answers",
            _l("Answers"),
            "comments_office.index",
            "comment",
            order=20,
            area="office",
            roles=frozenset({"organiser"}),
            count=lambda _user: answers.waiting(None),
        )
    )
    desk.add(
        desk.Section(
            key="answers",
            title=_l("To answer"),
            empty=_l("Every comment that was promised an answer has one."),
            endpoint="comments_office.index",
            icon="comment",
            count=lambda: answers.waiting(None),
            load=_waiting,
            roles=frozenset({"organiser"}),
            order=5,
        )
    )


def _publish_held(event: GuestConfirmed) -> None:
    service.publish_held(event.guest_id)


def _sent_by_guest(guest_id: int) -> list[guests.Sent]:
    found = queries.shown_of_guest(guest_id, 20)
    hung = queries.places((comment.thread for comment in found), None, clock.now())
    return [
        guests.Sent(
            _("A comment on %(place)s", place=place.title),
            f"{comment_url(comment.id)}#c{comment.id}",
            waits=comment.state is CommentState.HELD,
        )
        for comment in found
        if (place := hung.get(comment.thread_id)) is not None and place.is_visible
    ]


def _claim(event: GuestClaimed) -> None:
    service.claim(event.guest_id, event.user_id)


def _anonymise(event: AccountClosed) -> None:
    service.anonymise(event.user_id)


def _hide(comment_id: int, *, actor: User | None, reason: str) -> None:
    service.hide_comment(comment_id, actor=actor, reason=reason)


def _subjects(ids: Collection[int]) -> Mapping[int, Subject]:
    found = queries.comments_by_ids(ids)
    hung = queries.places((comment.thread for comment in found.values()), None, clock.now())
    subjects = {}
    for ident, comment in found.items():
        place = hung.get(comment.thread_id)
        subjects[ident] = Subject(
            id=ident,
            title=_l("A comment on %(place)s", place=place.title) if place else _l("Comment"),
            text=comment.body,
            html=comment.body_html,
            url=comment_url(ident),
            author_id=comment.author_id,
            guest_id=comment.guest_id,
            language=comment.language,
            context_url=place.url if place else None,
            is_hidden=comment.state is not CommentState.PUBLISHED,
        )
    return subjects


def _waiting(user: User, limit: int) -> list[DeskItem]:
    now = clock.now()
    first = answers.first_waiting(limit)
    hung = queries.places((comment.thread for comment in first), user, now)
    return [
        DeskItem(
            plain(comment.body, limit=80),
            staff.answer_url(comment.id),
            hung[comment.thread_id].title if comment.thread_id in hung else "",
            comment.due_at,
        )
        for comment in first
    ]


def _own_comments(user: User) -> Iterator[Mapping[str, Any]]:
    for comment in queries.everything_of(user.id):
        yield {
            "receipt": receipt_number(comment.id),
            "address": comment_url(comment.id),
            "text": comment.body,
            "stance": comment.stance,
            "state": comment.state,
            "language": comment.language,
            "received_at": comment.received_at,
            "edited_at": comment.edited_at,
            "answered_at": comment.answered_at,
        }


def _own_reactions(user: User) -> Iterator[Mapping[str, Any]]:
    for reaction in queries.reactions_of(user.id):
        yield {
            "to": "comment" if reaction.comment_id is not None else "subject",
            "address": comment_url(reaction.comment_id) if reaction.comment_id is not None else "",
            "value": reaction.value,
            "reacted_at": reaction.reacted_at,
        }
