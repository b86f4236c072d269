"""Schulze: beat paths by winning votes; with a default option, Debian's procedure.

Sources: M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent
single-winner election method", Social Choice and Welfare 36 (2011); Constitution for the Debian
Project, appendix A.5 (A.6 before 2022): quorum, majority ratio, then Schwartz sequential dropping,
whose winners are those of the strongest paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.arrays import Whole, np
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.ranking import has_votes, named, pairwise
from engage.commons.voting.methods.result import Result, Round, Sentence, TieBreak, joined, say
from engage.commons.voting.methods.rules import Method, Rule, RuleError, Rules
from engage.commons.voting.methods.ties import Lots


def _tells(rules: Rules, _seats: int) -> Sentence:
    default = rules.get("default")
    if default is None:
        return say(
            "You put the options in order; what you do not rank counts as equal and last. Each "
            "option is compared with each other one. The winner beats every other option, or where "
            "the comparisons run in a circle, the weakest are left aside."
        )
    return say(
        "You put the options in order; what you do not rank counts as equal and last. Options that "
        "do not beat “%(default)s” clearly enough are dropped. Of the others the winner beats every "
        "other one, or where the comparisons run in a circle, the weakest are left aside.",
        default=default,
    )


def strongest_paths(strength: Whole) -> Whole:
    """Cell [a, b]: the strength of the best path from a to b, whose weakest step is its strength."""
    paths = strength.copy()
    for through in range(len(paths)):
        np.maximum(paths, np.minimum(paths[:, through, None], paths[None, through, :]), out=paths)
    np.fill_diagonal(paths, 0)
    return paths


def _dropped(votes: Whole, default: int, rules: Rules, options: Sequence[str]) -> dict[int, str]:
    """Options that fail against the default: index -> why ("quorum" or "majority")."""
    quorum = rules.number("quorum")
    ratios = rules.each("majority")
    if default in ratios:
        raise RuleError(
            say("majority.%(name)s: the default option needs no majority over itself.",
                name=options[default])
        )  # fmt: skip
    found = {}
    for option in range(len(votes)):
        above, below = int(votes[option, default]), int(votes[default, option])
        if option == default:
            continue
        if quorum is not None and above < quorum:
            found[option] = "quorum"
        elif above <= below or above < ratios.get(option, 1) * below:
            found[option] = "majority"
    return found


def _count(
    profile: Profile,
    rules: Rules,
    *,
    seats: int = 1,
    budget: Fraction | None = None,
    costs: Sequence[Fraction] | None = None,
    seed: str = "",
) -> Result:
    options, m = profile.options, len(profile.options)
    default = rules.option("default")
    if default is None and (rules.get("quorum") is not None or rules.each("majority")):
        raise RuleError(say("quorum and majority compare with the default option: add default=ID."))
    votes = pairwise(profile)
    dropped = _dropped(votes, default, rules, options) if default is not None else {}
    left = [option for option in range(m) if option not in dropped]
    among = votes[np.ix_(left, left)]
    # Debian's defeats of equal votes are told apart by the votes against; plain Schulze's are not
    base = profile.papers + 1 if default is not None else 1
    against = base - 1 - among.T if default is not None else np.zeros_like(among)
    paths = strongest_paths(np.where(among > among.T, among * base + against, 0))
    beats = paths > paths.T
    unbeaten = [left[place] for place in np.flatnonzero(~beats.any(axis=0))]
    totals = dict.fromkeys(options, "0")
    for place, option in enumerate(left):
        totals[options[option]] = str(int(beats[place].sum()))

    rounds: list[Round] = []
    told: list[Sentence] = [_dropped_told(options[i], why, rules) for i, why in dropped.items()]
    names: list[str] = []
    tie = None
    if default is not None:
        over = {options[i]: str(int(votes[i, default])) for i in range(m) if i != default}
        rounds.append(Round(1, over, eliminated=[options[i] for i in dropped]))
    if has_votes(profile):
        winner = Lots(seed, m).first(unbeaten)
        names = [options[winner]]
        if len(unbeaten) > 1:
            tie = TieBreak("lot", tuple(options[i] for i in unbeaten), options[winner])
            told.append(telling.tie_told(tie))
        told.insert(0, _won(winner, left, votes, options))
    else:
        told = [telling.nobody_voted()]
    rounds.append(Round(len(rounds) + 1, totals, elected=names, tie_break=tie))
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=names,
        totals=totals,
        rounds=rounds,
        pairwise=named(votes, options),
        more={
            "dropped": [options[i] for i in dropped],
            "paths": named(paths // base, [options[i] for i in left]),
        },
        explanation=told,
    )


def _dropped_told(name: str, why: str, rules: Rules) -> Sentence:
    if why == "quorum":
        return say(
            "%(name)s is dropped: fewer than %(quorum)s papers put it above %(default)s.",
            name=name,
            quorum=rules["quorum"],
            default=rules["default"],
        )
    return say(
        "%(name)s is dropped: it does not beat %(default)s by its majority of %(ratio)s to 1.",
        name=name,
        default=rules["default"],
        ratio=rules.get(f"majority.{name}") or "1",
    )


def _won(winner: int, left: list[int], votes: Whole, options: Sequence[str]) -> Sentence:
    others = [i for i in left if i != winner]
    if not others:
        return say("%(name)s wins: no other option is left.", name=options[winner])
    lost = [i for i in others if votes[winner, i] <= votes[i, winner]]
    if lost:
        return say(
            "%(name)s wins. It does not beat %(others)s directly, but no chain of comparisons "
            "against it is stronger than its own.",
            name=options[winner],
            others=joined([options[i] for i in lost]),
        )
    nearest = min(others, key=lambda i: int(votes[winner, i] - votes[i, winner]))
    return say(
        "%(name)s wins: it beats every other option one to one, %(other)s most narrowly, "
        "by %(votes)s to %(against)s.",
        name=options[winner],
        other=options[nearest],
        votes=int(votes[winner, nearest]),
        against=int(votes[nearest, winner]),
    )


METHOD = Method(
    name="schulze",
    label=say("Pairwise comparison (Schulze)"),
    paper="ranks",
    tells=_tells,
    count=_count,
    options=(
        Rule(
            "default",
            "option",
            None,
            say("The option that stands for none of the others; what does not beat it is dropped."),
        ),
        Rule(
            "quorum",
            "number",
            None,
            say("How many papers must put an option above the default one."),
        ),
        Rule(
            "majority",
            "number",
            None,
            say("How many times more papers must put this option above the default than below."),
            least=1,
            each=True,
        ),
    ),
    most_options=1000,
)
