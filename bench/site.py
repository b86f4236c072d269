"""Engage as a load generator needs it: production settings, without the limits per person."""

import config
from engage import create_app

chosen = config.load()
chosen.RATELIMIT_ENABLED = False  # type: ignore[attr-defined]
app = create_app(chosen)
