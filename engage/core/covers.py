"""Covers: a drawing for everything that has no picture of its own.

Each programme has its compositions, all of one harbour, in four tones of its accent and one
yellow thing. Which one a thing gets follows from its seed, so it never changes.
"""

from flask import Flask, current_app

COMPOSITIONS: dict[str, tuple[str, ...]] = {
    "consultations": ("consultations", "consultations-2", "consultations-3", "consultations-4"),
    "ideas": ("ideas", "ideas-2", "ideas-3", "ideas-4", "ideas-5", "ideas-6"),
    # one idea among many: the same drawings in other colours, so that a wall of cards is not one
    "idea": ("ideas", "idea-2", "idea-3", "idea-4", "idea-5", "idea-6"),
}


def names(programme: str) -> tuple[str, ...]:
    """The covers to choose from for a programme."""
    return COMPOSITIONS.get(programme, (programme,))


def cover_url(programme: str, seed: int = 0, chosen: str | None = None) -> str:
    """The address of a cover: the chosen one when there is such a drawing, else the seed's."""
    drawings = names(programme)
    name = chosen if chosen in drawings else drawings[seed % len(drawings)]
    url: str = current_app.jinja_env.globals["asset_url"](f"img/covers/{name}.svg")  # type: ignore[operator]
    return url


def register(app: Flask) -> None:
    """Give templates `cover_url`."""
    app.jinja_env.globals.update(cover_url=cover_url, cover_names=names)
