"""The office side: comments that wait for an answer, and answering them.

Open to organisers and to everybody who speaks for an organisation that hosts something; who may
answer what is decided per comment.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from engage.commons.accounts.models import Role
from engage.commons.comments import answers, pages, policy, queries, service
from engage.commons.comments.answers import Waiting
from engage.commons.comments.forms import AnswerForm
from engage.core import clock
from engage.core.access import current_user, require, signed_in
from engage.core.errors import Invalid
from engage.core.i18n import LocalBlueprint, _, _l
from engage.core.limits import writing
from engage.core.paging import page_number

bp = LocalBlueprint("comments_office", __name__, url_prefix="/office/answers")

FILTERS = {
    Waiting.ALL: _l("All that wait"),
    Waiting.OVERDUE: _l("Overdue"),
    Waiting.SOON: _l("Due within a week"),
    Waiting.DRAFTED: _l("With a draft"),
}


def answer_url(comment_id: int) -> str:
    """Where an officer answers a comment."""
    return url_for("comments_office.answer", comment_id=comment_id)


@bp.get("")
@signed_in
def index() -> str:
    """The comments an answer is owed to, the most urgent first."""
    user, now = current_user(), clock.now()
    speaks = queries.spoken_for_ids(user)
    require(policy.can_see_queue(user, speaks))
    hosts = None if user.has_role(Role.ORGANISER) else speaks
    which = request.args.get("show", "")
    chosen = Waiting(which) if which in Waiting._value2member_map_ else Waiting.ALL
    page = answers.comments_waiting(hosts, now=now, which=chosen, page=page_number())
    places = queries.places((comment.thread for comment in page.items), user, now)
    return render_template(
        "comments/office/index.html",
        page=page,
        places=places,
        chosen=chosen,
        filter_links=[
            (words, url_for("comments_office.index", show=value), value is chosen)
            for value, words in FILTERS.items()
        ],
        clock_now=answers.response_clock(now=now, since=now - answers.A_MONTH, host_ids=hosts),
        now=now,
    )


@bp.route("/<int:comment_id>", methods=["GET", "POST"])
@signed_in
@writing()
def answer(comment_id: int) -> Any:
    """Draft, publish or correct the answer to one comment."""
    user, now = current_user(), clock.now()
    _found, place = answers.comment_to_answer(comment_id, user, now)
    mine = queries.spoken_for_ids(user)
    require(policy.can_answer(user, place.host_ids, mine))
    present = answers.answer_to(comment_id)
    offered = service.answering_ids(place, mine, may_speak_for_all=user.has_role(Role.ORGANISER))
    form = AnswerForm.of(present, queries.organisations(offered))
    context = {
        "comment": pages.one_shown(comment_id, user),
        "answer": present,
        "place": place,
        "now": now,
    }
    if form.validate_on_submit():
        if form.seen_revision != (present.revision if present else 0):
            return render_template("comments/office/stale.html", form=form, **context), 409
        try:
            saved = service.save_answer(
                comment_id,
                actor=user,
                organisation_id=form.chosen_organisation,
                body=form.body.data or "",
                revision=form.seen_revision,
            )
            if request.form.get("action") == "publish" or saved.is_published:
                service.publish_answer(comment_id, actor=user, revision=saved.revision)
        except Invalid as error:
            form.absorb(error)
        else:
            if saved.is_published:
                flash(_("The answer is published and its author told."), "success")
                return redirect(url_for("comments_office.index"), 303)
            flash(_("The draft is saved. Nobody but your colleagues sees it."), "success")
            return redirect(answer_url(comment_id), 303)
    status = 422 if form.errors else 200
    return render_template("comments/office/answer.html", form=form, **context), status
