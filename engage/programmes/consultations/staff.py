"""The office side: preparing a consultation, running it, answering it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, flash, redirect, render_template, request, url_for

from engage.commons.documents.models import Document
from engage.core import clock
from engage.core.access import current_user, staff
from engage.core.errors import Missing
from engage.core.forms import Form, page
from engage.core.i18n import LocalBlueprint, _, language_name, locales
from engage.core.paging import page_number
from engage.programmes.consultations import filters, policy, queries, reading
from engage.programmes.consultations import forms as shapes
from engage.programmes.consultations.models import (
    STATE_LABELS,
    THEME_LABELS,
    Consultation,
    ConsultationState,
    TranslationMark,
)
from engage.programmes.consultations.service import lifecycle, parts, writing

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = LocalBlueprint("consultations_office", __name__, url_prefix="/office/consultations")


@bp.get("")
@staff("organiser", "analyst")
def index() -> ResponseReturnValue:
    """Every consultation, drafts included."""
    now, user = clock.now(), current_user()
    chosen = filters.read(request.args, in_office=True)
    return render_template(
        "consultations/office/index.html",
        page=queries.office_page(chosen, now, user, page_number()),
        filters=chosen,
        now=now,
        states=[(state.value, STATE_LABELS[state]) for state in ConsultationState],
        themes=[(theme.value, label) for theme, label in THEME_LABELS.items()],
        sorts=list(filters.SORTS.items()),
        can_create=policy.can_create(user).allowed,
    )


@bp.route("/new", methods=["GET", "POST"])
@staff("organiser")
def new() -> ResponseReturnValue:
    """Start a draft."""
    form = shapes.BriefForm()
    if form.validate_on_submit():
        with form.absorbing():
            brief = form.brief(current_app.config["TIMEZONE"])
            consultation = writing.create_consultation(brief, actor=current_user())
            flash(_("The draft is saved. Nobody outside the office sees it yet."))
            return _to_overview(consultation.id)
    return page("consultations/office/brief.html", form, consultation=None)


@bp.get("/<int:consultation_id>")
@staff("organiser", "analyst")
def overview(consultation_id: int) -> ResponseReturnValue:
    """One consultation at a glance: what is done, what is missing, figures, what comes next."""
    user, now = current_user(), clock.now()
    consultation = queries.get_detail(consultation_id, user)
    return render_template(
        "consultations/office/overview.html",
        **reading.frame(consultation, now),
        standing=reading.standing_words(consultation, now),
        can=policy.allowed_actions(user, consultation, now),
        missing=lifecycle.readiness(consultation_id, now)
        if consultation.state is ConsultationState.DRAFT
        else {},
        figures=queries.figures(consultation_id, now),
        participation=queries.participation(consultation_id),
        languages=_languages(consultation),
        themes=[THEME_LABELS[row.theme] for row in consultation.themes],
        form=Form(),
    )


@bp.route("/<int:consultation_id>/edit", methods=["GET", "POST"])
@staff("organiser")
def edit(consultation_id: int) -> ResponseReturnValue:
    """Words and settings."""
    user = current_user()
    consultation = queries.get_detail(consultation_id, user)
    form = shapes.BriefForm(consultation)
    if not policy.can("set_window", user, consultation, clock.now()):
        form.lock_window()
    if form.validate_on_submit():
        with form.absorbing():
            writing.edit_consultation(
                consultation_id,
                form.brief(consultation.time_zone),
                revision=_revision(form),
                actor=user,
            )
            flash(_("Saved."))
            return _to_overview(consultation_id)
    return page("consultations/office/brief.html", form, consultation=consultation)


@bp.route("/<int:consultation_id>/translations/<locale:language>", methods=["GET", "POST"])
@staff("organiser")
def translate(consultation_id: int, language: str) -> ResponseReturnValue:
    """All words in another language, beside the original."""
    user = current_user()
    consultation = queries.get_detail(consultation_id, user)
    if language not in locales() or language == consultation.language:
        raise Missing
    present = next((t for t in consultation.translations if t.language == language), None)
    form = shapes.TranslationForm(consultation.revision, present)
    if form.validate_on_submit():
        with form.absorbing():
            writing.translate_consultation(
                consultation_id,
                language=language,
                mark=form.mark.data or TranslationMark.HUMAN,
                words=form.words(),
                revision=_revision(form),
                actor=user,
            )
            flash(_("The translation is saved."))
            return _to_overview(consultation_id)
    return page(
        "consultations/office/translate.html",
        form,
        consultation=consultation,
        language=language,
        present=present,
    )


@bp.route("/<int:consultation_id>/steps", methods=["GET", "POST"])
@staff("organiser")
def steps(consultation_id: int) -> ResponseReturnValue:
    """What happens with an answer, and extra dates."""
    user = current_user()
    consultation = queries.get_visible(consultation_id, user)
    form = shapes.steps_form(consultation)
    if form.validate_on_submit():
        with form.absorbing():
            writing.set_steps(
                consultation_id,
                steps=form.steps(),
                milestones=form.milestones(),
                revision=_revision(form),
                actor=user,
            )
            flash(_("Saved."))
            return _to_overview(consultation_id)
    return page("consultations/office/steps.html", form, consultation=consultation)


@bp.route("/<int:consultation_id>/hosts", methods=["GET", "POST"])
@staff("organiser")
def hosts(consultation_id: int) -> ResponseReturnValue:
    """Who asks."""
    user = current_user()
    consultation = queries.get_detail(consultation_id, user)
    form = shapes.HostForm()
    named = {host.organisation_id for host in consultation.hosts}
    form.organisation_id.choices = [
        (found.id, found.name) for found in queries.organisations_to_host() if found.id not in named
    ]
    if form.validate_on_submit():
        with form.absorbing():
            parts.add_host(
                consultation_id,
                organisation_id=form.organisation_id.data or 0,
                role=form.role.data,
                actor=user,
            )
            return redirect(url_for("consultations_office.hosts", consultation_id=consultation_id))
    return page(
        "consultations/office/hosts.html",
        form,
        consultation=consultation,
        can=policy.allowed_actions(user, consultation, clock.now()),
    )


@bp.post("/<int:consultation_id>/hosts/<int:organisation_id>/remove")
@staff("organiser")
def remove_host(consultation_id: int, organisation_id: int) -> ResponseReturnValue:
    """Take an organisation off."""
    if Form().validate_on_submit():
        parts.remove_host(consultation_id, organisation_id=organisation_id, actor=current_user())
    return redirect(url_for("consultations_office.hosts", consultation_id=consultation_id))


@bp.route("/<int:consultation_id>/documents", methods=["GET", "POST"])
@staff("organiser")
def documents(consultation_id: int) -> ResponseReturnValue:
    """The texts people comment on; a new one goes on in the documents' own pages."""
    user = current_user()
    consultation = queries.get_detail(consultation_id, user)
    texts: list[Document] = [row.document for row in consultation.documents]
    form = shapes.DocumentForm(
        [(text.id, text.title) for text in texts if text.translation_of_id is None]
    )
    if form.validate_on_submit():
        with form.absorbing():
            document = parts.add_document(
                consultation_id,
                title=form.title.data,
                language=form.language.data or "",
                translation_of_id=form.translation_of_id.data or None,
                actor=user,
            )
            return redirect(url_for("documents_office.document", document_id=document.id))
    return page(
        "consultations/office/documents.html",
        form,
        consultation=consultation,
        files_form=shapes.AttachmentForm(scope="attachment"),
        can=policy.allowed_actions(user, consultation, clock.now()),
        size_words=reading.size_words,
    )


@bp.post("/<int:consultation_id>/documents/<int:document_id>/move")
@staff("organiser")
def move_document(consultation_id: int, document_id: int) -> ResponseReturnValue:
    """One place earlier or later."""
    if Form().validate_on_submit():
        parts.move_document(
            consultation_id,
            document_id=document_id,
            up=request.form.get("to") == "up",
            actor=current_user(),
        )
    return redirect(url_for("consultations_office.documents", consultation_id=consultation_id))


@bp.post("/<int:consultation_id>/documents/<int:document_id>/remove")
@staff("organiser")
def remove_document(consultation_id: int, document_id: int) -> ResponseReturnValue:
    """Take a text out, before it is open."""
    if Form().validate_on_submit():
        parts.remove_document(consultation_id, document_id=document_id, actor=current_user())
    return redirect(url_for("consultations_office.documents", consultation_id=consultation_id))


@bp.route("/<int:consultation_id>/files", methods=["GET", "POST"])
@staff("organiser")
def files(consultation_id: int) -> ResponseReturnValue:
    """Add a file to read beside the texts."""
    user = current_user()
    consultation = queries.get_detail(consultation_id, user)
    form = shapes.AttachmentForm()
    if form.validate_on_submit():
        with form.absorbing():
            parts.add_attachment(
                consultation_id,
                upload=form.file.data,
                title=form.title.data,
                language=form.language.data or "",
                actor=user,
            )
            return redirect(url_for("consultations_office.files", consultation_id=consultation_id))
    return page(
        "consultations/office/files.html",
        form,
        consultation=consultation,
        cover_form=shapes.CoverForm(scope="cover"),
        size_words=reading.size_words,
    )


@bp.post("/<int:consultation_id>/files/<int:attachment_id>/remove")
@staff("organiser")
def remove_file(consultation_id: int, attachment_id: int) -> ResponseReturnValue:
    """Take a file out of the list."""
    if Form().validate_on_submit():
        parts.remove_attachment(consultation_id, attachment_id=attachment_id, actor=current_user())
    return redirect(url_for("consultations_office.files", consultation_id=consultation_id))


@bp.route("/<int:consultation_id>/cover", methods=["GET", "POST"])
@staff("organiser")
def cover(consultation_id: int) -> ResponseReturnValue:
    """A picture of one's own, or the drawing again."""
    user = current_user()
    consultation = queries.get_detail(consultation_id, user)
    form = shapes.CoverForm()
    if request.form.get("remove") and Form().validate_on_submit():
        parts.set_cover(consultation_id, upload=None, actor=user)
        return _to_overview(consultation_id)
    if form.validate_on_submit():
        with form.absorbing():
            parts.set_cover(consultation_id, upload=form.file.data, actor=user)
            return _to_overview(consultation_id)
    return page("consultations/office/cover.html", form, consultation=consultation)


@bp.get("/<int:consultation_id>/preview")
@staff("organiser", "analyst")
def preview(consultation_id: int) -> ResponseReturnValue:
    """The page as the public will see it."""
    user, now = current_user(), clock.now()
    consultation = queries.get_detail(consultation_id, user)
    return render_template(
        "consultations/detail.html", **reading.detail(consultation, user, now), preview=True
    )


@bp.route("/<int:consultation_id>/schedule", methods=["GET", "POST"])
@staff("organiser")
def schedule(consultation_id: int) -> ResponseReturnValue:
    """Check everything once more, then make it public."""
    user, now = current_user(), clock.now()
    consultation = queries.get_detail(consultation_id, user)
    form = Form()
    if form.validate_on_submit():
        with form.absorbing():
            lifecycle.schedule_consultation(consultation_id, actor=user)
            flash(_("It is announced. It opens and closes by itself at the times you set."))
            return _to_overview(consultation_id)
    return page(
        "consultations/office/schedule.html",
        form,
        consultation=consultation,
        now=now,
        decision=policy.can("schedule", user, consultation, now),
        missing=lifecycle.readiness(consultation_id, now),
        texts=[row.document for row in consultation.documents],
        languages=[
            found
            for found in _languages(consultation)
            if found["is_original"] or found["is_current"]
        ],
    )


@bp.post("/<int:consultation_id>/unschedule")
@staff("organiser")
def unschedule(consultation_id: int) -> ResponseReturnValue:
    """Back to draft, before it has opened."""
    if Form().validate_on_submit():
        lifecycle.unschedule_consultation(consultation_id, actor=current_user())
        flash(_("It is a draft again."))
    return _to_overview(consultation_id)


@bp.route("/<int:consultation_id>/extend", methods=["GET", "POST"])
@staff("organiser")
def extend(consultation_id: int) -> ResponseReturnValue:
    """More time, with a reason."""
    user = current_user()
    consultation = queries.get_visible(consultation_id, user)
    form = shapes.ExtendForm(data={"closes_at": consultation.closes_at})
    form.closes_at.zone = consultation.time_zone
    if form.validate_on_submit():
        assert form.closes_at.data is not None  # the field is required
        with form.absorbing():
            lifecycle.extend_consultation(
                consultation_id,
                closes_at=form.closes_at.data,
                reason=form.reason.data,
                actor=user,
            )
            flash(_("There is more time now. Everybody who follows it is told."))
            return _to_overview(consultation_id)
    return _step("consultations/office/extend.html", form, "extend", consultation, user)


@bp.route("/<int:consultation_id>/close", methods=["GET", "POST"])
@staff("organiser")
def close(consultation_id: int) -> ResponseReturnValue:
    """End it now, with a reason."""
    user = current_user()
    consultation = queries.get_visible(consultation_id, user)
    form = shapes.ReasonForm()
    if form.validate_on_submit():
        with form.absorbing():
            lifecycle.close_consultation(consultation_id, reason=form.reason.data, actor=user)
            flash(_("It is closed."))
            return _to_overview(consultation_id)
    return _step("consultations/office/close.html", form, "close", consultation, user)


@bp.route("/<int:consultation_id>/outcome", methods=["GET", "POST"])
@staff("organiser")
def outcome(consultation_id: int) -> ResponseReturnValue:
    """Say what came of it."""
    user = current_user()
    consultation = queries.get_visible(consultation_id, user)
    form = shapes.OutcomeForm(data={"outcome": consultation.outcome})
    if form.validate_on_submit():
        with form.absorbing():
            lifecycle.publish_outcome(consultation_id, outcome=form.outcome.data, actor=user)
            flash(_("The outcome is public. Everybody who took part is told."))
            return _to_overview(consultation_id)
    return _step(
        "consultations/office/outcome.html",
        form,
        "publish_outcome",
        consultation,
        user,
        figures=queries.figures(consultation_id, clock.now()),
    )


@bp.post("/<int:consultation_id>/archive")
@staff("organiser")
def archive(consultation_id: int) -> ResponseReturnValue:
    """Put it away; it stays readable."""
    if Form().validate_on_submit():
        lifecycle.archive_consultation(consultation_id, actor=current_user())
        flash(_("It is in the archive."))
    return _to_overview(consultation_id)


@bp.post("/<int:consultation_id>/copy")
@staff("organiser")
def copy(consultation_id: int) -> ResponseReturnValue:
    """A new draft with the same words."""
    if not Form().validate_on_submit():
        return _to_overview(consultation_id)
    twin = writing.copy_consultation(consultation_id, actor=current_user())
    flash(_("This is the copy. Give it a title and dates of its own."))
    return redirect(url_for("consultations_office.edit", consultation_id=twin.id))


def _step(
    template: str, form: Form, action: str, consultation: Consultation, user: Any, **more: Any
) -> ResponseReturnValue:
    """A page that moves a consultation on, or says why it cannot."""
    now = clock.now()
    return page(
        template,
        form,
        **reading.frame(consultation, now),
        decision=policy.can(action, user, consultation, now),
        **more,
    )


def _languages(consultation: Consultation) -> list[dict[str, Any]]:
    """Every language of the site: whether it is the original, translated, and how well."""
    by_language = {translation.language: translation for translation in consultation.translations}
    return [
        {
            "locale": locale,
            "name": language_name(locale),
            "is_original": locale == consultation.language,
            "translation": by_language.get(locale),
            "is_current": locale in by_language
            and by_language[locale].mark is not TranslationMark.OUTDATED,
            "mark": shapes.MARK_LABELS[by_language[locale].mark] if locale in by_language else "",
        }
        for locale in locales()
    ]


def _revision(form: Form) -> int:
    """The revision a form started from; nonsense counts as stale."""
    given = form["revision"].data or ""
    return int(given) if str(given).isdigit() and len(str(given)) < 10 else -1


def _to_overview(consultation_id: int) -> ResponseReturnValue:
    return redirect(url_for("consultations_office.overview", consultation_id=consultation_id))
