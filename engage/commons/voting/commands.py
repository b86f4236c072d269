"""`flask tally`: count a file of papers. No database is opened, nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path

import click

from engage.commons.voting.formats.contest import Contest, FileError, placed
from engage.commons.voting.formats.files import read
from engage.commons.voting.methods import catalogue
from engage.commons.voting.methods.result import Result
from engage.commons.voting.methods.rules import Method, RuleError

# papers named one by one
_TOLD = 20


class _Fault(click.ClickException):
    """What is wrong, in one line on stderr."""

    exit_code = 2

    def __init__(self, text: object) -> None:
        super().__init__(" ".join(str(text).split()))


@click.command("tally")
@click.argument("method")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as one JSON object.")
@click.option("--seats", metavar="N", help="How many are elected; by default what the file says.")
@click.option(
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    help="An option of the method (repeatable).",
)
def tally(
    method: str, file: Path, as_json: bool, seats: str | None, options: tuple[str, ...]
) -> None:
    """Count the papers in FILE (.json, .blt, .abif, .pb) by METHOD.

    Stores nothing. Papers that cannot be counted are named on stderr and summed in the result.
    """
    try:
        chosen = catalogue.get(method)
        given = _given(options)
        wanted = None if seats is None else _whole(seats)
        contest = read(file)
        result = _counted(chosen, contest, wanted, given)
    except (FileError, RuleError) as fault:
        raise _Fault(fault) from None
    except OSError as fault:
        raise _Fault(f"{file}: {fault.strerror or fault}") from None
    _tell_refused(contest)
    if as_json:
        click.echo(json.dumps(result.as_dict(), ensure_ascii=False))
    else:
        _print(result)


def _given(options: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for option in options:
        name, sign, value = option.partition("=")
        if "." in name:  # majority.ID=3: the identifier may itself hold the sign
            name, sign, value = option.rpartition("=")
        if not sign:
            raise _Fault(f"--option wants NAME=VALUE, not “{option}”.")
        if name in found:
            raise _Fault(f"The option “{name}” is given twice.")
        found[name] = value
    return found


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _Fault(f"--seats wants a whole number, not “{text}”.")
    return int(text)


def _counted(method: Method, contest: Contest, seats: int | None, given: dict[str, str]) -> Result:
    # a file may speak of seats to a method that has but one winner; a person may not
    if seats is None:
        seats = (contest.seats or 1) if method.takes_seats else 1
    return method.tally(
        contest.profile(method.paper, weighs=method.weighs),
        given,
        seats=seats,
        budget=contest.budget,
        costs=contest.costs,
    )


def _tell_refused(contest: Contest) -> None:
    for paper in contest.refused[:_TOLD]:
        click.echo(placed(paper.why, paper.line, contest.unit).words(), err=True)
    if (more := len(contest.refused) - _TOLD) > 0:
        click.echo(f"... and {more} more papers that cannot be counted.", err=True)


def _print(result: Result) -> None:
    for sentence in result.explanation:
        click.echo(sentence.words())
    width = max(map(len, result.totals), default=0)
    click.echo()
    for name, total in result.totals.items():
        mark = "*" if name in result.winners else " "
        click.echo(f"{mark} {name:<{width}}  {total}")
    click.echo(f"\n{result.digest}")
