"""The office side: the queue, one case, several at once, complaints."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engage.commons.moderation import kinds, letters, policy, queries, rules
from engage.commons.moderation.forms import (
    ActForm,
    DecisionForm,
    ReviewForm,
    SeveralForm,
)
from engage.commons.moderation.models import Case, CaseState, Outcome
from engage.commons.moderation.service import complaining, deciding
from engage.core import clock
from engage.core.access import current_user, require, staff
from engage.core.errors import Invalid, Missing
from engage.core.i18n import LocalBlueprint, _, _n, format_time
from engage.core.paging import page_number, paginate

bp = LocalBlueprint("moderation_office", __name__, url_prefix="/office/moderation")

PER_PAGE = 25


@bp.get("")
@staff("moderator")
def index() -> str:
    """Waiting cases by deadline; `state=decided` shows what is done."""
    state = CaseState.DECIDED if request.args.get("state") == "decided" else CaseState.OPEN
    page = paginate(queries.queue(state), page=page_number(), per_page=PER_PAGE)
    return render_template(
        "moderation/office/index.html",
        page=page,
        state=state.value,
        counts=queries.counts(),
        first_due=queries.first_due(),
        titles=queries.titles(page.items),
        grounds=queries.report_grounds([case.id for case in page.items]),
        labels=rules.GROUNDS,
        now=clock.now(),
    )


@bp.route("/<int:case_id>", methods=["GET", "POST"])
@staff("moderator")
def case(case_id: int) -> Any:
    """One case with everything around it; a POST shows the letters first, then decides."""
    user = current_user()
    found = queries.case(case_id)
    if found is None:
        raise Missing
    form = DecisionForm(data={"version": found.version})
    preview = None
    if form.validate_on_submit():
        try:
            outcome, rule = Outcome(form.outcome.data or ""), form.rule.data or ""
            words = (form.words.data or "").strip() or letters.standard_words(found, rule)
            deciding.check_decision(outcome, rule, words)
            seen = _mark(outcome, rule, words)
            if form.seen.data == seen:
                return _decide(found, form.version.data, outcome, rule, words)
            preview = letters.preview(found, outcome=outcome, rule=rule, words=words)
            form.words.data, form.seen.data = words, seen
        except Invalid as error:
            form.absorb(error)
    answer = render_template(
        "moderation/office/case.html", form=form, preview=preview, **_around(found, user)
    )
    return answer, 422 if form.errors else 200


def _decide(found: Case, version: Any, outcome: Outcome, rule: str, words: str) -> Response:
    decision = deciding.decide(
        found.id,
        actor=current_user(),
        version=_number(version),
        outcome=outcome,
        rule=rule,
        words=words,
    )
    flash(
        _(
            "Your decision holds. The letters leave at %(time)s; until then you can undo it.",
            time=format_time(decision.undo_until),
        ),
        "success",
    )
    return redirect(url_for("moderation_office.case", case_id=found.id), 303)


def _number(text: Any) -> int:
    plain = str(text or "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else 0


def _mark(outcome: Outcome, rule: str, words: str) -> str:
    """Which letters were seen: changing a word shows them again before anything is sent."""
    return hashlib.sha256(f"{outcome}|{rule}|{' '.join(words.split())}".encode()).hexdigest()[:24]


def _around(found: Case, user: Any) -> dict[str, Any]:
    now = clock.now()
    waiting, following = queries.queue_beside(user, found, 12)
    subjects = kinds.subjects((case.kind, case.target_id) for case in [found, *waiting])
    subject = subjects.get((found.kind, found.target_id))
    reports = queries.reports(found)
    grounds = sorted({report.ground for report in reports})
    decisions, complaints = queries.decisions(found)
    standing = next((d for d in decisions if d.undone_at is None), None)
    return {
        "case": found,
        "kind_label": kinds.label(found.kind),
        "subject": subject,
        "snapshot": queries.first_snapshot(found),
        "author": queries.author_of(found),
        "reports": reports,
        "grounds": rules.GROUNDS,
        "rules": rules.RULES,
        "house_rules": rules.house_rules(),
        "precedents": queries.precedents(found, grounds),
        "decision": standing if found.state is CaseState.DECIDED else None,
        "history": queries.history(found),
        "complaints": complaints,
        "act": ActForm(),
        "holder": found.held_by(now),
        "can_decide": policy.can_decide(user, found, now),
        "can_work": policy.can_work_on(user, found),
        "can_undo": bool(standing and policy.can_undo(user, standing, now)),
        "following": following,
        "waiting": waiting,
        "subjects": subjects,
        "now": now,
    }


@bp.post("/<int:case_id>/claim")
@staff("moderator")
def claim(case_id: int) -> Response:
    deciding.claim(case_id, actor=current_user())
    return redirect(url_for("moderation_office.case", case_id=case_id), 303)


@bp.post("/<int:case_id>/give-back")
@staff("moderator")
def give_back(case_id: int) -> Response:
    deciding.give_back(case_id, actor=current_user())
    flash(_("Somebody else can take this case now."), "success")
    return redirect(url_for("moderation_office.index"), 303)


@bp.post("/decisions/<int:decision_id>/undo")
@staff("moderator")
def undo(decision_id: int) -> Response:
    case = deciding.undo(decision_id, actor=current_user())
    flash(_("Undone. Nobody was written to, and the case is yours again."), "success")
    return redirect(url_for("moderation_office.case", case_id=case.id), 303)


@bp.post("/decisions/<int:decision_id>/send")
@staff("moderator")
def send(decision_id: int) -> Response:
    """Send the letters now instead of after ten minutes."""
    decision = queries.decision(decision_id)
    if decision is None:
        raise Missing
    if deciding.send_letters(decision_id, actor=current_user()):
        flash(_("The letters have left."), "success")
    return redirect(url_for("moderation_office.case", case_id=decision.case_id), 303)


@bp.get("/open")
@staff("moderator")
def consider() -> Any:
    """Where "Hide…" beside a contribution leads: its case, or the offer to open one."""
    name, target_id = kinds.named(request.args)
    subject = kinds.subject(name, target_id)
    found = queries.case_of(name, target_id)
    if found is not None:
        return redirect(url_for("moderation_office.case", case_id=found.id), 303)
    return render_template(
        "moderation/office/consider.html",
        subject=subject,
        kind=kinds.get(name),
        act=ActForm(),
        house_rules=rules.house_rules(),
    )


@bp.post("/open")
@staff("moderator")
def look_into() -> Response:
    """Open a case without anybody's report, or again."""
    if not ActForm().validate_on_submit():
        raise Missing
    case = deciding.open_case(*kinds.named(request.form), actor=current_user())
    return redirect(url_for("moderation_office.case", case_id=case.id), 303)


@bp.route("/several", methods=["GET", "POST"])
@staff("moderator")
def several() -> Any:
    """One reason for several cases; each person gets a letter about their own words."""
    user = current_user()
    page = paginate(queries.queue(CaseState.OPEN), page=page_number(), per_page=PER_PAGE)
    form = SeveralForm()
    chosen = _versions(request.form.getlist("case"))
    if form.validate_on_submit():
        try:
            if not chosen:
                raise Invalid({"": _("Choose at least one case.")})
            done = deciding.decide_many(
                chosen,
                actor=user,
                outcome=Outcome(form.outcome.data or ""),
                rule=form.rule.data or "",
                words=(form.words.data or "").strip(),
            )
        except Invalid as error:
            form.absorb(error)
        else:
            number = len(done.decided)
            flash(
                _n(
                    "%(num)d case is decided. Its letters leave in ten minutes.",
                    "%(num)d cases are decided. Their letters leave in ten minutes.",
                    number,
                ),
                "success" if number else "warning",
            )
            for case_id, why in done.left.items():
                flash(_("Case %(number)s was left: %(why)s", number=case_id, why=why), "warning")
            return redirect(url_for("moderation_office.index"), 303)
    answer = render_template(
        "moderation/office/several.html",
        form=form,
        page=page,
        titles=queries.titles(page.items),
        chosen=chosen,
        grounds=queries.report_grounds([case.id for case in page.items]),
        labels=rules.GROUNDS,
        user_id=user.id,
        now=clock.now(),
    )
    return answer, 422 if form.errors else 200


def _versions(pairs: list[str]) -> dict[int, int]:
    """`7:3` is case 7 as it stood in version 3."""
    found = {}
    for pair in pairs[:PER_PAGE]:
        case_id, _colon, version = pair.partition(":")
        if all(part.isascii() and part.isdigit() and len(part) < 10 for part in (case_id, version)):
            found[int(case_id)] = int(version)
    return found


@bp.get("/complaints")
@staff("moderator")
def complaints() -> str:
    page = paginate(queries.open_complaints(), page=page_number(), per_page=PER_PAGE)
    return render_template(
        "moderation/office/complaints.html",
        page=page,
        titles=queries.titles(one.decision.case for one in page.items),
        counts=queries.counts(),
        user_id=current_user().id,
        now=clock.now(),
    )


@bp.route("/complaints/<int:complaint_id>", methods=["GET", "POST"])
@staff("moderator")
def complaint(complaint_id: int) -> Any:
    user = current_user()
    found = queries.complaint(complaint_id)
    if found is None:
        raise Missing
    other = Outcome.KEEP if found.decision.outcome is Outcome.HIDE else Outcome.HIDE
    form = ReviewForm(for_outcome=other)
    if form.validate_on_submit():
        require(policy.can_review(user, found))
        try:
            complaining.review(
                complaint_id,
                actor=user,
                reverse=form.verdict.data == "reverse",
                rule=form.rule.data or "",
                words=form.words.data,
            )
        except Invalid as error:
            form.absorb(error)
        else:
            flash(_("Your answer is on its way to everybody concerned."), "success")
            return redirect(url_for("moderation_office.complaints"), 303)
    answer = render_template(
        "moderation/office/complaint.html",
        form=form,
        complaint=found,
        decision=found.decision,
        case=found.decision.case,
        about=queries.title_of(found.decision.case),
        rule=rules.RULES[found.decision.rule],
        can=policy.can_review(user, found),
        now=clock.now(),
    )
    return answer, 422 if form.errors else 200
