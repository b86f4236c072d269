"""Forms that are nothing but buttons: a page holds dozens of them."""

from flask import Flask, current_app, g
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from engage.core.idempotency import FIELD, new_key

_HIDDEN = Markup('<input type="hidden" name="%s" value="%s">')


def press_fields() -> Markup:
    """The hidden fields of one more form of buttons: the token, and a key of its own.

    What `Form.hidden_tag` says, without a Form, which costs more than the buttons around it.
    """
    token: Markup | None = g.get("press_token")
    if token is None:
        name = current_app.config["WTF_CSRF_FIELD_NAME"]
        token = g.press_token = _HIDDEN % (name, generate_csrf())
    return _HIDDEN % (FIELD, new_key()) + token


def register(app: Flask) -> None:
    """Give templates `press_fields()`."""
    app.jinja_env.globals["press_fields"] = press_fields
