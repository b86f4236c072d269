"""Writes: tell somebody, mark as read, choose how to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, url_for
from sqlalchemy import delete, update

from engage.commons.accounts.models import User
from engage.commons.notifications import queries, tokens, topics
from engage.commons.notifications.models import (
    Digest,
    Notification,
    Preference,
    Rhythm,
)
from engage.commons.notifications.wording import title_of
from engage.core import audit, clock, outbox
from engage.core.db import db, transactional
from engage.core.errors import Invalid, Missing
from engage.core.i18n import _l, babel_name, force_locale, locales


def tell(
    user: User,
    *,
    topic: str,
    template: str,
    context: Mapping[str, Any],
    url: str,
    key: str | None = None,
) -> Notification:
    """Put it in the person's list, and mail it as the person prefers.

    `template` names a folder of `templates/mail/`; its subject is the title in the list, and
    `context["excerpt"]`, where given, the words below. The same `key` tells once, ever.
    """
    with transactional():
        if key is not None and (before := queries.told(user, key)) is not None:
            return before
        rhythm = queries.rhythm_for(user, topic)
        address = in_language(url, user.locale)
        notification = Notification(
            user_id=user.id,
            topic=topic,
            rhythm=rhythm,
            title=title_of(template, user.locale, {**context, "url": _absolute(address)}),
            excerpt=str(context.get("excerpt", ""))[:500],
            url=address,
            key=key,
            created_at=clock.now(),
        )
        db.session.add(notification)
        db.session.flush()
        if rhythm is Rhythm.IMMEDIATE and can_be_mailed(user):
            _mail(user, notification, template, context)
    return notification


def mark_read(notification_id: int, *, actor: User) -> Notification:
    """Mark one of the person's own as read. Missing for anybody else's."""
    with transactional():
        notification = queries.own_notification(notification_id, actor)
        if notification is None:
            raise Missing
        if notification.read_at is None:
            notification.read_at = clock.now()
    return notification


def mark_all_read(*, actor: User) -> None:
    with transactional():
        db.session.execute(
            update(Notification)
            .where(Notification.user_id == actor.id, Notification.read_at.is_(None))
            .values(read_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def choose(choices: Mapping[str, str], *, user: User, actor: User | None) -> None:
    """Set how the person is told about each topic; `actor` is None when a link from a mail acts.

    Raises Invalid for a topic or rhythm that is not offered.
    """
    offered = {topic.name for topic in topics.choosable()}
    wrong = {name for name in choices if name not in offered}
    chosen: dict[str, Rhythm] = {}
    for name, value in choices.items():
        try:
            chosen[name] = Rhythm(value)
        except ValueError:
            wrong.add(name)
    if wrong:
        raise Invalid({name: _l("Choose one of the options.") for name in sorted(wrong)})
    with transactional():
        present = queries.rhythms(user)
        changed = {name: new for name, new in chosen.items() if present[name] is not new}
        for name, new in changed.items():
            _set(user, name, new)
        if changed:
            audit.record(
                "preferences.changed",
                ("user", user.id),
                actor=actor,
                **{name: new.value for name, new in changed.items()},
            )


def unsubscribe(token: str) -> tuple[User, str]:
    """Stop mail about what the token names; doing it again changes nothing. Missing when forged."""
    user, topic = tokens.read_unsubscribe(token)
    offered = [known.name for known in topics.choosable()]
    names = offered if topic == tokens.ALL_TOPICS else [name for name in offered if name == topic]
    if not names:
        raise Missing
    choose(dict.fromkeys(names, Rhythm.IN_APP.value), user=user, actor=None)
    return user, topic


def forget(user_id: int) -> None:
    """Drop what a person who leaves was told, and how they wanted to be told."""
    with transactional():
        for model in (Notification, Digest, Preference):
            db.session.execute(delete(model).where(model.user_id == user_id))


def can_be_mailed(user: User) -> bool:
    return bool(user.active and user.confirmed_at and user.closed_at is None and user.email)


def mail_links(user: User, topic: str) -> dict[str, str]:
    """The addresses at the foot of every mail that can be switched off."""
    with force_locale(babel_name(user.locale)):
        return {
            "unsubscribe_url": _absolute(
                url_for(
                    "notifications.unsubscribe",
                    token=tokens.unsubscribe_token(user, topic),
                    locale=user.locale,
                )
            ),
            "preferences_url": _absolute(
                url_for(
                    "notifications.preferences",
                    token=tokens.preferences_token(user),
                    locale=user.locale,
                )
            ),
        }


def in_language(url: str, locale: str) -> str:
    """The same page of ours in the reader's language: `/en/me` becomes `/fr/me`."""
    first, slash, rest = url.removeprefix("/").partition("/")
    if not url.startswith("/") or first not in locales() or locale not in locales():
        return url
    return f"/{locale}{slash}{rest}"


def _set(user: User, topic: str, rhythm: Rhythm) -> None:
    row = queries.preference(user, topic)
    if row is None:
        row = Preference(user_id=user.id, topic=topic)
        db.session.add(row)
    row.rhythm = rhythm
    row.changed_at = clock.now()
    db.session.flush()
    if rhythm is not Rhythm.IMMEDIATE:
        # what waits for a digest follows the new choice; nothing is mailed after "no mail"
        db.session.execute(
            update(Notification)
            .where(
                Notification.user_id == user.id,
                Notification.topic == topic,
                Notification.rhythm.in_([Rhythm.DAILY, Rhythm.WEEKLY]),
                Notification.digest_id.is_(None),
            )
            .values(rhythm=rhythm)
            .execution_options(synchronize_session=False)
        )


def _mail(
    user: User, notification: Notification, template: str, context: Mapping[str, Any]
) -> None:
    optional = not topics.get(notification.topic).always
    links = mail_links(user, notification.topic) if optional else {}
    outbox.post(
        to=user.email,
        template=template,
        locale=user.locale,
        context={
            **context,
            **links,
            "reader": user,
            "url": _absolute(notification.url),
        },
        key=f"notification-{notification.id}",
        list_unsubscribe=links.get("unsubscribe_url"),
    )


def _absolute(url: str) -> str:
    return url if "://" in url else current_app.config["BASE_URL"].rstrip("/") + url
