"""A proposal passes when enough take part, enough agree, and nobody blocks it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engage.commons.voting.methods import telling
from engage.commons.voting.methods.profile import Profile
from engage.commons.voting.methods.ranking import orders, totals_by
from engage.commons.voting.methods.result import Result, Round, Sentence, exact, say, say_many
from engage.commons.voting.methods.rules import Method, Rule, RuleError, Rules

STANCES = ("agree", "abstain", "disagree", "block")


def _tells(rules: Rules, _seats: int) -> Sentence:
    return say(
        "You agree, abstain, disagree or block. The proposal passes when at least %(quorum)s of "
        "those who may vote do so, at least %(threshold)s of those who agree or disagree agree, "
        "and nobody blocks.",
        quorum=_percent(rules.number("quorum") or Fraction(0)),
        threshold=_percent(rules.number("threshold") or Fraction(0)),
    )


def _percent(share: Fraction) -> str:
    """A share to one decimal, cut: a share is never said to be more than it is."""
    tenths = share * 1000 // 1
    return f"{exact(Fraction(tenths, 10))}%"


def _count(
    profile: Profile,
    rules: Rules,
    *,
    seats: int = 1,
    budget: Fraction | None = None,
    costs: Sequence[Fraction] | None = None,
    seed: str = "",
) -> Result:
    strangers = [name for name in profile.options if name not in STANCES]
    if strangers:
        raise RuleError(
            say(
                "consent knows the stances agree, abstain, disagree and block, not “%(name)s”.",
                name=strangers[0],
            )
        )
    quorum = rules.number("quorum") or Fraction(0)
    threshold = rules.number("threshold") or Fraction(0)
    eligible = rules.whole("eligible")
    for name, needed in (("quorum", quorum), ("threshold", threshold)):
        if needed > 1:
            raise RuleError(say("%(name)s is a share: it cannot be more than 1.", name=name))
    if quorum and eligible is None:
        raise RuleError(say("A quorum needs eligible, the number of those who may vote."))
    m = len(profile.options)
    sums = totals_by(orders(profile)[:, 0], profile.counts, m + 1)
    refused = int(sums[m])
    votes = dict.fromkeys(STANCES, 0)
    votes.update(zip(profile.options, (int(total) for total in sums[:m]), strict=True))
    papers = sum(votes.values())
    if eligible is not None and papers > eligible:
        raise RuleError(
            say(
                "There are %(papers)s papers, and only %(eligible)s may vote.",
                papers=papers,
                eligible=eligible,
            )
        )
    decided = votes["agree"] + votes["disagree"]
    share = Fraction(votes["agree"], decided) if decided else None
    turnout = Fraction(papers, eligible) if eligible else None
    has_quorum = turnout is None or turnout >= quorum
    has_share = share is not None and share >= threshold
    passes = has_quorum and has_share and not votes["block"]
    totals = {name: str(votes[name]) for name in STANCES}
    needs = _needs(votes, papers, quorum * (eligible or 0), threshold)
    return Result(
        method=METHOD.name,
        options_used=rules.used,
        seats=seats,
        winners=["agree"] if passes else [],
        totals=totals,
        rounds=[Round(1, totals, elected=["agree"] if passes else [])],
        invalid={"no-one-stance": refused} if refused else {},
        more={
            "passes": passes,
            "turnout": None if turnout is None else exact(turnout),
            "share": None if share is None else exact(share),
            "missing": needs,
        },
        explanation=_told(votes, passes, turnout, share, quorum, threshold, needs, refused),
    )


def _needs(
    votes: dict[str, int], papers: int, quorum: Fraction, threshold: Fraction
) -> dict[str, int | None]:
    """What is missing: papers to the quorum, more who agree to the threshold, blocks to lift.

    `agree` is None where no number of further agreements reaches the threshold.
    """
    decided = votes["agree"] + votes["disagree"]
    agree: int | None = 0
    if not decided or votes["agree"] < threshold * decided:
        if threshold < 1:
            # agree + x >= threshold * (decided + x)
            agree = max(1, -(-(threshold * decided - votes["agree"]) // (1 - threshold)))
        else:
            agree = 1 if not decided else None
    return {
        "papers": max(0, -(-(quorum - papers) // 1)),
        "agree": agree,
        "blocks": votes["block"],
    }


def _told(
    votes: dict[str, int],
    passes: bool,
    turnout: Fraction | None,
    share: Fraction | None,
    quorum: Fraction,
    threshold: Fraction,
    needs: dict[str, int | None],
    refused: int,
) -> list[Sentence]:
    if not sum(votes.values()):
        return [telling.nobody_voted()]
    told = [say("The proposal passes.") if passes else say("The proposal does not pass.")]
    told.append(
        say(
            "%(agree)s agree, %(abstain)s abstain, %(disagree)s disagree, %(block)s block.",
            **{name: str(number) for name, number in votes.items()},
        )
    )
    if turnout is not None:
        told.append(
            say(
                "%(turnout)s of those who may vote did so; %(quorum)s are needed.",
                turnout=_percent(turnout),
                quorum=_percent(quorum),
            )
        )
    if share is not None:
        told.append(
            say(
                "Of those who agree or disagree, %(share)s agree; %(threshold)s are needed.",
                share=_percent(share),
                threshold=_percent(threshold),
            )
        )
    if needs["papers"]:
        told.append(
            say_many(
                "%(num)s more paper was needed for the quorum.",
                "%(num)s more papers were needed for the quorum.",
                needs["papers"],
            )
        )
    if needs["agree"]:
        told.append(
            say_many("%(num)s more had to agree.", "%(num)s more had to agree.", needs["agree"])
        )
    if votes["block"]:
        told.append(
            say_many(
                "%(num)s block stands in the way.",
                "%(num)s blocks stand in the way.",
                votes["block"],
            )
        )
    if refused:
        told.append(
            say_many(
                "%(num)s paper takes no stance, or more than one, and is not counted.",
                "%(num)s papers take no stance, or more than one, and are not counted.",
                refused,
            )
        )
    return told


METHOD = Method(
    name="consent",
    label=say("Consent"),
    paper="stance",
    tells=_tells,
    count=_count,
    options=(
        Rule("quorum", "number", "0", say("The share of those who may vote that must do so.")),
        Rule(
            "threshold",
            "number",
            "0.75",
            say("The share of agreement needed among those who agree or disagree."),
        ),
        Rule("eligible", "whole", None, say("How many may vote.")),
    ),
)
