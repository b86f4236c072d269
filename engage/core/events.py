"""Announce: how the left reaches the right without naming it."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

Event = TypeVar("Event")

_listeners: defaultdict[type, dict[str, Callable[[Any], None]]] = defaultdict(dict)


def listen(kind: type[Event], handler: Callable[[Event], None]) -> None:
    """Let `handler` hear every `kind`. Registering the same handler twice is once."""
    _listeners[kind][f"{handler.__module__}.{handler.__qualname__}"] = handler


def announce(event: object) -> None:
    """Tell all listeners now, in this transaction; a failure of theirs is ours."""
    for handler in tuple(_listeners[type(event)].values()):
        handler(event)
