"""Where a form may lead afterwards: an address of this site, written as a browser reads it."""

from __future__ import annotations

import re

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

# one slash, then only signs that no browser turns into something else
_PLAIN = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@%/?#\[\]]*")
_LEADS_BACK = ("login", "logout", "register")


def safe_next(wanted: str | None, default: str = "") -> str:
    """`wanted` when it is the path of a page of ours, else `default`."""
    if not wanted or len(wanted) > 500 or not _PLAIN.fullmatch(wanted):
        return default
    path = wanted.partition("#")[0].partition("?")[0]
    if "//" in path or "/.." in path or re.search(r"%(2f|5c|0|1|7f|2e)", path, re.IGNORECASE):
        return default
    adapter = current_app.url_map.bind("localhost")
    try:
        endpoint, _values = adapter.match(path, method="GET")
    except RequestRedirect:
        return default
    except HTTPException:
        return default
    if str(endpoint).rpartition(".")[2] in _LEADS_BACK:
        return default
    return wanted
