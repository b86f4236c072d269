"""Letters: to who reported, to who wrote, to who complained. The reporter is never shown to the author."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for

from engage.commons.accounts.models import Guest, User
from engage.commons.moderation import kinds, queries, rules, tokens
from engage.commons.moderation.models import Case, Complaint, Decision, Outcome, Report, Snapshot
from engage.commons.notifications.service import tell
from engage.core import outbox
from engage.core.richtext import plain

TOPIC = "moderation"
QUOTED = 400


def letter_context(
    case: Case,
    snapshot: Snapshot,
    *,
    outcome: Outcome,
    rule: str,
    words: str,
    by_notice: bool,
    decision: Decision | None = None,
) -> dict[str, Any]:
    """What a letter about a decision says; without `decision` it is a preview."""
    return {
        "kind_label": kinds.label(case.kind),
        "case": case,
        "title": queries.title_of(case),
        "quoted": plain(snapshot.text, limit=QUOTED),
        "written_language": snapshot.language,
        "outcome": outcome.value,
        "rule": rules.RULES[rule],
        "words": words,
        "excerpt": words,
        "by_notice": by_notice,
        "decided_at": decision.decided_at if decision else None,
        "is_preview": decision is None,
    }


def thank_reporter(report: Report, case: Case) -> None:
    """The receipt, at once."""
    _to_reporter(
        report,
        "moderation/report_received",
        {
            "kind_label": kinds.label(case.kind),
            "title": queries.title_of(case),
            "report": report,
            "ground": rules.GROUNDS[report.ground],
            "excerpt": report.explanation,
            "due_at": case.due_at,
        },
        url=url_for("moderation.receipt", token=tokens.receipt_token(report.id)),
        key=f"report-{report.id}-received",
    )


def answer_reporter(report: Report, case: Case, decision: Decision, snapshot: Snapshot) -> None:
    """How the report ended, and how to disagree."""
    context = letter_context(
        case,
        snapshot,
        outcome=decision.outcome,
        rule=decision.rule,
        words=decision.words,
        by_notice=True,
        decision=decision,
    )
    complaint = url_for("moderation.complain", token=tokens.complaint_token(decision.id, report.id))
    _to_reporter(
        report,
        "moderation/report_answered",
        {**context, "report": report, "complaint_url": _absolute(complaint)},
        url=complaint,
        key=f"decision-{decision.id}-report-{report.id}",
    )


def tell_author(case: Case, decision: Decision, snapshot: Snapshot) -> None:
    """The statement of reasons, or the news that the words are back."""
    author = queries.author_of(case)
    if author is None:
        return
    hidden = decision.outcome is Outcome.HIDE
    subject = kinds.subjects([(case.kind, case.target_id)]).get((case.kind, case.target_id))
    if subject is None and not hidden:
        return  # gone meanwhile: nothing is back
    context = letter_context(
        case,
        snapshot,
        outcome=decision.outcome,
        rule=decision.rule,
        words=decision.words,
        by_notice=decision.by_notice,
        decision=decision,
    )
    url = (
        subject.url
        if subject is not None and not hidden
        else url_for("moderation.complain", token=tokens.complaint_token(decision.id))
    )
    _to_author(
        author,
        "moderation/hidden" if hidden else "moderation/restored",
        {**context, "complaint_url": _absolute(url)},
        url=url,
        key=f"decision-{decision.id}-author",
    )


def confirm_complaint(complaint: Complaint, case: Case) -> None:
    """We have it; a second person will look."""
    _to_complainant(
        complaint,
        case,
        "moderation/complaint_received",
        {
            "title": queries.title_of(case),
            "kind_label": kinds.label(case.kind),
            "complaint": complaint,
            "excerpt": complaint.text,
            "due_at": complaint.due_at,
        },
        key=f"complaint-{complaint.id}-received",
    )


def answer_complaint(complaint: Complaint, case: Case, *, turned: bool) -> None:
    """What the second person decided."""
    _to_complainant(
        complaint,
        case,
        "moderation/complaint_answered",
        {
            "title": queries.title_of(case),
            "kind_label": kinds.label(case.kind),
            "complaint": complaint,
            "excerpt": complaint.words,
            "reversed": turned,
        },
        key=f"complaint-{complaint.id}-answered",
    )


def _to_author(
    author: User | Guest, template: str, context: dict[str, Any], *, url: str, key: str
) -> None:
    if isinstance(author, User):
        tell(author, topic=TOPIC, template=template, context=context, url=url, key=key)
    elif author.email:
        outbox.post(
            to=author.email,
            name=author.display_name,
            template=template,
            locale=author.locale,
            context={**context, "reader": author, "url": _absolute(url)},
            key=key,
        )


def _to_reporter(
    report: Report, template: str, context: dict[str, Any], *, url: str, key: str
) -> None:
    if report.reporter is not None:
        tell(report.reporter, topic=TOPIC, template=template, context=context, url=url, key=key)
    elif report.email:
        outbox.post(
            to=report.email,
            name=report.name,
            template=template,
            locale=report.locale,
            context={**context, "url": _absolute(url)},
            key=key,
        )


def _to_complainant(
    complaint: Complaint, case: Case, template: str, context: dict[str, Any], *, key: str
) -> None:
    url = url_for(
        "moderation.complain",
        token=tokens.complaint_token(complaint.decision_id, complaint.report_id),
    )
    if complaint.report is not None:
        _to_reporter(complaint.report, template, context, url=url, key=key)
        return
    author = queries.author_of(case)
    if author is not None:
        _to_author(author, template, context, url=url, key=key)


def _absolute(url: str) -> str:
    return url if "://" in url else current_app.config["BASE_URL"] + url
