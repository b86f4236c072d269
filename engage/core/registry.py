"""What features on the right register and those on the left ask: entries by name."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Named(Protocol):
    """Whatever has a name."""

    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


class Registry(Generic[Entry]):
    """Entries of one sort in the order they came, each under its name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register an entry; one of the same name is replaced."""
        self._by_name[entry.name] = entry

    def get(self, name: str) -> Entry | None:
        """The entry of that name, None when its feature is gone."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._by_name.values())
