"""What the service pages of the demonstration say: made up, and said to be."""

from __future__ import annotations

from engage.commons.accounts.models import User
from engage.core import settings

# reserved names (RFC 2606) and numbers kept for fiction by the French regulator: nobody is reached
_SAID = {
    "contact.email": "contact@example.org",
    "contact.phone": "+33 1 99 00 12 34",
    "legal.publisher": "Engage, a demonstration",
    "legal.address": "1 quai de la Démonstration\n62200 Boulogne-sur-Mer\nFrance",
    "legal.director": "Ariane Vallet (made up, like everybody here)",
    "legal.hosting": "The machine on which somebody tries this demonstration",
    "legal.protection_officer": "data.protection@example.org",
}


def furnish(*, actor: User) -> None:
    """Fill in whom to write to and who answers for the site, where nobody has done so yet."""
    unsaid = {name: words for name, words in _SAID.items() if not _is_chosen(name)}
    settings.change(unsaid, actor=actor)


def _is_chosen(name: str) -> bool:
    # the address we write from stands in for a contact: on a laptop it reaches nobody
    return bool(settings.value(name)) and name != "contact.email"
