"""Sending an idea: one page, a look at it, done. And what its people may do with it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, jsonify, redirect, render_template, request, url_for

from engage.commons.accounts.queries import organisations_spoken_for
from engage.core import clock
from engage.core.access import current_user, public, require, signed_in
from engage.core.errors import Conflict, Invalid, Missing, is_fragment
from engage.core.forms import page
from engage.core.i18n import _, locale_now
from engage.core.idempotency import new_key
from engage.core.limits import writing as limited
from engage.core.paging import page_number
from engage.programmes.ideas import policy, queries, reading
from engage.programmes.ideas.forms import (
    Buttons,
    IdeaForm,
    InvitationForm,
    UploadForm,
    idea_form,
)
from engage.programmes.ideas.models import Call, Idea, IdeaState
from engage.programmes.ideas.service import authors, writing
from engage.programmes.ideas.tokens import invitation_token
from engage.programmes.ideas.views import bp

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

_RATE = "30/minute;200/hour"


def _number(text: str | None) -> int:
    """A number of an address or a form, 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


# --- a new one ----------------------------------------------------------------------------


@bp.route("/ideas/new", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def new() -> ResponseReturnValue:
    """Write an idea for a call. Without a call in the address, choose one first."""
    user, now = current_user(), clock.now()
    wanted = _number(request.args.get("call"))
    if not wanted:
        open_calls = queries.open_calls(now)
        if len(open_calls) == 1:
            return redirect(url_for("ideas.new", call=open_calls[0].call.id))
        return render_template("ideas/choose.html", calls=open_calls, now=now)
    call = queries.get_call(wanted, user)
    if refusal := _closed(call, user):
        return refusal
    form = idea_form(
        call,
        organisations_spoken_for(user),
        is_draft=_is_put_aside(),
        places=_places(call),
    )
    if form.validate_on_submit():
        try:
            idea = writing.save_draft(call.id, form.draft(), actor=user)
            _attach(form, idea, user)
        except Invalid as error:
            form.absorb(error)
        else:
            return _kept(idea)
    return page("ideas/write.html", form, **reading.frame(call, now), idea=None)


@bp.route("/ideas/<int:idea_id>/draft", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def draft(idea_id: int) -> ResponseReturnValue:
    """Go on writing a draft."""
    user, now = current_user(), clock.now()
    idea = _own_draft(idea_id)
    if idea is None:
        return _already_sent(idea_id)
    call = queries.get_call(idea.call_id, user)
    form = idea_form(
        call,
        organisations_spoken_for(user),
        is_draft=_is_put_aside(),
        places=_places(call),
    )
    form.fill(idea)
    if form.validate_on_submit():
        try:
            idea = writing.save_draft(
                call.id, form.draft(), idea_id=idea.id, revision=form.seen_revision, actor=user
            )
            _attach(form, idea, user)
        except Invalid as error:
            form.absorb(error)
        else:
            return _kept(idea)
    return page("ideas/write.html", form, **reading.frame(call, now), idea=idea)


@bp.route("/ideas/<int:idea_id>/check", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def check(idea_id: int) -> ResponseReturnValue:
    """Everything once more, with ideas that say much the same; only the button sends it."""
    user, now = current_user(), clock.now()
    idea = _own_draft(idea_id)
    if idea is None:
        return _already_sent(idea_id)
    call = queries.get_call(idea.call_id, user)
    form = Buttons()
    if form.validate_on_submit():
        try:
            sent = writing.send_idea(idea.id, actor=user)
        except Invalid as error:
            form.absorb(error)
        else:
            if sent.state is IdeaState.SUBMITTED:
                flash(_("We have received your idea. It appears once we have read it."), "ok")
            else:
                flash(_("Your idea is published. We tell you when something happens to it."), "ok")
            return redirect(url_for("ideas.detail", address=sent.address), 303)
    return page(
        "ideas/check.html",
        form,
        **reading.frame(call, now),
        idea=idea,
        rows=_rows(call, idea),
        decision=policy.can_submit(user, call, now),
        alike=queries.similar(call.id, idea.title, idea.body, exclude=idea.id),
    )


@bp.route("/ideas/<int:idea_id>/discard", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def discard(idea_id: int) -> ResponseReturnValue:
    """Throw a draft away, after being asked once more."""
    idea = _own_draft(idea_id)
    if idea is None:
        return _already_sent(idea_id)
    form = Buttons()
    if form.validate_on_submit():
        writing.discard_draft(idea.id, actor=current_user())
        flash(_("Your draft is deleted."), "ok")
        return redirect(url_for("ideas.mine"), 303)
    return page("ideas/discard.html", form, idea=idea)


@bp.get("/ideas/similar")
@public
def similar() -> ResponseReturnValue:
    """Ideas of a call that say much the same as a title, as a part of the page that asks."""
    title = " ".join(request.args.get("title", "").split())[:200]
    call_id = _number(request.args.get("call"))
    if not is_fragment():
        if call_id:
            queries.call_of_list(call_id, current_user())
        return redirect(url_for("ideas.index", call=call_id or None, q=title[:100]))
    found = []
    if call_id and len(title) > 5:
        found = list(queries.similar(queries.call_of_list(call_id, current_user()).id, title))
    return render_template("ideas/_similar.html", alike=found)


# --- afterwards -----------------------------------------------------------------------------


@bp.get("/ideas/mine")
@signed_in
def mine() -> ResponseReturnValue:
    """My drafts, what I am invited to, and what I have sent."""
    user, now = current_user(), clock.now()
    return render_template(
        "ideas/mine.html",
        drafts=queries.drafts_of(user),
        invitations=[
            (one, url_for("ideas.invitation", token=invitation_token(one)))
            for one in queries.invitations_for(user)
        ],
        page=queries.ideas_of(user, now, page_number()),
    )


@bp.route("/ideas/<int:idea_id>/edit", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def edit(idea_id: int) -> ResponseReturnValue:
    """Change a sent idea while its call lets people; the words before stay readable."""
    user, now = current_user(), clock.now()
    idea = _own(idea_id)
    if idea.state is IdeaState.DRAFT:
        return redirect(url_for("ideas.draft", idea_id=idea.id))
    call = queries.get_call(idea.call_id, user)
    require(policy.can_edit(user, idea, call, now, _co_author_ids(idea)))
    form = idea_form(call, organisations_spoken_for(user), takes_files=False, places=_places(call))
    form.fill(idea)
    if form.validate_on_submit():
        try:
            idea = writing.edit_idea(
                idea.id, form.draft(), revision=form.seen_revision or 0, actor=user
            )
        except Invalid as error:
            form.absorb(error)
        except Conflict as error:
            # both are shown: what stands there now, and what was typed
            form.form_errors.append(str(error.message))
            return page(
                "ideas/stale.html", form, 409, idea=_own(idea_id), typed=form.body.data or ""
            )
        else:
            flash(_("Your changes are saved."), "ok")
            return redirect(url_for("ideas.detail", address=idea.address), 303)
    return page(
        "ideas/edit.html",
        form,
        **reading.frame(call, now),
        idea=idea,
        until=policy.editable_until(idea, call),
    )


@bp.route("/ideas/<int:idea_id>/withdraw", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def withdraw(idea_id: int) -> ResponseReturnValue:
    """Take one's own idea back, after being asked once more."""
    user = current_user()
    idea = _own(idea_id)
    require(policy.can_withdraw(user, idea))
    form = Buttons()
    if form.validate_on_submit():
        writing.withdraw_idea(idea.id, actor=user)
        flash(_("Your idea is withdrawn."), "ok")
        return redirect(url_for("ideas.mine"), 303)
    return page("ideas/withdraw.html", form, idea=idea)


@bp.route("/ideas/<int:idea_id>/files", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def files(idea_id: int) -> ResponseReturnValue:
    """The pictures and documents of an idea: add one, take one away."""
    user, now = current_user(), clock.now()
    idea = _own(idea_id)
    call = queries.get_call(idea.call_id, user)
    require(policy.can_edit(user, idea, call, now, _co_author_ids(idea)))
    if _number(request.form.get("remove")):
        form: Any = Buttons()
        if form.validate_on_submit():
            writing.detach_file(
                idea.id, attachment_id=_number(request.form.get("remove")), actor=user
            )
            flash(_("The file is removed."), "ok")
            return redirect(url_for("ideas.files", idea_id=idea.id), 303)
    form = UploadForm()
    if form.validate_on_submit():
        try:
            writing.attach_file(
                idea.id, upload=form.upload.data, title=form.title.data or "", actor=user
            )
        except Invalid as error:
            form.absorb(_on("upload", error))
        else:
            flash(_("The file is added."), "ok")
            return redirect(url_for("ideas.files", idea_id=idea.id), 303)
    return page(
        "ideas/files.html",
        form,
        idea=idea,
        most=policy.MOST_FILES,
        takes_files=call.takes_files,
        buttons=Buttons(),
    )


# --- standing beside one another --------------------------------------------------------------


@bp.route("/ideas/<int:idea_id>/co-authors", methods=["GET", "POST"])
@signed_in
@limited("20/minute;60/hour")
def co_authors(idea_id: int) -> ResponseReturnValue:
    """Who stands beside the author: ask somebody, remove somebody, leave."""
    user, now = current_user(), clock.now()
    idea = _own(idea_id)
    here = url_for("ideas.co_authors", idea_id=idea.id)
    buttons = Buttons()
    act, chosen = request.form.get("act"), _number(request.form.get("co_author"))
    if act and buttons.validate_on_submit():
        if act == "leave":
            authors.leave(idea.id, actor=user)
            flash(_("You are no longer a co-author."), "ok")
            return redirect(url_for("ideas.mine"), 303)
        authors.remove_co_author(idea.id, co_author_id=chosen, actor=user)
        flash(_("This co-author is removed."), "ok")
        return redirect(here, 303)
    form = InvitationForm()
    decision = policy.can_invite(user, idea, len(idea.co_authors))
    if not act and form.validate_on_submit():
        try:
            authors.invite_co_author(idea.id, email=form.email.data or "", actor=user)
        except Invalid as error:
            form.absorb(error)
        else:
            flash(_("The invitation is sent."), "ok")
            return redirect(here, 303)
    return page(
        "ideas/co_authors.html",
        form,
        idea=idea,
        decision=decision,
        is_first=idea.author_id == user.id,
        buttons=Buttons(),
        now=now,
    )


@bp.route("/ideas/invitations/<token>", methods=["GET", "POST"])
@signed_in
@limited(_RATE)
def invitation(token: str) -> ResponseReturnValue:
    """Say yes or no to standing beside an author."""
    user = current_user()
    asked = queries.invitation(token)
    form = Buttons()
    if form.validate_on_submit():
        if request.form.get("answer") == "no":
            authors.decline_invitation(asked.id, actor=user)
            flash(_("You have declined. Nobody else is told."), "ok")
            return redirect(url_for("ideas.mine"), 303)
        authors.accept_invitation(asked.id, actor=user)
        flash(_("You are a co-author of this idea now."), "ok")
        return redirect(url_for("ideas.mine"), 303)
    return page("ideas/invitation.html", form, asked=asked, idea=asked.idea)


# --- what these pages share -------------------------------------------------------------------


def _places(call: Call) -> dict[str, tuple[float, float]]:
    return queries.known_places(call.id) if call.takes_places else {}


def _is_put_aside() -> bool:
    """Was the button pressed that only keeps what there is?"""
    return request.form.get("step") == "keep"


def _closed(call: Call, user: Any) -> ResponseReturnValue | None:
    """The page that says why nothing can be sent, with what was typed; None when it can."""
    decision = policy.can_submit(user, call, clock.now())
    if decision:
        return None
    typed = request.form.get("title", "")[:500], request.form.get("body", "")[:20_000]
    answer = render_template(
        "ideas/closed.html",
        **reading.frame(call, clock.now()),
        decision=decision,
        typed="\n\n".join(text for text in typed if text),
    )
    return answer, 409 if request.method == "POST" else 200


def _kept(idea: Idea) -> ResponseReturnValue:
    if _is_put_aside() and is_fragment():
        # kept while it is written: the page goes on with this draft, and with a key of its own
        return jsonify(
            action=url_for("ideas.draft", idea_id=idea.id),
            revision=str(idea.revision),
            key=new_key(),
            said=_("Your draft is kept."),
        )
    if _is_put_aside():
        flash(_("Your draft is kept. Only you can see it."), "ok")
        return redirect(url_for("ideas.draft", idea_id=idea.id), 303)
    return redirect(url_for("ideas.check", idea_id=idea.id), 303)


def _attach(form: IdeaForm, idea: Idea, user: Any) -> None:
    """Keep the file that came with the page. Raises Invalid on its field."""
    if "upload" not in form or form.upload.data is None:
        return
    title = form.upload_title.data or idea.title or form.upload.data.filename or ""
    try:
        writing.attach_file(idea.id, upload=form.upload.data, title=title[:200], actor=user)
    except Invalid as error:
        raise _on("upload", error) from error


def _on(field: str, error: Invalid) -> Invalid:
    """The same refusal, beside the field the file was chosen in."""
    return Invalid({field if name in {"file", ""} else name: w for name, w in error.fields.items()})


def _own(idea_id: int) -> Idea:
    """One of this person's own ideas. Raises Missing for everybody else's."""
    if not 0 < idea_id < 2**31:
        raise Missing
    user = current_user()
    idea = queries.own_idea(idea_id, user)
    if not policy.is_author(user, idea, _co_author_ids(idea)):
        raise Missing
    return idea


def _own_draft(idea_id: int) -> Idea | None:
    """One of this person's drafts; None when it was sent meanwhile. Raises Missing."""
    idea = _own(idea_id)
    return idea if idea.state is IdeaState.DRAFT else None


def _already_sent(idea_id: int) -> ResponseReturnValue:
    idea = _own(idea_id)
    flash(_("This idea was sent already. Here it is."), "info")
    return redirect(url_for("ideas.detail", address=idea.address), 303)


def _co_author_ids(idea: Idea) -> set[int]:
    return {
        one.user_id
        for one in idea.co_authors
        if one.user_id is not None and one.accepted_at is not None
    }


def _rows(call: Call, idea: Idea) -> list[tuple[str, Any, str]]:
    """(what was asked, what was answered, where it is changed) for the look before sending."""
    locale = locale_now()
    change = url_for("ideas.draft", idea_id=idea.id)
    nothing = _("Not answered")
    category = next((one for one in call.categories if one.id == idea.category_id), None)
    rows: list[tuple[str, Any, str]] = [
        (_("Your idea in one sentence"), idea.title or nothing, change)
    ]
    if call.categories:
        rows.append((_("Category"), category.name_in(locale) if category else nothing, change))
    if call.takes_places:
        rows.append((_("Where is it?"), idea.place_name or nothing, change))
    for field in call.fields:
        words = queries.answer_words(field, idea.answers.get(field.key), locale)
        rows.append((field.label_in(locale), words or nothing, change))
    if idea.organisation is not None:
        rows.append((_("Put forward by"), idea.organisation.name, change))
    elif idea.hides_author:
        rows.append((_("Your name"), _("Not shown to the public"), change))
    return rows
