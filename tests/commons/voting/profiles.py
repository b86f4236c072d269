"""Profiles written as people write them: `ranked("42 M>N>C>K", "3 A=B>C")`."""

from __future__ import annotations

from typing import Any

from engage.commons.voting.methods import catalogue
from engage.commons.voting.methods.profile import Order, Profile


def ranked(*papers: str, options: str = "") -> Profile:
    """Rankings of options of one letter or word each, sorted by name unless `options` orders them."""
    split = [paper.partition(" ") for paper in papers]
    named = {one for _, _, text in split for level in text.split(">") for one in level.split("=")}
    names = options.split() or sorted(named - {""})
    return Profile.from_orders(
        names, [(int(count), order(text, names)) for count, _, text in split]
    )


def order(text: str, names: list[str]) -> Order:
    """The levels of "A=B>C"."""
    if not text:
        return ()
    return tuple(tuple(names.index(one) for one in level.split("=")) for level in text.split(">"))


def count(method: str, profile: Profile, seats: int = 1, **options: str) -> dict[str, Any]:
    """The plain result."""
    return catalogue.get(method).tally(profile, options, seats=seats).as_dict()
