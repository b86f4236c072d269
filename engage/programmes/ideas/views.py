"""The public side: calls, the ideas in a list, on a board, on a map, and one idea with its story."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.routing import RequestRedirect

from engage.commons.accounts.redirects import safe_next
from engage.core import clock, settings, sharecards
from engage.core.access import current_user, public, signed_in
from engage.core.errors import Missing, is_fragment
from engage.core.forms import page
from engage.core.i18n import LocalBlueprint, _, _n, locale_now
from engage.core.limits import writing
from engage.core.paging import page_number
from engage.programmes.ideas import export as exports
from engage.programmes.ideas import feed as feeds
from engage.programmes.ideas import filters, queries, reading
from engage.programmes.ideas.forms import Buttons, SupportForm
from engage.programmes.ideas.models import Idea, IdeaState
from engage.programmes.ideas.service import merging, supporting

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = LocalBlueprint("ideas", __name__)

# --- calls --------------------------------------------------------------------------------


@bp.get("/calls")
@public(cached=True)
def calls() -> ResponseReturnValue:
    """What ideas are asked for: open calls first, then those that come and those that ended."""
    now = clock.now()
    return render_template(
        "ideas/calls.html", page=queries.calls_page(now, current_user(), page_number()), now=now
    )


@bp.get("/calls/<address>")
@public(cached=True)
def call(address: str) -> ResponseReturnValue:
    """One call: what is asked, until when, what is promised, how it goes."""
    user, now = current_user(), clock.now()
    found = queries.get_call(_number(address), user)
    _canonical(found.address, address)
    return render_template("ideas/call.html", **reading.call(found, user, now))


# --- ideas --------------------------------------------------------------------------------


@bp.get("/ideas")
@public(cached=True)
def index() -> ResponseReturnValue:
    """The ideas of one call or of all, as cards, by status or on a map."""
    user, now = current_user(), clock.now()
    chosen = filters.read(request.args, now=now, visitor=f"u{user.id}" if user else "")
    asked = queries.call_of_list(chosen.call_id, user) if chosen.call_id else None
    if asked is not None and chosen.category_id not in {one.id for one in asked.categories}:
        chosen = replace(chosen, category_id=None)
    context: dict[str, Any] = {
        **reading.listing(chosen, asked, user, now),
    }
    if chosen.view == "board":
        columns = queries.board(chosen, user, now)
        context |= {"columns": columns, "total": sum(column.total for column in columns)}
    elif chosen.view == "map":
        points = queries.map_points(chosen, user, now)
        context |= {"total": len(points), **reading.on_chart(points)}
    else:
        found = queries.ideas_page(chosen, user, now, page_number(), 12)
        context |= {"page": found, "total": found.total}
    return render_template("ideas/index.html", **context)


@bp.get("/ideas/<address>")
@public(cached=True)
def detail(address: str) -> ResponseReturnValue:
    """One idea with its way so far, its answer and what people say. A merged one leads on."""
    user, now = current_user(), clock.now()
    idea = queries.get_idea(_number(address), user)
    if idea.state is IdeaState.MERGED and request.args.get("show") != "merged":
        target = queries.standing_target(idea)
        return redirect(f"{url_for('ideas.detail', address=target.address)}?from={idea.id}#merged")
    _canonical(idea.address, address)
    if idea.state is IdeaState.DRAFT:
        return redirect(url_for("ideas.check", idea_id=idea.id))
    return render_template(
        "ideas/detail.html",
        **reading.detail(idea, user, now, came_from=_count(request.args.get("from"))),
    )


@bp.get("/ideas/<int:idea_id>/alike")
@public(cached=True)
def alike(idea_id: int) -> ResponseReturnValue:
    """Ideas of the same call that say much the same: a page, or the part that another page asks for."""
    idea = _seen(idea_id, current_user())
    return render_template(
        "ideas/_alike.html" if is_fragment() else "ideas/alike.html",
        idea=idea,
        alike=queries.neighbours(idea, 4),
    )


@bp.get("/ideas/<int:idea_id>/history")
@public(cached=True)
def history(idea_id: int) -> ResponseReturnValue:
    """Everything that happened to an idea, and the words it had before."""
    idea = _seen(idea_id, current_user())
    return render_template(
        "ideas/history.html",
        idea=idea,
        steps=queries.public_steps(idea.id),
        revisions=queries.revisions(idea.id),
    )


@bp.get("/ideas/<int:idea_id>/supporters")
@public(cached=True)
def supporters(idea_id: int) -> ResponseReturnValue:
    """Which organisations support an idea, by name; people are counted, never named."""
    idea = _seen(idea_id, current_user())
    return render_template(
        "ideas/supporters.html",
        idea=idea,
        kinds=reading.kinds(idea.supports_by_kind),
        page=queries.supporters(idea.id, page_number()),
    )


@bp.get("/ideas/<int:idea_id>/card.png")
@public(cached=True)
def share_card(idea_id: int) -> ResponseReturnValue:
    """The picture other sites show beside a link to this idea."""
    idea = queries.get_idea_brief(_known(idea_id), None)
    words = idea.call.words_in(locale_now())
    facts = _n("%(num)d support", "%(num)d supports", idea.supports_count)
    if idea.comments_count:
        facts += " · " + _n("%(num)d comment", "%(num)d comments", idea.comments_count)
    drawn = sharecards.draw(
        "ideas", words.title, idea.title, facts, str(settings.value("site.name"))
    )
    answer = Response(drawn, mimetype="image/png")
    # meant to be shown elsewhere
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


# --- to take away ---------------------------------------------------------------------------


@bp.get("/ideas.atom")
@public(cached=True)
def feed() -> ResponseReturnValue:
    """New ideas, for feed readers."""
    now = clock.now()
    chosen = filters.read(request.args, now=now)
    asked = queries.call_of_list(chosen.call_id, None) if chosen.call_id else None
    entries = feeds.entries(chosen, now)
    body = render_template(
        "ideas/feed.xml",
        entries=entries,
        updated=max((entry.updated for entry in entries), default=now),
        title=asked.words_in(locale_now()).title if asked else _("Ideas"),
        query={"call": asked.id} if asked else {},
    )
    return Response(body, mimetype="application/atom+xml")


@bp.get("/ideas.<any(csv,xlsx,json):fmt>")
@public
def export(fmt: str) -> ResponseReturnValue:
    """Every listed idea with everything public about it, as a file."""
    chosen = filters.read(request.args, now=clock.now())
    asked = queries.get_call(chosen.call_id, current_user()) if chosen.call_id else None
    return exports.download(fmt, chosen, asked)


# --- support --------------------------------------------------------------------------------


@bp.route("/ideas/<int:idea_id>/support", methods=["GET", "POST"])
@signed_in
@writing("120/minute;2000/hour")
def support(idea_id: int) -> ResponseReturnValue:
    """Support an idea, for oneself or for an organisation, or take it back."""
    user, now = current_user(), clock.now()
    form = SupportForm()
    if form.validate_on_submit():
        idea = _seen(idea_id, user)
        write = supporting.unsupport if form.is_taken_back else supporting.support
        idea = write(idea.id, actor=user, organisation_id=form.for_organisation)
        if is_fragment():
            return render_template(
                "ideas/_support.html",
                idea=idea,
                pressed=not form.is_taken_back,
                form=Buttons(),
                # the page of the idea says in large figures how many they are
                beside_figure=request.args.get("beside") == "figure",
            )
        flash(
            _("Your support is taken back.") if form.is_taken_back else _("You support this idea."),
            "ok",
        )
        here = url_for("ideas.detail", address=idea.address)
        return redirect(safe_next(form.back.data, here), 303)
    idea = queries.get_idea(_known(idea_id), user)
    if idea.state is IdeaState.DRAFT:
        raise Missing
    shown = queries.detail(idea, user, now)
    return page("ideas/support.html", form, idea=idea, detail=shown, buttons=Buttons())


@bp.route("/ideas/<int:idea_id>/take-over", methods=["GET", "POST"])
@signed_in
@writing()
def take_over(idea_id: int) -> ResponseReturnValue:
    """Move one's own support from a merged idea to the one it went into."""
    user = current_user()
    idea = _seen(idea_id, user)
    if idea.state is not IdeaState.MERGED:
        return redirect(url_for("ideas.detail", address=idea.address), 303)
    target = queries.standing_target(idea)
    form = Buttons()
    if form.validate_on_submit():
        supporting.take_over(idea.id, actor=user)
        flash(_("Your support has moved here."), "ok")
        return redirect(url_for("ideas.detail", address=target.address), 303)
    return page("ideas/take_over.html", form, idea=idea, target=target)


@bp.route("/ideas/<int:idea_id>/same", methods=["GET", "POST"])
@signed_in
@writing("10/minute;60/hour")
def report_pair(idea_id: int) -> ResponseReturnValue:
    """Tell the officers that another idea says the same."""
    user = current_user()
    idea = _seen(idea_id, user)
    alike = queries.neighbours(idea, 8)
    form = Buttons()
    if form.validate_on_submit():
        other = _count(request.form.get("other_id"))
        if other in {one.idea_id for one in alike}:
            merging.report_pair(idea.id, other, actor=user)
            flash(_("Thank you. Somebody will compare the two."), "ok")
            return redirect(url_for("ideas.detail", address=idea.address), 303)
        form.form_errors.append(_("Choose one of the ideas below."))
    return page("ideas/same.html", form, idea=idea, alike=alike)


# --- addresses ------------------------------------------------------------------------------


def _seen(idea_id: int, user: Any) -> Idea:
    """An idea this person may see; drafts have pages of their own. Raises Missing."""
    idea = queries.get_idea_brief(_known(idea_id), user)
    if idea.state is IdeaState.DRAFT:
        raise Missing
    return idea


def _known(idea_id: int) -> int:
    """A number that a row may have. Raises Missing for one no database would take."""
    if not 0 < idea_id < 2**31:
        raise Missing
    return idea_id


def _number(address: str) -> int:
    """The number an address begins with. Raises Missing."""
    digits = address.partition("-")[0]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Missing
    return int(digits)


def _count(text: str | None) -> int:
    """A number of an address or a form, 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _canonical(right: str, address: str) -> None:
    if address == right:
        return
    query = request.query_string.decode("ascii", "ignore")
    # the query is carried over as it came: a reader's words never become arguments of url_for
    here = url_for(request.endpoint or "", **{**(request.view_args or {}), "address": right})
    raise RequestRedirect(here + (f"?{query}" if query else ""))
