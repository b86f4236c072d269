"""Preparing a call for ideas: its words, its rules, its parts, and its way from draft to archive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.comments.service import set_hosts as tell_threads
from engage.core import audit, clock, files, richtext
from engage.core.access import require
from engage.core.db import db, lock, scalar_ids, transactional
from engage.core.errors import Conflict, Invalid, Missing, Text
from engage.core.i18n import _l, locales
from engage.programmes.ideas import policy
from engage.programmes.ideas.models import (
    CALL_TRANSITIONS,
    CALL_WORDS,
    Call,
    CallField,
    CallHost,
    CallState,
    CallTranslation,
    CallWords,
    Category,
    Criterion,
    FieldKind,
    Idea,
    IdeaScore,
    Naming,
    TranslationMark,
)
from engage.programmes.ideas.similar import fold

MOST_CATEGORIES = 30
MOST_FIELDS = 20
MOST_CRITERIA = 10


@dataclass(frozen=True)
class Brief:
    """What an organiser fills in. Instants are aware; `time_zone` is how they are told."""

    title: str
    language: str
    time_zone: str
    summary: str = ""
    body: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    supports_close_at: datetime | None = None
    languages: tuple[str, ...] = ()
    submit_kinds: tuple[str, ...] = ()
    support_kinds: tuple[str, ...] = ()
    supports_each: int | None = None
    takes_organisations: bool = True
    takes_places: bool = True
    takes_files: bool = True
    is_premoderated: bool = False
    naming: Naming = Naming.NAMED
    answer_days: int = 30
    edit_hours: int = 24
    contact_name: str = ""
    contact_email: str = ""


_PLAIN = tuple(f.name for f in fields(Brief) if f.name not in CALL_WORDS)


@dataclass(frozen=True)
class CategoryBrief:
    """A category; `id` of one that stays, None for a new one. `names`: other languages."""

    name: str
    names: dict[str, str] = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True)
class FieldBrief:
    """A question of the form; `id` of one that stays, None for a new one."""

    kind: FieldKind
    label: str
    hint: str = ""
    options: tuple[str, ...] = ()
    is_required: bool = False
    is_public: bool = True
    labels: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    option_labels: dict[str, list[str]] = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True)
class CriterionBrief:
    """What is scored; `id` of one that stays, None for a new one."""

    name: str
    weight: int = 1
    is_reversed: bool = False
    hint: str = ""
    names: dict[str, str] = field(default_factory=dict)
    id: int | None = None


# --- words and rules ------------------------------------------------------------------------


def create_call(brief: Brief, *, actor: User) -> Call:
    """Start a draft. Raises Invalid, NotAllowed."""
    with transactional():
        require(policy.can_create_call(actor))
        _check(brief)
        call = Call(created_by_id=actor.id, translations=[])
        _apply(call, brief)
        db.session.add(call)
        db.session.flush()
        audit.record("call.created", ("idea_call", call.id), actor=actor)
    return call


def edit_call(call_id: int, brief: Brief, *, revision: int, actor: User) -> Call:
    """Save a whole brief. `revision` is the one the editor started from.

    Raises Invalid, NotAllowed, Missing, and Conflict (with what was typed) when it is stale.
    Translations of changed words become outdated.
    """
    with transactional():
        call = _locked(call_id)
        require(policy.can("edit", actor, call))
        _refuse_stale(call, revision, brief.title, brief.summary, brief.body)
        _check(brief)
        if call.state is not CallState.DRAFT and not (brief.opens_at and brief.closes_at):
            raise Invalid({"closes_at": _l("A public call has an opening and a closing time.")})
        before = {name: getattr(call, name) for name in (*CALL_WORDS, "language")}
        _apply(call, brief)
        changed = sorted(name for name, old in before.items() if getattr(call, name) != old)
        if changed:
            for translation in call.translations:
                translation.mark = TranslationMark.OUTDATED
        _saved(call)
        _index(call)
        audit.record("call.edited", ("idea_call", call.id), actor=actor, changed=changed)
    return call


def translate_call(
    call_id: int,
    *,
    language: str,
    mark: TranslationMark,
    words: dict[str, str],
    revision: int,
    actor: User,
) -> CallTranslation:
    """Save all words in another language. Raises Invalid, NotAllowed, Conflict when stale."""
    with transactional():
        call = _locked(call_id)
        require(policy.can("edit", actor, call))
        _refuse_stale(call, revision, words.get("title"), words.get("summary"))
        if language not in locales() or language == call.language:
            raise Invalid({"language": _l("Choose a language the original is not written in.")})
        if not words.get("title", "").strip():
            raise Invalid({"title": _l("Write the title in this language.")})
        translation = next((t for t in call.translations if t.language == language), None)
        if translation is None:
            translation = CallTranslation(language=language)
            call.translations.append(translation)
        _write_words(translation, words)
        translation.mark = mark
        translation.updated_at = clock.now()
        _saved(call)
        _index(call)
        audit.record("call.translated", ("idea_call", call.id), actor=actor, language=language)
    return translation


def copy_call(call_id: int, *, actor: User) -> Call:
    """A new draft with the same words, rules, hosts, categories, questions and criteria; no dates."""
    with transactional():
        source = _locked(call_id)
        require(policy.can("copy", actor, source))
        dated = ("opens_at", "closes_at", "supports_close_at")
        brief = Brief(
            **{
                f.name: getattr(source, f.name)
                for f in fields(Brief)
                if f.name not in (*dated, "languages", "submit_kinds", "support_kinds")
            },
            languages=tuple(source.languages),
            submit_kinds=tuple(source.submit_kinds),
            support_kinds=tuple(source.support_kinds),
        )
        copy = _locked(create_call(brief, actor=actor).id)
        copy.hosts = [
            CallHost(organisation_id=host.organisation_id, position=host.position)
            for host in source.hosts
        ]
        copy.categories = [
            Category(name=row.name, names=dict(row.names), position=row.position)
            for row in source.categories
        ]
        copy.fields = [_twin(CallField, row) for row in source.fields]
        copy.criteria = [_twin(Criterion, row) for row in source.criteria]
        for translation in source.translations:
            twin = CallTranslation(language=translation.language, mark=translation.mark)
            _write_words(twin, {name: getattr(translation, name) for name in CALL_WORDS})
            copy.translations.append(twin)
        _index(copy)
        audit.record("call.copied", ("idea_call", copy.id), actor=actor, source=source.id)
    return copy


# --- parts ----------------------------------------------------------------------------------


def set_hosts(call_id: int, *, organisation_ids: Sequence[int], actor: User) -> Call:
    """Name the organisations that ask, in order. Only verified ones; a public call keeps one."""
    with transactional():
        call = _editable(call_id, actor)
        wanted = list(dict.fromkeys(organisation_ids))
        known = set(
            db.session.scalars(
                select(Organisation.id).where(
                    Organisation.id.in_(wanted), Organisation.verified_at.is_not(None)
                )
            )
        )
        if set(wanted) - known:
            raise Invalid({"organisation_ids": _l("Choose a verified organisation.")})
        if not wanted and call.state is not CallState.DRAFT:
            raise Invalid({"organisation_ids": _l("A public call keeps at least one host.")})
        present = {host.organisation_id: host for host in call.hosts}
        call.hosts = [present.get(ident) or CallHost(organisation_id=ident) for ident in wanted]
        for position, host in enumerate(call.hosts):
            host.position = position
        _saved(call)
        tell_threads(scalar_ids(select(Idea.thread_id).where(Idea.call_id == call_id)), wanted)
        audit.record("call.hosts_set", ("idea_call", call.id), actor=actor, hosts=wanted)
    return call


def set_categories(call_id: int, *, categories: Sequence[CategoryBrief], actor: User) -> Call:
    """Replace the categories. One that ideas stand in cannot go. Raises Invalid, NotAllowed."""
    with transactional():
        call = _editable(call_id, actor)
        names = [brief.name.strip() for brief in categories]
        if not all(names) or any(len(name) > 80 for name in names):
            raise Invalid({"categories": _l("Each category needs a name of at most 80 letters.")})
        if len({fold(name) for name in names}) != len(names):
            raise Invalid({"categories": _l("Two categories have the same name.")})
        if len(names) > MOST_CATEGORIES:
            raise Invalid({"categories": _l("Thirty categories are enough.")})
        present = {row.id: row for row in call.categories}
        kept = {brief.id for brief in categories if brief.id in present}
        if _used(select(Idea.category_id), Idea.category_id, set(present) - kept):
            raise Invalid(
                {"categories": _l("Ideas stand in a category you removed. Move them first.")}
            )
        # names may change places: free them first, the constraint is checked row by row
        for row in present.values():
            row.name = f"\N{BULLET}{row.id}"
        db.session.flush()
        call.categories = [
            _filled(
                present.get(brief.id or 0) or Category(),
                name=name,
                names=_translated(brief.names),
                position=position,
            )
            for position, (brief, name) in enumerate(zip(categories, names, strict=True))
        ]
        _saved(call)
        audit.record("call.categories_set", ("idea_call", call.id), actor=actor, count=len(names))
    return call


def set_fields(call_id: int, *, fields: Sequence[FieldBrief], actor: User) -> Call:
    """Replace the questions of the form. Answers to a question that goes stay in their ideas."""
    with transactional():
        call = _editable(call_id, actor)
        if len(fields) > MOST_FIELDS:
            raise Invalid({"fields": _l("Twenty questions are enough.")})
        for brief in fields:
            if not brief.label.strip() or len(brief.label) > 200:
                raise Invalid({"fields": _l("Each question needs words, 200 letters at most.")})
            options = [option.strip() for option in brief.options]
            if brief.kind in (FieldKind.SINGLE, FieldKind.MULTIPLE) and (
                len(options) < 2 or not all(options) or len(set(options)) != len(options)
            ):
                raise Invalid({"fields": _l("A choice needs at least two different answers.")})
        present = {row.id: row for row in call.fields}
        call.fields = [
            _filled(
                present.get(brief.id or 0) or CallField(),
                position=position,
                kind=brief.kind,
                label=brief.label.strip(),
                labels=_translated(brief.labels),
                hint=brief.hint.strip()[:300],
                hints=_translated(brief.hints),
                options=[option.strip()[:200] for option in brief.options],
                option_labels=dict(brief.option_labels),
                is_required=brief.is_required,
                is_public=brief.is_public,
            )
            for position, brief in enumerate(fields)
        ]
        _saved(call)
        audit.record("call.fields_set", ("idea_call", call.id), actor=actor, count=len(fields))
    return call


def set_criteria(call_id: int, *, criteria: Sequence[CriterionBrief], actor: User) -> Call:
    """Replace what is scored. A criterion that scores were given by cannot go."""
    with transactional():
        call = _editable(call_id, actor)
        if len(criteria) > MOST_CRITERIA:
            raise Invalid({"criteria": _l("Ten criteria are enough.")})
        for brief in criteria:
            if not brief.name.strip() or len(brief.name) > 80:
                raise Invalid({"criteria": _l("Each criterion needs a name, 80 letters at most.")})
            if not 1 <= brief.weight <= 10:
                raise Invalid({"criteria": _l("Give weights from 1 to 10.")})
        present = {row.id: row for row in call.criteria}
        kept = {brief.id for brief in criteria if brief.id in present}
        if _used(select(IdeaScore.criterion_id), IdeaScore.criterion_id, set(present) - kept):
            raise Invalid({"criteria": _l("Scores were given by a criterion you removed.")})
        call.criteria = [
            _filled(
                present.get(brief.id or 0) or Criterion(),
                position=position,
                name=brief.name.strip(),
                names=_translated(brief.names),
                hint=brief.hint.strip()[:300],
                weight=brief.weight,
                is_reversed=brief.is_reversed,
            )
            for position, brief in enumerate(criteria)
        ]
        _saved(call)
        audit.record("call.criteria_set", ("idea_call", call.id), actor=actor, count=len(criteria))
    return call


def set_cover(call_id: int, *, upload: Any | None, actor: User) -> Call:
    """Show this picture on top; without one the drawing made from the number comes back."""
    with transactional():
        call = _editable(call_id, actor)
        call.cover_id = files.store(upload, purpose="cover", actor=actor).id if upload else None
        db.session.flush()
        audit.record("call.cover_set", ("idea_call", call.id), actor=actor, own=bool(upload))
    return call


# --- from draft to archive ------------------------------------------------------------------


def readiness(call: Call, now: datetime) -> dict[str, Text]:
    """What still keeps a draft from being published, by field; empty when nothing does."""
    missing: dict[str, Text] = {}
    if not call.summary:
        missing["summary"] = _l("Say in one or two sentences what ideas you ask for.")
    if call.opens_at is None:
        missing["opens_at"] = _l("Say when it opens.")
    if call.closes_at is None:
        missing["closes_at"] = _l("Say when it closes.")
    elif call.closes_at <= now:
        missing["closes_at"] = _l("The closing time has passed. Choose a later one.")
    if not call.hosts:
        missing["hosts"] = _l("Add the organisation that asks.")
    return missing


def publish_call(call_id: int, *, actor: User) -> Call:
    """Make a draft public; it opens and closes by itself. Raises Invalid with what is missing."""
    with transactional():
        now = clock.now()
        call = _locked(call_id)
        require(policy.can("publish", actor, call))
        if missing := readiness(call, now):
            raise Invalid(missing)
        call.published_at = call.published_at or now
        _move(call, CallState.PUBLISHED, actor)
    return call


def unpublish_call(call_id: int, *, actor: User) -> Call:
    """Take a call without ideas back to being a draft. Raises Conflict once ideas have come."""
    with transactional():
        call = _locked(call_id)
        require(policy.can("unpublish", actor, call))
        if db.session.scalar(select(func.count()).select_from(Idea).where(Idea.call_id == call_id)):
            raise Conflict(
                _l("People have written ideas for this call, so it stays public."),
                _l("Put it into the archive when it is over."),
            )
        _move(call, CallState.DRAFT, actor)
    return call


def archive_call(call_id: int, *, actor: User) -> Call:
    """Put a call away; it stays readable."""
    with transactional():
        call = _locked(call_id)
        require(policy.can("archive", actor, call))
        _move(call, CallState.ARCHIVED, actor)
    return call


def reopen_call(call_id: int, *, actor: User) -> Call:
    """Take a call out of the archive."""
    with transactional():
        call = _locked(call_id)
        require(policy.can("reopen", actor, call))
        _move(call, CallState.PUBLISHED, actor)
    return call


# --- inside ---------------------------------------------------------------------------------


def slug_of(title: str) -> str:
    """A title as the readable end of an address: plain letters, at most 60 characters."""
    words = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")
    return words if len(words) <= 60 else words[:60].rpartition("-")[0] or words[:60]


def _move(call: Call, state: CallState, actor: User) -> None:
    CALL_TRANSITIONS.check(call.state, state)
    audit.record(
        f"call.{state.value}", ("idea_call", call.id), actor=actor, before=call.state.value
    )
    call.state = state
    call.updated_at = clock.now()


def _locked(call_id: int) -> Call:
    """The call, locked, with everything a write here may touch."""
    lock(Call, call_id)
    call = db.session.scalar(
        select(Call)
        .where(Call.id == call_id)
        .options(
            selectinload(Call.translations),
            selectinload(Call.hosts),
            selectinload(Call.categories),
            selectinload(Call.fields),
            selectinload(Call.criteria),
        )
        .execution_options(populate_existing=True)
    )
    if call is None:
        raise Missing
    return call


def _editable(call_id: int, actor: User) -> Call:
    call = _locked(call_id)
    require(policy.can("edit", actor, call))
    return call


def _saved(call: Call) -> None:
    call.revision += 1
    call.updated_at = clock.now()
    db.session.flush()


def _refuse_stale(call: Call, revision: int, *typed: str | None) -> None:
    if call.revision != revision:
        raise Conflict(
            _l("Somebody saved this call while you were editing."),
            _l("Below is what you typed. Open the present version and bring in your changes."),
            url=url_for("ideas_office.edit_call", call_id=call.id),
            kept="\n\n".join(text for text in typed if text),
        )


def _check(brief: Brief) -> None:
    wrong: dict[str, Text] = {}
    if not brief.title.strip():
        wrong["title"] = _l("Write a title.")
    if brief.language not in locales():
        wrong["language"] = _l("Choose one of the languages of this site.")
    if set(brief.languages) - set(locales()):
        wrong["languages"] = _l("Choose among the languages of this site.")
    if not 1 <= brief.answer_days <= 365:
        wrong["answer_days"] = _l("Promise an answer within 1 to 365 days.")
    if not 0 <= brief.edit_hours <= 24 * 90:
        wrong["edit_hours"] = _l("Give people from 0 to 2160 hours to change their idea.")
    if brief.supports_each is not None and not 1 <= brief.supports_each <= 1000:
        wrong["supports_each"] = _l("Give each person 1 to 1000 supports, or leave it empty.")
    kinds = {kind.value for kind in StakeholderKind}
    for name in ("submit_kinds", "support_kinds"):
        if set(getattr(brief, name)) - kinds:
            wrong[name] = _l("Choose among the stakeholder kinds.")
    if brief.opens_at and brief.closes_at and brief.closes_at <= brief.opens_at:
        wrong["closes_at"] = _l("It must close after it opens.")
    if brief.supports_close_at and brief.opens_at and brief.supports_close_at <= brief.opens_at:
        wrong["supports_close_at"] = _l("Support must end after the call opens.")
    if wrong:
        raise Invalid(wrong)


def _apply(call: Call, brief: Brief) -> None:
    _write_words(call, {name: getattr(brief, name) for name in CALL_WORDS})
    call.slug = slug_of(brief.title)
    for name in _PLAIN:
        value = getattr(brief, name)
        setattr(call, name, list(value) if isinstance(value, tuple) else value)
    _index(call)


def _write_words(row: CallWords, words: dict[str, str]) -> None:
    for name, said in words.items():
        setattr(row, name, said.strip())
        if name == "body":
            row.body_html = richtext.render(said, profile="letter")


def _index(call: Call) -> None:
    rows: list[CallWords] = [call, *call.translations]
    call.search_text = fold("\n".join(f"{row.title} {row.summary or ''}" for row in rows))


def _translated(names: dict[str, str]) -> dict[str, str]:
    return {
        locale: said.strip()[:300]
        for locale, said in names.items()
        if locale in locales() and said.strip()
    }


def _filled(row: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def _twin(model: Any, row: Any) -> Any:
    columns = (c.key for c in model.__table__.columns if c.key not in ("id", "call_id"))
    return model(**{name: getattr(row, name) for name in columns})


def _used(rows: Any, column: Any, gone: set[int]) -> bool:
    return bool(gone) and db.session.scalar(rows.where(column.in_(gone)).limit(1)) is not None
