"""Who may enter: coarse marks on routes, exact decisions in policies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlencode

from flask import Flask, current_app, g, has_request_context, redirect, request, url_for

from engage.core.errors import EngageError, NotAllowed, Problem, Text, respond, wants_json
from engage.core.i18n import _l
from engage.core.typed import typed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

View = TypeVar("View", bound=Callable[..., Any])


class Actor(Protocol):
    """What the ground needs to know of a person."""

    id: Any

    @property
    def is_staff(self) -> bool: ...
    def has_role(self, *names: str) -> bool: ...


@dataclass(frozen=True)
class Mark:
    """One route's coarse rule. `gate`: public | signed_in | staff."""

    gate: str
    roles: tuple[str, ...] = ()
    cached: bool = False
    fresh: bool = False


@dataclass(frozen=True)
class Decision:
    """A policy's answer, with the reason a person reads."""

    allowed: bool
    reason: Text | None = None
    hint: Text | None = None

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True)


def denied(reason: Text, hint: Text | None = None) -> Decision:
    """A refusal that says why, and what to do about it."""
    return Decision(False, reason, hint)


def require(decision: Decision) -> None:
    """Raise NotAllowed unless the decision allows."""
    if not decision.allowed:
        raise NotAllowed(decision.reason, decision.hint)


def _mark(view: View, mark: Mark) -> View:
    if hasattr(view, "access_mark"):
        raise TypeError(f"{view.__name__} carries two access marks")
    view.access_mark = mark  # type: ignore[attr-defined]
    return view


def public(view: View | None = None, *, cached: bool = False) -> Any:
    """Everybody may enter. `cached`: anonymous readers get it from the page cache."""
    if view is None:
        return lambda actual: _mark(actual, Mark("public", cached=cached))
    return _mark(view, Mark("public"))


def signed_in(view: View | None = None, *, fresh: bool = False) -> Any:
    """Only with an account. `fresh`: signed in a short while ago, else asked again."""
    if view is None:
        return lambda actual: _mark(actual, Mark("signed_in", fresh=fresh))
    return _mark(view, Mark("signed_in"))


def staff(*roles: str, fresh: bool = False) -> Callable[[View], View]:
    """Only people with one of these roles (any staff role when none is named)."""
    return lambda view: _mark(view, Mark("staff", roles=roles, fresh=fresh))


def mark_of(endpoint: str | None) -> Mark | None:
    """The mark of an endpoint, None where there is none."""
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "access_mark", None)


# What accounts supplies without being named here.
_loader: Callable[[], Any] | None = None
_staff_gate: Callable[[Any], "ResponseReturnValue | None"] | None = None
_fresh_gate: Callable[[Any], "ResponseReturnValue | None"] | None = None


def user_loader(loader: Callable[[], Any]) -> None:
    """`loader()` answers the request's user or None; called once per request."""
    global _loader
    _loader = loader


def staff_gate(gate: Callable[[Any], "ResponseReturnValue | None"]) -> None:
    """`gate(user)` may answer a response instead of letting staff in (second factor)."""
    global _staff_gate
    _staff_gate = gate


def fresh_gate(gate: Callable[[Any], "ResponseReturnValue | None"]) -> None:
    """`gate(user)` may answer a response that asks for a fresh sign-in."""
    global _fresh_gate
    _fresh_gate = gate


def current_user() -> Any:
    """The request's user, None for an anonymous reader. For views and templates only."""
    if not has_request_context():
        return None  # a mail written by the worker: nobody is reading yet
    if "engage_user" not in g:
        if is_without_records():
            return None
        g.engage_user = _loader() if _loader else None
    return g.engage_user


def is_without_records() -> bool:
    """Is this the page that says the database is away? Then nobody may be looked up for it."""
    return bool(g.get("without_records"))


def _to_sign_in() -> "ResponseReturnValue":
    if wants_json():
        raise NotAllowed(_l("Please sign in."))
    if request.method in {"GET", "HEAD"}:
        target = request.full_path.rstrip("?")
    else:
        target = (request.referrer and _own_path(request.referrer)) or ""
    address = url_for("accounts.login")
    if target:
        address += "?" + urlencode({"next": target})
    if kept := typed():
        return _with_words(kept, address)
    if request.headers.get("HX-Request") == "true":
        return "", 204, {"HX-Redirect": address}
    return redirect(address)


def _with_words(kept: str, address: str) -> "ResponseReturnValue":
    """What was typed, to copy, and the way to the page that has to be passed first."""
    return respond(
        Problem(
            403,
            _l("Please sign in"),
            _l("You have to sign in again first, so this was not saved."),
            _l("Copy your text, sign in, then send it again."),
            kept=kept,
            sign_in=address,
        )
    )


def _keeping_words(answer: "ResponseReturnValue") -> "ResponseReturnValue":
    """A gate leads elsewhere: a form with a long text in it is shown that text first."""
    kept = None if wants_json() else typed()
    if kept is None:
        return answer
    headers = current_app.make_response(answer).headers
    return _with_words(kept, headers.get("Location") or headers.get("HX-Redirect") or "")


def _own_path(url: str) -> str:
    return url[len(request.host_url) - 1 :] if url.startswith(request.host_url) else ""


def guard() -> "ResponseReturnValue | None":
    """Enforce the mark of the route that is about to run. An unmarked route is closed."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    mark = mark_of(request.endpoint)
    if mark is None:
        raise NotAllowed(_l("This page has no access rule yet."))
    if mark.gate == "public":
        return None
    user = current_user()
    if user is None:
        return _to_sign_in()
    if mark.gate == "staff":
        entitled = user.has_role(*mark.roles) if mark.roles else user.is_staff
        if not entitled:
            raise NotAllowed(
                _l("This part is for the people who run Engage."),
                _l("If you should have access, ask an administrator."),
            )
        if _staff_gate is not None and (answer := _staff_gate(user)) is not None:
            return _keeping_words(answer)
    if mark.fresh and _fresh_gate is not None and (answer := _fresh_gate(user)) is not None:
        return _keeping_words(answer)
    return None


def register(app: Flask) -> None:
    """Guard every route; give templates the reader as `user`."""
    app.before_request(guard)
    app.context_processor(lambda: {"user": _template_user()})


def _template_user() -> Any:
    # an error page must never fail on the person it is shown to
    try:
        return current_user()
    except EngageError:
        return None
