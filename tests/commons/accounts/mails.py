"""The mails a test caused, and the links in them."""

from __future__ import annotations

import re

from sqlalchemy import select

from engage.core.db import db
from engage.core.outbox import Mail

PREFIX = "http://localhost"


def mails(to: str | None = None) -> list[Mail]:
    """All mails, or those to one address, oldest first."""
    found = db.session.scalars(
        select(Mail).order_by(Mail.id).execution_options(populate_existing=True)
    )
    return [mail for mail in found if to is None or mail.to_address == to]


def last(to: str) -> Mail:
    """The latest mail to an address."""
    return mails(to)[-1]


def link(to: str, part: str = "/") -> str:
    """The path of the first link with `part` in the latest mail to an address."""
    found = [
        url.removeprefix(PREFIX)
        for url in re.findall(r"https?://\S+", last(to).body_text)
        if part in url and url != PREFIX
    ]
    assert found, last(to).body_text
    return found[0]
