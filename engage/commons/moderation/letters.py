"""Letters before they leave: the standard words of a rule, and what each person would read."""

from __future__ import annotations

from dataclasses import dataclass

from engage.commons.moderation import queries, rules
from engage.commons.moderation.models import Case, Outcome, Snapshot
from engage.commons.moderation.notices import letter_context
from engage.core import outbox
from engage.core.errors import Missing
from engage.core.i18n import babel_name, force_locale, locale_now


@dataclass(frozen=True)
class Letter:
    """One letter as its reader would get it. `locale` is the reader's language."""

    subject: str
    text: str
    locale: str


@dataclass(frozen=True)
class Preview:
    """`author` is None when nobody is told, `reporters` when nobody reported."""

    author: Letter | None
    reporters: Letter | None


def standard_words(case: Case, rule: str) -> str:
    """The rule's own words in the language of whoever wrote; empty for an unknown rule."""
    known = rules.RULES.get(rule)
    if known is None:
        return ""
    author = queries.author_of(case)
    with force_locale(babel_name(author.locale if author else locale_now())):
        return str(known.letter)


def preview(case: Case, *, outcome: Outcome, rule: str, words: str) -> Preview:
    """Both letters about a decision that is not taken yet."""
    snapshot = queries.last_snapshot(case)
    if snapshot is None:
        raise Missing
    author = queries.author_of(case)
    reports = queries.reports(case, opening=case.round)
    told = author if outcome is Outcome.HIDE else None
    return Preview(
        _letter("moderation/hidden", case, snapshot, outcome, rule, words, told.locale, told)
        if told
        else None,
        _letter(
            "moderation/report_answered",
            case,
            snapshot,
            outcome,
            rule,
            words,
            reports[0].locale,
            None,
        )
        if reports
        else None,
    )


def _letter(
    template: str,
    case: Case,
    snapshot: Snapshot,
    outcome: Outcome,
    rule: str,
    words: str,
    locale: str,
    reader: object,
) -> Letter:
    context = letter_context(
        case,
        snapshot,
        outcome=outcome,
        rule=rule,
        words=words,
        by_notice=case.reports_count > 0,
    )
    subject, text, _html = outbox.render_mail(
        template, locale, {**context, "reader": reader, "complaint_url": "", "url": ""}
    )
    return Letter(subject, text.partition("\n-- \n")[0].strip(), locale)
