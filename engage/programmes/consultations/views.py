"""The public side: the list, one consultation, its texts, its answers, its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.routing import RequestRedirect

from engage.commons.accounts.models import Organisation
from engage.commons.comments import queries as comments
from engage.core import clock, csvexport
from engage.core.access import current_user, public, signed_in
from engage.core.errors import Missing
from engage.core.forms import Form
from engage.core.i18n import LocalBlueprint, _, locale_now
from engage.core.paging import page_number
from engage.programmes.consultations import export, filters, policy, queries, reading, texts
from engage.programmes.consultations.models import (
    STATE_LABELS,
    THEME_LABELS,
    Consultation,
    ConsultationState,
)
from engage.programmes.consultations.phases import phases
from engage.programmes.consultations.service.following import follow as start_following
from engage.programmes.consultations.service.following import unfollow as stop_following

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = LocalBlueprint("consultations", __name__)

_SHOWN_OF_A_HOST = 4
# what readers may filter by: nobody looks for drafts here
_SHOWN_STATES = tuple(state for state in ConsultationState if state is not ConsultationState.DRAFT)


@bp.get("/consultations")
@public(cached=True)
def index() -> ResponseReturnValue:
    """The list with its filters."""
    now = clock.now()
    chosen = filters.read(request.args)
    page = queries.cards_page(chosen, now, page_number())
    return render_template(
        "consultations/index.html",
        page=page,
        filters=chosen,
        now=now,
        states=[(state.value, STATE_LABELS[state]) for state in _SHOWN_STATES],
        themes=[(theme.value, label) for theme, label in THEME_LABELS.items()],
        sorts=list(filters.SORTS.items()),
        organisations=[(found.slug, found.name) for found in queries.hosting_organisations()],
    )


def asked_by(organisation: Organisation) -> Markup | None:
    """On an organisation's page: its consultations, when it has any."""
    now = clock.now()
    found = queries.asked_by(organisation.id, now, _SHOWN_OF_A_HOST)
    if not found:
        return None
    return Markup(  # noqa: S704  a template's output
        render_template(
            "consultations/_asked_by.html", organisation=organisation, found=found, now=now
        )
    )


@bp.get("/consultations/<address>")
@public(cached=True)
def detail(address: str) -> ResponseReturnValue:
    """One consultation: what it is, what to do next, how far it is."""
    user, now = current_user(), clock.now()
    consultation = queries.get_detail(_number(address), user)
    _canonical(consultation, address)
    return render_template("consultations/detail.html", **reading.detail(consultation, user, now))


@bp.get("/consultations/<address>/documents/<int:document_id>")
@public(cached=True)
def document(address: str, document_id: int) -> ResponseReturnValue:
    """A chapter of a plan text, or all of a short one, with what is said beside each paragraph."""
    consultation = _opened(address)
    part = queries.part(consultation.id, document_id)
    return render_template(
        "consultations/document.html",
        **texts.document(consultation, part, clock.now(), request.args),
    )


@bp.get("/consultations/<address>/documents/<int:document_id>/table")
@public(cached=True)
def table(address: str, document_id: int) -> ResponseReturnValue:
    """What is said beside each paragraph, as a table."""
    consultation = _opened(address)
    part = queries.part(consultation.id, document_id)
    return render_template(
        "consultations/table.html",
        **texts.table(consultation, part, clock.now(), request.args),
    )


@bp.get("/consultations/<address>/documents/<int:document_id>/changes")
@public(cached=True)
def changes(address: str, document_id: int) -> ResponseReturnValue:
    """Two versions of a text, paragraph by paragraph."""
    consultation = _opened(address)
    part = queries.part(consultation.id, document_id)
    return render_template(
        "consultations/changes.html",
        **texts.changes(consultation, part, clock.now(), request.args),
    )


@bp.get("/consultations/<address>/answers")
@public(cached=True)
def answers(address: str) -> ResponseReturnValue:
    """Every official answer given here, newest first."""
    user, now = current_user(), clock.now()
    consultation = _opened(address)
    organisation = request.args.get("organisation", "")[:80]
    page = queries.answers_page(consultation.id, organisation=organisation, page=page_number())
    return render_template(
        "consultations/answers.html",
        **reading.frame(consultation, now),
        page=page,
        places=comments.places([answer.comment.thread for answer in page.items], user, now),
        organisation=organisation,
        organisations=[
            (found.slug, found.name) for found in queries.answering_organisations(consultation.id)
        ],
    )


@bp.get("/consultations/<address>/outcome")
@public(cached=True)
def outcome(address: str) -> ResponseReturnValue:
    """What came of it. Before there is an outcome, when to expect one."""
    now = clock.now()
    consultation = _opened(address)
    return render_template(
        "consultations/outcome.html",
        **reading.frame(consultation, now),
        participation=queries.participation(consultation.id),
        written=queries.comments_total(consultation.id),
        phases=phases(consultation, now, locale_now()),
    )


@bp.get("/consultations/<address>/paper")
@public(cached=True)
def paper(address: str) -> ResponseReturnValue:
    """A form to print, for people who would rather write by hand."""
    consultation = _opened(address)
    return render_template("consultations/paper.html", **reading.frame(consultation, clock.now()))


@bp.get("/consultations/<address>/comments.csv")
@public
def comments_table(address: str) -> ResponseReturnValue:
    """Every published comment with its official answer, as a table; its authors by the name they show on the site."""
    consultation = _opened(address)
    return csvexport.stream(
        f"consultation-{consultation.id}-comments.csv",
        export.header(),
        export.rows(consultation.id),
    )


@bp.route("/consultations/<address>/follow", methods=["GET", "POST"])
@signed_in
def follow(address: str) -> ResponseReturnValue:
    """Ask to be told. The page of its own is where people land who had to sign in first."""
    user = current_user()
    consultation = _opened(address)
    form = Form()
    if form.validate_on_submit():
        start_following(consultation.id, actor=user)
        return redirect(url_for("consultations.detail", address=consultation.address))
    return render_template(
        "consultations/follow.html",
        **reading.frame(consultation, clock.now()),
        decision=policy.can_follow(user, consultation, clock.now()),
        follows=queries.follows(consultation.id, user),
        form=form,
    ), 422 if form.errors else 200


@bp.post("/consultations/<address>/unfollow")
@signed_in
def unfollow(address: str) -> ResponseReturnValue:
    """Be told no more."""
    consultation = _opened(address)
    form = Form()
    if form.validate_on_submit():
        stop_following(consultation.id, actor=current_user())
    return redirect(url_for("consultations.detail", address=consultation.address))


@bp.get("/feeds/consultations.atom")
@public(cached=True)
def feed() -> ResponseReturnValue:
    """What is asked in public, for feed readers."""
    entries = queries.feed_entries()
    updated = max((entry.updated_at for entry in entries), default=clock.now())
    body = render_template(
        "consultations/feed.xml",
        entries=entries,
        updated=updated,
        title=_("Consultations"),
        labels=STATE_LABELS,
        now=clock.now(),
    )
    return Response(body, mimetype="application/atom+xml")


def _number(address: str) -> int:
    """The number an address begins with. Raises Missing."""
    digits = address.partition("-")[0]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Missing
    return int(digits)


def _opened(address: str) -> Consultation:
    """The consultation of an address, if this reader may see it, under its canonical address."""
    consultation = queries.get_visible(_number(address), current_user())
    _canonical(consultation, address)
    return consultation


def _canonical(consultation: Consultation, address: str) -> None:
    if address == consultation.address or request.method not in ("GET", "HEAD"):
        return
    values = {**(request.view_args or {}), "address": consultation.address}
    query = request.query_string.decode("ascii", "ignore")
    # the query is carried over as it came: a reader's words never become arguments of url_for
    raise RequestRedirect(
        url_for(request.endpoint or "", **values) + (f"?{query}" if query else "")
    )
