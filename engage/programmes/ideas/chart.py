"""A chart of ideas, drawn by the server: where they are, without asking anybody else for tiles.

An equirectangular projection around the pins, true at their middle latitude. The picture is
part of the page: numbered pins with the same numbers as the list beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, log10, radians, sin, tau

WIDTH, HEIGHT = 960, 600
_MARGIN = 70
_LEAST_KM = 1.5
_PIN = 46.0  # a pin with its edge, across
_KM_A_DEGREE = 111.32
# the coast is too rough to be shown closer than this
_COAST_FROM_KM = 14.0
# the Opal Coast from Berck to the border, simplified by hand: (latitude, longitude)
_COAST = (
    (50.330, 1.560), (50.405, 1.555), (50.520, 1.575), (50.540, 1.600), (50.640, 1.575),
    (50.700, 1.566), (50.715, 1.562), (50.728, 1.590), (50.742, 1.588), (50.770, 1.604),
    (50.808, 1.600), (50.828, 1.590), (50.870, 1.582), (50.887, 1.662), (50.925, 1.709),
    (50.952, 1.770), (50.966, 1.835), (50.972, 1.900), (50.993, 1.960), (51.005, 2.100),
    (51.030, 2.200), (51.052, 2.360), (51.090, 2.545),
)  # fmt: skip
# where to look for room: the point itself, then six places around it, twelve around those
_RINGS = (
    (0.0, 0.0),
    *(
        (48.0 * ring * cos(tau * turn / (6 * ring)), 48.0 * ring * sin(tau * turn / (6 * ring)))
        for ring in range(1, 12)
        for turn in range(6 * ring)
    ),
)
_INLAND = ((50.9, 2.9), (50.2, 2.6), (50.2, 1.75))


@dataclass(frozen=True)
class Spot:
    """One pin in the picture."""

    number: int
    x: float
    y: float


@dataclass(frozen=True)
class Chart:
    """What the template draws: pins, the coast as a path, lines of the net, a scale."""

    spots: tuple[Spot, ...]
    coast: str
    columns: tuple[tuple[float, str], ...]
    rows: tuple[tuple[float, str], ...]
    scale_km: str
    scale_width: float
    width: int = WIDTH
    height: int = HEIGHT


def drawn(places: Sequence[tuple[float, float]]) -> Chart | None:
    """The chart of these places (latitude, longitude), numbered from 1; None when there are none."""
    if not places:
        return None
    south, north = min(p[0] for p in places), max(p[0] for p in places)
    west, east = min(p[1] for p in places), max(p[1] for p in places)
    middle = (south + north) / 2, (west + east) / 2
    narrow = max(0.05, cos(radians(middle[0])))
    high = max((north - south) * _KM_A_DEGREE, _LEAST_KM)
    wide = max((east - west) * _KM_A_DEGREE * narrow, _LEAST_KM)
    # points a kilometre
    grain = min((WIDTH - 2 * _MARGIN) / wide, (HEIGHT - 2 * _MARGIN) / high)

    def at(latitude: float, longitude: float) -> tuple[float, float]:
        x = WIDTH / 2 + (longitude - middle[1]) * _KM_A_DEGREE * narrow * grain
        y = HEIGHT / 2 - (latitude - middle[0]) * _KM_A_DEGREE * grain
        return round(x, 1), round(y, 1)

    spots = tuple(
        Spot(number, x, y)
        for number, (x, y) in enumerate(_apart([at(*place) for place in places]), 1)
    )
    shown_km = WIDTH / grain
    corners = [at(*point) for point in (*_COAST, *_INLAND)]
    coast = "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in corners) + "Z"
    is_near = all(abs(x) < 40 * WIDTH and abs(y) < 40 * WIDTH for x, y in corners)
    step = _round_step(shown_km / 3 / _KM_A_DEGREE)
    length = _round_step(shown_km / 5)
    return Chart(
        spots=spots,
        coast=coast if is_near and shown_km >= _COAST_FROM_KM else "",
        columns=tuple(
            (x, _degrees(value, step, "E", "W"))
            for value in _lines(middle[1], WIDTH / grain / _KM_A_DEGREE / narrow, step)
            if abs(value) <= 180 and 30 < (x := at(middle[0], value)[0]) < WIDTH - 30
        ),
        rows=tuple(
            (y, _degrees(value, step, "N", "S"))
            for value in _lines(middle[0], HEIGHT / grain / _KM_A_DEGREE, step)
            if abs(value) <= 90 and 30 < (y := at(value, middle[1])[1]) < HEIGHT - 30
        ),
        scale_km=f"{length:g}",
        scale_width=round(length * grain, 1),
    )


def _apart(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each point, or the nearest free place in rings around it: no pin hides another."""
    found: list[tuple[float, float]] = []
    for x, y in points:
        free = (
            place
            for place in (_inside(x + a, y + b) for a, b in _RINGS)
            if all(hypot(place[0] - a, place[1] - b) >= _PIN for a, b in found)
        )
        found.append(next(free, _inside(x, y)))
    return found


def _inside(x: float, y: float) -> tuple[float, float]:
    return (
        round(min(max(x, 30.0), WIDTH - 30.0), 1),
        round(min(max(y, 30.0), HEIGHT - 30.0), 1),
    )


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, not above `rough`."""
    power = 10.0 ** int(log10(rough) // 1)
    return max(power * factor for factor in (1, 2, 5) if power * factor <= rough * 1.0001)


def _lines(middle: float, span: float, step: float) -> list[float]:
    first = int((middle - span / 2) // step)
    return [round((first + number) * step, 6) for number in range(int(span / step) + 3)]


def _degrees(value: float, step: float, positive: str, negative: str) -> str:
    digits = max(0, -int(log10(step) // 1)) if step < 1 else 0
    return f"{abs(value):.{digits}f}° {positive if value >= 0 else negative}"
