"""Coming in: register, confirm, sign in by password, passkey, mailed link or provider, sign out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import (
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from engage.commons.accounts import (
    credentials,
    demo,
    guests,
    passkeys,
    presence,
    provider,
    queries,
    service,
    sessions,
)
from engage.commons.accounts.challenges import host, is_possible, offer, origin, take
from engage.commons.accounts.forms import (
    CodeForm,
    ConfirmPasswordForm,
    EmailForm,
    LoginForm,
    NewPasswordForm,
    PasskeyForm,
    PressForm,
    RegisterForm,
)
from engage.commons.accounts.models import Guest, SignIn, SignInMethod, StakeholderKind, User
from engage.commons.accounts.redirects import safe_next
from engage.core.access import current_user, public, signed_in
from engage.core.errors import EngageError, Invalid, Missing, NotAllowed, TooMany
from engage.core.forms import page
from engage.core.i18n import LocalBlueprint, _, _n, locale_now

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = LocalBlueprint("accounts", __name__)
demo_bp = LocalBlueprint("accounts_demo", __name__)

_REGISTERED = "registered"
_JOURNEY = "journey"


# --- helpers --------------------------------------------------------------------------------


def asked_next(form: Any = None) -> str:
    """Whither afterwards: what the form or the address asks for, when it is a page of ours."""
    wanted = form.next.data if form is not None and form.is_submitted() else None
    return safe_next(wanted or request.args.get("next"))


def landing(user: User, next_url: str) -> str:
    """Where a signed-in person is led."""
    locale = user.locale if user.locale in current_app.config["LOCALES"] else locale_now()
    return safe_next(next_url) or url_for("home.index", locale=locale)


def come_in(
    user: User, *, method: SignInMethod, next_url: str = "", is_verified: bool = False
) -> ResponseReturnValue:
    """The first factor is shown. Sign in, or ask for the second where there is one.

    `is_verified`: a passkey, which is both at once.
    """
    if user.has_authenticator and not is_verified:
        presence.remember_pending(user, method=method, next_url=next_url)
        return redirect(url_for("accounts.second_factor"))
    presence.enter(user, method=method, second_factor=is_verified)
    return redirect(landing(user, next_url))


def private(answer: Any) -> Any:
    """A page whose address is a secret: kept nowhere, told to nobody."""
    response = make_response(answer)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def dead_link(problem: Invalid, *, again: str, words: str) -> Any:
    """What a used or outdated link shows: what happened, and how to get a new one."""
    return private(
        (render_template("accounts/dead_link.html", problem=problem, again=again, words=words), 410)
    )


def with_next(endpoint: str, next_url: str) -> str:
    """An address that keeps whither one wanted to go."""
    address = url_for(endpoint)
    return f"{address}?{urlencode({'next': next_url})}" if next_url else address


# --- sign in --------------------------------------------------------------------------------


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """Address and password; beside it every other way in."""
    form = LoginForm()
    next_url = asked_next(form)
    if (user := current_user()) is not None:
        return redirect(landing(user, next_url))
    status = None
    if form.validate_on_submit():
        try:
            user = credentials.check_password(
                email=form.email.data, password=form.password.data, visitor=presence.visitor()
            )
        except Invalid as problem:
            form.absorb(problem)
        except TooMany as problem:
            # held back, not locked out: the page still offers the link and the passkey
            form.form_errors.append(
                _(
                    "Too many attempts with this address. Wait %(minutes)s minutes, or let us "
                    "mail you a link: that works at once.",
                    minutes=-(-problem.wait // 60),
                )
            )
            status = problem.status
        else:
            return come_in(user, method=SignInMethod.PASSWORD, next_url=next_url)
    return _login_page(form, next_url, status)


def _login_page(form: LoginForm, next_url: str, status: int | None = None) -> Any:
    form.next.data = next_url
    passkey = PasskeyForm(formdata=None, next=next_url, scope="passkey")
    return page(
        "accounts/login.html",
        form=form,
        status=status,
        passkey=passkey,
        passkey_options=passkeys.sign_in_options(offer(), host()) if is_possible() else "",
        link_url=with_next("accounts.ask_link", next_url),
        register_url=with_next("accounts.register", next_url),
        provider=provider.settings(),
        provider_url=with_next("accounts.provider_start", next_url),
        demo_accounts=demo.on_show() if current_app.config["DEMO"] else [],
        demo_form=PressForm(formdata=None),
        next_url=next_url,
    )


@bp.post("/login/passkey")
@public
def passkey_login() -> ResponseReturnValue:
    """A passkey is both factors at once."""
    form = PasskeyForm()
    next_url = asked_next(form)
    if not form.validate_on_submit():
        return redirect(with_next("accounts.login", next_url))
    try:
        credential = form.credential_text()
        user = passkeys.check(
            credential=credential,
            challenge=take(credential),
            origin=origin(),
            host=host(),
            visitor=presence.visitor(),
        )
    except Invalid as problem:
        login_form = LoginForm(formdata=None)
        login_form.absorb(problem)
        return _login_page(login_form, next_url, 422)
    return come_in(user, method=SignInMethod.PASSKEY, next_url=next_url, is_verified=True)


@bp.route("/login/link", methods=["GET", "POST"])
@public
def ask_link() -> ResponseReturnValue:
    """Ask for a mailed link that signs in once."""
    form = EmailForm()
    next_url = asked_next(form)
    if form.validate_on_submit():
        try:
            credentials.request_sign_in_link(
                email=form.email.data,
                locale=locale_now(),
                visitor=presence.visitor(),
                next_url=next_url,
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            return _sent("link")
    form.next.data = next_url
    return page("accounts/ask_link.html", form=form)


def _sent(what: str) -> ResponseReturnValue:
    return redirect(url_for("accounts.sent", what=what))


@bp.get("/login/sent/<any(link, reset, register, provider):what>")
@public
def sent(what: str) -> ResponseReturnValue:
    """Look into your inbox: the same words for every address."""
    return render_template("accounts/sent.html", what=what)


@bp.route("/login/link/<token>", methods=["GET", "POST"])
@public
def sign_in_link(token: str) -> ResponseReturnValue:
    """A mailed link: opening it changes nothing, the button signs in."""
    form = PressForm()
    try:
        if form.validate_on_submit():
            user, next_url = credentials.use_sign_in_link(token)
            return come_in(user, method=SignInMethod.LINK, next_url=next_url)
        user, _next = credentials.owner_of_link(token)
    except Invalid as problem:
        return dead_link(problem, again=url_for("accounts.ask_link"), words=_("Mail me a new link"))
    return private(page("accounts/sign_in_link.html", form=form, person=user))


@bp.route("/login/code", methods=["GET", "POST"])
@public
def second_factor() -> ResponseReturnValue:
    """The second step of signing in."""
    awaited = presence.pending()
    if awaited is None:
        flash(_("That took too long. Sign in again."), "warning")
        return redirect(url_for("accounts.login"))
    user, method, next_url = awaited
    form = CodeForm()
    if form.validate_on_submit():
        try:
            credentials.check_code(user=user, code=form.code.data, visitor=presence.visitor())
        except Invalid as problem:
            form.absorb(problem)
        else:
            presence.enter(user, method=method, second_factor=True)
            return redirect(landing(user, next_url))
    return page("accounts/second_factor.html", form=form)


@bp.post("/logout")
@public
def logout() -> ResponseReturnValue:
    """Sign this browser out."""
    presence.leave()
    return redirect(url_for("accounts.left", what="signed-out"))


@bp.get("/login/left/<any('signed-out', closed):what>")
@public
def left(what: str) -> ResponseReturnValue:
    """The end of a visit, said on a page of its own: shared pages have nobody to say it to."""
    if (user := current_user()) is not None:
        return redirect(landing(user, ""))
    return render_template("accounts/left.html", what=what)


# --- show again who you are -----------------------------------------------------------------


@bp.route("/login/again", methods=["GET", "POST"])
@signed_in
def again() -> ResponseReturnValue:
    """Before something sensitive: the strongest of what the person has, once more."""
    user, row = current_user(), presence.current_sign_in()
    if row is None:
        raise Missing
    has_code, has_passkey = user.has_authenticator, queries.has_passkey(user)
    has_password = user.password is not None
    has_form = has_code or (has_password and not _owes_second_step(user, row))
    form: Any = CodeForm() if has_code else ConfirmPasswordForm()
    next_url = safe_next(request.args.get("next"), url_for("accounts.security"))
    if has_form and form.validate_on_submit():
        try:
            if has_code:
                credentials.check_code(user=user, code=form.code.data, visitor=presence.visitor())
            else:
                credentials.confirm_password(user, form.password.data, presence.visitor())
        except Invalid as problem:
            form.absorb(problem)
        else:
            sessions.refresh(row, second_factor=True if has_code else None)
            return redirect(next_url)
    return page(
        "accounts/again.html",
        form=form,
        has_form=has_form,
        has_code=has_code,
        has_password=has_password,
        passkey=PasskeyForm(formdata=None, scope="passkey"),
        passkey_url=f"{url_for('accounts.passkey_again')}?{urlencode({'next': next_url})}",
        passkey_options=(
            passkeys.sign_in_options(offer(), host()) if has_passkey and is_possible() else ""
        ),
        logout=PressForm(formdata=None, scope="logout"),
    )


@bp.post("/login/again/passkey")
@signed_in
def passkey_again() -> ResponseReturnValue:
    """The same, by passkey."""
    form, user, row = PasskeyForm(), current_user(), presence.current_sign_in()
    next_url = safe_next(request.args.get("next"), url_for("accounts.security"))
    if row is not None and form.validate_on_submit():
        credential = form.credential_text()
        try:
            found = passkeys.check(
                credential=credential,
                challenge=take(credential),
                origin=origin(),
                host=host(),
                visitor=presence.visitor(),
            )
        except Invalid as problem:
            flash(str(problem.message), "error")
        else:
            if found.id == user.id:
                sessions.refresh(row, second_factor=True)
                return redirect(next_url)
            flash(_("This passkey belongs to another account."), "error")
    return redirect(f"{url_for('accounts.again')}?{urlencode({'next': next_url})}")


def fresh_gate(user: User) -> ResponseReturnValue | None:
    """Lead whoever showed themselves too long ago to the page above."""
    row = presence.current_sign_in()
    if row is not None and _is_demo(row.method):
        return None
    if row is not None and sessions.is_fresh(row) and not _owes_second_step(user, row):
        return None
    return _ask("accounts.again")


def staff_gate(user: User) -> ResponseReturnValue | None:
    """Nobody enters the office on one factor."""
    row = presence.current_sign_in()
    if row is not None and (row.second_factor or _is_demo(row.method)):
        return None
    if _has_second_step(user):
        flash(_("The office asks for your second step."), "info")
        return _ask("accounts.again")
    flash(
        _("Before you can open the office, set up a second step: an app or a passkey."), "warning"
    )
    return _ask("accounts.security")


def _has_second_step(user: User) -> bool:
    return user.has_authenticator or queries.has_passkey(user)


def _owes_second_step(user: User, row: SignIn) -> bool:
    # else a password, or a mailbox, could add a second step of its own beside the one there is
    return user.is_staff and not row.second_factor and _has_second_step(user)


def _is_demo(method: SignInMethod) -> bool:
    # such sessions can only be opened where production configuration refuses to start
    return method is SignInMethod.DEMO and bool(current_app.config["DEMO"])


def _ask(endpoint: str) -> ResponseReturnValue:
    here = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else ""
    if not here and request.referrer and request.referrer.startswith(request.host_url):
        here = request.referrer[len(request.host_url) - 1 :]
    address = with_next(endpoint, safe_next(here))
    if request.headers.get("HX-Request") == "true":
        return "", 204, {"HX-Redirect": address}
    return redirect(address)


# --- register -------------------------------------------------------------------------------


@bp.route("/register", methods=["GET", "POST"])
@public
def register() -> ResponseReturnValue:
    """A new account; the answer is the same for every address."""
    form = RegisterForm()
    next_url = asked_next(form)
    if (user := current_user()) is not None:
        return redirect(landing(user, next_url))
    if form.validate_on_submit():
        try:
            asked = service.register(
                email=form.email.data,
                display_name=form.display_name.data,
                kind=StakeholderKind(str(form.kind.data)),
                password=form.password.data,
                locale=locale_now(),
                visitor=presence.visitor(),
                next_url=next_url,
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            session[_REGISTERED] = asked.id
            return _sent("register")
    form.next.data = next_url
    return page(
        "accounts/register.html",
        form=form,
        login_url=with_next("accounts.login", next_url),
        provider=provider.settings(),
        provider_url=with_next("accounts.provider_start", next_url),
    )


@bp.route("/confirm/<token>", methods=["GET", "POST"])
@public
def confirm(token: str) -> ResponseReturnValue:
    """The mailed link of a registration; elsewhere than where it was begun, with its password."""
    try:
        asked = service.pending_registration(token)
        is_same = session.get(_REGISTERED) == asked.id
        form: Any = PressForm() if is_same else ConfirmPasswordForm()
        if form.validate_on_submit():
            try:
                user = service.confirm_registration(
                    token,
                    is_same_browser=is_same,
                    password="" if is_same else form.password.data,
                    visitor=presence.visitor(),
                )
            except Invalid as problem:
                if "password" not in problem.fields:
                    raise
                form.absorb(problem)
            else:
                answer = come_in(user, method=SignInMethod.PASSWORD, next_url=asked.next_url)
                # after: coming in begins a new session, and forgets what the old one had to say
                flash(_("Welcome. Your address is confirmed."), "success")
                return answer
    except Invalid as problem:
        return dead_link(problem, again=url_for("accounts.login"), words=_("Go to sign in"))
    return private(page("accounts/confirm.html", form=form, asked=asked, is_same=is_same))


# --- forgotten password ---------------------------------------------------------------------


@bp.route("/forgot", methods=["GET", "POST"])
@public
def forgot() -> ResponseReturnValue:
    """Ask for a link that sets a new password."""
    form = EmailForm()
    if form.validate_on_submit():
        try:
            credentials.request_reset(
                email=form.email.data, locale=locale_now(), visitor=presence.visitor()
            )
        except Invalid as problem:
            form.absorb(problem)
        else:
            return _sent("reset")
    return page("accounts/forgot.html", form=form)


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
def reset(token: str) -> ResponseReturnValue:
    """Set a new password. It signs nobody in."""
    form = NewPasswordForm()
    try:
        user = credentials.owner_of_reset(token)
        if form.validate_on_submit():
            try:
                credentials.reset_password(token, new=form.new.data)
            except Invalid as problem:
                if "new" not in problem.fields:
                    raise
                form.absorb(problem)
            else:
                if current_user() is not None:
                    presence.leave()
                flash(_("Your new password is set. Sign in with it."), "success")
                return redirect(url_for("accounts.login"))
    except Invalid as problem:
        return dead_link(problem, again=url_for("accounts.forgot"), words=_("Mail me a new link"))
    return private(page("accounts/reset.html", form=form, person=user))


# --- guests ---------------------------------------------------------------------------------


@bp.route("/guests/<token>", methods=["GET", "POST"])
@public
def confirm_guest(token: str) -> ResponseReturnValue:
    """A guest's mailed link: the button publishes what waits, and leads to it."""
    form = PressForm()
    try:
        guest = service.awaited_guest(token)
        sent = guests.sent_by(guest.id)  # asked first: an account may claim it on confirming
        if form.validate_on_submit():
            guest = service.confirm_guest(token)
            if waited := [one for one in sent if one.waits]:
                return _lead_to(waited, guest)
    except Invalid as problem:
        return dead_link(problem, again=url_for("home.index"), words=_("Go to the home page"))
    return private(page("accounts/confirm_guest.html", form=form, guest=guest, sent=sent))


def _lead_to(published: list[guests.Sent], guest: Guest) -> ResponseReturnValue:
    """To the newest of what a guest has just published, with thanks."""
    flash(
        _n(
            "Thank you, %(name)s. Your address is confirmed, and what you wrote stands here now "
            "for everybody to read.",
            "Thank you, %(name)s. Your address is confirmed, and your %(num)d contributions are "
            "published. This is the latest.",
            len(published),
            name=guest.display_name,
        ),
        "success",
    )
    if guest.claimed_by_id is None:
        flash(
            _(
                "Make an account with the same address, and everything you sent as a guest comes along."
            ),
            "info",
        )
    return redirect(published[0].url, 303)


# --- provider -------------------------------------------------------------------------------


def _back() -> str:
    base = str(current_app.config["BASE_URL"])
    return base + url_for("accounts.provider_back")


@bp.get("/login/provider")
@public
def provider_start() -> ResponseReturnValue:
    """Go to the identity provider."""
    return leave_for_provider(next_url=asked_next())


def leave_for_provider(*, next_url: str, link_user_id: int | None = None) -> ResponseReturnValue:
    """Remember the journey, and go."""
    address, journey = provider.start(_back(), next_url=next_url, link_user_id=link_user_id)
    session[_JOURNEY] = dataclasses.asdict(journey) | {"back": _back()}
    return redirect(address)


@bp.get("/login/provider/back")
@public
def provider_back() -> ResponseReturnValue:
    """Back from the provider: in, linked, or a mail that asks to link."""
    if provider.settings() is None:
        raise Missing
    kept = session.pop(_JOURNEY, None)
    try:
        if not isinstance(kept, dict):
            raise Invalid({"": provider.FAILED})
        back = str(kept.pop("back"))
        journey = provider.Journey(**kept)
        person = provider.finish(
            journey, back, state=request.args.get("state", ""), code=request.args.get("code", "")
        )
        if journey.link_user_id is not None:
            return _link(person, journey)
        arrival = provider.arrive(person, locale=locale_now())
    except (Invalid, NotAllowed) as problem:
        flash(_told(problem), "error")
        return redirect(url_for("accounts.login"))
    if arrival.user is None:
        return _sent("provider")
    return come_in(arrival.user, method=SignInMethod.PROVIDER, next_url=journey.next_url)


def _told(problem: EngageError) -> str:
    return " ".join(str(part) for part in (problem.message, problem.hint) if part)


def _link(person: provider.Person, journey: provider.Journey) -> ResponseReturnValue:
    user = current_user()
    if user is None or user.id != journey.link_user_id:
        raise Invalid({"": provider.FAILED})
    provider.link(person, actor=user)
    flash(_("Your account there opens this one from now on."), "success")
    return redirect(url_for("accounts.security"))


@bp.route("/login/provider/link/<token>", methods=["GET", "POST"])
@public
def link_provider(token: str) -> ResponseReturnValue:
    """The mailed question whether an account at the provider may open this one."""
    form = PressForm()
    try:
        if form.validate_on_submit():
            user = provider.confirm_link(token)
            return come_in(user, method=SignInMethod.PROVIDER)
        user = provider.awaiting_link(token)
    except Invalid as problem:
        return dead_link(problem, again=url_for("accounts.login"), words=_("Go to sign in"))
    return private(
        page("accounts/link_provider.html", form=form, person=user, provider=provider.settings())
    )


# --- demonstration --------------------------------------------------------------------------


@demo_bp.post("/login/demo")
@public
def enter() -> ResponseReturnValue:
    """One press signs in to a demonstration account. This address exists in the demonstration only."""
    form = PressForm()
    user = queries.by_email(request.form.get("email", ""))
    is_known = user is not None and user.active and demo.is_on_show(user)
    if (
        not current_app.config["DEMO"]
        or not form.validate_on_submit()
        or not is_known
        or user is None
    ):
        raise Missing
    presence.enter(user, method=SignInMethod.DEMO, second_factor=False)
    return redirect(landing(user, request.form.get("next", "")))
