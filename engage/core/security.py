"""What every response carries, and what every request must not."""

import secrets
from collections.abc import Callable

from flask import Flask, Response, current_app, g, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import BadRequest, LengthRequired

from engage.core.access import View, current_user, mark_of
from engage.core.errors import Missing, Problem, respond
from engage.core.i18n import _l
from engage.core.typed import ARRIVED, typed

csrf = CSRFProtect()
_WITH_FILES = "multipart/form-data"

POLICY = (
    "default-src 'none'; script-src {script}; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# for answers made before the application is entered, which show nothing by themselves
BARE_POLICY = "default-src 'none'; frame-ancestors 'none'"
HSTS = "max-age=31536000; includeSubDomains"
_PERMISSIONS = (
    "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "payment=(), usb=(), browsing-topics=(), publickey-credentials-get=(self), "
    "publickey-credentials-create=(self)"
)


def front_headers(scheme: str, policy: str = BARE_POLICY) -> list[tuple[str, str]]:
    """What an answer carries that never enters the application: static files, /healthz."""
    headers = [
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Content-Security-Policy", policy),
    ]
    if scheme == "https":
        headers.append(("Strict-Transport-Security", HSTS))
    return headers


_SHARED = "engage.is_shared"
_AROUND = 64 * 1024  # the other fields of a form beside its long text


def is_shared() -> bool:
    """May this response be kept for other readers? Then nothing personal may enter it.

    Answered once a request: showing a message takes it out of the session.
    """
    known = request.environ.get(_SHARED)
    if known is None:
        mark = mark_of(request.endpoint)
        known = request.environ[_SHARED] = (
            mark is not None
            and mark.cached
            and request.method in {"GET", "HEAD"}
            and current_user() is None
            # who was just told something reads it on the page they are led to
            and "_flashes" not in session
            and ARRIVED not in session
        )
    return bool(known)


def csp_nonce() -> str | None:
    """This response's script nonce; None on a page that many readers share."""
    if request.endpoint is None or is_shared():
        return None
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def content_policy() -> str:
    """The Content-Security-Policy of this response."""
    nonce = csp_nonce()
    script = f"'nonce-{nonce}' 'strict-dynamic'" if nonce else "'self'"
    return POLICY.format(script=script)


def _headers(response: Response) -> Response:
    headers = response.headers
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = content_policy()
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Permissions-Policy", _PERMISSIONS)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", HSTS)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = (
            "public, max-age=0, s-maxage=2" if _may_share(response) else "private, no-store"
        )
    vary = {v.strip() for v in headers.get("Vary", "").split(",") if v.strip()}
    if request.endpoint != "static":
        vary |= {"Cookie", "Accept-Encoding"}
        if request.headers.get("HX-Request") or "HX-Request" in vary:
            vary.add("HX-Request")
    if vary:
        headers["Vary"] = ", ".join(sorted(vary))
    return response


def _may_share(response: Response) -> bool:
    return is_shared() and response.status_code == 200 and "Set-Cookie" not in response.headers


def _refuse_nul() -> None:
    """No row holds a NUL, and PostgreSQL takes none to compare with: such an address is nobody's."""
    if "\0" in request.path:
        raise Missing
    if any("\0" in text for pair in request.args.items(multi=True) for text in pair):
        raise BadRequest


def long_text(characters: int) -> Callable[[View], View]:
    """A view whose form holds a text of so many characters, in any script."""

    def mark(view: View) -> View:
        view.form_memory = 4 * characters + _AROUND  # type: ignore[attr-defined]
        return view

    return mark


def _allow_long_text() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    allowed = getattr(view, "form_memory", None)
    if allowed is not None:
        request.max_form_memory_size = allowed


def _refuse_streamed_form() -> None:
    """A form without files that comes in chunks: where it broke off could not be told from its end.

    No browser sends one; uploads in chunks end with a boundary.
    """
    is_streamed = "HTTP_TRANSFER_ENCODING" in request.environ
    if is_streamed and not request.routing_exception and request.mimetype != _WITH_FILES:
        raise LengthRequired


def register(app: Flask) -> None:
    """CSRF, headers, sizes, NUL bytes; the host list is Flask's own TRUSTED_HOSTS."""
    app.before_request(_allow_long_text)
    app.before_request(_refuse_streamed_form)  # before the first who looks into a form
    csrf.init_app(app)
    app.before_request(_refuse_nul)

    @app.errorhandler(CSRFError)
    def _forged(error: CSRFError):  # type: ignore[no-untyped-def]
        return respond(
            Problem(
                400,
                _l("This form has expired"),
                _l("The page was open for a long time, or your sign-in ended meanwhile."),
                _l("Go back, reload the page and send it again. Copy your text first."),
                kept=typed(),
            )
        )

    app.after_request(_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
