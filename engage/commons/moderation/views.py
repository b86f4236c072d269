"""The public side: report something, the receipt, complain, the log."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import redirect, render_template, request, url_for

from engage.commons.moderation import kinds, policy, queries, rules, tokens
from engage.commons.moderation.forms import ComplaintForm, ReportForm
from engage.commons.moderation.models import Outcome
from engage.commons.moderation.service import complaining, reporting
from engage.core import clock
from engage.core.access import current_user, public
from engage.core.errors import Invalid, Missing
from engage.core.i18n import LocalBlueprint, locale_now
from engage.core.limits import writing
from engage.core.paging import page_number, paginate

bp = LocalBlueprint("moderation", __name__, url_prefix="/moderation")


@bp.route("/report", methods=["GET", "POST"])
@public
@writing("10/minute;40/hour")
def report() -> Any:
    """Without a contribution named, the page says how to name one."""
    if not request.args.get("kind") and not request.args.get("id"):
        return render_template("moderation/how.html", rules=rules.house_rules())
    name, target_id = kinds.named(request.args)
    subject = kinds.subject(name, target_id)
    if subject.is_hidden:
        raise Missing
    user = current_user()
    form = ReportForm(named=user is not None)
    if form.validate_on_submit():
        try:
            sent = reporting.report(
                name, subject.id, form.notice(_address(subject.url), locale_now()), actor=user
            )
        except Invalid as error:
            form.absorb(error)
        else:
            return redirect(url_for("moderation.receipt", token=tokens.receipt_token(sent.id)), 303)
    answer = render_template(
        "moderation/report.html",
        form=form,
        subject=subject,
        kind=kinds.get(name),
        rules=rules.house_rules(),
        may_moderate=bool(policy.can_moderate(user)),
    )
    return answer, 422 if form.errors else 200


@bp.get("/receipts/<token>")
@public
def receipt(token: str) -> str:
    """What one person reported, and what became of it; the signed address is the key."""
    found = queries.report(tokens.read_receipt(token))
    if found is None:
        raise Missing
    decision = queries.standing_decision(found.case) if found.answered_at else None
    return render_template(
        "moderation/receipt.html",
        report=found,
        case=found.case,
        about=queries.title_of(found.case),
        kind_label=kinds.label(found.case.kind),
        ground=rules.GROUNDS[found.ground],
        decision=decision,
        rule=rules.RULES[decision.rule] if decision else None,
        complaint_token=tokens.complaint_token(decision.id, found.id) if decision else None,
    )


@bp.route("/complaints/<token>", methods=["GET", "POST"])
@public
@writing("10/minute;40/hour")
def complain(token: str) -> Any:
    """The decision with its reasons, and the way to disagree, for whom the letter went to."""
    decision_id, report_id = tokens.read_complaint(token)
    decision = queries.decision(decision_id)
    if decision is None:
        raise Missing
    form = ComplaintForm()
    if form.validate_on_submit():
        try:
            complaining.complain(
                decision_id, report_id, actor=current_user(), text=form["text"].data or ""
            )
        except Invalid as error:
            form.absorb(error)
        else:
            return redirect(url_for("moderation.complain", token=token), 303)
    answer = render_template(
        "moderation/complain.html",
        form=form,
        token=token,
        decision=decision,
        case=decision.case,
        about=queries.title_of(decision.case),
        rule=rules.RULES[decision.rule],
        kind_label=kinds.label(decision.case.kind),
        for_author=report_id is None,
        complaint=queries.complaint_by(
            decision, f"report:{report_id}" if report_id is not None else "author"
        ),
        can=policy.can_complain(decision, clock.now()),
    )
    return answer, 422 if form.errors else 200


@bp.get("/log")
@public(cached=True)
def log() -> str:
    """Every final decision, without a word that names anybody."""
    chosen = request.args.get("show")
    outcome = Outcome(chosen) if chosen in set(Outcome) else None
    return render_template(
        "moderation/log.html",
        page=paginate(queries.public_log(outcome), page=page_number(), per_page=30),
        outcome=outcome,
        figures=queries.public_figures(),
        rules=rules.RULES,
        kind_label=kinds.label,
    )


def _address(path: str) -> str:
    """The exact address, as the law asks for it."""
    return path if urlsplit(path).netloc else request.host_url.rstrip("/") + path
