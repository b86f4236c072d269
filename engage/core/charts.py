"""Charts as SVG made on the server, each with its figures in words or a table beside it.

Text is never scaled: only the inner plot stretches, labels stand at percentages of the box.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask
from markupsafe import Markup

from engage.core.i18n import _, format_number

_LEFT, _RIGHT, _TOP, _BOTTOM = 9.0, 97.0, 6.0, 84.0  # the plot inside the box, in percent
_LABEL = 9.0  # between the words of two lines


@dataclass(frozen=True)
class Series:
    """One line. None is a gap: no data yet is not 0."""

    name: str
    values: Sequence[float | None]
    is_dashed: bool = False


def nice_ticks(most: float, count: int = 4) -> list[float]:
    """Round numbers from 0 to at least `most`, about `count` steps."""
    if most <= 0 or not math.isfinite(most):
        return [0, 1]
    rough = most / count
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= rough * (1 - 1e-9))
    steps = math.ceil(most / step - 1e-9)
    return [round(i * step, 10) for i in range(steps + 1)]


def _x(i: int, count: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (i / (count - 1) if count > 1 else 0.5)


def _y(value: float, most: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * value / most


def line_chart(
    series: Sequence[Series], labels: Sequence[str], *, target: float | None = None, unit: str = ""
) -> Markup:
    """Lines over time. The caller shows the same figures in a table."""
    known = [v for s in series for v in s.values if v is not None]
    ticks = nice_ticks(max([*known, target or 0, 0]))
    parts = [_grid(ticks, unit), _time_axis(labels)]
    if target is not None:
        y = _y(target, ticks[-1])
        words = _("target: %(value)s", value=format_number(target) + unit)
        parts.append(
            Markup(
                '<line class="tgt" x1="{0}%" x2="{1}%" y1="{2:.1f}%" y2="{2:.1f}%"/>'
                '<text class="strong" x="10%" y="{2:.1f}%" dy="-8">{3}</text>'
            ).format(_LEFT, _RIGHT, y, words)
        )
    heights = _label_heights(series, ticks[-1])
    parts += [
        _line(s, k, len(labels), ticks[-1], unit, heights.get(k, 0.0))
        for k, s in enumerate(series, 1)
    ]
    return Markup('<svg class="chart h-chart" role="img" aria-label="{}">{}</svg>').format(
        _("Line chart; the same figures are in the table."), Markup("").join(parts)
    )


def _grid(ticks: Sequence[float], unit: str) -> Markup:
    row = Markup(
        '<line class="g" x1="{0}%" x2="{1}%" y1="{2:.1f}%" y2="{2:.1f}%"/>'
        '<text x="8%" y="{2:.1f}%" dy="5" text-anchor="end">{3}{4}</text>'
    )
    return Markup("").join(
        row.format(_LEFT, _RIGHT, _y(t, ticks[-1]), format_number(t), unit) for t in ticks
    )


def _time_axis(labels: Sequence[str]) -> Markup:
    last, longest = len(labels) - 1, max(map(len, labels), default=0)
    most = 7 if longest < 5 else 5 if longest < 8 else 3
    text = Markup('<text x="{:.1f}%" y="94%" text-anchor="{}">{}</text>')
    steps = min(last, most - 1)
    shown = [round(i * last / steps) for i in range(steps + 1)] if steps > 0 else range(last + 1)
    axis = Markup('<line class="ax" x1="{0}%" x2="{1}%" y1="{2}%" y2="{2}%"/>').format(
        _LEFT, _RIGHT, _BOTTOM
    )
    return axis + Markup("").join(
        # long words at the end would leave the box
        text.format(_x(i, len(labels)), "end" if i == last > 0 else "middle", labels[i])
        for i in shown
    )


def _label_heights(series: Sequence[Series], most: float) -> dict[int, float]:
    """Where the words of each line's end stand, in percent: above their point, never on others."""
    ends = sorted(
        (
            (_y(next(v for v in reversed(s.values) if v is not None), most), -k)
            for k, s in enumerate(series, 1)
            if any(v is not None for v in s.values)
        ),
        reverse=True,
    )
    found: dict[int, float] = {}
    above = 100.0
    for y, k in ends:
        found[-k] = above = min(y, above - _LABEL)
    # no room above: all move down together
    low = max(0.0, _TOP - above)
    return {k: y + low for k, y in found.items()}


def _line(
    series: Series, number: int, count: int, most: float, unit: str, label_y: float
) -> Markup:
    path, pen = [], "M"
    for i, value in enumerate(series.values):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{100 * i / max(1, count - 1):.1f} {100 - 100 * value / most:.1f}")
        pen = "L"
    known = [i for i, v in enumerate(series.values) if v is not None]
    if not known:
        return Markup("")
    last = known[-1]
    value = series.values[last] or 0
    return Markup(
        '<svg x="{l}%" y="{t}%" width="{w}%" height="{h}%" viewBox="0 0 100 100" preserveAspectRatio="none"'
        ' overflow="visible"><path class="ln st{n}{dash}" d="{d}"/></svg>'
        '<circle class="f{n}" cx="{x:.1f}%" cy="{y:.1f}%" r="6"/>'
        '<text class="strong" x="{x:.1f}%" y="{label_y:.1f}%" dy="-14" text-anchor="{anchor}">{name}: {value}{unit}</text>'
    ).format(
        l=_LEFT,
        t=_TOP,
        w=_RIGHT - _LEFT,
        h=_BOTTOM - _TOP,
        n=number,
        dash=" dash" if series.is_dashed else "",
        d="".join(path),
        x=_x(last, count),
        y=_y(value, most),
        label_y=label_y,
        anchor="end" if last > count - 3 else "middle",
        name=series.name,
        value=format_number(value),
        unit=unit,
    )


def spark(values: Sequence[float]) -> Markup:
    """A small line without words, beside a figure that has them."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    points = [
        (100 * i / (len(values) - 1), 26 - 22 * (v - low) / ((high - low) or 1))
        for i, v in enumerate(values)
    ]
    path = "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in points)
    return Markup(
        '<svg class="spark" aria-hidden="true"><svg viewBox="0 0 100 30" preserveAspectRatio="none" width="96%"'
        ' height="100%" overflow="visible"><path d="{}"/></svg><circle cx="96%" cy="{:.0f}%" r="4.5"/></svg>'
    ).format(path, points[-1][1] / 30 * 100)


def clock_chart(in_time: int, late: int, waiting: int, days: int | None) -> Markup:
    """The response clock: shares of answers in time, late and waiting; the median in its middle."""
    ticks = Markup("").join(
        Markup(
            '<path class="tick" d="M100 {}V10" stroke-width="{}" transform="rotate({} 100 100)"/>'
        ).format(2 if a % 90 == 0 else 5, 3 if a % 90 == 0 else 1.5, a)
        for a in range(0, 360, 12)
    )
    middle = Markup(
        '<text class="big" x="100" y="108" text-anchor="middle">{}</text>'
        '<text class="sm" x="100" y="132" text-anchor="middle">{}</text>'
    ).format(
        "–" if days is None else days, _("no answer yet") if days is None else _("days, median")
    )
    return Markup(
        '<svg class="clock" viewBox="0 0 200 200" role="img" aria-label="{}">{}</svg>'
    ).format(
        _("Response clock; the figures are in the list beside it."),
        ticks + _arcs((("ok", in_time), ("late", late), ("wait", waiting))) + middle,
    )


def _arcs(shares: Sequence[tuple[str, int]]) -> Markup:
    total = sum(count for _name, count in shares)
    if not total:
        return Markup(
            '<circle class="none" cx="100" cy="100" r="78" fill="none" stroke-width="12"/>'
        )
    drawn, start = [], 0.0
    for name, count in shares:
        if count:
            drawn.append(_arc(name, start, count / total))
        start += count / total
    return Markup("").join(drawn)


def _arc(name: str, start: float, share: float) -> Markup:
    around, gap = 2 * math.pi * 78, 4.0
    length = around if share == 1 else max(1.5, around * share - gap)
    dashes = f"{length:.1f} {around:.1f}"
    if name == "wait":  # waiting is drawn in small steps, so that it differs without colour
        steps = max(1, int(length // 6))
        dashes = " ".join(["3 3"] * steps) + f" 0 {around:.1f}"
    return Markup(
        '<circle class="{}" cx="100" cy="100" r="78" fill="none" stroke-width="{}" stroke-dasharray="{}"'
        ' transform="rotate({:.1f} 100 100)"/>'
    ).format(
        name, 12 if name == "wait" else 18, dashes, start * 360 - 90 + (0 if share == 1 else 1.5)
    )


def register(app: Flask) -> None:
    """Give templates the charts."""
    app.jinja_env.globals.update(
        clock_chart=clock_chart, line_chart=line_chart, spark=spark, Series=Series
    )
