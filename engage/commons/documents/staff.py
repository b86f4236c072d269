"""The office side: bring a text in, look at how it is split, change it, publish it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for

from engage.commons.documents import (
    comparing,
    forms,
    importing,
    numbering,
    policy,
    queries,
    service,
)
from engage.commons.documents.models import Document, SourceFormat, Version
from engage.core import clock
from engage.core.access import current_user, staff
from engage.core.errors import Conflict, Missing, NotAllowed
from engage.core.forms import page
from engage.core.i18n import LocalBlueprint, _, _l
from engage.core.paging import page_number
from engage.core.security import long_text
from engage.core.typed import typed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug import Response

bp = LocalBlueprint("documents_office", __name__, url_prefix="/office/documents")


@bp.get("")
@staff("organiser", "analyst")
def index() -> ResponseReturnValue:
    """Every text, the newest first."""
    found = queries.documents_page(page=page_number())
    owners = queries.owners_of(found.items, current_user(), clock.now())
    return render_template("documents/office/index.html", page=found, owners=owners)


def _frame(document_id: int) -> dict[str, Any]:
    """What every page of one text shows."""
    user = current_user()
    document = queries.get_document(document_id)
    owner = queries.owner_of(document, user, clock.now())
    return {
        "document": document,
        "owner": owner,
        "draft": queries.draft_of(document_id),
        "may_edit": policy.can_edit(user, owner),
    }


def _editing(document_id: int) -> dict[str, Any]:
    """The same, for pages that change it. Raises NotAllowed."""
    frame = _frame(document_id)
    decision = frame["may_edit"]
    if not decision:
        raise NotAllowed(decision.reason, decision.hint)
    return frame


def _draft(frame: dict[str, Any]) -> Version:
    draft: Version | None = frame["draft"]
    if draft is None and request.method == "POST":
        raise Conflict(
            _l("The draft you worked on was published or discarded meanwhile."),
            _l("Copy your words, then look at what there is now."),
            url=url_for("documents_office.document", document_id=frame["document"].id),
            kept=typed(),
        )
    if draft is None:
        raise Missing
    return draft


def _to(document_id: int) -> Response:
    return redirect(url_for("documents_office.document", document_id=document_id))


@bp.get("/<int:document_id>")
@staff("organiser", "analyst")
def document(document_id: int) -> ResponseReturnValue:
    """One text: where it stands, its draft, its versions."""
    frame = _frame(document_id)
    found: Document = frame["document"]
    return render_template(
        "documents/office/document.html",
        **frame,
        versions=queries.versions(document_id, current_user()),
        start_form=forms.StartForm(),
        languages=queries.in_other_languages(found),
        outline=queries.version_outline(found.current_version_id)
        if found.current_version_id
        else [],
    )


@bp.route("/<int:document_id>/title", methods=["GET", "POST"])
@staff("organiser")
def title(document_id: int) -> ResponseReturnValue:
    """What the text is called."""
    frame = _editing(document_id)
    found: Document = frame["document"]
    form = forms.TitleForm(title=found.title, language=found.language, revision=found.revision)
    if form.validate_on_submit():
        with form.absorbing():
            service.rename_document(
                document_id,
                title=form.title.data or "",
                language=form.language.data or "",
                revision=form.sent_revision,
                actor=current_user(),
            )
            flash(_("Saved."))
            return _to(document_id)
    return page("documents/office/title.html", form, **frame)


@bp.route("/<int:document_id>/upload", methods=["GET", "POST"])
@staff("organiser")
def upload(document_id: int) -> ResponseReturnValue:
    """Bring the text in as a file."""
    frame = _editing(document_id)
    form = forms.UploadForm(revision=_revision_of(frame))
    if form.validate_on_submit() and form.file.data is not None:
        sent = form.file.data
        with sent.stream as stream:
            data = stream.read(importing.MAX_UPLOAD + 1)
        with form.absorbing():
            version = service.add_version(
                document_id,
                upload=(sent.filename or "", data),
                note=form.note.data or "",
                revision=_revision_sent(form),
                actor=current_user(),
            )
            return _look_at(version)
    return page("documents/office/upload.html", form, **frame)


@bp.route("/<int:document_id>/paste", methods=["GET", "POST"])
@staff("organiser")
@long_text(forms.MOST)
def paste(document_id: int) -> ResponseReturnValue:
    """Paste the text, or write it."""
    frame = _editing(document_id)
    form = forms.PasteForm(revision=_revision_of(frame))
    if form.validate_on_submit():
        with form.absorbing():
            version = service.add_version(
                document_id,
                text=form.text.data or "",
                source_format=SourceFormat(form.format.data or "markdown"),
                note=form.note.data or "",
                revision=_revision_sent(form),
                actor=current_user(),
            )
            return _look_at(version)
    return page("documents/office/paste.html", form, **frame)


@bp.post("/<int:document_id>/start")
@staff("organiser")
def start(document_id: int) -> ResponseReturnValue:
    """Start a draft with the present words."""
    if not forms.StartForm().validate_on_submit():
        return _to(document_id)
    service.start_from_present(document_id, actor=current_user())
    return redirect(url_for("documents_office.draft", document_id=document_id))


def _revision_of(frame: dict[str, Any]) -> int | str:
    return frame["draft"].revision if frame["draft"] else ""


def _revision_sent(form: forms.UploadForm | forms.PasteForm) -> int | None:
    return form.sent_revision if form.revision.data else None


def _look_at(version: Version) -> Response:
    flash(_("This is how the text is split. Nobody outside the office sees it yet."))
    return redirect(
        url_for("documents_office.version", document_id=version.document_id, number=version.number)
    )


@bp.get("/<int:document_id>/versions/<int:number>")
@staff("organiser", "analyst")
def version(document_id: int, number: int) -> ResponseReturnValue:
    """One version as it is split, with numbers."""
    found = queries.get_version(document_id, number, current_user())
    return render_template(
        "documents/office/version.html",
        **_frame(document_id),
        version=found,
        outline=queries.version_outline(found.id),
        sections=queries.paragraphs_with_tallies(found.id),
    )


@bp.route("/<int:document_id>/draft", methods=["GET", "POST"])
@staff("organiser")
@long_text(forms.MOST)
def draft(document_id: int) -> ResponseReturnValue:
    """The words of the draft, all in one field."""
    frame = _editing(document_id)
    found = _draft(frame)
    form = forms.EditorForm(revision=found.revision)
    if not form.is_submitted():
        form.text.data = numbering.markdown_of(queries.text_of(found.id))
    if form.validate_on_submit():
        with form.absorbing():
            changed = service.edit_draft(
                found.id,
                text=form.text.data or "",
                revision=form.sent_revision,
                actor=current_user(),
            )
            return _look_at(changed)
    return page("documents/office/draft.html", form, **frame, version=found)


@bp.route("/<int:document_id>/publish", methods=["GET", "POST"])
@staff("organiser")
def publish(document_id: int) -> ResponseReturnValue:
    """What publishing will do, and doing it."""
    frame = _editing(document_id)
    found = _draft(frame)
    form = forms.PublishForm(revision=found.revision, note=found.note)
    if form.validate_on_submit():
        with form.absorbing():
            service.publish_version(
                found.id,
                note=form.note.data or "",
                revision=form.sent_revision,
                actor=current_user(),
            )
            flash(_("Version %(number)d is published.", number=found.number))
            return _to(document_id)
    present = frame["document"].current_version_id
    return page(
        "documents/office/publish.html",
        form,
        **frame,
        version=found,
        diff=comparing.paragraph_diff(present, found.id) if present else None,
        paragraphs=len(queries.numbered(found.id)),
    )


@bp.route("/<int:document_id>/discard", methods=["GET", "POST"])
@staff("organiser")
def discard(document_id: int) -> ResponseReturnValue:
    """Throw the draft away, after asking."""
    frame = _editing(document_id)
    found = _draft(frame)
    form = forms.DiscardForm(revision=found.revision)
    if form.validate_on_submit():
        service.discard_draft(found.id, revision=form.sent_revision, actor=current_user())
        flash(_("The draft is gone."))
        return _to(document_id)
    return page("documents/office/discard.html", form, **frame, version=found)


@bp.get("/<int:document_id>/changes")
@staff("organiser", "analyst")
def changes(document_id: int) -> ResponseReturnValue:
    """Two versions, paragraph by paragraph; by default the newest two."""
    user = current_user()
    known = {found.number: found for found in queries.versions(document_id, user)}
    newest = sorted(known, reverse=True)
    if len(newest) < 2:
        raise Missing
    new = known.get(_number("to"), known[newest[0]])
    below = [number for number in newest if number < new.number] or [newest[-1]]
    old = known.get(_number("from"), known[below[0]])
    return render_template(
        "documents/office/changes.html",
        **_frame(document_id),
        versions=[known[number] for number in newest],
        old=old,
        new=new,
        diff=comparing.paragraph_diff(old.id, new.id),
    )


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
