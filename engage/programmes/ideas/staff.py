"""The office side of calls: preparing and running them, and bringing ideas in from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, flash, redirect, render_template, request, url_for

from engage.core import clock
from engage.core.access import current_user, require, signed_in, staff
from engage.core.errors import Invalid, Missing
from engage.core.forms import Form, page
from engage.core.i18n import _, format_day, language_name, locales
from engage.core.paging import page_number
from engage.programmes.ideas import insight as insights
from engage.programmes.ideas import office_forms as shapes
from engage.programmes.ideas import office_queries as office
from engage.programmes.ideas import policy, queries
from engage.programmes.ideas.models import (
    Call,
    CallState,
    TranslationMark,
)
from engage.programmes.ideas.service import calls, importing
from engage.programmes.ideas.workroom import bp, frame, opened, revision_of

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@bp.get("")
@signed_in
def index() -> ResponseReturnValue:
    """Every call; for people who speak for a host, those in which it asks."""
    user, now = current_user(), clock.now()
    if policy.is_reader(user):
        return render_template(
            "ideas/office/index.html",
            page=queries.calls_page(now, user, page_number(), with_drafts=True, per_page=20),
            now=now,
            can_create=policy.can_create_call(user).allowed,
        )
    mine = office.speaks(user)
    require(policy.can_open_desk(user, hosts=mine, speaks=mine))
    return render_template("ideas/office/mine.html", calls=office.calls_of_hosts(mine), now=now)


@bp.route("/calls/new", methods=["GET", "POST"])
@staff("organiser")
def new_call() -> ResponseReturnValue:
    """Start a draft, from a template."""
    template = shapes.template_of(request.args.get("from", ""))
    form = shapes.CallForm(template=template)
    if form.validate_on_submit():
        try:
            call = calls.create_call(
                form.brief(current_app.config["TIMEZONE"]), actor=current_user()
            )
            _fill(call, template)
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("The draft is saved. Nobody outside the office sees it yet."))
            return _to_call(call.id)
    return page(
        "ideas/office/brief.html",
        form,
        call=None,
        templates=shapes.TEMPLATES,
        chosen=template,
    )


def _fill(call: Call, template: shapes.Template) -> None:
    user = current_user()
    calls.set_categories(
        call.id,
        categories=[calls.CategoryBrief(str(name)) for name in template.categories],
        actor=user,
    )
    calls.set_criteria(
        call.id,
        criteria=[
            calls.CriterionBrief(str(name), weight, is_reversed)
            for name, weight, is_reversed in template.criteria
        ],
        actor=user,
    )


@bp.get("/calls/<int:call_id>")
@signed_in
def call(call_id: int) -> ResponseReturnValue:
    """One call at a glance: what is done, what is missing, figures, what comes next."""
    user, now = current_user(), clock.now()
    found = opened(call_id)
    return render_template(
        "ideas/office/call.html",
        **frame(found),
        can=policy.allowed_actions(user, found),
        missing=calls.readiness(found, now) if found.state is CallState.DRAFT else {},
        figures=queries.call_figures(call_id),
        response=office.response_clock(call_id, now),
        pairs=office.open_pairs(call_id),
        languages=_languages(found),
        form=Form(),
    )


@bp.route("/calls/<int:call_id>/edit", methods=["GET", "POST"])
@staff("organiser")
def edit_call(call_id: int) -> ResponseReturnValue:
    """Words and rules."""
    found = office.call_of(call_id)
    form = shapes.CallForm(found)
    if form.validate_on_submit():
        try:
            calls.edit_call(
                call_id,
                form.brief(found.time_zone),
                revision=revision_of(form),
                actor=current_user(),
            )
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("Saved."))
            return _to_call(call_id)
    return page("ideas/office/brief.html", form, **frame(found))


@bp.route("/calls/<int:call_id>/translations/<locale:language>", methods=["GET", "POST"])
@staff("organiser")
def translate(call_id: int, language: str) -> ResponseReturnValue:
    """All words in another language."""
    found = office.call_of(call_id)
    if language not in locales() or language == found.language:
        raise Missing
    present = next((row for row in found.translations if row.language == language), None)
    form = shapes.TranslationForm(found, present)
    if form.validate_on_submit():
        try:
            calls.translate_call(
                call_id,
                language=language,
                mark=form.mark.data or TranslationMark.HUMAN,
                words=form.words(),
                revision=revision_of(form),
                actor=current_user(),
            )
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("The translation is saved."))
            return _to_call(call_id)
    return page("ideas/office/translate.html", form, **frame(found), language=language)


@bp.route("/calls/<int:call_id>/hosts", methods=["GET", "POST"])
@staff("organiser")
def hosts(call_id: int) -> ResponseReturnValue:
    """Who asks and answers."""
    found = office.call_of(call_id)
    offered = [(row.id, row.name) for row in office.verified_organisations()]
    form = shapes.HostsForm(offered, [str(host.organisation_id) for host in found.hosts])
    if form.validate_on_submit():
        try:
            calls.set_hosts(call_id, organisation_ids=form.ids(), actor=current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("Saved."))
            return _to_call(call_id)
    return page("ideas/office/hosts.html", form, **frame(found))


@bp.route("/calls/<int:call_id>/categories", methods=["GET", "POST"])
@staff("organiser")
def categories(call_id: int) -> ResponseReturnValue:
    """What ideas are sorted by."""
    found = office.call_of(call_id)
    form = shapes.categories_form(found)
    if form.validate_on_submit():
        try:
            calls.set_categories(
                call_id, categories=shapes.categories_of(form, found), actor=current_user()
            )
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("Saved."))
            return _to_call(call_id)
    return page(
        "ideas/office/rows.html",
        form,
        **frame(found),
        here_words=_("Categories"),
        lead=_("Leave a line empty to remove it. Ideas must be moved out of a category first."),
    )


@bp.route("/calls/<int:call_id>/questions", methods=["GET", "POST"])
@staff("organiser")
def questions(call_id: int) -> ResponseReturnValue:
    """What the form asks besides title and text."""
    found = office.call_of(call_id)
    form = shapes.fields_form(found)
    if form.validate_on_submit():
        try:
            calls.set_fields(call_id, fields=shapes.fields_of(form, found), actor=current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("Saved."))
            return _to_call(call_id)
    return page(
        "ideas/office/rows.html",
        form,
        **frame(found),
        here_words=_("Questions of the form"),
        lead=_("Ask little: each question costs ideas. Leave a question empty to remove it."),
    )


@bp.route("/calls/<int:call_id>/criteria", methods=["GET", "POST"])
@staff("organiser")
def criteria(call_id: int) -> ResponseReturnValue:
    """What officers score."""
    found = office.call_of(call_id)
    form = shapes.criteria_form(found)
    if form.validate_on_submit():
        try:
            calls.set_criteria(
                call_id, criteria=shapes.criteria_of(form, found), actor=current_user()
            )
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("Saved."))
            return _to_call(call_id)
    return page(
        "ideas/office/rows.html",
        form,
        **frame(found),
        here_words=_("Criteria"),
        lead=_("Officers give 0 to 5 for each. The weight says how much it counts, 1 to 10."),
    )


@bp.route("/calls/<int:call_id>/cover", methods=["GET", "POST"])
@staff("organiser")
def cover(call_id: int) -> ResponseReturnValue:
    """A picture of one's own, or the drawing again."""
    found = office.call_of(call_id)
    form = shapes.CoverForm()
    if request.form.get("remove") and Form().validate_on_submit():
        calls.set_cover(call_id, upload=None, actor=current_user())
        return _to_call(call_id)
    if form.validate_on_submit():
        try:
            calls.set_cover(call_id, upload=form.file.data, actor=current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            return _to_call(call_id)
    return page("ideas/office/cover.html", form, **frame(found))


@bp.route("/calls/<int:call_id>/publish", methods=["GET", "POST"])
@staff("organiser")
def publish(call_id: int) -> ResponseReturnValue:
    """Look once more, then make it public."""
    found = office.call_of(call_id)
    form = Form()
    if form.validate_on_submit():
        try:
            calls.publish_call(call_id, actor=current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            flash(_("It is announced. It opens and closes by itself at the times you set."))
            return _to_call(call_id)
    return page(
        "ideas/office/publish.html",
        form,
        **frame(found),
        decision=policy.can("publish", current_user(), found),
        missing=calls.readiness(found, clock.now()),
    )


@bp.post("/calls/<int:call_id>/<any(unpublish,archive,reopen):step>")
@staff("organiser")
def step(call_id: int, step: str) -> ResponseReturnValue:
    """Back to draft, into the archive, or out of it."""
    verbs = {
        "unpublish": (calls.unpublish_call, _("It is a draft again.")),
        "archive": (calls.archive_call, _("It is in the archive.")),
        "reopen": (calls.reopen_call, _("It is out of the archive.")),
    }
    if Form().validate_on_submit():
        verb, words = verbs[step]
        verb(call_id, actor=current_user())
        flash(words)
    return _to_call(call_id)


@bp.post("/calls/<int:call_id>/copy")
@staff("organiser")
def copy(call_id: int) -> ResponseReturnValue:
    """A new draft with the same words and rules."""
    if not Form().validate_on_submit():
        return _to_call(call_id)
    twin = calls.copy_call(call_id, actor=current_user())
    flash(_("This is the copy. Give it a title and dates of its own."))
    return redirect(url_for("ideas_office.edit_call", call_id=twin.id))


# --- files ----------------------------------------------------------------------------------


@bp.route("/calls/<int:call_id>/imports", methods=["GET", "POST"])
@staff("organiser")
def imports(call_id: int) -> ResponseReturnValue:
    """Files that were read, and one more."""
    found = office.call_of(call_id)
    form = shapes.ImportForm()
    if form.validate_on_submit():
        try:
            row = importing.preview_import(call_id, upload=form.file.data, actor=current_user())
        except Invalid as refused:
            form.absorb(refused)
        else:
            return redirect(url_for("ideas_office.one_import", call_id=call_id, import_id=row.id))
    return page(
        "ideas/office/imports.html", form, **frame(found), imports=office.imports_of(call_id)
    )


@bp.get("/calls/<int:call_id>/imports/<int:import_id>")
@staff("organiser")
def one_import(call_id: int, import_id: int) -> ResponseReturnValue:
    """What would come in, what is wrong, or what came of it."""
    return render_template(
        "ideas/office/import.html",
        **frame(office.call_of(call_id)),
        row=office.import_of(call_id, import_id),
        form=Form(),
    )


@bp.post("/calls/<int:call_id>/imports/<int:import_id>/<any(run,undo):step>")
@staff("organiser")
def import_step(call_id: int, import_id: int, step: str) -> ResponseReturnValue:
    """Bring the good rows in, or take them all back."""
    office.import_of(call_id, import_id)
    if Form().validate_on_submit():
        if step == "run":
            importing.run_import(import_id, actor=current_user())
            flash(_("The ideas are in. Nobody was told; you can still take all of it back."))
        else:
            importing.undo_import(import_id, actor=current_user())
            flash(_("Everything this file brought in is out again."))
    return redirect(url_for("ideas_office.one_import", call_id=call_id, import_id=import_id))


# --- insight --------------------------------------------------------------------------------


@bp.get("/calls/<int:call_id>/insight")
@signed_in
def insight(call_id: int) -> ResponseReturnValue:
    """What the ideas say together."""
    found = opened(call_id)
    said = insights.of_call(found)
    return render_template(
        "ideas/office/insight.html",
        **frame(found),
        insight=said,
        chart_days=[format_day(day.day) for day in said.days],
        response=office.response_clock(call_id, clock.now()),
        kind_labels={kind.value: label for kind, label in shapes.KIND_LABELS.items()},
    )


# --- inside ---------------------------------------------------------------------------------


def _languages(found: Call) -> list[dict[str, Any]]:
    by_language = {row.language: row for row in found.translations}
    return [
        {
            "locale": locale,
            "name": language_name(locale),
            "translation": by_language.get(locale),
            "mark": shapes.MARK_LABELS[by_language[locale].mark] if locale in by_language else "",
        }
        for locale in locales()
        if locale != found.language
    ]


def _to_call(call_id: int) -> ResponseReturnValue:
    return redirect(url_for("ideas_office.call", call_id=call_id))
