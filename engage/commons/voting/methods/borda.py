"""Points by place: of m options the first gets m-1, the last 0, what is not ranked 0."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.arrays import Matrix, Whole, np
from engage.commons.voting.methods.profile import BLOCK, Profile
from engage.commons.voting.methods.ranking import orders
from engage.commons.voting.methods.result import (
    Result,
    Round,
    Sentence,
    exact,
    say,
    say_many,
)
from engage.commons.voting.methods.rules import Method, Rules
from engage.commons.voting.methods.ties import Lots, top


def _tells(_rules: Rules, seats: int) -> Sentence:
    return say_many(
        "You put the options in order. With ten options the first gets 9 points, the second 8, "
        "and so on; equal ranks share their points, and what you do not rank gets 0. "
        "The option with the most points wins.",
        "You put the options in order. With ten options the first gets 9 points, the second 8, "
        "and so on; equal ranks share their points, and what you do not rank gets 0. "
        "The %(num)s options with the most points win.",
        seats,
    )


def doubled_points(profile: Profile) -> list[int]:
    """Twice the points of every option: equal ranks share theirs, which makes halves."""
    ranks = profile.ranks
    if ranks is None:
        raise ValueError("this profile holds no rankings")
    m = len(profile.options)
    made = np.zeros(m, dtype=np.int64)
    for start in range(0, len(ranks), BLOCK):
        rows, counts = ranks[start : start + BLOCK], profile.counts[start : start + BLOCK]
        ranked = rows > 0
        # without ties and gaps, the rank itself is the place
        plain = _is_plain(profile, rows)
        places = rows[plain].astype(np.int64)
        made += 2 * _weighed(np.where(ranked[plain], m - places, 0), counts[plain])
        made += _weighed(_shared(rows[~plain], m), counts[~plain])
    return [int(total) for total in made]


def _is_plain(profile: Profile, rows: Matrix) -> Matrix:
    """Which rows rank 1, 2, 3 ... without ties and gaps: read in full as orders, as deep as wide."""
    read = orders(Profile(profile.options, np.ones(len(rows), dtype=np.int64), ranks=rows))
    ranked = (rows > 0).sum(axis=1)
    found: Matrix = ((read != len(profile.options)).sum(axis=1) == ranked) & (
        rows.max(axis=1, initial=0) == ranked
    )
    return found


def _shared(rows: Matrix, m: int) -> Whole:
    """Twice the points on papers with ties or gaps: each gets the mean of the places it shares."""
    keys = rows - 1  # 0, not ranked, becomes the highest number
    columns = np.argsort(keys, axis=1, kind="stable")
    keys = np.take_along_axis(keys, columns, axis=1)
    places = np.broadcast_to(np.arange(m), keys.shape)
    starts = np.ones(keys.shape, dtype=bool)
    starts[:, 1:] = keys[:, 1:] != keys[:, :-1]
    ends = np.ones(keys.shape, dtype=bool)
    ends[:, :-1] = starts[:, 1:]
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, m)[:, ::-1], axis=1)[:, ::-1]
    points = np.where(keys == np.iinfo(rows.dtype).max, 0, 2 * (m - 1) - first - last)
    made = np.empty(rows.shape, dtype=np.int64)
    np.put_along_axis(made, columns, points, axis=1)
    return made


def _weighed(points: Whole, counts: Whole) -> Whole:
    made: Whole = (points * counts[:, None]).sum(axis=0)
    return made


def _count(
    profile: Profile,
    rules: Rules,
    *,
    seats: int = 1,
    budget: Fraction | None = None,
    costs: Sequence[Fraction] | None = None,
    seed: str = "",
) -> Result:
    m = len(profile.options)
    points = [Fraction(total, 2) for total in doubled_points(profile)]
    lots = Lots(seed, m)
    # with one option there are no points to win
    votes = points if m > 1 else [Fraction(profile.papers)]
    winners, tie = top(votes, seats, lots=lots, options=profile.options)
    names = [profile.options[index] for index in winners]
    totals = {name: exact(total) for name, total in zip(profile.options, points, strict=True)}
    told = [telling.nobody_voted()]
    if winners:
        told = [
            telling.winners_told(names),
            say(
                "%(name)s has %(points)s points. What a paper does not rank gets 0 points from it.",
                name=names[0],
                points=points[winners[0]],
            ),
        ]
    if tie:
        told.append(telling.tie_told(tie))
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=names,
        totals=totals,
        rounds=[Round(1, totals, elected=names, tie_break=tie)],
        explanation=told,
    )


METHOD = Method(
    name="borda",
    label=say("Points by rank (Borda)"),
    paper="ranks",
    tells=_tells,
    count=_count,
    takes_seats=True,
)
