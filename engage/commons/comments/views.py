"""Reading and writing comments, with and without scripts.

Anonymous readers share their pages, so these hold links to forms and never forms; a signed-in
reader gets the buttons themselves. Asked for by htmx, an address answers the part that changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Response, current_app, g, redirect, render_template, request, url_for
from markupsafe import Markup

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.accounts.queries import organisations_spoken_for
from engage.commons.comments import answers, pages, policy, queries, service, tokens
from engage.commons.comments.branches import Shown
from engage.commons.comments.forms import CommentForm, EditForm, EmptyForm, reaction_from
from engage.commons.comments.models import DEEPEST, Comment, CommentState, Thread
from engage.commons.comments.pages import Sort
from engage.commons.comments.receipts import receipt_number
from engage.commons.comments.threads import Place
from engage.core import clock
from engage.core.access import current_user, public, require, signed_in
from engage.core.errors import Invalid, Missing, is_fragment
from engage.core.forms import page
from engage.core.i18n import LocalBlueprint, _, format_ago, locale_now
from engage.core.limits import writing
from engage.core.paging import page_number

bp = LocalBlueprint("comments", __name__, url_prefix="/comments")


@dataclass(frozen=True)
class Reader:
    """What the person before a page may do here, decided once for all its comments."""

    user: User | None
    place: Place
    now: datetime
    may_write: bool
    may_answer: bool
    _told: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def may_moderate(self) -> bool:
        return policy.can_moderate(self.user)

    @property
    def is_offered_writing(self) -> bool:
        """Is a way to write shown, perhaps through signing in?"""
        return bool(self.place.commenting)

    @property
    def is_led_to_sign_in(self) -> bool:
        """Is everything that asks for an account a link to signing in?"""
        return self.user is None and self.is_offered_writing

    @property
    def may_reply(self) -> bool:
        """Is replying offered, perhaps through signing in?"""
        return self.is_offered_writing and (self.may_write or self.user is None)

    @property
    def kit(self) -> dict[str, Any]:
        """Words, icons and addresses that all comments share: drawn once a language, then kept."""
        kits = current_app.extensions.setdefault("engage_comment_kits", {})
        locale = locale_now()
        if locale not in kits:
            drawn: Any = current_app.jinja_env.get_template("comments/_kit.html").make_module()
            kits[locale] = drawn.kit
        found: dict[str, Any] = kits[locale]
        return found

    def ago(self, instant: datetime) -> str:
        """`2 days ago`, worked out once for all comments of one age: it is slow."""
        age = self.now - instant
        key = (age.days, 0 if age.days else age.seconds // 60)
        if key not in self._told:
            self._told[key] = format_ago(instant)
        return self._told[key]

    def may_react(self, comment: Shown) -> bool:
        return (
            self.user is not None and self.may_write and comment.is_published and not comment.is_own
        )

    def may_edit(self, comment: Shown) -> bool:
        return (
            comment.is_own
            and comment.is_published
            and bool(self.place.commenting)
            and self.now < comment.received_at + policy.EDIT_WINDOW
        )

    def may_withdraw(self, comment: Shown) -> bool:
        return comment.is_own and comment.state is not CommentState.WITHDRAWN


def _reader(place: Place, now: datetime) -> Reader:
    user = current_user()
    speaks = spoken_for(user) if user is not None and place.host_ids else set()
    return Reader(
        user,
        place,
        now,
        may_write=bool(policy.can_comment(user, place)),
        may_answer=bool(policy.can_answer(user, place.host_ids, speaks)),
    )


def menu_entry(user: User | None) -> Markup | None:
    """The way to the list in the menu of people who speak for an authority but are no staff."""
    if user is None or user.is_staff or user.kind is not StakeholderKind.AUTHORITY:
        return None
    if not spoken_for(user):
        return None
    return Markup(render_template("comments/office/_menu.html"))  # noqa: S704  a template's output


def spoken_for(user: User) -> set[int]:
    """Ids of the organisations the reader speaks for; page and menu ask once a request."""
    if "spoken_for" not in g:
        g.spoken_for = queries.spoken_for_ids(user)
    found: set[int] = g.spoken_for
    return found


# --- reading ------------------------------------------------------------------------------


@bp.get("/threads/<int:thread_id>")
@public(cached=True)
def thread(thread_id: int) -> str:
    """A page of a thread; for htmx the thread alone, or what follows `after`."""
    user, now = current_user(), clock.now()
    found = queries.thread(thread_id)
    place = queries.place_of(found, user, now)
    shown = pages.thread_page(
        thread_id,
        user=user,
        sort=Sort.parse(request.args.get("sort")),
        after=request.args.get("after"),
    )
    context: dict[str, Any] = {
        "thread": found,
        "place": place,
        "shown": shown,
        "reader": _reader(place, now),
        "sorts": pages.SORT_LABELS,
    }
    if is_fragment() and not shown.is_first:
        return render_template("comments/_list.html", **context)
    context |= {
        # an answer that stands under its comment on this very page is not said twice
        "pinned": [
            answer
            for answer in (answers.pinned_answers(thread_id) if shown.is_first else ())
            if answer.comment_id not in shown.ids
        ],
        "own_view": queries.own_subject_reaction(thread_id, user),
    }
    template = "comments/_thread.html" if is_fragment() else "comments/thread.html"
    return render_template(template, **context)


@bp.get("/<int:comment_id>")
@public(cached=True)
def detail(comment_id: int) -> str:
    """One comment in its conversation; its author also sees the receipt."""
    user, now = current_user(), clock.now()
    found, place = queries.visible_comment(comment_id, user, now)
    branch = pages.branch(found, user=user, after=request.args.get("after"))
    reader = _reader(place, now)
    return render_template(
        "comments/detail.html",
        branch=branch,
        thread=found.thread,
        place=place,
        reader=reader,
        editable_until=policy.editable_until(found),
    )


@bp.get("/<int:comment_id>/history")
@public(cached=True)
def history(comment_id: int) -> str:
    """The words a comment had before. Hidden and withdrawn ones keep theirs to themselves."""
    user, now = current_user(), clock.now()
    found, place = queries.visible_comment(comment_id, user, now)
    if not policy.can_read_words(user, found.state, found.author_id):
        raise Missing
    return render_template(
        "comments/history.html",
        comment=pages.one_shown(comment_id, user),
        revisions=queries.revisions(comment_id),
        place=place,
    )


@bp.get("/held/<token>")
@public
def held(token: str) -> Any:
    """What a guest wrote, for the guest alone, until it is published."""
    comment_id, guest_id = tokens.read_held_token(token)
    found = queries.comment(comment_id)
    if found.guest_id != guest_id or found.state is not CommentState.HELD:
        return redirect(url_for("comments.detail", comment_id=comment_id), 303)
    place = queries.place_of(found.thread, None, clock.now())
    return render_template(
        "comments/held.html", comment=found, place=place, receipt=receipt_number(found.id)
    )


def statements(organisation: Organisation) -> Markup:
    """On an organisation's page: what it said, in comments and in official answers."""
    found = answers.statements_of(organisation.id, current_user(), clock.now(), page=page_number())
    return Markup(  # noqa: S704  a template's output
        render_template("comments/_statements.html", page=found, organisation=organisation)
    )


# --- writing ------------------------------------------------------------------------------


@bp.route("/threads/<int:thread_id>/new", methods=["GET", "POST"])
@public
@writing()
def new(thread_id: int) -> Any:
    """Write under the subject of a thread."""
    user, now = current_user(), clock.now()
    found = queries.thread(thread_id)
    place = queries.place_of(found, user, now)
    if refusal := _refused(place, found, user):
        return refusal
    form = CommentForm(
        user=user,
        organisations=organisations_spoken_for(user) if user is not None else (),
        label=_("Your comment on %(place)s", place=place.title),
        scope=f"t{thread_id}",
    )
    if form.validate_on_submit():
        try:
            comment = service.post_comment(
                thread_id,
                actor=user,
                guest=_guest(form),
                arrived=service.Arrival(now, place),
                **form.words(),
            )
        except Invalid as error:
            form.absorb(error)
        else:
            return _posted(comment, place)
    template = "comments/_form.html" if is_fragment() else "comments/form.html"
    return page(template, form, thread=found, place=place, answered=None)


@bp.route("/<int:comment_id>/reply", methods=["GET", "POST"])
@public
@writing()
def reply(comment_id: int) -> Any:
    """Answer a comment."""
    user, now = current_user(), clock.now()
    found, place = queries.visible_comment(comment_id, user, now)
    if not found.is_published:
        require(policy.can_reply(user, found, place))
    if refusal := _refused(place, found.thread, user):
        return refusal
    answered = pages.one_shown(comment_id, user)
    form = CommentForm(
        user=user,
        organisations=organisations_spoken_for(user) if user is not None else (),
        can_quote=found.depth < DEEPEST,
        label=_("Your reply to %(name)s", name=answered.author_name or _("a former participant")),
        scope=f"r{comment_id}",
    )
    if form.validate_on_submit():
        try:
            comment = service.reply(
                comment_id,
                actor=user,
                guest=_guest(form),
                quotes=bool(form.quotes.data) if "quotes" in form else False,
                **form.words(),
            )
        except Invalid as error:
            form.absorb(error)
        else:
            return _posted(comment, place)
    template = "comments/_form.html" if is_fragment() else "comments/form.html"
    return page(template, form, thread=found.thread, place=place, answered=answered)


def _refused(place: Place, thread: Thread, user: User | None) -> Any:
    """The page that says why nothing can be written, with what was typed; None when it can."""
    decision = policy.can_comment(user, place)
    if decision:
        return None
    typed = request.form.get("body", "")[: 4 * policy.LONGEST]
    is_sent = request.method == "POST"
    template = "comments/_closed.html" if is_fragment() else "comments/closed.html"
    answer = render_template(
        template,
        decision=decision,
        place=place,
        thread=thread,
        now=clock.now(),
        typed=typed,
        needs_account=user is None and bool(place.commenting),
        address=request.path,
    )
    return answer, 409 if is_sent else 200


def _guest(form: CommentForm) -> service.GuestDetails | None:
    said = form.guest()
    return service.GuestDetails(**said) if said is not None else None


def _posted(comment: Comment, place: Place) -> Any:
    """Lead to the receipt; for htmx show it, with the comment, where the form stood."""
    if comment.state is CommentState.HELD:
        address = url_for("comments.held", token=tokens.held_token(comment))
        if is_fragment():
            return Response(status=204, headers={"HX-Redirect": address})
        return redirect(address, 303)
    if is_fragment():
        return render_template(
            "comments/_posted.html",
            comment=pages.one_shown(comment.id, current_user()),
            thread=queries.thread(comment.thread_id),  # its count as it is now
            place=place,
            reader=_reader(place, clock.now()),
            editable_until=policy.editable_until(comment),
        )
    return redirect(url_for("comments.detail", comment_id=comment.id) + f"#c{comment.id}", 303)


@bp.route("/<int:comment_id>/edit", methods=["GET", "POST"])
@signed_in
@writing()
def edit(comment_id: int) -> Any:
    """Change one's own words; when they changed meanwhile, both are shown."""
    user, now = current_user(), clock.now()
    found, place = queries.visible_comment(comment_id, user, now)
    decision = policy.can_edit(user, found, place, now)
    form = EditForm.of(found)
    if not decision and found.author_id == user.id and form.is_submitted():
        return page("comments/stale.html", form, 409, comment=found, place=place, decision=decision)
    require(decision)
    if form.validate_on_submit():
        if form.seen_revision != found.revision:
            return page("comments/stale.html", form, 409, comment=found, place=place, decision=None)
        try:
            service.edit_comment(
                comment_id,
                actor=user,
                revision=form.seen_revision,
                body=form.body.data or "",
                stance=form.chosen_stance,
            )
        except Invalid as error:
            form.absorb(error)
        else:
            return redirect(
                url_for("comments.detail", comment_id=comment_id) + f"#c{comment_id}", 303
            )
    return page(
        "comments/edit.html",
        form,
        comment=found,
        place=place,
        editable_until=policy.editable_until(found),
    )


@bp.route("/<int:comment_id>/withdraw", methods=["GET", "POST"])
@signed_in
@writing()
def withdraw(comment_id: int) -> Any:
    """Take one's own comment back, after being asked once more."""
    user = current_user()
    found, place = queries.visible_comment(comment_id, user, clock.now())
    require(policy.can_withdraw(user, found))
    form = EmptyForm()
    if form.validate_on_submit():
        service.withdraw_comment(comment_id, actor=user)
        return redirect(url_for("comments.thread", thread_id=found.thread_id), 303)
    return page("comments/withdraw.html", form, comment=found, place=place)


# --- reactions ----------------------------------------------------------------------------


@bp.route("/<int:comment_id>/react", methods=["GET", "POST"])
@signed_in
@writing("120/minute;2000/hour")
def react(comment_id: int) -> Any:
    """Agree, disagree, find helpful, or take it back. The page asks; only its buttons act."""
    user, now = current_user(), clock.now()
    if request.method == "POST":
        service.react(comment_id, actor=user, value=reaction_from(request.form.get("value", "")))
        if not is_fragment():
            return redirect(
                url_for("comments.detail", comment_id=comment_id) + f"#c{comment_id}", 303
            )
    found, place = queries.visible_comment(comment_id, user, now)
    context: dict[str, Any] = {
        "comment": pages.one_shown(comment_id, user),
        "thread": found.thread,
        "place": place,
        "reader": _reader(place, now),
    }
    if is_fragment():
        return render_template("comments/_acts.html", **context)
    decision = policy.can_react(user, found, place)
    return page("comments/react.html", EmptyForm(), decision=decision, **context)


@bp.route("/threads/<int:thread_id>/reaction", methods=["GET", "POST"])
@signed_in
@writing("120/minute;2000/hour")
def react_to_subject(thread_id: int) -> Any:
    """Agree or disagree with what the thread is about, or take it back."""
    user, now = current_user(), clock.now()
    if request.method == "POST":
        service.react_to_subject(
            thread_id, actor=user, value=reaction_from(request.form.get("value", ""))
        )
        if not is_fragment():
            return redirect(url_for("comments.thread", thread_id=thread_id), 303)
    found = queries.thread(thread_id)
    place = queries.place_of(found, user, now)
    context: dict[str, Any] = {
        "thread": found,
        "place": place,
        "reader": _reader(place, now),
        "own_view": queries.own_subject_reaction(thread_id, user),
    }
    if is_fragment():
        return render_template("comments/_subject.html", **context)
    decision = policy.can_react_here(user, place)
    return page("comments/subject.html", EmptyForm(), decision=decision, **context)
