"""Pictures of what the demonstration has built, drawn here: no photograph of a real place is ours."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw
from werkzeug.datastructures import FileStorage

WIDTH, HEIGHT = 1200, 800
_SKY, _WATER, _QUAY, _EDGE = "#c9dde6", "#5b8ba3", "#b9b2a4", "#8d8677"
_DARK, _METAL, _SIGNAL = "#17222b", "#3d5663", "#ffd23f"


def of(name: str) -> FileStorage:
    """The picture of this name, as if somebody had sent it."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _SKY)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((930, 70, 1050, 190), fill="#fff4d6")
    pen.rectangle((0, 330, WIDTH, 560), fill=_WATER)
    for row in range(5):
        for wave in range(row % 2 * 60, WIDTH, 190):
            pen.line((wave, 370 + 38 * row, wave + 70, 370 + 38 * row), fill="#86adbf", width=5)
    pen.rectangle((0, 540, WIDTH, HEIGHT), fill=_QUAY)
    pen.rectangle((0, 540, WIDTH, 566), fill=_EDGE)
    _DRAWN[name](pen)
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    data.seek(0)
    return FileStorage(data, filename=f"{name}.png", content_type="image/png")


def _bin(pen: ImageDraw.ImageDraw) -> None:
    for left in (180, 520, 860):
        pen.polygon(
            ((left, 430), (left + 170, 430), (left + 150, 700), (left + 20, 700)), fill=_METAL
        )
        pen.rounded_rectangle((left - 18, 385, left + 188, 440), 16, fill=_DARK)
        pen.rectangle((left + 55, 700, left + 115, 722), fill=_SIGNAL)
    # the gull that has to look elsewhere
    pen.ellipse((555, 310, 650, 368), fill="#ffffff")
    pen.ellipse((625, 280, 672, 327), fill="#ffffff")
    pen.polygon(((668, 300), (702, 308), (668, 314)), fill="#e08a1e")
    pen.polygon(((555, 330), (600, 318), (590, 352), (520, 350)), fill="#a9b7c1")
    pen.line((595, 366, 595, 386), fill="#e08a1e", width=5)
    pen.line((615, 366, 615, 386), fill="#e08a1e", width=5)


def _screen(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((570, 480, 630, 740), fill=_METAL)
    pen.rounded_rectangle((330, 130, 870, 500), 24, fill=_DARK)
    pen.line((380, 300, 480, 220, 580, 300, 680, 220, 780, 300, 820, 268), fill="#7cc4e8", width=14)
    for number, length in enumerate((300, 380, 220)):
        top = 350 + 46 * number
        pen.rectangle((380, top, 400, top + 24), fill=_SIGNAL)
        pen.rectangle((424, top, 424 + length, top + 24), fill="#e8eef2")
    pen.rectangle((0, 300, 260, 345), fill=_METAL)
    pen.polygon(((60, 300), (130, 170), (200, 300)), outline=_METAL, width=14)


_DRAWN = {"bins": _bin, "tide-screen": _screen}
