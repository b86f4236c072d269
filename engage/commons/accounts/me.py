"""One's own account: profile, security, data, organisations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Response, flash, redirect, render_template, url_for

from engage.commons.accounts import (
    credentials,
    export,
    passkeys,
    presence,
    provider,
    queries,
    service,
    sessions,
    tokens,
)
from engage.commons.accounts.challenges import host, is_possible, offer, origin, take
from engage.commons.accounts.forms import (
    ChangePasswordForm,
    CloseForm,
    EmailForm,
    EnrolForm,
    NewPasskeyForm,
    PressForm,
    ProfileForm,
)
from engage.commons.accounts.models import Role, StakeholderKind
from engage.commons.accounts.views import bp, dead_link, leave_for_provider, private
from engage.core import clock
from engage.core.access import current_user, signed_in
from engage.core.errors import Conflict, Invalid, Missing
from engage.core.forms import page
from engage.core.i18n import _

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

# the pages below join those of views.py on one blueprint
__all__ = ["bp"]


def _to_security(words: str, tone: str = "success") -> ResponseReturnValue:
    flash(words, tone)
    return redirect(url_for("accounts.security"))


# --- profile --------------------------------------------------------------------------------


@bp.route("/me/profile", methods=["GET", "POST"])
@signed_in
def profile() -> ResponseReturnValue:
    """Name, capacity, language, clock."""
    user = current_user()
    form = ProfileForm(
        data={
            "display_name": user.display_name,
            "kind": user.kind,
            "locale": user.locale,
            "time_zone": user.time_zone,
            "uses_shortcuts": user.uses_shortcuts,
        },
        has_shortcuts=user.has_role(Role.MODERATOR),
    )
    if form.validate_on_submit():
        try:
            service.update_profile(
                display_name=form.display_name.data,
                kind=StakeholderKind(str(form.kind.data)),
                locale=str(form.locale.data),
                time_zone=str(form.time_zone.data),
                uses_shortcuts=form.uses_shortcuts.data if "uses_shortcuts" in form else None,
                actor=user,
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            flash(_("Your profile is saved."), "success")
            return redirect(url_for("accounts.profile", locale=form.locale.data))
    return page("accounts/me/profile.html", form=form)


# --- security -------------------------------------------------------------------------------


@bp.get("/me/security")
@signed_in
def security() -> ResponseReturnValue:
    """How one signs in, and where one is signed in."""
    user, here = current_user(), presence.current_sign_in()
    linking = tokens.make(tokens.START_LINK, user.id, user.fs_uniquifier)
    return render_template(
        "accounts/me/security.html",
        here=here,
        sessions=sessions.of(user),
        passkeys=queries.passkeys(user),
        identities=queries.provider_identities(user),
        provider=provider.settings(),
        linking=linking,
        codes_left=len(user.mf_recovery_codes or []),
        passkeys_possible=is_possible(),
        press=PressForm(formdata=None),
    )


@bp.route("/me/password", methods=["GET", "POST"])
@signed_in(fresh=True)
def password() -> ResponseReturnValue:
    """Another password; every other session ends."""
    user = current_user()
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            credentials.change_password(
                current=form.current.data or "",
                new=form.new.data,
                actor=user,
                visitor=presence.visitor(),
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            _stay_in(user.id)
            return _to_security(_("Your password is changed. Everywhere else you are signed out."))
    return page("accounts/me/password.html", form=form)


def _stay_in(user_id: int) -> None:
    presence.reenter(service.person_or_missing(user_id))


@bp.route("/me/email", methods=["GET", "POST"])
@signed_in(fresh=True)
def email() -> ResponseReturnValue:
    """Another address: it is asked first whether it wants to be."""
    form = EmailForm()
    if form.validate_on_submit():
        try:
            asked = credentials.request_email_change(
                email=form.email.data, actor=current_user(), visitor=presence.visitor()
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            return _to_security(
                _("We have written to %(email)s. Open the link there.", email=asked), "info"
            )
    return page("accounts/me/email.html", form=form)


@bp.route("/me/email/<token>", methods=["GET", "POST"])
@signed_in
def confirm_email(token: str) -> ResponseReturnValue:
    """The link mailed to the new address."""
    user, form = current_user(), PressForm()
    try:
        if form.validate_on_submit():
            credentials.change_email(token, actor=user)
            _stay_in(user.id)
            return _to_security(_("Your address is changed. Everywhere else you are signed out."))
        wanted = credentials.wanted_email(token, actor=user)
    except Invalid as problem:
        return dead_link(problem, again=url_for("accounts.email"), words=_("Ask for a new link"))
    return private(page("accounts/me/confirm_email.html", form=form, wanted=wanted))


# --- second step ----------------------------------------------------------------------------


@bp.route("/me/authenticator", methods=["GET", "POST"])
@signed_in(fresh=True)
def authenticator() -> ResponseReturnValue:
    """Set up an authenticator app: scan, type the first code, keep the recovery codes."""
    user, here = current_user(), presence.current_sign_in()
    if user.has_authenticator:
        return redirect(url_for("accounts.security"))
    form = EnrolForm()
    secret = form.secret.data if form.is_submitted() else credentials.new_totp_secret()
    if form.validate_on_submit():
        try:
            codes = credentials.enrol_authenticator(
                secret=form.secret.data,
                code=form.code.data,
                actor=user,
                visitor=presence.visitor(),
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            if here is not None:
                sessions.refresh(here, second_factor=True)
            return render_template("accounts/me/recovery_codes.html", codes=codes, is_new=True)
    try:
        setup = credentials.totp_setup(secret, user)
    except (ValueError, KeyError, TypeError):
        # somebody sent another secret than ours: begin again
        return redirect(url_for("accounts.authenticator"))
    form.secret.data = secret
    return page("accounts/me/authenticator.html", form=form, setup=setup)


@bp.route("/me/authenticator/remove", methods=["GET", "POST"])
@signed_in(fresh=True)
def remove_authenticator() -> ResponseReturnValue:
    """Turn the second step off."""
    form = PressForm()
    if form.validate_on_submit():
        credentials.remove_authenticator(actor=current_user())
        return _to_security(_("The second step is off."), "warning")
    return page("accounts/me/remove_authenticator.html", form=form)


@bp.route("/me/recovery-codes", methods=["GET", "POST"])
@signed_in(fresh=True)
def recovery_codes() -> ResponseReturnValue:
    """Ten new recovery codes, shown once."""
    form = PressForm()
    if form.validate_on_submit():
        codes = credentials.renew_recovery_codes(actor=current_user())
        return render_template("accounts/me/recovery_codes.html", codes=codes, is_new=False)
    return page("accounts/me/renew_codes.html", form=form)


# --- passkeys -------------------------------------------------------------------------------


@bp.route("/me/passkeys/new", methods=["GET", "POST"])
@signed_in(fresh=True)
def new_passkey() -> ResponseReturnValue:
    """Add a passkey."""
    user, here = current_user(), presence.current_sign_in()
    if not is_possible():
        raise Conflict(
            _("Passkeys need this site to be opened by its name."),
            _("Open it as “localhost” instead of its number."),
        )
    form = NewPasskeyForm()
    if form.validate_on_submit():
        credential = form.credential_text()
        try:
            passkeys.add(
                name=form.name.data,
                credential=credential,
                challenge=take(credential),
                origin=origin(),
                host=host(),
                actor=user,
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            if here is not None:
                sessions.refresh(here, second_factor=True)
            return _to_security(_("Your passkey is added. Sign in with it from now on."))
    return page(
        "accounts/me/new_passkey.html",
        form=form,
        options=passkeys.registration_options(offer(), host(), user),
    )


@bp.route("/me/passkeys/<int:passkey_id>/remove", methods=["GET", "POST"])
@signed_in(fresh=True)
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    """Remove a passkey."""
    user, form = current_user(), PressForm()
    key = next((key for key in queries.passkeys(user) if key.id == passkey_id), None)
    if key is None:
        raise Missing
    if form.validate_on_submit():
        passkeys.remove(passkey_id, actor=user)
        return _to_security(_("The passkey is removed."))
    return page("accounts/me/remove_passkey.html", form=form, passkey=key)


# --- provider -------------------------------------------------------------------------------


@bp.get("/me/provider/link/<token>")
@signed_in(fresh=True)
def start_link(token: str) -> ResponseReturnValue:
    """Go to the provider and come back with an account that opens this one."""
    user = current_user()
    claim = tokens.read(tokens.START_LINK, token)
    if claim is None or claim.subject != str(user.id) or not claim.stands(user.fs_uniquifier):
        return redirect(url_for("accounts.security"))
    return leave_for_provider(next_url="", link_user_id=user.id)


@bp.post("/me/provider/<int:identity_id>/unlink")
@signed_in(fresh=True)
def unlink_provider(identity_id: int) -> ResponseReturnValue:
    """The provider no longer opens this account."""
    if not PressForm().validate_on_submit():
        raise Missing
    provider.unlink(identity_id, actor=current_user())
    return _to_security(_("The link to the provider is removed."))


# --- sessions -------------------------------------------------------------------------------


@bp.post("/me/sessions/<int:session_id>/end")
@signed_in
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign one browser out."""
    if not PressForm().validate_on_submit() or not sessions.end(session_id, actor=current_user()):
        raise Missing
    return _to_security(_("That browser is signed out."))


@bp.post("/me/sessions/end-all")
@signed_in
def end_sessions() -> ResponseReturnValue:
    """Sign out everywhere else; this browser goes on under a new session."""
    user = current_user()
    if not PressForm().validate_on_submit():
        raise Missing
    service.sign_out_everywhere(actor=user)
    _stay_in(user.id)
    return _to_security(_("Everywhere else you are signed out."))


# --- data -----------------------------------------------------------------------------------


@bp.get("/me/data")
@signed_in
def data() -> ResponseReturnValue:
    """What we hold, to take away; and the way out."""
    return render_template("accounts/me/data.html")


@bp.get("/me/data/export.json")
@signed_in(fresh=True)
def export_data() -> ResponseReturnValue:
    """Everything we hold about the person, as JSON."""
    user = current_user()
    body = json.dumps(export.collect(user), ensure_ascii=False, indent=2)
    name = f"engage-my-data-{clock.now():%Y-%m-%d}.json"
    return Response(
        body,
        mimetype="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


@bp.route("/me/close", methods=["GET", "POST"])
@signed_in(fresh=True)
def close() -> ResponseReturnValue:
    """Close the account for good."""
    form = CloseForm()
    if form.validate_on_submit():
        service.close_account(actor=current_user())
        presence.leave()
        return redirect(url_for("accounts.left", what="closed"))
    return page("accounts/me/close.html", form=form)


@bp.get("/me/organisations")
@signed_in
def organisations() -> ResponseReturnValue:
    """Where one belongs, what one is invited to, what is open to one's address."""
    user = current_user()
    return render_template(
        "accounts/me/organisations.html",
        memberships=queries.my_memberships(user),
        invitations=queries.invitations_for(user),
        open_to=queries.organisations_open_to(user),
        press=PressForm(formdata=None),
    )
