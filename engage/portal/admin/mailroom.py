"""The outbox: what was written, to whom, and what became of it.

The words of a mail are shown only while no relay is configured. Once mail really leaves, it is
the addressee's alone: it may hold a link that opens their account.
"""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engage.core import outbox
from engage.core.access import current_user, staff
from engage.core.errors import Missing
from engage.core.i18n import LocalBlueprint, _
from engage.core.outbox import MailState
from engage.core.paging import page_number, paginate
from engage.portal.admin import queries
from engage.portal.admin.forms import ActForm

bp = LocalBlueprint("outbox_office", __name__, url_prefix="/office/outbox")

RESENDABLE = frozenset({MailState.FAILED, MailState.BOUNCED})


@bp.get("")
@staff("admin")
def index() -> str:
    chosen = request.args.get("state", "")
    state = MailState(chosen) if chosen in set(MailState) else None
    words = request.args.get("q", "").strip()[:100]
    return render_template(
        "admin/outbox.html",
        page=paginate(queries.mails(state=state, words=words), page=page_number(), per_page=30),
        counts=queries.mail_counts(),
        state=state,
        words=words,
        states=list(MailState),
        has_relay=bool(current_app.config["MAIL_SERVER"]),
    )


@bp.get("/<int:mail_id>")
@staff("admin")
def mail(mail_id: int) -> str:
    found = queries.mail(mail_id)
    if found is None:
        raise Missing
    return render_template(
        "admin/mail.html",
        mail=found,
        is_readable=found.state is MailState.KEPT,
        can_resend=found.state in RESENDABLE,
        form=ActForm(),
    )


@bp.post("/<int:mail_id>/resend")
@staff("admin")
def resend(mail_id: int) -> Response:
    found = queries.mail(mail_id)
    if found is None:
        raise Missing
    if found.state in RESENDABLE:
        outbox.resend(mail_id, actor=current_user())
        flash(_("The mail is queued once more."), "success")
    return redirect(url_for("outbox_office.mail", mail_id=mail_id), 303)
