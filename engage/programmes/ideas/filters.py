"""What a list of ideas may be narrowed and ordered by; read from an address, never trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import current_app

from engage.commons.accounts.models import StakeholderKind
from engage.core.i18n import _l, locales
from engage.programmes.ideas.models import LIVE, IdeaState
from engage.programmes.ideas.ranking import SEEDS

Kind = TypeVar("Kind", bound=StrEnum)

SORTS = {
    "random": _l("Fair shuffle"),
    "newest": _l("Newest first"),
    "supported": _l("Most supported"),
    "discussed": _l("Most discussed"),
    "agreed": _l("Supported across stakeholder kinds"),
}
VIEWS = ("list", "board", "map")
# orders that only the office has
OFFICE_SORTS = {
    "due": _l("Answer due soonest"),
    "newest": _l("Newest first"),
    "supported": _l("Most supported"),
    "discussed": _l("Most discussed"),
    "agreed": _l("Supported across stakeholder kinds"),
    "score": _l("Best score"),
}
PARAMETERS = ("category", "call", "seed", "place")


@dataclass(frozen=True)
class Filters:
    """One narrowing. `q` as typed; the rest is what was understood of it."""

    q: str = ""
    call_id: int | None = None
    category_id: int | None = None
    state: IdeaState | None = None
    kind: StakeholderKind | None = None
    organisation: str = ""
    language: str = ""
    has_place: bool = False
    sort: str = "random"
    seed: int = 1
    view: str = "list"
    default_sort: str = "random"
    # the office's own: None when it does not matter
    officer_id: int | None = None
    is_waiting: bool = False
    is_unassigned: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Does anything but order and view differ from the plain list?"""
        return bool(
            self.q
            or self.category_id
            or self.state
            or self.kind
            or self.organisation
            or self.language
            or self.has_place
            or self.officer_id
            or self.is_waiting
            or self.is_unassigned
        )

    def query(self, **over: Any) -> dict[str, str]:
        """The address's query for these filters, without what is the default anyway.

        `over` replaces single filters by their field names: `query(view="map")`.
        """
        this = replace(self, **over) if over else self
        found = {
            "q": this.q,
            "call": str(this.call_id or ""),
            "category": str(this.category_id or ""),
            "state": this.state.value if this.state else "",
            "kind": this.kind.value if this.kind else "",
            "organisation": this.organisation,
            "language": this.language,
            "place": "1" if this.has_place else "",
            "sort": this.sort if this.sort != this.default_sort else "",
            "seed": str(this.seed) if this.sort == "random" else "",
            "view": this.view if this.view != "list" else "",
            "officer": str(this.officer_id or ""),
            "waiting": "1" if this.is_waiting else "",
            "unassigned": "1" if this.is_unassigned else "",
        }
        return {name: value for name, value in found.items() if value}


def read(
    args: Mapping[str, str],
    *,
    now: datetime,
    call_id: int | None = None,
    visitor: str = "",
) -> Filters:
    """Filters of a public list's address; anything that is not offered counts as not given.

    Without a seed in the address the order is the day's for this `visitor` (see `day_seed`).
    """
    seed = _number(args.get("seed", ""))
    return Filters(
        **_common(args, call_id),
        state=_of(IdeaState, args.get("state", ""), LIVE),
        sort=args.get("sort", "") if args.get("sort", "") in SORTS else "random",
        seed=seed if seed and seed <= SEEDS else day_seed(now, visitor),
        view=args.get("view", "") if args.get("view", "") in VIEWS else "list",
    )


def read_office(args: Mapping[str, str], *, call_id: int | None = None) -> Filters:
    """Filters of the office's list: every state but drafts, and what waits for whom."""
    offered = tuple(state for state in IdeaState if state is not IdeaState.DRAFT)
    return Filters(
        **_common(args, call_id),
        state=_of(IdeaState, args.get("state", ""), offered),
        sort=args.get("sort", "") if args.get("sort", "") in OFFICE_SORTS else "due",
        default_sort="due",
        view=args.get("view", "") if args.get("view", "") in VIEWS else "list",
        officer_id=_number(args.get("officer", "")),
        is_waiting=args.get("waiting") == "1",
        is_unassigned=args.get("unassigned") == "1",
    )


def day_seed(now: datetime, visitor: str = "") -> int:
    """The number of this visitor's order today, 1 to SEEDS; the day is that of the place.

    The empty visitor is everybody whose page is shared: another order each day.
    """
    day = now.astimezone(ZoneInfo(current_app.config["TIMEZONE"])).date().isoformat()
    digest = hashlib.sha256(f"{day}|{visitor}".encode()).digest()
    return int.from_bytes(digest[:4]) % SEEDS + 1


def other_seed(seed: int) -> int:
    """Another order, for who wants to shuffle again; all of them come round."""
    return (seed + 26) % SEEDS + 1


def _common(args: Mapping[str, str], call_id: int | None) -> dict[str, Any]:
    language = args.get("language", "")
    return {
        "q": " ".join(args.get("q", "").split())[:100],
        "call_id": call_id or _number(args.get("call", "")),
        "category_id": _number(args.get("category", "")),
        "kind": _of(StakeholderKind, args.get("kind", ""), tuple(StakeholderKind)),
        "organisation": args.get("organisation", "")[:80].replace("\0", ""),
        "language": language if language in locales() else "",
        "has_place": args.get("place") == "1",
    }


def _number(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _of(kind: type[Kind], value: str, offered: tuple[Kind, ...]) -> Kind | None:
    return next((member for member in offered if member.value == value), None)
