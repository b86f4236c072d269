"""What features register, by name."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engage.core.registry import Registry

pytestmark = pytest.mark.pure


@dataclass(frozen=True)
class Mark:
    name: str
    colour: str = "red"


def test_entries_are_found_by_name_in_the_order_they_came() -> None:
    marks: Registry[Mark] = Registry()
    marks.add(Mark("north"))
    marks.add(Mark("east"))
    assert marks.get("east") == Mark("east")
    assert [mark.name for mark in marks] == ["north", "east"]


def test_the_same_name_is_replaced_where_it_stands() -> None:
    marks: Registry[Mark] = Registry()
    for mark in (Mark("north"), Mark("east"), Mark("north", "green")):
        marks.add(mark)
    assert list(marks) == [Mark("north", "green"), Mark("east")]


def test_a_name_whose_feature_is_gone_is_nobodys() -> None:
    marks: Registry[Mark] = Registry()
    assert marks.get("north") is None
    assert list(marks) == []


def test_each_registry_keeps_its_own() -> None:
    one: Registry[Mark] = Registry()
    other: Registry[Mark] = Registry()
    one.add(Mark("north"))
    assert other.get("north") is None
