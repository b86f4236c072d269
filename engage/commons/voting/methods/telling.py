"""Sentences that several methods say in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from engage.commons.voting.methods.result import Sentence, TieBreak, joined, say, say_many


def nobody_voted() -> Sentence:
    """The answer to no votes at all."""
    return say("Nobody voted, so there is no winner.")


def winners_told(names: Sequence[str]) -> Sentence:
    """The first sentence of a result."""
    return say_many("%(names)s wins.", "%(num)s win: %(names)s.", len(names), names=joined(names))


def tie_told(tie: TieBreak, *, losing: bool = False) -> Sentence:
    """How equals were told apart. `losing`: the one chosen goes."""
    values = {"names": joined(tie.options), "chosen": tie.chosen}
    if tie.kind == "look-back":
        stage = str(tie.stage)
        if losing:
            return say(
                "%(names)s were last with equal votes. Round %(stage)s, the latest before that "
                "differs, decided: %(chosen)s goes.",
                stage=stage,
                **values,
            )
        return say(
            "%(names)s had equal votes. Round %(stage)s, the latest before that differs, decided: "
            "%(chosen)s comes first.",
            stage=stage,
            **values,
        )
    if losing:
        return say(
            "%(names)s were last with equal votes. The tie was broken by lot: %(chosen)s goes.",
            **values,
        )
    return say("%(names)s were equal. The tie was broken by lot: %(chosen)s wins it.", **values)


def passed_over(refused: int) -> Sentence:
    """That some papers count for nobody."""
    return say_many(
        "%(num)s paper says no first choice and counts for nobody.",
        "%(num)s papers say no first choice and count for nobody.",
        refused,
    )
