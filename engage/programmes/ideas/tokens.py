"""The mailed links of co-authors: signed, for this purpose only."""

from __future__ import annotations

from engage.core import signing
from engage.core.errors import Missing
from engage.programmes.ideas.models import CoAuthor

_INVITATION = "ideas.co-author"


def invitation_token(invitation: CoAuthor) -> str:
    """What stands for an invitation in its link."""
    return signing.signed(_INVITATION, invitation.id)


def read_invitation(token: str) -> int:
    """The id of the invitation a link was made for. Raises Missing."""
    found = signing.read(_INVITATION, token)
    if not isinstance(found, int):
        raise Missing
    return found
