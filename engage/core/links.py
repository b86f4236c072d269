"""Addresses of pages, found once: building one costs as much as drawing a card."""

from typing import Any

from flask import Flask, has_request_context, request

from engage.core.i18n import locale_now

_MOST = 4096
_LONGEST = 80  # what readers typed is not worth remembering


class LinkingFlask(Flask):
    """A Flask that remembers the relative addresses it has built."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._links: dict[Any, str] = {}

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        """As Flask's, which answers for everything but plain addresses within a request."""
        if endpoint[:1] == "." or not has_request_context():
            return super().url_for(endpoint, **values)
        key: list[Any] = [endpoint, locale_now(), request.root_path]
        for name, value in values.items():
            kind = value.__class__
            if name[:1] == "_" or kind not in _PLAIN or (kind is str and len(value) > _LONGEST):
                return super().url_for(endpoint, **values)
            key += (name, kind, value)
        known = tuple(key)
        found = self._links.get(known)
        if found is None:
            found = super().url_for(endpoint, **values)
            if len(self._links) >= _MOST:
                self._links.clear()
            self._links[known] = found
        return found


_PLAIN = frozenset({int, str, bool, type(None)})
