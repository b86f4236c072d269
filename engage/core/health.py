"""What machines ask us: alive, ready, how busy, whom to write to."""

import secrets
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from sqlalchemy import func, select

from engage.core import checkup, clock, metrics
from engage.core.access import public
from engage.core.checkup import BAD, GOOD
from engage.core.db import db
from engage.core.errors import Missing
from engage.core.outbox import Mail
from engage.core.security import front_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

bp = Blueprint("health", __name__)
_SLOW = 0.25  # seconds


class HealthFront:
    """/healthz, answered before the application is entered: it touches nothing at all.

    Probes call a machine by its number, so the other two lose the Host they came with.
    """

    def __init__(self, inner: "WSGIApplication", host: str) -> None:
        self.inner = inner
        self.host = host

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/healthz":
            start_response(
                "200 OK",
                [
                    ("Content-Type", "text/plain"),
                    ("Content-Length", "3"),
                    ("Cache-Control", "no-store"),
                    *front_headers(environ.get("wsgi.url_scheme", "http")),
                ],
            )
            return [b"ok\n"]
        if path in ("/readyz", "/metrics"):
            environ["HTTP_HOST"] = self.host
        return self.inner(environ, start_response)


@bp.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """Send people here? 503 while a restart drains, or when an answer could not be kept."""
    if checkup.is_draining():
        return jsonify(status="draining"), 503
    must = checkup.run(checkup.READINESS)
    later = [] if any(check.state == BAD for check in must) else checkup.run(checkup.LATER)
    states = {check.name: check.state for check in [*must, *later]}
    if any(check.state == BAD for check in must):
        return jsonify(status="not ready", checks=states), 503
    well = all(state == GOOD for state in states.values())
    return jsonify(status="ready" if well else "degraded", checks=states), 200


@bp.get("/metrics")
@public
def figures() -> Response:
    """Prometheus text, for those who hold the token; for others there is no such page."""
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not secrets.compare_digest(token.encode(), given.encode()):
        raise Missing
    lines = []
    for name, value in {**metrics.totals(), **_gauges()}.items():
        kind = "gauge" if name in _GAUGES else "counter"
        total = "" if name in _GAUGES else "_total"
        lines += [f"# TYPE engage_{name}{total} {kind}", f"engage_{name}{total} {value:g}"]
    lines.append("# TYPE engage_mails gauge")
    lines += [f'engage_mails{{state="{state}"}} {count}' for state, count in _mails()]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


_GAUGES = ("queue_pending", "worker_silent_seconds", "disk_free_bytes", "ready")


def _gauges() -> dict[str, float]:
    import shutil

    age = checkup.worker_age()
    return {
        "queue_pending": current_app.extensions["engage_queue"].pending(),
        "worker_silent_seconds": -1 if age is None else round(age, 1),
        "disk_free_bytes": shutil.disk_usage(current_app.config["DATA_DIR"]).free,
        "ready": not any(check.state == BAD for check in checkup.run(checkup.READINESS)),
    }


def _mails() -> list[tuple[str, int]]:
    rows = db.session.execute(select(Mail.state, func.count()).group_by(Mail.state)).all()
    return sorted((str(state), count) for state, count in rows)


@bp.get("/.well-known/security.txt")
@public
def security_txt() -> Response:
    """RFC 9116: where to report a weakness."""
    made = current_app.config
    contact = made["SECURITY_CONTACT"]
    if "@" in contact and ":" not in contact:
        contact = f"mailto:{contact}"
    expires = (clock.now() + timedelta(days=180)).replace(microsecond=0, hour=0, minute=0, second=0)
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(made['LOCALES'])}",
        f"Canonical: {made['BASE_URL']}/.well-known/security.txt",
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _count(response: Response) -> Response:
    seconds = time.perf_counter() - g.get("request_began", time.perf_counter())
    metrics.count(f"requests_{min(max(response.status_code // 100, 2), 5)}xx")
    metrics.count("request_seconds", seconds)
    if seconds > _SLOW:
        metrics.count("slow_requests")
    return response


def register(app: Flask) -> None:
    """Mount the four addresses and count every request."""
    metrics.start(app.config["DATA_DIR"] / "run")
    app.register_blueprint(bp)
    app.after_request(_count)
    host = urlsplit(app.config["BASE_URL"]).netloc
    app.wsgi_app = HealthFront(app.wsgi_app, host)  # type: ignore[method-assign]
