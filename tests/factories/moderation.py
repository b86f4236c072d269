"""Moderation for tests: a kind of contribution that lives in memory, reports and cases."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from engage.commons.accounts.models import User
from engage.commons.moderation import kinds, queries
from engage.commons.moderation.kinds import Kind, Subject
from engage.commons.moderation.models import Case, Decision, Outcome, Report
from engage.commons.moderation.notice import Notice
from engage.commons.moderation.service import deciding, reporting
from engage.core.errors import Missing

WORDS = "Your point stays welcome; please leave the person out."


@dataclass
class Notes:
    """The contributions of the kind `note`."""

    rows: dict[int, Subject] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)

    def add(self, **over: Any) -> Subject:
        ident = over.pop("id", len(self.rows) + 1)
        values: dict[str, Any] = {
            "title": f"Comment on 2.{ident}",
            "text": f"Whoever signed paragraph {ident} is an idiot.",
            "html": f"<p>Whoever signed paragraph {ident} is an idiot.</p>",
            "url": f"/en/help?q={ident}",
            "language": "en",
        }
        values.update(over)
        self.rows[ident] = Subject(id=ident, **values)
        return self.rows[ident]

    def load(self, ids: Collection[int]) -> dict[int, Subject]:
        return {ident: self.rows[ident] for ident in ids if ident in self.rows}

    def hide(self, ident: int, *, actor: User, reason: str) -> None:
        self.rows[ident] = replace(self.rows[ident], is_hidden=True)
        self.reasons[ident] = reason

    def restore(self, ident: int, *, actor: User) -> None:
        self.rows[ident] = replace(self.rows[ident], is_hidden=False)

    def edit(self, ident: int, text: str) -> None:
        self.rows[ident] = replace(self.rows[ident], text=text, html=f"<p>{text}</p>")


def notes_kind() -> Notes:
    """Register an empty kind `note`; the previous one is forgotten."""
    notes = Notes()
    kinds.add(Kind("note", "Note", notes.load, notes.hide, notes.restore))
    return notes


def a_notice(**over: Any) -> Notice:
    values: dict[str, Any] = {
        "ground": "insult",
        "explanation": "It calls a clerk an idiot.",
        "address": "http://localhost/en/help?q=1",
        "name": "Ann Walker",
        "email": "ann@example.org",
        "good_faith": True,
        "locale": "en",
    }
    values.update(over)
    return Notice(**values)


def make_report(
    target_id: int, *, kind: str = "note", actor: User | None = None, **over: Any
) -> Report:
    return reporting.report(kind, target_id, a_notice(**over), actor=actor)


def make_case(target_id: int, *, kind: str = "note", **over: Any) -> Case:
    """An open case with one report."""
    row = queries.case(make_report(target_id, kind=kind, **over).case_id)
    if row is None:
        raise Missing
    return row


def make_decision(case: Case, moderator: User, **over: Any) -> Decision:
    """Hidden for an insult, unless told otherwise."""
    values: dict[str, Any] = {
        "version": case.version,
        "outcome": Outcome.HIDE,
        "rule": "insult",
        "words": WORDS,
    }
    values.update(over)
    return deciding.decide(case.id, actor=moderator, **values)
