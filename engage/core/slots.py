"""Slots: places on a detail page that features further right may fill."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from flask import Flask
from markupsafe import Markup

_fillings: defaultdict[str, dict[str, tuple[int, Callable[..., Any]]]] = defaultdict(dict)


def fill(slot: str, render: Callable[..., Any], order: int = 0) -> None:
    """Let `render(**context)` (Markup or None) appear in `slot`; lower `order` first."""
    _fillings[slot][f"{render.__module__}.{render.__qualname__}"] = (order, render)


def render(slot: str, **context: Any) -> Markup:
    """Everything that fills the slot, in order; empty when nothing does."""
    found = sorted(_fillings[slot].values(), key=lambda filling: filling[0])
    # Markup.join escapes whatever a filling did not render through a template
    return Markup("").join(part for _, fn in found if (part := fn(**context)))


def register(app: Flask) -> None:
    """Give templates `slot(name, **context)`."""
    app.jinja_env.globals["slot"] = render
