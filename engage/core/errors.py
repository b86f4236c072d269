"""What may go wrong below the view, and how each reader is told."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask_babel.speaklater import LazyString
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from engage.core.i18n import _, _l, format_number
from engage.core.typed import typed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

# a plain string, or one that is translated when it is shown
Text: TypeAlias = str | LazyString


class EngageError(Exception):
    """A refusal a person can act on. `message` says what happened, `hint` what to do."""

    status = HTTPStatus.BAD_REQUEST
    title: Text = _l("That did not work")

    def __init__(self, message: Text | None = None, hint: Text | None = None) -> None:
        # the words may be lazy: they are spoken in the reader's language, later
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{type(self).__name__}: {self.message!r}"


class Invalid(EngageError):
    """The input does not fit. `fields` maps a field's name ("" for the whole) to its message."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = _l("Something in what you sent needs a change")

    def __init__(self, fields: Mapping[str, Text] | Text) -> None:
        self.fields: dict[str, Text] = dict(fields) if isinstance(fields, Mapping) else {"": fields}
        super().__init__(next(iter(self.fields.values()), None))


class NotAllowed(EngageError):
    """The person is known and may not; the reason is said."""

    status = HTTPStatus.FORBIDDEN
    title = _l("You cannot do this")


class Missing(EngageError):
    """Not there, or not for this person: the two look alike."""

    status = HTTPStatus.NOT_FOUND
    title = _l("We cannot find this page")


class Conflict(EngageError):
    """The world changed meanwhile: stale, duplicate or closed. `url` shows the present state."""

    status = HTTPStatus.CONFLICT
    title = _l("This has changed meanwhile")

    def __init__(
        self,
        message: Text | None = None,
        hint: Text | None = None,
        *,
        url: str | None = None,
        kept: str | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.url = url
        self.kept = kept


class TooMany(EngageError):
    """Too often; `wait` is in seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    title = _l("Please wait a moment")

    def __init__(self, wait: int, message: Text | None = None) -> None:
        super().__init__(message or _l("You have done this very often in a short time."))
        self.wait = max(1, int(wait))


class Unavailable(EngageError):
    """The ground is missing for a moment (database, disk). `wait` is in seconds."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = _l("We are not ready for this right now")

    def __init__(self, message: Text | None = None, wait: int = 5) -> None:
        super().__init__(
            message or _l("The service is very busy or being repaired. Nothing was saved."),
            _l("Keep this page open and send it again in a few seconds."),
        )
        self.wait = wait


class Uncertain(Unavailable):
    """The database went away while it committed: the write may be there or not."""

    def __init__(self) -> None:
        super().__init__(
            _l("We lost contact with our records while saving: it may be saved, or not.")
        )
        self.hint = _l("Keep this page open and send it again: it will not be saved twice.")


class Problem(NamedTuple):
    """What an error page or a problem document shows."""

    status: int
    title: Text
    message: Text | None
    hint: Text | None = None
    wait: int | None = None
    url: str | None = None
    kept: str | None = None
    incident: str | None = None
    sign_in: str | None = None
    fields: Mapping[str, Text] | None = None


_HTTP: dict[int, tuple[Text, Text]] = {
    400: (
        _l("We could not read what your browser sent"),
        _l("Go back, reload the page and try again."),
    ),
    401: (_l("Please sign in"), _l("Sign in and try again.")),
    403: (
        _l("You cannot do this"),
        _l("Sign in with another account, or ask the organisers."),
    ),
    404: (
        _l("We cannot find this page"),
        _l("Check the address, or start again from the home page."),
    ),
    405: (
        _l("This address does not work that way"),
        _l("Go back and use the page's own buttons."),
    ),
    413: (
        _l("That is too large"),
        _l(
            "Go back: what you typed is still in your browser. "
            "Shorten it, or choose a smaller file."
        ),
    ),
    429: (_l("Please wait a moment"), _l("Wait a little, then try again.")),
}


def wants_json() -> bool:
    """Does this reader speak JSON: an API address, or JSON asked for and HTML not?"""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def is_fragment() -> bool:
    """Is a part of a page asked for, not a whole one?"""
    return request.headers.get("HX-Request") == "true"


def respond(problem: Problem) -> "ResponseReturnValue":
    """One answer for page, fragment and JSON (RFC 9457)."""
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if problem.wait:
        headers["Retry-After"] = str(problem.wait)
    if wants_json():
        body = {
            "type": "about:blank",
            "status": problem.status,
            "title": str(problem.title),
            "detail": str(problem.message) if problem.message else None,
        }
        if problem.fields:
            body["errors"] = {k: str(v) for k, v in problem.fields.items()}
        if problem.incident:
            body["incident"] = problem.incident
        answer = jsonify(body)
        answer.status_code = problem.status
        answer.mimetype = "application/problem+json"
        answer.headers.update(headers)
        return answer
    try:
        html = render_template("errors/problem.html", problem=problem, fragment=is_fragment())
    except Exception:
        # the layout itself may need what has just failed (the database, a catalogue)
        current_app.logger.exception("error page failed")
        html = render_template("errors/_bare.html", problem=problem)
    return Response(html, status=problem.status, headers=headers, mimetype="text/html")


_KNOWN_CONSTRAINTS: dict[str, Text] = {}


def explain_constraint(name: str, message: Text) -> None:
    """Say what a person reads when the database's last word is the named constraint."""
    _KNOWN_CONSTRAINTS[name] = message


def _conflict_from(error: IntegrityError) -> Problem:
    text = str(error.orig)
    message = next(
        (words for name, words in _KNOWN_CONSTRAINTS.items() if name in text),
        _l("Somebody saved the same thing a moment before."),
    )
    hint = _l("Go back, reload the page and look at the present state.")
    return Problem(409, Conflict.title, message, hint, kept=typed())


def _sizes() -> Text:
    """How much the form of this request may bring."""
    return _(
        "One form takes texts of up to %(most)s MB, and up to %(all)s MB with its files.",
        most=_megabytes(request.max_form_memory_size),
        all=_megabytes(request.max_content_length),
    )


def _megabytes(size: int | None) -> str:
    # never more than really fits
    return format_number((size or 0) // 100_000 / 10)


def _leave_records() -> None:
    """From here on nothing is read for this answer, not even who it is for."""
    g.without_records = True
    # a row that was read before may have to be read anew: forget it
    g.engage_user = None
    g.pop("_login_user", None)


def register(app: Flask) -> None:
    """Bind the handlers; they are the only ones."""

    @app.errorhandler(EngageError)
    def _engage(error: EngageError) -> "ResponseReturnValue":
        if isinstance(error, Uncertain):
            current_app.logger.error("lost while committing", exc_info=error)
            _leave_records()
        return respond(
            Problem(
                int(error.status),
                error.title,
                error.message,
                error.hint or _HTTP.get(int(error.status), (None, None))[1],
                wait=getattr(error, "wait", None),
                url=getattr(error, "url", None),
                kept=getattr(error, "kept", None) or typed(),
                fields=getattr(error, "fields", None),
            )
        )

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> "ResponseReturnValue":
        code = error.code or 500
        if code < 400:
            return error
        title, hint = _HTTP.get(code, (_l("That did not work"), _l("Go back and try again.")))
        wait = getattr(error, "retry_after", None)
        message = _sizes() if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else None
        problem = Problem(code, title, message, hint, wait=wait if isinstance(wait, int) else None)
        answer = current_app.make_response(respond(problem))
        for key, value in error.get_headers():
            if key.lower() in {"allow", "retry-after"}:
                answer.headers[key] = value
        return answer

    @app.errorhandler(IntegrityError)
    def _integrity(error: IntegrityError) -> "ResponseReturnValue":
        current_app.logger.warning("constraint refused a write: %s", type(error.orig).__name__)
        return respond(_conflict_from(error))

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def _database(error: Exception) -> "ResponseReturnValue":
        current_app.logger.error("database not available: %s", type(error).__name__, exc_info=error)
        _leave_records()
        away = Unavailable()
        return respond(
            Problem(503, away.title, away.message, away.hint, wait=away.wait, kept=typed())
        )

    @app.errorhandler(Exception)
    def _unknown(error: Exception) -> "ResponseReturnValue":
        if app.config.get("PROPAGATE_UNKNOWN"):
            raise error
        incident = secrets.token_hex(4)
        g.incident = incident
        current_app.logger.error("incident %s", incident, exc_info=error)
        return respond(
            Problem(
                500,
                _l("Something broke on our side"),
                _(
                    "We have written it down under number %(incident)s.",
                    incident=incident,
                ),
                _l("What you typed is still in your browser: go back and try again later."),
                incident=incident,
                kept=typed(),
            )
        )
