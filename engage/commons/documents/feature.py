"""Plan texts: what they register."""

from __future__ import annotations

from flask import Flask

from engage.commons.comments import threads
from engage.commons.comments.threads import ThreadKind
from engage.commons.documents import queries, staff
from engage.commons.documents.threads import address_in, document_places, paragraph_places
from engage.core import nav
from engage.core.errors import explain_constraint
from engage.core.i18n import _l
from engage.core.nav import NavItem


def register(app: Flask) -> None:
    """Bind the office pages and the threads of texts and paragraphs."""
    app.register_blueprint(staff.bp)
    app.jinja_env.globals["chapter_url"] = address_in
    threads.kinds.add(ThreadKind(queries.PARAGRAPH_KIND, load=paragraph_places))
    threads.kinds.add(ThreadKind(queries.DOCUMENT_KIND, load=document_places))
    nav.add(
        NavItem(
            "documents",
            _l("Texts"),
            "documents_office.index",
            "file",
            order=15,
            area="office",
            roles=frozenset({"organiser", "analyst"}),
        )
    )
    explain_constraint(
        "uq_document_versions_one_draft", _l("Somebody started a draft a moment before.")
    )
