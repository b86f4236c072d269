"""Everything public about ideas as a file: CSV and JSON streamed, XLSX made at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Response, stream_with_context, url_for
from sqlalchemy import Select, case, select
from sqlalchemy.orm import aliased

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.core import csvexport
from engage.core.db import db, stream
from engage.core.i18n import _, locale_now
from engage.programmes.ideas import queries, spreadsheet
from engage.programmes.ideas.filters import Filters
from engage.programmes.ideas.models import (
    Call,
    CallTranslation,
    Category,
    Idea,
    IdeaAnswer,
    Naming,
    TranslationMark,
)

# names that programs read: the same in every language
COLUMNS = (
    "id", "address", "call", "title", "text", "category", "state", "language",
    "author", "stakeholder_kind", "organisation", "place", "latitude", "longitude",
    "supports", "supports_of_organisations",
    *(f"supports_{kind.value}" for kind in StakeholderKind),
    "comments", "published_at", "edited_at", "answer_due_at", "answered_at", "decided_at",
    "delivered_at", "answering_organisation", "answer",
)  # fmt: skip


def download(fmt: str, filters: Filters, call: Call | None) -> Response:
    """The file: `fmt` is csv, xlsx or json. With one call its own public questions are columns."""
    asked = [question for question in call.fields if question.is_public] if call else []
    header = [*COLUMNS, *(question.label for question in asked)]
    keys = [question.key for question in asked]
    name = f"ideas-{call.slug or call.id}.{fmt}" if call else f"ideas.{fmt}"
    if fmt == "csv":
        return csvexport.stream(name, header, _rows(filters, keys))
    if fmt == "xlsx":
        data = spreadsheet.written(header, _rows(filters, keys))
        answer = Response(data, mimetype=spreadsheet.MEDIA_TYPE)
    else:
        answer = Response(
            stream_with_context(_as_json(header, _rows(filters, keys))),
            mimetype="application/json",
        )
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _as_json(header: list[str], rows: Iterator[list[Any]]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        found = dict(zip(header, row, strict=True))
        yield (",\n" if number else "\n") + json.dumps(found, default=_plain, ensure_ascii=False)
    yield "\n]\n"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _rows(filters: Filters, keys: list[str]) -> Iterator[list[Any]]:
    """Rows in the order of COLUMNS and the questions; memory stays flat."""
    titles = _call_titles()
    answering = aliased(Organisation)
    hidden = (Call.naming == Naming.HIDDEN) | Idea.hides_author
    base: Select[Any] = queries.narrowed(filters)
    wanted: Any = (
        base
        .outerjoin(User, User.id == Idea.author_id)
        .outerjoin(Organisation, Organisation.id == Idea.organisation_id)
        .outerjoin(Category, Category.id == Idea.category_id)
        .outerjoin(
            IdeaAnswer, (IdeaAnswer.idea_id == Idea.id) & IdeaAnswer.published_at.is_not(None)
        )
        .outerjoin(answering, answering.id == IdeaAnswer.organisation_id)
        .with_only_columns(
            Idea.id, Idea.slug, Idea.call_id, Idea.title, Idea.body, Category.name, Idea.state,
            Idea.language,
            case((hidden, None), else_=case((User.id.is_(None), Idea.author_name), else_=User.display_name)),
            Idea.author_kind, Organisation.name, Idea.place_name, Idea.latitude, Idea.longitude,
            Idea.supports_count, Idea.organisations_count, Idea.supports_by_kind,
            Idea.comments_count, Idea.published_at, Idea.edited_at, Idea.due_at,
            Idea.answered_at, Idea.decided_at, Idea.delivered_at, answering.name,
            IdeaAnswer.body, Idea.answers,
        )
        .order_by(Idea.id)
    )  # fmt: skip
    for part in stream(wanted):
        for row in part:
            yield _row(row, titles, keys)


def _row(row: Any, titles: dict[int, str], keys: list[str]) -> list[Any]:
    ident, slug, call_id, *rest = row
    title, body, category, state, language, author, kind, *rest = rest
    organisation, place, latitude, longitude, supports, of_organisations, tally, *rest = rest
    *times, answering, answer, answers = rest
    return [
        ident,
        url_for("ideas.detail", address=f"{ident}-{slug}" if slug else ident, _external=True),
        titles.get(call_id, ""),
        title,
        body,
        category,
        state.value,
        language,
        author or None,
        kind.value,
        organisation,
        place or None,
        latitude,
        longitude,
        supports,
        of_organisations,
        *(sum(tally.get(one.value, (0, 0))) for one in StakeholderKind),
        *times,
        answering,
        answer,
        *(_said(answers.get(key)) for key in keys),
    ]


def _said(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return value


def _call_titles() -> dict[int, str]:
    original = select(Call.id, Call.title)
    translated = select(CallTranslation.call_id, CallTranslation.title).where(
        CallTranslation.language == locale_now(),
        CallTranslation.mark != TranslationMark.OUTDATED,
    )
    rows = [*db.session.execute(original), *db.session.execute(translated)]
    return {ident: title for ident, title in rows}  # noqa: C416  rows are no pairs to a checker
