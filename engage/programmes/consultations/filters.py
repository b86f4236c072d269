"""What a list of consultations may be narrowed by; read from an address, never trusted."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from engage.core.i18n import _l
from engage.programmes.consultations.models import ConsultationState, Theme

Kind = TypeVar("Kind", bound=StrEnum)

SORTS = {
    "closing": _l("Closing soonest"),
    "newest": _l("Newest first"),
    "busiest": _l("Most people"),
}


@dataclass(frozen=True)
class Filters:
    """One narrowing. `q` as typed; the rest is what was understood of it."""

    q: str = ""
    state: ConsultationState | None = None
    theme: Theme | None = None
    organisation: str = ""
    sort: str = "closing"
    with_archived: bool = False

    @property
    def words(self) -> list[str]:
        """The words all of which must occur, folded like the text they are looked for in."""
        return fold(self.q).split()[:8]

    @property
    def is_narrowed(self) -> bool:
        """Does anything but the order differ from the plain list?"""
        return bool(self.q or self.state or self.theme or self.organisation)

    def query(self) -> dict[str, str]:
        """The address's query for these filters, without what is the default anyway."""
        found = {
            "q": self.q,
            "state": self.state.value if self.state else "",
            "theme": self.theme.value if self.theme else "",
            "organisation": self.organisation,
            "sort": self.sort if self.sort != "closing" else "",
        }
        return {name: value for name, value in found.items() if value}


def read(args: Mapping[str, str], *, in_office: bool = False) -> Filters:
    """Filters of an address's query; anything that is not offered counts as not given."""
    return Filters(
        q=" ".join(args.get("q", "").split())[:100],
        state=_member(ConsultationState, args.get("state", "")),
        theme=_member(Theme, args.get("theme", "")),
        organisation=args.get("organisation", "")[:80],
        sort=args.get("sort", "") if args.get("sort", "") in SORTS else "closing",
        with_archived=in_office,
    )


def fold(text: str) -> str:
    """Text as it is searched: no accents, no capitals."""
    bare = unicodedata.normalize("NFKD", text)
    return "".join(mark for mark in bare if not unicodedata.combining(mark)).casefold()


def _member(kind: type[Kind], value: str) -> Kind | None:
    try:
        return kind(value)
    except ValueError:
        return None
