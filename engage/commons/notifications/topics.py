"""What people can be told about. Features add their own; the preference page lists them all."""

from __future__ import annotations

from dataclasses import dataclass

from engage.commons.notifications.models import Rhythm


@dataclass(frozen=True)
class Topic:
    """`always`: the law or the account's safety wants it by mail, at once; nobody can switch it off."""

    name: str
    label: object
    hint: object
    default: Rhythm = Rhythm.IMMEDIATE
    always: bool = False
    order: int = 100


_topics: dict[str, Topic] = {}


def add(topic: Topic) -> None:
    _topics[topic.name] = topic


def get(name: str) -> Topic:
    return _topics[name]


def everything() -> list[Topic]:
    return sorted(_topics.values(), key=lambda topic: (topic.order, topic.name))


def choosable() -> list[Topic]:
    return [topic for topic in everything() if not topic.always]
