"""Engage: the features in their one order, and the application made of them."""

from importlib import import_module
from typing import Any

# From left to right: a feature may import only what stands left of it.
FEATURES = (
    "core",
    "commons.accounts",
    "commons.notifications",
    "commons.moderation",
    "commons.comments",
    "commons.documents",
    "commons.voting",
    "programmes.consultations",
    "programmes.ideas",
    "portal.home",
    "portal.admin",
    "portal.demo",
)


def create_app(config: Any = None) -> Any:
    """The WSGI application. `config` is a class of `config.py`; by default the environment's."""
    core = import_module("engage.core.feature")
    app = core.create(config)
    for name in FEATURES:
        import_module(f"engage.{name}.feature").register(app)
    core.finish(app)
    return app
