"""Share cards: the picture other sites show beside a link, drawn from its words by the server.

The quay from the water: four tones of the programme's accent, one yellow thing, the title in
front. What is drawn follows from what is passed alone, so equal cards are drawn once.
"""

import io
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
_EDGE = 72
_ROOM = WIDTH - 2 * _EDGE
_PAPER = "#ffffff"
_SIGNAL = "#ffd23f"
# night, quay, accent, light: as in the programme's covers
_TONES: dict[str, tuple[str, str, str, str]] = {
    "consultations": ("#062f42", "#0a4259", "#0b4f6c", "#8fc3da"),
    "ideas": ("#4a2003", "#6b3006", "#9a4409", "#f0b98a"),
    "hackathons": ("#560e20", "#75162d", "#9b1c3c", "#eba3b3"),
}
_FONT = (
    Path(__file__).resolve().parents[2]
    / "static"
    / "vendor"
    / "dejavu-2.37"
    / "DejaVuSerif-Bold.ttf"
)
_TITLE_SIZES = (68, 60, 52, 46, 40)
_TITLE_LINES = 4


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONT), size)


@lru_cache(maxsize=256)
def draw(programme: str, label: str, title: str, facts: str, place: str) -> bytes:
    """A PNG of 1200 x 630: what it is, its title, what is known of it, whose site it stands on.

    Words that do not fit are cut with an ellipsis; nothing ever runs out of the picture.
    """
    night, quay, accent, light = _TONES.get(programme, _TONES["consultations"])
    picture = Image.new("RGB", (WIDTH, HEIGHT), night)
    pen = ImageDraw.Draw(picture)
    _harbour(pen, quay, accent, light)
    pen.text((_EDGE, 62), _fitted(_plain(label), _font(30), _ROOM), light, font=_font(30))
    font, lines = _set(_plain(title))
    height = round(font.size * 1.24)
    top = 122
    for number, line in enumerate(lines):
        pen.text((_EDGE, top + number * height), line, _PAPER, font=font)
    pen.text((_EDGE, 474), _fitted(_plain(facts), _font(32), _ROOM), light, font=_font(32))
    pen.text((_EDGE, 556), _fitted(_plain(place), _font(28), _ROOM - 300), _PAPER, font=_font(28))
    held = io.BytesIO()
    picture.quantize(64).save(held, "PNG", optimize=True)
    return held.getvalue()


def _harbour(pen: ImageDraw.ImageDraw, quay: str, accent: str, light: str) -> None:
    """Depth lines above, the stepped quay edge below, a bollard with its rope."""
    for number in range(5):
        inset = 90 * number
        box = (WIDTH - 520 + inset, -260 + inset // 2, WIDTH + 420 - inset // 3, 330 - inset // 3)
        pen.arc(box, 80, 200, fill=quay, width=4)
    step = 44
    edge = [
        (0, 534),
        (WIDTH * 0.62, 534),
        (WIDTH * 0.62 + step, 534 + step),
        (WIDTH, 534 + step),
        (WIDTH, HEIGHT),
        (0, HEIGHT),
    ]
    pen.polygon(edge, fill=accent)
    pen.line(edge[:4], fill=light, width=8)
    pen.rounded_rectangle((1046, 536, 1114, 552), 8, fill=_SIGNAL)
    pen.polygon([(1060, 552), (1100, 552), (1106, 578), (1054, 578)], fill=_SIGNAL)
    pen.arc((1080, 470, 1420, 620), 60, 178, fill=light, width=6)


def _plain(text: str) -> str:
    """One line of what can be drawn: no controls, nothing that turns the direction."""
    kept = (" " if c.isspace() else c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join("".join(kept).split())


def _set(title: str) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest size at which the title fits, and its lines; the smallest one is cut."""
    lines: list[str] = []
    for size in _TITLE_SIZES:
        font = _font(size)
        lines = _wrapped(title, font)
        if len(lines) * size * 1.24 <= 340 and len(lines) <= _TITLE_LINES + (size < 50) * 2:
            return font, lines
    most = int(340 / (_TITLE_SIZES[-1] * 1.24))
    kept = lines[:most]
    kept[-1] = _fitted(f"{kept[-1]} {'x' * 40}", font, _ROOM) if len(lines) > most else kept[-1]
    return font, kept


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        for piece in _pieces(word, font):
            longer = f"{line} {piece}".strip()
            if line and font.getlength(longer) > _ROOM:
                lines.append(line)
                line = piece
            else:
                line = longer
    return [*lines, line] if line else lines or [""]


def _pieces(word: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """A word too long for a line, in parts that fit."""
    if font.getlength(word) <= _ROOM:
        return [word]
    parts, part = [], ""
    for mark in word:
        if font.getlength(part + mark) > _ROOM:
            parts.append(part)
            part = ""
        part += mark
    return [*parts, part]


def _fitted(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    """The text, or as much of it as fits with an ellipsis."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text.rstrip() + "…"
