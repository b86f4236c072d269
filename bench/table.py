"""The table: a line for each thing measured, what was wanted of it, and what it missed."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import config

RESULTS = config.ROOT / "bench" / "results.jsonl"


@dataclass(frozen=True)
class Bound:
    """What speed.md asks of one value of a line: `figure`, `p99`, `ratio` or `queries`."""

    what: str
    least: float | None = None
    most: float | None = None

    def told(self) -> str:
        sign, limit = (">=", self.least) if self.least is not None else ("<=", self.most)
        name = "" if self.what == "figure" else f"{self.what} "
        return f"{name}{sign} {limit:g}"

    def is_missed(self, value: float) -> bool:
        is_below = self.least is not None and value < self.least
        return is_below or (self.most is not None and value > self.most)


@dataclass(frozen=True)
class Line:
    """One thing measured. `more` goes into the results only."""

    name: str
    figure: float
    unit: str = "/s"
    p50: float | None = None
    p99: float | None = None
    against: str = ""
    ratio: float | None = None
    queries: int | None = None
    bytes: int | None = None
    errors: int = 0
    wanted: tuple[Bound, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def missed(self) -> list[str]:
        """Names of the values that are not as wanted; what was not measured is not judged."""
        return [
            bound.what
            for bound in self.wanted
            if (value := getattr(self, bound.what)) is not None and bound.is_missed(value)
        ]


HEAD = (
    *("name", "figure", "unit", "p50 ms", "p99 ms", "reference", "ratio"),
    *("queries", "bytes", "wanted", ""),
)
_TO_THE_LEFT = {0, 2, 5, 9, 10}


def show(lines: list[Line]) -> int:
    """Print the table and the count of what was missed; answers that count."""
    rows = [HEAD, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = [
            cell.ljust(width) if column in _TO_THE_LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    judged = [line for line in lines if line.wanted]
    missed = sum(bool(line.missed()) for line in judged)
    if judged:
        print(f"\n{missed} of {len(judged)} lines with something wanted of them MISSED it.")
    return missed


def _cells(line: Line) -> tuple[str, ...]:
    missed = line.missed()
    return (
        line.name,
        f"{line.figure:,.0f}" if line.figure >= 100 else f"{line.figure:.2f}",
        line.unit,
        _number(line.p50, ".1f"),
        _number(line.p99, ".1f"),
        line.against,
        _number(line.ratio, ".2f"),
        _number(line.queries, "d"),
        _number(line.bytes, ",d"),
        ", ".join(bound.told() for bound in line.wanted),
        f"MISSED {', '.join(missed)}" if missed else "",
    )


def _number(value: float | None, shape: str) -> str:
    return "" if value is None else format(value, shape)


def keep(lines: list[Line], run: dict[str, Any]) -> None:
    """Add a line of JSON per figure to the results; `run` says how it was measured."""
    at = int(time.time())
    with RESULTS.open("a") as kept:
        for line in lines:
            told: dict[str, Any] = {"at": at, **vars(line), **line.more, **run}
            del told["more"]
            told["wanted"] = [bound.told() for bound in line.wanted]
            told["missed"] = line.missed()
            kept.write(json.dumps(told) + "\n")
