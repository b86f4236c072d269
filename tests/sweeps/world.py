"""A small inhabited site for the sweeps: people of every role, and things in every state.

`World(rows)` holds the same things whatever `rows` is; only the number of rows behind each list
differs. Features add their inhabitants with `@inhabits` and their addresses with `@addresses`,
in `tests/sweeps/inhabitants.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from tests.sweeps.kept import Kept, is_empty, keep, put_back

EVERYBODY = (
    "anonymous",
    "resident",
    "author",
    "member",
    "moderator",
    "organiser",
    "communications",
    "analyst",
    "admin",
)
STAFF = frozenset({"moderator", "organiser", "communications", "analyst", "admin"})
ALL = frozenset(EVERYBODY)
SIGNED_IN = ALL - {"anonymous"}


class World:
    """The site's inhabitants: `people["moderator"]` is a User; things are attributes by name."""

    def __init__(self, rows: int = 1) -> None:
        self.rows = rows
        self.people: dict[str, Any] = {}
        self.things: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["things"][name]
        except KeyError:
            raise AttributeError(f"nothing in this world is called {name}") from None


@dataclass(frozen=True)
class Case:
    """One address of an endpoint: its label, its values, and who may see it.

    Whoever may not, gets `refusal`: 404 for what does not exist for them, 403 where the page
    itself says why.
    """

    label: str
    values: Mapping[str, Any] = field(default_factory=dict)
    seen_by: frozenset[str] = ALL
    refusal: tuple[int, ...] = (404,)


_inhabitants: list[Callable[[World], None]] = []
_addresses: dict[str, Callable[[World], list[Case]]] = {}


def inhabits(fill: Callable[[World], None]) -> Callable[[World], None]:
    """Register a function that puts things into the world."""
    _inhabitants.append(fill)
    return fill


def addresses(
    *wanted: str,
) -> Callable[[Callable[[World], list[Case]]], Callable[[World], list[Case]]]:
    """Register the cases of endpoints (`feature.word`) or of all routes with these parameters
    (`<document_id>`; several as `<consultation_id>,<document_id>`). An endpoint's own come first."""

    def mark(cases: Callable[[World], list[Case]]) -> Callable[[World], list[Case]]:
        for name in wanted:
            _addresses[name] = cases
        return cases

    return mark


_kept: dict[int, Kept] = {}


def build(rows: int = 1) -> World:
    """An inhabited world, inside an application context, on an empty database."""
    import tests.sweeps.ideas
    import tests.sweeps.inhabitants  # noqa: F401  registers everything

    world = World(rows)
    kept, is_alone = _kept.get(rows), is_empty()
    if is_alone and kept is not None and kept.is_of_now:
        world.people, world.things = put_back(kept)
        return world
    for fill in _inhabitants:
        fill(world)
    if is_alone and (made := keep(world.people, world.things)) is not None:
        _kept[rows] = made
    return world


def parameters(rule: Rule) -> tuple[str, ...]:
    return tuple(sorted(rule.arguments - {"locale"}))


def readable(app: Flask) -> Iterator[Rule]:
    """Every route a person can open by GET; machines' and static addresses aside."""
    return _routes(app, "GET")


def writable(app: Flask) -> Iterator[Rule]:
    """Every route that takes a POST."""
    return _routes(app, "POST")


def _routes(app: Flask, method: str) -> Iterator[Rule]:
    seen = set()
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: r.rule):
        mark = getattr(app.view_functions[rule.endpoint], "access_mark", None)
        if method not in (rule.methods or set()) or mark is None or rule.endpoint == "static":
            continue
        key = (rule.endpoint, parameters(rule))
        if key not in seen:
            seen.add(key)
            yield rule


def cases(rule: Rule, world: World) -> list[Case]:
    """The cases of a route. Fails, saying what to add, when nobody registered its parameters."""
    names = parameters(rule)
    by_names = ",".join(f"<{name}>" for name in names)
    provider = _addresses.get(rule.endpoint) or (_addresses.get(by_names) if names else None)
    if provider is not None:
        return provider(world)
    if not names:
        return [Case("the page")]
    raise AssertionError(
        f"{rule.rule} ({rule.endpoint}) is swept by nobody: add to tests/sweeps/inhabitants.py\n"
        f"    @addresses({by_names!r})  # or {rule.endpoint!r}\n"
        f"    def ...(world: World) -> list[Case]:\n"
        f"        return [Case('own', {{{', '.join(repr(n) + ': ...' for n in names)}}}, seen_by=...)]"
    )
