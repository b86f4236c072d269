"""The office side of ideas: the table, many at once, one idea's desk, duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for

from engage.commons.accounts.models import User
from engage.core import clock
from engage.core.access import Decision, current_user, require, signed_in
from engage.core.errors import Invalid, Missing, is_fragment
from engage.core.forms import Form, page
from engage.core.i18n import LocalBlueprint, _, _n, locale_now
from engage.core.paging import page_number
from engage.programmes.ideas import filters, policy, queries, receivers
from engage.programmes.ideas import office_forms as shapes
from engage.programmes.ideas import office_queries as office
from engage.programmes.ideas.models import (
    DECIDED,
    GIVEN,
    LIVE,
    STATE_LABELS,
    Call,
    Idea,
    IdeaState,
)
from engage.programmes.ideas.service import deeds, merging, working, writing
from engage.programmes.ideas.service.working import Bulk

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = LocalBlueprint("ideas_office", __name__, url_prefix="/office/ideas")

_MOST = working.MOST_AT_ONCE


@bp.get("/calls/<int:call_id>/ideas")
@signed_in
def ideas(call_id: int) -> ResponseReturnValue:
    """The ideas of a call as a table with ticks, or as a board."""
    found = opened(call_id)
    chosen = filters.read_office(request.args, call_id=call_id)
    context: dict[str, Any] = {
        **frame(found),
        "filters": chosen,
        "states": [(s.value, STATE_LABELS[s]) for s in IdeaState if s is not IdeaState.DRAFT],
        "categories": _categories(found),
        "officers": [(p.id, p.display_name) for p in working.possible_officers(call_id)],
        "sorts": list(filters.OFFICE_SORTS.items()),
        "bulk": list(shapes.BULK.items()),
        "form": Form(),
        "can_work": _can_work_in(found, current_user()).allowed,
    }
    if chosen.view == "board":
        context["columns"] = office.office_board(chosen)
        return render_template("ideas/office/board.html", **context)
    context["page"] = office.ideas_table(chosen, page_number())
    return render_template("ideas/office/ideas.html", **context)


@bp.post("/calls/<int:call_id>/bulk")
@signed_in
def bulk(call_id: int) -> ResponseReturnValue:
    """Do one thing to many ideas: first what exactly, then it is done."""
    found = opened(call_id)
    require(_can_work_in(found, current_user()))
    ids = [int(v) for v in request.form.getlist("ids") if v.isascii() and v.isdigit()][: _MOST + 1]
    act = request.form.get("do", "")
    back = url_for("ideas_office.ideas", call_id=call_id)
    if act not in shapes.BULK or not ids:
        flash(_("Tick the ideas first, then choose what to do with them."), "warn")
        return redirect(back)
    ids = _of_call(ids, call_id)
    form = _bulk_form(act, found)
    if request.form.get("sure") and form.validate_on_submit():
        try:
            done = _do(act, form, ids, current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            _say(done)
            return redirect(back)
    elif not request.form.get("sure"):
        # the ticks came with another form: nothing was asked yet, so nothing is wrong
        form = _bulk_form(act, found, formdata=None)
    return page(
        "ideas/office/bulk.html",
        form,
        **frame(found),
        ids=ids,
        do=act,
        here_words=shapes.BULK[act],
        names=[idea.title for idea in queries.ideas_by_ids(ids[:12]).values()],
        back=back,
    )


def _bulk_form(act: str, found: Call, **options: Any) -> Form:
    if act == "assign":
        return shapes.OfficersForm(working.possible_officers(found.id), **options)
    if act == "move":
        given = [s for s in GIVEN if s is not IdeaState.DELIVERED]
        return shapes.MoveForm(given, **options)
    if act == "answer":
        return shapes.AnswerForm(found, **options)
    if act == "sort":
        return shapes.CategoryForm(_categories(found), **options)
    return Form(**options)


def _do(act: str, form: Any, ids: Sequence[int], user: User) -> Bulk:
    if act == "assign":
        return working.assign_ideas(ids, officer_ids=form.officers.data or [], actor=user)
    if act == "move":
        return working.move_ideas(
            ids, state=IdeaState(form.state.data or ""), reason=form.reason.data, actor=user
        )
    if act == "answer":
        return working.save_answers(
            ids,
            body=form.body.data,
            outcome=IdeaState(form.outcome.data or ""),
            organisation_id=form.organisation_id.data or 0,
            language=form.language.data or "",
            actor=user,
        )
    if act == "sort":
        return working.sort_ideas(ids, category_id=form.category_id.data or None, actor=user)
    if act == "publish":
        return working.publish_answers(ids, actor=user)
    return working.let_many_in(ids, actor=user)


def _say(done: Bulk) -> None:
    flash(
        _n("Done for %(num)d idea.", "Done for %(num)d ideas.", done.done),
        "ok" if done.done else "warn",
    )
    for ident, why in done.left[:10]:
        flash(_("Idea %(number)d was left: %(why)s", number=ident, why=why), "warn")
    if len(done.left) > 10:
        flash(_("%(count)d more were left.", count=len(done.left) - 10), "warn")


def _of_call(ids: Sequence[int], call_id: int) -> list[int]:
    known = queries.ideas_by_ids(ids)
    return [ident for ident in ids if ident in known and known[ident].call_id == call_id]


# --- one idea -------------------------------------------------------------------------------


@bp.get("/<int:idea_id>")
@signed_in
def idea(idea_id: int) -> ResponseReturnValue:
    """Everything about one idea, and everything that can be done with it."""
    return _desk(_opened_idea(idea_id))


def _desk(one: Idea, status: int = 200, **forms: Form) -> ResponseReturnValue:
    user, call = current_user(), one.call
    mine = _speaks(user)
    can_work = _can_work_on(one, user, mine).allowed
    # who only builds it tells how it goes; what officers say among themselves stays there
    sees_all = can_work or policy.is_reader(user)
    lines = office.score_lines(one, user)
    officers = working.possible_officers(call.id) if can_work else []
    builders = office.verified_organisations() if can_work and one.state in deeds.BUILT else []
    chosen = [row.user_id for row in one.officers]
    offers = [
        (receiver, list(receiver.choices(user)))
        for receiver in receivers.everything()
        if one.state in LIVE and receiver.can(user, one)
    ]
    context: dict[str, Any] = {
        **frame(call),
        "idea": one,
        "author_name": _author(one) if sees_all else queries.author_name(one, call, user),
        "fields": queries.answered_fields(one, call.fields, everything=sees_all),
        "lines": lines,
        "notes": office.notes(one.id) if sees_all else [],
        "promotions": queries.promotions(one.id, user),
        "offers": offers,
        "is_decided": one.state in DECIDED,
        "is_built": one.state in deeds.BUILT,
        "is_live": one.state in LIVE,
        "can_work": can_work,
        "sees_all": sees_all,
        "can_own": policy.can_own(user, one, mine).allowed,
        "empty": Form(),
    }
    made: dict[str, Callable[[], Form]] = {
        "answer_form": lambda: shapes.AnswerForm(call, one, scope="answer", formdata=None),
        "move_form": lambda: shapes.MoveForm(
            [s for s in policy.next_states(one) if s is not IdeaState.DELIVERED],
            scope="move",
            formdata=None,
        ),
        "note_form": lambda: shapes.NoteForm(scope="note", formdata=None),
        "officers_form": lambda: shapes.OfficersForm(
            officers, chosen, scope="officers", formdata=None
        ),
        "category_form": lambda: shapes.CategoryForm(
            _categories(call), one.category_id or 0, scope="category", formdata=None
        ),
        "score_form": lambda: shapes.score_form(lines, locale_now(), formdata=None),
        "owner_form": lambda: shapes.OwnerForm(
            [(row.id, row.name) for row in builders],
            one.owner_id or 0,
            scope="owner",
            formdata=None,
        ),
        "milestone_form": lambda: shapes.MilestoneForm(scope="milestone", formdata=None),
        "post_form": lambda: shapes.PostForm(locale_now(), scope="post", formdata=None),
        "refuse_form": lambda: shapes.ReasonForm(scope="refuse", formdata=None),
    }
    for name, make in made.items():
        context[name] = forms.get(name) or make()
    failed = next(iter(forms.values()), None)
    return render_template("ideas/office/idea.html", failed=failed, form=failed, **context), status


@bp.get("/<int:idea_id>/deeds")
@signed_in
def deeds_of(idea_id: int) -> ResponseReturnValue:
    """What was promised and told on the way: a page, or the part the desk asks for."""
    one = _opened_idea(idea_id, whole=False)
    user = current_user()
    return _part(
        "ideas/office/_deeds.html",
        _("From idea to deed"),
        one,
        milestones=queries.milestones(one.id),
        posts=queries.posts(one.id),
        can_own=policy.can_own(user, one, _speaks(user)).allowed,
        empty=Form(),
    )


@bp.get("/<int:idea_id>/alike")
@signed_in
def alike(idea_id: int) -> ResponseReturnValue:
    """Ideas that say much the same, or went into this one: a page, or a part of the desk."""
    one = _opened_idea(idea_id, whole=False)
    return _part(
        "ideas/office/_alike.html",
        _("Ideas like this"),
        one,
        alike=queries.neighbours(one),
        merged_here=queries.merged_here(one.id),
    )


@bp.get("/<int:idea_id>/history")
@signed_in
def history(idea_id: int) -> ResponseReturnValue:
    """Everything that happened to it: a page, or a part of the desk."""
    one = _opened_idea(idea_id, whole=False)
    user = current_user()
    sees_all = policy.is_reader(user) or _can_work_on(one, user, _speaks(user)).allowed
    return _part(
        "ideas/office/_history.html",
        _("History"),
        one,
        steps=office.steps(one.id) if sees_all else queries.public_steps(one.id),
    )


def _part(part: str, words: str, one: Idea, **context: Any) -> ResponseReturnValue:
    if is_fragment():
        return render_template(part, idea=one, **context)
    return render_template(
        "ideas/office/part.html",
        **frame(one.call),
        part=part,
        here_words=words,
        idea=one,
        **context,
    )


@bp.post("/<int:idea_id>/read")
@signed_in
def mark_read(idea_id: int) -> ResponseReturnValue:
    """Note that it was read."""
    return _act(idea_id, lambda user: working.mark_read(idea_id, actor=user), _("Noted."))


@bp.post("/<int:idea_id>/let-in")
@signed_in
def let_in(idea_id: int) -> ResponseReturnValue:
    """Publish an idea that waits."""
    return _act(
        idea_id,
        lambda user: writing.let_in(idea_id, actor=user),
        _("Everybody can read it now; its author is told."),
    )


@bp.post("/<int:idea_id>/refuse")
@signed_in
def refuse(idea_id: int) -> ResponseReturnValue:
    """Do not publish an idea that waits."""
    form = shapes.ReasonForm(scope="refuse")
    return _form_act(
        idea_id,
        "refuse_form",
        form,
        lambda user: writing.refuse(idea_id, reason=form.reason.data, actor=user),
        _("It stays unpublished; its author reads the reason."),
    )


@bp.post("/<int:idea_id>/move")
@signed_in
def move(idea_id: int) -> ResponseReturnValue:
    """The next state, with its reason."""
    one = _worked_on(idea_id)
    states = [s for s in policy.next_states(one) if s is not IdeaState.DELIVERED]
    form = shapes.MoveForm(states, scope="move")
    return _form_act(
        idea_id,
        "move_form",
        form,
        lambda user: working.move_idea(
            idea_id, state=IdeaState(form.state.data or ""), reason=form.reason.data, actor=user
        ),
        _("It stands there now; its people are told."),
    )


@bp.post("/<int:idea_id>/answer")
@signed_in
def answer(idea_id: int) -> ResponseReturnValue:
    """Keep the draft of an answer, or publish it."""
    one = _worked_on(idea_id)
    form = shapes.AnswerForm(one.call, one, scope="answer")
    publishes = request.form.get("do") == "publish"

    def write(user: User) -> None:
        given = revision_of(form)
        saved = working.save_answer(
            idea_id,
            body=form.body.data,
            outcome=IdeaState(form.outcome.data or ""),
            organisation_id=form.organisation_id.data or 0,
            language=form.language.data or "",
            revision=given if given >= 0 else None,
            actor=user,
        )
        if publishes:
            working.publish_answer(idea_id, revision=saved.revision, actor=user)

    words = _("The answer is public; its people are told.") if publishes else _("Saved.")
    return _form_act(idea_id, "answer_form", form, write, words)


@bp.post("/<int:idea_id>/notes")
@signed_in
def note(idea_id: int) -> ResponseReturnValue:
    """What only officers read."""
    form = shapes.NoteForm(scope="note")
    return _form_act(
        idea_id,
        "note_form",
        form,
        lambda user: working.add_note(idea_id, body=form.body.data, actor=user),
        _("Saved."),
    )


@bp.post("/<int:idea_id>/notes/<int:note_id>/remove")
@signed_in
def remove_note(idea_id: int, note_id: int) -> ResponseReturnValue:
    """Take one's own note back."""
    return _act(
        idea_id,
        lambda user: working.remove_note(idea_id, note_id=note_id, actor=user),
        _("Removed."),
    )


@bp.post("/<int:idea_id>/officers")
@signed_in
def officers(idea_id: int) -> ResponseReturnValue:
    """Who works on it."""
    one = _worked_on(idea_id)
    form = shapes.OfficersForm(working.possible_officers(one.call_id), scope="officers")
    return _form_act(
        idea_id,
        "officers_form",
        form,
        lambda user: working.assign(idea_id, officer_ids=form.officers.data or [], actor=user),
        _("Saved. Who is new was told."),
    )


@bp.post("/<int:idea_id>/category")
@signed_in
def category(idea_id: int) -> ResponseReturnValue:
    """Where it is sorted."""
    one = _worked_on(idea_id)
    form = shapes.CategoryForm(_categories(one.call), scope="category")
    return _form_act(
        idea_id,
        "category_form",
        form,
        lambda user: working.set_category(
            idea_id, category_id=form.category_id.data or None, actor=user
        ),
        _("Saved."),
    )


@bp.post("/<int:idea_id>/scores")
@signed_in
def scores(idea_id: int) -> ResponseReturnValue:
    """One's scores."""
    one = _worked_on(idea_id)
    lines = office.score_lines(one, current_user())
    form = shapes.score_form(lines, locale_now())
    return _form_act(
        idea_id,
        "score_form",
        form,
        lambda user: working.score_idea(idea_id, values=shapes.scores_of(form, lines), actor=user),
        _("Your scores are saved."),
    )


# --- merging and splitting ------------------------------------------------------------------


@bp.route("/<int:idea_id>/merge", methods=["GET", "POST"])
@signed_in
def merge(idea_id: int) -> ResponseReturnValue:
    """Let it go into another one."""
    one = _worked_on(idea_id, whole=False)
    offered = request.args.get("into", "")
    form = shapes.MergeForm(
        data={"into": int(offered)}
        if offered.isascii() and offered.isdigit() and len(offered) < 10
        else None
    )
    if form.validate_on_submit():
        try:
            merging.merge_idea(
                idea_id,
                into_id=form.into.data or 0,
                reason=form.reason.data,
                actor=current_user(),
            )
        except Missing:
            form.absorb(Invalid({"into": _("There is no idea with this number.")}))
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("It is merged. Its people are told; their support moves by their own click."))
            return _to_idea(idea_id)
    if form.errors:
        one = office.office_idea(idea_id, whole=False)
    return page(
        "ideas/office/merge.html",
        form,
        **frame(one.call),
        idea=one,
        alike=queries.neighbours(one, 6) if one.state in LIVE else [],
    )


@bp.route("/<int:idea_id>/unmerge", methods=["GET", "POST"])
@signed_in
def unmerge(idea_id: int) -> ResponseReturnValue:
    """Take a merge back."""
    one = _worked_on(idea_id, whole=False)
    form = shapes.ReasonForm()
    if form.validate_on_submit():
        try:
            merging.unmerge_idea(idea_id, reason=form.reason.data, actor=current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("It stands by itself again."))
            return _to_idea(idea_id)
    if form.errors:
        one = office.office_idea(idea_id, whole=False)
    return page("ideas/office/unmerge.html", form, **frame(one.call), idea=one)


@bp.route("/<int:idea_id>/split", methods=["GET", "POST"])
@signed_in
def split(idea_id: int) -> ResponseReturnValue:
    """Make a second idea from a part of it."""
    one = _worked_on(idea_id)
    form = shapes.SplitForm(_categories(one.call), one)
    if form.validate_on_submit():
        try:
            part = merging.split_idea(
                idea_id,
                title=form.title.data,
                body=form.body.data,
                category_id=form.category_id.data or None,
                reason=form.reason.data,
                actor=current_user(),
            )
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("The part stands by itself now; its author is told."))
            return _to_idea(part.id)
    return page("ideas/office/split.html", form, **frame(one.call), idea=one)


@bp.get("/calls/<int:call_id>/duplicates")
@signed_in
def duplicates(call_id: int) -> ResponseReturnValue:
    """Pairs that may be the same."""
    found = opened(call_id)
    return render_template(
        "ideas/office/duplicates.html",
        **frame(found),
        page=office.pairs_page(call_id, page_number()),
        form=Form(),
        can_work=_can_work_in(found, current_user()).allowed,
    )


@bp.post("/calls/<int:call_id>/duplicates/<int:pair_id>/dismiss")
@signed_in
def dismiss(call_id: int, pair_id: int) -> ResponseReturnValue:
    """They are not the same."""
    require(_can_work_in(opened(call_id), current_user()))
    office.pair_of(call_id, pair_id)
    if Form().validate_on_submit():
        merging.dismiss_pair(pair_id, actor=current_user())
        flash(_("They stay two ideas."))
    return redirect(url_for("ideas_office.duplicates", call_id=call_id))


# --- deeds ----------------------------------------------------------------------------------


@bp.post("/<int:idea_id>/owner")
@signed_in
def owner(idea_id: int) -> ResponseReturnValue:
    """Who builds it."""
    form = shapes.OwnerForm(
        [(row.id, row.name) for row in office.verified_organisations()], scope="owner"
    )
    return _form_act(
        idea_id,
        "owner_form",
        form,
        lambda user: deeds.set_owner(
            idea_id, organisation_id=form.organisation_id.data or None, actor=user
        ),
        _("Saved."),
    )


@bp.post("/<int:idea_id>/milestones")
@signed_in
def milestone(idea_id: int) -> ResponseReturnValue:
    """A step on the way."""
    form = shapes.MilestoneForm(scope="milestone")
    return _form_act(
        idea_id,
        "milestone_form",
        form,
        lambda user: deeds.add_milestone(
            idea_id, title=form.title.data, due_on=form.due_on.data, actor=user
        ),
        _("Saved."),
        judged=_owned,
    )


@bp.post("/<int:idea_id>/milestones/<int:milestone_id>/<any(done,open,remove):step>")
@signed_in
def milestone_step(idea_id: int, milestone_id: int, step: str) -> ResponseReturnValue:
    """Done today, open again, or out."""

    def write(user: User) -> None:
        if step == "remove":
            deeds.remove_milestone(idea_id, milestone_id=milestone_id, actor=user)
        else:
            deeds.finish_milestone(
                idea_id,
                milestone_id=milestone_id,
                done_on=clock.now().date() if step == "done" else None,
                actor=user,
            )

    return _act(idea_id, write, _("Saved."), judged=_owned)


@bp.post("/<int:idea_id>/posts")
@signed_in
def post(idea_id: int) -> ResponseReturnValue:
    """How it goes."""
    form = shapes.PostForm(locale_now(), scope="post")
    return _form_act(
        idea_id,
        "post_form",
        form,
        lambda user: deeds.post_progress(
            idea_id,
            body=form.body.data,
            language=form.language.data or "",
            photo=form.photo.data or None,
            photo_text=form.photo_text.data or "",
            is_delivery=bool(form.is_delivery.data),
            actor=user,
        ),
        _("It is public; its people are told."),
        judged=_owned,
    )


@bp.post("/<int:idea_id>/posts/<int:post_id>/remove")
@signed_in
def remove_post(idea_id: int, post_id: int) -> ResponseReturnValue:
    """Take a post back."""
    return _act(
        idea_id,
        lambda user: deeds.remove_post(idea_id, post_id=post_id, actor=user),
        _("Removed."),
        judged=_owned,
    )


@bp.post("/<int:idea_id>/promote/<kind>")
@signed_in
def promote(idea_id: int, kind: str) -> ResponseReturnValue:
    """Let it become something elsewhere."""
    given = request.form.get("target", "")
    target = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    return _act(
        idea_id,
        lambda user: deeds.promote_idea(idea_id, kind=kind, target_id=target or None, actor=user),
        _("It goes on there; its people are told."),
    )


# --- shared by the office's pages -------------------------------------------------------------


def opened(call_id: int) -> Call:
    """The call, if this person works in the office on it. Raises Missing, NotAllowed."""
    found = office.call_of(call_id)
    user = current_user()
    hosts = [host.organisation_id for host in found.hosts]
    require(policy.can_open_desk(user, hosts=hosts, speaks=office.speaks(user)))
    return found


def frame(found: Call) -> dict[str, Any]:
    """What every page about a call shows."""
    now = clock.now()
    if request.method == "POST":
        # what was refused was rolled back, and everything loaded with it
        found = office.call_of(found.id)
    return {
        "call": found,
        "words": found.words_in(locale_now()),
        "standing": found.standing_at(now),
        "now": now,
    }


def revision_of(form: Form) -> int:
    """The revision a form started from; nonsense counts as stale."""
    given = str(form["revision"].data or "")
    return int(given) if given.isdigit() and len(given) < 10 else -1


# --- inside ---------------------------------------------------------------------------------


def _speaks(user: User) -> Sequence[int]:
    """For whom a person speaks, where that decides: keepers may do everything anyway."""
    return () if policy.is_keeper(user) else office.speaks(user)


def _opened_idea(idea_id: int, *, whole: bool = True) -> Idea:
    """The idea, if this person works on it, builds it or reads the office. Raises Missing, NotAllowed."""
    one = office.office_idea(idea_id, whole=whole)
    user = current_user()
    mine = _speaks(user)
    if not policy.is_reader(user) and not policy.can_own(user, one, mine):
        require(_can_work_on(one, user, mine))
    return one


def _worked_on(idea_id: int, *, whole: bool = True) -> Idea:
    """The idea, if this person works on it: asked before any form is read. Raises Missing, NotAllowed."""
    one = office.office_idea(idea_id, whole=whole)
    user = current_user()
    require(_can_work_on(one, user, _speaks(user)))
    return one


def _owned(idea_id: int) -> Idea:
    """The idea, if this person tells how the work on it goes. Raises Missing, NotAllowed."""
    one = office.office_idea(idea_id)
    user = current_user()
    require(policy.can_own(user, one, _speaks(user)))
    return one


def _can_work_on(one: Idea, user: User, speaks: Sequence[int]) -> Decision:
    return policy.can_work(
        user,
        hosts=[host.organisation_id for host in one.call.hosts],
        speaks=speaks,
        officer_ids=[row.user_id for row in one.officers],
    )


def _author(one: Idea) -> str:
    """Officers always read who an idea is from."""
    return one.author.display_name if one.author is not None else one.author_name


def _can_work_in(found: Call, user: User) -> Decision:
    hosts = [host.organisation_id for host in found.hosts]
    return policy.can_work(user, hosts=hosts, speaks=office.speaks(user))


def _act(
    idea_id: int,
    write: Callable[[User], object],
    words: str,
    *,
    judged: Callable[[int], Idea] = _worked_on,
) -> ResponseReturnValue:
    """One press: do it, say so, show the idea. `judged` asks who may, before anything is read."""
    judged(idea_id)
    if Form().validate_on_submit():
        write(current_user())
        flash(words)
    return _to_idea(idea_id)


def _form_act(
    idea_id: int,
    name: str,
    form: Form,
    write: Callable[[User], object],
    words: str,
    *,
    judged: Callable[[int], Idea] = _worked_on,
) -> ResponseReturnValue:
    """A form of the desk: do it and show the idea, or show the desk with what is wrong in it."""
    one = judged(idea_id)
    if form.validate_on_submit():
        try:
            write(current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(words)
            return _to_idea(idea_id)
        one = office.office_idea(idea_id)
    return _desk(one, 422 if form.errors else 200, **{name: form})


def _categories(found: Call) -> list[tuple[int, str]]:
    locale = locale_now()
    return [(row.id, row.name_in(locale)) for row in found.categories]


def _to_idea(idea_id: int) -> ResponseReturnValue:
    return redirect(url_for("ideas_office.idea", idea_id=idea_id))
