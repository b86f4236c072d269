"""What can be reported. Each feature whose people write adds its kind."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engage.core.errors import Missing


@dataclass(frozen=True)
class Subject:
    """One contribution as moderation sees it. `html` comes stored from `core.richtext`.

    `title` is lazy where it is ours to say: letters say it in their reader's language.
    `url` shows it in its place, `context_url` what stands around it (the same, unless told).
    `is_hidden` also covers withdrawn: readers no longer see it.
    """

    id: int
    title: Any
    text: str
    html: str
    url: str
    author_id: int | None = None
    guest_id: int | None = None
    language: str = ""
    context_url: str | None = None
    is_hidden: bool = False


@dataclass(frozen=True)
class Kind:
    """How moderation reaches one kind of contribution.

    `load(ids)` answers every Subject that exists, many at once, hidden ones too.
    `hide(id, actor=, reason=)` and `restore(id, actor=)` join the running transaction.
    """

    name: str
    label: Any
    load: Callable[[Collection[int]], Mapping[int, Subject]]
    hide: Callable[..., object]
    restore: Callable[..., object]


_kinds: dict[str, Kind] = {}


def add(kind: Kind) -> None:
    _kinds[kind.name] = kind


def get(name: str) -> Kind:
    """The kind; Missing for a name nobody registered."""
    try:
        return _kinds[name]
    except KeyError:
        raise Missing from None


def label(name: str) -> Any:
    """What readers call the kind; its bare name once the feature it came from has left."""
    kind = _kinds.get(name)
    return kind.label if kind else name


def named(said: Mapping[str, str]) -> tuple[str, int]:
    """The contribution an address or a form names by `kind` and `id`; Missing when it names none."""
    digits = said.get("id", "")
    # no row has a number of ten digits from 2**31 on, and PostgreSQL refuses to look for one
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10 and int(digits) < 2**31):
        raise Missing
    return said.get("kind", ""), int(digits)


def subjects(named: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Subject]:
    """Contributions of any kinds, one load for each kind; what is gone is absent,
    and so is what a feature left behind that is there no more."""
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for name, ident in named:
        wanted[name].add(ident)
    return {
        (name, ident): subject
        for name, idents in wanted.items()
        if (kind := _kinds.get(name)) is not None
        for ident, subject in kind.load(sorted(idents)).items()
    }


def names() -> list[str]:
    return sorted(_kinds)


def subject(name: str, ident: int) -> Subject:
    """The contribution; Missing when there is none."""
    found = get(name).load([ident]).get(ident)
    if found is None:
        raise Missing
    return found
