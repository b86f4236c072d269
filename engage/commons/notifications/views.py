"""The list of notifications, the trail, preferences, and stopping mail with one click."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from engage.commons.accounts.models import User
from engage.commons.notifications import queries, service, tokens, topics
from engage.commons.notifications import trail as trails
from engage.commons.notifications.forms import EmptyForm, preferences_form
from engage.core import csvexport, nav
from engage.core.access import current_user, public, signed_in
from engage.core.errors import Invalid
from engage.core.i18n import LocalBlueprint, _
from engage.core.limits import writing
from engage.core.paging import page_number, paginate

bp = LocalBlueprint("notifications", __name__, url_prefix="/me")


def bell(user: User | None) -> Markup | None:
    """The way to what is new, in every frame; its figure is the menu's, asked once."""
    if user is None:
        return None
    unread = nav.count("me", "notifications")
    return Markup(  # noqa: S704  a template's output
        render_template("notifications/_bell.html", unread=unread)
    )


@bp.get("/notifications")
@signed_in
def index() -> str:
    user = current_user()
    unread_only = request.args.get("show") == "unread"
    page = paginate(
        queries.own_notifications(user, unread_only=unread_only), page=page_number(), per_page=20
    )
    return render_template(
        "notifications/index.html",
        page=page,
        unread_only=unread_only,
        unread=nav.count("me", "notifications"),
        topics={topic.name: topic for topic in topics.everything()},
        form=EmptyForm(),
    )


@bp.post("/notifications/<int:notification_id>")
@signed_in
def follow(notification_id: int) -> Answer:
    """Mark as read and lead to what it is about."""
    notification = service.mark_read(notification_id, actor=current_user())
    return redirect(notification.url, 303)


@bp.post("/notifications/read")
@signed_in
def read_all() -> Answer:
    service.mark_all_read(actor=current_user())
    flash(_("All notifications are marked as read."), "success")
    return redirect(url_for("notifications.index"), 303)


@bp.get("/trail")
@signed_in
def trail() -> str:
    user = current_user()
    return render_template(
        "notifications/trail.html",
        trail=trails.trail(user, after=trails.Cursor.parse(request.args.get("after"))),
        counts=trails.counts(user),
        is_first="after" not in request.args,
        sources={source.kind: source for source in trails.sources},
    )


@bp.get("/trail.csv")
@signed_in
def trail_file() -> Response:
    """The whole trail for a spreadsheet, read page by page."""
    header = [
        "kind",
        "title",
        "place",
        "received",
        "read",
        "answered",
        "decided",
        "due",
        "state",
        "url",
    ]
    return csvexport.stream("trail.csv", header, trails.rows(current_user()))


@bp.route("/preferences", methods=["GET", "POST"])
@public
@writing()
def preferences() -> Any:
    """How to be told: for signed-in people, and by a link from a mail without signing in."""
    token = request.args.get("token", "")
    user = tokens.read_preferences(token) if token else current_user()
    if user is None:
        return redirect(url_for("accounts.login", next=url_for("notifications.preferences")))
    offered = topics.choosable()
    form = preferences_form(offered, queries.rhythms(user))
    if form.validate_on_submit():
        try:
            choices = {topic.name: form[topic.name].data for topic in offered}
            service.choose(choices, user=user, actor=None if token else user)
        except Invalid as error:
            form.absorb(error)
        else:
            flash(_("Your choice is saved."), "success")
            return redirect(url_for("notifications.preferences", token=token or None), 303)
    answer = render_template(
        "notifications/preferences.html",
        form=form,
        topics=offered,
        fixed=[topic for topic in topics.everything() if topic.always],
        address=_masked(user.email),
        token=token,
    )
    return answer, 422 if form.errors else 200


@bp.get("/unsubscribe/<token>")
@public
def unsubscribe(token: str) -> str:
    """Reading a link changes nothing: the page asks once."""
    user, topic = tokens.read_unsubscribe(token)
    return _stopped(user, topic, done=False)


@bp.post("/unsubscribe/<token>")
@public
def unsubscribe_at_once(token: str) -> str:
    """RFC 8058: a POST stops the mail, without session or further question."""
    user, topic = service.unsubscribe(token)
    return _stopped(user, topic, done=True)


def _stopped(user: User, topic: str, *, done: bool) -> str:
    return render_template(
        "notifications/unsubscribe.html",
        form=EmptyForm(),
        done=done,
        topic=None if topic == tokens.ALL_TOPICS else topics.get(topic),
        address=_masked(user.email),
        preferences=tokens.preferences_token(user),
    )


def _masked(address: str) -> str:
    """Enough to recognise one's own address, not enough to learn somebody else's."""
    name, _at, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"
