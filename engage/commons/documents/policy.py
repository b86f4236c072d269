"""Who may do what with plan texts. No rows are loaded here: callers bring what is judged."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true

from engage.commons.accounts.models import Role, User
from engage.commons.documents.models import Version, VersionState
from engage.commons.documents.owners import Owner
from engage.core.access import ALLOWED, Decision, denied
from engage.core.i18n import _l

_NOT_YOURS = denied(
    _l("Only the organisers of this text may change it."),
    _l("Ask an organiser to do it, or to give you access."),
)
_IS_PUBLISHED = denied(
    _l("A published version never changes: comments stand beside its words."),
    _l("Make a new version instead."),
)
_HAS_NEWER_WORDS = denied(
    _l("These words have been replaced by a newer version."), _l("Comment on the present words.")
)
_IS_GONE = denied(
    _l("This paragraph is not in the newest version any more."),
    _l("Comment on the text as a whole."),
)


def can_create(user: User | None) -> Decision:
    """Start a text."""
    return ALLOWED if user is not None and user.has_role(Role.ORGANISER) else _NOT_YOURS


def can_edit(user: User | None, owner: Owner | None) -> Decision:
    """Rename a text, make, change and publish its versions: whom the owner lets."""
    if user is None or not user.has_role(Role.ORGANISER):
        return _NOT_YOURS
    return ALLOWED if owner is not None and owner.can_edit else _NOT_YOURS


def can_change(user: User | None, owner: Owner | None, version: Version) -> Decision:
    """Change the words of one version: drafts only."""
    if version.is_published:
        return _IS_PUBLISHED
    return can_edit(user, owner)


def visible_to(user: User | None) -> ColumnElement[bool]:
    """Which versions appear: published ones; to staff drafts too."""
    if user is not None and user.is_staff:
        return true()
    return Version.state == VersionState.PUBLISHED


def can_see(user: User | None, version: Version) -> bool:
    """The same for one version."""
    return version.is_published or (user is not None and user.is_staff)


def commenting(owner: Owner, *, is_current: bool, has_heir: bool) -> Decision:
    """Comment on a paragraph: while the owner lets, and only on words that still hold."""
    if is_current:
        return owner.commenting
    return _HAS_NEWER_WORDS if has_heir else _IS_GONE
