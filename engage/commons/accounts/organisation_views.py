"""Organisations in public, and for the people who belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, url_for

from engage.commons.accounts import organisations, policy, queries
from engage.commons.accounts.forms import (
    InviteForm,
    MembershipForm,
    NewOrganisationForm,
    OrganisationForm,
    PressForm,
)
from engage.commons.accounts.models import (
    Membership,
    MembershipRole,
    Organisation,
    OrganisationKind,
)
from engage.commons.accounts.views import dead_link, private
from engage.core.access import current_user, public, require, signed_in
from engage.core.errors import Invalid, Missing
from engage.core.forms import page
from engage.core.i18n import LocalBlueprint, _
from engage.core.paging import page_number

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = LocalBlueprint("organisations", __name__, url_prefix="/organisations")


def _visible(slug: str) -> tuple[Organisation, Membership | None]:
    """The organisation, and what binds the reader to it. Missing for what they may not see."""
    user = current_user()
    found = queries.organisation(slug)
    own = queries.membership(user, found) if user else None
    if not policy.can_see_organisation(user, found, own):
        raise Missing
    return found, own


def _managed(slug: str) -> Organisation:
    user, (found, own) = current_user(), _visible(slug)
    require(policy.can_manage_organisation(user, found, own))
    return found


@bp.get("")
@public(cached=True)
def index() -> ResponseReturnValue:
    """Everybody who speaks here, by name."""
    return render_template(
        "organisations/index.html", page=queries.public_organisations(page=page_number())
    )


@bp.get("/<slug>")
@public(cached=True)
def detail(slug: str) -> ResponseReturnValue:
    """One organisation."""
    user, (found, own) = current_user(), _visible(slug)
    return render_template(
        "organisations/detail.html",
        organisation=found,
        membership=own,
        speakers=queries.speakers_count(found),
        may_manage=bool(user and policy.can_manage_organisation(user, found, own)),
    )


@bp.route("/new", methods=["GET", "POST"])
@signed_in
def new() -> ResponseReturnValue:
    """Ask for a page."""
    form = NewOrganisationForm()
    if form.validate_on_submit():
        try:
            made = organisations.request_organisation(
                name=form.name.data,
                kind=OrganisationKind(str(form.kind.data)),
                description=form.description.data,
                website=form.website.data,
                actor=current_user(),
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(_("We have your request. We check it and write to you."), "success")
            return redirect(url_for("organisations.detail", slug=made.slug))
    return page("organisations/new.html", form=form)


@bp.route("/<slug>/edit", methods=["GET", "POST"])
@signed_in
def edit(slug: str) -> ResponseReturnValue:
    """What its page says."""
    found = _managed(slug)
    form = OrganisationForm(data={"description": found.description, "website": found.website})
    if form.validate_on_submit():
        try:
            organisations.update_organisation(
                found.id,
                description=form.description.data,
                website=form.website.data,
                actor=current_user(),
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(_("The page is saved."), "success")
            return redirect(url_for("organisations.detail", slug=slug))
    return page("organisations/edit.html", form=form, organisation=found)


@bp.route("/<slug>/people", methods=["GET", "POST"])
@signed_in
def people(slug: str) -> ResponseReturnValue:
    """Who belongs to it, who is invited; a form to invite."""
    found = _managed(slug)
    form = InviteForm()
    if form.validate_on_submit():
        try:
            sent = organisations.invite(
                found.id,
                email=form.email.data,
                role=MembershipRole(str(form.role.data)),
                actor=current_user(),
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(_("We have written to %(email)s.", email=sent.email), "success")
            return redirect(url_for("organisations.people", slug=slug))
    return page(
        "organisations/people.html",
        form=form,
        organisation=found,
        members=queries.members(found, page=page_number()),
        invitations=queries.open_invitations(found),
        press=PressForm(formdata=None),
    )


@bp.route("/<slug>/people/<int:membership_id>", methods=["GET", "POST"])
@signed_in
def member(slug: str, membership_id: int) -> ResponseReturnValue:
    """Another role for somebody."""
    found = _managed(slug)
    row = queries.member(found, membership_id)
    form = MembershipForm(data={"role": row.role})
    if form.validate_on_submit():
        organisations.change_membership(
            found.id, membership_id, role=MembershipRole(str(form.role.data)), actor=current_user()
        )
        flash(_("The role is changed."), "success")
        return redirect(url_for("organisations.people", slug=slug))
    return page(
        "organisations/member.html",
        form=form,
        organisation=found,
        membership=row,
        press=PressForm(formdata=None),
    )


@bp.post("/<slug>/people/<int:membership_id>/remove")
@signed_in
def remove(slug: str, membership_id: int) -> ResponseReturnValue:
    """Somebody no longer belongs to it; also one's own way out."""
    user, (found, _own) = current_user(), _visible(slug)
    if not PressForm().validate_on_submit():
        raise Missing
    row = queries.member(found, membership_id)
    is_own = row.user_id == user.id
    organisations.remove_member(found.id, membership_id, actor=user)
    if is_own:
        flash(_("You have left %(name)s.", name=found.name), "success")
        return redirect(url_for("accounts.organisations"))
    flash(_("This person no longer belongs to it."), "success")
    return redirect(url_for("organisations.people", slug=slug))


@bp.post("/<slug>/invitations/<int:invitation_id>/withdraw")
@signed_in
def withdraw(slug: str, invitation_id: int) -> ResponseReturnValue:
    """An invitation stops working."""
    found = _managed(slug)
    if not PressForm().validate_on_submit():
        raise Missing
    organisations.withdraw_invitation(found.id, invitation_id, actor=current_user())
    flash(_("The invitation is withdrawn."), "success")
    return redirect(url_for("organisations.people", slug=slug))


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@signed_in
def invitation(token: str) -> ResponseReturnValue:
    """A mailed invitation; it asks to sign in first."""
    form = PressForm()
    try:
        found = organisations.invitation_of(token)
        if form.validate_on_submit():
            joined = organisations.accept_invitation(found.id, actor=current_user())
            flash(_("You belong to %(name)s now.", name=joined.name), "success")
            return redirect(url_for("organisations.detail", slug=joined.slug))
    except Invalid as problem:
        return dead_link(
            problem, again=url_for("accounts.organisations"), words=_("My organisations")
        )
    organisation = queries.organisation_by_id(found.organisation_id)
    return private(
        page("organisations/invitation.html", form=form, invited=found, organisation=organisation)
    )


@bp.post("/invitations/<int:invitation_id>/accept")
@signed_in
def accept(invitation_id: int) -> ResponseReturnValue:
    """The same, from one's own page."""
    if not PressForm().validate_on_submit():
        raise Missing
    joined = organisations.accept_invitation(invitation_id, actor=current_user())
    flash(_("You belong to %(name)s now.", name=joined.name), "success")
    return redirect(url_for("accounts.organisations"))


@bp.post("/<slug>/join")
@signed_in
def join(slug: str) -> ResponseReturnValue:
    """Join because one's address is one of its own."""
    found, _own = _visible(slug)
    if not PressForm().validate_on_submit():
        raise Missing
    organisations.join_by_domain(found.id, actor=current_user())
    flash(_("You belong to %(name)s now.", name=found.name), "success")
    return redirect(url_for("accounts.organisations"))
