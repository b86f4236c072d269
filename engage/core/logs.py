"""What is written down: one line per request and event, as JSON, each with its request's id.

Never passwords, tokens, cookies, query strings, whole e-mail or network addresses. Line breaks
and control characters inside a message are escaped, so that nobody can forge a line.
"""

import ipaddress
import json
import logging
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, has_request_context, request

_EMAIL = re.compile(r"([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_SECRET = re.compile(r"token|code|key|secret|signature")
_URL_PASSWORD = re.compile(r"(\w+://[^:/\s]*):[^@/\s]+@")

access = logging.getLogger("engage.access")


def request_id() -> str:
    """The id that this request's lines, its answer and its incident share; "-" outside one."""
    if not has_request_context():
        return "-"
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    ident: str = g.request_id
    return ident


def masked(text: str) -> str:
    """The text on one line, without whole e-mail addresses and passwords in URLs."""
    text = _URL_PASSWORD.sub(r"\1:***@", _EMAIL.sub(r"\1***@\2", text))
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def network(address: str | None) -> str:
    """The network an address is in: enough to see an attack, too little to see a person."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "-"
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))


class _Fields(logging.Filter):
    """Puts the request's id on each record where it is made."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
            "request": getattr(record, "request_id", "-"),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["trace"] = masked_lines(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        fields = getattr(record, "fields", {})
        told = masked(record.getMessage()) if record.getMessage() else ""
        told += " ".join(f"{key}={value}" for key, value in fields.items())
        line = f"{at} {record.levelname.lower():7} {told}"
        if record.exc_info:
            line += "\n" + "\n".join(masked_lines(self.formatException(record.exc_info)))
        return line


def masked_lines(trace: str) -> list[str]:
    """A stack trace, line by line."""
    return [masked(line) for line in trace.splitlines()]


def configure(level: str, shape: str) -> None:
    """Send everything to standard error in one shape (`json` or `text`)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if shape == "json" else TextFormatter())
    handler.addFilter(_Fields())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # chatty at INFO, and what they say there is of no use to an operator
    for name in ("alembic", "httpx", "huey", "botocore", "PIL"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _tell(response: Response) -> Response:
    ident = request_id()
    response.headers["X-Request-ID"] = ident
    seconds = time.perf_counter() - g.get("request_began", time.perf_counter())
    user = g.get("engage_user")
    fields: dict[str, Any] = {
        "method": request.method,
        "path": _path(),
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "network": network(request.remote_addr),
    }
    if user is not None:
        fields["user"] = user.id
    access.info("", extra={"fields": fields})
    return response


def _path() -> str:
    """The path, with what a rule calls token, code or key blotted out."""
    path = request.path
    for name, value in (request.view_args or {}).items():
        if _SECRET.search(name) and value:
            path = path.replace(str(value), "***")
    return masked(path)[:300]


def register(app: Flask) -> None:
    """Name each request, write a line when it is answered."""
    if not app.testing:
        configure(app.config["LOG_LEVEL"], app.config["LOG_FORMAT"])

    @app.before_request
    def _begin() -> None:
        g.request_began = time.perf_counter()
        request_id()

    app.after_request(_tell)
