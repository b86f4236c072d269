"""What somebody wrote and could not send: given back to them by every page that refuses it."""

from flask import request
from werkzeug.exceptions import HTTPException

# in the session: the key of a form that was saved, until a page has told the browser
ARRIVED = "arrived"

# the long texts of our forms; never what is short, chosen or secret
LONG_TEXTS = frozenset(
    {
        "body",
        "change",
        "description",
        "domains",
        "explanation",
        "hosting",
        "note",
        "outcome",
        "paper",
        "publisher_address",
        "reason",
        "summary",
        "text",
        "words",
    }
)


def typed() -> str | None:
    """The long texts of the form being answered, None when it brought none.

    Only of forms sent from our own pages: another site puts no words into ours.
    """
    if request.method != "POST" or not _is_ours():
        return None
    try:
        sent = list(request.form.items(multi=True))
    except HTTPException:  # too large, or torn off: there is nothing to show
        return None
    texts = [text for name, text in sent if name.rpartition("-")[2] in LONG_TEXTS]
    return "\n\n".join(text for text in texts if text.strip()) or None


def _is_ours() -> bool:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")
