"""The demonstration multiplied for load tests: many people, many comments, under the same plan."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from engage.commons.accounts import service as accounts
from engage.commons.accounts.models import StakeholderKind, User
from engage.commons.comments import service as comments
from engage.commons.comments.models import Comment, ReactionValue, Stance
from engage.commons.documents.models import Document
from engage.core import clock
from engage.core.db import db, transactional
from engage.portal.demo import content
from engage.portal.demo.story import threads_of
from engage.programmes.consultations.service.following import note_voice

PER_SCALE = 2000
WRITERS = 10  # people for each step of the scale
CROWDED = "2.3"  # one paragraph gets more than half: a thousand and more for each step
CROWDED_SHARE = 0.55
CHUNK = 5000
KINDS = tuple(StakeholderKind)


def comments_now() -> int:
    """How many comments this database holds."""
    return db.session.scalar(select(func.count()).select_from(Comment)) or 0


def fill(
    document: Document, consultation_id: int, scale: int, now: datetime
) -> Iterator[tuple[int, int]]:
    """Bring the database to two thousand comments a step of `scale`; yields (done, wanted) as it goes.

    What is already there counts, so that a second call adds nothing.
    """
    wanted = scale * PER_SCALE
    missing = wanted - comments_now()
    if missing <= 0:
        return
    # the same scale gives the same data: figures can be compared
    chance = random.Random(scale)  # noqa: S311  no secret depends on it
    writers = _writers(scale * WRITERS, now)
    for writer in writers:
        note_voice(
            consultation_id,
            user_id=writer.id,
            guest_id=None,
            organisation_id=None,
            kind=writer.kind,
            at=now,
        )
    threads = threads_of(document)
    bodies = _bodies()
    done = 0
    while done < missing:
        size = min(CHUNK, missing - done)
        rows = _rows(size, done, chance, threads, writers, bodies, now)
        done += comments.import_comments(rows)
        yield done, missing


def writers() -> list[User]:
    """Everybody made for load tests."""
    return list(
        db.session.scalars(select(User).where(User.email.startswith("writer")).order_by(User.id))
    )


def _writers(number: int, now: datetime) -> list[User]:
    found = writers()
    with clock.at(now - timedelta(days=120)), transactional():
        found += [_writer(count) for count in range(len(found), number)]
    return found


def _writer(number: int) -> User:
    return accounts.create_confirmed(
        email=f"writer{number + 1}@{content.DOMAIN}",
        display_name=f"Writer {_letters(number)}",
        locale="en" if number % 2 else "fr",
        kind=KINDS[number % len(KINDS)],
    )


def _letters(number: int) -> str:
    text = ""
    number += 26
    while number:
        number, digit = divmod(number, 26)
        text = chr(ord("a") + digit) + text
    return text.capitalize()


def _bodies() -> list[tuple[str, str]]:
    """Sentences of the demonstration's own comments, to be put together anew."""
    said = [remark.body for remark in content.remarks()]
    return [(body.partition(". ")[0] + ".", body) for body in said]


def _rows(
    size: int,
    start: int,
    chance: random.Random,
    threads: dict[str, int],
    writers: list[User],
    bodies: list[tuple[str, str]],
    now: datetime,
) -> Iterator[comments.ImportedComment]:
    places = sorted(threads)
    roots: list[tuple[str, int]] = []
    for number in range(start, start + size):
        place = CROWDED if chance.random() < CROWDED_SHARE else chance.choice(places)
        thread_id = threads.get(place, threads[places[0]])
        writer = chance.choice(writers)
        reply_to = None
        if roots and chance.random() < 0.2:
            reply_to, thread_id = chance.choice(roots[-200:])
        first, _whole = chance.choice(bodies)
        _first, whole = chance.choice(bodies)
        key = f"load-{number}"
        if reply_to is None:
            roots.append((key, thread_id))
        yield comments.ImportedComment(
            thread_id=thread_id,
            kind=writer.kind,
            body=f"{first} {whole}"[: chance.randint(60, 700)].strip(),
            language=writer.locale,
            received_at=now - timedelta(minutes=chance.randint(1, 30_000)),
            author_id=writer.id,
            stance=chance.choice(tuple(Stance)),
            answer_days=30,
            key=key,
            reply_to=reply_to,
            reactions=tuple(_reactions(chance, writers)),
        )


def _reactions(chance: random.Random, writers: list[User]) -> Iterator[comments.ImportedReaction]:
    for user in chance.sample(writers, k=min(len(writers), chance.choice((0, 0, 0, 1, 2, 5)))):
        value = chance.choice((ReactionValue.AGREE, ReactionValue.AGREE, ReactionValue.DISAGREE))
        yield comments.ImportedReaction(user.id, user.kind, value)
