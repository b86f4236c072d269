"""The ground: an application with everything the features stand on."""

from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask
from flask_alembic import Alembic
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, ValidationError

import config as settings
from engage.core import pagecache
from engage.core.db import Model
from engage.core.idempotency import IdempotentFlask

alembic = Alembic(run_mkdir=False, metadatas=Model.metadata)

# in this order: logs first so that everything is told, access before anything that asks who
_PARTS = (
    "logs",
    "db",
    "settings",
    "tasks",
    "outbox",
    "templating",
    "i18n",
    "presses",
    "errors",
    "turns",
    "security",
    "access",
    "idempotency",
    "limits",
    "assets",
    "richtext",
    "files",
    "covers",
    "frame",
    "charts",
    "slots",
    "nav",
    "preview",
    "health",
    "cli",
)


class RowNumber(IntegerConverter):
    """A number in an address that a row may have; a larger one is an address there is not."""

    def to_python(self, value: str) -> int:
        number = super().to_python(value) if len(value) <= 10 else 2**31
        if number >= 2**31:
            raise ValidationError
        return int(number)


def create(config: settings.Base | None = None) -> Flask:
    """A bare application with its settings. Raises ConfigError when they make no sense."""
    chosen = config or settings.load()
    app = IdempotentFlask(
        "engage",
        root_path=str(settings.ROOT),
        template_folder="templates",
        static_folder=None,
        instance_path=str(chosen.DATA_DIR),
    )
    app.config.from_object(chosen)
    _derive(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.url_map.strict_slashes = False
    app.url_map.converters["int"] = RowNumber
    return app


def _derive(app: Flask) -> None:
    """Settings that libraries want under names of their own."""
    made = app.config
    made["DEMO"] = made["DEMONSTRATION"]
    made["QUEUE_PATH"] = str(made["DATA_DIR"] / "queue.sqlite3")
    mail = urlsplit(made["MAIL_URL"] or "")
    made["MAIL_SERVER"] = mail.hostname
    made["MAIL_PORT"] = mail.port or (465 if mail.scheme == "smtps" else 25)
    made["MAIL_USERNAME"] = unquote(mail.username) if mail.username else None
    made["MAIL_PASSWORD"] = unquote(mail.password) if mail.password else None
    made["MAIL_USE_SSL"] = mail.scheme == "smtps"
    # a password never travels in the clear
    made["MAIL_USE_TLS"] = mail.scheme == "smtp" and (mail.port == 587 or bool(mail.username))
    made["MAIL_DEFAULT_SENDER"] = ("Engage", made["MAIL_FROM"])
    made["MAIL_SUPPRESS_SEND"] = False
    made["MAIL_DOMAIN"] = urlsplit(made["BASE_URL"]).hostname or "localhost"
    # the worker writes addresses without a request; requests themselves are checked against
    # TRUSTED_HOSTS and keep the host they came by
    base = urlsplit(made["BASE_URL"])
    made["SERVER_NAME"] = base.netloc
    made["PREFERRED_URL_SCHEME"] = base.scheme


def register(app: Flask) -> None:
    """Lay the ground, part by part."""
    for name in _PARTS:
        part: Any = import_module(f"engage.core.{name}")
        part.register(app)


def finish(app: Flask) -> None:
    """What needs every feature in place: migrations, and the layers around the application."""
    alembic.init_app(app)
    # inside the proxy layer: what is shared depends on the scheme people see
    pagecache.wrap(app)
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
