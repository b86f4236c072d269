"""One means one: what a person may do once, the database enforces."""

from __future__ import annotations

import pytest
from sqlalchemy import CheckConstraint, PrimaryKeyConstraint, Table, UniqueConstraint

from engage.core.db import Model

pytestmark = pytest.mark.pure

# table -> the columns of which there may be only one row (a set of alternatives for each)
ONE_EACH: dict[str, list[set[str]]] = {
    "users": [{"email_key"}],
    "memberships": [{"user_id", "organisation_id"}],
    "organisations": [{"slug"}],
    "sent_forms": [{"key"}],
    "comment_reactions": [{"comment_id", "user_id"}],
    "thread_reactions": [{"thread_id", "user_id"}],
    "consultation_voices": [{"consultation_id", "voice"}],
    "consultation_follows": [{"consultation_id", "user_id"}],
    "official_answers": [{"comment_id"}],
    "document_versions": [{"document_id", "number"}],
}
# these columns say "per person": a table that counts people must not count one twice
PER_PERSON = ("reactions", "votes", "supports", "participations", "preferences", "claims")


# names that are not ours to choose, or that stand alone
GIVEN_NAMES = {"at", "lastuse_datetime"}


def unique_sets(table: Table) -> list[set[str]]:
    found = [
        {c.name for c in constraint.columns}
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)
    ]
    return found + [{c.name for c in index.columns} for index in table.indexes if index.unique]


def test_what_is_one_per_person_has_a_unique_constraint(app: object) -> None:
    tables = Model.metadata.tables
    wrong = [
        f"{name}{sorted(wanted)}"
        for name, alternatives in ONE_EACH.items()
        for wanted in alternatives
        if name not in tables or wanted not in unique_sets(tables[name])
    ]
    assert not wrong, wrong


def test_tables_that_count_people_count_each_once(app: object) -> None:
    wrong = []
    for name, table in Model.metadata.tables.items():
        people = {
            c.name
            for c in table.columns
            if c.name in {"user_id", "author_id", "guest_id", "person_id"}
        }
        if name.endswith(PER_PERSON) and not any(s & people for s in unique_sets(table)):
            wrong.append(name)
    assert not wrong, wrong


def test_children_are_found_without_scanning(app: object) -> None:
    """What goes with its parent is looked up by it: those columns lead an index."""
    wrong = []
    for name, table in Model.metadata.tables.items():
        leading = {next(iter(i.columns)).name for i in table.indexes}
        leading |= {
            next(iter(c.columns)).name
            for c in table.constraints
            if isinstance(c, UniqueConstraint | PrimaryKeyConstraint) and len(c.columns)
        }
        wrong += [
            f"{name}.{c.name}"
            for c in table.columns
            if any(key.ondelete == "CASCADE" for key in c.foreign_keys) and c.name not in leading
        ]
    assert not wrong, "\n".join(sorted(wrong))


def test_constraints_are_named(app: object) -> None:
    wrong = [
        f"{table.name}: {constraint!r}"
        for table in Model.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint | CheckConstraint) and not constraint.name
    ]
    assert not wrong, wrong


def test_names_of_columns_say_what_they_are(app: object) -> None:
    wrong = []
    for table in Model.metadata.tables.values():
        for column in table.columns:
            kind = type(column.type).__name__
            if (
                kind == "Instant"
                and not column.name.endswith("_at")
                and column.name not in GIVEN_NAMES
            ):
                wrong.append(f"{table.name}.{column.name}: an instant ends in _at")
            if kind == "DateTime":
                wrong.append(f"{table.name}.{column.name}: use datetime -> Instant, aware and UTC")
    assert not wrong, "\n".join(wrong)
