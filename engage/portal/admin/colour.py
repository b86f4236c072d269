"""Contrast of colours (WCAG 2.2, 1.4.3), and the shades an instance's colour needs."""

from __future__ import annotations

import colorsys
import re

from engage.core.errors import Invalid
from engage.core.i18n import _

READABLE = 4.5
WHITE = "#ffffff"
DARK_SURFACE = "#1a252d"
DARK_TEXT = "#0b1b24"

_HEX = re.compile(r"#[0-9a-f]{6}")


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 black to 1 white (WCAG 2.2)."""
    red, green, blue = (_linear(part) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def checked(colour: str) -> str:
    """The colour in lower case. Raises Invalid when white words on it could not be read."""
    plain = colour.strip().lower()
    if not _HEX.fullmatch(plain):
        raise Invalid({"colour": _("Write a colour like #0b4f6c.")})
    ratio = contrast(plain, WHITE)
    if ratio < READABLE:
        raise Invalid(
            {
                "colour": _(
                    "White words on this colour are hard to read: %(ratio)s to 1, we need 4.5."
                    " Take a darker one, such as %(better)s.",
                    ratio=f"{ratio:.1f}",
                    better=towards(plain, WHITE),
                )
            }
        )
    return plain


def towards(colour: str, against: str, wanted: float = READABLE) -> str:
    """The nearest shade of the colour that reaches the wanted contrast against another."""
    hue, light, saturation = colorsys.rgb_to_hls(*_parts(colour))
    step, end = (0.01, 1.0) if luminance(against) < 0.18 else (-0.01, 0.0)
    while contrast(_hex(hue, light, saturation), against) < wanted and light != end:
        light = min(1.0, max(0.0, light + step))
    return _hex(hue, light, saturation)


def style_sheet(colour: str) -> str:
    """The tokens of both themes that follow from an instance's colour."""
    hue, light, saturation = colorsys.rgb_to_hls(*_parts(colour))
    pressed = _hex(hue, light * 0.75, saturation)
    lit = towards(colour, DARK_SURFACE, 6.0)
    lit_hue, lit_light, lit_saturation = colorsys.rgb_to_hls(*_parts(lit))
    lit_pressed = _hex(lit_hue, lit_light + (1 - lit_light) * 0.35, lit_saturation)
    bright = f"--primary:{colour};--primary-hover:{pressed};--on-primary:{WHITE}"
    dark = f"--primary:{lit};--primary-hover:{lit_pressed};--on-primary:{DARK_TEXT}"
    return (
        f":root,[data-theme=light]{{{bright}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f"[data-theme=dark]{{{dark}}}\n"
    )


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _hex(hue: float, light: float, saturation: float) -> str:
    parts = colorsys.hls_to_rgb(hue, light, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
