"""The office side: people and organisations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for

from engage.commons.accounts import credentials, policy, queries, service
from engage.commons.accounts import organisations as verbs
from engage.commons.accounts.forms import (
    ORGANISATION_KINDS,
    ROLES,
    DomainsForm,
    PressForm,
    ReasonForm,
    ResetSecondStepForm,
    RolesForm,
)
from engage.commons.accounts.models import IdentityProof, User
from engage.core.access import current_user, staff
from engage.core.errors import Invalid, Missing
from engage.core.i18n import LocalBlueprint, _
from engage.core.paging import page_number

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

people = LocalBlueprint("people_office", __name__, url_prefix="/office/people")
organisations = LocalBlueprint("organisations_office", __name__, url_prefix="/office/organisations")


def _words() -> str:
    given = request.args.get("q", "")
    return "".join(sign for sign in given if sign.isprintable()).strip()[:100]


def _choice(name: str, known: tuple[str, ...]) -> str:
    given = request.args.get(name, "")
    return given if given in known else ""


# --- people ---------------------------------------------------------------------------------


@people.get("")
@staff("admin")
def index() -> ResponseReturnValue:
    """Everybody, found by name, address, role and state."""
    role = _choice("role", (*(str(value) for value, _w, _h in ROLES), "any"))
    state = _choice("state", queries.STATES)
    found = queries.people_page(words=_words(), role=role, state=state, page=page_number())
    return render_template(
        "accounts/office/people.html",
        page=found,
        words=_words(),
        role=role,
        state=state,
        roles=ROLES,
        role_names={str(value): words for value, words, _hint in ROLES},
    )


@people.get("/<int:user_id>")
@staff("admin")
def detail(user_id: int) -> ResponseReturnValue:
    """One person: roles, organisations, suspension."""
    person = queries.person(user_id)
    return _detail(person, RolesForm(formdata=None, data={"roles": person.roles}), _reason())


def _reason() -> ReasonForm:
    return ReasonForm(formdata=None, scope="suspend")


def _detail(
    person: User,
    roles: RolesForm,
    reason: ReasonForm,
    reset: ResetSecondStepForm | None = None,
) -> ResponseReturnValue:
    actor = current_user()
    reset = reset or ResetSecondStepForm(formdata=None, scope="reset")
    has_errors = bool(roles.errors or reason.errors or reset.errors)
    has_passkey = queries.has_passkey(person)
    return (
        render_template(
            "accounts/office/person.html",
            person=person,
            roles_form=roles,
            reason_form=reason,
            reset_form=reset,
            press=PressForm(formdata=None),
            has_errors=has_errors,
            has_passkey=has_passkey,
            has_second_step=has_passkey or person.has_authenticator,
            can={
                "change_roles": policy.can_change_roles(actor, person),
                "suspend": policy.can_suspend(actor, person),
                "reset_second_step": policy.can_reset_second_step(actor, person),
            },
            role_names={str(value): words for value, words, _hint in ROLES},
        ),
        422 if has_errors else 200,
    )


@people.post("/<int:user_id>/roles")
@staff("admin", fresh=True)
def roles(user_id: int) -> ResponseReturnValue:
    """Other roles; the person is signed out everywhere."""
    person = queries.person(user_id)
    form = RolesForm()
    if form.validate_on_submit():
        try:
            service.set_roles(
                user_id, [str(role) for role in form.roles.data or []], actor=current_user()
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(
                _("The roles are saved. %(name)s has to sign in again.", name=person.display_name),
                "success",
            )
            return redirect(url_for("people_office.detail", user_id=user_id))
    return _detail(person, form, _reason())


@people.post("/<int:user_id>/suspend")
@staff("admin", fresh=True)
def suspend(user_id: int) -> ResponseReturnValue:
    """Suspend an account, with a reason its owner reads."""
    person = queries.person(user_id)
    form = ReasonForm(scope="suspend")
    if form.validate_on_submit():
        try:
            service.suspend(user_id, reason=form.reason.data, actor=current_user())
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(_("The account is suspended."), "success")
            return redirect(url_for("people_office.detail", user_id=user_id))
    return _detail(person, RolesForm(formdata=None, data={"roles": person.roles}), form)


@people.post("/<int:user_id>/restore")
@staff("admin", fresh=True)
def restore(user_id: int) -> ResponseReturnValue:
    """End a suspension."""
    if not PressForm().validate_on_submit():
        raise Missing
    service.restore(user_id, actor=current_user())
    flash(_("The account works again."), "success")
    return redirect(url_for("people_office.detail", user_id=user_id))


@people.post("/<int:user_id>/second-step")
@staff("admin", fresh=True)
def reset_second_step(user_id: int) -> ResponseReturnValue:
    """Take a lost second step away, having made sure who asks."""
    person = queries.person(user_id)
    form = ResetSecondStepForm(scope="reset")
    if form.validate_on_submit():
        try:
            credentials.reset_second_step(
                user_id,
                proof=IdentityProof(str(form.proof.data)),
                reason=form.reason.data,
                actor=current_user(),
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(
                _(
                    "The second step is taken away. %(name)s was told by mail and has to sign in "
                    "again.",
                    name=person.display_name,
                ),
                "success",
            )
            return redirect(url_for("people_office.detail", user_id=user_id))
    roles = RolesForm(formdata=None, data={"roles": person.roles})
    return _detail(person, roles, _reason(), form)


# --- organisations --------------------------------------------------------------------------

_STATES = ("waiting", "verified", "declined")


@organisations.get("", endpoint="index")
@staff("admin")
def organisation_index() -> ResponseReturnValue:
    """All organisations; those that wait for a decision come first."""
    state = _choice("state", _STATES)
    return render_template(
        "accounts/office/organisations.html",
        page=queries.organisations_page(state=state, words=_words(), page=page_number()),
        words=_words(),
        state=state,
        kinds={str(value): words for value, words in ORGANISATION_KINDS},
    )


@organisations.get("/<int:organisation_id>", endpoint="detail")
@staff("admin")
def organisation_detail(organisation_id: int) -> ResponseReturnValue:
    """One organisation: who asked, who belongs, what to decide."""
    found = queries.organisation_by_id(organisation_id)
    domains = DomainsForm(
        formdata=None,
        scope="domains",
        data={"domains": "\n".join(row.domain for row in found.domains)},
    )
    return _organisation(organisation_id, domains, ReasonForm(formdata=None, scope="decline"))


def _organisation(
    organisation_id: int, domains: DomainsForm, reason: ReasonForm
) -> ResponseReturnValue:
    found = queries.organisation_by_id(organisation_id)
    requester = service.find_person(found.requested_by_id)
    has_errors = bool(domains.errors or reason.errors)
    return (
        render_template(
            "accounts/office/organisation.html",
            organisation=found,
            requester=requester,
            members=queries.members(found, page=page_number()),
            domains_form=domains,
            reason_form=reason,
            press=PressForm(formdata=None),
            has_errors=has_errors,
            kinds={str(value): words for value, words in ORGANISATION_KINDS},
        ),
        422 if has_errors else 200,
    )


@organisations.post("/<int:organisation_id>/verify", endpoint="verify")
@staff("admin", fresh=True)
def verify(organisation_id: int) -> ResponseReturnValue:
    """It is who it says."""
    if not PressForm().validate_on_submit():
        raise Missing
    verbs.verify(organisation_id, actor=current_user())
    flash(_("The organisation is verified."), "success")
    return redirect(url_for("organisations_office.detail", organisation_id=organisation_id))


@organisations.post("/<int:organisation_id>/decline", endpoint="decline")
@staff("admin", fresh=True)
def decline(organisation_id: int) -> ResponseReturnValue:
    """It is not, with a reason the person who asked reads."""
    form = ReasonForm(scope="decline")
    if form.validate_on_submit():
        try:
            verbs.decline(organisation_id, reason=form.reason.data, actor=current_user())
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(_("The organisation is declined."), "success")
            return redirect(url_for("organisations_office.detail", organisation_id=organisation_id))
    found = queries.organisation_by_id(organisation_id)
    domains = DomainsForm(
        formdata=None,
        scope="domains",
        data={"domains": "\n".join(row.domain for row in found.domains)},
    )
    return _organisation(organisation_id, domains, form)


@organisations.post("/<int:organisation_id>/domains", endpoint="domains")
@staff("admin", fresh=True)
def domains(organisation_id: int) -> ResponseReturnValue:
    """Whose mail domains admit members."""
    form = DomainsForm(scope="domains")
    if form.validate_on_submit():
        try:
            verbs.set_domains(organisation_id, form.domains.data.splitlines(), actor=current_user())
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(_("The mail domains are saved."), "success")
            return redirect(url_for("organisations_office.detail", organisation_id=organisation_id))
    return _organisation(organisation_id, form, ReasonForm(formdata=None, scope="decline"))
